//! `if`, logic, and masks. A mask is `if c then f else 0`; masks float out of products, sums and numerators, so that
//! what is not selected is never multiplied into anything.

use super::{Args, Graph, NodeId, Op};
use crate::prim::Prim;
use smallvec::SmallVec;

impl Graph {
    /// Whether the node is `if c then f else 0`.
    pub fn is_mask(&self, n: NodeId) -> bool {
        matches!(self.as_prim(n), Some((Prim::Select, args)) if self.is_constant(args[2], 0.0))
    }

    /// The conditions of nested masks, outermost first, and what is inside.
    pub fn masks(&self, mut n: NodeId) -> (SmallVec<[NodeId; 2]>, NodeId) {
        let mut conditions = SmallVec::new();
        while self.is_mask(n) {
            conditions.push(self.args(n)[0]);
            n = self.args(n)[1];
        }
        (conditions, n)
    }

    /// The term where all conditions hold, else 0.
    pub fn mask(&mut self, conditions: &[NodeId], term: NodeId) -> NodeId {
        let mut conditions: Vec<NodeId> = conditions.to_vec();
        conditions.sort();
        conditions.dedup();
        let zero = self.constant(0.0);
        if conditions.iter().enumerate().any(|(i, c)| conditions[..i].iter().any(|d| self.are_opposite(*c, *d))) {
            return zero;
        }
        conditions.iter().rev().fold(term, |inner, c| self.select(*c, inner, zero))
    }

    /// `if c then a else b`.
    pub fn select(&mut self, c: NodeId, a: NodeId, b: NodeId) -> NodeId {
        if a == b {
            return a;
        }
        match (self.op(c), self.as_prim(c)) {
            (Op::Bool(true), _) => return a,
            (Op::Bool(false), _) => return b,
            _ => {}
        }
        // A zero stands second, so that masks of both branches float alike; else a negated condition is swapped away.
        if self.is_constant(a, 0.0) {
            let other = self.not(c);
            return self.select(other, b, a);
        }
        if let Some((Prim::Not, args)) = self.as_prim(c)
            && !self.is_constant(b, 0.0)
        {
            let inner = args[0];
            return self.select(inner, b, a);
        }
        // Masks of conditions one by one: a sum sees what fixes an index.
        if self.is_constant(b, 0.0)
            && let Some((Prim::And, _)) = self.as_prim(c)
        {
            let mut conditions = SmallVec::new();
            self.conjuncts(c, &mut conditions);
            return self.mask(&conditions, a);
        }
        // Nested masks are sorted and have no duplicates.
        if self.is_constant(b, 0.0) && self.is_mask(a) {
            let (conditions, core) = self.masks(a);
            if conditions.contains(&c) {
                return a;
            }
            if conditions.iter().any(|d| self.are_opposite(c, *d)) {
                return b;
            }
            if c > conditions[0] {
                let mut all = conditions.to_vec();
                all.push(c);
                return self.mask(&all, core);
            }
        }
        self.make(Op::Prim(Prim::Select, 0), Args::from_slice(&[c, a, b]))
    }

    /// Both conditions.
    pub fn and(&mut self, a: NodeId, b: NodeId) -> NodeId {
        match (self.op(a), self.op(b)) {
            (Op::Bool(true), _) => b,
            (_, Op::Bool(true)) => a,
            (Op::Bool(false), _) | (_, Op::Bool(false)) => self.bool(false),
            _ if a == b => a,
            _ if self.are_opposite(a, b) => self.bool(false),
            _ => self.make(Op::Prim(Prim::And, 0), Args::from_slice(&[a.min(b), a.max(b)])),
        }
    }

    /// Either condition.
    pub fn or(&mut self, a: NodeId, b: NodeId) -> NodeId {
        match (self.op(a), self.op(b)) {
            (Op::Bool(false), _) => b,
            (_, Op::Bool(false)) => a,
            (Op::Bool(true), _) | (_, Op::Bool(true)) => self.bool(true),
            _ if a == b => a,
            _ if self.are_opposite(a, b) => self.bool(true),
            _ => match self.common_conjuncts(a, b) {
                Some(n) => n,
                None => self.make(Op::Prim(Prim::Or, 0), Args::from_slice(&[a.min(b), a.max(b)])),
            },
        }
    }

    /// `a and b or a and c` is `a and (b or c)`.
    fn common_conjuncts(&mut self, a: NodeId, b: NodeId) -> Option<NodeId> {
        let (mut left, mut right) = (SmallVec::<[NodeId; 2]>::new(), SmallVec::<[NodeId; 2]>::new());
        self.conjuncts(a, &mut left);
        self.conjuncts(b, &mut right);
        let common: Vec<NodeId> = left.iter().copied().filter(|c| right.contains(c)).collect();
        if common.is_empty() {
            return None;
        }
        let mut rest = |side: &[NodeId]| {
            side.iter().filter(|c| !common.contains(c)).fold(self.bool(true), |all, c| self.and(all, *c))
        };
        let (left, right) = (rest(&left), rest(&right));
        let either = self.or(left, right);
        Some(common.iter().fold(either, |all, c| self.and(all, *c)))
    }

    pub(super) fn are_opposite(&self, a: NodeId, b: NodeId) -> bool {
        let negates = |x: NodeId, y: NodeId| matches!(self.as_prim(x), Some((Prim::Not, args)) if args[0] == y);
        negates(a, b) || negates(b, a)
    }

    /// The condition does not hold.
    pub fn not(&mut self, a: NodeId) -> NodeId {
        match (self.op(a), self.as_prim(a)) {
            (Op::Bool(value), _) => {
                let value = !*value;
                self.bool(value)
            }
            (_, Some((Prim::Not, args))) => args[0],
            _ => self.make(Op::Prim(Prim::Not, 0), Args::from_slice(&[a])),
        }
    }
}
