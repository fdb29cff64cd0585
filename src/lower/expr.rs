//! Expressions: what each form of the tree is worth.
//!
//! Reads scopes, dims and the other parts of lowering. Must not know statements.

use super::gradient::DerivativeForm;
use super::program::Entity;
use super::reductions::Fold;
use super::scope::{LocalRole, Lowerer};
use super::shape_functions::Native;
use super::value::{Array, Callee, Evaluated, Reported, Slot, Sort, Value};
use crate::diag::catalog::{layers as layer_error, names as name_error, shapes as error};
use crate::graph::{Axis, NodeId, Op, Poly};
use crate::prim::Prim;
use crate::span::Span;
use crate::syntax::ast::{Expr, ExprKind, Let, Line, Name, Pattern};
use std::rc::Rc;

/// How deep expressions and calls may be open in each other: what the stack of [`super::lower`]'s thread has room for.
const MAX_DEPTH: usize = 6_000;

impl<'a> Lowerer<'a> {
    /// The worth of an expression.
    pub(super) fn expr(&mut self, e: &'a Expr) -> Evaluated {
        if self.depth >= MAX_DEPTH {
            return self.fail(name_error::too_deep(self.place(e.span)));
        }
        if !self.hoisted.is_empty() {
            let key = (self.frame().id, e as *const Expr);
            if let Some(array) = self.hoisted.get(&key).cloned() {
                return Ok(Value::Array(self.apart(array)));
            }
        }
        self.depth += 1;
        let before = self.enter(e.span);
        let value = self.expr_kind(e);
        self.graph.origin = before;
        self.depth -= 1;
        value
    }

    fn expr_kind(&mut self, e: &'a Expr) -> Evaluated {
        match &e.kind {
            ExprKind::Number { value, is_integer } => self.number(*value, *is_integer),
            ExprKind::Text(_) => self.fail(error::text_is_no_value(self.place(e.span))),
            ExprKind::Bool(b) => {
                let node = self.graph.bool(*b);
                Ok(Value::Array(Array::truth(node, vec![])))
            }
            ExprKind::Name(name) => self.lookup(name, e.span),
            ExprKind::Field(base, field) => self.field(base, field),
            ExprKind::Call { function, arguments } => self.call(function, arguments, e.span),
            ExprKind::Index { base, items, filter } => self.index(e, base, items, filter.as_deref()),
            ExprKind::Transpose(inner) => self.transpose(inner, e.span),
            ExprKind::Negate(inner) => self.negate(inner, e.span),
            ExprKind::Not(inner) => {
                let a = self.condition(inner, "not")?;
                let node = self.graph.not(a.node);
                Ok(Value::Array(Array::truth(node, a.axes)))
            }
            ExprKind::Binary { op, op_span, left, right } => self.binary(*op, *op_span, left, right),
            ExprKind::Compare { first, rest } => self.compare(first, rest),
            ExprKind::If { condition, then, otherwise } => self.if_else(condition, then, otherwise, e.span),
            ExprKind::Comprehension { binders, body } => self.comprehension(binders, body, e.span),
            ExprKind::Array(items) => self.array_literal(items, e.span),
            ExprKind::Tuple(items) => {
                let parts: Vec<Evaluated> = items.iter().map(|e| self.expr(e)).collect();
                Ok(Value::Tuple(Rc::from(parts.into_iter().collect::<Evaluated<Vec<Value>>>()?)))
            }
            ExprKind::Repeat(repeat) => self.repeat(repeat, e.span),
            ExprKind::Block { lines, value } => self.block(lines, value),
            ExprKind::Error => Err(Reported),
        }
    }

    fn number(&mut self, value: f64, is_integer: bool) -> Evaluated {
        let node = self.graph.constant(value);
        let whole = is_integer && value.abs() <= super::dims::LARGEST as f64;
        let number = whole.then(|| Poly::constant(value as i64));
        Ok(Value::Array(Array { node, axes: vec![], kind: Sort::Real, number }))
    }

    /// The worth of a name, with axes apart from the indices bound here.
    pub(super) fn lookup(&mut self, name: &str, span: Span) -> Evaluated {
        match self.lookup_raw(name, span)? {
            Value::Array(array) => Ok(Value::Array(self.apart(array))),
            Value::Tuple(parts) => {
                let apart = |this: &mut Self, v: &Value| match v {
                    Value::Array(array) => Value::Array(this.apart(array.clone())),
                    other => other.clone(),
                };
                let parts: Vec<Value> = parts.iter().map(|v| apart(self, v)).collect();
                Ok(Value::Tuple(Rc::from(parts)))
            }
            other => Ok(other),
        }
    }

    /// The worth of a name as it was defined: its axes may be those of indices bound since.
    pub(super) fn lookup_raw(&mut self, name: &str, span: Span) -> Evaluated {
        if let Some(local) = self.local(name) {
            return local.value.clone();
        }
        if let Some(value) = self.own_member_value(name, span) {
            return value;
        }
        match self.global(name).map(|b| b.entity) {
            Some(Entity::Item(item, part)) => return self.item_value(item, part),
            Some(Entity::Prefix(_)) => {
                return self.fail(name_error::prefix_is_no_value(self.place(span), name));
            }
            None => {}
        }
        let constant = match name {
            "pi" => Some(std::f64::consts::PI),
            "inf" => Some(f64::INFINITY),
            _ => None,
        };
        if let Some(value) = constant {
            return self.number(value, false);
        }
        if name == "training" {
            return Ok(Value::Array(self.training()));
        }
        if let Some(callee) = self.built_in(name) {
            return Ok(Value::Function(callee));
        }
        // An unknown name was reported when definitions were put in order; a dim of a signature that is out of reach
        // was not.
        if self.unknown.contains(&span) {
            return Err(Reported);
        }
        self.fail(name_error::unknown_name(self.place(span), name, None))
    }

    /// The built-in function of a name.
    pub(super) fn built_in(&self, name: &str) -> Option<Callee> {
        if let Some(form) = DerivativeForm::named(name) {
            return Some(Callee::Derivative(form));
        }
        if let Some(native) = Native::named(name) {
            return Some(Callee::Native(native));
        }
        if let Some(item) = self.names.prelude.get(name) {
            return Some(Callee::User(*item));
        }
        if let Some(prim) = Prim::callable(name) {
            return Some(Callee::Prim(prim));
        }
        Fold::named(name).map(Callee::Fold)
    }

    fn field(&mut self, base: &'a Expr, field: &'a Name) -> Evaluated {
        if let ExprKind::Name(name) = &base.kind
            && self.local(name).is_none()
            && self.own_member(name).is_none()
            && let Some(Entity::Prefix(module)) = self.global(name).map(|b| b.entity)
        {
            return match self.names.names[module].get(field.text.as_str()).map(|b| b.entity) {
                Some(Entity::Item(item, part)) => match self.item_value(item, part)? {
                    Value::Array(array) => Ok(Value::Array(self.apart(array))),
                    other => Ok(other),
                },
                // Reported when definitions were put in order.
                _ => Err(Reported),
            };
        }
        match self.expr(base)? {
            Value::Layer(layer) => match self.layer_field(layer, field)? {
                Value::Array(array) => Ok(Value::Array(self.apart(array))),
                other => Ok(other),
            },
            _ => self.fail(name_error::no_field(self.place(field.span), &field.text)),
        }
    }

    /// An expression that must be an array.
    pub(super) fn array(&mut self, e: &'a Expr) -> Evaluated<Array> {
        let value = self.expr(e)?;
        self.expect_array(value, e.span)
    }

    /// The array of a value.
    pub(super) fn expect_array(&mut self, value: Value, span: Span) -> Evaluated<Array> {
        let span = self.place(span);
        match value {
            Value::Array(array) => Ok(array),
            Value::Tuple(_) => self.fail(error::tuple_is_no_number(span)),
            Value::Function(callee) => {
                let name = self.callee_name(callee);
                self.fail(name_error::function_is_no_value(span, &name))
            }
            Value::Axes(_) => self.fail(error::axes_are_no_value(span)),
            Value::Layer(layer) => {
                let name = self.layer_name(layer);
                self.fail(layer_error::layer_is_no_value(span, &name))
            }
        }
    }

    /// An expression that must be an array of numbers.
    pub(super) fn real(&mut self, e: &'a Expr) -> Evaluated<Array> {
        let array = self.array(e)?;
        self.as_number(array, e)
    }

    /// Bound indices and dims become numbers; labels and conditions do not.
    pub(super) fn as_number(&mut self, array: Array, e: &Expr) -> Evaluated<Array> {
        match &array.kind {
            Sort::Real => Ok(array),
            Sort::Index { label: false, .. } => {
                let node = self.graph.real_of_index(array.node);
                Ok(Array { node, axes: array.axes, kind: Sort::Real, number: None })
            }
            Sort::Index { label: true, .. } => {
                let text = self.describe(e);
                self.fail(error::labels_are_no_numbers(self.place(e.span), &text))
            }
            Sort::Bool => {
                let text = self.written(e.span);
                self.fail(error::condition_is_no_number(self.place(e.span), &text))
            }
        }
    }

    /// An expression that must be a condition.
    pub(super) fn condition(&mut self, e: &'a Expr, after: &str) -> Evaluated<Array> {
        let array = self.array(e)?;
        if array.kind != Sort::Bool {
            let text = self.written(e.span);
            return self.fail(error::not_a_condition(self.place(e.span), after, &text));
        }
        Ok(array)
    }

    /// How a message calls an expression: its name, or nothing.
    pub(super) fn describe(&self, e: &Expr) -> String {
        match &e.kind {
            ExprKind::Name(name) if !self.in_std() => name.clone(),
            ExprKind::Index { base, .. } | ExprKind::Transpose(base) => self.describe(base),
            _ => String::new(),
        }
    }

    /// What is written at a place of the user's files; nothing for a place inside `std`.
    pub(super) fn written(&self, span: Span) -> String {
        if self.in_std() { String::new() } else { self.sources.text(span).to_string() }
    }

    /// The place where a name was introduced, for the label of the other culprit.
    pub(super) fn declaration_of(&self, e: &Expr) -> Option<(String, Span)> {
        match &e.kind {
            ExprKind::Name(name) if !self.in_std() => self.visible(name).map(|(span, _)| (name.clone(), span)),
            _ => None,
        }
    }

    fn negate(&mut self, inner: &'a Expr, _span: Span) -> Evaluated {
        let a = self.array(inner)?;
        if let Sort::Index { label, .. } = a.kind {
            let node = self.graph.linear(&[(a.node, Poly::constant(-1))], Poly::default());
            return Ok(Value::Array(Array {
                node,
                axes: a.axes,
                kind: Sort::Index { label, size: None },
                number: None,
            }));
        }
        let a = self.as_number(a, inner)?;
        let number = a.number.as_ref().map(|n| n.scale(-1));
        let node = match &number {
            Some(n) => self.graph.real_of_size(n.clone()),
            None => self.graph.neg(a.node),
        };
        Ok(Value::Array(Array { node, axes: a.axes, kind: Sort::Real, number }))
    }

    fn transpose(&mut self, inner: &'a Expr, span: Span) -> Evaluated {
        let mut a = self.array(inner)?;
        let n = a.axes.len();
        if n < 2 {
            let shape = self.show_shape(&a.axes);
            return self.fail(error::nothing_to_transpose(self.place(span), &shape));
        }
        a.axes.swap(n - 1, n - 2);
        Ok(Value::Array(a))
    }

    fn block(&mut self, lines: &'a [Line], value: &'a Expr) -> Evaluated {
        let mut names: Vec<&'a str> = vec![];
        for line in lines {
            match line {
                Line::Let(l) => self.local_let(l, &mut names),
                Line::Update(update) => {
                    // What is wrong with it was reported; the value does not depend on it.
                    let _ = self.update(update);
                }
            }
        }
        let result = self.expr(value);
        for name in names.into_iter().rev() {
            self.pop_local(name);
        }
        result
    }

    fn local_let(&mut self, l: &'a Let, names: &mut Vec<&'a str>) {
        let before = self.enter(l.span);
        let value = match self.layer_call(&l.value) {
            Some((item, _)) => {
                let name = self.callee_name(Callee::Layer(item));
                self.fail(layer_error::unnamed_layer(self.place(l.value.span), &name))
            }
            None => self.let_value(l),
        };
        self.graph.origin = before;
        match &l.pattern {
            Pattern::Name(name) => {
                self.lint_shadow(name);
                self.push_local(&name.text, value, name.span, LocalRole::Let);
                names.push(&name.text);
            }
            Pattern::Tuple(list) => {
                let parts = value.and_then(|v| self.take_apart(v, list.len(), l));
                for (i, name) in list.iter().enumerate() {
                    self.lint_shadow(name);
                    let part = parts.as_ref().map_err(|r| *r).and_then(|p| p.get(i).cloned().ok_or(Reported));
                    self.push_local(&name.text, part, name.span, LocalRole::Let);
                    names.push(&name.text);
                }
            }
        }
        names.retain(|n| *n != "_");
    }

    fn lint_shadow(&mut self, name: &Name) {
        if self.in_std() || name.text == "_" {
            return;
        }
        if let Some((span, noun)) = self.visible(&name.text) {
            self.report(crate::diag::catalog::lints::shadows(name.span, &name.text, noun, span));
        }
    }

    /// The right side of a `let`, before it is taken apart.
    pub(super) fn let_value(&mut self, l: &'a Let) -> Evaluated {
        if let Some((item, arguments)) = self.layer_call(&l.value) {
            return self.instantiate(item, l, arguments);
        }
        let names = self.defining.len();
        match &l.pattern {
            Pattern::Name(name) => self.defining.push(name.span),
            Pattern::Tuple(list) => self.defining.extend(list.iter().map(|n| n.span)),
        }
        let value = self.defined_value(l);
        self.defining.truncate(names);
        let value = value?;
        match l.pattern {
            // Tuples are only ever taken apart, and functions only passed on.
            Pattern::Name(_) => match value {
                // Another name for an instance.
                Value::Layer(_) => Ok(value),
                value => self.expect_array(value, l.value.span).map(Value::Array),
            },
            Pattern::Tuple(_) => Ok(value),
        }
    }

    fn defined_value(&mut self, l: &'a Let) -> Evaluated {
        let value = match &l.binders {
            Some(binders) => {
                if let Pattern::Name(name) = &l.pattern {
                    self.check_recurrence(name, l)?;
                }
                self.comprehension(binders, &l.value, l.span)?
            }
            None => self.expr(&l.value)?,
        };
        match &l.ty {
            Some(ty) => self.check_type(value, ty, l),
            None => Ok(value),
        }
    }

    /// `let (a, b) = …`: the parts of a tuple, or of a first axis of known size.
    pub(super) fn take_apart(&mut self, value: Value, parts: usize, l: &'a Let) -> Evaluated<Vec<Value>> {
        let span = self.place(l.value.span);
        match value {
            Value::Tuple(values) if values.len() == parts => Ok(values.to_vec()),
            Value::Tuple(values) => self.fail(error::parts_differ(span, values.len(), parts)),
            Value::Array(array) => {
                let Some(first) = array.axes.first().map(|s| s.axis) else {
                    return self.fail(error::no_parts(span));
                };
                let size = self.graph.extents.known(self.graph.extent(first));
                if size != i64::try_from(parts).ok() {
                    let shape = self.show_shape(&array.axes);
                    return self.fail(error::axis_parts_differ(span, &shape, parts));
                }
                let mut values = vec![];
                for i in 0..parts as i64 {
                    let place = self.graph.index_constant(i);
                    let node = self.graph.at(array.node, &[(first, place)].into_iter().collect());
                    let axes = array.axes[1..].to_vec();
                    values.push(Value::Array(Array { node, axes, kind: array.kind.clone(), number: None }));
                }
                Ok(values)
            }
            other => self.expect_array(other, span).map(|_| vec![]),
        }
    }

    /// `[a, b, c]`: equal shapes on a new first axis.
    fn array_literal(&mut self, items: &'a [Expr], span: Span) -> Evaluated {
        const MOST: usize = 4096;
        if items.is_empty() {
            return self.fail(error::empty_array(self.place(span)));
        }
        if items.len() > MOST {
            return self.fail(error::long_array(self.place(span), items.len(), MOST));
        }
        let values: Vec<Evaluated<Array>> = items.iter().map(|e| self.array(e)).collect();
        let values = values.into_iter().collect::<Evaluated<Vec<Array>>>()?;
        let spans: Vec<Span> = items.iter().map(|e| e.span).collect();
        let all_bool = values.iter().all(|v| v.kind == Sort::Bool);
        let all_index = values.iter().all(|v| v.is_index() || v.number.is_some()) && values.iter().any(Array::is_index);
        let mut converted = vec![];
        for (v, e) in values.into_iter().zip(items) {
            converted.push(match (all_bool, all_index) {
                (true, _) => v,
                (_, true) => self.as_position(v, e)?,
                _ => self.as_number(v, e)?,
            });
        }
        self.stack(&converted, &spans, 0, span).map(Value::Array)
    }

    /// Arrays of one shape on a new axis before position `at`.
    pub(super) fn stack(&mut self, values: &[Array], spans: &[Span], at: usize, span: Span) -> Evaluated<Array> {
        let Some(first) = values.first() else { return Err(Reported) };
        let mut axes = first.axes.clone();
        for (i, v) in values.iter().enumerate().skip(1) {
            match self.equal_shapes(&axes, &v.axes) {
                Some(merged) => axes = merged,
                None => {
                    let (a, b) = (self.show_shape(&first.axes), self.show_shape(&v.axes));
                    let (p, q) = (self.place(spans[0]), self.place(spans[i]));
                    return self.fail(error::array_elements_differ(q, &b, p, &a));
                }
            }
        }
        let to: Vec<Axis> = axes.iter().map(|s| s.axis).collect();
        let nodes: Vec<NodeId> = values.iter().map(|v| self.rename(v, &to)).collect();
        let extent = self.graph.extents.intern(Poly::constant(values.len() as i64));
        let axis = self.fresh_axis(extent, &to);
        let kind = first.kind.clone();
        let node = self.piecewise(axis, &nodes, &kind);
        let mut out = axes;
        out.insert(at.min(out.len()), Slot { axis, from: span });
        let sizes: Vec<_> = out.iter().map(|s| s.axis.extent).collect();
        self.check_count(&sizes, span)?;
        let kind = match kind {
            Sort::Index { .. } => Sort::Index { label: values.iter().any(Array::is_label), size: None },
            kind => kind,
        };
        Ok(Array { node, axes: out, kind, number: None })
    }

    /// The term that is `nodes[k]` where `axis` is `k`.
    fn piecewise(&mut self, axis: Axis, nodes: &[NodeId], kind: &Sort) -> NodeId {
        let index = self.graph.axis(axis);
        let mut parts = vec![];
        for (k, node) in nodes.iter().enumerate() {
            let place = self.graph.index_constant(k as i64);
            parts.push((self.graph.index_equal(index, place), *node));
        }
        self.pieces(&parts, kind)
    }

    /// Whether the condition is decided at compile time, and how.
    pub(super) fn decided(&self, condition: NodeId) -> Option<bool> {
        match self.graph.op(condition) {
            Op::Bool(b) => Some(*b),
            _ => None,
        }
    }
}
