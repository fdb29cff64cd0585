//! Limited-memory BFGS (Nocedal 1980; Nocedal and Wright, *Numerical Optimization*, 2006, algorithms 7.4 and 7.5).
//!
//! Reads a function of a vector with its gradient. Must not know models, names or data. All arithmetic is in f64; the
//! function may be less exact.

use super::line_search::{Searched, line_search};
use std::collections::VecDeque;

/// Gives the loss at a point and writes its gradient.
pub type Evaluate<'a, E> = dyn FnMut(&[f64], &mut [f64]) -> Result<f64, E> + 'a;

/// One past step: the change of the point, that of the gradient, and the inverse of their product.
#[derive(Clone, Debug)]
struct Pair {
    point: Vec<f64>,
    gradient: Vec<f64>,
    inverse: f64,
}

/// What an iteration did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Iteration {
    /// The loss is smaller than before.
    Moved,
    /// The gradient is 0, or no smaller loss is found in its direction: to the precision of the function, this is a
    /// minimum.
    Converged,
}

/// A minimisation under way.
///
/// ```
/// use nnc::fit::{Iteration, Lbfgs};
///
/// // Rosenbrock's valley, with its minimum at (1, 1).
/// let mut evaluate = |x: &[f64], g: &mut [f64]| -> Result<f64, ()> {
///     let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
///     g[0] = -2.0 * a - 400.0 * x[0] * b;
///     g[1] = 200.0 * b;
///     Ok(a * a + 100.0 * b * b)
/// };
/// let mut minimiser = Lbfgs::new(vec![-1.2, 1.0], 10);
/// while minimiser.iterate(&mut evaluate)? == Iteration::Moved {}
/// assert!(minimiser.point().iter().all(|x| (x - 1.0).abs() < 1e-6));
/// # Ok::<(), ()>(())
/// ```
#[derive(Clone, Debug)]
pub struct Lbfgs {
    history: usize,
    pairs: VecDeque<Pair>,
    point: Vec<f64>,
    gradient: Vec<f64>,
    loss: Option<f64>,
}

impl Lbfgs {
    /// A start at `point`, with `history` past steps to remember.
    pub fn new(point: Vec<f64>, history: usize) -> Lbfgs {
        let gradient = vec![0.0; point.len()];
        Lbfgs { history, pairs: VecDeque::new(), point, gradient, loss: None }
    }

    /// The best point so far.
    pub fn point(&self) -> &[f64] {
        &self.point
    }

    /// The gradient there; zeros before the first iteration.
    pub fn gradient(&self) -> &[f64] {
        &self.gradient
    }

    /// The loss there; none before the first iteration.
    pub fn loss(&self) -> Option<f64> {
        self.loss
    }

    /// One step: a direction from the past steps, then a line search. `evaluate` gives the loss at a point and writes its
    /// gradient; values that are not finite end the way in that direction, except at the start.
    ///
    /// # Errors
    /// Those of `evaluate`.
    pub fn iterate<E>(&mut self, evaluate: &mut Evaluate<'_, E>) -> Result<Iteration, E> {
        let loss = match self.loss {
            Some(loss) => loss,
            None => {
                let loss = evaluate(&self.point, &mut self.gradient)?;
                self.loss = Some(loss);
                loss
            }
        };
        let is_good = loss.is_finite() && self.gradient.iter().all(|g| g.is_finite());
        if !is_good || self.gradient.iter().all(|g| *g == 0.0) {
            return Ok(Iteration::Converged);
        }
        loop {
            let direction = self.direction();
            let slope = dot(&direction, &self.gradient);
            let first = match self.pairs.is_empty() {
                true => (1.0 / self.gradient.iter().map(|g| g.abs()).sum::<f64>()).min(1.0),
                false => 1.0,
            };
            let found = match slope < 0.0 && slope.is_finite() {
                true => line_search(&self.point, &direction, loss, slope, first, evaluate)?,
                false => None,
            };
            match found {
                Some(searched) => {
                    self.take(searched);
                    return Ok(Iteration::Moved);
                }
                // The past steps may mislead: once more down the gradient, then give up.
                None if !self.pairs.is_empty() => self.pairs.clear(),
                None => return Ok(Iteration::Converged),
            }
        }
    }

    /// The negative gradient times the approximate inverse of the Hessian, by the two-loop recursion.
    fn direction(&self) -> Vec<f64> {
        let mut direction: Vec<f64> = self.gradient.iter().map(|g| -g).collect();
        let mut weights = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let weight = pair.inverse * dot(&pair.point, &direction);
            add(&mut direction, -weight, &pair.gradient);
            weights.push(weight);
        }
        if let Some(last) = self.pairs.back() {
            let scale = 1.0 / (last.inverse * dot(&last.gradient, &last.gradient));
            direction.iter_mut().for_each(|d| *d *= scale);
        }
        for (pair, weight) in self.pairs.iter().zip(weights.iter().rev()) {
            let back = pair.inverse * dot(&pair.gradient, &direction);
            add(&mut direction, weight - back, &pair.point);
        }
        direction
    }

    /// Goes to a better point and remembers the step, if the loss is curved upwards along it.
    fn take(&mut self, searched: Searched) {
        let minus = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<f64>>();
        let (point, gradient) = (minus(&searched.point, &self.point), minus(&searched.gradient, &self.gradient));
        let curvature = dot(&point, &gradient);
        if curvature > f64::EPSILON * dot(&gradient, &gradient) {
            if self.pairs.len() == self.history {
                self.pairs.pop_front();
            }
            self.pairs.push_back(Pair { point, gradient, inverse: 1.0 / curvature });
        }
        self.point = searched.point;
        self.gradient = searched.gradient;
        self.loss = Some(searched.loss);
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// a ← a + factor · b
fn add(a: &mut [f64], factor: f64, b: &[f64]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += factor * b);
}
