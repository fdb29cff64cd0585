//! Optimisers, and how those of first order make a step of the parameters from a gradient.
//!
//! Reads flat slices of parameters and gradients. Must not know models, names or data.

use crate::model::Real;

/// How the parameters are changed to make the loss smaller.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Optimizer {
    /// A step along the gradient of one batch.
    FirstOrder(FirstOrder),
    /// Limited-memory BFGS with a line search over all rows, see [`Lbfgs`](super::Lbfgs).
    Lbfgs {
        /// How many past steps it remembers.
        history: usize,
    },
    /// For losses that are sums of squares, see [`LevenbergMarquardt`](super::LevenbergMarquardt).
    LevenbergMarquardt,
}

impl Optimizer {
    /// The same with another step length; none for one that finds its own.
    pub fn with_rate(self, rate: f64) -> Option<Optimizer> {
        match self {
            Optimizer::FirstOrder(rule) => Some(Optimizer::FirstOrder(rule.with_rate(rate))),
            Optimizer::Lbfgs { .. } | Optimizer::LevenbergMarquardt => None,
        }
    }
}

impl Default for Optimizer {
    fn default() -> Optimizer {
        Optimizer::FirstOrder(FirstOrder::ADAM)
    }
}

impl From<FirstOrder> for Optimizer {
    fn from(rule: FirstOrder) -> Optimizer {
        Optimizer::FirstOrder(rule)
    }
}

/// An update rule with its constants. Rates are positive; decay constants lie in `[0, 1)`. Defaults and details, such as
/// what is inside of a root, are those of `torch.optim`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FirstOrder {
    /// x ← x − rate · g. Gradient descent over all rows, stochastic gradient descent over batches.
    Descent {
        /// Step length.
        rate: f64,
    },
    /// v ← beta · v + g, x ← x − rate · v, from v = 0 (Polyak 1964, in the form of Sutskever et al. 2013).
    Momentum {
        /// Step length.
        rate: f64,
        /// How much of the velocity is kept.
        beta: f64,
        /// Nesterov's form: x ← x − rate · (g + beta · v), with the new v.
        nesterov: bool,
    },
    /// s ← s + g², x ← x − rate · g / (√s + ε) (Duchi, Hazan and Singer 2011).
    Adagrad {
        /// Step length.
        rate: f64,
        /// Added to the root, against division by 0.
        epsilon: f64,
    },
    /// Adagrad with a running mean in place of the sum (Tieleman and Hinton 2012): v ← beta · v + (1 − beta) · g².
    RmsProp {
        /// Step length.
        rate: f64,
        /// Decay of the running mean of squared gradients.
        beta: f64,
        /// Added to the root, against division by 0.
        epsilon: f64,
    },
    /// Steps in the unit of the parameters (Zeiler 2012): d = √(u + ε) / √(v + ε) · g, x ← x − rate · d, with running
    /// means v of g² and u of d².
    Adadelta {
        /// Factor of the step.
        rate: f64,
        /// Decay of both running means.
        beta: f64,
        /// Added under both roots; also begins the first steps.
        epsilon: f64,
    },
    /// Adam (Kingma and Ba 2015, algorithm 1): a step of length `rate` scaled by bias-corrected running means of the
    /// gradient and of its square. With `decay` above 0 it is AdamW (Loshchilov and Hutter 2019): x is first made smaller
    /// by rate · decay · x, which is no part of the gradient.
    Adam {
        /// Step length.
        rate: f64,
        /// Decay of the running mean of gradients.
        beta1: f64,
        /// Decay of the running mean of squared gradients.
        beta2: f64,
        /// Added to the root, against division by 0.
        epsilon: f64,
        /// Weight decay.
        decay: f64,
    },
}

impl FirstOrder {
    /// Adam with the constants its authors propose: rate 0.001, 0.9, 0.999, 1e-8, and no decay.
    pub const ADAM: FirstOrder = FirstOrder::Adam { rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.0 };

    /// The step length.
    pub fn rate(mut self) -> f64 {
        *self.rate_mut()
    }

    /// The same rule with another step length.
    pub fn with_rate(mut self, new: f64) -> FirstOrder {
        *self.rate_mut() = new;
        self
    }

    fn rate_mut(&mut self) -> &mut f64 {
        match self {
            FirstOrder::Descent { rate }
            | FirstOrder::Momentum { rate, .. }
            | FirstOrder::Adagrad { rate, .. }
            | FirstOrder::RmsProp { rate, .. }
            | FirstOrder::Adadelta { rate, .. }
            | FirstOrder::Adam { rate, .. } => rate,
        }
    }
}

/// A rule at work on one parameter vector, with what it remembers between steps.
///
/// ```
/// use nnc::fit::{FirstOrder, Stepper};
///
/// // Minimise (x - 3)^2 / 2, whose gradient is x - 3.
/// let mut x = [0.0f64];
/// let mut stepper = Stepper::new(FirstOrder::Descent { rate: 0.5 }, 1);
/// for _ in 0..60 {
///     let gradient = [x[0] - 3.0];
///     stepper.step(&mut x, &gradient);
/// }
/// assert!((x[0] - 3.0).abs() < 1e-12);
/// ```
#[derive(Clone, Debug)]
pub struct Stepper<R> {
    rule: FirstOrder,
    steps: i32,
    first: Vec<R>,
    second: Vec<R>,
}

impl<R: Real> Stepper<R> {
    /// A rule for `count` parameters, before its first step.
    pub fn new(rule: FirstOrder, count: usize) -> Stepper<R> {
        let (first, second) = match rule {
            FirstOrder::Descent { .. } => (0, 0),
            FirstOrder::Momentum { .. } | FirstOrder::Adagrad { .. } | FirstOrder::RmsProp { .. } => (count, 0),
            FirstOrder::Adadelta { .. } | FirstOrder::Adam { .. } => (count, count),
        };
        Stepper { rule, steps: 0, first: vec![R::ZERO; first], second: vec![R::ZERO; second] }
    }

    /// Moves the parameters one step. Both slices have the length given to [`Stepper::new`]; elements beyond the
    /// shortest are left alone.
    pub fn step(&mut self, parameters: &mut [R], gradient: &[R]) {
        self.scaled_step(parameters, gradient, 1.0);
    }

    /// A step whose rate is that of the rule times `factor`.
    pub fn scaled_step(&mut self, parameters: &mut [R], gradient: &[R], factor: f64) {
        self.steps = self.steps.saturating_add(1);
        let rate = self.rule.rate() * factor;
        let of = R::from_f64;
        let both = parameters.iter_mut().zip(gradient);
        match self.rule {
            FirstOrder::Descent { .. } => {
                let rate = of(rate);
                both.for_each(|(x, g)| *x = *x - rate * *g);
            }
            FirstOrder::Momentum { beta, nesterov, .. } => {
                let (rate, beta) = (of(rate), of(beta));
                for ((x, g), v) in both.zip(&mut self.first) {
                    *v = beta * *v + *g;
                    *x = *x - rate * if nesterov { *g + beta * *v } else { *v };
                }
            }
            FirstOrder::Adagrad { epsilon, .. } => {
                let (rate, epsilon) = (of(rate), of(epsilon));
                for ((x, g), sum) in both.zip(&mut self.first) {
                    *sum += *g * *g;
                    *x = *x - rate * *g / (sum.sqrt() + epsilon);
                }
            }
            FirstOrder::RmsProp { beta, epsilon, .. } => {
                let (rate, epsilon, keep, take) = (of(rate), of(epsilon), of(beta), of(1.0 - beta));
                for ((x, g), v) in both.zip(&mut self.first) {
                    *v = keep * *v + take * (*g * *g);
                    *x = *x - rate * *g / (v.sqrt() + epsilon);
                }
            }
            FirstOrder::Adadelta { beta, epsilon, .. } => {
                let (rate, epsilon, keep, take) = (of(rate), of(epsilon), of(beta), of(1.0 - beta));
                for ((x, g), (v, u)) in both.zip(self.first.iter_mut().zip(&mut self.second)) {
                    *v = keep * *v + take * (*g * *g);
                    let d = (*u + epsilon).sqrt() / (*v + epsilon).sqrt() * *g;
                    *u = keep * *u + take * (d * d);
                    *x = *x - rate * d;
                }
            }
            FirstOrder::Adam { beta1, beta2, epsilon, decay, .. } => {
                // The bias corrections are folded into two numbers per step:
                // rate m̂ / (√v̂ + ε) = scale m / (√v · root + ε).
                let scale = of(rate / (1.0 - beta1.powi(self.steps)));
                let root = of(1.0 / (1.0 - beta2.powi(self.steps)).sqrt());
                let (keep1, take1) = (of(beta1), of(1.0 - beta1));
                let (keep2, take2) = (of(beta2), of(1.0 - beta2));
                let epsilon = of(epsilon);
                let shrink = of(1.0 - rate * decay);
                for ((x, g), (m, v)) in both.zip(self.first.iter_mut().zip(&mut self.second)) {
                    *m = keep1 * *m + take1 * *g;
                    *v = keep2 * *v + take2 * (*g * *g);
                    *x = shrink * *x - scale * *m / (v.sqrt() * root + epsilon);
                }
            }
        }
    }

    /// How many steps have been taken.
    pub fn steps(&self) -> i32 {
        self.steps
    }
}

/// Cuts every element to `-bound..=bound`. NaN stays NaN.
pub fn clip_value<R: Real>(gradient: &mut [R], bound: f64) {
    let bound = R::from_f64(bound);
    for g in gradient {
        *g = if *g > bound {
            bound
        } else if *g < -bound {
            -bound
        } else {
            *g
        };
    }
}

/// Scales the vector down to Euclidean length `bound` if it is longer (Pascanu et al. 2013). Returns its length before.
pub fn clip_norm<R: Real>(gradient: &mut [R], bound: f64) -> f64 {
    let norm = norm(gradient);
    if norm > bound && norm.is_finite() {
        let scale = R::from_f64(bound / norm);
        for g in gradient {
            *g = *g * scale;
        }
    }
    norm
}

/// Euclidean length, summed in f64.
pub fn norm<R: Real>(values: &[R]) -> f64 {
    values.iter().map(|v| v.to_f64() * v.to_f64()).sum::<f64>().sqrt()
}

/// Whether every element is finite.
pub fn all_finite<R: Real>(values: &[R]) -> bool {
    // 0 · x is 0 for finite x and NaN otherwise; eight sums, so that the loop needs no order and can use vectors.
    let mut sums = [R::ZERO; 8];
    let (chunks, rest) = values.as_chunks::<8>();
    for chunk in chunks {
        for (sum, v) in sums.iter_mut().zip(chunk) {
            *sum += R::ZERO * *v;
        }
    }
    sums.iter().all(|s| s.is_finite()) && rest.iter().all(|v| v.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The problem of `tests/reference/fit/optimizers.py`, which printed every expected number below.
    fn trace<R: Real>(rule: FirstOrder, steps: usize) -> Vec<[f64; 2]> {
        let mut x = [R::from_f64(1.0), R::from_f64(-2.0)];
        let mut stepper = Stepper::new(rule, 2);
        let mut out = vec![];
        for _ in 0..steps {
            let g = [x[0], R::from_f64(10.0) * x[1]];
            stepper.step(&mut x, &g);
            out.push([x[0].to_f64(), x[1].to_f64()]);
        }
        out
    }

    fn check(got: [f64; 2], expected: [f64; 2], tolerance: f64) {
        for (g, e) in got.iter().zip(expected) {
            assert!((g - e).abs() <= tolerance * e.abs(), "{got:?} is not {expected:?}");
        }
    }

    #[test]
    fn descent_follows_the_published_formula() {
        // Exact in binary: every number here is a sum of few powers of two.
        let got = trace::<f64>(FirstOrder::Descent { rate: 0.0625 }, 3);
        assert_eq!(got, [[0.9375, -0.75], [0.87890625, -0.28125], [0.823974609375, -0.10546875]]);
        assert_eq!(trace::<f32>(FirstOrder::Descent { rate: 0.0625 }, 3), got);
    }

    #[test]
    fn momentum_follows_the_published_formula() {
        let expected = [[0.99, -1.8], [0.9711, -1.44], [0.944379, -0.972], [0.91088631, -0.4536]];
        let rule = FirstOrder::Momentum { rate: 0.01, beta: 0.9, nesterov: false };
        for (step, e) in expected.into_iter().enumerate() {
            check(trace::<f64>(rule, 4)[step], e, 1e-14);
            check(trace::<f32>(rule, 4)[step], e, 1e-6);
        }
    }

    #[test]
    fn adam_follows_the_published_formula() {
        let rule = FirstOrder::ADAM.with_rate(0.1);
        let expected = [
            (1, [0.900_000_001, -1.900_000_000_05]),
            (2, [0.800_412_229_712_337_4, -1.800_166_485_711_387]),
            (3, [0.701_586_274_504_414_2, -1.700_623_391_433_945_5]),
            (10, [0.076_249_160_619_753_98, -1.024_586_835_707_36]),
        ];
        for (step, e) in expected {
            check(trace::<f64>(rule, 10)[step - 1], e, 1e-13);
            check(trace::<f32>(rule, 10)[step - 1], e, 1e-5);
        }
    }

    #[test]
    fn adam_moves_by_the_rate_whatever_the_scale_of_the_gradient() {
        // Step 1 of Adam is rate · g / (|g| + ε) (Kingma and Ba 2015, section 2.1).
        for g in [1e-3, 1.0, 1e6] {
            let mut x = [0.0f64];
            Stepper::new(FirstOrder::ADAM, 1).step(&mut x, &[g]);
            assert!((x[0] + 1e-3 * g / (g + 1e-8)).abs() < 1e-17, "{} for {g}", x[0]);
        }
    }

    #[test]
    fn clipping_keeps_direction_and_bounds() {
        let mut g = [3.0f64, -4.0];
        assert_eq!(clip_norm(&mut g, 10.0), 5.0);
        assert_eq!(g, [3.0, -4.0]);
        assert_eq!(clip_norm(&mut g, 1.0), 5.0);
        assert!((g[0] - 0.6).abs() < 1e-15 && (g[1] + 0.8).abs() < 1e-15);
        let mut g = [3.0f32, -4.0, 0.5, f32::NAN];
        clip_value(&mut g, 1.0);
        assert_eq!(g[..3], [1.0, -1.0, 0.5]);
        assert!(g[3].is_nan());
    }

    #[test]
    fn non_finite_values_are_found_anywhere() {
        for length in [1, 7, 8, 9, 40] {
            let good = vec![1.0f32; length];
            assert!(all_finite(&good));
            for at in 0..length {
                for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                    let mut values = good.clone();
                    values[at] = bad;
                    assert!(!all_finite(&values), "{bad} at {at} of {length}");
                }
            }
        }
        // A sum of large finite values must not be mistaken for an overflow.
        assert!(all_finite(&[f32::MAX; 100]));
    }
}
