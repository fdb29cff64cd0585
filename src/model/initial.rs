//! How parameters start: the initialisers of the language, drawn from one documented stream per parameter.
//!
//! Reads initialisers and shapes. Must not know graphs or data.

use super::Real;
use crate::graph::Initializer;
use crate::random::{Purpose, Stream};

/// How many inputs one output of a parameter has, and how many outputs one input, by its shape:
/// a scalar 1 and 1; `[n]`, the weights of one output, n and 1; `[in, out]`; `[out, in, window…]` with three or more
/// axes, where both are multiplied by the size of the window, as in convolutions.
///
/// ```
/// use nnc::model::fans;
/// assert_eq!(fans(&[64, 128]), (64.0, 128.0));
/// assert_eq!(fans(&[16, 3, 5, 5]), (75.0, 400.0));
/// ```
pub fn fans(shape: &[usize]) -> (f64, f64) {
    match *shape {
        [] => (1.0, 1.0),
        [n] => (n as f64, 1.0),
        [fan_in, fan_out] => (fan_in as f64, fan_out as f64),
        [fan_out, fan_in, ref window @ ..] => {
            let window: f64 = window.iter().map(|w| *w as f64).product();
            (fan_in as f64 * window, fan_out as f64 * window)
        }
    }
}

/// Fills `out`, the row-major values of the parameter `name` of this shape, whose first `family` axes count members of
/// families, each of which starts by itself. Random values depend on the seed, the name and the place alone, so another
/// parameter may come or go without changing them. [`Initializer::Natural`] is 0 here; see
/// [`FreeForm::start`](super::FreeForm::start) for constrained parameters, and
/// [`FreeForm::with_starts`](super::FreeForm::with_starts) for values from files, which are NaN here.
pub fn initialize<R: Real>(
    initializer: &Initializer,
    name: &str,
    shape: &[usize],
    family: usize,
    seed: u64,
    out: &mut [R],
) {
    let mut stream = Stream::named(seed, Purpose::InitialValue, name);
    let shape = shape.get(family..).unwrap_or(&[]);
    let count: usize = shape.iter().product();
    for member in out.chunks_mut(count.max(1)) {
        start(initializer, &mut stream, shape, member);
    }
}

fn start<R: Real>(initializer: &Initializer, stream: &mut Stream, shape: &[usize], out: &mut [R]) {
    let (fan_in, fan_out) = fans(shape);
    let mut normal = |std: f64, out: &mut [R]| out.iter_mut().for_each(|o| *o = R::from_f64(std * stream.normal()));
    match initializer {
        Initializer::Constant(value) => out.fill(R::from_f64(*value)),
        Initializer::Natural => out.fill(R::ZERO),
        Initializer::File { .. } => out.fill(R::from_f64(f64::NAN)),
        Initializer::Orthogonal => orthogonal(stream, shape, out),
        Initializer::Values(values) => {
            debug_assert_eq!(values.len(), out.len(), "lowering checks the shape of given values");
            for (to, from) in out.iter_mut().zip(values) {
                *to = R::from_f64(*from);
            }
        }
        Initializer::Normal { std } => normal(*std, out),
        Initializer::GlorotNormal => normal((2.0 / (fan_in + fan_out)).sqrt(), out),
        Initializer::HeNormal => normal((2.0 / fan_in).sqrt(), out),
        Initializer::Uniform { low, high } => uniform(stream, *low, *high, out),
        // Uniform on (-a, a) has variance a² / 3.
        Initializer::GlorotUniform => {
            let bound = (6.0 / (fan_in + fan_out)).sqrt();
            uniform(stream, -bound, bound, out);
        }
        Initializer::HeUniform => {
            let bound = (6.0 / fan_in).sqrt();
            uniform(stream, -bound, bound, out);
        }
    }
}

/// The first axis against the rest, or for up to two axes rows against columns: the shorter side is orthonormal. Normal
/// draws, orthogonalised one after the other with the length along its own direction positive, which is the QR
/// decomposition with a positive diagonal; twice, because once is not enough in floating point.
fn orthogonal<R: Real>(stream: &mut Stream, shape: &[usize], out: &mut [R]) {
    let rows = shape.first().copied().unwrap_or(1).max(1);
    let columns = (out.len() / rows).max(1);
    let (count, length) = if rows <= columns { (rows, columns) } else { (columns, rows) };
    let mut basis: Vec<Vec<f64>> = vec![];
    for _ in 0..count {
        let mut v: Vec<f64> = (0..length).map(|_| stream.normal()).collect();
        for _ in 0..2 {
            for b in &basis {
                let along: f64 = v.iter().zip(b).map(|(x, y)| x * y).sum();
                v.iter_mut().zip(b).for_each(|(x, y)| *x -= along * y);
            }
        }
        let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        v.iter_mut().for_each(|x| *x /= norm);
        basis.push(v);
    }
    for (i, o) in out.iter_mut().enumerate() {
        let (row, column) = (i / columns, i % columns);
        *o = R::from_f64(if rows <= columns { basis[row][column] } else { basis[column][row] });
    }
}

fn uniform<R: Real>(stream: &mut Stream, low: f64, high: f64, out: &mut [R]) {
    for o in out {
        *o = R::from_f64(low + (high - low) * stream.uniform());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(initializer: Initializer, name: &str, shape: &[usize], seed: u64) -> Vec<f64> {
        let mut out = vec![f64::NAN; shape.iter().product()];
        initialize(&initializer, name, shape, 0, seed, &mut out);
        out
    }

    #[test]
    fn given_values_are_taken_as_they_are() {
        assert_eq!(draw(Initializer::Constant(2.5), "b", &[3], 0), [2.5; 3]);
        assert_eq!(draw(Initializer::Values(vec![1.0, -2.0]), "b", &[2], 0), [1.0, -2.0]);
    }

    /// Mean 0 and the stated variance, within five standard errors: σ²/n for the mean, (κ - 1) σ⁴/n for the variance
    /// with κ = 3 (normal) or 9/5 (uniform). Uniform values stay below σ √3.
    fn check_moments(initializer: Initializer, shape: &[usize], variance: f64, is_uniform: bool) {
        let values = draw(initializer.clone(), "W", shape, 11);
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let second = values.iter().map(|v| v * v).sum::<f64>() / n;
        let kurtosis = if is_uniform { 1.8 } else { 3.0 };
        assert!(mean.abs() < 5.0 * (variance / n).sqrt(), "{initializer:?}: mean {mean}");
        let bound = 5.0 * variance * ((kurtosis - 1.0) / n).sqrt();
        assert!((second - variance).abs() < bound, "{initializer:?}: variance {second}, expected {variance}");
        if is_uniform {
            let largest = (3.0 * variance).sqrt();
            assert!(values.iter().all(|v| v.abs() <= largest), "{initializer:?} leaves its interval");
        }
    }

    #[test]
    fn random_starts_have_the_published_variances() {
        // Glorot and Bengio 2010, equations 12 and 16: 2 / (in + out); He et al. 2015, equation 10: 2 / in.
        check_moments(Initializer::GlorotUniform, &[300, 200], 2.0 / 500.0, true);
        check_moments(Initializer::GlorotNormal, &[300, 200], 2.0 / 500.0, false);
        check_moments(Initializer::HeUniform, &[300, 200], 2.0 / 300.0, true);
        check_moments(Initializer::HeNormal, &[300, 200], 2.0 / 300.0, false);
        check_moments(Initializer::HeNormal, &[64, 32, 5, 5], 2.0 / (32.0 * 25.0), false);
        check_moments(Initializer::GlorotNormal, &[64, 32, 5, 5], 2.0 / (96.0 * 25.0), false);
        check_moments(Initializer::Normal { std: 0.02 }, &[50_000], 0.0004, false);
        check_moments(Initializer::Uniform { low: -3.0, high: 3.0 }, &[50_000], 3.0, true);
    }

    #[test]
    fn the_start_depends_on_seed_and_name_alone() {
        let base = draw(Initializer::HeNormal, "W1", &[4, 5], 0);
        assert_eq!(base, draw(Initializer::HeNormal, "W1", &[4, 5], 0));
        assert_ne!(base, draw(Initializer::HeNormal, "W2", &[4, 5], 0));
        assert_ne!(base, draw(Initializer::HeNormal, "W1", &[4, 5], 1));
    }

    #[test]
    fn single_precision_rounds_the_same_draws() {
        let wide = draw(Initializer::HeNormal, "W", &[6, 7], 5);
        let mut narrow = vec![0.0f32; 42];
        initialize(&Initializer::HeNormal, "W", &[6, 7], 0, 5, &mut narrow);
        assert!(wide.iter().zip(&narrow).all(|(w, n)| *w as f32 == *n));
    }
}
