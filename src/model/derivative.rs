//! The derivative of a model for people to read: as a model whose outputs are the derivatives, as mathematics, as a
//! picture of the graph, in the user's names.
//!
//! Reads programs and passes. Must not know back ends.

use super::compile::{CompileTimings, Options, Target, derived_target, with_respect_to};
use super::differentiate::{DerivativeForm, differentiate};
use super::error::CompileError;
use super::signature::PortRole;
use crate::graph::{NodeId, PortId, Program};
use crate::notation::{self, Form, Title};
use crate::pass::{self, Fired};
use std::time::Instant;

/// A program in normal form, and what is differentiated in it.
pub(super) struct Normal {
    pub program: Program,
    pub of: Target,
    pub wrt: Vec<PortId>,
    /// The rules that made it so.
    pub fired: Vec<Fired>,
}

/// Brings a program to its normal form: of the model as it is used, or as it is in training if the options say so.
pub(super) fn normal(program: &Program, options: &Options) -> Result<Normal, CompileError> {
    let (mut of, wrt) = (derived_target(program, options)?, with_respect_to(program, options)?);
    let mut program = program.clone();
    let mut roots = vec![of.node];
    roots.extend(program.values.iter().map(|v| v.node));
    let training = program.training.map(|port| (port, program.graph.bool(options.training)));
    let roots = program.graph.replace_ports(&roots, &training.into_iter().collect());
    let mut fired = vec![];
    let normal = pass::normalize_traced(&mut program.graph, &roots, &mut fired);
    of.node = normal[0];
    for (value, node) in program.values.iter_mut().zip(&normal[1..]) {
        value.node = *node;
    }
    Ok(Normal { program, of, wrt, fired })
}

/// The derivatives that the options ask for, in this form.
pub(super) fn derivative(
    program: &Program,
    options: &Options,
    form: Form,
) -> Result<(String, CompileTimings), CompileError> {
    let mut timings = CompileTimings::default();
    let start = Instant::now();
    let Normal { mut program, of, wrt, .. } = normal(program, options)?;
    timings.simplify += start.elapsed();

    let start = Instant::now();
    let found = differentiate(&mut program.graph, &of, &wrt, options.form, options.mode).targets;
    timings.differentiate += start.elapsed();

    // The values of the program are brought to the same normal form as the derivatives, so that their names are found in
    // them.
    let start = Instant::now();
    let mut roots: Vec<NodeId> = found.iter().map(|t| t.node).collect();
    roots.push(of.node);
    roots.extend(program.values.iter().map(|v| v.node));
    let roots = pass::normalize(&mut program.graph, &roots);
    let roots = pass::drop_rules(&mut program.graph, &roots);
    timings.simplify += start.elapsed();
    for (value, node) in program.values.iter_mut().zip(&roots[found.len() + 1..]) {
        value.node = *node;
    }
    let wanted = |t: &&(Target, NodeId)| options.form != DerivativeForm::Hessian || t.0.role == PortRole::Hessian;
    let found: Vec<(Target, NodeId)> = found.into_iter().zip(roots.iter().copied()).collect();
    let results: Vec<notation::Result> =
        found.iter().filter(wanted).map(|(target, node)| result(&of.name, target, *node)).collect();
    let last = roots[found.len()];
    Ok((notation::write(&program, (&of.name, last), &results, form), timings))
}

/// A derivative as an output: `dW` of a gradient, `dp_dW` of a Jacobian, `d2_W_b` of a Hessian.
fn result(of: &str, target: &Target, node: NodeId) -> notation::Result {
    let by: Vec<String> = target.name.split(", ").map(Into::into).collect();
    let name = match target.role {
        PortRole::Jacobian => format!("d{of}_d{}", target.name),
        PortRole::Hessian => format!("d2_{}", by.join("_")),
        _ => format!("d{}", target.name),
    };
    let title = Some(Title { of: of.into(), by });
    notation::Result { name, node, axes: target.axes.clone(), title }
}
