//! How the step length changes during a run.
//!
//! Reads counts of steps. Must not know optimisers.

use std::f64::consts::PI;

/// The course of a rate. Its value is a factor of the optimiser's own rate.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Schedule {
    /// The first steps, in which the factor grows evenly: step t of w has (t + 1) / w, from t = 0.
    pub warmup: u64,
    /// What follows.
    pub course: Course,
}

/// The course of a rate after its warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum Course {
    /// It stays.
    #[default]
    Constant,
    /// From 1 to `end` along half a wave of the cosine (Loshchilov and Hutter 2017, without restarts): over the steps
    /// that are left, `end + (1 - end) (1 + cos(π t / T)) / 2`.
    Cosine {
        /// Share of the rate at the end of the run.
        end: f64,
    },
    /// From 1 to `end` along a line.
    Linear {
        /// Share of the rate at the end of the run.
        end: f64,
    },
    /// Times `factor` after every so many steps.
    Step {
        /// How many steps, 1 or more.
        every: u64,
        /// By which the rate is multiplied.
        factor: f64,
    },
    /// Times `factor` after every step.
    Exponential {
        /// By which the rate is multiplied.
        factor: f64,
    },
}

impl Schedule {
    /// The factor of a step, counted from 0, of a run of `total` steps.
    pub fn factor(&self, step: u64, total: u64) -> f64 {
        if step < self.warmup {
            return (step + 1) as f64 / self.warmup as f64;
        }
        let after = step - self.warmup;
        let share = after as f64 / total.saturating_sub(self.warmup).max(1) as f64;
        let share = share.min(1.0);
        match self.course {
            Course::Constant => 1.0,
            // libm, because it gives the same bits everywhere.
            Course::Cosine { end } => end + (1.0 - end) * (1.0 + libm::cos(PI * share)) / 2.0,
            Course::Linear { end } => 1.0 + (end - 1.0) * share,
            Course::Step { every, factor } => libm::pow(factor, (after / every.max(1)) as f64),
            Course::Exponential { factor } => libm::pow(factor, after as f64),
        }
    }
}
