//! The exponential of a matrix: balanced by powers of two, scaled, a Padé quotient of degree 13, squared again.
//!
//! Higham, The Scaling and Squaring Method for the Matrix Exponential Revisited, SIAM J. Matrix Anal. Appl. 26 (2005).
//! Balancing (Parlett and Reinsch 1969) matters for derivatives: in [[A, E], [0, A]] the direction E may be of another size
//! than A, and must not decide how often is squared.

use super::scalar::{Scalar, largest, multiply};
use super::systems::solve;

/// Up to this 1-norm the quotient is exact to rounding (table 2.3 there).
const LARGEST_NORM: f64 = 5.371920351148152;

/// The coefficients of the quotient.
const PADE: [f64; 14] = [
    64764752532480000.0,
    32382376266240000.0,
    7771770303897600.0,
    1187353796428800.0,
    129060195264000.0,
    10559470521600.0,
    670442572800.0,
    33522128640.0,
    1323241920.0,
    40840800.0,
    960960.0,
    16380.0,
    182.0,
    1.0,
];

/// e^A in place of A; NaN if an element is not finite. `work` has room for 5 n² + n elements.
pub fn exponential<T: Scalar>(a: &mut [T], work: &mut [T], n: usize) {
    if n == 0 {
        return;
    }
    if !largest(a).finite() {
        a.fill(T::NAN);
        return;
    }
    let (scales, work) = work.split_at_mut(n);
    balance(a, scales, n);
    let norm = (0..n).fold(T::ZERO, |most, j| {
        let sum = (0..n).fold(T::ZERO, |sum, i| sum + a[i * n + j].magnitude());
        if sum > most { sum } else { most }
    });
    if !norm.finite() {
        a.fill(T::NAN);
        return;
    }
    let squarings = if norm > T::of(LARGEST_NORM) { (norm / T::of(LARGEST_NORM)).exponent().max(0) } else { 0 };
    let factor = T::power_of_two(-squarings);
    a.iter_mut().for_each(|x| *x = *x * factor);
    let [a2, a4, a6, u, v] = parts(work, n * n);
    multiply(a2, a, a, n);
    multiply(a4, a2, a2, n);
    multiply(a6, a4, a2, n);
    // Coefficients by the largest one: in single precision they are no numbers otherwise.
    let b = |i: usize| T::of(PADE[i] / PADE[0]);
    let sum = |to: &mut [T], a2: &[T], a4: &[T], a6: &[T], c: [usize; 3]| {
        for (i, x) in to.iter_mut().enumerate() {
            *x = b(c[0]) * a6[i] + b(c[1]) * a4[i] + b(c[2]) * a2[i];
        }
    };
    let add = |to: &mut [T], a2: &[T], a4: &[T], a6: &[T], c: [usize; 4]| {
        for (i, x) in to.iter_mut().enumerate() {
            *x = *x + b(c[0]) * a6[i] + b(c[1]) * a4[i] + b(c[2]) * a2[i];
        }
        (0..n).for_each(|i| to[i * n + i] = to[i * n + i] + b(c[3]));
    };
    // u = A (A6 (b13 A6 + b11 A4 + b9 A2) + b7 A6 + b5 A4 + b3 A2 + b1)
    sum(v, a2, a4, a6, [13, 11, 9]);
    multiply(u, a6, v, n);
    add(u, a2, a4, a6, [7, 5, 3, 1]);
    multiply(v, a, u, n);
    u.copy_from_slice(v);
    // v = A6 (b12 A6 + b10 A4 + b8 A2) + b6 A6 + b4 A4 + b2 A2 + b0
    sum(a, a2, a4, a6, [12, 10, 8]);
    multiply(v, a6, a, n);
    add(v, a2, a4, a6, [6, 4, 2, 0]);
    // (v - u) X = v + u
    for i in 0..n * n {
        (a[i], a2[i]) = (v[i] + u[i], v[i] - u[i]);
    }
    solve(a, a2, n, n);
    for _ in 0..squarings {
        multiply(a2, a, a, n);
        a.copy_from_slice(a2);
    }
    for i in 0..n {
        for j in 0..n {
            a[i * n + j] = scales[i] * a[i * n + j] / scales[j];
        }
    }
}

/// Replaces A by D⁻¹ A D with D of powers of two, so that each row is about as large as its column.
fn balance<T: Scalar>(a: &mut [T], scales: &mut [T], n: usize) {
    scales.fill(T::ONE);
    let two = T::of(2.0);
    // Bounds so that quotients of scales stay numbers.
    let (least, most) = (T::power_of_two(-T::HALF_RANGE), T::power_of_two(T::HALF_RANGE));
    for _ in 0..20 {
        let mut done = true;
        for i in 0..n {
            let (mut column, mut row) = (T::ZERO, T::ZERO);
            for j in (0..n).filter(|j| *j != i) {
                column = column + a[j * n + i].magnitude();
                row = row + a[i * n + j].magnitude();
            }
            if !(column + row).finite() || column == T::ZERO && row == T::ZERO {
                continue;
            }
            // Where one of them is 0 the other may have any size: not more than the diagonal, which cannot be scaled.
            let diagonal = a[i * n + i].magnitude();
            if column == T::ZERO || row == T::ZERO {
                if diagonal == T::ZERO {
                    continue;
                }
                (column, row) =
                    (if column == T::ZERO { diagonal } else { column }, if row == T::ZERO { diagonal } else { row });
                if column + row <= T::of(4.0) * diagonal {
                    continue;
                }
            }
            let before = column + row;
            let (mut c, mut r, mut f) = (column, row, T::ONE);
            while c < r / two && scales[i] * f < most {
                (c, r, f) = (c * two, r / two, f * two);
            }
            while c >= r * two && scales[i] * f > least {
                (c, r, f) = (c / two, r * two, f / two);
            }
            if c + r < T::of(0.95) * before && f != T::ONE {
                done = false;
                scales[i] = scales[i] * f;
                for j in (0..n).filter(|j| *j != i) {
                    a[i * n + j] = a[i * n + j] / f;
                    a[j * n + i] = a[j * n + i] * f;
                }
            }
        }
        if done {
            return;
        }
    }
}

fn parts<T, const N: usize>(work: &mut [T], size: usize) -> [&mut [T]; N] {
    let mut rest = work;
    std::array::from_fn(|_| {
        let (part, others) = std::mem::take(&mut rest).split_at_mut(size);
        rest = others;
        part
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(a: &[f64], n: usize) -> Vec<f64> {
        let mut a = a.to_vec();
        exponential(&mut a, &mut vec![0.0; 5 * n * n + n], n);
        a
    }

    fn close(found: &[f64], expected: &[f64], tolerance: f64) {
        for (f, e) in found.iter().zip(expected) {
            assert!((f - e).abs() <= tolerance * e.abs().max(1e-3), "{found:?} instead of {expected:?}");
        }
    }

    /// Rotations, nilpotent, diagonal and triangular matrices have exponentials in closed form.
    #[test]
    fn closed_forms() {
        for angle in [1e-9, 0.5, 3.0, 40.0] {
            let (s, c) = f64::sin_cos(angle);
            close(&of(&[0.0, -angle, angle, 0.0], 2), &[c, -s, s, c], 1e-12);
        }
        close(
            &of(&[0.0, 3.0, 5.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0], 3),
            &[1.0, 3.0, 8.0, 0.0, 1.0, 2.0, 0.0, 0.0, 1.0],
            1e-15,
        );
        close(&of(&[-700.0], 1), &[(-700f64).exp()], 1e-12);
        close(&of(&[0.0; 4], 2), &[1.0, 0.0, 0.0, 1.0], 0.0);
        assert!(of(&[], 0).is_empty());
        assert!(of(&[1.0, f64::NAN, 0.0, 1.0], 2).iter().all(|x| x.is_nan()));
        assert!(!of(&[800.0], 1)[0].is_finite());
    }

    /// A direction of another size than the matrix: [[a, e], [0, a]] has e e^a beside the diagonal.
    #[test]
    fn directions_do_not_decide_the_scale() {
        for e in [1e-12, 1.0, 1e12, 1e100] {
            let grown = 1.5f64.exp();
            close(&of(&[1.5, e, 0.0, 1.5], 2), &[grown, e * grown, 0.0, grown], 1e-13);
        }
        let mut single = [1.5f32, 1e6, 0.0, 1.5];
        exponential(&mut single, &mut [0.0; 22], 2);
        assert!((f64::from(single[0]) - 1.5f64.exp()).abs() < 1e-5, "{single:?}");
    }
}
