//! Written types: what `[N, H]`, `index(C)[N]` and the signatures of `fn`s say, and whether a value is as they say.
//!
//! Reads dims. Must not know where types may stand.

use super::scope::{LocalRole, Lowerer};
use super::value::{Array, Evaluated, Slot, Sort, Value};
use crate::diag::catalog::{names as name_error, nearest, shapes as error};
use crate::graph::{Axis, ExtentId, Poly};
use crate::span::Span;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, Function, Let, Name, ResultType, ShapeItem, TypeExpr};

/// The kinds of the language that this version does not have.
const LATER: &[&str] = &["sparse"];

/// A written kind.
#[derive(Clone, Debug)]
pub(super) enum Declared {
    Real,
    Bool,
    Index(Poly),
}

/// Where a value meets a type, for messages.
struct Meeting<'a> {
    /// The place of the value.
    span: Span,
    /// ``argument `x` of `f` ``, `h`.
    what: String,
    /// The written type.
    ty: &'a TypeExpr,
    /// Names of dims that are not declared are new ones.
    signature: bool,
}

impl<'a> Lowerer<'a> {
    /// The kind and shape of a port.
    pub(super) fn port_type(&mut self, ty: Option<&'a TypeExpr>) -> Evaluated<(Declared, Vec<(ExtentId, Span)>)> {
        let Some(ty) = ty else { return Ok((Declared::Real, vec![])) };
        let kind = self.declared_kind(ty, None, true);
        let mut shape = vec![];
        let mut failed = None;
        for item in ty.shape.iter().flatten() {
            match item {
                ShapeItem::Rest(at) => failed = Some(self.report(error::rest_in_declaration(*at))),
                ShapeItem::Dim(e) => match self.dim(e) {
                    Ok(size) => {
                        let size = self.normal(size);
                        if self.graph.extents.known(&size) == Some(0) {
                            let shown = self.graph.extents.show(&size);
                            failed = Some(self.report(error::negative_size(e.span, &shown)));
                        }
                        self.need_size(size.clone(), e.span, "this size");
                        shape.push((self.graph.extents.intern(size), e.span))
                    }
                    Err(reported) => failed = Some(reported),
                },
            }
        }
        let kind = kind?;
        if let Some(reported) = failed {
            return Err(reported);
        }
        let sizes: Vec<ExtentId> = shape.iter().map(|s| s.0).collect();
        self.check_count(&sizes, ty.span)?;
        Ok((kind, shape))
    }

    /// The written kind. `labels` is given in a signature: the number of labels of the argument, which a name that is
    /// not declared then stands for. `port` in a declaration, where constraints may stand.
    fn declared_kind(&mut self, ty: &'a TypeExpr, labels: Option<&Array>, port: bool) -> Evaluated<Declared> {
        let Some(kind) = &ty.kind else { return Ok(Declared::Real) };
        let span = self.place(kind.name.span);
        match (kind.name.text.as_str(), &kind.argument) {
            ("real", None) => Ok(Declared::Real),
            ("bool", None) => Ok(Declared::Bool),
            ("index", Some(e)) => {
                let own = match labels.map(|a| &a.kind) {
                    Some(Sort::Index { size: Some(own), .. }) => Some(own.clone()),
                    _ => None,
                };
                let Some(own) = own else { return Ok(Declared::Index(self.dim(e)?)) };
                let here = (self.graph.extents.intern(own.clone()), e.span);
                Ok(Declared::Index(self.signature_size(e, Some(here))?.unwrap_or(own)))
            }
            ("index", None) => self.fail(error::index_needs_size(span)),
            // What it says beyond that is the business of the declaration.
            _ if super::constraints::is_constraint(kind) && port => Ok(Declared::Real),
            _ if super::constraints::is_constraint(kind) => Err(self.constraint_out_of_place(kind)),
            (name, _) if LATER.contains(&name) => self.fail(name_error::not_available(span, name)),
            (name, _) => {
                let kinds = ["real", "bool", "index"].into_iter().chain(super::constraints::KINDS.iter().copied());
                self.fail(error::unknown_kind(span, name, nearest(name, kinds)))
            }
        }
    }

    /// `let h: [N, H] = …`
    pub(super) fn check_type(&mut self, value: Value, ty: &'a TypeExpr, l: &'a Let) -> Evaluated {
        let what = match &l.pattern {
            crate::syntax::ast::Pattern::Name(n) => format!("`{}`", crate::diag::catalog::shown(&n.text)),
            crate::syntax::ast::Pattern::Tuple(_) => "this".to_string(),
        };
        let meeting = Meeting { span: self.place(l.value.span), what, ty, signature: false };
        self.meet(value, meeting)
    }

    /// The result of a `fn`.
    pub(super) fn check_result(&mut self, value: Value, result: &'a ResultType, f: &'a Function) -> Evaluated {
        let what = format!("the result of `{}`", crate::diag::catalog::shown(f.title()));
        let span = self.place(f.body.span);
        match (value, result) {
            (value, ResultType::One(ty)) => self.meet(value, Meeting { span, what, ty, signature: true }),
            (Value::Tuple(parts), ResultType::Tuple(types, _)) if parts.len() == types.len() => {
                let mut checked = vec![];
                for ((i, part), ty) in parts.iter().cloned().enumerate().zip(types) {
                    let what = format!("part {} of {what}", i + 1);
                    checked.push(self.meet(part, Meeting { span, what, ty, signature: true }));
                }
                Ok(Value::Tuple(checked.into_iter().collect::<Evaluated<Vec<Value>>>()?.into()))
            }
            (value, ResultType::Tuple(types, at)) => {
                let given = match &value {
                    Value::Tuple(parts) => parts.len(),
                    _ => 1,
                };
                self.fail(error::result_of_another_count(span, &what, given, self.place(*at), types.len()))
            }
        }
    }

    /// An argument of a `fn` or layer; dims of its type that are not declared become known.
    pub(super) fn check_parameter(
        &mut self,
        value: Value,
        ty: &'a TypeExpr,
        title: &str,
        name: &'a Name,
        place: Span,
    ) -> Evaluated {
        let shown = crate::diag::catalog::shown;
        let what = format!("argument `{}` of `{}`", shown(&name.text), shown(title));
        let meeting = Meeting { span: place, what, ty, signature: true };
        self.meet(value, meeting)
    }

    fn meet(&mut self, value: Value, meeting: Meeting<'a>) -> Evaluated {
        let array = self.expect_array(value, meeting.span)?;
        let array = self.meet_kind(array, &meeting)?;
        let Some(shape) = &meeting.ty.shape else {
            // A bare kind is a scalar.
            if array.is_scalar() {
                return Ok(Value::Array(array));
            }
            return self.wrong_shape(&array, &meeting, None);
        };
        let rests = shape.iter().filter(|i| matches!(i, ShapeItem::Rest(_))).count();
        let named = shape.len() - rests;
        if rests > 1 || rests == 0 && array.axes.len() != named || array.axes.len() < named {
            return self.wrong_shape(&array, &meeting, None);
        }
        let covered = array.axes.len() - named;
        let mut axes = array.axes.clone();
        let mut position = 0;
        for item in shape {
            match item {
                ShapeItem::Rest(_) => position += covered,
                ShapeItem::Dim(e) => {
                    let here = axes[position].axis.extent;
                    let size = if meeting.signature {
                        self.signature_size(e, Some((here, axes[position].from)))?
                    } else {
                        Some(self.dim(e)?)
                    };
                    if let Some(size) = size {
                        let size = self.normal(size);
                        let extent = self.graph.extents.intern(size);
                        let Some(same) = self.same_size(extent, here) else {
                            return self.wrong_shape(&array, &meeting, Some((e.span, axes[position].from)));
                        };
                        if same != here {
                            let others: Vec<Axis> = axes.iter().map(|s| s.axis).collect();
                            axes[position].axis = self.fresh_axis(same, &others);
                        }
                    }
                    position += 1;
                }
            }
        }
        let to: Vec<Axis> = axes.iter().map(|s| s.axis).collect();
        let node = self.rename(&array, &to);
        Ok(Value::Array(Array { node, axes, ..array }))
    }

    fn meet_kind(&mut self, array: Array, meeting: &Meeting<'a>) -> Evaluated<Array> {
        let declared = self.declared_kind(meeting.ty, meeting.signature.then_some(&array), false)?;
        match (declared, &array.kind) {
            (Declared::Real, Sort::Real) | (Declared::Bool, Sort::Bool) => Ok(array),
            (Declared::Real, Sort::Index { label: false, .. }) => {
                let node = self.graph.real_of_index(array.node);
                Ok(Array::real(node, array.axes))
            }
            (Declared::Index(size), Sort::Index { label, size: own }) => {
                if let Some(own) = own {
                    let (a, b) = (self.graph.extents.intern(own.clone()), self.graph.extents.intern(size.clone()));
                    if self.same_size(a, b).is_none() {
                        let (own, size) = (self.graph.extents.show(own), self.graph.extents.show(&size));
                        return self.fail(error::labels_differ(
                            meeting.span,
                            &meeting.what,
                            &own,
                            &size,
                            meeting.ty.span,
                        ));
                    }
                }
                let kind = Sort::Index { label: *label, size: Some(size) };
                Ok(Array { kind, ..array })
            }
            (declared, _) => {
                let is = self.show_kind(&array.kind);
                let wanted = match declared {
                    Declared::Real => "numbers".to_string(),
                    Declared::Bool => "conditions".to_string(),
                    Declared::Index(size) => format!("labels of index({})", self.graph.extents.show(&size)),
                };
                let ty = self.place(meeting.ty.span);
                self.fail(error::wrong_kind(meeting.span, &meeting.what, &is, &wanted, ty))
            }
        }
    }

    fn show_kind(&self, kind: &Sort) -> String {
        match kind {
            Sort::Real => "numbers".into(),
            Sort::Bool => "conditions".into(),
            Sort::Index { size: Some(size), .. } => format!("labels of index({})", self.graph.extents.show(size)),
            Sort::Index { .. } => "indices".into(),
        }
    }

    fn wrong_shape<T>(&mut self, array: &Array, meeting: &Meeting<'a>, sizes: Option<(Span, Span)>) -> Evaluated<T> {
        let is = self.show_shape(&array.axes);
        let wanted = self.show_written(meeting.ty);
        let ty = self.place(meeting.ty.span);
        let from = sizes.map(|(_, from)| self.place(from));
        let problem = error::wrong_shape(meeting.span, &meeting.what, &is, &wanted, ty, from);
        self.fail(problem)
    }

    /// A written shape in the words of the file.
    fn show_written(&self, ty: &TypeExpr) -> String {
        let item = |i: &ShapeItem| match i {
            ShapeItem::Rest(_) => "..".to_string(),
            ShapeItem::Dim(e) => show_dim(e),
        };
        let items: Vec<String> = ty.shape.iter().flatten().map(item).collect();
        format!("[{}]", items.join(", "))
    }

    /// A size in a signature. A name that is not declared becomes a dim of this call, equal to what stands there;
    /// `None` if that is what happened.
    fn signature_size(&mut self, e: &'a Expr, here: Option<(ExtentId, Span)>) -> Evaluated<Option<Poly>> {
        let known = |this: &Self, name: &str| this.declared_dim(name).is_some() || this.local(name).is_some();
        match (&e.kind, here) {
            (ExprKind::Name(name), Some((extent, from))) if !known(self, name) => {
                let poly = self.graph.extents.poly(extent).clone();
                let value = self.size_value(poly);
                self.push_local(name, value, from, LocalRole::Dim);
                Ok(None)
            }
            (ExprKind::Binary { op: BinaryOp::Multiply, left, right, .. }, Some((extent, from))) => {
                // `4 * G` with a new G.
                for (new, factor) in [(left, right), (right, left)] {
                    if let ExprKind::Name(name) = &new.kind
                        && !known(self, name)
                    {
                        let factor = self.dim(factor)?;
                        let poly = self.graph.extents.poly(extent).clone();
                        let whole = self.graph.extents.known(&poly).zip(self.graph.extents.known(&factor));
                        let quotient = poly.divide_exactly(&factor).or_else(|| {
                            whole.filter(|(p, f)| *f != 0 && p % f == 0).map(|(p, f)| Poly::constant(p / f))
                        });
                        let Some(size) = quotient else {
                            let (size, factor) = (self.graph.extents.show(&poly), self.graph.extents.show(&factor));
                            return self.fail(error::no_multiple(self.place(from), &size, &factor, self.place(e.span)));
                        };
                        let value = self.size_value(size);
                        self.push_local(name, value, from, LocalRole::Dim);
                        return Ok(None);
                    }
                }
                self.dim(e).map(Some)
            }
            _ => self.dim(e).map(Some),
        }
    }

    /// A shape written as an argument: `zeros([N, 4 * H])`.
    pub(super) fn shape_argument(&mut self, e: &'a Expr) -> Evaluated<Vec<Slot>> {
        let items = match &e.kind {
            ExprKind::Array(items) => items.as_slice(),
            _ => std::slice::from_ref(e),
        };
        let sizes: Vec<Evaluated<Poly>> = items.iter().map(|e| self.dim(e)).collect();
        let mut axes: Vec<Slot> = vec![];
        for (size, item) in sizes.into_iter().zip(items) {
            let size = self.normal(size?);
            self.need_size(size.clone(), item.span, "this size");
            let extent = self.graph.extents.intern(size);
            let others: Vec<Axis> = axes.iter().map(|s| s.axis).collect();
            axes.push(Slot { axis: self.fresh_axis(extent, &others), from: item.span });
        }
        let sizes: Vec<ExtentId> = axes.iter().map(|s| s.axis.extent).collect();
        self.check_count(&sizes, e.span)?;
        Ok(axes)
    }
}

/// A dim expression as it is written.
fn show_dim(e: &Expr) -> String {
    match &e.kind {
        ExprKind::Name(name) => crate::diag::catalog::shown(name),
        ExprKind::Number { value, .. } => value.to_string(),
        ExprKind::Binary { op, left, right, .. } => format!("{} {} {}", show_dim(left), op.symbol(), show_dim(right)),
        _ => "…".into(),
    }
}
