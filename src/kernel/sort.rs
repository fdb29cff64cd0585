//! The order of the elements of a vector.
//!
//! Reads nothing. Needs no memory of its own: positions are compared where values are equal, so an order that need not
//! keep equal elements in place keeps them all the same.

use std::cmp::Ordering;

/// The positions of the elements of `x` in ascending order: equal elements, -0 and 0 among them, in the order of their
/// positions; NaN after all numbers.
pub fn argsort<T: Copy + PartialOrd>(order: &mut [u32], x: &[T]) {
    (0..).zip(order.iter_mut()).for_each(|(i, place)| *place = i);
    // Nothing but NaN differs from itself.
    let is_nan = |v: T| v.partial_cmp(&v).is_none();
    order.sort_unstable_by(|i, j| {
        let (a, b) = (x[*i as usize], x[*j as usize]);
        let values = a.partial_cmp(&b).unwrap_or_else(|| is_nan(a).cmp(&is_nan(b)));
        if values == Ordering::Equal { i.cmp(j) } else { values }
    });
}

macro_rules! entries {
    ($t:ident, $argsort:ident) => {
        /// [`argsort`] of the vector at `x`, written to `dst` as labels of 32 bits.
        ///
        /// # Safety
        /// `dst` is valid for n labels, `x` for n elements, they do not overlap and nothing else uses them.
        pub unsafe extern "C" fn $argsort(dst: *mut $t, x: *mut $t, _work: *mut $t, n: usize, _m: usize) {
            // SAFETY: as the caller promises; labels have an alignment of 4, as the buffers of a plan.
            let (order, x) =
                unsafe { (std::slice::from_raw_parts_mut(dst.cast::<u32>(), n), std::slice::from_raw_parts(x, n)) };
            argsort(order, x);
        }
    };
}
entries!(f32, argsort_f32);
entries!(f64, argsort_f64);

#[cfg(test)]
mod tests {
    use super::*;

    fn order(x: &[f64]) -> Vec<u32> {
        let mut order = vec![0; x.len()];
        argsort(&mut order, x);
        order
    }

    #[test]
    fn equal_elements_keep_their_order_and_nan_is_last() {
        assert_eq!(order(&[3.0, 1.0, 2.0]), [1, 2, 0]);
        assert_eq!(order(&[0.0, -0.0, 0.0, -0.0]), [0, 1, 2, 3]);
        assert_eq!(order(&[f64::NAN, 1.0, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY]), [4, 1, 3, 0, 2]);
        assert_eq!(order(&[]), [0; 0]);
        let many: Vec<f64> = (0..1000).map(|i| f64::from(i * 7919 % 5)).collect();
        let sorted = order(&many);
        for pair in sorted.windows(2) {
            let key = |i: u32| (many[i as usize] as i64, i);
            assert!(key(pair[0]) < key(pair[1]));
        }
    }
}
