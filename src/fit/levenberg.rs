//! Least squares by the method of Levenberg (1944) and Marquardt (1963), with the damping of Nielsen (1999, report
//! IMM-REP-1999-05).
//!
//! Reads residuals and their derivatives. Must not know models, names or data. All arithmetic is in f64.

use super::lbfgs::{Iteration, dot};

/// Residuals at a point, and their derivatives by each element of the point: one column per element.
#[derive(Clone, Debug)]
pub struct Linearized {
    /// The residuals.
    pub residuals: Vec<f64>,
    /// For each element of the point a vector as long as the residuals.
    pub columns: Vec<Vec<f64>>,
}

/// Residuals that a method of least squares works on.
pub trait Residuals {
    /// Why they could not be computed.
    type Error;
    /// The residuals at a point.
    ///
    /// # Errors
    /// Those of the implementation.
    fn residuals(&mut self, point: &[f64]) -> Result<Vec<f64>, Self::Error>;
    /// Residuals and derivatives at a point.
    ///
    /// # Errors
    /// Those of the implementation.
    fn linearized(&mut self, point: &[f64]) -> Result<Linearized, Self::Error>;
}

/// Times the damping grows in one iteration before it gives up.
const TRIES: usize = 60;

/// A fit under way: each iteration solves `(Jᵀ J + λ D) d = -Jᵀ r` with D the diagonal of `Jᵀ J`.
#[derive(Clone, Debug)]
pub struct LevenbergMarquardt {
    point: Vec<f64>,
    damping: f64,
}

impl LevenbergMarquardt {
    /// A start at `point`.
    pub fn new(point: Vec<f64>) -> LevenbergMarquardt {
        LevenbergMarquardt { point, damping: 1e-3 }
    }

    /// The best point so far.
    pub fn point(&self) -> &[f64] {
        &self.point
    }

    /// Moves to a point with a smaller sum of squares.
    ///
    /// # Errors
    /// Those of `model`.
    pub fn iterate<M: Residuals>(&mut self, model: &mut M) -> Result<Iteration, M::Error> {
        let Linearized { residuals, columns } = model.linearized(&self.point)?;
        let cost = dot(&residuals, &residuals);
        let slope: Vec<f64> = columns.iter().map(|column| dot(column, &residuals)).collect();
        let normal: Vec<Vec<f64>> = columns.iter().map(|a| columns.iter().map(|b| dot(a, b)).collect()).collect();
        // A param that moves nothing stays where it is.
        let diagonal: Vec<f64> =
            (0..normal.len()).map(|i| normal[i][i]).map(|d| if d > 0.0 { d } else { 1.0 }).collect();
        if !cost.is_finite() || slope.iter().all(|s| *s == 0.0) || slope.iter().any(|s| !s.is_finite()) {
            return Ok(Iteration::Converged);
        }
        let mut growth = 2.0;
        for _ in 0..TRIES {
            let mut damped = normal.clone();
            damped.iter_mut().enumerate().for_each(|(i, row)| row[i] += self.damping * diagonal[i]);
            let right: Vec<f64> = slope.iter().map(|s| -s).collect();
            let step = solve(damped, right).filter(|step| step.iter().all(|d| d.is_finite()));
            if let Some(step) = step {
                let next: Vec<f64> = self.point.iter().zip(&step).map(|(x, d)| x + d).collect();
                let residuals = model.residuals(&next)?;
                let found = dot(&residuals, &residuals);
                if found < cost {
                    // How much of the fall that the linear model promised came true.
                    let promised: f64 =
                        (0..step.len()).map(|i| step[i] * (self.damping * diagonal[i] * step[i] - slope[i])).sum();
                    let gain = (cost - found) / promised.max(f64::MIN_POSITIVE);
                    self.damping *= (1.0 - (2.0 * gain - 1.0).powi(3)).max(1.0 / 3.0);
                    self.damping = self.damping.max(1e-15);
                    self.point = next;
                    return Ok(Iteration::Moved);
                }
            }
            self.damping *= growth;
            growth *= 2.0;
            if !self.damping.is_finite() {
                break;
            }
        }
        Ok(Iteration::Converged)
    }
}

/// Solves a symmetric positive definite system by Cholesky's method; none if it is not definite.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    for j in 0..n {
        for k in 0..j {
            let factor = a[j][k];
            a.iter_mut().skip(j).for_each(|row| row[j] -= row[k] * factor);
        }
        let root = Some(a[j][j]).filter(|d| *d > 0.0)?.sqrt();
        a.iter_mut().skip(j).for_each(|row| row[j] /= root);
    }
    for i in 0..n {
        let sum: f64 = (0..i).map(|k| a[i][k] * b[k]).sum();
        b[i] = (b[i] - sum) / a[i][i];
    }
    for i in (0..n).rev() {
        let sum: f64 = (i + 1..n).map(|k| a[k][i] * b[k]).sum();
        b[i] = (b[i] - sum) / a[i][i];
    }
    Some(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definite_systems_are_solved() {
        // By hand: [[4, 2], [2, 3]] x = [2, 5] has the solution [-0.5, 2].
        let x = solve(vec![vec![4.0, 2.0], vec![2.0, 3.0]], vec![2.0, 5.0]).unwrap();
        assert!((x[0] + 0.5).abs() < 1e-15 && (x[1] - 2.0).abs() < 1e-15);
        assert_eq!(solve(vec![vec![1.0, 2.0], vec![2.0, 1.0]], vec![1.0, 1.0]), None);
    }
}
