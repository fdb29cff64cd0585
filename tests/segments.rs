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

/// A node without edges divides 0 by 0 behind a mask. In a product of matrices the mask holds for both factors, in native code
/// as in the interpreter; so do those of the user, whose data may hold anything where they are not to be read.
#[test]
fn what_is_masked_is_not_multiplied() {
    use nnc::model::{Backend, Model, Options, Slice};
    let (n, m) = (40usize, 30usize);
    let text = "precision f64\ndim N, M, D = 6, C = 5\ninput x: [N, D]\ninput src: index(N)[M]\ninput dst: index(N)[M]\n\
                input seen: bool[N]\ninput z: [N, D]\nparam V: [D, C] = 0.1\nparam W: [D, C] = 0.1\n\
                let around[i, d] = mean[e where dst[e] == i](x[src[e], d])\n\
                let f = tanh(around @ V)\nlet g = tanh(z @ W)\n\
                loss sum(f^2) + sum[i, c](if seen[i] then g[i, c]^2 else 0)\n";
    let model = Model::from_source(text).unwrap();
    let x: Vec<f64> = (0..n * 6).map(|i| ((i * 7) % 11) as f64 / 11.0 - 0.4).collect();
    // The last nodes have no edge, and the rows of z that are not seen are unknown.
    let ends: Vec<u32> = (0..m).map(|e| (e % 20) as u32).collect();
    let seen: Vec<u8> = (0..n).map(|i| u8::from(i % 3 > 0)).collect();
    let z: Vec<f64> = (0..n * 6).map(|i| if seen[i / 6] == 0 { f64::NAN } else { x[i] }).collect();
    let weights: Vec<f64> = (0..30).map(|i| (i as f64).sin()).collect();
    let given = [
        ("x", Slice::F64(&x)),
        ("src", Slice::Index(&ends)),
        ("dst", Slice::Index(&ends)),
        ("seen", Slice::Bool(&seen)),
        ("z", Slice::F64(&z)),
        ("V", Slice::F64(&weights)),
        ("W", Slice::F64(&weights)),
    ];
    let of = |backend| {
        let f = model.compile(&Options::gradient("loss").backend(backend)).unwrap();
        f.evaluate(&given).unwrap().iter().map(|r| r.values.to_f64()).collect::<Vec<_>>()
    };
    for (fast, slow) in of(Backend::Auto).iter().zip(of(Backend::Interpreter)) {
        assert!(slow.iter().all(|v| v.is_finite()));
        assert!(fast.iter().zip(&slow).all(|(a, b)| (a - b).abs() < 1e-12), "{fast:?} instead of {slow:?}");
    }
}
