//! Small programs with values for their dims and ports, evaluated by the reference interpreter.

use nnc::graph::{Program, Value, verify};
use nnc::interp::{Bindings, evaluate};
use nnc::lower::{Lowered, lower};
use nnc::span::SourceMap;

/// A program with values for its open dims and ports.
pub struct Case {
    pub lowered: Lowered,
    pub bindings: Bindings,
}

pub fn lowered_with(text: &str, files: &[(&str, &str)]) -> (SourceMap, Lowered) {
    let mut sources = SourceMap::default();
    let main = sources.add("main.nn", text);
    let loader = |path: &str| {
        let found = files.iter().find(|f| f.0 == path).map(|f| f.1.to_string());
        found.ok_or_else(|| "no such file".to_string())
    };
    let lowered = lower(&mut sources, main, &loader);
    (sources, lowered)
}

pub fn messages(text: &str) -> Vec<String> {
    let (_, lowered) = lowered_with(text, &[]);
    lowered.diagnostics.iter().map(|d| format!("{} {}", d.code, d.message)).collect()
}

pub fn codes(text: &str) -> Vec<&'static str> {
    lowered_with(text, &[]).1.diagnostics.iter().map(|d| d.code).collect()
}

pub fn program(text: &str) -> Case {
    program_of(text, &[])
}

pub fn program_of(text: &str, files: &[(&str, &str)]) -> Case {
    let (sources, lowered) = lowered_with(text, files);
    let errors: Vec<String> = lowered
        .diagnostics
        .iter()
        .filter(|d| d.is_error())
        .map(|d| format!("{} {} at {:?}", d.code, d.message, d.labels.first().map(|l| sources.place(l.span))))
        .collect();
    assert!(errors.is_empty(), "{text}\n{errors:#?}");
    verify(&lowered.program.graph).unwrap();
    let dims = lowered.program.graph.extents.dims().iter().map(|d| d.value.unwrap_or(-1)).collect();
    Case { lowered, bindings: Bindings { dims, ..Bindings::default() } }
}

impl Case {
    pub fn program(&self) -> &Program {
        &self.lowered.program
    }

    pub fn dim(mut self, name: &str, size: i64) -> Case {
        let at = self.program().graph.extents.dims().iter().position(|d| d.name == name).expect("a dim");
        self.bindings.dims[at] = size;
        self
    }

    pub fn port(mut self, name: &str, values: &[f64]) -> Case {
        let id = self.program().port(name).unwrap_or_else(|| panic!("no port {name}")).id;
        self.bindings.ports.insert(id, values.to_vec());
        self
    }

    pub fn find(&self, name: &str) -> &Value {
        self.program().values.iter().rev().find(|v| v.name == name).unwrap_or_else(|| panic!("no value {name}"))
    }

    pub fn value(&self, name: &str) -> Vec<f64> {
        let v = self.find(name);
        evaluate(&self.program().graph, &self.bindings, &[(v.node, &v.axes)]).unwrap().remove(0)
    }

    pub fn shape(&self, name: &str) -> String {
        let e = &self.program().graph.extents;
        let sizes: Vec<String> = self.find(name).axes.iter().map(|a| e.show(e.poly(a.extent))).collect();
        format!("[{}]", sizes.join(", "))
    }

    pub fn close(&self, name: &str, expected: &[f64]) {
        let got = self.value(name);
        assert_eq!(got.len(), expected.len(), "{name}: {got:?} against {expected:?}");
        for (g, e) in got.iter().zip(expected) {
            assert!((g - e).abs() <= 1e-12 * (1.0 + e.abs()) || g == e, "{name}: {got:?} against {expected:?}");
        }
    }
}

/// Closes over the ports of a text that needs none.
pub fn check(expression: &str, expected: &[f64]) {
    program(&format!("output r = {expression}\n")).close("r", expected);
}
