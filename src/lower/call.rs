//! Calls: which function a name means, how arguments meet parameters, and the body of a `fn` for these arguments.
//!
//! Reads signatures and built-ins. A `fn` is checked and built anew for each kind of arguments; equal calls are built
//! once.

use super::order;
use super::program::{Item, ItemKind, ModuleId};
use super::reductions::Fold;
use super::scope::{LocalRole, Lowerer};
use super::value::{Array, AxisChoice, AxisPick, Callee, Evaluated, Reported, Slot, Value};
use crate::diag::catalog::{layers as layer_error, lints, names as error, shapes};
use crate::prim::Prim;
use crate::span::Span;
use crate::syntax::ast::{ArgumentValue, CallArgument, Expr, ExprKind, Function};

/// How often one `fn` may be open within itself.
const MAX_RECURSION: usize = 100;

/// How many different calls a program may make.
const MAX_CALLS: usize = 100_000;

/// Functions of the language that this version does not have.
pub(super) const UNAVAILABLE: &[&str] = &["to_index"];

/// One argument of a call to a built-in, matched to its parameter.
pub(super) type Matched<'a> = Option<&'a Expr>;

impl<'a> Lowerer<'a> {
    /// `f(x, delta = 2)`, `sum[i](x[i])`
    pub(super) fn call(&mut self, function: &'a Expr, arguments: &'a [CallArgument], span: Span) -> Evaluated {
        if let ExprKind::Index { base, items, filter } = &function.kind
            && let ExprKind::Name(name) = &base.kind
            && self.visible(name).is_none()
        {
            return match Fold::named(name) {
                Some(fold) => self.reduction(fold, items, filter.as_deref(), arguments, span),
                None => self.fail(error::not_a_reduction(self.place(base.span), name)),
            };
        }
        let callee = self.callee(function)?;
        match callee {
            Callee::User(_) | Callee::Method(..) => self.call_user(callee, arguments, span),
            Callee::Layer(_) => {
                let name = self.callee_name(callee);
                self.fail(layer_error::unnamed_layer(self.place(span), &name))
            }
            Callee::Prim(prim) => self.call_prim(prim, arguments, span),
            Callee::Fold(fold) => self.call_fold(fold, arguments, span),
            Callee::Native(native) => self.call_native(native, arguments, span),
            Callee::Derivative(form) => self.derivative(form, arguments, span),
        }
    }

    fn callee(&mut self, function: &'a Expr) -> Evaluated<Callee> {
        let value = match &function.kind {
            ExprKind::Name(name) => {
                if self.visible(name).is_none() && self.built_in(name).is_none() && UNAVAILABLE.contains(&name.as_str())
                {
                    return self.fail(error::not_available(self.place(function.span), name));
                }
                if self.visible(name).is_none() && super::statements::start_names().any(|n| n == name) {
                    // `zeros` and `ones` are functions too, and found before this.
                    if self.built_in(name).is_none() {
                        return self.fail(error::start_out_of_place(self.place(function.span), name));
                    }
                }
                self.lookup_raw(name, function.span)?
            }
            ExprKind::Field(..) | ExprKind::Index { .. } => self.expr(function)?,
            ExprKind::Call { .. } if self.layer_call(function).is_some() => {
                return self.expr(function).and(Err(Reported));
            }
            _ => return self.fail(error::not_a_function(self.place(function.span), "", None)),
        };
        match value {
            Value::Function(callee) => Ok(callee),
            Value::Layer(layer) => self.layer_callee(layer, function.span),
            _ => {
                let text = self.describe(function);
                let declared = self.visible(&text).map(|(span, _)| span);
                self.fail(error::not_a_function(self.place(function.span), &text, declared))
            }
        }
    }

    /// The name of a function for messages.
    pub(super) fn callee_name(&self, callee: Callee) -> String {
        match callee {
            Callee::User(item) | Callee::Layer(item) => order::item_name(&self.names.items[item.0]),
            Callee::Method(layer, place) => self.method_name(layer, place),
            Callee::Prim(prim) => prim.row().name.to_string(),
            Callee::Fold(fold) => fold.name().to_string(),
            Callee::Native(native) => native.name().to_string(),
            Callee::Derivative(form) => form.name().to_string(),
        }
    }

    /// Gives each parameter its argument. The problems are: too many, unknown name, given twice, missing.
    pub(super) fn match_arguments(
        &mut self,
        name: &str,
        parameters: &[(&str, bool)],
        arguments: &'a [CallArgument],
        span: Span,
    ) -> Evaluated<Vec<Matched<'a>>> {
        let mut matched: Vec<Matched<'a>> = vec![None; parameters.len()];
        let names: Vec<&str> = parameters.iter().map(|p| p.0).collect();
        let place = self.place(span);
        let positional = arguments.iter().filter(|a| a.name.is_none()).count();
        if positional > parameters.len() {
            return self.fail(error::too_many_arguments(place, name, &names, positional));
        }
        for (i, argument) in arguments.iter().enumerate() {
            let ArgumentValue::Expr(value) = &argument.value else {
                return self.fail(shapes::range_is_no_value(place));
            };
            let position = match &argument.name {
                None => i,
                Some(given) => match names.iter().position(|n| *n == given.text) {
                    Some(position) => position,
                    None => {
                        let at = self.place(given.span);
                        return self.fail(error::unknown_argument(at, name, &given.text, &names));
                    }
                },
            };
            if matched[position].is_some() {
                return self.fail(error::argument_twice(self.place(value.span), name, names[position]));
            }
            matched[position] = Some(value);
        }
        let missing: Vec<&str> =
            parameters.iter().zip(&matched).filter(|(p, m)| !p.1 && m.is_none()).map(|(p, _)| p.0).collect();
        if missing.is_empty() {
            Ok(matched)
        } else {
            self.fail(error::missing_arguments(place, name, &names, &missing))
        }
    }

    /// An elementwise row of the table.
    fn call_prim(&mut self, prim: Prim, arguments: &'a [CallArgument], span: Span) -> Evaluated {
        let row = prim.row();
        // `max(x)` and `max(x, axis = 0)` are reductions, `max(x, y)` is not.
        if let Some(fold) = Fold::named(row.name)
            && (arguments.len() == 1 || arguments.iter().any(|a| a.name.as_ref().is_some_and(|n| n.text == "axis")))
        {
            return self.call_fold(fold, arguments, span);
        }
        let parameters: Vec<(&str, bool)> = row.args.iter().map(|a| (*a, false)).collect();
        let matched = self.match_arguments(row.name, &parameters, arguments, span)?;
        let exprs: Vec<&'a Expr> = matched.into_iter().flatten().collect();
        let values: Vec<Evaluated<Array>> = exprs.iter().map(|e| self.real(e)).collect();
        let values = values.into_iter().collect::<Evaluated<Vec<Array>>>()?;
        let borrowed: Vec<&Array> = values.iter().collect();
        let (nodes, axes) = match self.broadcast(&borrowed) {
            Ok(found) => found,
            Err((i, j)) => return self.no_broadcast(span, row.name, (&values[i], exprs[i]), (&values[j], exprs[j])),
        };
        if prim == Prim::Sigmoid && self.graph.as_prim(nodes[0]).is_some_and(|(p, _)| p == Prim::Sigmoid) {
            self.report(lints::applied_twice(self.place(span), "sigmoid"));
        }
        let node = self.graph.prim(prim, 0.0, &nodes);
        Ok(Value::Array(Array::real(node, axes)))
    }

    /// `sum(x, axis = …)`
    fn call_fold(&mut self, fold: Fold, arguments: &'a [CallArgument], span: Span) -> Evaluated {
        let matched = self.match_arguments(fold.name(), &[("x", false), ("axis", true)], arguments, span)?;
        let [Some(e), axis] = matched.as_slice() else { return Err(Reported) };
        let x = self.array(e);
        let choice: Option<AxisChoice> = axis.map(|a| self.axis_choice(a)).transpose()?;
        self.fold_axes(fold, x?, e, choice, axis.map_or(span, |a| a.span))
    }

    /// The tree of a `fn` of a file or layer, and its file.
    pub(super) fn function(&self, callee: Callee) -> Evaluated<(&'a Function, ModuleId)> {
        match callee {
            Callee::User(item) => match self.names.items[item.0] {
                Item { kind: ItemKind::Fn(f), module, .. } => Ok((f, module)),
                _ => Err(Reported),
            },
            Callee::Method(layer, place) => self.method(layer, place),
            _ => Err(Reported),
        }
    }

    /// A `fn` of a file or layer.
    fn call_user(&mut self, callee: Callee, arguments: &'a [CallArgument], span: Span) -> Evaluated {
        let (f, module) = self.function(callee)?;
        if let Callee::Method(layer, _) = callee {
            self.check_complete(layer, span)?;
        }
        let parameters: Vec<(&str, bool)> =
            f.arguments.iter().map(|a| (a.name.text.as_str(), a.default.is_some())).collect();
        let matched = self.match_arguments(f.title(), &parameters, arguments, span)?;
        let mut given: Vec<Evaluated<Option<Value>>> = vec![];
        for (parameter, argument) in f.arguments.iter().zip(&matched) {
            given.push(match argument {
                None => Ok(None),
                Some(e) if parameter.name.text == "axis" => self.axis_choice(e).map(|c| Some(Value::Axes(c))),
                Some(e) => self.expr(e).map(Some),
            });
        }
        let mut given = given.into_iter().collect::<Evaluated<Vec<Option<Value>>>>()?;
        if self.modules[module].is_std {
            self.place_axes(&mut given, &matched)?;
        }
        // A missing argument has its default, which the other arguments determine.
        let key = given.iter().map(|v| v.as_ref().map_or(Value::Tuple([].into()), Clone::clone).key()).collect();
        let key = (callee, key, self.indices.clone(), self.facts.clone());
        if let Some(known) = self.calls.get(&key) {
            return known.clone();
        }
        let open = self.frames.iter().filter(|frame| frame.call.is_some_and(|(c, _)| c == callee)).count();
        if open >= MAX_RECURSION {
            return self.fail(error::endless_recursion(self.place(span), f.title(), MAX_RECURSION));
        }
        if self.calls.len() >= MAX_CALLS {
            return self.fail(error::too_many_calls(self.place(span), f.title(), MAX_CALLS));
        }
        let draws = self.draws;
        let result = self.call_body(callee, (f, module), &given, &matched, span);
        // A call that draws is another one each time.
        if (result.is_ok() || self.attempts == 0) && self.draws == draws {
            self.calls.insert(key, result.clone());
        }
        result
    }

    /// Functions of `std` move axes about, so a choice of axes is counted on their first argument once and for all.
    fn place_axes(&mut self, given: &mut [Option<Value>], matched: &[Matched<'a>]) -> Evaluated<()> {
        let [Some(Value::Array(first)), others @ ..] = given else { return Ok(()) };
        for (value, argument) in others.iter_mut().zip(&matched[1..]) {
            if let (Some(Value::Axes(choice @ AxisChoice::List(_))), Some(e)) = (value, argument) {
                let positions = self.chosen_axes(choice, &first.axes, e.span)?;
                *choice = AxisChoice::List(positions.into_iter().map(|p| AxisPick::Position(p as i64)).collect());
            }
        }
        Ok(())
    }

    fn call_body(
        &mut self,
        callee: Callee,
        (f, module): (&'a Function, ModuleId),
        given: &[Option<Value>],
        matched: &[Matched<'a>],
        span: Span,
    ) -> Evaluated {
        // Where arguments stand in the file of the caller.
        let places: Vec<Span> = matched.iter().map(|m| self.place(m.map_or(span, |e| e.span))).collect();
        self.lint_call(f, module, given, span);
        match callee {
            Callee::Method(layer, _) => self.push_layer_frame(layer, Some((callee, span)))?,
            _ => self.push_frame(module, Some((callee, span))),
        }
        self.frame().variables = self.variables_of(&f.body);
        let bound = self.bind_arguments(f, given, &places);
        // A rule for the derivative needs the arguments, those with defaults included.
        let arguments: Evaluated<Vec<Value>> =
            f.arguments.iter().map(|a| self.local(&a.name.text).map_or(Err(Reported), |l| l.value.clone())).collect();
        let result = bound.and_then(|()| {
            let value = self.expr(&f.body)?;
            match &f.result {
                Some(ty) => self.check_result(value, ty, f),
                None => Ok(value),
            }
        });
        self.frames.pop();
        let result = result?;
        let result = match callee {
            Callee::User(item) if !self.ruled.contains(&item) => match self.names.rules.get(&item).copied() {
                Some(rule) => {
                    let arguments = arguments?;
                    self.ruled.push(item);
                    let result = self.with_rule((f, callee), rule, &arguments, result, matched);
                    self.ruled.pop();
                    result?
                }
                None => result,
            },
            _ => result,
        };
        if self.modules[module].is_std
            && f.title() == "softmax"
            && let Value::Array(array) = &result
        {
            self.softmaxes.insert(array.node);
        }
        Ok(result)
    }

    fn bind_arguments(&mut self, f: &'a Function, given: &[Option<Value>], places: &[Span]) -> Evaluated<()> {
        let mut failed = None;
        for ((parameter, value), place) in f.arguments.iter().zip(given).zip(places) {
            let value = match (value, &parameter.default) {
                (Some(value), _) => Ok(value.clone()),
                (None, Some(default)) if parameter.name.text == "axis" => self.axis_choice(default).map(Value::Axes),
                (None, Some(default)) => self.expr(default),
                (None, None) => Err(Reported),
            };
            let value = match (value, &parameter.ty) {
                (Ok(value), Some(ty)) => self.check_parameter(value, ty, f.title(), &parameter.name, *place),
                (value, _) => value,
            };
            failed = failed.or(value.as_ref().err().copied());
            self.push_local(&parameter.name.text, value, parameter.name.span, LocalRole::Argument);
        }
        failed.map_or(Ok(()), Err)
    }

    fn lint_call(&mut self, f: &Function, module: usize, given: &[Option<Value>], span: Span) {
        if self.in_std() || !self.modules[module].is_std {
            return;
        }
        if let ("softmax" | "log_softmax", Some(Some(Value::Array(x)))) = (f.title(), given.first()) {
            if self.softmaxes.contains(&x.node) {
                self.report(lints::applied_twice(self.place(span), "softmax"));
            }
            let chosen = match given.get(1) {
                Some(Some(Value::Axes(choice))) => self.attempt(|l| l.chosen_axis(choice, &x.axes, span)),
                _ => x.axes.len().checked_sub(1),
            };
            let slot: Option<&Slot> = chosen.and_then(|i| x.axes.get(i));
            if let Some(slot) = slot
                && self.graph.extents.known(self.graph.extent(slot.axis)) == Some(1)
            {
                let shape = self.show_shape(&x.axes);
                self.report(lints::softmax_of_one(self.place(span), &shape));
            }
        }
    }
}
