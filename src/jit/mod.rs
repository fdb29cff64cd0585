//! Native code: a plan becomes functions of this machine through Cranelift.
//!
//! Reads plans and bulk functions. Must not know the source, the graph or derivatives.

mod call;
mod code;
mod expr;
mod frame;
mod function;
mod repeat;
mod total;
mod workspace;

pub use crate::plan::{Slice, SliceMut};
pub use workspace::{BindError, Binding, Workspace};

use crate::plan::{Border, Place, Plan};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use thiserror::Error;
use workspace::Address;

/// Why no code could be made. None of these depends on the model.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CompileError {
    /// The code generator does not know this machine.
    #[error("native code is not available on this machine: {0}")]
    Machine(String),
    /// The code generator refused a function.
    #[error("native code could not be generated: {0}")]
    Code(String),
}

impl CompileError {
    fn of(error: cranelift_module::ModuleError) -> CompileError {
        CompileError::Code(error.to_string())
    }
}

/// Why a call is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RunError {
    /// A wrong number of inputs or results.
    #[error("{given} {what} are given, but the program has {expected}")]
    Count {
        /// `inputs` or `results`.
        what: &'static str,
        /// By the program.
        expected: usize,
        /// In the call.
        given: usize,
    },
    /// An array of the wrong element type.
    #[error("`{name}` has elements of type {expected}, given {given}")]
    Type {
        /// The port or result.
        name: String,
        /// By the program.
        expected: &'static str,
        /// In the call.
        given: &'static str,
    },
    /// An array of the wrong length.
    #[error("`{name}` has {expected} elements, given {given}")]
    Length {
        /// The port or result.
        name: String,
        /// By the dims.
        expected: usize,
        /// In the call.
        given: usize,
    },
    /// The binding was made by another compiled program.
    #[error("the binding belongs to another program")]
    Binding,
}

/// A compiled plan. Cheap to clone, usable from many threads at once; its code is freed with the last clone.
#[derive(Clone)]
pub struct Compiled {
    inner: Arc<Inner>,
}

struct Inner {
    plan: Plan,
    code: code::Code,
    sizes: frame::Sizes,
    program: u64,
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiled").field("kernels", &self.inner.plan.kernels.len()).finish_non_exhaustive()
    }
}

/// Compiles a plan for this machine.
pub fn compile(plan: &Plan) -> Result<Compiled, CompileError> {
    static PROGRAMS: AtomicU64 = AtomicU64::new(0);
    let (code, sizes) = code::compile(plan, None)?;
    let program = PROGRAMS.fetch_add(1, Ordering::Relaxed);
    Ok(Compiled { inner: Arc::new(Inner { plan: plan.clone(), code, sizes, program }) })
}

/// The code of a plan as Cranelift's intermediate text.
pub fn clif(plan: &Plan) -> Result<String, CompileError> {
    let mut text = String::new();
    code::compile(plan, Some(&mut text))?;
    Ok(text)
}

impl Compiled {
    /// The plan it was compiled from.
    pub fn plan(&self) -> &Plan {
        &self.inner.plan
    }

    /// The ports that are read, in the order of the inputs of [`Compiled::run`].
    pub fn ports(&self) -> &[(crate::graph::PortId, Border)] {
        &self.inner.plan.ports
    }

    /// The results, in the order of the outputs of [`Compiled::run`].
    pub fn results(&self) -> &[Border] {
        &self.inner.plan.results
    }

    /// The code as Cranelift's intermediate text.
    pub fn clif(&self) -> Result<String, CompileError> {
        clif(&self.inner.plan)
    }

    /// Computes sizes and places for the given dims (by dim id; those known at compile time may be left out at the
    /// end).
    pub fn bind(&self, dims: &[i64]) -> Result<Binding, BindError> {
        workspace::bind(&self.inner.plan, &self.inner.sizes, dims, self.inner.program)
    }

    /// Runs the program: reads the inputs in the order of [`Compiled::ports`], overwrites the outputs in the order of
    /// [`Compiled::results`]. Labels must lie in their range and truth values must be 0 or 1: whoever brings data in
    /// checks that. Does not allocate unless the workspace has to grow.
    pub fn run(
        &self,
        binding: &Binding,
        inputs: &[Slice],
        outputs: &mut [SliceMut],
        workspace: &mut Workspace,
    ) -> Result<(), RunError> {
        let Inner { plan, code, program, .. } = &*self.inner;
        if binding.program != *program {
            return Err(RunError::Binding);
        }
        let count = |what, expected, given| match expected == given {
            true => Ok(()),
            false => Err(RunError::Count { what, expected, given }),
        };
        count("inputs", plan.ports.len(), inputs.len())?;
        count("results", plan.results.len(), outputs.len())?;
        for (i, buffer) in plan.buffers.iter().enumerate() {
            match buffer.place {
                Place::Port(p) => self.check(&plan.ports[p as usize].1, &inputs[p as usize], binding.lengths[i])?,
                Place::Result(r) => {
                    self.check(&plan.results[r as usize], &outputs[r as usize].as_slice(), binding.lengths[i])?
                }
                Place::Workspace { .. } => {}
            }
        }
        workspace.reserve(binding);
        let start = workspace.start();
        for (i, buffer) in plan.buffers.iter().enumerate() {
            workspace.addresses[i] = Address(match buffer.place {
                Place::Port(p) => inputs[p as usize].as_ptr().cast_mut(),
                Place::Result(r) => outputs[r as usize].as_mut_ptr(),
                Place::Workspace { .. } => start.wrapping_add(binding.offsets[i]),
            });
        }
        workspace.addresses[plan.buffers.len()] = Address(start.wrapping_add(binding.strips));
        // SAFETY: the binding was made for this plan, so the tables have the layout and sizes the code expects. Inputs
        // and outputs have just been checked to have the right types and lengths; inputs are only read, outputs are
        // borrowed mutably and so overlap nothing. The workspace is as large as the binding says and borrowed mutably.
        unsafe { code.run(&workspace.addresses, &binding.sizes) }
        Ok(())
    }

    fn check(&self, border: &Border, given: &Slice, length: usize) -> Result<(), RunError> {
        let expected = border.element.type_name(self.inner.plan.precision);
        if given.type_name() != expected {
            return Err(RunError::Type { name: border.name.clone(), expected, given: given.type_name() });
        }
        if given.len() != length {
            return Err(RunError::Length { name: border.name.clone(), expected: length, given: given.len() });
        }
        Ok(())
    }
}
