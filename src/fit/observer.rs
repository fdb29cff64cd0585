//! What a fit tells while it runs. The library prints nothing: an observer decides what to show.

use super::evaluate::Score;
use crate::model::CompileTimings;

/// Known before the first step.
#[derive(Clone, Debug, PartialEq)]
pub struct Started<'a> {
    /// The loss that is minimised.
    pub loss: &'a str,
    /// How many numbers are fitted.
    pub parameters: usize,
    /// How many numbers of params are frozen, besides.
    pub frozen: usize,
    /// Rows for training, validation and test; zeros for a model without data.
    pub rows: [usize; 3],
    /// Rows per step.
    pub batch: usize,
    /// Steps per epoch.
    pub steps: usize,
    /// Epochs at most.
    pub epochs: usize,
    /// How many runs from different starts follow.
    pub starts: usize,
    /// The seed of initial values and order.
    pub seed: u64,
    /// Whether native code runs (else the interpreter).
    pub native: bool,
    /// How long compiling the step took.
    pub timings: CompileTimings,
}

/// Known after a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stepped {
    /// From 1.
    pub epoch: usize,
    /// From 1, within the epoch.
    pub step: usize,
    /// The loss of the batch before the step.
    pub loss: f64,
}

/// Known after an epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochDone<'a> {
    /// The run, from 1; 1 unless there are several starts.
    pub start: usize,
    /// From 1.
    pub epoch: usize,
    /// Steps since the start.
    pub steps: u64,
    /// The mean of the batches' losses, each taken before its step, weighted by rows; of an optimiser that searches for its
    /// steps the loss after it.
    pub loss: f64,
    /// All losses and metrics over all validation rows after the epoch; none without such rows.
    pub validation: &'a [Score],
    /// What `patience` watches, if it is set.
    pub monitored: Option<f64>,
    /// Whether that is the best value so far.
    pub best: bool,
}

/// Told what happens during a fit.
pub trait Observer {
    /// Everything is compiled; the first step follows.
    fn started(&mut self, _: &Started) {}
    /// A step was taken. Called for every step: must be quick.
    fn stepped(&mut self, _: &Stepped) {}
    /// An epoch is over.
    fn epoch_done(&mut self, _: &EpochDone) {}
}

/// Listens to nothing.
impl Observer for () {}
