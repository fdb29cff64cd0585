//! A model: what a `.nn` file says, checked, before anything is compiled.
//!
//! Reads the front end. Must not know back ends.

use super::compile::{self, Options};
use super::error::CompileError;
use super::function::Function;
use crate::diag::Diagnostic;
use crate::graph::Program;
use crate::span::SourceMap;
use crate::syntax::ast::Block;
use std::path::PathBuf;
use std::time::Duration;

/// A checked model.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub(super) sources: SourceMap,
    pub(super) program: Program,
    pub(super) data: Vec<Block>,
    pub(super) train: Vec<Block>,
    pub(super) warnings: Vec<Diagnostic>,
    pub(super) directory: PathBuf,
    pub(super) parse: Duration,
    pub(super) lower: Duration,
}

impl Model {
    /// A model of a program that was built by other means than text. It has no `data` and no `train` block.
    pub fn from_program(program: Program) -> Model {
        Model { program, ..Model::default() }
    }

    /// Makes a function that computes what the options ask for.
    ///
    /// # Errors
    /// Names that the model does not have, and derivatives that do not exist.
    pub fn compile(&self, options: &Options) -> Result<Function, CompileError> {
        Ok(compile::compile(&self.program, options)?.with_front_end(self.parse, self.lower))
    }

    /// The graph with its named ports and values.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The texts that spans point into.
    pub fn sources(&self) -> &SourceMap {
        &self.sources
    }

    /// The `data` blocks, in order.
    pub fn data_blocks(&self) -> &[Block] {
        &self.data
    }

    /// The `train` blocks, in order.
    pub fn train_blocks(&self) -> &[Block] {
        &self.train
    }

    /// What is questionable but not wrong.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// The folder that paths in the model are relative to.
    pub fn directory(&self) -> &std::path::Path {
        &self.directory
    }
}
