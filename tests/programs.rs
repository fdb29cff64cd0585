//! Programs of all kinds against independent numbers (`reference/programs.json`, made by `reference/programs.py` with
//! JAX in f64): outputs, metrics, the loss and its derivative by every param, interpreted and as native code.

use nnc::graph::{Axis, NodeId, PortKind, Program, Role, ValueRole};
use nnc::interp::{Bindings, evaluate};
use nnc::jit::{Slice, SliceMut, Workspace, compile};
use nnc::lower::{Lowered, lower};
use nnc::pass;
use nnc::plan::{Element, PlanResult};
use nnc::span::SourceMap;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn read(name: &str) -> Lowered {
    let mut sources = SourceMap::default();
    let text = std::fs::read_to_string(root().join(format!("programs/{name}.nn"))).unwrap();
    let main = sources.add(name, text);
    let lowered = lower(&mut sources, main, &|path| Err(format!("no file {path}")));
    let problems: Vec<_> = lowered.diagnostics.iter().map(|d| d.code).collect();
    assert!(problems.is_empty(), "{name}: {:#?}", lowered.diagnostics);
    lowered
}

fn numbers(json: &Json) -> Vec<f64> {
    match json {
        Json::Array(list) => list.iter().flat_map(numbers).collect(),
        Json::Bool(b) => vec![f64::from(u8::from(*b))],
        Json::String(text) => vec![text.parse().unwrap()],
        other => vec![other.as_f64().unwrap()],
    }
}

fn bind(program: &Program, case: &Json) -> Bindings {
    let mut bindings = Bindings::default();
    for dim in program.graph.extents.dims() {
        let given = || case["dims"][&dim.name].as_i64().unwrap_or_else(|| panic!("no size of {}", dim.name));
        bindings.dims.push(dim.value.unwrap_or_else(given));
    }
    for port in &program.ports {
        let name = &program.graph.port_info(port.id).name;
        let given = &case["ports"][name];
        assert!(!given.is_null(), "no values of {name}");
        bindings.ports.insert(port.id, numbers(given));
    }
    bindings
}

struct Wanted {
    name: String,
    node: NodeId,
    axes: Vec<Axis>,
    expected: Vec<f64>,
}

fn close(given: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(given.len(), expected.len(), "{what}");
    let scale = expected.iter().filter(|x| x.is_finite()).fold(1e-6f64, |m, x| m.max(x.abs()));
    for (i, (g, e)) in given.iter().zip(expected).enumerate() {
        let same = g == e || g.is_nan() && e.is_nan() || (g - e).abs() <= tolerance * scale;
        assert!(same, "{what}[{i}] is {g:e}, expected {e:e}");
    }
}

fn native(program: &Program, bindings: &Bindings, wanted: &[Wanted], roots: &[NodeId]) -> Vec<Vec<f64>> {
    let results: Vec<PlanResult> = wanted
        .iter()
        .zip(roots)
        .map(|(w, node)| PlanResult { name: w.name.clone(), node: *node, axes: w.axes.clone() })
        .collect();
    let plan = nnc::plan::plan(&program.graph, nnc::graph::Precision::F64, &results);
    let compiled = compile(&plan).unwrap();
    let binding = compiled.bind(&bindings.dims).unwrap();
    enum Held {
        Real(Vec<f64>),
        Index(Vec<u32>),
        Bool(Vec<u8>),
    }
    let held: Vec<Held> = compiled
        .ports()
        .iter()
        .map(|(id, _)| {
            let values = &bindings.ports[id];
            match program.graph.port_info(*id).kind {
                PortKind::Real => Held::Real(values.clone()),
                PortKind::Index(_) => Held::Index(values.iter().map(|v| *v as u32).collect()),
                PortKind::Bool => Held::Bool(values.iter().map(|v| *v as u8).collect()),
            }
        })
        .collect();
    let inputs: Vec<Slice> = held
        .iter()
        .map(|h| match h {
            Held::Real(v) => Slice::F64(v),
            Held::Index(v) => Slice::Index(v),
            Held::Bool(v) => Slice::Bool(v),
        })
        .collect();
    let mut out: Vec<Held> = compiled
        .results()
        .iter()
        .zip(wanted)
        .map(|(r, w)| match r.element {
            Element::Real => Held::Real(vec![f64::NAN; w.expected.len()]),
            Element::Index => Held::Index(vec![u32::MAX; w.expected.len()]),
            Element::Bool => Held::Bool(vec![7; w.expected.len()]),
        })
        .collect();
    let mut outputs: Vec<SliceMut> = out
        .iter_mut()
        .map(|h| match h {
            Held::Real(v) => SliceMut::F64(v),
            Held::Index(v) => SliceMut::Index(v),
            Held::Bool(v) => SliceMut::Bool(v),
        })
        .collect();
    compiled.run(&binding, &inputs, &mut outputs, &mut Workspace::new()).unwrap();
    out.into_iter()
        .map(|h| match h {
            Held::Real(v) => v,
            Held::Index(v) => v.into_iter().map(f64::from).collect(),
            Held::Bool(v) => v.into_iter().map(f64::from).collect(),
        })
        .collect()
}

fn check(name: &str, case: &Json) {
    let mut lowered = read(name);
    let bindings = bind(&lowered.program, case);
    let program = &mut lowered.program;
    let mut wanted = vec![];
    for (value, expected) in case["values"].as_object().unwrap() {
        let found = program.values.iter().find(|v| &v.name == value);
        let found = found.unwrap_or_else(|| panic!("{name} has no {value}"));
        let (name, node, axes) = (value.clone(), found.node, found.axes.clone());
        wanted.push(Wanted { name, node, axes, expected: numbers(expected) });
    }
    let loss = program.values.iter().find(|v| v.role == ValueRole::Loss).map(|v| v.node);
    if let Some(loss) = loss {
        let loss = pass::normalize(&mut program.graph, &[loss])[0];
        let params: Vec<_> = program.ports.iter().filter(|p| p.role == Role::Param).cloned().collect();
        let leaves: Vec<NodeId> = params.iter().map(|p| program.graph.port(p.id)).collect();
        let gradients = pass::gradient(&mut program.graph, loss, &leaves);
        assert_eq!(case["gradients"].as_object().unwrap().len(), params.len(), "{name}: a gradient for each param");
        for (param, node) in params.iter().zip(gradients) {
            let info = program.graph.port_info(param.id);
            let expected = numbers(&case["gradients"][&info.name]);
            wanted.push(Wanted { name: format!("d{}", info.name), node, axes: info.axes.clone(), expected });
        }
    }
    let roots: Vec<(NodeId, &[Axis])> = wanted.iter().map(|w| (w.node, w.axes.as_slice())).collect();
    for (given, w) in evaluate(&program.graph, &bindings, &roots).unwrap().iter().zip(&wanted) {
        close(given, &w.expected, 1e-10, &format!("{name}: {} interpreted", w.name));
    }
    let roots: Vec<NodeId> = wanted.iter().map(|w| w.node).collect();
    let roots = pass::normalize(&mut program.graph, &roots);
    let roots = pass::expand(&mut program.graph, &roots);
    let native = native(program, &bindings, &wanted, &roots);
    for (given, w) in native.iter().zip(&wanted) {
        close(given, &w.expected, 1e-10, &format!("{name}: {} as native code", w.name));
    }
}

#[test]
fn programs_agree_with_the_reference() {
    let text = std::fs::read_to_string(root().join("reference/programs.json")).unwrap();
    let cases: Json = serde_json::from_str(&text).unwrap();
    let only = std::env::var("NNC_PROGRAM").ok();
    let mut failures = vec![];
    for (name, case) in cases.as_object().unwrap() {
        if only.as_ref().is_some_and(|o| o != name) {
            continue;
        }
        let result = std::panic::catch_unwind(|| check(name, case));
        if let Err(panic) = result {
            let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            failures.push(format!("{name}: {text}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Every program has its numbers.
#[test]
fn every_program_has_a_reference() {
    let text = std::fs::read_to_string(root().join("reference/programs.json")).unwrap();
    let cases: Json = serde_json::from_str(&text).unwrap();
    for file in std::fs::read_dir(root().join("programs")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(cases.get(&name).is_some(), "{name}");
    }
}
