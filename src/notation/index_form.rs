//! Index notation: every term has one.

use super::Writer;
use super::tree::{
    binary, call, call_of, choose, compare, expr, ident, index, name, negate, number, product, signed_sum, size,
};
use crate::graph::{Axis, NodeId, Op, Poly};
use crate::prim::Prim;
use crate::syntax::ast::{BinaryOp, Binder, BinderRange, CompareOp, Expr, ExprKind};

impl Writer<'_> {
    /// The binders of a definition in index form. Ranges are stated: they are then right whatever the body reads.
    pub(super) fn binders(&mut self, n: NodeId, axes: &[Axis]) -> Vec<Binder> {
        axes.iter()
            .map(|axis| {
                let range = (!self.is_read_plainly(n, *axis))
                    .then(|| BinderRange::Extent(size(&self.g.extents, self.g.extent(*axis))));
                Binder::Index { name: ident(&self.names.axis(&self.g.extents, *axis)), range }
            })
            .collect()
    }

    /// Whether some port or let below the term is read at the axis itself, which gives the index its range.
    fn is_read_plainly(&self, root: NodeId, axis: Axis) -> bool {
        let stop = |n: NodeId| n != root && self.defined.contains_key(&n);
        self.g.reachable_until(&[root], stop).into_iter().any(|n| match self.g.op(n) {
            Op::Port(_) => self.g.axes(n).contains(axis) && self.reads_directly(root, n, axis),
            _ => {
                n != root
                    && self.defined.contains_key(&n)
                    && self.g.axes(n).contains(axis)
                    && self.reads_directly(root, n, axis)
            }
        })
    }

    /// Whether a leaf stands in the term by itself, not only under a view that replaces the axis.
    fn reads_directly(&self, root: NodeId, leaf: NodeId, axis: Axis) -> bool {
        let stop = |n: NodeId| n != root && self.defined.contains_key(&n);
        leaf == root
            || self.g.reachable_until(&[root], stop).into_iter().any(|n| {
                !stop(n)
                    && match self.g.op(n) {
                        Op::At(vars) => {
                            self.g.args(n)[0] == leaf && !vars.contains(axis) || self.g.args(n)[1..].contains(&leaf)
                        }
                        _ => self.g.args(n).contains(&leaf),
                    }
            })
    }

    /// The term with its free axes as indices.
    pub(super) fn indexed(&mut self, n: NodeId) -> Expr {
        self.term(n, true)
    }

    fn axis_name(&mut self, axis: Axis) -> Expr {
        name(&self.names.axis(&self.g.extents, axis))
    }

    fn read(&mut self, base: Expr, axes: &[Axis], place: impl Fn(Axis) -> Option<NodeId>) -> Expr {
        if axes.is_empty() {
            return base;
        }
        let items = axes
            .iter()
            .map(|axis| match place(*axis) {
                Some(e) => self.term(e, false),
                None => self.axis_name(*axis),
            })
            .collect();
        index(base, items)
    }

    fn term(&mut self, n: NodeId, is_root: bool) -> Expr {
        if !is_root && let Some((let_name, axes)) = self.defined.get(&n).cloned() {
            return self.read(name(&let_name), &axes, |_| None);
        }
        let args = self.g.node(n).args.clone();
        match self.g.op(n).clone() {
            Op::Const(bits) => number(f64::from_bits(bits)),
            Op::Bool(b) => expr(ExprKind::Bool(b)),
            Op::Axis(axis) => self.axis_name(axis),
            Op::Linear { .. } => {
                let (terms, constant) = self.g.linear_terms(n);
                self.linear(&terms, &constant)
            }
            Op::Quotient(by) => {
                let by = size(&self.g.extents, self.g.extents.poly(by));
                let i = self.term(args[0], false);
                call("div", vec![i, by])
            }
            Op::Remainder(by) => {
                let by = size(&self.g.extents, self.g.extents.poly(by));
                let i = self.term(args[0], false);
                call("mod", vec![i, by])
            }
            Op::Port(port) => {
                let info = self.g.port_info(port).clone();
                self.read(name(&info.name), &info.axes, |_| None)
            }
            Op::At(vars) => {
                let (base, axes) = match (self.g.op(args[0]).clone(), self.defined.get(&args[0]).cloned()) {
                    (_, Some((let_name, axes))) => (name(&let_name), axes),
                    (Op::Port(port), None) => {
                        let info = self.g.port_info(port);
                        (name(&info.name), info.axes.clone())
                    }
                    // Reductions under views have a let by now.
                    _ => (self.term(args[0], false), self.g.axes(args[0]).iter().collect()),
                };
                self.read(base, &axes, |axis| vars.iter().position(|v| v == axis).map(|i| args[i + 1]))
            }
            Op::Block(block, _) => name(block.name()),
            Op::Custom { .. } => self.term(args[0], false),
            // A program with loops is not printed.
            Op::State { .. } | Op::Scan(_) | Op::Out { .. } => name("loop"),
            Op::Reduce(reduction, bound) => {
                let binders: Vec<Axis> = bound.iter().collect();
                let items = self
                    .binders(args[0], &binders)
                    .into_iter()
                    .map(|b| match b {
                        Binder::Index { name: n, range: None } => crate::syntax::ast::IndexItem::Expr(name(&n.text)),
                        other => crate::syntax::ast::IndexItem::Binder(other),
                    })
                    .collect();
                let body = self.term(args[0], false);
                let head = ExprKind::Index { base: Box::new(name(reduction.row().name)), items, filter: None };
                call_of(expr(head), vec![body])
            }
            Op::Prim(prim, bits) => {
                let parts: Vec<Expr> = match prim {
                    Prim::Add | Prim::Mul | Prim::IndexIsZero | Prim::IndexIsNonNegative => vec![],
                    _ => args.iter().map(|a| self.term(*a, false)).collect(),
                };
                match prim {
                    Prim::Add => {
                        let terms = args.iter().map(|a| self.signed(*a)).collect();
                        signed_sum(terms)
                    }
                    Prim::Mul => {
                        let (negative, x) = self.signed(n);
                        if negative { negate(x) } else { x }
                    }
                    Prim::IndexToReal if !self.is_plain_index(args[0]) => call("real", parts),
                    Prim::IndexIsZero => self.index_comparison(args[0], CompareOp::Equal),
                    Prim::IndexIsNonNegative => self.index_comparison(args[0], CompareOp::GreaterEqual),
                    _ => elementwise(prim, f64::from_bits(bits), parts),
                }
            }
        }
    }

    /// Whether an index is made of bound indices and sizes only, which become numbers by themselves.
    pub(super) fn is_plain_index(&self, n: NodeId) -> bool {
        self.g.reachable(&[n]).into_iter().all(|i| !matches!(self.g.op(i), Op::Port(_) | Op::At(_) | Op::Reduce(..)))
    }

    /// Whether a term of a sum is negative, and its absolute form.
    fn signed(&mut self, n: NodeId) -> (bool, Expr) {
        if let Some(c) = self.g.as_constant(n) {
            return (c < 0.0, number(c.abs()));
        }
        let Some((Prim::Mul, args)) = self.g.as_prim(n) else { return (false, self.term(n, false)) };
        if self.defined.contains_key(&n) {
            return (false, self.term(n, false));
        }
        let args = args.to_vec();
        let mut negative = false;
        let mut factors = vec![];
        for a in args {
            match self.g.as_constant(a) {
                Some(c) => {
                    negative ^= c < 0.0;
                    if c.abs() != 1.0 {
                        factors.insert(0, number(c.abs()));
                    }
                }
                None => factors.push(self.term(a, false)),
            }
        }
        (negative, product(factors).unwrap_or_else(|| number(1.0)))
    }

    fn linear(&mut self, terms: &[(NodeId, Poly)], constant: &Poly) -> Expr {
        let mut parts = vec![];
        for (atom, k) in terms {
            let negative = k.terms().iter().all(|t| t.1 < 0);
            let k = if negative { k.scale(-1) } else { k.clone() };
            let atom = self.term(*atom, false);
            let part = match k.as_constant() {
                Some(1) => atom,
                _ => binary(BinaryOp::Multiply, size(&self.g.extents, &k), atom),
            };
            parts.push((negative, part));
        }
        let mut sum = signed_sum(parts);
        for (dims, k) in constant.terms() {
            let one = Poly::collect_one(dims.clone(), k.abs());
            let part = size(&self.g.extents, &one);
            sum = match (terms.is_empty() && sum == number(0.0), *k < 0) {
                (true, false) => part,
                (true, true) => negate(part),
                (false, false) => binary(BinaryOp::Add, sum, part),
                (false, true) => binary(BinaryOp::Subtract, sum, part),
            };
        }
        sum
    }

    /// `a == b` or `a >= b` from the difference.
    fn index_comparison(&mut self, difference: NodeId, op: CompareOp) -> Expr {
        let (terms, constant) = self.g.linear_terms(difference);
        let is_negative = |k: &Poly| k.terms().iter().all(|t| t.1 < 0);
        let (right, left): (Vec<_>, Vec<_>) = terms.into_iter().partition(|t| is_negative(&t.1));
        let right: Vec<(NodeId, Poly)> = right.into_iter().map(|(n, k)| (n, k.scale(-1))).collect();
        let (left_constant, right_constant) = if is_negative(&constant) && !constant.terms().is_empty() {
            (Poly::default(), constant.scale(-1))
        } else {
            (constant, Poly::default())
        };
        let left = self.linear(&left, &left_constant);
        let right = self.linear(&right, &right_constant);
        compare(left, op, right)
    }
}

/// An elementwise primitive over written arguments.
pub(super) fn elementwise(prim: Prim, attribute: f64, parts: Vec<Expr>) -> Expr {
    let mut parts = parts.into_iter();
    let mut next = || parts.next().unwrap_or_else(|| number(0.0));
    match prim {
        Prim::Div => {
            let (a, b) = (next(), next());
            binary(BinaryOp::Divide, a, b)
        }
        Prim::PowConst => binary(BinaryOp::Power, next(), number(attribute)),
        Prim::Power => {
            let (a, b) = (next(), next());
            binary(BinaryOp::Power, a, b)
        }
        Prim::Less => {
            let (a, b) = (next(), next());
            // `0 < x` reads better the other way round.
            let zero = matches!(a.kind, ExprKind::Number { .. });
            if zero { compare(b, CompareOp::Greater, a) } else { compare(a, CompareOp::Less, b) }
        }
        Prim::LessEqual => {
            let (a, b) = (next(), next());
            let zero = matches!(a.kind, ExprKind::Number { .. });
            if zero { compare(b, CompareOp::GreaterEqual, a) } else { compare(a, CompareOp::LessEqual, b) }
        }
        Prim::Equal | Prim::NotEqual => {
            let (a, b) = (next(), next());
            let op = if prim == Prim::Equal { CompareOp::Equal } else { CompareOp::NotEqual };
            let zero = matches!(a.kind, ExprKind::Number { .. });
            if zero { compare(b, op, a) } else { compare(a, op, b) }
        }
        Prim::And => {
            let (a, b) = (next(), next());
            binary(BinaryOp::And, a, b)
        }
        Prim::Or => {
            let (a, b) = (next(), next());
            binary(BinaryOp::Or, a, b)
        }
        Prim::Not => negated(next()),
        Prim::Select => {
            let (c, a, b) = (next(), next(), next());
            choose(c, a, b)
        }
        Prim::IndexToReal => next(),
        Prim::IndexMul => {
            let (a, b) = (next(), next());
            binary(BinaryOp::Multiply, a, b)
        }
        _ => call(prim.row().name, parts.collect()),
    }
}

/// That a condition does not hold. Of the comparisons only `==` and `!=` are opposites: a NaN makes the others false.
fn negated(condition: Expr) -> Expr {
    match condition.kind {
        ExprKind::Compare { first, rest } if rest.len() == 1 && rest[0].0 == CompareOp::Equal => {
            let kind = ExprKind::Compare {
                first,
                rest: rest.into_iter().map(|(_, at, b)| (CompareOp::NotEqual, at, b)).collect(),
            };
            Expr { kind, ..condition }
        }
        kind => expr(ExprKind::Not(Box::new(Expr { kind, ..condition }))),
    }
}
