//! The interpreter as a back end of functions: f64 throughout, one allocation per term.
//!
//! Reads prepared programs. Must not know signatures.

use super::compile::Prepared;
use super::error::CallError;
use super::slice::{Slice, SliceMut};
use crate::graph::{Axis, Graph, NodeId, PortId};
use crate::interp::{self, Bindings, EvaluateError};

/// A program that the interpreter runs.
#[derive(Debug)]
pub(super) struct Interpreted {
    graph: Graph,
    ports: Vec<PortId>,
    targets: Vec<(NodeId, Vec<Axis>)>,
}

impl Interpreted {
    /// Of a prepared program.
    pub fn new(prepared: &Prepared) -> Interpreted {
        Interpreted {
            graph: prepared.graph.clone(),
            ports: prepared.ports.iter().map(|(id, _)| *id).collect(),
            targets: prepared.targets.iter().map(|t| (t.node, t.axes.clone())).collect(),
        }
    }

    /// Computes all results from inputs whose lengths were checked.
    pub fn run(&self, dims: &[i64], inputs: &[Slice], outputs: &mut [SliceMut]) -> Result<(), CallError> {
        let ports = self.ports.iter().copied().zip(inputs.iter().map(|s| s.to_f64())).collect();
        let bindings = Bindings { ports, dims: dims.to_vec() };
        let roots: Vec<(NodeId, &[Axis])> = self.targets.iter().map(|(n, axes)| (*n, axes.as_slice())).collect();
        let results = interp::evaluate(&self.graph, &bindings, &roots).map_err(refused)?;
        for (output, result) in outputs.iter_mut().zip(results) {
            output.set_f64(&result);
        }
        Ok(())
    }
}

pub(super) fn refused(error: EvaluateError) -> CallError {
    match error {
        EvaluateError::Unbound(name) => CallError::Missing { name },
        EvaluateError::Length { name, expected, given } => {
            CallError::Length { port: name, shape: String::new(), expected, given, reason: String::new() }
        }
        EvaluateError::Size(size) => CallError::Size { size },
    }
}
