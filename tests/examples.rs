//! The example programs against independent numbers (`reference/examples.json`, made by `reference/examples.py` with
//! JAX in f64): the loss and every derivative, as differentiated, and as written back by `nnc grad` and read again.

use nnc::data::{DataSpec, Extent, Overrides, PortKind as DataKind, RowPort, Values};
use nnc::graph::{Axis, NodeId, PortKind, Program, Role, ValueRole};
use nnc::interp::{Bindings, evaluate};
use nnc::lower::{Lowered, lower};
use nnc::notation::{Result as Term, source};
use nnc::pass;
use nnc::span::SourceMap;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

const ROWS: usize = 32;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn read(text: String, name: &str) -> Lowered {
    let mut sources = SourceMap::default();
    let main = sources.add(name, text);
    let lowered = lower(&mut sources, main, &|path| Err(format!("no file {path}")));
    assert!(lowered.diagnostics.iter().all(|d| !d.is_error()), "{name}: {:#?}", lowered.diagnostics);
    lowered
}

/// The ports that data fill; the row axis comes first.
fn row_ports(program: &Program) -> Vec<RowPort> {
    let extents = &program.graph.extents;
    let size = |e| {
        let poly = extents.poly(e);
        Extent { text: extents.show(poly), known: extents.known(poly).map(|v| v as usize) }
    };
    let ports = program.ports.iter().filter(|p| p.role != Role::Param);
    ports
        .map(|p| {
            let info = program.graph.port_info(p.id);
            RowPort {
                name: info.name.clone(),
                kind: match info.kind {
                    PortKind::Real => DataKind::Real,
                    PortKind::Index(c) => DataKind::Index(size(c)),
                    PortKind::Bool => DataKind::Bool,
                },
                rows: Some(size(info.axes[0].extent)),
                shape: info.axes[1..].iter().map(|a| size(a.extent)).collect(),
                required: true,
                span: p.span,
            }
        })
        .collect()
}

/// The first rows of the data and the parameters of the reference: base + 0.1 sin(1 + 10 k + i).
fn bind(lowered: &Lowered, name: &str) -> Bindings {
    let program = &lowered.program;
    let spec = DataSpec::new(&lowered.data, &row_ports(program), &[]).unwrap();
    let data = spec.load(&root().join("examples"), &Overrides::default(), 0).unwrap();
    let rows = ROWS.min(data.rows);
    let mut bindings = Bindings::default();
    for dim in program.graph.extents.dims() {
        bindings.dims.push(dim.value.unwrap_or(rows as i64));
    }
    for port in &data.ports {
        let count = rows * port.shape.iter().product::<usize>();
        let values = match &port.values {
            Values::Real(v) => v[..count].to_vec(),
            Values::Index(v) => v[..count].iter().map(|i| f64::from(*i)).collect(),
            Values::Bool(v) => v[..count].iter().map(|b| f64::from(u8::from(*b))).collect(),
        };
        bindings.ports.insert(program.port(&port.name).unwrap().id, values);
    }
    let params = program.ports.iter().filter(|p| p.role == Role::Param);
    for (k, port) in params.enumerate() {
        let info = program.graph.port_info(port.id);
        let size = |a: &Axis| program.graph.extent(*a).evaluate(&|d| bindings.dims[d.0 as usize]).unwrap();
        let count: i64 = info.axes.iter().map(size).product();
        let base = match (name, info.name.as_str()) {
            ("curve", "a") => 2.0,
            ("curve", "k") => 1.0,
            _ => 0.0,
        };
        let value = |i: i64| base + 0.1 * (1.0 + 10.0 * k as f64 + i as f64).sin();
        bindings.ports.insert(port.id, (0..count).map(value).collect());
    }
    bindings
}

fn close(ours: f64, reference: &Json, what: &str) {
    let reference = reference.as_f64().unwrap();
    let error = (ours - reference).abs() / (1e-3 + reference.abs());
    assert!(error < 1e-10, "{what}: {ours} instead of {reference}");
}

fn compare(values: &[f64], reference: &Json, what: &str) {
    close(values.iter().sum(), &reference["sum"], &format!("{what}, sum"));
    close(values.iter().map(|v| v * v).sum(), &reference["sum_of_squares"], &format!("{what}, sum of squares"));
    let with_sines = values.iter().enumerate().map(|(i, v)| v * (i as f64).sin()).sum();
    close(with_sines, &reference["product_with_sines"], &format!("{what}, product with sines"));
    for (i, element) in reference["elements"].as_object().unwrap() {
        close(values[i.parse::<usize>().unwrap()], element, &format!("{what}[{i}]"));
    }
}

#[test]
fn losses_and_derivatives_agree_with_jax() {
    let text = std::fs::read_to_string(root().join("tests/reference/examples.json")).unwrap();
    let reference: Json = serde_json::from_str(&text).unwrap();
    for (name, answers) in reference.as_object().unwrap() {
        let path = root().join(format!("examples/{name}.nn"));
        let mut lowered = read(std::fs::read_to_string(path).unwrap(), name);
        let bindings = bind(&lowered, name);
        let answers = &answers["gradient"];

        // As nnc does it: normal form, derivative, normal form.
        let program = &mut lowered.program;
        let params: Vec<(String, NodeId, Vec<Axis>)> = program
            .ports
            .iter()
            .filter(|p| p.role == Role::Param)
            .map(|p| (p.id, program.graph.port_info(p.id).clone()))
            .collect::<Vec<_>>()
            .into_iter()
            .map(|(id, info)| (info.name, program.graph.port(id), info.axes))
            .collect();
        let wrt: Vec<NodeId> = params.iter().map(|p| p.1).collect();
        let roots: Vec<NodeId> = program.values.iter().map(|v| v.node).collect();
        let roots = pass::normalize(&mut program.graph, &roots);
        for (value, node) in program.values.iter_mut().zip(roots) {
            value.node = node;
        }
        let loss = program.values_of(ValueRole::Loss).next().unwrap().node;
        let gradient = pass::gradient(&mut program.graph, loss, &wrt);
        let gradient = pass::normalize(&mut program.graph, &gradient);

        let value = evaluate(&program.graph, &bindings, &[(loss, &[])]).unwrap();
        close(value[0][0], &answers["loss"], &format!("{name}: loss"));
        let mut terms = vec![];
        for ((param, _, axes), node) in params.iter().zip(gradient) {
            let values = evaluate(&program.graph, &bindings, &[(node, axes)]).unwrap();
            compare(&values[0], &answers["parameters"][param], &format!("{name}: d{param}"));
            terms.push(Term { name: format!("d{param}"), node, axes: axes.clone(), title: None });
        }

        // What is printed compiles again and gives the same numbers.
        let printed = nnc::syntax::print(&source(program, &terms));
        let again = read(printed.clone(), &format!("the gradient of {name}:\n{printed}"));
        let mut renamed = Bindings { dims: bindings.dims.clone(), ..Bindings::default() };
        for (id, info) in again.program.graph.ports() {
            let original = program.port(&info.name).unwrap().id;
            renamed.ports.insert(id, bindings.ports[&original].clone());
        }
        for ((param, ..), term) in params.iter().zip(&terms) {
            let output = again.program.value(ValueRole::Output, &term.name).unwrap();
            let values = evaluate(&again.program.graph, &renamed, &[(output.node, &output.axes)]).unwrap();
            compare(&values[0], &answers["parameters"][param], &format!("{name}: printed d{param}"));
        }
        println!("{printed}");
    }
}
