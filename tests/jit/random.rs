//! Random well-typed terms over all rows that have a machine form.

use super::harness::{Model, Random, ax, check_compiled};
use nnc::graph::{Axis, AxisMap, AxisSet, ExtentId, Kind, NodeId, Poly, Precision};
use nnc::jit::compile;
use nnc::plan::plan;
use nnc::prim::{Inst, Lower, Prim, REDUCTIONS, ROWS, Reduction, ReductionKind, ResultKind};

struct Terms {
    m: Model,
    random: Random,
    extents: Vec<ExtentId>,
    reals: Vec<NodeId>,
    /// Reals that are exact in both evaluations, so that comparing and rounding them cannot come out differently.
    exact: Vec<NodeId>,
    truths: Vec<NodeId>,
    indices: Vec<(NodeId, ExtentId)>,
}

impl Terms {
    fn new(seed: u64) -> Terms {
        let mut m = Model::new();
        let extents = vec![m.dim("N", None), m.dim("K", None), m.dim("C", Some(5))];
        let (n, k, c) = (extents[0], extents[1], extents[2]);
        let shapes: [&[ExtentId]; 8] = [&[], &[n], &[k], &[c], &[n, k], &[k, c], &[c, n], &[n, n]];
        let mut reals: Vec<NodeId> = shapes.iter().enumerate().map(|(i, s)| m.input(&format!("x{i}"), s)).collect();
        let exact = reals.clone();
        reals.push(m.graph.constant(0.5));
        reals.push(m.graph.constant(-1.0));
        let truths = vec![m.truths("t0", &[n]), m.truths("t1", &[k, n])];
        let indices = vec![(m.labels("i0", c, &[n]), c), (m.labels("i1", n, &[k]), n), (m.labels("i2", k, &[]), k)];
        Terms { m, random: Random(seed), extents, reals, exact, truths, indices }
    }

    fn pick<T: Copy>(random: &mut Random, from: &[T]) -> T {
        from[random.below(from.len())]
    }

    fn real(&mut self) -> NodeId {
        // Newer terms more often, so that terms grow deep.
        let n = self.reals.len();
        let low = if self.random.below(2) == 0 { n.saturating_sub(6) } else { 0 };
        self.reals[low + self.random.below(n - low)]
    }

    /// The term brought into a range.
    fn squash(&mut self, x: NodeId, (low, high): (f64, f64)) -> NodeId {
        let g = &mut self.m.graph;
        let (middle, half) = (g.constant((low + high) / 2.0), g.constant(((high - low) / 2.0).min(1.0)));
        let (size, one) = (g.prim(Prim::Abs, 0.0, &[x]), g.constant(1.0));
        let below = g.add(&[one, size]);
        let s = g.div(x, below);
        let scaled = g.mul(&[half, s]);
        g.add(&[middle, scaled])
    }

    fn step(&mut self) {
        match self.random.below(10) {
            0..=4 => self.elementwise(),
            5 | 6 => self.reduce(),
            7 => self.view(),
            8 => self.product(),
            _ => self.compare(),
        }
    }

    fn elementwise(&mut self) {
        let row = &ROWS[self.random.below(ROWS.len())];
        if matches!(row.lower, Lower::Expand(_)) || row.prim == Prim::IndexMul || row.result == ResultKind::Bool {
            return;
        }
        let node = match row.prim {
            Prim::Add | Prim::Mul => {
                let args: Vec<NodeId> = (0..2 + self.random.below(2)).map(|_| self.real()).collect();
                self.m.graph.prim(row.prim, 0.0, &args)
            }
            Prim::Select => {
                let c = Self::pick(&mut self.random, &self.truths);
                let (a, b) = (self.real(), self.real());
                self.m.graph.select(c, a, b)
            }
            Prim::IndexToReal => {
                let (i, _) = Self::pick(&mut self.random, &self.indices);
                let real = self.m.graph.real_of_index(i);
                self.exact.push(real);
                real
            }
            Prim::PowConst => {
                let x = self.real();
                let x = self.squash(x, (0.5, 2.0));
                let k = Self::pick(&mut self.random, &[2.0, 3.0, -1.0, -2.0, 1.5, 2.5, -0.5, 0.3, 5.0]);
                self.m.graph.pow_const(x, k)
            }
            _ => {
                let steps = matches!(row.lower, Lower::Inst(Inst::Floor | Inst::Ceil | Inst::Round | Inst::Sign));
                let args: Vec<NodeId> = row
                    .domain
                    .iter()
                    .map(|domain| {
                        if steps {
                            return Self::pick(&mut self.random, &self.exact);
                        }
                        let x = self.real();
                        self.squash(x, *domain)
                    })
                    .collect();
                self.m.graph.prim(row.prim, 0.0, &args)
            }
        };
        self.keep(node);
    }

    fn keep(&mut self, node: NodeId) {
        if self.m.graph.axes(node).len() <= 4 {
            // Values stay small, so that one tolerance fits all.
            let node = self.squash(node, (-2.0, 2.0));
            self.reals.push(node);
        }
    }

    fn reduce(&mut self) {
        let row = &REDUCTIONS[self.random.below(REDUCTIONS.len())];
        let body = match row.kind {
            ReductionKind::Bool => Self::pick(&mut self.random, &self.truths),
            ReductionKind::Index => Self::pick(&mut self.random, &self.exact),
            ReductionKind::Real => self.real(),
        };
        let axes: Vec<Axis> = self.m.graph.axes(body).iter().collect();
        if axes.is_empty() {
            return;
        }
        let count = if row.kind == ReductionKind::Index { 1 } else { 1 + self.random.below(axes.len()) };
        let first = self.random.below(axes.len());
        let bound: Vec<Axis> = (0..count).map(|i| axes[(first + i) % axes.len()]).collect();
        let node = self.m.graph.reduce(row.reduction, &bound, body);
        match self.m.graph.kind(node) {
            Kind::Real => self.keep(node),
            Kind::Bool => self.truths.push(node),
            Kind::Index => self.indices.push((node, bound[0].extent)),
        }
    }

    /// Reads a term elsewhere: at data, shifted (0 outside), or with an axis renamed.
    fn view(&mut self) {
        let x = self.real();
        let axes: Vec<Axis> = self.m.graph.axes(x).iter().collect();
        if axes.is_empty() {
            return;
        }
        let axis = Self::pick(&mut self.random, &axes);
        let fitting: Vec<NodeId> = self.indices.iter().filter(|i| i.1 == axis.extent).map(|i| i.0).collect();
        let g = &mut self.m.graph;
        let index = match self.random.below(3) {
            0 if !fitting.is_empty() => Self::pick(&mut self.random, &fitting),
            1 => {
                let own = g.axis(axis);
                let by = self.random.below(5) as i64 - 2;
                g.linear(&[(own, Poly::constant(1))], Poly::constant(by))
            }
            _ => g.axis(ax(axis.extent, 1 - axis.ordinal.min(1))),
        };
        let map: AxisMap = [(axis, index)].into_iter().collect();
        let node = g.at(x, &map);
        self.keep(node);
    }

    /// A sum of products, often a matrix product or a scatter.
    fn product(&mut self) {
        let (a, b) = (self.real(), self.real());
        let g = &mut self.m.graph;
        let mut body = g.mul(&[a, b]);
        if self.random.below(3) == 0 {
            let (i, extent) = Self::pick(&mut self.random, &self.indices);
            let place = g.axis(ax(extent, self.random.below(2) as u16));
            let here = g.index_equal(i, place);
            body = g.mask(&[here], body);
        }
        let axes: Vec<Axis> = g.axes(body).iter().collect();
        if axes.is_empty() {
            return;
        }
        let bound = Self::pick(&mut self.random, &axes);
        let node = g.reduce(Reduction::Sum, &[bound], body);
        self.keep(node);
    }

    fn compare(&mut self) {
        let (a, b) = (Self::pick(&mut self.random, &self.exact), Self::pick(&mut self.random, &self.exact));
        let (t, u) = (Self::pick(&mut self.random, &self.truths), Self::pick(&mut self.random, &self.truths));
        let (i, extent) = Self::pick(&mut self.random, &self.indices);
        let g = &mut self.m.graph;
        let place = g.axis(ax(extent, 0));
        let node = match self.random.below(9) {
            0 => g.prim(Prim::Less, 0.0, &[a, b]),
            1 => g.prim(Prim::LessEqual, 0.0, &[a, b]),
            2 => g.prim(Prim::Equal, 0.0, &[a, b]),
            3 => g.prim(Prim::NotEqual, 0.0, &[a, b]),
            4 => g.and(t, u),
            5 => g.or(t, u),
            6 => g.not(t),
            7 => g.index_equal(i, place),
            _ => g.index_at_least(i, place),
        };
        if g.axes(node).len() <= 3 && !matches!(g.op(node), nnc::graph::Op::Bool(_)) {
            self.truths.push(node);
        }
    }

    fn finish(mut self) -> Model {
        for i in 0..3 {
            let node = match i {
                0 => *self.reals.last().unwrap(),
                1 => self.real(),
                _ if self.random.below(2) == 0 => *self.truths.last().unwrap(),
                _ => self.indices.last().unwrap().0,
            };
            let mut axes: Vec<Axis> = self.m.graph.axes(node).iter().collect();
            if self.random.below(2) == 0 {
                axes.reverse();
            }
            if self.random.below(4) == 0 && axes.len() < 3 {
                let all: AxisSet = axes.iter().copied().collect();
                let extra = ax(self.extents[0], 1);
                if !all.contains(extra) {
                    axes.push(extra);
                }
            }
            self.m.result(&format!("r{i}"), node, &axes);
        }
        self.m
    }
}

#[test]
fn random_terms() {
    for seed in 0..400 {
        let mut terms = Terms::new(seed);
        for _ in 0..6 + seed % 30 {
            terms.step();
        }
        let m = terms.finish();
        for precision in [Precision::F32, Precision::F64] {
            let p = plan(&m.graph, precision, &m.results);
            let compiled = compile(&p).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{p}"));
            let result = std::panic::catch_unwind(|| {
                for dims in [[1, 1, 5], [3, 4, 5], [5, 3, 5], [33, 32, 5]] {
                    check_compiled(&m, &compiled, precision, &dims, 3000.0);
                }
            });
            if let Err(e) = result {
                eprintln!("seed {seed}");
                std::panic::resume_unwind(e);
            }
        }
    }
}
