//! The way along a direction to a point with a smaller loss and a smaller slope: the strong Wolfe conditions (Nocedal and
//! Wright, *Numerical Optimization*, 2006, algorithms 3.5 and 3.6).
//!
//! Reads a function of a vector with its gradient. Must not know where directions come from.

use super::lbfgs::{Evaluate, dot};

/// Share of the slope by which the loss must fall.
const DECREASE: f64 = 1e-4;
/// Share of the slope that may be left.
const CURVATURE: f64 = 0.9;
/// Evaluations of one search.
const EVALUATIONS: usize = 40;

/// A point that is better than the start.
#[derive(Clone, Debug)]
pub(super) struct Searched {
    pub point: Vec<f64>,
    pub gradient: Vec<f64>,
    pub loss: f64,
}

/// One point of the way.
#[derive(Clone, Debug)]
struct Trial {
    slope: f64,
    at: Searched,
}

/// Looks for a point along `direction`, whose `slope` is negative, beginning with the step `first`. None if no point with
/// a sufficiently smaller loss is found; the best such point if the evaluations do not suffice for the slope.
pub(super) fn line_search<E>(
    from: &[f64],
    direction: &[f64],
    loss: f64,
    slope: f64,
    first: f64,
    evaluate: &mut Evaluate<'_, E>,
) -> Result<Option<Searched>, E> {
    let mut search = Search { from, direction, loss, slope, left: EVALUATIONS, best: None };
    search.run(first, evaluate)?;
    Ok(search.best.map(|best| best.at))
}

struct Search<'a> {
    from: &'a [f64],
    direction: &'a [f64],
    loss: f64,
    slope: f64,
    left: usize,
    /// The point with the smallest loss that falls enough.
    best: Option<Trial>,
}

impl Search<'_> {
    fn run<E>(&mut self, first: f64, evaluate: &mut Evaluate<'_, E>) -> Result<(), E> {
        // The near end: the loss falls towards the far end.
        let (mut near, mut near_loss, mut near_slope) = (0.0, self.loss, self.slope);
        let mut far: Option<(f64, f64, f64)> = None;
        let mut step = first;
        while let Some(trial) = self.trial(step, evaluate)? {
            let is_finite = trial.at.loss.is_finite() && trial.slope.is_finite();
            let falls = is_finite && trial.at.loss <= self.loss + DECREASE * step * self.slope;
            if falls && self.best.as_ref().is_none_or(|best| trial.at.loss < best.at.loss) {
                self.best = Some(trial.clone());
            }
            let (loss, slope) = (trial.at.loss, trial.slope);
            if !falls || loss >= near_loss {
                far = Some((step, loss, slope));
            } else if slope.abs() <= -CURVATURE * self.slope {
                self.best = Some(trial);
                return Ok(());
            } else {
                // A slope that points back to the near end says that a minimum lies between.
                let forward = far.is_none_or(|(end, ..)| end > near);
                if (slope >= 0.0) == forward {
                    far = Some((near, near_loss, near_slope));
                }
                (near, near_loss, near_slope) = (step, loss, slope);
            }
            step = match far {
                None => step * 2.0,
                Some(end) => {
                    let width = (end.0 - near).abs();
                    if width <= 1e-12 * near.max(end.0) {
                        return Ok(());
                    }
                    between((near, near_loss, near_slope), end)
                }
            };
        }
        Ok(())
    }

    /// Evaluates the point at a step; none if there are no evaluations left or the step leads to the start itself.
    fn trial<E>(&mut self, step: f64, evaluate: &mut Evaluate<'_, E>) -> Result<Option<Trial>, E> {
        let point: Vec<f64> = self.from.iter().zip(self.direction).map(|(x, d)| x + step * d).collect();
        if self.left == 0 || point == self.from || !point.iter().all(|x| x.is_finite()) {
            return Ok(None);
        }
        self.left -= 1;
        let mut gradient = vec![0.0; point.len()];
        let loss = evaluate(&point, &mut gradient)?;
        let slope = dot(&gradient, self.direction);
        Ok(Some(Trial { slope, at: Searched { point, gradient, loss } }))
    }
}

/// A step between two, each with its loss and slope: the minimum of the cubic through them (Nocedal and Wright, equation
/// 3.59), kept away from the ends; the middle where there is no such minimum or a value is not finite.
fn between(a: (f64, f64, f64), b: (f64, f64, f64)) -> f64 {
    let middle = (a.0 + b.0) / 2.0;
    let d1 = a.2 + b.2 - 3.0 * (a.1 - b.1) / (a.0 - b.0);
    let square = d1 * d1 - a.2 * b.2;
    if !(square >= 0.0 && b.1.is_finite() && b.2.is_finite()) {
        return middle;
    }
    let d2 = (b.0 - a.0).signum() * square.sqrt();
    let step = b.0 - (b.0 - a.0) * (b.2 + d2 - d1) / (b.2 - a.2 + 2.0 * d2);
    let (low, high) = (a.0.min(b.0), a.0.max(b.0));
    let margin = 0.1 * (high - low);
    if step.is_finite() { step.clamp(low + margin, high - margin) } else { middle }
}
