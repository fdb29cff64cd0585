//! Derivatives as terms of the language: `grad`, `jacobian`, `hessian`, `jvp`, `vjp`, and rules that the user gives.
//!
//! Reads markers and the derivative passes. What a derivative is taken by is a port, of the program or of a marker. Indices
//! bound around the derivative and axes of what is differentiated are kept: they get names that nothing below has, so that
//! the pass neither sums over them nor meets them.

use super::call::Matched;
use super::scope::{LocalRole, Lowerer};
use super::value::{Array, Callee, Evaluated, Reported, Slot, Sort, Value};
use crate::diag::catalog::derivatives as error;
use crate::graph::{Axis, AxisMap, AxisSet, NodeId, Op, PortId};
use crate::pass;
use crate::span::Span;
use crate::syntax::ast::{CallArgument, Derivative, Expr, ExprKind, Function, IndexItem};
use std::rc::Rc;

/// The forms of derivatives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum DerivativeForm {
    Grad,
    Jacobian,
    Hessian,
    Jvp,
    Vjp,
}

impl DerivativeForm {
    pub(super) const ALL: &'static [DerivativeForm] = &[
        DerivativeForm::Grad,
        DerivativeForm::Jacobian,
        DerivativeForm::Hessian,
        DerivativeForm::Jvp,
        DerivativeForm::Vjp,
    ];

    pub(super) fn named(name: &str) -> Option<DerivativeForm> {
        DerivativeForm::ALL.iter().copied().find(|f| f.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            DerivativeForm::Grad => "grad",
            DerivativeForm::Jacobian => "jacobian",
            DerivativeForm::Hessian => "hessian",
            DerivativeForm::Jvp => "jvp",
            DerivativeForm::Vjp => "vjp",
        }
    }

    fn parameters(self) -> &'static [(&'static str, bool)] {
        match self {
            DerivativeForm::Jvp => &[("e", false), ("v", false), ("dv", false)],
            DerivativeForm::Vjp => &[("e", false), ("v", false), ("ct", false)],
            _ => &[("e", false), ("v", false)],
        }
    }
}

/// What a derivative is taken by: a name, perhaps with an index behind it.
struct Variable<'a> {
    port: PortId,
    /// How the value of the name reads the port.
    map: AxisMap,
    /// The value of the name.
    array: Array,
    /// The index behind it.
    element: Option<(&'a Expr, &'a [IndexItem], Span)>,
}

impl<'a> Lowerer<'a> {
    /// `grad(e, v)` and its kind.
    pub(super) fn derivative(&mut self, form: DerivativeForm, arguments: &'a [CallArgument], span: Span) -> Evaluated {
        let matched = self.match_arguments(form.name(), form.parameters(), arguments, span)?;
        let exprs: Vec<&'a Expr> = matched.into_iter().flatten().collect();
        let [of, by, rest @ ..] = exprs.as_slice() else { return Err(Reported) };
        let array = self.real(of)?;
        let variables = self.variables(form, by)?;
        if matches!(form, DerivativeForm::Grad | DerivativeForm::Hessian) && !array.is_scalar() {
            let shape = self.show_shape(&array.axes);
            return self.fail(error::not_a_number(self.place(of.span), form.name(), &shape));
        }
        let is_tuple = matches!(by.kind, ExprKind::Tuple(_));
        match (form, rest) {
            (DerivativeForm::Grad, _) => {
                let one = self.graph.constant(1.0);
                let parts = self.pulled_back(&array, one, true, &variables)?;
                Ok(tuple(parts, is_tuple))
            }
            (DerivativeForm::Jacobian, _) => {
                let one = self.graph.constant(1.0);
                let parts = self.pulled_back(&array, one, true, &variables)?;
                Ok(tuple(parts, is_tuple))
            }
            (DerivativeForm::Hessian, _) => {
                let one = self.graph.constant(1.0);
                let [variable] = variables.as_slice() else {
                    return self.fail(error::one_name(self.place(by.span), form.name()));
                };
                let first = self.pulled_back(&array, one, true, std::slice::from_ref(variable))?.remove(0);
                let first = self.expect_array(first, span)?;
                let second = self.pulled_back(&first, one, true, std::slice::from_ref(variable))?;
                Ok(tuple(second, false))
            }
            (DerivativeForm::Vjp, [ct]) => {
                let seed = self.real(ct)?;
                let node = self.shaped(&seed, &array, ct.span, "the cotangent", "what is differentiated")?;
                let parts = self.pulled_back(&array, node, false, &variables)?;
                Ok(tuple(parts, is_tuple))
            }
            (DerivativeForm::Jvp, [dv]) => self.pushed_forward(&array, &variables, dv, is_tuple),
            _ => Err(Reported),
        }
    }

    /// The names that a derivative is taken by.
    fn variables(&mut self, form: DerivativeForm, by: &'a Expr) -> Evaluated<Vec<Variable<'a>>> {
        match &by.kind {
            ExprKind::Tuple(items) => {
                let list: Vec<Evaluated<Variable>> = items.iter().map(|e| self.variable(form, e)).collect();
                list.into_iter().collect()
            }
            _ => Ok(vec![self.variable(form, by)?]),
        }
    }

    fn variable(&mut self, form: DerivativeForm, e: &'a Expr) -> Evaluated<Variable<'a>> {
        match &e.kind {
            ExprKind::Name(_) | ExprKind::Field(..) => {}
            ExprKind::Index { base, items, filter: None }
                if matches!(base.kind, ExprKind::Name(_) | ExprKind::Field(..)) && form != DerivativeForm::Jvp =>
            {
                let variable = self.variable(form, base)?;
                return Ok(Variable { element: Some((base, items, e.span)), ..variable });
            }
            _ => return self.fail(error::not_a_name(self.place(e.span), form.name())),
        }
        let array = self.array(e)?;
        if array.kind != Sort::Real {
            let text = self.describe(e);
            return self.fail(error::no_derivative_by(self.place(e.span), &text));
        }
        let (base, map): (NodeId, AxisMap) = match self.graph.op(array.node) {
            Op::At(vars) => {
                let args = self.graph.args(array.node);
                (args[0], vars.iter().zip(args[1..].iter().copied()).collect())
            }
            _ => (array.node, AxisMap::new()),
        };
        let Op::Port(port) = self.graph.op(base) else {
            return self.fail(error::not_a_name(self.place(e.span), form.name()));
        };
        Ok(Variable { port: *port, map, array, element: None })
    }

    /// An array with the shape of another, as a term over the axes of that one.
    fn shaped(&mut self, given: &Array, like: &Array, at: Span, what: &str, of: &str) -> Evaluated<NodeId> {
        let fits = given.axes.len() == like.axes.len()
            && given.axes.iter().zip(&like.axes).all(|(a, b)| self.same_size(a.axis.extent, b.axis.extent).is_some());
        if !fits {
            let (shape, expected) = (self.show_shape(&given.axes), self.show_shape(&like.axes));
            return self.fail(error::other_shape(self.place(at), what, &shape, of, &expected));
        }
        Ok(self.rename(given, &like.axis_list()))
    }

    /// The derivative by each variable. With `keep` the seed is 1 and the axes of what is differentiated come before those
    /// of the variables, in the cheaper mode; otherwise they are summed over, in reverse mode.
    fn pulled_back(
        &mut self,
        of: &Array,
        seed: NodeId,
        keep: bool,
        variables: &[Variable<'a>],
    ) -> Evaluated<Vec<Value>> {
        let ports: Vec<PortId> = variables.iter().map(|v| v.port).collect();
        let leaves: Vec<NodeId> = ports.iter().map(|p| self.graph.port(*p)).collect();
        let seen = self.seen_through(&[of.node, seed], &ports);
        let (node, seed) = (pass::normalize(&mut self.graph, &seen[..1])[0], seen[1]);
        let own: AxisSet = of.axis_list().into_iter().collect();
        let free = self.graph.axes(node).union(self.graph.axes(seed)).union(&own);
        let names: Vec<Axis> = free.iter().collect();
        let roots: Vec<NodeId> = [node, seed].into_iter().chain(leaves.iter().copied()).collect();
        let unused = self.graph.unused_axes(&roots, &free, &names);
        let apart = self.graph.renaming(names.iter().copied().zip(unused.iter().copied()));
        let (node, seed) = (self.graph.at(node, &apart), self.graph.at(seed, &apart));
        let kept: AxisSet =
            names.iter().zip(&unused).filter(|(n, _)| keep || !own.contains(**n)).map(|(_, u)| *u).collect();
        let found: Vec<NodeId> = match keep {
            true => {
                let found = pass::jacobian(&mut self.graph, node, &kept, &leaves, None);
                found.into_iter().map(|(node, _)| node).collect()
            }
            false => pass::cotangents(&mut self.graph, node, seed, &kept, &leaves),
        };
        let mut parts = vec![];
        for (variable, cotangent) in variables.iter().zip(found) {
            let first: &[Slot] = if keep { &of.axes } else { &[] };
            let taken: Vec<Axis> = first.iter().map(|s| s.axis).collect();
            // The axes of the variable make way for those of what is differentiated.
            let mut axes: Vec<Slot> = vec![];
            let mut renamed = vec![];
            for slot in &variable.array.axes {
                let avoid: Vec<Axis> = taken.iter().copied().chain(axes.iter().map(|s| s.axis)).collect();
                let axis = match avoid.contains(&slot.axis) {
                    true => self.fresh_axis(slot.axis.extent, &avoid),
                    false => slot.axis,
                };
                renamed.push((slot.axis, axis));
                axes.push(Slot { axis, from: slot.from });
            }
            let to_fresh = self.graph.renaming(renamed.iter().copied());
            let mut map = AxisMap::new();
            for axis in self.graph.port_info(variable.port).axes.clone() {
                let here = match variable.map.get(axis) {
                    Some(index) => index,
                    None => self.graph.axis(axis),
                };
                let here = self.graph.at(here, &to_fresh);
                map.insert(axis, here);
            }
            for (name, unused) in names.iter().zip(&unused) {
                let back = self.graph.axis(*name);
                map.insert(*unused, back);
            }
            let node = self.graph.at(cotangent, &map);
            let node = pass::normalize(&mut self.graph, &[node])[0];
            parts.push(self.part(node, first, axes, variable)?);
        }
        Ok(parts)
    }

    /// A derivative as a value, read at the index behind the variable.
    fn part(&mut self, node: NodeId, first: &[Slot], axes: Vec<Slot>, variable: &Variable<'a>) -> Evaluated {
        let Some((base, items, span)) = variable.element else {
            let axes = first.iter().copied().chain(axes).collect();
            return Ok(Value::Array(Array::real(node, axes)));
        };
        // Read as if the axes of what is differentiated were bound around.
        let depth = self.indices.len();
        self.indices.extend(first.iter().map(|s| s.axis));
        let array = Array::real(node, axes);
        let read = self.entries(&array, base, items, span).and_then(|entries| self.read(&array, entries, span));
        self.indices.truncate(depth);
        let read = read?;
        let axes = first.iter().copied().chain(read.axes).collect();
        Ok(Value::Array(Array::real(read.node, axes)))
    }

    /// Forward mode.
    fn pushed_forward(&mut self, of: &Array, variables: &[Variable<'a>], dv: &'a Expr, is_tuple: bool) -> Evaluated {
        let given = match (self.expr(dv)?, is_tuple) {
            (Value::Tuple(parts), true) if parts.len() == variables.len() => parts.to_vec(),
            (value @ Value::Array(_), false) => vec![value],
            _ => return self.fail(error::directions_differ(self.place(dv.span), variables.len())),
        };
        let ports: Vec<PortId> = variables.iter().map(|v| v.port).collect();
        let mut moves = vec![];
        for (variable, value) in variables.iter().zip(given) {
            let array = self.expect_array(value, dv.span)?;
            let array = self.as_number(array, dv)?;
            let node = self.shaped(&array, &variable.array, dv.span, "the direction", "the variable")?;
            // Onto the axes of the port, wherever the name reads it under other names.
            let mut inward = AxisMap::new();
            for axis in self.graph.port_info(variable.port).axes.clone() {
                let Some(index) = variable.map.get(axis) else { continue };
                let Op::Axis(name) = *self.graph.op(index) else {
                    return self.fail(error::not_a_name(self.place(dv.span), "jvp"));
                };
                let axis = self.graph.axis(axis);
                inward.insert(name, axis);
            }
            moves.push((self.graph.port(variable.port), node, inward));
        }
        let mut all: Vec<NodeId> = vec![of.node];
        all.extend(moves.iter().map(|m| m.1));
        let seen = self.seen_through(&all, &ports);
        let node = pass::normalize(&mut self.graph, &seen[..1])[0];
        let free = seen.iter().fold(self.graph.axes(node).clone(), |set, n| set.union(self.graph.axes(*n)));
        let names: Vec<Axis> = free.iter().collect();
        let leaves: Vec<NodeId> = moves.iter().map(|m| m.0).chain(seen.iter().copied()).chain([node]).collect();
        let unused = self.graph.unused_axes(&leaves, &free, &names);
        let mut tangents = vec![];
        for ((leaf, _, inward), direction) in moves.iter().zip(&seen[1..]) {
            let mut map = self.graph.renaming(names.iter().copied().zip(unused.iter().copied()));
            inward.iter().for_each(|(axis, index)| map.insert(axis, index));
            let own = self.graph.axes(*leaf).clone();
            for axis in own.iter().filter(|a| inward.get(*a).is_none() && free.contains(*a)) {
                // Read by the name as it is.
                if !inward.iter().any(|(_, index)| *self.graph.op(index) == Op::Axis(axis)) {
                    let here = self.graph.axis(axis);
                    map.insert(axis, here);
                }
            }
            tangents.push((*leaf, self.graph.at(*direction, &map)));
        }
        let apart = self.graph.renaming(names.iter().copied().zip(unused.iter().copied()));
        let node = self.graph.at(node, &apart);
        let tangent = pass::tangent(&mut self.graph, node, &tangents);
        let back = self.graph.renaming(unused.into_iter().zip(names));
        let node = self.graph.at(tangent, &back);
        let node = pass::normalize(&mut self.graph, &[node])[0];
        Ok(Value::Array(Array::real(node, of.axes.clone())))
    }

    /// The result of a `fn` with the derivative that the user gives for it.
    pub(super) fn with_rule(
        &mut self,
        (f, callee): (&'a Function, Callee),
        rule: &'a Derivative,
        arguments: &[Value],
        result: Value,
        matched: &[Matched<'a>],
    ) -> Evaluated {
        let place = |i: usize| matched.get(i).copied().flatten().map_or(rule.function.span, |e| e.span);
        let mut given: Vec<Array> = vec![];
        for (i, value) in arguments.iter().enumerate() {
            match value {
                Value::Array(array) if array.kind == Sort::Real => given.push(array.clone()),
                _ => {
                    let at = self.place(place(i));
                    return self.fail(error::argument_is_no_number(at, f.title(), &f.arguments[i].name.text));
                }
            }
        }
        let result = self.expect_array(result, f.body.span)?;
        if result.kind != Sort::Real {
            return self.fail(error::result_is_no_number(self.place(f.body.span), f.title()));
        }
        let own: AxisSet = result.axis_list().into_iter().collect();
        let nodes: Vec<NodeId> = given.iter().map(|a| a.node).collect();
        let open = self.graph.open_rule(result.node, &own, &nodes);
        let name_of = |axis: Axis| open.renamed.iter().find(|r| r.0 == axis).map_or(axis, |r| r.1);
        let inputs: Vec<Array> = given
            .iter()
            .zip(&open.inputs)
            .map(|(a, node)| {
                let axes = a.axes.iter().map(|s| Slot { axis: name_of(s.axis), from: s.from }).collect();
                Array::real(*node, axes)
            })
            .collect();
        let module = match callee {
            Callee::User(item) => self.names.items[item.0].module,
            _ => self.frame().module,
        };
        self.push_frame(module, Some((callee, rule.function.span)));
        let cotangent = Array::real(open.cotangent, result.axes.clone());
        let out = Array::real(open.value, result.axes.clone());
        for (name, value) in rule.arguments.iter().zip(inputs.iter().chain([&cotangent])) {
            self.push_local(&name.text, Ok(Value::Array(value.clone())), name.span, LocalRole::Argument);
        }
        self.push_local("out", Ok(Value::Array(out)), rule.function.span, LocalRole::Argument);
        let value = self.expr(&rule.value);
        let parts = value.and_then(|value| {
            let parts = match value {
                Value::Tuple(parts) => parts.to_vec(),
                value => vec![value],
            };
            if parts.len() != inputs.len() {
                return self.fail(error::rule_parts(self.place(rule.value.span), f.title(), inputs.len(), parts.len()));
            }
            let mut nodes = vec![];
            for (part, input) in parts.into_iter().zip(&inputs) {
                let array = self.expect_array(part, rule.value.span)?;
                let array = self.as_number(array, &rule.value)?;
                nodes.push(self.shaped(&array, input, rule.value.span, "the cotangent", "the argument")?);
            }
            Ok(nodes)
        });
        self.frames.pop();
        let parts = parts?;
        // A check of the rule points at it.
        let saved = self.graph.origin;
        self.graph.origin.span = self.place(rule.function.span);
        let node = self.graph.close_rule(open, result.node, &parts);
        self.graph.origin = saved;
        Ok(Value::Array(Array { node, number: None, ..result }))
    }
}

fn tuple(mut parts: Vec<Value>, is_tuple: bool) -> Value {
    if is_tuple { Value::Tuple(Rc::from(parts)) } else { parts.remove(0) }
}
