//! Eigenvalues and eigenvectors of symmetric matrices: Householder's reduction to three diagonals, then QL iterations with
//! implicit shifts (Wilkinson and Reinsch, Handbook for Automatic Computation, contributions II/2 and II/4).

use super::scalar::{Scalar, largest};

/// Steps for one eigenvalue; two or three are usual.
const MOST_STEPS: usize = 60;

/// The eigenvalues of a symmetric matrix in ascending order, written to `values`; reads the lower triangle. NaN if an
/// element is not finite. `work` has room for n elements.
pub fn eigenvalues<T: Scalar>(values: &mut [T], a: &mut [T], work: &mut [T], n: usize) {
    if !(is_finite(a, n) && tridiagonal(a, values, work, n, false) && iterate(None, values, work, n)) {
        values.fill(T::NAN);
    }
}

/// The eigenvectors of a symmetric matrix as the columns, in the order of [`eigenvalues`], in its place; reads the lower
/// triangle. Each has the length 1, and the first of its largest elements (up to rounding) is positive. NaN if an element
/// is not finite. `work` has room for 2 n elements.
pub fn eigenvectors<T: Scalar>(a: &mut [T], work: &mut [T], n: usize) {
    let (values, work) = work.split_at_mut(n);
    if !(is_finite(a, n) && tridiagonal(a, values, work, n, true) && iterate(Some(a), values, work, n)) {
        a.fill(T::NAN);
        return;
    }
    for j in 0..n {
        let largest =
            (0..n).fold(T::ZERO, |l, i| if a[i * n + j].magnitude() > l { a[i * n + j].magnitude() } else { l });
        // Elements that differ by rounding alone count as equal.
        let near = largest * (T::ONE - T::of(1e3) * T::EPSILON);
        let first = (0..n).find(|i| a[i * n + j].magnitude() >= near);
        if first.is_some_and(|i| a[i * n + j] < T::ZERO) {
            (0..n).for_each(|i| a[i * n + j] = -a[i * n + j]);
        }
    }
}

fn is_finite<T: Scalar>(a: &[T], n: usize) -> bool {
    (0..n).all(|i| largest(&a[i * n..=i * n + i]).finite())
}

/// Brings the matrix to three diagonals, `d` and `e` (from 1 on). With `vectors` it becomes the product of the reflections.
/// False if the squares of elements overflow.
fn tridiagonal<T: Scalar>(a: &mut [T], d: &mut [T], e: &mut [T], n: usize, vectors: bool) -> bool {
    if n == 0 {
        return true;
    }
    d.copy_from_slice(&a[(n - 1) * n..]);
    for i in (1..n).rev() {
        let scale = d[..i].iter().fold(T::ZERO, |s, x| s + x.magnitude());
        let mut h = T::ZERO;
        if scale == T::ZERO {
            e[i] = d[i - 1];
            for j in 0..i {
                d[j] = a[(i - 1) * n + j];
                a[i * n + j] = T::ZERO;
                a[j * n + i] = T::ZERO;
            }
        } else {
            for x in &mut d[..i] {
                *x = *x / scale;
                h = h + *x * *x;
            }
            let head = d[i - 1];
            let g = if head > T::ZERO { -h.root() } else { h.root() };
            e[i] = scale * g;
            h = h - head * g;
            d[i - 1] = head - g;
            e[..i].fill(T::ZERO);
            for j in 0..i {
                let x = d[j];
                a[j * n + i] = x;
                let mut sum = e[j] + a[j * n + j] * x;
                for k in j + 1..i {
                    sum = sum + a[k * n + j] * d[k];
                    e[k] = e[k] + a[k * n + j] * x;
                }
                e[j] = sum;
            }
            let mut sum = T::ZERO;
            for j in 0..i {
                e[j] = e[j] / h;
                sum = sum + e[j] * d[j];
            }
            let half = sum / (h + h);
            for j in 0..i {
                e[j] = e[j] - half * d[j];
            }
            for j in 0..i {
                let (f, g) = (d[j], e[j]);
                for k in j..i {
                    a[k * n + j] = a[k * n + j] - (f * e[k] + g * d[k]);
                }
                d[j] = a[(i - 1) * n + j];
                a[i * n + j] = T::ZERO;
            }
        }
        d[i] = h;
    }
    if vectors {
        for i in 0..n - 1 {
            a[(n - 1) * n + i] = a[i * n + i];
            a[i * n + i] = T::ONE;
            let h = d[i + 1];
            if h != T::ZERO {
                for k in 0..=i {
                    d[k] = a[k * n + i + 1] / h;
                }
                for j in 0..=i {
                    let sum = (0..=i).fold(T::ZERO, |s, k| s + a[k * n + i + 1] * a[k * n + j]);
                    for k in 0..=i {
                        a[k * n + j] = a[k * n + j] - sum * d[k];
                    }
                }
            }
            (0..=i).for_each(|k| a[k * n + i + 1] = T::ZERO);
        }
        for j in 0..n {
            d[j] = a[(n - 1) * n + j];
            a[(n - 1) * n + j] = T::ZERO;
        }
        a[n * n - 1] = T::ONE;
    } else {
        (0..n).for_each(|i| d[i] = a[i * n + i]);
    }
    e[0] = T::ZERO;
    d.iter().chain(e.iter()).all(|x| x.finite())
}

/// Makes the diagonal `d` the eigenvalues, in ascending order; `vectors` follow. False if that does not converge.
fn iterate<T: Scalar>(mut vectors: Option<&mut [T]>, d: &mut [T], e: &mut [T], n: usize) -> bool {
    if n == 0 {
        return true;
    }
    e.rotate_left(1);
    let (mut shift, mut size) = (T::ZERO, T::ZERO);
    let two = T::ONE + T::ONE;
    for l in 0..n {
        let here = d[l].magnitude() + e[l].magnitude();
        if here > size {
            size = here;
        }
        // The last element of `e` is 0.
        let small = |x: T| x.magnitude() <= T::EPSILON * size;
        let m = (l..n).find(|m| small(e[*m])).unwrap_or(n - 1);
        // Nothing is left to do for this one where it is apart from the others.
        let mut open = m > l;
        let mut steps = 0;
        while open {
            steps += 1;
            if steps > MOST_STEPS {
                return false;
            }
            let g = d[l];
            let p = (d[l + 1] - g) / (two * e[l]);
            let r = p.hypotenuse(T::ONE);
            let r = if p < T::ZERO { -r } else { r };
            d[l] = e[l] / (p + r);
            d[l + 1] = e[l] * (p + r);
            let next = d[l + 1];
            let h = g - d[l];
            (l + 2..n).for_each(|i| d[i] = d[i] - h);
            shift = shift + h;
            let mut p = d[m];
            let (mut c, mut c2, mut c3) = (T::ONE, T::ONE, T::ONE);
            let first = e[l + 1];
            let (mut s, mut s2) = (T::ZERO, T::ZERO);
            for i in (l..m).rev() {
                (c3, c2, s2) = (c2, c, s);
                let g = c * e[i];
                let h = c * p;
                let r = p.hypotenuse(e[i]);
                e[i + 1] = s * r;
                s = e[i] / r;
                c = p / r;
                p = c * d[i] - s * g;
                d[i + 1] = h + s * (c * g + s * d[i]);
                if let Some(v) = vectors.as_deref_mut() {
                    for row in v.chunks_exact_mut(n) {
                        let h = row[i + 1];
                        row[i + 1] = s * row[i] + c * h;
                        row[i] = c * row[i] - s * h;
                    }
                }
            }
            p = -s * s2 * c3 * first * e[l] / next;
            e[l] = s * p;
            d[l] = c * p;
            if !p.finite() {
                return false;
            }
            open = !small(e[l]);
        }
        d[l] = d[l] + shift;
        e[l] = T::ZERO;
    }
    for i in 0..n {
        let mut least = i;
        for j in i + 1..n {
            if d[j] < d[least] {
                least = j;
            }
        }
        if least != i {
            d.swap(i, least);
            if let Some(v) = vectors.as_deref_mut() {
                v.chunks_exact_mut(n).for_each(|row| row.swap(i, least));
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::scalar::tests::{Numbers, orthonormal_columns};
    use super::*;

    /// A V = V Λ with orthonormal V, ascending Λ, the same without vectors.
    fn check<T: Scalar + Into<f64>>(a: &[T], n: usize) {
        let (mut v, mut work) = (a.to_vec(), vec![T::ZERO; 2 * n]);
        eigenvectors(&mut v, &mut work, n);
        let mut values = vec![T::ZERO; n];
        eigenvalues(&mut values, &mut a.to_vec(), &mut work[..n], n);
        assert!(values.windows(2).all(|w| w[0] <= w[1]));
        let number = |x: T| -> f64 { x.into() };
        let epsilon = number(T::EPSILON) * 20.0 * (n as f64);
        orthonormal_columns(&v, n, n, epsilon);
        let size = number(largest(a));
        for i in 0..n {
            for j in 0..n {
                let left: f64 = (0..n).map(|k| number(a[i.max(k) * n + i.min(k)]) * number(v[k * n + j])).sum();
                let right = number(values[j]) * number(v[i * n + j]);
                assert!((left - right).abs() <= epsilon * size, "{n}: {left} {right}");
            }
        }
    }

    fn check_all<T: Scalar + Into<f64>>() {
        let mut numbers = Numbers(1);
        for n in 0..24 {
            let random: Vec<T> = (0..n * n).map(|_| T::of(numbers.next())).collect();
            check(&random, n);
            // Many equal eigenvalues, of a reflection; all of a multiple of 1; elements of very different sizes.
            let at = |i: usize, j: usize| if i == j { 1.0 } else { 0.0 };
            let u: Vec<f64> = (0..n).map(|_| numbers.next()).collect();
            let length: f64 = u.iter().map(|x| x * x).sum();
            let of =
                |f: &dyn Fn(usize, usize) -> f64| -> Vec<T> { (0..n * n).map(|k| T::of(f(k / n, k % n))).collect() };
            check(&of(&|i, j| at(i, j) - 2.0 * u[i] * u[j] / length), n);
            check(&of(&|i, j| 3.0 * at(i, j)), n);
            check(&of(&|_, _| 0.0), n);
            check(&of(&|i, j| u[i] * u[j] * 10f64.powi(-((i + j) as i32) / 2)), n);
            check(&of(&|i, j| 1.0 / (i + j + 1) as f64), n);
            check(&of(&|i, j| if i.abs_diff(j) == 1 { 1.0 } else { 0.0 }), n);
        }
        check(&[T::of(1e30), T::of(1e20), T::of(1e20), T::of(-1e30)], 2);
        check(&[T::of(1e-30), T::of(1e-33), T::of(1e-33), T::of(-1e-30)], 2);
    }

    #[test]
    fn vectors_are_turned_into_multiples() {
        check_all::<f64>();
        check_all::<f32>();
    }
}
