//! Operators: arithmetic, comparisons, `if`, the matrix product, and how shapes combine.
//!
//! Reads values and dims. Must not know names or statements.

use super::scope::Lowerer;
use super::value::{Array, Evaluated, Slot, Sort, Value};
use crate::diag::catalog::{lints, shapes as error};
use crate::graph::{Axis, NodeId, Op, Poly};
use crate::prim::{Prim, Reduction};
use crate::span::Span;
use crate::syntax::ast::{BinaryOp, CompareOp, Expr, ExprKind};

impl<'a> Lowerer<'a> {
    /// The common shape of two shapes of one length: named sizes win over plain numbers.
    pub(super) fn equal_shapes(&self, a: &[Slot], b: &[Slot]) -> Option<Vec<Slot>> {
        if a.len() != b.len() { None } else { self.suffix(a, b) }
    }

    /// The shape of elementwise arithmetic, if `short` is a suffix of `long`.
    fn suffix(&self, long: &[Slot], short: &[Slot]) -> Option<Vec<Slot>> {
        let offset = long.len().checked_sub(short.len())?;
        let mut out = long.to_vec();
        for (i, s) in short.iter().enumerate() {
            let here = out[offset + i];
            let extent = self.same_size(here.axis.extent, s.axis.extent)?;
            if extent != here.axis.extent {
                let others: Vec<Axis> = out.iter().map(|o| o.axis).collect();
                out[offset + i] = Slot { axis: self.fresh_axis(extent, &others), from: s.from };
            }
        }
        Some(out)
    }

    /// The terms of several arrays over one shape: equal shapes, scalars, or suffixes of the longest.
    ///
    /// The error gives the positions of two arrays that do not combine.
    pub(super) fn broadcast(&mut self, arrays: &[&Array]) -> Result<(Vec<NodeId>, Vec<Slot>), (usize, usize)> {
        let mut longest = 0;
        for (i, a) in arrays.iter().enumerate() {
            if a.axes.len() > arrays[longest].axes.len() {
                longest = i;
            }
        }
        let mut axes = arrays.first().map_or(vec![], |_| arrays[longest].axes.clone());
        for (i, a) in arrays.iter().enumerate() {
            axes = self.suffix(&axes, &a.axes).ok_or((longest.min(i), longest.max(i)))?;
        }
        let nodes = arrays
            .iter()
            .map(|a| {
                let to: Vec<Axis> = axes[axes.len() - a.axes.len()..].iter().map(|s| s.axis).collect();
                self.rename(a, &to)
            })
            .collect();
        Ok((nodes, axes))
    }

    /// A side of an operator as a message shows it.
    pub(super) fn side(&self, e: &Expr, array: &Array) -> error::Side {
        error::Side {
            span: self.place(e.span),
            shape: self.show_shape(&array.axes),
            declared: self.declaration_of(e),
            text: self.describe(e),
        }
    }

    /// Reports two shapes that do not combine.
    pub(super) fn no_broadcast<T>(
        &mut self,
        span: Span,
        operator: &str,
        (a, ea): (&Array, &Expr),
        (b, eb): (&Array, &Expr),
    ) -> Evaluated<T> {
        let (left, right) = (self.side(ea, a), self.side(eb, b));
        // The axes that differ, from the end.
        let differ = a
            .axes
            .iter()
            .rev()
            .zip(b.axes.iter().rev())
            .find(|(x, y)| self.same_size(x.axis.extent, y.axis.extent).is_none());
        let sizes = differ.map(|(x, y)| {
            let show = |s: &Slot| (self.show_extent(s.axis.extent), self.place(s.from));
            (show(x), show(y))
        });
        let one =
            |this: &Self, x: &Array| x.axes.last().is_some_and(|s| this.graph.extent(s.axis).as_constant() == Some(1));
        let extra = match (a.axes.len() as i64 - b.axes.len() as i64, one(self, a), one(self, b)) {
            (1, true, _) => error::Extra::Left,
            (-1, _, true) => error::Extra::Right,
            _ => error::Extra::None,
        };
        let problem = error::no_broadcast(self.place(span), operator, &left, &right, sizes, extra);
        self.fail(problem)
    }

    /// `a + b` and the other operators with two sides.
    pub(super) fn binary(&mut self, op: BinaryOp, op_span: Span, left: &'a Expr, right: &'a Expr) -> Evaluated {
        if let BinaryOp::And | BinaryOp::Or = op {
            return self.logic(op, op_span, left, right);
        }
        // Both sides are looked at, so that the problems of both are found.
        let (a, b) = (self.array(left), self.array(right));
        let (a, b) = (a?, b?);
        self.lint_grouping(op, (left, &a), right);
        self.lint_label_product(op, op_span, &a, &b);
        if op == BinaryOp::MatrixMultiply {
            let (a, b) = (self.as_number(a, left), self.as_number(b, right));
            return self.matrix_product((a?, left), (b?, right), op_span).map(Value::Array);
        }
        if let Some(value) = self.index_arithmetic(op, op_span, (&a, left), (&b, right)) {
            return value;
        }
        let (a, b) = (self.as_number(a, left), self.as_number(b, right));
        let (a, b) = (a?, b?);
        if let Some(number) = self.whole_arithmetic(op, &a, &b) {
            return self.size_value(number);
        }
        let (nodes, axes) = match self.broadcast(&[&a, &b]) {
            Ok(found) => found,
            Err(_) => return self.no_broadcast(op_span, op.symbol(), (&a, left), (&b, right)),
        };
        let (x, y) = (nodes[0], nodes[1]);
        let node = match op {
            BinaryOp::Add => self.graph.add(&[x, y]),
            BinaryOp::Subtract => self.graph.sub(x, y),
            BinaryOp::Multiply => self.graph.mul(&[x, y]),
            BinaryOp::Divide => self.graph.div(x, y),
            _ => self.power(x, y, &b),
        };
        Ok(Value::Array(Array::real(node, axes)))
    }

    /// `g * W @ x`, which NumPy would read as `(g * W) @ x`.
    fn lint_grouping(&mut self, op: BinaryOp, (left, a): (&'a Expr, &Array), right: &'a Expr) {
        let ExprKind::Binary { op: BinaryOp::MatrixMultiply, left: first, right: second, .. } = &right.kind else {
            return;
        };
        // One number in front commutes with the product.
        let differs = op == BinaryOp::Divide || op == BinaryOp::Multiply && !a.is_scalar();
        let between = Span { start: left.span.end, end: right.span.start, ..right.span };
        if !differs || self.in_std() || self.written(between).contains('(') {
            return;
        }
        let (left, symbol) = (self.written(left.span), op.symbol());
        let (first, second) = (self.written(first.span), self.written(second.span));
        let read = format!("{left} {symbol} ({first} @ {second})");
        let elsewhere = format!("({left} {symbol} {first}) @ {second}");
        self.report(lints::matrix_product_first(right.span, symbol, &read, &elsewhere));
    }

    /// A label that was made a number and is multiplied with anything but one known number.
    fn lint_label_product(&mut self, op: BinaryOp, op_span: Span, a: &Array, b: &Array) {
        if !matches!(op, BinaryOp::Multiply | BinaryOp::MatrixMultiply) || self.label_numbers.is_empty() {
            return;
        }
        for (label, other) in [(a, b), (b, a)] {
            let known = other.is_scalar() && self.graph.as_constant(other.node).is_some();
            if let Some(span) = self.label_numbers.get(&label.node).copied().filter(|_| !known) {
                self.report(lints::label_product(self.place(op_span), op.symbol(), span));
                return;
            }
        }
    }

    fn power(&mut self, x: NodeId, y: NodeId, exponent: &Array) -> NodeId {
        let known = exponent.number.as_ref().and_then(|n| self.graph.extents.known(n)).map(|n| n as f64);
        match known.or(self.graph.as_constant(y)) {
            Some(k) => self.graph.pow_const(x, k),
            None => self.graph.prim(Prim::Power, 0.0, &[x, y]),
        }
    }

    /// Arithmetic of compile-time numbers, as far as it stays whole and exact.
    fn whole_arithmetic(&mut self, op: BinaryOp, a: &Array, b: &Array) -> Option<Poly> {
        let (x, y) = (a.number.as_ref()?, b.number.as_ref()?);
        let result = match op {
            BinaryOp::Add => x.add(y),
            BinaryOp::Subtract => x.sub(y),
            BinaryOp::Multiply => x.mul(y),
            BinaryOp::Divide if y.as_constant() != Some(0) => x.divide_exactly(y)?,
            _ => return None,
        };
        let result = self.normal(result);
        self.is_countable(&result).then_some(result)
    }

    /// Arithmetic that stays an index: `+ -` of indices and whole numbers, `*` by a whole number.
    fn index_arithmetic(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        (a, left): (&Array, &'a Expr),
        (b, right): (&Array, &'a Expr),
    ) -> Option<Evaluated> {
        let whole = |x: &Array| x.is_index() || x.number.is_some();
        if !(a.is_index() || b.is_index()) || !whole(a) || !whole(b) {
            return None;
        }
        let label = a.is_label() || b.is_label();
        let one = Poly::constant(1);
        let (ka, kb) = match (op, &a.number, &b.number) {
            (BinaryOp::Add, ..) => (one.clone(), one),
            (BinaryOp::Subtract, ..) => (one.clone(), one.scale(-1)),
            (BinaryOp::Multiply, _, Some(k)) => (k.clone(), Poly::default()),
            (BinaryOp::Multiply, Some(k), _) => (Poly::default(), k.clone()),
            (BinaryOp::Multiply, None, None) => (one.clone(), one),
            _ => return None,
        };
        let product = op == BinaryOp::Multiply && a.number.is_none() && b.number.is_none();
        let (nodes, axes) = match self.broadcast(&[a, b]) {
            Ok(found) => found,
            Err(_) => return Some(self.no_broadcast(op_span, op.symbol(), (a, left), (b, right))),
        };
        if product {
            let node = self.graph.index_mul(nodes[0], nodes[1]);
            return Some(Ok(Value::Array(Array { node, axes, kind: Sort::Index { label, size: None }, number: None })));
        }
        let mut terms = vec![];
        let mut constant = Poly::default();
        for (x, node, k) in [(a, nodes[0], ka), (b, nodes[1], kb)] {
            match &x.number {
                Some(n) => constant = constant.add(&n.mul(&k)),
                None => terms.push((node, k)),
            }
        }
        let node = self.graph.linear(&terms, constant);
        Some(Ok(Value::Array(Array { node, axes, kind: Sort::Index { label, size: None }, number: None })))
    }

    /// An index as it is, a whole number as an index.
    pub(super) fn as_position(&mut self, array: Array, e: &Expr) -> Evaluated<Array> {
        match (&array.kind, &array.number) {
            (Sort::Index { .. }, _) => Ok(array),
            (_, Some(n)) => {
                let node = self.graph.index_size(n.clone());
                Ok(Array { node, axes: array.axes, kind: Sort::BOUND, number: None })
            }
            _ => self.fail(error::not_an_index(self.place(e.span))),
        }
    }

    fn logic(&mut self, op: BinaryOp, op_span: Span, left: &'a Expr, right: &'a Expr) -> Evaluated {
        let a = self.condition(left, op.symbol())?;
        match (op, a.is_scalar().then(|| self.decided(a.node)).flatten()) {
            (BinaryOp::And, Some(false)) | (BinaryOp::Or, Some(true)) => return Ok(Value::Array(a)),
            _ => {}
        }
        // The right side of `and` may rely on the left one: `t > 0 and x[t - 1] > 0`.
        let facts = self.facts.len();
        self.assume_scalar(&a, op == BinaryOp::And);
        let b = self.condition(right, op.symbol());
        self.facts.truncate(facts);
        let b = b?;
        match self.broadcast(&[&a, &b]) {
            Ok((nodes, axes)) => {
                let node = match op {
                    BinaryOp::And => self.graph.and(nodes[0], nodes[1]),
                    _ => self.graph.or(nodes[0], nodes[1]),
                };
                Ok(Value::Array(Array::truth(node, axes)))
            }
            Err(_) => self.no_broadcast(op_span, op.symbol(), (&a, left), (&b, right)),
        }
    }

    /// `0 < x < 1`: every neighbouring pair holds.
    pub(super) fn compare(&mut self, first: &'a Expr, rest: &'a [(CompareOp, Span, Expr)]) -> Evaluated {
        let mut left = (self.array(first), first);
        let mut all: Option<(Array, &'a Expr)> = None;
        for (op, op_span, e) in rest {
            let right = (self.array(e), e);
            let (a, b) = (left.0.clone()?, right.0.clone()?);
            let pair = self.compare_pair(*op, *op_span, (a, left.1), (b, e))?;
            all = Some(match all {
                None => (pair, e),
                Some((before, from)) => match self.broadcast(&[&before, &pair]) {
                    Ok((nodes, axes)) => (Array::truth(self.graph.and(nodes[0], nodes[1]), axes), e),
                    Err(_) => return self.no_broadcast(*op_span, op.symbol(), (&before, from), (&pair, e)),
                },
            });
            left = right;
        }
        match all {
            Some((array, _)) => Ok(Value::Array(array)),
            None => left.0.map(Value::Array),
        }
    }

    fn compare_pair(
        &mut self,
        op: CompareOp,
        op_span: Span,
        (a, left): (Array, &'a Expr),
        (b, right): (Array, &'a Expr),
    ) -> Evaluated<Array> {
        if let (Some(x), Some(y)) = (&a.number, &b.number)
            && let Some(difference) = self.graph.extents.known(&x.sub(y)).or(x.sub(y).as_constant())
        {
            let order = difference.cmp(&0);
            let node = self.graph.bool(holds(op, order));
            return Ok(Array::truth(node, vec![]));
        }
        let whole = |x: &Array| x.is_index() || x.number.is_some();
        let as_index = (a.is_index() || b.is_index()) && whole(&a) && whole(&b);
        let as_truth = a.kind == Sort::Bool && b.kind == Sort::Bool;
        let (a, b) = if as_truth {
            (a, b)
        } else if as_index {
            (self.as_position(a, left)?, self.as_position(b, right)?)
        } else {
            if a.kind == Sort::Bool || b.kind == Sort::Bool {
                return self.fail(error::compared_with_condition(self.place(op_span), op.symbol()));
            }
            let (a, b) = (self.as_number(a, left), self.as_number(b, right));
            (a?, b?)
        };
        let (nodes, axes) = match self.broadcast(&[&a, &b]) {
            Ok(found) => found,
            Err(_) => return self.no_broadcast(op_span, op.symbol(), (&a, left), (&b, right)),
        };
        let (x, y) = (nodes[0], nodes[1]);
        if as_truth {
            return match op {
                CompareOp::Equal | CompareOp::NotEqual => {
                    let node = self.same_truth(x, y);
                    let node = if op == CompareOp::Equal { node } else { self.graph.not(node) };
                    Ok(Array::truth(node, axes))
                }
                _ => self.fail(error::conditions_have_no_order(self.place(op_span), op.symbol())),
            };
        }
        let node = if as_index { self.compare_indices(op, x, y) } else { self.compare_reals(op, x, y, op_span) };
        Ok(Array::truth(node, axes))
    }

    fn same_truth(&mut self, x: NodeId, y: NodeId) -> NodeId {
        let (not_x, not_y) = (self.graph.not(x), self.graph.not(y));
        let (both, neither) = (self.graph.and(x, y), self.graph.and(not_x, not_y));
        self.graph.or(both, neither)
    }

    fn compare_indices(&mut self, op: CompareOp, x: NodeId, y: NodeId) -> NodeId {
        match op {
            CompareOp::Equal => self.graph.index_equal(x, y),
            CompareOp::NotEqual => {
                let equal = self.graph.index_equal(x, y);
                self.graph.not(equal)
            }
            CompareOp::GreaterEqual => self.graph.index_at_least(x, y),
            CompareOp::LessEqual => self.graph.index_at_least(y, x),
            // Whole numbers: x > y is x >= y + 1.
            CompareOp::Greater | CompareOp::Less => {
                let (x, y) = if op == CompareOp::Greater { (x, y) } else { (y, x) };
                let next = self.graph.linear(&[(y, Poly::constant(1))], Poly::constant(1));
                self.graph.index_at_least(x, next)
            }
        }
    }

    fn compare_reals(&mut self, op: CompareOp, x: NodeId, y: NodeId, op_span: Span) -> NodeId {
        if let CompareOp::Equal | CompareOp::NotEqual = op
            && !self.in_std()
        {
            self.report(lints::reals_compared(op_span, op.symbol()));
        }
        let (prim, args) = match op {
            CompareOp::Equal => (Prim::Equal, [x, y]),
            CompareOp::NotEqual => (Prim::NotEqual, [x, y]),
            CompareOp::Less => (Prim::Less, [x, y]),
            CompareOp::LessEqual => (Prim::LessEqual, [x, y]),
            CompareOp::Greater => (Prim::Less, [y, x]),
            CompareOp::GreaterEqual => (Prim::LessEqual, [y, x]),
        };
        self.graph.prim(prim, 0.0, &args)
    }

    /// `if c then a else b`; decided at compile time if it can be.
    pub(super) fn if_else(
        &mut self,
        condition: &'a Expr,
        then: &'a Expr,
        otherwise: &'a Expr,
        span: Span,
    ) -> Evaluated {
        let c = self.condition(condition, "if")?;
        match c.is_scalar().then(|| self.decided(c.node)).flatten() {
            Some(true) => return self.expr(then),
            Some(false) => return self.expr(otherwise),
            None => {}
        }
        let facts = self.facts.len();
        self.assume_scalar(&c, true);
        let a = self.array(then);
        self.facts.truncate(facts);
        self.assume_scalar(&c, false);
        let b = self.array(otherwise);
        self.facts.truncate(facts);
        let (a, b) = (a?, b?);
        let whole = |x: &Array| x.is_index() || x.number.is_some();
        let truth = a.kind == Sort::Bool && b.kind == Sort::Bool;
        let index = (a.is_index() || b.is_index()) && whole(&a) && whole(&b);
        if !truth && (a.kind == Sort::Bool || b.kind == Sort::Bool) {
            return self.fail(error::branches_differ(self.place(then.span), self.place(otherwise.span)));
        }
        let (a, b) = if truth {
            (a, b)
        } else if index {
            (self.as_position(a, then)?, self.as_position(b, otherwise)?)
        } else {
            let (a, b) = (self.as_number(a, then), self.as_number(b, otherwise));
            (a?, b?)
        };
        let (nodes, axes) = match self.broadcast(&[&c, &a, &b]) {
            Ok(found) => found,
            Err((i, j)) => {
                let sides = [(&c, condition), (&a, then), (&b, otherwise)];
                return self.no_broadcast(span, "if", sides[i], sides[j]);
            }
        };
        if truth {
            let node = self.choose_truth(nodes[0], nodes[1], nodes[2]);
            return Ok(Value::Array(Array::truth(node, axes)));
        }
        let label = a.is_label() || b.is_label();
        let node = self.graph.select(nodes[0], nodes[1], nodes[2]);
        let kind = if index { Sort::Index { label, size: None } } else { Sort::Real };
        Ok(Value::Array(Array { node, axes, kind, number: None }))
    }

    /// What a condition without axes says; one with axes says nothing about the elements of another array.
    pub(super) fn assume_scalar(&mut self, condition: &Array, holds: bool) {
        if condition.is_scalar() {
            self.assume_node(condition.node, holds);
        }
    }

    /// Adds what a condition (or its opposite) says about indices to the known facts.
    pub(super) fn assume_node(&mut self, condition: NodeId, holds: bool) {
        let args = self.graph.args(condition).to_vec();
        let Op::Prim(prim, _) = self.graph.op(condition) else { return };
        match (*prim, holds) {
            (Prim::Not, _) => self.assume_node(args[0], !holds),
            (Prim::And, true) | (Prim::Or, false) => args.iter().for_each(|a| self.assume_node(*a, holds)),
            (Prim::IndexIsNonNegative, true) => self.facts.push(args[0]),
            (Prim::IndexIsNonNegative, false) => {
                let opposite = self.graph.linear(&[(args[0], Poly::constant(-1))], Poly::constant(-1));
                self.facts.push(opposite);
            }
            (Prim::IndexIsZero, true) => {
                let opposite = self.graph.linear(&[(args[0], Poly::constant(-1))], Poly::default());
                self.facts.extend([args[0], opposite]);
            }
            _ => {}
        }
    }

    /// `a @ b`: the last axis of `a` with the last but one of `b` (or its only one), leading axes in step.
    fn matrix_product(
        &mut self,
        (a, left): (Array, &'a Expr),
        (b, right): (Array, &'a Expr),
        op_span: Span,
    ) -> Evaluated<Array> {
        if a.is_scalar() || b.is_scalar() {
            let (a, b) = (self.side(left, &a), self.side(right, &b));
            return self.fail(error::matrix_product_of_scalar(self.place(op_span), &a, &b));
        }
        let inner_a = a.axes.len() - 1;
        let inner_b = b.axes.len().saturating_sub(2);
        let (ka, kb) = (a.axes[inner_a], b.axes[inner_b]);
        let Some(inner) = self.same_size(ka.axis.extent, kb.axis.extent) else {
            let show = |s: Slot| (self.show_extent(s.axis.extent), self.place(s.from));
            let (sa, sb) = (show(ka), show(kb));
            let (a, b) = (self.side(left, &a), self.side(right, &b));
            return self.fail(error::inner_sizes_differ(self.place(op_span), &a, &b, sa, sb));
        };
        // Leading axes: all but the last two, or none of a vector.
        let lead_a = &a.axes[..a.axes.len().saturating_sub(2)];
        let lead_b = &b.axes[..inner_b];
        let (long, short) = if lead_a.len() >= lead_b.len() { (lead_a, lead_b) } else { (lead_b, lead_a) };
        let Some(lead) = self.suffix(long, short) else {
            return self.no_broadcast(op_span, "@", (&a, left), (&b, right));
        };
        let row = (a.axes.len() >= 2).then(|| a.axes[inner_a - 1]);
        let column = (b.axes.len() >= 2).then(|| b.axes[inner_b + 1]);
        // All axes of the product are apart.
        let mut taken: Vec<Axis> = lead.iter().map(|s| s.axis).collect();
        let mut place = |this: &Self, slot: Slot, extent| {
            let axis = Axis { extent, ..slot.axis };
            let axis = if taken.contains(&axis) || this.indices.contains(&axis) {
                this.fresh_axis(extent, &taken)
            } else {
                axis
            };
            taken.push(axis);
            Slot { axis, from: slot.from }
        };
        let row = row.map(|s| place(self, s, s.axis.extent));
        let inner = place(self, ka, inner);
        let column = column.map(|s| place(self, s, s.axis.extent));
        let bare = |slots: &[Slot]| slots.iter().map(|s| s.axis).collect::<Vec<Axis>>();
        let mut to_a = bare(&lead[lead.len() - lead_a.len()..]);
        to_a.extend(row.map(|s| s.axis));
        to_a.push(inner.axis);
        let mut to_b = bare(&lead[lead.len() - lead_b.len()..]);
        to_b.push(inner.axis);
        to_b.extend(column.map(|s| s.axis));
        let (x, y) = (self.rename(&a, &to_a), self.rename(&b, &to_b));
        let product = self.graph.mul(&[x, y]);
        let node = self.graph.reduce(Reduction::Sum, &[inner.axis], product);
        let axes: Vec<Slot> = lead.into_iter().chain(row).chain(column).collect();
        let sizes: Vec<_> = axes.iter().map(|s| s.axis.extent).collect();
        self.check_count(&sizes, op_span)?;
        Ok(Array::real(node, axes))
    }
}

fn holds(op: CompareOp, order: std::cmp::Ordering) -> bool {
    match op {
        CompareOp::Equal => order.is_eq(),
        CompareOp::NotEqual => order.is_ne(),
        CompareOp::Less => order.is_lt(),
        CompareOp::LessEqual => order.is_le(),
        CompareOp::Greater => order.is_gt(),
        CompareOp::GreaterEqual => order.is_ge(),
    }
}
