//! The derivative of a model as text: a model whose outputs are the gradients, in the user's names.
//!
//! Reads programs and passes. Must not know back ends.

use super::compile::{CompileTimings, Options, differentiated};
use super::error::CompileError;
use crate::graph::{NodeId, Program};
use crate::notation;
use crate::pass;
use crate::syntax;
use std::time::Instant;

/// The gradients that the options ask for, as a model that compiles again.
pub(super) fn derivative(program: &Program, options: &Options) -> Result<(String, CompileTimings), CompileError> {
    let (of, wrt) = differentiated(program, options)?;
    let mut program = program.clone();
    let mut timings = CompileTimings::default();

    let start = Instant::now();
    let mut roots = vec![of];
    roots.extend(program.values.iter().map(|v| v.node));
    // The derivative is that of the model as it is used, not as it is trained.
    let training = program.training.map(|port| (port, program.graph.bool(false)));
    let roots = program.graph.replace_ports(&roots, &training.into_iter().collect());
    let normal = pass::normalize(&mut program.graph, &roots);
    timings.simplify += start.elapsed();

    let start = Instant::now();
    let leaves: Vec<NodeId> = wrt.iter().map(|p| program.graph.port(*p)).collect();
    let gradients = pass::gradient(&mut program.graph, normal[0], &leaves);
    timings.differentiate += start.elapsed();

    // The values of the program are brought to the same normal form as the gradients, so that their names are found in
    // them.
    let start = Instant::now();
    let roots: Vec<NodeId> = gradients.into_iter().chain(normal[1..].iter().copied()).collect();
    let normal = pass::normalize(&mut program.graph, &roots);
    timings.simplify += start.elapsed();
    let (gradients, values) = normal.split_at(wrt.len());
    for (value, node) in program.values.iter_mut().zip(values) {
        value.node = *node;
    }
    let results: Vec<notation::Result> = wrt
        .iter()
        .zip(gradients)
        .map(|(port, node)| {
            let info = program.graph.port_info(*port);
            notation::Result { name: format!("d{}", info.name), node: *node, axes: info.axes.clone() }
        })
        .collect();
    Ok((syntax::print(&notation::source(&program, &results)), timings))
}
