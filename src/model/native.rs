//! Native code as a back end of functions.
//!
//! Reads prepared programs, plans and compiled code. Must not know signatures.

use super::compile::Prepared;
use super::error::{CallError, CompileError};
use super::slice::{Slice, SliceMut};
use crate::graph::Precision;
use crate::jit::{self, BindError, RunError};
use smallvec::SmallVec;
use std::time::Instant;

/// Compiled code and which inputs of the function it reads.
#[derive(Debug)]
pub(super) struct Native {
    code: jit::Compiled,
    /// The places of the inputs that the code reads; absent if these are all, in order. Simplifying can make an input
    /// superfluous, which does not change the function's signature.
    reads: Option<Vec<usize>>,
}

/// The memory of calls with the sizes they were last bound to.
#[derive(Debug)]
pub(super) struct Scratch {
    binding: jit::Binding,
    workspace: jit::Workspace,
}

impl Native {
    /// Plans and compiles a prepared program; notes in it how long that took.
    pub fn new(precision: Precision, prepared: &mut Prepared) -> Result<Native, CompileError> {
        let plan = prepared.plan(precision);
        let start = Instant::now();
        let code = jit::compile(&plan).map_err(|e| CompileError::Native { reason: e.to_string() })?;
        prepared.timings.codegen += start.elapsed();
        let place = |id| prepared.ports.iter().position(|(port, _)| *port == id);
        let reads: Vec<usize> = code.ports().iter().filter_map(|(id, _)| place(*id)).collect();
        let all = reads.len() == prepared.ports.len() && reads.is_sorted();
        Ok(Native { code, reads: (!all).then_some(reads) })
    }

    /// Works out places for these sizes. Memory from before is kept.
    pub fn bind(&self, dims: &[i64], scratch: &mut Option<Scratch>) -> Result<(), CallError> {
        let binding = self.code.bind(dims).map_err(unbound)?;
        let mut workspace = scratch.take().map(|s| s.workspace).unwrap_or_default();
        workspace.reserve(&binding);
        *scratch = Some(Scratch { binding, workspace });
        Ok(())
    }

    /// Computes all results from arrays whose lengths were checked.
    pub fn run(
        &self,
        inputs: &[Slice],
        outputs: &mut [SliceMut],
        scratch: &mut Option<Scratch>,
    ) -> Result<(), CallError> {
        let Some(Scratch { binding, workspace }) = scratch else { return Err(CallError::Workspace) };
        let result = match &self.reads {
            None => self.code.run(binding, inputs, outputs, workspace),
            Some(reads) => {
                let read: SmallVec<[Slice; 32]> = reads.iter().map(|i| inputs[*i]).collect();
                self.code.run(binding, &read, outputs, workspace)
            }
        };
        result.map_err(refused)
    }
}

fn unbound(error: BindError) -> CallError {
    match error {
        BindError::Fixed { name, .. } | BindError::Dim { name } => CallError::UnknownDim { dim: name },
        BindError::Size(size) => CallError::Size { size },
    }
}

fn refused(error: RunError) -> CallError {
    match error {
        RunError::Count { what, expected, given } => CallError::Count { what, expected, given },
        RunError::Type { name, expected, given } => CallError::Element { port: name, expected, given },
        RunError::Length { name, expected, given } => {
            CallError::Length { port: name, shape: String::new(), expected, given, reason: String::new() }
        }
        RunError::Binding => CallError::Workspace,
    }
}
