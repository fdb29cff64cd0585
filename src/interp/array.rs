//! Dense arrays with named axes, and walking several of them in step.
//!
//! Reads axes. Must not know what is computed.

use crate::graph::Axis;

/// A dense array, row-major in the order of its axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// The order of the axes.
    pub axes: Vec<Axis>,
    /// The elements.
    pub data: Vec<f64>,
}

impl Array {
    pub(super) fn scalar(value: f64) -> Array {
        Array { axes: vec![], data: vec![value] }
    }
}

/// Row-major strides of an array of these sizes.
pub(super) fn row_major(sizes: &[usize]) -> Vec<usize> {
    let mut steps = vec![1; sizes.len()];
    for i in (1..sizes.len()).rev() {
        steps[i - 1] = steps[i] * sizes[i];
    }
    steps
}

/// Visits all points of a box in row-major order with one offset per array.
pub(super) struct Walk<'a> {
    sizes: &'a [usize],
    steps: &'a [Vec<usize>],
}

impl<'a> Walk<'a> {
    pub(super) fn new(sizes: &'a [usize], steps: &'a [Vec<usize>]) -> Walk<'a> {
        Walk { sizes, steps }
    }

    pub(super) fn each(&self, mut visit: impl FnMut(&[usize])) {
        if self.sizes.contains(&0) {
            return;
        }
        let mut offsets = vec![0; self.steps.len()];
        let mut point = vec![0; self.sizes.len()];
        loop {
            visit(&offsets);
            let mut level = self.sizes.len();
            loop {
                if level == 0 {
                    return;
                }
                level -= 1;
                point[level] += 1;
                for (o, s) in offsets.iter_mut().zip(self.steps) {
                    *o += s[level];
                }
                if point[level] < self.sizes[level] {
                    break;
                }
                for (o, s) in offsets.iter_mut().zip(self.steps) {
                    *o -= s[level] * self.sizes[level];
                }
                point[level] = 0;
            }
        }
    }
}
