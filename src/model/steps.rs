//! The chain rule, step by step: what the value is made of, the cotangent of each part by the rule of its row, the rules
//! that simplified the result, and the result.
//!
//! Reads programs and passes. Must not know back ends.

use super::compile::Options;
use super::derivative::{Normal, derivative, normal};
use super::error::CompileError;
use crate::graph::{Graph, Kind, NodeId, Op, Value, ValueRole};
use crate::notation::Form;
use crate::pass::{self, Fired, Step};
use crate::rule::RuleSet;
use rustc_hash::FxHashMap;
use std::fmt::Write;

/// More lines of one kind than this are counted instead of printed.
const LINES: usize = 400;

/// The steps from a value to its gradient.
pub(super) fn steps(program: &crate::graph::Program, options: &Options) -> Result<String, CompileError> {
    let (result, _) = derivative(program, options, Form::Source)?;
    let Normal { mut program, of, wrt, fired: before } = normal(program, options)?;
    let leaves: Vec<NodeId> = wrt.iter().map(|p| program.graph.port(*p)).collect();
    let (found, steps) = pass::gradient_in_steps(&mut program.graph, of.node, &leaves);
    let mut fired = vec![];
    pass::normalize_traced(&mut program.graph, &found, &mut fired);
    let g = &program.graph;

    let mut names = Names { g, forward: FxHashMap::default(), cotangents: FxHashMap::default() };
    let mut out = format!("1. What `{}` is made of\n\n", of.name);
    rules(&mut out, &before, "   In a form that is stable and small, by\n");
    let order: Vec<NodeId> = g.reachable(&[of.node]).into_iter().filter(|n| is_step(g, *n)).collect();
    let named = |n: NodeId| program.values.iter().find(|v| v.node == n && v.role == ValueRole::Let);
    let mut lines = Lines::default();
    for n in &order {
        let name = match (*n == of.node, named(*n)) {
            (true, _) => of.name.clone(),
            (_, Some(Value { name, .. })) => name.clone(),
            _ => format!("v{}", names.forward.len() + 1),
        };
        lines.push(format!("{} = {}", names.left(*n, &name), g.show_with(*n, &names.forward)));
        names.forward.insert(*n, name);
    }
    lines.finish(&mut out);

    let _ = writeln!(out, "\n2. The chain rule, backwards: d·{} by each part, from its value down\n", of.name);
    let mut lines = Lines::default();
    for step in &steps {
        names.step(step, &mut lines);
    }
    lines.finish(&mut out);

    out.push_str("\n3. Rewritten by these rules\n\n");
    rules(&mut out, &fired, "");
    if fired.is_empty() {
        out.push_str("   none was needed\n");
    }
    out.push_str("\n4. The result\n\n");
    out.push_str(&result);
    Ok(out)
}

/// Each rule with its text, and how often it was used; under a heading if there is any.
fn rules(out: &mut String, fired: &[Fired], heading: &str) {
    let mut counts: Vec<(&str, usize)> = vec![];
    for f in fired {
        match counts.iter_mut().find(|c| c.0 == f.rule) {
            Some(c) => c.1 += 1,
            None => counts.push((f.rule, 1)),
        }
    }
    if !counts.is_empty() {
        out.push_str(heading);
    }
    for (rule, count) in &counts {
        let text = RuleSet::text_of(rule).unwrap_or_default();
        let times = if *count == 1 { String::new() } else { format!(", {count} times") };
        let _ = writeln!(out, "   {rule}{times}: {text}");
    }
    if !counts.is_empty() && !heading.is_empty() {
        out.push('\n');
    }
}

/// Lines of a part, not too many.
#[derive(Default)]
struct Lines {
    kept: Vec<String>,
    dropped: usize,
}

impl Lines {
    fn push(&mut self, line: String) {
        match self.kept.len() < LINES {
            true => self.kept.push(line),
            false => self.dropped += 1,
        }
    }

    fn finish(self, out: &mut String) {
        for line in self.kept {
            let _ = writeln!(out, "   {line}");
        }
        if self.dropped > 0 {
            let _ = writeln!(out, "   … and {} more lines", self.dropped);
        }
    }
}

/// What gets a line of its own: numbers that are computed, not leaves, nor the masks and indices that they read.
fn is_step(g: &Graph, n: NodeId) -> bool {
    let is_number = g.kind(n) == Kind::Real && g.node(n).states.is_empty();
    is_number && matches!(g.op(n), Op::Prim(..) | Op::Reduce(..) | Op::Block(..) | Op::Out { .. } | Op::Custom { .. })
}

struct Names<'g> {
    g: &'g Graph,
    forward: FxHashMap<NodeId, String>,
    cotangents: FxHashMap<NodeId, String>,
}

impl Names<'_> {
    fn left(&self, n: NodeId, name: &str) -> String {
        let axes: Vec<String> = self.g.axes(n).iter().map(|a| self.g.show_axis(a)).collect();
        if axes.is_empty() { name.to_string() } else { format!("{name}[{}]", axes.join(", ")) }
    }

    fn name(&self, n: NodeId) -> String {
        match (self.forward.get(&n), self.g.op(n)) {
            (Some(name), _) => name.clone(),
            (None, Op::Port(port)) => self.g.port_info(*port).name.clone(),
            _ => self.g.show_with(n, &self.forward),
        }
    }

    /// One node: its cotangent, and what it passes on to each argument.
    fn step(&mut self, step: &Step, lines: &mut Lines) {
        let own = format!("d{}", self.name(step.node));
        if !step.parts.is_empty() {
            let value = self.g.show_with(step.cotangent, &self.all());
            lines.push(format!("{} = {value}", self.left(step.node, &own)));
        }
        if !matches!(self.g.op(step.cotangent), Op::Const(_) | Op::Port(_)) {
            self.cotangents.entry(step.cotangent).or_insert(own);
        }
        for part in &step.parts {
            let value = self.g.show_with(part.contribution, &self.all());
            lines.push(format!("   to d{}: {value}    by {}", self.name(part.argument), part.rule));
        }
    }

    fn all(&self) -> FxHashMap<NodeId, String> {
        let mut all = self.cotangents.clone();
        all.extend(self.forward.iter().map(|(n, name)| (*n, name.clone())));
        all
    }
}
