//! Which params a fit changes, and by which step: `freeze` and `groups` of a `train` block.
//!
//! Reads expressions, programs and layouts. Must not know how a step is made.

use super::calls::constant;
use super::constant::{Scope, Value, name_of, shown};
use super::error::GroupError;
use super::optimizer::{FirstOrder, Optimizer};
use super::settings::Settings;
use crate::diag::Diagnostic;
use crate::diag::catalog::{groups as error, nearest, training};
use crate::graph::{Constraint, Op, Program, ProgramPort, Role};
use crate::model::Layout;
use crate::span::Span;
use crate::syntax::ast::{ArgumentValue, Entry, Expr, ExprKind};
use std::ops::Range;

/// Params that are fitted by steps of their own: `group(enc, lr = 1e-4, decay = 0.01)`.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Group {
    /// Names of params, or of layers, which stand for all of their params.
    pub params: Vec<String>,
    /// The rate, in place of that of the optimiser. A schedule scales both by the same factor.
    pub rate: Option<f64>,
    /// The weight decay of Adam, in place of that of the optimiser.
    pub decay: Option<f64>,
}

impl Group {
    /// The rule of this group, where that of the others is `rule`.
    pub(super) fn rule(&self, rule: FirstOrder) -> FirstOrder {
        let rule = self.rate.map_or(rule, |rate| rule.with_rate(rate));
        match (rule, self.decay) {
            (FirstOrder::Adam { rate, beta1, beta2, epsilon, .. }, Some(decay)) => {
                FirstOrder::Adam { rate, beta1, beta2, epsilon, decay }
            }
            _ => rule,
        }
    }
}

/// Whether a name of a param or of a layer stands for this param: `enc` for `enc.W`, `enc.inner.b` and `enc`.
pub(super) fn covers(name: &str, param: &str) -> bool {
    param.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The params of a fit, in the order in which its vector holds them.
pub(super) struct Parts {
    /// Those that are fitted: first those of no group, then group by group.
    pub fitted: Layout,
    /// Those that keep their start.
    pub frozen: Layout,
    /// Where in the vector each group lies, the first one being that of no group.
    pub ranges: Vec<Range<usize>>,
}

impl Parts {
    /// Takes the params apart.
    ///
    /// # Errors
    /// Names that stand for no param, a param that is named twice, a frozen one whose bounds move, groups that do not go with
    /// the optimiser.
    pub fn new(program: &Program, params: &Layout, settings: &Settings) -> Result<Parts, GroupError> {
        let Settings { freeze, groups, optimizer, .. } = settings;
        match optimizer {
            Optimizer::FirstOrder(FirstOrder::Adam { .. }) => {}
            Optimizer::FirstOrder(_) if groups.iter().any(|g| g.decay.is_some()) => return Err(GroupError::NoDecay),
            Optimizer::Lbfgs { .. } | Optimizer::LevenbergMarquardt if !groups.is_empty() => {
                return Err(GroupError::OneStep);
            }
            _ => {}
        }
        let lists: Vec<&[String]> =
            std::iter::once(freeze).chain(groups.iter().map(|g| &g.params)).map(|l| &l[..]).collect();
        for name in lists.iter().copied().flatten() {
            if !params.entries.iter().any(|e| covers(name, &e.name)) {
                let nearest = nearest(name, params.entries.iter().map(|e| e.name.as_str())).map(Into::into);
                return Err(GroupError::UnknownParam { name: name.clone(), nearest });
            }
        }
        let is_in = |list: &[String], param: &str| list.iter().any(|name| covers(name, param));
        for entry in &params.entries {
            if lists.iter().flat_map(|list| *list).filter(|name| covers(name, &entry.name)).count() > 1 {
                return Err(GroupError::NamedTwice { param: entry.name.clone() });
            }
        }
        let name = |port: &ProgramPort| program.graph.port_info(port.id).name.clone();
        if let Some((port, bound)) = moving_bounds(program, freeze).next() {
            return Err(GroupError::MovingBounds { param: name(port), with: name(bound) });
        }
        let mut fitted = params.only(|e| !lists.iter().any(|list| is_in(list, &e.name)));
        let mut ranges = Vec::from([Range { start: 0, end: fitted.len }]);
        for list in &lists[1..] {
            let start = fitted.len;
            fitted = fitted.followed_by(&params.only(|e| is_in(list, &e.name)));
            ranges.push(start..fitted.len);
        }
        Ok(Parts { fitted, frozen: params.only(|e| is_in(freeze, &e.name)), ranges })
    }
}

/// Frozen params with the fitted ones that their bounds read.
fn moving_bounds<'p>(
    program: &'p Program,
    freeze: &'p [String],
) -> impl Iterator<Item = (&'p ProgramPort, &'p ProgramPort)> {
    let graph = &program.graph;
    let is_frozen = move |p: &ProgramPort| freeze.iter().any(|name| covers(name, &graph.port_info(p.id).name));
    let params = move || program.ports.iter().filter(|p| p.role == Role::Param);
    params().filter(move |p| is_frozen(p)).filter_map(move |frozen| {
        let Some(Constraint::Interval { low, high }) = frozen.constraint else { return None };
        let read = graph.reachable(&low.into_iter().chain(high).collect::<Vec<_>>());
        let is_read = |p: &ProgramPort| read.iter().any(|n| *graph.op(*n) == Op::Port(p.id));
        Some((frozen, params().find(|p| !is_frozen(p) && is_read(p))?))
    })
}

/// `[enc, dec.W]`
pub(super) fn freeze(program: &Program, value: &Value) -> Result<Vec<String>, Box<Diagnostic>> {
    let ExprKind::Array(items) = &value.expr.kind else {
        return Err(Box::new(training::bad_value(
            value.span(),
            "freeze",
            "a list of params or layers, such as `[enc, head.b]`",
            &shown(value),
        )));
    };
    items.iter().map(|item| checked(program, item, "freeze")).collect()
}

/// `[group(enc, lr = 1e-4), group(head.b, decay = 0)]`
pub(super) fn groups(program: &Program, scope: &Scope, value: &Value) -> Result<Vec<Group>, Box<Diagnostic>> {
    let ExprKind::Array(items) = &value.expr.kind else {
        return Err(Box::new(training::bad_value(
            value.span(),
            "groups",
            "a list of groups, such as `[group(enc, lr = 1e-4)]`",
            &shown(value),
        )));
    };
    items.iter().map(|item| group(program, scope, item)).collect()
}

fn group(program: &Program, scope: &Scope, item: &Expr) -> Result<Group, Box<Diagnostic>> {
    let ExprKind::Call { function, arguments } = &item.kind else {
        return Err(Box::new(error::not_a_group(item.span)));
    };
    if name_of(function) != Some("group") {
        return Err(Box::new(error::not_a_group(item.span)));
    }
    let mut group = Group::default();
    for argument in arguments {
        let ArgumentValue::Expr(expr) = &argument.value else {
            return Err(Box::new(error::not_a_group(item.span)));
        };
        let Some(key) = &argument.name else {
            group.params.push(checked(program, expr, "group")?);
            continue;
        };
        let place = match key.text.as_str() {
            "lr" => &mut group.rate,
            "decay" => &mut group.decay,
            other => return Err(Box::new(training::unknown_argument(key.span, "group", other, &["lr", "decay"]))),
        };
        if place.is_some() {
            return Err(Box::new(training::argument_twice(expr.span, "group", &key.text)));
        }
        if key.text == "lr" && matches!(expr.kind, ExprKind::Call { .. }) {
            return Err(Box::new(error::schedule_of_group(expr.span)));
        }
        *place = Some(constant(scope, expr, &key.text)?);
    }
    if group.params.is_empty() {
        return Err(Box::new(error::empty_group(item.span)));
    }
    if group.rate.is_none() && group.decay.is_none() {
        return Err(Box::new(error::group_like_others(item.span)));
    }
    Ok(group)
}

/// The name of a param or layer as it is written: `enc`, `enc.inner.W`.
fn written(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name.clone()),
        ExprKind::Field(base, field) => Some(format!("{}.{}", written(base)?, field.text)),
        _ => None,
    }
}

/// A name that stands for at least one param.
fn checked(program: &Program, expr: &Expr, setting: &str) -> Result<String, Box<Diagnostic>> {
    let at = expr.span;
    let Some(name) = written(expr) else {
        let member = match &expr.kind {
            ExprKind::Index { base, .. } => written(base),
            _ => None,
        };
        return Err(Box::new(error::not_a_name(at, setting, member.as_deref())));
    };
    let ports = || program.ports.iter().map(|p| (p, program.graph.port_info(p.id).name.as_str()));
    let covered = || ports().filter(|(_, port)| covers(&name, port));
    if covered().any(|(p, _)| p.role == Role::Param) {
        return Ok(name);
    }
    if let Some((port, _)) = covered().next() {
        return Err(Box::new(error::no_param(at, setting, &name, role(port.role), port.span)));
    }
    // Params, and the layers that own them.
    let params = ports().filter(|(p, _)| p.role == Role::Param).map(|(_, port)| port);
    let owners = params.flat_map(|param| {
        let dots = param.match_indices('.').map(|(at, _)| at);
        dots.chain([param.len()]).map(|end| &param[..end]).collect::<Vec<_>>()
    });
    Err(Box::new(error::unknown_param(at, setting, &name, owners)))
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Input => "an input",
        Role::Target => "a target",
        Role::Param => "a param",
        Role::State => "a state",
        Role::Random => "a random draw",
    }
}

/// Every name in the `freeze` or `groups` of an entry, with its place.
fn names(entry: &Entry) -> Vec<(String, Span)> {
    let ArgumentValue::Expr(Expr { kind: ExprKind::Array(items), .. }) = &entry.value else { return vec![] };
    let mut found = vec![];
    for item in items {
        match &item.kind {
            ExprKind::Call { arguments, .. } => {
                for argument in arguments.iter().filter(|a| a.name.is_none()) {
                    if let ArgumentValue::Expr(expr) = &argument.value {
                        found.extend(written(expr).map(|name| (name, expr.span)));
                    }
                }
            }
            _ => found.extend(written(item).map(|name| (name, item.span))),
        }
    }
    found
}

/// What contradicts in `freeze` and `groups`: a param named twice, bounds that move, a decay that the optimiser does not
/// have.
pub(super) fn contradictions(
    program: &Program,
    entries: &[&Entry],
    Settings { optimizer, groups, freeze, .. }: &Settings,
) -> Vec<Diagnostic> {
    let mut problems = vec![];
    let all: Vec<(String, Span)> = entries.iter().flat_map(|entry| names(entry)).collect();
    let params = program.ports.iter().filter(|p| p.role == Role::Param);
    let params: Vec<&str> = params.map(|p| program.graph.port_info(p.id).name.as_str()).collect();
    for (i, (name, at)) in all.iter().enumerate() {
        let both = |other: &str| params.iter().find(|p| covers(name, p) && covers(other, p));
        let earlier = all[..i].iter().find_map(|(other, first)| Some((both(other)?, *first)));
        problems.extend(earlier.map(|(param, first)| error::named_twice(*at, param, first)));
    }
    let at = |key: &str| entries.iter().find(|e| e.key.text == key).map(|e| e.key.span).unwrap_or_default();
    for (port, bound) in moving_bounds(program, freeze) {
        let name = |p: &ProgramPort| &program.graph.port_info(p.id).name;
        problems.push(error::moving_bounds(at("freeze"), name(port), name(bound), port.span));
    }
    // One that searches has no groups at all, which is said elsewhere.
    let has_decay = !matches!(optimizer, Optimizer::FirstOrder(rule) if !matches!(rule, FirstOrder::Adam { .. }));
    if !has_decay && groups.iter().any(|g| g.decay.is_some()) {
        problems.push(error::decay_without_adam(at("groups")));
    }
    problems
}
