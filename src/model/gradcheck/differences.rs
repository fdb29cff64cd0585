//! Central differences of a value.

use super::point::Point;
use super::{GradientCheckError, larger};
use crate::model::function::Function;

/// Step lengths, relative to the size of what is moved, from long to short.
const STEPS: [f64; 8] = [1e-2, 2e-3, 4e-4, 8e-5, 1.6e-5, 3.2e-6, 6.4e-7, 1.28e-7];

/// The central difference of fourth order by one element: of all step lengths the one that agrees best with the next
/// shorter one. A long step is wrong by the higher derivatives, or by a kink that it crosses, a short one by rounding;
/// where two agree both are small.
pub(super) fn central(
    name: &str,
    at: usize,
    point: &mut Point,
    function: &Function,
) -> Result<f64, GradientCheckError> {
    let Some(x) = point.reals(name).map(|v| v[at]) else { return Ok(f64::NAN) };
    let scale = point.value(function)?.abs();
    let (mut best, mut disagreement, mut before) = (f64::NAN, f64::INFINITY, f64::NAN);
    for step in STEPS {
        let h = step * x.abs().max(1.0);
        let mut f = |k: f64| -> Result<f64, GradientCheckError> {
            if let Some(values) = point.reals(name) {
                values[at] = x + k * h;
            }
            Ok(point.value(function)?)
        };
        let difference = (8.0 * (f(1.0)? - f(-1.0)?) - (f(2.0)? - f(-2.0)?)) / (12.0 * h);
        // Two estimates agree by chance where rounding alone is left: that counts as its size.
        let change = larger((difference - before).abs(), f64::EPSILON * scale / h);
        if change < disagreement {
            (best, disagreement) = (difference, change);
        }
        before = difference;
    }
    if let Some(values) = point.reals(name) {
        values[at] = x;
    }
    Ok(best)
}
