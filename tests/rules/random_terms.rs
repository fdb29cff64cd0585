//! Canonical form, rules and derivatives together, on random terms against the naive evaluation.

use crate::common::{Bench, Random};
use crate::naive::{
    Dual, Grid, K, N, PARTS, grid, max_over_columns, prod_over_columns, sum_over_columns, sum_over_rows, total,
};
use nnc::graph::{Axis, AxisMap, NodeId, Poly, verify};
use nnc::pass;
use nnc::prim::{Prim, Reduction};

/// A graph under construction beside its naive twin.
struct Pair {
    b: Bench,
    rows: Axis,
    columns: Axis,
    labels: Vec<usize>,
    label_port: NodeId,
    ports: Vec<NodeId>,
    pool: Vec<(NodeId, Grid)>,
    /// A comparison hung on rounding errors, or a number was huge or tiny: the two sides may well differ.
    doubtful: bool,
}

impl Pair {
    fn new(seed: u64) -> Pair {
        let mut b = Bench { random: Random(seed), ..Bench::default() };
        let (n, k) = (b.dim("N", N as i64), b.dim("K", K as i64));
        let ports = vec![b.real("z", &[n, k], -1.5, 1.5), b.real("u", &[n], -1.0, 1.0), b.real("w", &[k], -1.0, 1.0)];
        let label_port = b.labels("y", &[n], k);
        let values = |b: &Bench, p: NodeId| b.bindings.ports[&b.port_of(p)].clone();
        let (z, u, w) = (values(&b, ports[0]), values(&b, ports[1]), values(&b, ports[2]));
        let labels = values(&b, label_port).iter().map(|y| *y as usize).collect();
        let axes = b.axes(&[n, k]);
        let two = b.g.constant(2.0);
        let pool = vec![
            (ports[0], grid(|n, k| Dual::variable(z[n * K + k], n * K + k))),
            (ports[1], grid(|n, _| Dual::variable(u[n], N * K + n))),
            (ports[2], grid(|_, k| Dual::variable(w[k], N * K + N + k))),
            (two, grid(|_, _| Dual::constant(2.0))),
        ];
        Pair { b, rows: axes[0], columns: axes[1], labels, label_port, ports, pool, doubtful: false }
    }

    fn pick(&mut self) -> (NodeId, Grid) {
        let at = self.b.random.below(self.pool.len());
        self.pool[at]
    }

    fn push(&mut self, node: NodeId, naive: Grid) {
        // Numbers of ordinary size (and what is not finite): else the naive evaluation is the one that is wrong.
        let ordinary = |v: f64| !v.is_finite() || v == 0.0 || (1e-6..30.0).contains(&v.abs());
        self.doubtful |=
            naive.iter().flatten().any(|d| !ordinary(d.value) || d.by.iter().any(|x| x.is_finite() && x.abs() > 1e4));
        self.pool.push((node, naive));
    }

    fn constant(&mut self, value: f64) -> NodeId {
        self.b.g.constant(value)
    }

    /// The term read at other columns.
    fn at_column(&mut self, x: NodeId, index: NodeId) -> NodeId {
        let map: AxisMap = [(self.columns, index)].into_iter().collect();
        self.b.g.at(x, &map)
    }

    /// Notes whether a comparison of these two is decided by rounding errors.
    fn compare(&mut self, (x, nx): (NodeId, &Grid), (y, ny): (NodeId, &Grid)) {
        let near = |a: &Dual, b: &Dual| {
            (a.value - b.value).abs() < 1e-9 * (1.0 + a.value.abs()) && (x != y || a.value != b.value)
        };
        self.doubtful |= nx.iter().flatten().zip(ny.iter().flatten()).any(|(a, b)| near(a, b));
    }

    /// Adds one random term.
    fn step(&mut self) {
        let (x, nx) = self.pick();
        let (y, ny) = self.pick();
        let columns = [self.columns];
        match self.b.random.below(24) {
            0 => {
                let k = self.constant(0.3);
                let scaled = self.b.g.mul(&[k, x]);
                let node = self.b.call("exp", &[scaled]);
                self.push(node, grid(|n, k| nx[n][k].scale(0.3).exp()));
            }
            1 => {
                let (e, k) = (self.b.call("exp", &[x]), self.constant(1.5));
                let sum = self.b.g.add(&[e, k]);
                let node = self.b.call("log", &[sum]);
                self.push(node, grid(|n, k| nx[n][k].exp().add(Dual::constant(1.5)).log()));
            }
            2 => {
                let node = self.b.g.mul(&[x, y]);
                self.push(node, grid(|n, k| nx[n][k].mul(ny[n][k])));
            }
            3 => {
                let node = self.b.g.add(&[x, y]);
                self.push(node, grid(|n, k| nx[n][k].add(ny[n][k])));
            }
            4 => {
                let node = self.b.g.sub(x, y);
                self.push(node, grid(|n, k| nx[n][k].add(ny[n][k].scale(-1.0))));
            }
            5 => {
                let e = self.b.call("exp", &[y]);
                let node = self.b.g.div(x, e);
                self.push(node, grid(|n, k| nx[n][k].div(ny[n][k].exp())));
            }
            6 => {
                // The sign of a zero is not kept, so neither is that of the infinity it makes.
                self.doubtful |= ny.iter().flatten().any(|d| d.value == 0.0);
                let node = self.b.g.div(x, y);
                self.push(node, grid(|n, k| nx[n][k].div(ny[n][k])));
            }
            7 => {
                let w = self.ports[2];
                let nw = self.pool[2].1;
                let product = self.b.g.mul(&[x, w]);
                let node = self.b.sum(&columns, product);
                self.push(node, sum_over_columns(&grid(|n, k| nx[n][k].mul(nw[n][k]))));
            }
            8 => {
                let rows = [self.rows];
                let product = self.b.g.mul(&[x, y]);
                let node = self.b.sum(&rows, product);
                self.push(node, sum_over_rows(&grid(|n, k| nx[n][k].mul(ny[n][k]))));
            }
            9 => {
                // The label's column.
                let y = self.label_port;
                let node = self.at_column(x, y);
                let labels = self.labels.clone();
                self.push(node, grid(|n, _| nx[n][labels[n]]));
            }
            10 => {
                // One-hot times x, summed.
                let (k, y) = (self.b.g.axis(self.columns), self.label_port);
                let hot = self.b.g.index_equal(k, y);
                let (one, zero) = (self.constant(1.0), self.constant(0.0));
                let hot = self.b.g.select(hot, one, zero);
                let product = self.b.g.mul(&[hot, x]);
                let node = self.b.sum(&columns, product);
                let labels = self.labels.clone();
                self.push(node, grid(|n, _| nx[n][labels[n]]));
            }
            11 => {
                // log(exp(x) / sum(exp(y)))
                let (e, f) = (self.b.call("exp", &[x]), self.b.call("exp", &[y]));
                let sum = self.b.sum(&columns, f);
                let quotient = self.b.g.div(e, sum);
                let node = self.b.call("log", &[quotient]);
                let s = sum_over_columns(&grid(|n, k| ny[n][k].exp()));
                self.push(node, grid(|n, k| nx[n][k].exp().div(s[n][k]).log()));
            }
            12 => {
                // A mask.
                self.compare((x, &nx), (y, &ny));
                let c = self.b.g.less(y, x);
                let zero = self.constant(0.0);
                let node = self.b.g.select(c, x, zero);
                self.push(
                    node,
                    grid(|n, k| if ny[n][k].value < nx[n][k].value { nx[n][k] } else { Dual::constant(0.0) }),
                );
            }
            13 => {
                // A choice with a logarithm that is not always defined.
                let zero = self.constant(0.0);
                self.compare((x, &nx), (zero, &grid(|_, _| Dual::constant(0.0))));
                let c = self.b.g.less(zero, x);
                let log = self.b.call("log", &[x]);
                let node = self.b.g.select(c, log, y);
                self.push(node, grid(|n, k| if nx[n][k].value > 0.0 { nx[n][k].log() } else { ny[n][k] }));
            }
            14 => {
                let zero = self.constant(0.0);
                self.compare((x, &nx), (zero, &grid(|_, _| Dual::constant(0.0))));
                let c = self.b.g.prim(Prim::LessEqual, 0.0, &[x, zero]);
                let root = self.b.call("sqrt", &[x]);
                let node = self.b.g.select(c, y, root);
                self.push(node, grid(|n, k| if nx[n][k].value <= 0.0 { ny[n][k] } else { nx[n][k].sqrt() }));
            }
            15 => {
                self.compare((x, &nx), (y, &ny));
                let node = self.b.call("max", &[x, y]);
                self.push(node, grid(|n, k| nx[n][k].max(ny[n][k])));
            }
            16 => {
                let shifted = |by: usize| grid(|n, k| nx[n][(k + by) % K]);
                if nx.iter().any(|row| row.iter().any(|d| d.value != row[0].value)) {
                    for by in 1..K {
                        self.compare((x, &nx), (self.label_port, &shifted(by)));
                    }
                }
                let node = self.b.g.reduce(Reduction::Max, &columns, x);
                self.push(node, max_over_columns(&nx));
            }
            17 => {
                let node = self.b.g.reduce(Reduction::Prod, &columns, x);
                self.push(node, prod_over_columns(&nx));
            }
            18 => {
                let e = self.b.call("exp", &[x]);
                let sum = self.b.sum(&columns, e);
                let node = self.b.call("log", &[sum]);
                self.push(node, grid(|n, _| sum_over_columns(&grid(|n, k| nx[n][k].exp()))[n][0].log()));
            }
            19 => {
                // 1 / (1 + exp(-x)), and the log of it.
                let minus = self.b.g.neg(x);
                let (e, one) = (self.b.call("exp", &[minus]), self.constant(1.0));
                let sum = self.b.g.add(&[one, e]);
                let node = self.b.g.div(one, sum);
                let naive = grid(|n, k| Dual::constant(1.0).div(Dual::constant(1.0).add(nx[n][k].scale(-1.0).exp())));
                self.push(node, naive);
                let log = self.b.call("log", &[node]);
                self.push(log, grid(|n, k| naive[n][k].log()));
            }
            20 => {
                // Read backwards: column K - 1 - k.
                let k = self.b.g.axis(self.columns);
                let last = self.b.g.extent(self.columns).sub(&Poly::constant(1));
                let back = self.b.g.linear(&[(k, Poly::constant(-1))], last);
                let node = self.at_column(x, back);
                self.push(node, grid(|n, k| nx[n][K - 1 - k]));
            }
            21 => {
                // The column before, 0 before the first.
                let k = self.b.g.axis(self.columns);
                let before = self.b.g.linear(&[(k, Poly::constant(1))], Poly::constant(-1));
                let read = self.at_column(x, before);
                let (one, zero) = (self.b.g.index_constant(1), self.constant(0.0));
                let inside = self.b.g.index_at_least(k, one);
                let node = self.b.g.select(inside, read, zero);
                self.push(node, grid(|n, k| if k > 0 { nx[n][k - 1] } else { Dual::constant(0.0) }));
            }
            22 => {
                let node = self.b.g.pow_const(x, 2.0);
                self.push(node, grid(|n, k| nx[n][k].mul(nx[n][k])));
            }
            _ => {
                let node = self.b.call("tanh", &[x]);
                self.push(node, grid(|n, k| nx[n][k].tanh()));
            }
        }
    }
}

/// How well the naive evaluation can be known: it is not asked where it is itself infinite, NaN or huge.
fn usable(values: &[f64]) -> bool {
    values.iter().all(|v| v.is_finite() && v.abs() < 1e6)
}

#[test]
fn random_terms_keep_value_and_gradient() {
    let first = std::env::var("NNC_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1u64);
    let (mut compared, mut worst) = (0usize, 0.0f64);
    for seed in first..first + 3000 {
        let mut pair = Pair::new(seed);
        for _ in 0..9 {
            pair.step();
        }
        if pair.doubtful {
            continue;
        }
        let (term, naive) = *pair.pool.last().unwrap();
        let Pair { mut b, rows, columns, ports, .. } = pair;
        let axes = [rows, columns];
        let expected: Vec<f64> = naive.iter().flatten().map(|d| d.value).collect();
        let slopes: [f64; PARTS] = total(&naive).by;
        let normal = pass::normalize(&mut b.g, &[term]);
        assert_eq!(pass::normalize(&mut b.g, &normal), normal, "seed {seed}: no fixpoint");
        for n in [term, normal[0]] {
            let whole = b.g.reduce(Reduction::Sum, &axes, n);
            let raw = pass::gradient(&mut b.g, whole, &ports);
            let gradient = pass::normalize(&mut b.g, &raw);
            verify(&b.g).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
            let mut check = |given: &[f64], expected: &[f64], what: &str| {
                if !usable(expected) {
                    return;
                }
                let scale = 1.0 + expected.iter().fold(0.0f64, |m, v| m.max(v.abs()));
                for (x, y) in given.iter().zip(expected) {
                    let error = (x - y).abs() / scale;
                    assert!(
                        error < 1e-9,
                        "seed {seed}, {what}: {given:?}, expected {expected:?}\n{}",
                        b.g.show_term(n)
                    );
                    compared += 1;
                    worst = worst.max(error);
                }
            };
            if usable(&expected) {
                check(&b.value_in(n, &axes), &expected, "value");
                for (set, name) in [(&raw, "gradient"), (&gradient, "normalised gradient")] {
                    let given: Vec<f64> =
                        ports.iter().zip(set).flat_map(|(p, g)| b.value_in(*g, &b.declared_axes(*p))).collect();
                    check(&given, &slopes, name);
                }
            }
        }
    }
    eprintln!("random terms from seed {first}: {compared} numbers compared, worst error {worst:e}");
    assert!(compared > 50_000);
}
