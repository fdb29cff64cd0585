//! What reductions of segments cost, counted in the plan: one pass over the edges, forward and derivative, whatever the
//! number of segments. Their values are those of tests/programs.

use nnc::graph::{DimId, NodeId, Precision, Role, ValueRole};
use nnc::lower::lower;
use nnc::pass;
use nnc::plan::{PlanResult, plan};
use nnc::span::SourceMap;

/// The kernels of a loss, its gradient and the outputs that do more than a constant number of operations per edge or
/// per segment.
fn dear_kernels(text: &str) -> Vec<String> {
    let mut sources = SourceMap::default();
    let main = sources.add("main.nn", text);
    let lowered = lower(&mut sources, main, &|path| Err(format!("no file {path}")));
    assert!(lowered.diagnostics.iter().all(|d| !d.is_error()), "{:#?}", lowered.diagnostics);
    let mut program = lowered.program;
    let mut results: Vec<PlanResult> = vec![];
    for value in &program.values {
        results.push(PlanResult { name: value.name.clone(), node: value.node, axes: value.axes.clone() });
    }
    let loss = program.values.iter().find(|v| v.role == ValueRole::Loss).map(|v| v.node).unwrap();
    let params: Vec<_> = program.ports.iter().filter(|p| p.role == Role::Param).map(|p| p.id).collect();
    let leaves: Vec<NodeId> = params.iter().map(|p| program.graph.port(*p)).collect();
    let loss = pass::normalize(&mut program.graph, &[loss])[0];
    let gradients = pass::gradient(&mut program.graph, loss, &leaves);
    for (id, node) in params.iter().zip(gradients) {
        let info = program.graph.port_info(*id);
        results.push(PlanResult { name: format!("d{}", info.name), node, axes: info.axes.clone() });
    }
    let roots: Vec<NodeId> = results.iter().map(|r| r.node).collect();
    let roots = pass::normalize(&mut program.graph, &roots);
    let roots = pass::expand(&mut program.graph, &roots);
    for (result, node) in results.iter_mut().zip(roots) {
        result.node = node;
    }
    let plan = plan(&program.graph, Precision::F64, &results);
    let dims = plan.extents.dims();
    let open = |d: &DimId| matches!(dims[d.0 as usize].name.as_str(), "N" | "M");
    let dear = |k: &&nnc::plan::Kernel| {
        plan.cost(k).flops.terms().iter().any(|(dims, _)| dims.iter().filter(|d| open(d)).count() > 1)
    };
    plan.kernels
        .iter()
        .filter(dear)
        .map(|k| format!("{}: {}", k.name, plan.extents.show(&plan.cost(k).flops)))
        .collect()
}

#[test]
fn graph_networks_cost_as_much_as_their_edges() {
    let programs = [
        include_str!("programs/gcn.nn"),
        include_str!("programs/graph_attention.nn"),
        include_str!("programs/message_passing.nn"),
    ];
    for text in programs {
        assert_eq!(dear_kernels(text), [""; 0], "{text}");
    }
}

#[test]
fn every_reduction_of_segments_is_one_pass() {
    let reductions = ["sum", "mean", "max", "min", "logsumexp", "var"];
    for reduction in reductions {
        for place in ["dst[e]", "dst[e] + 1"] {
            let text = format!(
                "dim N, M\ninput dst: index(N)[M]\ninput on: bool[M]\ninput w: [N + 1]\nparam s: [M]\nparam q: [N + 1]\n\
                 let r[i in N + 1] = {reduction}[e where {place} == i and on[e]](s[e] * q[i])\n\
                 let E = sum(if abs(r) < inf then w * r^2 else 0)\nlet g = grad(E, s)\n\
                 output h = grad(sum(g * s), s)\nloss E\n"
            );
            assert_eq!(dear_kernels(&text), [""; 0], "{text}");
        }
        let text = format!(
            "dim N, M\ninput dst: index(N)[M]\nparam s: [M]\n\
             let r[e] = {reduction}[f where dst[f] == dst[e]](s[f])\nloss sum(s * r^2)\n"
        );
        assert_eq!(dear_kernels(&text), [""; 0], "{text}");
    }
    let text = "dim N, M\ninput dst: index(N)[M]\nparam s: [M]\nlet r = segment_softmax(s, dst)\n\
                output any_[i] = any[e where dst[e] == i](s[e] > 0)\n\
                output prod_[i] = prod[e where dst[e] == i](s[e])\nloss sum(r^2)\n";
    assert_eq!(dear_kernels(text), [""; 0]);
}

#[test]
fn what_all_pairs_cost_is_seen() {
    let text = "dim N, M\nparam s: [M]\nparam q: [N]\nloss sum[i, e](max(s[e], q[i])^2)\n";
    assert!(!dear_kernels(text).is_empty());
}
