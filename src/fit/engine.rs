//! What makes the steps of a fit: rules of first order, one for each group of params, or a search over all of them.
//!
//! Reads optimisers and groups. Must not know models or data.

use super::groups::Group;
use super::{Lbfgs, LevenbergMarquardt, Optimizer, Stepper};
use crate::model::Real;
use std::ops::Range;

/// An optimiser at work.
pub(super) enum Engine<R> {
    /// For each group where it lies in the vector, and its rule.
    Rules(Vec<(Range<usize>, Stepper<R>)>),
    Search(Search),
    /// No better point is found.
    Converged,
}

/// An optimiser that evaluates at several points for a step.
pub(super) struct Search {
    pub method: Method,
    /// The loss before.
    pub loss: Option<f64>,
    /// Iterations in a row that hardly changed it.
    pub stalled: usize,
}

pub(super) enum Method {
    Lbfgs(Box<Lbfgs>),
    Squares(LevenbergMarquardt),
}

impl<R: Real> Engine<R> {
    /// Before its first step from `theta`. `ranges` are those of no group, then of each group.
    pub fn new(optimizer: Optimizer, theta: &[R], ranges: &[Range<usize>], groups: &[Group]) -> Engine<R> {
        let start = || theta.iter().map(|x| x.to_f64()).collect();
        let search = |method| Engine::Search(Search { method, loss: None, stalled: 0 });
        match optimizer {
            Optimizer::FirstOrder(rule) => {
                let rules = std::iter::once(rule).chain(groups.iter().map(|g| g.rule(rule)));
                let stepper = |(range, rule): (&Range<usize>, _)| (range.clone(), Stepper::new(rule, range.len()));
                Engine::Rules(ranges.iter().zip(rules).map(stepper).collect())
            }
            Optimizer::Lbfgs { history } => search(Method::Lbfgs(Box::new(Lbfgs::new(start(), history)))),
            Optimizer::LevenbergMarquardt => search(Method::Squares(LevenbergMarquardt::new(start()))),
        }
    }
}
