//! Statements of a file: ports with their initial values, `let`, `output`, `loss`, `metric`.
//!
//! Reads items in an order in which everything they need is worked out.

use super::constant;
use super::program::{ItemId, ItemKind};
use super::scope::Lowerer;
use super::types::Declared;
use super::value::{Array, Evaluated, Reported, Slot, Sort, Value};
use crate::diag::catalog::{names as error, shapes, states};
use crate::graph::{Axis, Initializer, Op, PortId, PortKind, ProgramPort, Role, Value as Named, ValueRole};
use crate::span::Span;
use crate::syntax::ast::{ArgumentValue, CallArgument, Declaration, Expr, ExprKind, Name, Pattern};
use std::rc::Rc;

/// What can stand as the start of a param: name, and its arguments with their defaults.
const STARTS: &[(&str, &[(&str, f64)])] = &[
    ("zeros", &[]),
    ("ones", &[]),
    ("normal", &[("std", 1.0)]),
    ("uniform", &[("low", 0.0), ("high", 1.0)]),
    ("glorot_uniform", &[]),
    ("glorot_normal", &[]),
    ("he_uniform", &[]),
    ("he_normal", &[]),
    ("orthogonal", &[]),
];

/// Names of starts, for suggestions.
pub(super) fn start_names() -> impl Iterator<Item = &'static str> {
    STARTS.iter().map(|s| s.0).chain(["load"])
}

impl<'a> Lowerer<'a> {
    /// Works an item out.
    pub(super) fn item(&mut self, id: ItemId) {
        let item = &self.names.items[id.0];
        self.push_frame(item.module, None);
        self.frame().variables = self.variables_of_item(id);
        let before = self.enter(item.span);
        let value = match item.kind {
            ItemKind::Dim(d) => self.declare_dim(d),
            ItemKind::Const(c) => {
                let value = match &c.binders {
                    Some(binders) => self.comprehension(binders, &c.value, c.name.span),
                    None => self.array(&c.value).map(Value::Array),
                };
                value.and_then(|value| self.check_constant(&c.name.text, &c.value, value))
            }
            ItemKind::Input(d) => self.port(d, Role::Input),
            ItemKind::Target(d) => self.port(d, Role::Target),
            ItemKind::Param(d) => self.port(d, Role::Param),
            ItemKind::State(d) => self.port(d, Role::State),
            ItemKind::Update(u) => self.update(u).map(|()| super::updates::nothing()),
            ItemKind::Let(l) => self.let_value(l).and_then(|value| match &l.pattern {
                Pattern::Name(_) => Ok(value),
                Pattern::Tuple(names) => {
                    let parts = self.take_apart(value, names.len(), l)?;
                    let arrays: Vec<Evaluated> =
                        parts.into_iter().map(|p| self.expect_array(p, l.span).map(Value::Array)).collect();
                    Ok(Value::Tuple(Rc::from(arrays.into_iter().collect::<Evaluated<Vec<Value>>>()?)))
                }
            }),
            ItemKind::Fn(_) | ItemKind::Layer(_) => Err(Reported),
            ItemKind::Output { name, binders, value } => match (binders, value) {
                (Some(binders), Some(value)) => self.comprehension(binders, value, name.span),
                (None, Some(value)) => {
                    self.defining.push(name.span);
                    let value = self.array(value).map(Value::Array);
                    self.defining.pop();
                    value
                }
                (_, None) => {
                    let value = self.lookup(&name.text, name.span);
                    value.and_then(|v| self.expect_array(v, name.span)).map(Value::Array)
                }
            },
            ItemKind::Loss { value, .. } => self.one_number(value, "loss").map(Value::Array),
            ItemKind::Metric { value, .. } => self.one_number(value, "metric").map(Value::Array),
        };
        self.graph.origin = before;
        self.frames.pop();
        self.values[id.0] = Some(value.map(|v| self.mark_item(id, v)));
    }

    /// Refuses a const that is not the same in every call.
    fn check_constant(&mut self, name: &str, e: &'a Expr, value: Value) -> Evaluated {
        let array = self.expect_array(value, e.span)?;
        let read = self.graph.reachable(&[array.node]).into_iter().find_map(|n| match self.graph.op(n) {
            Op::Port(id) => Some(*id),
            _ => None,
        });
        let Some(port) = read else { return Ok(Value::Array(array)) };
        let declared = self.ports.iter().find(|p| p.id == port);
        let source = match declared.map(|p| p.role) {
            None => states::Source::Training,
            Some(Role::Random) => states::Source::Draw,
            Some(_) => states::Source::Port(&self.graph.port_info(port).name),
        };
        let problem = states::not_constant(self.place(e.span), name, source, declared.map(|p| p.span));
        self.fail(problem)
    }

    fn one_number(&mut self, e: &'a Expr, what: &str) -> Evaluated<Array> {
        let value = self.real(e)?;
        if value.is_scalar() {
            return Ok(value);
        }
        let shape = self.show_shape(&value.axes);
        self.fail(shapes::not_one_number(e.span, what, &shape))
    }

    fn port(&mut self, d: &'a Declaration, role: Role) -> Evaluated {
        self.declare(d, role, d.name.text.clone(), &[]).map(|(_, array)| Value::Array(array))
    }

    /// Makes a port of a declaration, with the axes of a family of layers before its own.
    pub(super) fn declare(
        &mut self,
        d: &'a Declaration,
        role: Role,
        name: String,
        family: &[Slot],
    ) -> Evaluated<(PortId, Array)> {
        let (declared, shape) = self.port_type(d.ty.as_ref())?;
        let kind = match &declared {
            Declared::Real => PortKind::Real,
            Declared::Bool => PortKind::Bool,
            Declared::Index(size) => PortKind::Index(self.graph.extents.intern(size.clone())),
        };
        let span = d.name.span;
        if matches!(role, Role::Param | Role::State) && kind != PortKind::Real {
            return self.fail(shapes::param_is_real(d.ty.as_ref().map_or(span, |t| t.span), &d.name.text));
        }
        let shape: Vec<_> = family.iter().map(|s| (s.axis.extent, s.from)).chain(shape).collect();
        let sizes: Vec<_> = shape.iter().map(|s| s.0).collect();
        self.check_count(&sizes, span)?;
        let id = self.graph.declare_port(name, kind, &sizes);
        let all: Vec<Slot> = (self.graph.port_info(id).axes.iter().zip(&shape))
            .map(|(axis, (_, from))| Slot { axis: *axis, from: *from })
            .collect();
        let axes = all[family.len()..].to_vec();
        let constraint = self.constraint(d, role, &axes)?;
        let initial = match (&d.value, role) {
            (Some(value), _) => self.initial(value, &axes, d).map(Some),
            (None, Role::Param) if constraint.is_some() => Ok(Some(Initializer::Natural)),
            (None, Role::Param) if axes.len() >= 2 => {
                let name = &d.name.text;
                Err(self.report(shapes::needs_start(span, name)))
            }
            (None, Role::Param | Role::State) => Ok(Some(Initializer::Constant(0.0))),
            (None, _) => Ok(None),
        };
        // A wrong start does not make the port unknown.
        if let Ok(initial) = initial {
            if let (Some(constraint), Some(start), Some(value)) = (constraint, &initial, &d.value) {
                self.check_start(&d.name.text, constraint, start, &axes, value.span)?;
            }
            self.ports.push(ProgramPort { id, role, initial, constraint, family: family.len(), span });
        }
        let node = self.graph.port(id);
        let sort = match declared {
            Declared::Real => Sort::Real,
            Declared::Bool => Sort::Bool,
            Declared::Index(size) => Sort::Index { label: true, size: Some(size) },
        };
        Ok((id, Array { node, axes: all, kind: sort, number: None }))
    }

    /// `= he_normal()`, `= 0.1`, `= [1, 2]`
    fn initial(&mut self, value: &'a Expr, axes: &[Slot], d: &'a Declaration) -> Evaluated<Initializer> {
        if let ExprKind::Call { function, arguments } = &value.kind
            && let ExprKind::Name(name) = &function.kind
            && self.visible(name).is_none()
            && let Some((name, parameters)) = STARTS.iter().find(|s| s.0 == name)
            && (arguments.is_empty() || !parameters.is_empty())
        {
            return self.start(name, parameters, arguments, value.span);
        }
        if let ExprKind::Call { function, arguments } = &value.kind
            && matches!(&function.kind, ExprKind::Name(name) if name == "load" && self.visible(name).is_none())
        {
            return self.file(arguments, value.span);
        }
        let array = self.array(value)?;
        let array = match array.kind {
            Sort::Real => array,
            // The default of a label or condition.
            _ => self.as_start(array, value)?,
        };
        let array = Array { node: self.unmarked(&[array.node])[0], ..array };
        let whole: Vec<Axis> = array.axes.iter().map(|s| s.axis).collect();
        let shapes_fit = array.is_scalar()
            || array.axes.len() == axes.len()
                && array.axes.iter().zip(axes).all(|(a, b)| self.same_size(a.axis.extent, b.axis.extent).is_some());
        if !shapes_fit {
            let (given, declared) = (self.show_shape(&array.axes), self.show_shape(axes));
            return self.fail(shapes::start_shape(value.span, &d.name.text, &given, &declared, d.name.span));
        }
        if let Some(c) = self.graph.as_constant(array.node) {
            return Ok(Initializer::Constant(c));
        }
        match constant::values(&self.graph, array.node, &whole) {
            Some(list) => match list.as_slice() {
                [one] if array.is_scalar() => Ok(Initializer::Constant(*one)),
                _ => Ok(Initializer::Values(list)),
            },
            None => self.fail(shapes::start_not_constant(value.span, &d.name.text)),
        }
    }

    fn as_start(&mut self, array: Array, e: &'a Expr) -> Evaluated<Array> {
        match array.kind {
            Sort::Bool => {
                let (one, zero) = (self.graph.constant(1.0), self.graph.constant(0.0));
                let node = self.graph.select(array.node, one, zero);
                Ok(Array::real(node, array.axes))
            }
            _ => self.as_number(array, e),
        }
    }

    /// `load("start.npz", "W")`, `load("W.npy")`
    fn file(&mut self, arguments: &[CallArgument], span: Span) -> Evaluated<Initializer> {
        let text = |argument: &CallArgument| match (&argument.name, &argument.value) {
            (None, ArgumentValue::Expr(Expr { kind: ExprKind::Text(text), .. })) => Some(text.clone()),
            _ => None,
        };
        let is_wrong = |a: &CallArgument| matches!(&a.value, ArgumentValue::Expr(Expr { kind: ExprKind::Error, .. }));
        if arguments.iter().any(is_wrong) {
            return Err(Reported);
        }
        let texts: Option<Vec<String>> = arguments.iter().map(text).collect();
        match texts.as_deref() {
            Some([path]) => Ok(Initializer::File { path: path.clone(), name: None }),
            Some([path, name]) => Ok(Initializer::File { path: path.clone(), name: Some(name.clone()) }),
            _ => self.fail(shapes::load_arguments(span)),
        }
    }

    fn start(
        &mut self,
        name: &str,
        parameters: &[(&str, f64)],
        arguments: &'a [CallArgument],
        span: Span,
    ) -> Evaluated<Initializer> {
        let signature: Vec<(&str, bool)> = parameters.iter().map(|p| (p.0, true)).collect();
        let matched = self.match_arguments(name, &signature, arguments, span)?;
        let mut numbers = vec![];
        for (argument, (_, default)) in matched.into_iter().zip(parameters) {
            numbers.push(match argument {
                None => *default,
                Some(e) => {
                    let array = self.real(e)?;
                    let value = constant::values(&self.graph, array.node, &[]).and_then(|v| v.first().copied());
                    match value {
                        Some(v) if array.is_scalar() && v.is_finite() => v,
                        _ => return self.fail(shapes::start_not_constant(e.span, name)),
                    }
                }
            });
        }
        let number = |i: usize| numbers.get(i).copied().unwrap_or(0.0);
        if name == "normal" && number(0) < 0.0 || name == "uniform" && number(0) > number(1) {
            return self.fail(shapes::start_out_of_range(span, name));
        }
        Ok(match name {
            "ones" => Initializer::Constant(1.0),
            "normal" => Initializer::Normal { std: number(0) },
            "uniform" => Initializer::Uniform { low: number(0), high: number(1) },
            "glorot_uniform" => Initializer::GlorotUniform,
            "glorot_normal" => Initializer::GlorotNormal,
            "he_uniform" => Initializer::HeUniform,
            "he_normal" => Initializer::HeNormal,
            "orthogonal" => Initializer::Orthogonal,
            _ => Initializer::Constant(0.0),
        })
    }

    /// The named values of the main file, in the order of the source.
    pub(super) fn named_values(&mut self) -> Vec<Named> {
        let mut out = vec![];
        let mut unnamed: Option<Span> = None;
        for id in 0..self.names.items.len() {
            let item = &self.names.items[id];
            if !self.modules[item.module].path.is_empty() {
                continue;
            }
            let parts: Vec<(&str, ValueRole, Span)> = match &item.kind {
                ItemKind::Let(l) => {
                    let names: Vec<&Name> = match &l.pattern {
                        Pattern::Name(n) => vec![n],
                        Pattern::Tuple(names) => names.iter().collect(),
                    };
                    names.into_iter().map(|n| (n.text.as_str(), ValueRole::Let, n.span)).collect()
                }
                ItemKind::Output { name, .. } => vec![(&name.text, ValueRole::Output, name.span)],
                ItemKind::Loss { name, .. } => {
                    if name.is_none()
                        && let Some(first) = unnamed.replace(item.span)
                    {
                        self.report(error::second_loss(item.span, first));
                    }
                    vec![(name.map_or("loss", |n| &n.text), ValueRole::Loss, item.span)]
                }
                ItemKind::Metric { name, .. } => vec![(&name.text, ValueRole::Metric, name.span)],
                _ => continue,
            };
            let values: Vec<Value> = match self.values[id].clone() {
                Some(Ok(Value::Tuple(values))) => values.to_vec(),
                Some(Ok(value)) => vec![value],
                _ => continue,
            };
            for ((name, role, span), value) in parts.into_iter().zip(values) {
                if let (Value::Array(array), true) = (value, name != "_") {
                    let axes = array.axis_list();
                    out.push(Named { name: name.to_string(), role, node: array.node, axes, span });
                }
            }
        }
        out
    }
}
