//! Index notation: every term has one.

use super::Writer;
use super::tree::{
    binary, call, call_of, choose, compare, expr, ident, index, name, negate, number, product, signed_sum, size,
};
use crate::graph::{Axis, Kind, NodeId, Op, Poly};
use crate::prim::Prim;
use crate::syntax::ast::{BinaryOp, Binder, BinderRange, CompareOp, Expr, ExprKind};

impl Writer<'_> {
    /// The binders of a definition in index form. Ranges are stated: they are then right whatever the body reads.
    pub(super) fn binders(&mut self, n: NodeId, axes: &[Axis]) -> Vec<Binder> {
        axes.iter()
            .map(|axis| {
                let range = (!self.is_read_plainly(n, *axis) || self.is_read_short(n, *axis))
                    .then(|| BinderRange::Extent(size(&self.g.extents, self.g.extent(*axis))));
                Binder::Index { name: ident(&self.names.axis(&self.g.extents, *axis)), range }
            })
            .collect()
    }

    /// Binders with their ranges.
    pub(super) fn stated_binders(&mut self, axes: &[Axis]) -> Vec<Binder> {
        let binder = |axis: &Axis| {
            let range = BinderRange::Extent(size(&self.g.extents, self.g.extent(*axis)));
            Binder::Index { name: ident(&self.names.axis(&self.g.extents, *axis)), range: Some(range) }
        };
        axes.iter().map(binder).collect()
    }

    /// Whether some port or let below the term is read at the axis itself, which gives the index its range.
    fn is_read_plainly(&self, root: NodeId, axis: Axis) -> bool {
        self.visible(root).into_iter().any(|n| match self.g.op(n) {
            Op::Port(_) => self.g.axes(n).contains(axis) && self.reads_directly(root, n, axis),
            _ => {
                n != root
                    && self.defined.contains_key(&n)
                    && self.g.axes(n).contains(axis)
                    && self.reads_directly(root, n, axis)
            }
        })
    }

    /// Whether something longer than the axis is read at it.
    fn is_read_short(&self, root: NodeId, axis: Axis) -> bool {
        self.visible(root).into_iter().any(|n| match self.g.op(n) {
            Op::At(vars) => {
                let places = vars.iter().zip(&self.g.args(n)[1..]);
                places.into_iter().any(|(v, e)| *self.g.op(*e) == Op::Axis(axis) && v.extent != axis.extent)
            }
            _ => false,
        })
    }

    /// Writes a term, under an `if` for those of its reads that nothing keeps inside of their axes. Where they are not
    /// inside, the term is not used: what stands around it says so, but out of sight of it.
    fn within(&mut self, n: NodeId, write: impl FnOnce(&mut Self) -> Expr) -> Expr {
        let missing = self.unproven(n);
        if missing.is_empty() {
            return write(self);
        }
        let conditions: Vec<Expr> = missing.iter().map(|c| self.term(*c, false)).collect();
        let before = self.assumed.len();
        self.assumed.extend(missing);
        let value = write(self);
        self.assumed.truncate(before);
        match conditions.into_iter().reduce(|a, b| binary(BinaryOp::And, a, b)) {
            Some(all) if self.g.kind(n) == Kind::Bool => choose(all, value, expr(ExprKind::Bool(false))),
            Some(all) => choose(all, value, number(0.0)),
            None => value,
        }
    }

    /// Writes what counts only where conditions hold.
    fn where_true(&mut self, conditions: &[NodeId], write: impl FnOnce(&mut Self) -> Expr) -> Expr {
        let before = self.assumed.len();
        for c in conditions {
            match self.g.as_prim(*c) {
                Some((Prim::And, parts)) => {
                    let parts = parts.to_vec();
                    self.assumed.extend(parts);
                }
                _ => self.assumed.push(*c),
            }
        }
        let value = write(self);
        self.assumed.truncate(before);
        value
    }

    /// What must hold for the reads of a term to be inside of their axes, and is neither certain nor assumed.
    fn unproven(&mut self, root: NodeId) -> Vec<NodeId> {
        let hidden = |n: NodeId| matches!(self.g.as_prim(n), Some((Prim::Select, _)));
        let outside = |n: NodeId| n != root && self.defined.contains_key(&n);
        let outside = |n: NodeId| outside(n) || matches!(self.g.op(n), Op::Out { .. } | Op::Scan(_) | Op::Reduce(..));
        let (mut reads, mut seen) = (vec![], rustc_hash::FxHashSet::default());
        let mut stack = vec![root];
        while let Some(n) = stack.pop() {
            if !seen.insert(n) || outside(n) && n != root {
                continue;
            }
            match self.g.op(n) {
                _ if hidden(n) => stack.push(self.g.args(n)[0]),
                Op::At(vars) => {
                    reads.extend(vars.iter().zip(self.g.args(n)[1..].iter().copied()));
                    stack.extend(self.g.args(n)[1..].iter().copied());
                }
                Op::Reduce(..) | Op::Scan(_) | Op::Out { .. } => {}
                _ => stack.extend(self.g.args(n).iter().copied()),
            }
        }
        let mut missing: Vec<NodeId> = vec![];
        for (axis, place) in reads {
            let size = self.g.extent(axis).clone();
            let last = self.g.index_size(size.sub(&Poly::constant(1)));
            let zero = self.g.index_constant(0);
            for (large, small) in [(place, zero), (last, place)] {
                let difference = self.g.index_sub(large, small);
                if self.g.is_non_negative(difference) || self.follows(difference) {
                    continue;
                }
                let condition = self.g.index_at_least(large, small);
                if !missing.contains(&condition) {
                    missing.push(condition);
                }
            }
        }
        missing
    }

    /// Whether an assumed condition says that an index is not negative.
    fn follows(&mut self, index: NodeId) -> bool {
        self.assumed.clone().into_iter().any(|c| match self.g.as_prim(c).map(|(p, a)| (p, a[0])) {
            Some((Prim::IndexIsNonNegative, known)) => {
                let rest = self.g.index_sub(index, known);
                self.g.is_non_negative(rest)
            }
            Some((Prim::IndexIsZero, known)) => {
                let (plus, minus) = (self.g.index_add(index, known), self.g.index_sub(index, known));
                self.g.is_non_negative(plus) || self.g.is_non_negative(minus)
            }
            _ => false,
        })
    }

    /// Whether a leaf stands in the term by itself, not only under a view that replaces the axis.
    fn reads_directly(&self, root: NodeId, leaf: NodeId, axis: Axis) -> bool {
        let stop = |n: NodeId| n != root && self.defined.contains_key(&n);
        leaf == root
            || self.visible(root).into_iter().any(|n| {
                !stop(n)
                    && !matches!(self.g.op(n), Op::Out { .. } | Op::Scan(_) | Op::Block(..))
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
        let is_root = !self.defined.contains_key(&n);
        self.within(n, |w| w.term(n, is_root))
    }

    pub(super) fn axis_name(&mut self, axis: Axis) -> Expr {
        if let Some(place) = self.places.remove(&axis) {
            // The place itself may be written with the axis that it replaces.
            let written = self.term(place, false);
            self.places.insert(axis, place);
            return written;
        }
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

    /// As `read`, of an array with one more axis in front.
    fn read_behind(&mut self, base: Expr, at: Expr, axes: &[Axis], place: impl Fn(Axis) -> Option<NodeId>) -> Expr {
        let rest = axes.iter().map(|axis| match place(*axis) {
            Some(e) => self.term(e, false),
            None => self.axis_name(*axis),
        });
        let rest: Vec<Expr> = rest.collect();
        index(base, std::iter::once(at).chain(rest).collect())
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
                let axes = self.g.port_info(port).axes.clone();
                self.read(name(&self.port_names[&port].clone()), &axes, |_| None)
            }
            Op::At(vars) if matches!(self.g.op(args[0]), Op::Out { .. }) => {
                let Op::Out { turn, .. } = *self.g.op(args[0]) else { return name("loop") };
                let place = |axis: Axis| vars.iter().position(|v| v == axis).map(|i| args[i + 1]);
                let (base, axes, at) = self.read_loop(args[0], place(turn));
                match at {
                    Some(at) => self.read_behind(base, at, &axes, place),
                    None if place(turn).is_some() => self.read(base, &axes, place),
                    None => {
                        let all: Vec<Axis> = std::iter::once(turn).chain(axes).collect();
                        self.read(base, &all, place)
                    }
                }
            }
            Op::Out { turn, .. } => {
                let (base, axes, _) = self.read_loop(n, None);
                let all: Vec<Axis> = std::iter::once(turn).chain(axes).collect();
                self.read(base, &all, |_| None)
            }
            Op::State { level, slot, axes, .. } => {
                let (state, axes) = self.state(level, slot, &axes);
                self.read(name(&state), &axes, |_| None)
            }
            Op::At(vars) => {
                let base = self.turned.get(&n).copied().unwrap_or(args[0]);
                let (base, axes) = match (self.g.op(base).clone(), self.defined.get(&base).cloned()) {
                    (_, Some((let_name, axes))) => (name(&let_name), axes),
                    (Op::Port(port), None) => (name(&self.port_names[&port]), self.g.port_info(port).axes.clone()),
                    (Op::State { level, slot, axes, .. }, None) => {
                        let (state, axes) = self.state(level, slot, &axes);
                        (name(&state), axes)
                    }
                    // Reductions and algorithms under views have a let by now.
                    _ => (self.term(args[0], false), self.g.axes(args[0]).iter().collect()),
                };
                self.read(base, &axes, |axis| vars.iter().position(|v| v == axis).map(|i| args[i + 1]))
            }
            // It has a let by now.
            Op::Block(block, _) => name(block.name()),
            Op::Custom { .. } => self.term(args[0], false),
            // Only its states are read.
            Op::Scan(_) => name("loop"),
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
                // Conditions on what is summed over stand in a filter.
                let (conditions, core) = self.g.filters(reduction, args[0]);
                let by_data = |c: &NodeId| self.g.axes(*c).intersects(&bound) && !self.defined.contains_key(c);
                let filtered = !self.defined.contains_key(&args[0]) && !conditions.is_empty();
                let filtered = filtered && conditions.iter().all(by_data) && self.g.kind(core) == Kind::Real;
                let (body, filter) = match filtered {
                    true => {
                        let all = conditions.iter().map(|c| self.term(*c, false));
                        let all: Vec<Expr> = all.collect();
                        let all = all.into_iter().reduce(|a, b| binary(BinaryOp::And, a, b)).map(Box::new);
                        let body = self.where_true(&conditions, |w| w.within(core, |w| w.term(core, false)));
                        (body, all)
                    }
                    false => (self.within(args[0], |w| w.term(args[0], false)), None),
                };
                let head = ExprKind::Index { base: Box::new(name(reduction.row().name)), items, filter };
                call_of(expr(head), vec![body])
            }
            Op::Prim(prim, bits) => {
                let parts: Vec<Expr> = match prim {
                    Prim::Select => {
                        let c = self.term(args[0], false);
                        let a = self.where_true(&args[..1], |w| w.within(args[1], |w| w.term(args[1], false)));
                        // A choice of two numbers is a number: the remainder by 1 of an index, which is 0, makes it an index.
                        let axis = self.g.axes(n).iter().next();
                        let is_number =
                            |w: &Self, a: NodeId| matches!(w.g.op(a), Op::Linear { .. }) && w.g.args(a).is_empty();
                        let numbers =
                            self.g.kind(n) == Kind::Index && is_number(self, args[1]) && is_number(self, args[2]);
                        let a = match axis {
                            Some(axis) if numbers => {
                                let zero = call("mod", vec![self.axis_name(axis), number(1.0)]);
                                binary(BinaryOp::Add, a, zero)
                            }
                            _ => a,
                        };
                        let not = self.g.not(args[0]);
                        let b = self.where_true(&[not], |w| w.within(args[2], |w| w.term(args[2], false)));
                        vec![c, a, b]
                    }
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
        let constants = constant
            .terms()
            .iter()
            .rev()
            .map(|(dims, k)| (*k < 0, size(&self.g.extents, &Poly::collect_one(dims.clone(), k.abs()))));
        let constants: Vec<(bool, Expr)> = constants.collect();
        // Sizes stand first where the rest is negative: `T - 1 - t`.
        match parts.iter().all(|p| p.0) && !constants.is_empty() && !parts.is_empty() {
            true => signed_sum(constants.into_iter().chain(parts).collect()),
            false => signed_sum(parts.into_iter().chain(constants).collect()),
        }
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
        let left_is_fixed = left.is_empty() && !right.is_empty();
        let left = self.linear(&left, &left_constant);
        let flipped = left_is_fixed && op == CompareOp::GreaterEqual;
        let right = self.linear(&right, &right_constant);
        if flipped { compare(right, CompareOp::LessEqual, left) } else { compare(left, op, right) }
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
