//! The graph for Graphviz: what computes the value, and what its derivative adds.
//!
//! Reads programs. Must not know passes.

use super::Result;
use crate::graph::{Graph, NodeId, Op, Program, ValueRole};
use crate::prim::Prim;
use rustc_hash::{FxHashMap, FxHashSet};
use std::fmt::Write;

/// The graph of a value and of derivatives of it. Forward nodes are blue, those of derivatives orange, ports grey; what has
/// a name shows it. Numbers and indices stand in the label of what reads them.
pub(super) fn dot(program: &Program, of: (&str, NodeId), results: &[Result]) -> String {
    let g = &program.graph;
    let mut names: FxHashMap<NodeId, String> = FxHashMap::default();
    names.insert(of.1, of.0.to_string());
    for value in program.values_of(ValueRole::Let) {
        names.entry(value.node).or_insert_with(|| value.name.clone());
    }
    let roots: Vec<NodeId> = std::iter::once(of.1).chain(results.iter().map(|r| r.node)).collect();
    let forward: FxHashSet<NodeId> = g.reachable(&[of.1]).into_iter().collect();
    let shown: Vec<NodeId> = g.reachable(&roots).into_iter().filter(|n| is_shown(g, *n)).collect();
    let mut out =
        String::from("digraph derivative {\n  rankdir = BT;\n  node [fontname = \"Helvetica\", style = filled];\n");
    let cluster = |title: &str, keep: &dyn Fn(NodeId) -> bool, fill: &str, out: &mut String| {
        let _ = writeln!(out, "  subgraph \"cluster_{title}\" {{\n    label = \"{title}\";\n    color = \"#bbbbbb\";");
        for n in shown.iter().filter(|n| keep(**n)) {
            let fill = if matches!(g.op(*n), Op::Port(_)) { "#e6e6e6" } else { fill };
            let shape = if matches!(g.op(*n), Op::Port(_)) { "box" } else { "ellipse" };
            let label = label(g, *n, names.get(n));
            let _ = writeln!(out, "    n{} [label = \"{label}\", shape = {shape}, fillcolor = \"{fill}\"];", n.0);
        }
        out.push_str("  }\n");
    };
    cluster("value", &|n| forward.contains(&n), "#cfe2f3", &mut out);
    cluster("derivative", &|n| !forward.contains(&n), "#fce5cd", &mut out);
    for n in &shown {
        for a in sources(g, *n) {
            let _ = writeln!(out, "  n{} -> n{};", a.0, n.0);
        }
    }
    for (i, result) in results.iter().enumerate() {
        let name = quoted(&result.name);
        let _ = writeln!(out, "  r{i} [label = \"{name}\", shape = box, fillcolor = \"#f6b26b\"];");
        if is_shown(g, result.node) {
            let _ = writeln!(out, "  n{} -> r{i};", result.node.0);
        }
    }
    out.push_str("}\n");
    out
}

/// What gets a node of its own: not numbers, nor index arithmetic.
fn is_shown(g: &Graph, n: NodeId) -> bool {
    match g.op(n) {
        Op::Const(_) | Op::Bool(_) | Op::Axis(_) | Op::Linear { .. } | Op::Quotient(_) | Op::Remainder(_) => false,
        _ => g.kind(n) != crate::graph::Kind::Index || matches!(g.op(n), Op::Port(_) | Op::Reduce(..) | Op::At(_)),
    }
}

/// The nodes that feed a node, through those that are not shown.
fn sources(g: &Graph, n: NodeId) -> Vec<NodeId> {
    let mut out = vec![];
    let mut stack = g.args(n).to_vec();
    while let Some(a) = stack.pop() {
        match is_shown(g, a) {
            true if !out.contains(&a) => out.push(a),
            true => {}
            false => stack.extend(g.args(a).iter().copied()),
        }
    }
    out.sort();
    out
}

fn label(g: &Graph, n: NodeId, name: Option<&String>) -> String {
    let axes: Vec<String> = g.axes(n).iter().map(|a| g.show_axis(a)).collect();
    let axes = if axes.is_empty() { String::new() } else { format!("[{}]", axes.join(", ")) };
    let what = match g.op(n) {
        Op::Port(port) => return quoted(&format!("{}{axes}", g.port_info(*port).name)),
        Op::Prim(prim, bits) => {
            let numbers: Vec<String> =
                g.args(n).iter().filter_map(|a| g.as_constant(*a)).map(|c| c.to_string()).collect();
            let sign = match prim {
                Prim::IndexToReal => return quoted(&g.show_term(n)),
                Prim::Add => "+",
                Prim::Mul => "×",
                Prim::Div => "÷",
                Prim::Select => "if",
                Prim::Less => "<",
                Prim::LessEqual => "≤",
                Prim::Equal | Prim::IndexIsZero => "=",
                Prim::IndexIsNonNegative => "≥ 0",
                Prim::PowConst => "^",
                other => other.row().name,
            };
            let sign = sign.to_string();
            match (prim.row().attribute, numbers.is_empty()) {
                (Some(_), _) => format!("{sign} {}", f64::from_bits(*bits)),
                (None, false) => format!("{sign} {}", numbers.join(" ")),
                (None, true) => sign,
            }
        }
        Op::Reduce(reduction, bound) => {
            let axes: Vec<String> = bound.iter().map(|a| g.show_axis(a)).collect();
            format!("{}[{}]", reduction.row().name, axes.join(", "))
        }
        Op::At(_) => "read".to_string(),
        Op::Scan(_) => "loop".to_string(),
        Op::Out { slot, .. } => format!("state {slot} of loop"),
        Op::State { slot, .. } => format!("state {slot}"),
        Op::Block(block, _) => block.name().to_string(),
        Op::Custom { .. } => "own derivative".to_string(),
        _ => String::new(),
    };
    match name {
        Some(name) => quoted(&format!("{name}{axes}\n{what}")),
        None => quoted(&format!("{what}{axes}")),
    }
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
