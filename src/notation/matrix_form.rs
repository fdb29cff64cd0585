//! Matrix form: terms as whole arrays, with `@`, `'`, `softmax`, `one_hot` and `axis =`. Not every term has one.

use super::Writer;
use super::index_form::elementwise;
use super::tree::{
    binary, call, call_with, expr, name, named_argument, negate, number, positional, product, signed_sum, size, span,
    transpose, transpose_scaled,
};
use crate::graph::{Axis, AxisSet, NodeId, Op};
use crate::prim::{Prim, Reduction};
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, IndexItem};

/// An expression for a whole array, and the order of its axes.
struct Dense {
    expr: Expr,
    axes: Vec<Axis>,
}

impl Writer<'_> {
    /// What a term is written with: the operands of a matrix product, the logits of a softmax, else its arguments.
    pub(super) fn parts(&mut self, n: NodeId) -> Vec<NodeId> {
        let special = match self.g.op(n).clone() {
            Op::Prim(Prim::Exp, _) => self.logits(self.g.args(n)[0]).map(|l| vec![l.0]),
            Op::Reduce(Reduction::Sum, bound) => {
                self.operands(self.g.args(n)[0], &bound).map(|(left, right, _)| vec![left, right])
            }
            _ => None,
        };
        special.unwrap_or_else(|| match self.g.op(n) {
            // The rule of a user's derivative is not written.
            Op::Custom { .. } => vec![self.g.args(n)[0]],
            // What a turn reads from around the loop, as often as it does.
            Op::Scan(form) => {
                let (first, next) = self.g.args(n).split_at(form.slots.len());
                let inside = |m: &NodeId| self.g.reads_level(*m, form.level);
                let below = self.g.reachable_until(next, |m| !inside(&m));
                let read = below.into_iter().filter(inside).flat_map(|m| self.g.args(m).iter().copied());
                first.iter().chain(next).copied().chain(read).filter(|m| !inside(m)).collect()
            }
            _ => self.g.args(n).to_vec(),
        })
    }

    /// The term as an array with exactly these axes, if it has a matrix form.
    pub(super) fn matrix(&mut self, n: NodeId, axes: &[Axis]) -> Option<Expr> {
        let dense = self.dense(n, !self.defined.contains_key(&n))?;
        if dense.axes == axes {
            return Some(dense.expr);
        }
        let reversed: Vec<Axis> = dense.axes.iter().rev().copied().collect();
        if axes.len() == 2 && reversed == axes {
            return Some(transpose_scaled(dense.expr, &|e| self.is_size(e)));
        }
        (dense.axes.is_empty() && matches!(self.g.op(n), Op::Const(_)) && !axes.is_empty()).then(|| {
            let shape: Vec<Expr> = axes.iter().map(|a| size(&self.g.extents, self.g.extent(*a))).collect();
            let zeros = call("zeros", vec![super::tree::expr(ExprKind::Array(shape))]);
            if self.g.is_constant(n, 0.0) { zeros } else { binary(BinaryOp::Add, zeros, dense.expr) }
        })
    }

    /// Whether an expression is a number, a size or a power of one.
    fn is_size(&self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::Number { .. } => true,
            ExprKind::Negate(x) => self.is_size(x),
            ExprKind::Name(name) => self.g.extents.dims().iter().any(|d| d.name == *name),
            ExprKind::Binary { op: BinaryOp::Power | BinaryOp::Multiply, left, right, .. } => {
                self.is_size(left) && self.is_size(right)
            }
            _ => false,
        }
    }

    fn dense(&mut self, n: NodeId, is_root: bool) -> Option<Dense> {
        if !is_root && let Some((let_name, axes)) = self.defined.get(&n).cloned() {
            return Some(self.leaf(name(&let_name), &axes));
        }
        match self.g.op(n).clone() {
            Op::Const(bits) => Some(Dense { expr: number(f64::from_bits(bits)), axes: vec![] }),
            Op::Port(port) => {
                let axes = self.g.port_info(port).axes.clone();
                Some(self.leaf(name(&self.port_names[&port].clone()), &axes))
            }
            Op::State { level, slot, axes, .. } => {
                let (state, axes) = self.state(level, slot, &axes);
                Some(self.leaf(name(&state), &axes))
            }
            Op::At(vars) => self.renamed(n, &vars),
            Op::Linear { .. } if self.g.args(n).is_empty() => {
                let (_, constant) = self.g.linear_terms(n);
                Some(Dense { expr: size(&self.g.extents, &constant), axes: vec![] })
            }
            Op::Reduce(reduction, bound) => self.reduction(n, reduction, &bound),
            Op::Prim(prim, bits) => self.prim(n, prim, f64::from_bits(bits)),
            _ => None,
        }
    }

    /// An array by name; what is fixed of its axes becomes an index.
    fn leaf(&mut self, base: Expr, axes: &[Axis]) -> Dense {
        self.leaf_at(base, axes.iter().map(|a| (*a, None)).collect())
    }

    /// As `leaf`; some axes are read at a place.
    fn leaf_at(&mut self, base: Expr, axes: Vec<(Axis, Option<Expr>)>) -> Dense {
        let mut items = vec![];
        let mut free = vec![];
        for (axis, place) in axes {
            items.push(match place {
                Some(place) => IndexItem::Expr(place),
                None if self.fixed.contains(axis) => IndexItem::Expr(self.axis_name(axis)),
                None => {
                    free.push(axis);
                    IndexItem::All(span())
                }
            });
        }
        // What comes last is read whole without being written.
        let last = items.iter().rposition(|i| !matches!(i, IndexItem::All(_))).map_or(0, |at| at + 1);
        items.truncate(last);
        match items.is_empty() {
            true => Dense { expr: base, axes: free },
            false => Dense { expr: expr(ExprKind::Index { base: Box::new(base), items, filter: None }), axes: free },
        }
    }

    /// A view that only names axes otherwise or reads at places that are known, or reads a state of a loop at one.
    fn renamed(&mut self, n: NodeId, vars: &AxisSet) -> Option<Dense> {
        let args = self.g.args(n).to_vec();
        let place = |axis: Axis| vars.iter().position(|v| v == axis).map(|i| args[i + 1]);
        if let Op::Out { turn, .. } = *self.g.op(args[0]) {
            let end = self.g.scan_form(self.g.args(args[0])[0]).map(|form| self.g.turns(form))?;
            let end = self.g.index_size(end);
            let at = place(turn).filter(|_| vars.as_slice() == [turn])?;
            if at != end && !self.is_known(at, turn) {
                return None;
            }
            let (base, axes, place) = self.read_loop(args[0], Some(at));
            let turn = place.map(|place| (turn, Some(place)));
            return Some(self.leaf_at(base, turn.into_iter().chain(axes.into_iter().map(|a| (a, None))).collect()));
        }
        let base = self.turned.get(&n).copied().unwrap_or(args[0]);
        let (base, axes) = match (self.g.op(base).clone(), self.defined.get(&base)) {
            (_, Some((let_name, axes))) => (name(let_name), axes.clone()),
            (Op::Port(port), None) => (name(&self.port_names[&port]), self.g.port_info(port).axes.clone()),
            _ => return None,
        };
        let mut renamed: Vec<(Axis, Option<Expr>)> = vec![];
        for axis in axes {
            let new = match place(axis).map(|p| (p, self.g.op(p).clone())) {
                None => axis,
                Some((_, Op::Axis(new))) if new.extent == axis.extent => new,
                Some((at, _)) if self.is_known(at, axis) => {
                    let at = self.indexed(at);
                    renamed.push((axis, Some(at)));
                    continue;
                }
                Some(_) => return None,
            };
            if renamed.iter().any(|(other, place)| *other == new && place.is_none()) {
                return None;
            }
            renamed.push((new, None));
        }
        Some(self.leaf_at(base, renamed))
    }

    /// Whether an index is known where it is written, and within the axis that it reads.
    fn is_known(&self, index: NodeId, axis: Axis) -> bool {
        self.g.axes(index).is_subset(&self.fixed) && self.g.is_within(index, axis.extent)
    }

    fn prim(&mut self, n: NodeId, prim: Prim, attribute: f64) -> Option<Dense> {
        let args = self.g.args(n).to_vec();
        match prim {
            Prim::Add => self.sum_of_terms(&args),
            Prim::Mul => {
                let (negative, dense) = self.signed_product(n)?;
                Some(Dense { expr: if negative { negate(dense.expr) } else { dense.expr }, axes: dense.axes })
            }
            Prim::Exp => self.softmax(args[0]).or_else(|| self.plain(prim, attribute, &args)),
            Prim::Select => {
                if let Some(hot) = self.one_hot(n) {
                    return Some(hot);
                }
                let (c, a, b) = (self.dense(args[0], false)?, self.dense(args[1], false)?, self.dense(args[2], false)?);
                let (parts, axes) = aligned(vec![c, a, b])?;
                Some(Dense { expr: elementwise(Prim::Select, 0.0, parts), axes })
            }
            Prim::IndexToReal => {
                let inner = self.dense(args[0], false)?;
                let plain = self.is_plain_index(args[0]);
                Some(Dense { expr: if plain { inner.expr } else { call("real", vec![inner.expr]) }, axes: inner.axes })
            }
            Prim::IndexIsZero => {
                let (terms, constant) = self.g.linear_terms(args[0]);
                if let ([(a, k)], Some(c)) = (terms.as_slice(), constant.as_constant())
                    && k.as_constant() == Some(1)
                    && !self.is_plain_index(*a)
                {
                    let a = self.dense(*a, false)?;
                    let equal = elementwise(Prim::Equal, 0.0, vec![a.expr, number(-c as f64)]);
                    return Some(Dense { expr: equal, axes: a.axes });
                }
                let [(a, ka), (b, kb)] = terms.as_slice() else { return None };
                let same = ka.as_constant() == Some(1) && kb.as_constant() == Some(-1);
                if !same || constant.as_constant() != Some(0) {
                    return None;
                }
                let (a, b) = (self.dense(*a, false)?, self.dense(*b, false)?);
                let axes = common_order(&[&a.axes, &b.axes])?;
                Some(Dense { expr: elementwise(Prim::Equal, 0.0, vec![a.expr, b.expr]), axes })
            }
            Prim::IndexIsNonNegative => None,
            _ => self.plain(prim, attribute, &args),
        }
    }

    fn plain(&mut self, prim: Prim, attribute: f64, args: &[NodeId]) -> Option<Dense> {
        let mut parts = vec![];
        for a in args {
            parts.push(self.dense(*a, false)?);
        }
        let (parts, axes) = aligned(parts)?;
        Some(Dense { expr: elementwise(prim, attribute, parts), axes })
    }

    fn sum_of_terms(&mut self, args: &[NodeId]) -> Option<Dense> {
        let (mut signs, mut parts) = (vec![], vec![]);
        for a in args {
            let (negative, dense) = self.signed_product(*a)?;
            signs.push((negative, dense.axes.len()));
            parts.push(dense);
        }
        let (parts, axes) = aligned(parts)?;
        let mut terms: Vec<((bool, usize), Expr)> = signs.into_iter().zip(parts).collect();
        // `x @ W + b`: the widest term first.
        terms.sort_by_key(|t| std::cmp::Reverse(t.0.1));
        Some(Dense { expr: signed_sum(terms.into_iter().map(|((negative, _), e)| (negative, e)).collect()), axes })
    }

    /// A term of a sum: whether it is negative, and its absolute form.
    fn signed_product(&mut self, n: NodeId) -> Option<(bool, Dense)> {
        if let Some(c) = self.g.as_constant(n) {
            return Some((c < 0.0, Dense { expr: number(c.abs()), axes: vec![] }));
        }
        // `if y == k then -1 else 0` is `-one_hot(y)`.
        if let Some((Prim::Select, args)) = self.g.as_prim(n) {
            let value = args[1];
            if self.g.as_constant(value).is_some_and(|c| c < 0.0) && !self.defined.contains_key(&n) {
                let positive = self.g.neg(value);
                let (condition, zero) = (self.g.args(n)[0], self.g.args(n)[2]);
                let flipped = self.g.select(condition, positive, zero);
                if let Some(hot) = self.one_hot(flipped) {
                    return Some((true, hot));
                }
            }
        }
        let is_product = matches!(self.g.as_prim(n), Some((Prim::Mul, _))) && !self.defined.contains_key(&n);
        if !is_product {
            return Some((false, self.dense(n, false)?));
        }
        let mut negative = false;
        let (mut numbers, mut parts) = (vec![], vec![]);
        for a in self.g.args(n).to_vec() {
            match self.g.as_constant(a) {
                Some(c) => {
                    negative ^= c < 0.0;
                    if c.abs() != 1.0 {
                        numbers.insert(0, number(c.abs()));
                    }
                }
                None => parts.push(self.dense(a, false)?),
            }
        }
        let (parts, axes) = aligned(parts)?;
        Some((negative, Dense { expr: product(numbers.into_iter().chain(parts).collect())?, axes }))
    }

    /// `if y[n] == k then c else 0` as `c * one_hot(y)`.
    fn one_hot(&mut self, n: NodeId) -> Option<Dense> {
        let (conditions, value) = self.g.masks(n);
        let scale = self.g.as_constant(value)?;
        let [condition] = conditions.as_slice() else { return None };
        let Some((Prim::IndexIsZero, args)) = self.g.as_prim(*condition) else { return None };
        let (terms, constant) = self.g.linear_terms(args[0]);
        let [(a, ka), (b, kb)] = terms.as_slice() else { return None };
        if constant.as_constant() != Some(0) || ka.add(kb).as_constant() != Some(0) || ka.as_constant()?.abs() != 1 {
            return None;
        }
        let (labels, axis) = match (self.g.op(*a), self.g.op(*b)) {
            (Op::Axis(axis), Op::Port(_)) => (*b, *axis),
            (Op::Port(_), Op::Axis(axis)) => (*a, *axis),
            _ => return None,
        };
        // The width of one_hot is the range of the labels.
        let Op::Port(port) = self.g.op(labels) else { return None };
        let crate::graph::PortKind::Index(extent) = self.g.port_info(*port).kind else { return None };
        if extent != axis.extent || self.g.axes(labels).contains(axis) {
            return None;
        }
        let labels = self.dense(labels, false)?;
        let hot = call("one_hot", vec![labels.expr]);
        let expr = if scale == 1.0 { hot } else { binary(BinaryOp::Multiply, number(scale), hot) };
        Some(Dense { expr, axes: [labels.axes, vec![axis]].concat() })
    }

    /// `exp(z - logsumexp(z))` over the last axis is `softmax(z)`.
    fn softmax(&mut self, exponent: NodeId) -> Option<Dense> {
        let (logits, axis) = self.logits(exponent)?;
        let logits = self.dense(logits, false)?;
        (logits.axes.last() == Some(&axis))
            .then(|| Dense { expr: call("softmax", vec![logits.expr]), axes: logits.axes })
    }

    /// `z` and its axis, if the exponent is `z - logsumexp(z)` over one axis.
    fn logits(&mut self, exponent: NodeId) -> Option<(NodeId, Axis)> {
        let Some((Prim::Add, args)) = self.g.as_prim(exponent) else { return None };
        let args = args.to_vec();
        for (i, a) in args.iter().enumerate() {
            let Some(positive) = self.g.negated_if_negative(*a) else { continue };
            let Op::Reduce(Reduction::LogSumExp, bound) = self.g.op(positive).clone() else { continue };
            let [axis] = bound.as_slice() else { continue };
            let mut rest = args.clone();
            rest.remove(i);
            let rest = self.g.add(&rest);
            if self.g.args(positive)[0] == rest {
                return Some((rest, *axis));
            }
        }
        None
    }

    fn reduction(&mut self, n: NodeId, reduction: Reduction, bound: &AxisSet) -> Option<Dense> {
        let body = self.g.args(n)[0];
        if reduction == Reduction::Sum
            && let Some(dense) = self.matrix_product(body, bound)
        {
            return Some(dense);
        }
        let inner = self.dense(body, false)?;
        if !bound.is_subset(&inner.axes.iter().copied().collect()) {
            return None;
        }
        let axes: Vec<Axis> = inner.axes.iter().copied().filter(|a| !bound.contains(*a)).collect();
        let by_default = match reduction {
            Reduction::ArgMax | Reduction::ArgMin => inner.axes.last().is_some_and(|a| bound.as_slice() == [*a]),
            _ => axes.is_empty(),
        };
        let mut arguments = vec![positional(inner.expr)];
        if !by_default {
            let mut named: Vec<Expr> = bound.iter().map(|a| self.axis_argument(a, &inner.axes)).collect();
            let value = match named.len() {
                1 => named.remove(0),
                _ => super::tree::expr(ExprKind::Array(named)),
            };
            arguments.push(named_argument("axis", value));
        }
        Some(Dense { expr: call_with(reduction.row().name, arguments), axes })
    }

    /// An axis by the name of its dim, or by its position if that is not unique.
    fn axis_argument(&self, axis: Axis, order: &[Axis]) -> Expr {
        let position = order.iter().position(|a| *a == axis).unwrap_or(0);
        let unique = order.iter().filter(|a| a.extent == axis.extent).count() == 1;
        match self.g.extent(axis).as_dim() {
            Some(dim) if unique => name(&self.g.extents.dim(dim).name),
            _ => number(position as f64),
        }
    }

    /// A sum of a product of two arrays over one common axis, as `a @ b` with the transpositions it needs.
    fn matrix_product(&mut self, body: NodeId, bound: &AxisSet) -> Option<Dense> {
        let (left, right, k) = self.operands(body, bound)?;
        let (a, b) = (self.dense(left, false)?, self.dense(right, false)?);
        multiply(a, b, k)
    }

    /// The two arrays of a matrix product and their common axis: factors and masks go to the array that covers them.
    fn operands(&mut self, body: NodeId, bound: &AxisSet) -> Option<(NodeId, NodeId, Axis)> {
        let [k] = bound.as_slice() else { return None };
        let (conditions, core) = self.g.masks(body);
        let (factors, below) = self.g.quotient_parts(core);
        if !below.is_empty() || factors.len() < 2 || factors.iter().any(|f| self.g.as_constant(*f).is_some()) {
            return None;
        }
        // Factors go to the operand whose axes cover them.
        let first = *factors.iter().max_by_key(|f| self.g.axes(**f).len())?;
        let first_axes = self.g.axes(first).clone();
        let second = *factors.iter().find(|f| !self.g.axes(**f).is_subset(&first_axes)).or_else(|| {
            // A vector product: any other factor.
            factors.iter().find(|f| **f != first)
        })?;
        let second_axes = self.g.axes(second).clone();
        // What has the common axis alone goes to the operand that will stand left, where that axis is the last one.
        let other = |axes: &AxisSet| axes.iter().find(|a| a != k);
        let second_is_left = matches!((other(&first_axes), other(&second_axes)), (Some(m), Some(n)) if n < m);
        let (mut left, mut right) = (vec![], vec![]);
        for f in &factors {
            let moves = second_is_left && self.g.axes(*f).as_slice() == [*k];
            if *f == first || *f != second && !moves && self.g.axes(*f).is_subset(&first_axes) {
                left.push(*f);
            } else if self.g.axes(*f).is_subset(&second_axes) {
                right.push(*f);
            } else {
                return None;
            }
        }
        let (mut left_masks, mut right_masks) = (vec![], vec![]);
        for c in conditions {
            match (self.g.axes(c).is_subset(&second_axes), self.g.axes(c).is_subset(&first_axes)) {
                (true, _) => right_masks.push(c),
                (_, true) => left_masks.push(c),
                _ => return None,
            }
        }
        let left = self.g.mul(&left);
        let left = self.g.mask(&left_masks, left);
        let right = self.g.mul(&right);
        let right = self.g.mask(&right_masks, right);
        Some((left, right, *k))
    }
}

/// `a @ b` summed over `k`; the operand whose other axis comes first in the graph's order stands left.
fn multiply(a: Dense, b: Dense, k: Axis) -> Option<Dense> {
    if a.axes.len() > 2 || b.axes.len() > 2 || !a.axes.contains(&k) || !b.axes.contains(&k) {
        return None;
    }
    let other = |d: &Dense| d.axes.iter().copied().find(|x| *x != k);
    let (m, n) = (other(&a), other(&b));
    if m.is_some() && m == n {
        return None;
    }
    let swap = match (m, n) {
        (Some(m), Some(n)) => n < m,
        _ => false,
    };
    let (left, right) = if swap { (b, a) } else { (a, b) };
    let (m, n) = (other(&left), other(&right));
    let left = if left.axes.last() == Some(&k) { left.expr } else { transpose(left.expr) };
    let right = if right.axes.first() == Some(&k) { right.expr } else { transpose(right.expr) };
    let axes = m.into_iter().chain(n).collect();
    Some(Dense { expr: binary(BinaryOp::MatrixMultiply, left, right), axes })
}

/// Arrays whose axes suit elementwise operators: where they do not, matrices are transposed.
fn aligned(parts: Vec<Dense>) -> Option<(Vec<Expr>, Vec<Axis>)> {
    if let Some(axes) = common_order(&parts.iter().map(|p| &p.axes).collect::<Vec<_>>()) {
        return Some((parts.into_iter().map(|p| p.expr).collect(), axes));
    }
    let longest = parts.iter().map(|p| &p.axes).max_by_key(|o| o.len()).filter(|o| o.len() == 2)?.clone();
    let reversed: Vec<Axis> = longest.iter().rev().copied().collect();
    let turned = |part: &Dense, order: &[Axis]| part.axes.iter().rev().eq(order);
    let suits = |order: &Vec<Axis>| parts.iter().all(|p| order.ends_with(&p.axes) || turned(p, order));
    let order = [longest, reversed].into_iter().find(suits)?;
    let turn = |part: Dense| if order.ends_with(&part.axes) { part.expr } else { transpose(part.expr) };
    Some((parts.into_iter().map(turn).collect(), order.clone()))
}

/// The longest order, if every other one is a suffix of it: what elementwise operators accept.
fn common_order(orders: &[&Vec<Axis>]) -> Option<Vec<Axis>> {
    let longest = orders.iter().max_by_key(|o| o.len())?;
    orders.iter().all(|o| longest.ends_with(o)).then(|| longest.to_vec())
}
