//! Loops and families stay rolled: what is compiled for the loss and every gradient has the same kernels for few turns and
//! for many, so compiling takes the same time. The bench `growth` measures that time.

use nnc::model::{Model, Options, prepare};

/// How many kernels and how many terms a gradient has.
fn size(text: &str) -> (usize, usize) {
    let model = Model::from_source(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let mut prepared = prepare(model.program(), &Options::gradient("loss").training(), true).unwrap();
    let plan = prepared.plan(model.program().precision);
    (plan.kernels.len(), prepared.graph.len())
}

#[test]
fn an_lstm_compiles_alike_for_ten_and_for_ten_thousand_steps() {
    let text = include_str!("../examples/sunspots.nn");
    let with = |steps: &str| size(&text.replace("T = 20", &format!("T = {steps}")));
    assert_eq!(with("10"), with("10000"));
}

#[test]
fn a_tower_compiles_alike_for_two_and_for_two_hundred_layers() {
    let text = include_str!("files/programs/mlp_with_layers.nn");
    assert!(text.contains("L = 4"));
    let with = |layers: &str| size(&text.replace("L = 4", &format!("L = {layers}")));
    assert_eq!(with("2"), with("200"));
}

#[test]
fn equations_compile_alike_for_any_number_of_years() {
    let text = include_str!("../examples/predator.nn").replace("\ndim T\n", "\ndim T = 21\n");
    let with = |years: &str| size(&text.replace("dim T = 21", &format!("dim T = {years}")));
    assert_eq!(with("21"), with("2100"));
}
