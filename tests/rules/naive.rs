//! Terms evaluated as they are written, in dual numbers over the full grid of N rows and K columns: no graph, no rules,
//! no canonical form. What is taken by an `if` alone counts, which is what the graph must agree with.

pub const N: usize = 2;
pub const K: usize = 3;
/// Ports: z[N, K], u[N], w[K], in this order.
pub const PARTS: usize = N * K + N + K;

/// A number with its derivatives by every element of the ports.
#[derive(Clone, Copy)]
pub struct Dual {
    pub value: f64,
    pub by: [f64; PARTS],
}

impl Dual {
    pub fn constant(value: f64) -> Dual {
        Dual { value, by: [0.0; PARTS] }
    }

    pub fn variable(value: f64, index: usize) -> Dual {
        let mut by = [0.0; PARTS];
        by[index] = 1.0;
        Dual { value, by }
    }

    /// A function with this value and slope here.
    pub fn map(self, value: f64, slope: f64) -> Dual {
        Dual { value, by: self.by.map(|d| if d == 0.0 { 0.0 } else { slope * d }) }
    }

    pub fn add(self, other: Dual) -> Dual {
        Dual { value: self.value + other.value, by: std::array::from_fn(|i| self.by[i] + other.by[i]) }
    }

    pub fn mul(self, other: Dual) -> Dual {
        self.map(self.value * other.value, other.value).add(other.map(0.0, self.value))
    }

    pub fn div(self, other: Dual) -> Dual {
        let q = self.value / other.value;
        self.map(q, 1.0 / other.value).add(other.map(0.0, -q / other.value))
    }

    pub fn scale(self, k: f64) -> Dual {
        self.map(k * self.value, k)
    }

    pub fn exp(self) -> Dual {
        self.map(self.value.exp(), self.value.exp())
    }

    pub fn log(self) -> Dual {
        self.map(self.value.ln(), 1.0 / self.value)
    }

    pub fn sqrt(self) -> Dual {
        self.map(self.value.sqrt(), 0.5 / self.value.sqrt())
    }

    pub fn tanh(self) -> Dual {
        let t = self.value.tanh();
        self.map(t, 1.0 - t * t)
    }

    pub fn max(self, other: Dual) -> Dual {
        if self.value > other.value {
            self
        } else if self.value < other.value {
            other
        } else {
            self.scale(0.5).add(other.scale(0.5))
        }
    }
}

/// A term on the whole grid, row by row; one that lacks an axis repeats along it.
pub type Grid = [[Dual; K]; N];

pub fn grid(f: impl Fn(usize, usize) -> Dual) -> Grid {
    std::array::from_fn(|n| std::array::from_fn(|k| f(n, k)))
}

pub fn sum_over_columns(x: &Grid) -> Grid {
    grid(|n, _| x[n].iter().fold(Dual::constant(0.0), |s, d| s.add(*d)))
}

pub fn sum_over_rows(x: &Grid) -> Grid {
    grid(|_, k| x.iter().fold(Dual::constant(0.0), |s, row| s.add(row[k])))
}

pub fn prod_over_columns(x: &Grid) -> Grid {
    grid(|n, _| x[n].iter().fold(Dual::constant(1.0), |s, d| s.mul(*d)))
}

pub fn max_over_columns(x: &Grid) -> Grid {
    grid(|n, _| {
        if let Some(nan) = x[n].iter().find(|d| d.value.is_nan()) {
            return *nan;
        }
        let top = x[n].iter().fold(f64::NEG_INFINITY, |m, d| m.max(d.value));
        let ties: Vec<&Dual> = x[n].iter().filter(|d| d.value == top).collect();
        ties.iter().fold(Dual::constant(0.0), |s, d| s.add(d.scale(1.0 / ties.len() as f64)))
    })
}

pub fn total(x: &Grid) -> Dual {
    x.iter().flatten().fold(Dual::constant(0.0), |s, d| s.add(*d))
}
