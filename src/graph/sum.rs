//! Sums of terms. Canonical form: flat, sorted, equal terms collected; common masks and common scalar denominators
//! outside; sums over the same axes merged where no matrix product is lost.

use super::product::FLATTEN;
use super::{Args, Axis, Graph, NodeId, Op};
use crate::prim::{Prim, Reduction};
use smallvec::SmallVec;

impl Graph {
    /// Sum.
    pub fn add(&mut self, args: &[NodeId]) -> NodeId {
        let mut terms: Vec<(NodeId, f64)> = vec![];
        let mut constant = 0.0;
        for x in args {
            self.push_term(&mut terms, &mut constant, *x, 1.0);
        }
        terms.retain(|t| t.1 != 0.0);
        terms.sort_by_key(|t| t.0);
        let mut out: Vec<NodeId> = Vec::with_capacity(terms.len() + 1);
        for (base, k) in terms {
            let k = self.constant(k);
            out.push(self.mul(&[k, base]));
        }
        if constant != 0.0 || out.is_empty() {
            out.push(self.constant(constant));
        }
        if let [one] = out.as_slice() {
            return *one;
        }
        if let Some(n) = self.common_masks(&out) {
            return n;
        }
        if let Some(n) = self.common_denominator(&out) {
            return n;
        }
        if let Some(n) = self.opposite_masks(&out) {
            return n;
        }
        if let Some(n) = self.merged_sums(&out) {
            return n;
        }
        out.sort();
        self.make(Op::Prim(Prim::Add, 0), Args::from_slice(&out))
    }

    fn push_term(&mut self, terms: &mut Vec<(NodeId, f64)>, constant: &mut f64, x: NodeId, k: f64) {
        if let Some(c) = self.as_constant(x)
            && (*constant + k * c).is_finite()
        {
            *constant += k * c;
            return;
        }
        let (c, base) = self.coefficient(x);
        let k = k * c;
        match self.as_prim(base) {
            Some((Prim::Add, args)) if k.abs() == 1.0 && terms.len() + args.len() <= FLATTEN => {
                for a in Args::from_slice(args) {
                    self.push_term(terms, constant, a, k);
                }
            }
            _ => match terms.iter_mut().find(|t| t.0 == base && (t.1 + k).is_finite()) {
                Some(t) => t.1 += k,
                None => terms.push((base, k)),
            },
        }
    }

    /// `[c]f + [c]g` is `[c](f + g)`.
    fn common_masks(&mut self, terms: &[NodeId]) -> Option<NodeId> {
        let mut split: Vec<(SmallVec<[NodeId; 2]>, NodeId)> = terms.iter().map(|t| self.masks(*t)).collect();
        let common: Vec<NodeId> =
            split[0].0.iter().copied().filter(|c| split.iter().all(|s| s.0.contains(c))).collect();
        if common.is_empty() {
            return None;
        }
        let inner: Vec<NodeId> = split
            .iter_mut()
            .map(|(conditions, core)| {
                conditions.retain(|c| !common.contains(c));
                self.mask(conditions, *core)
            })
            .collect();
        let sum = self.add(&inner);
        Some(self.mask(&common, sum))
    }

    /// `[c]f + [not c]g` is `if c then f else g`, unless the condition picks one element of an axis: a sum over that
    /// axis reads the two apart.
    fn opposite_masks(&mut self, terms: &[NodeId]) -> Option<NodeId> {
        let split: Vec<(SmallVec<[NodeId; 2]>, NodeId)> = terms.iter().map(|t| self.masks(*t)).collect();
        for (i, (left, f)) in split.iter().enumerate() {
            for (j, (right, g)) in split.iter().enumerate().skip(i + 1) {
                let (choice, rest) = if let Some((c, rest)) = self.opposite_condition(left, right) {
                    (self.select(c, *f, *g), rest)
                } else if let Some((c, rest)) = self.opposite_condition(right, left) {
                    (self.select(c, *g, *f), rest)
                } else {
                    continue;
                };
                let mut out: Vec<NodeId> =
                    terms.iter().enumerate().filter(|(k, _)| *k != i && *k != j).map(|(_, t)| *t).collect();
                out.push(self.mask(&rest, choice));
                return Some(self.add(&out));
            }
        }
        None
    }

    /// The condition that the left masks have and whose opposite the right ones have, if that is all they differ in;
    /// and what they have in common.
    fn opposite_condition(&mut self, left: &[NodeId], right: &[NodeId]) -> Option<(NodeId, Vec<NodeId>)> {
        let (common, own): (Vec<NodeId>, Vec<NodeId>) = left.iter().partition(|c| right.contains(c));
        let mut others = right.iter().filter(|c| !left.contains(c));
        let (Some(other), None) = (others.next(), others.next()) else { return None };
        let Some((Prim::Not, args)) = self.as_prim(*other) else { return None };
        let opposite = args[0];
        let mut parts = SmallVec::<[NodeId; 2]>::new();
        self.conjuncts(opposite, &mut parts);
        let same = parts.len() == own.len() && own.iter().all(|c| parts.contains(c));
        let picks_element = |c: &NodeId| match self.as_prim(*c) {
            Some((Prim::IndexIsZero | Prim::IndexIsNonNegative, args)) => {
                self.linear_terms(args[0]).0.iter().any(|t| matches!(self.op(t.0), Op::Axis(_)))
            }
            _ => false,
        };
        (same && !own.iter().any(picks_element)).then_some((opposite, common))
    }

    /// `a/N + b/N` is `(a + b)/N` for a scalar N. Where every term is masked, N must not be zero: `0/0` must not appear.
    fn common_denominator(&mut self, terms: &[NodeId]) -> Option<NodeId> {
        let mut inner = Vec::with_capacity(terms.len());
        let mut common = None;
        let mut all_masked = true;
        for t in terms {
            let (conditions, core) = self.masks(*t);
            all_masked &= !conditions.is_empty();
            let (k, quotient) = self.coefficient(core);
            let Some((Prim::Div, args)) = self.as_prim(quotient) else { return None };
            let (numerator, denominator) = (args[0], args[1]);
            if !self.axes(denominator).is_empty() || common.is_some_and(|d| d != denominator) {
                return None;
            }
            common = Some(denominator);
            let k = self.constant(k);
            let numerator = self.mul(&[k, numerator]);
            inner.push(self.mask(&conditions, numerator));
        }
        let denominator = common?;
        if all_masked && !self.node(denominator).facts.nonzero {
            return None;
        }
        let sum = self.add(&inner);
        Some(self.div(sum, denominator))
    }

    /// `sum[r] p + sum[r] q` is `sum[r](p + q)`, unless a matrix product would be lost.
    fn merged_sums(&mut self, terms: &[NodeId]) -> Option<NodeId> {
        let split: Vec<(f64, NodeId)> = terms.iter().map(|t| self.coefficient(*t)).collect();
        for (i, (_, first)) in split.iter().enumerate() {
            let Op::Reduce(Reduction::Sum, bound) = self.op(*first).clone() else { continue };
            let same: Vec<usize> = (i..split.len())
                .filter(|j| {
                    matches!(self.op(split[*j].1), Op::Reduce(Reduction::Sum, b) if *b == bound)
                        && self.axes(split[*j].1) == self.axes(*first)
                })
                .collect();
            if same.len() < 2 || !self.may_merge(&same.iter().map(|j| split[*j].1).collect::<Vec<_>>()) {
                continue;
            }
            let mut bodies = vec![];
            for j in &same {
                let k = self.constant(split[*j].0);
                let body = self.args(split[*j].1)[0];
                bodies.push(self.mul(&[k, body]));
            }
            let body = self.add(&bodies);
            let axes: Vec<Axis> = bound.iter().collect();
            let mut rest = vec![self.reduce(Reduction::Sum, &axes, body)];
            rest.extend((0..terms.len()).filter(|j| !same.contains(j)).map(|j| terms[j]));
            return Some(self.add(&rest));
        }
        None
    }

    fn may_merge(&self, sums: &[NodeId]) -> bool {
        let factors: Vec<Vec<NodeId>> = sums
            .iter()
            .map(|s| {
                let (_, core) = self.masks(self.args(*s)[0]);
                self.factors(core).factors
            })
            .collect();
        let contraction = |f: &Vec<NodeId>| self.is_contraction(f);
        !factors.iter().any(contraction) || factors[0].iter().any(|x| factors.iter().all(|f| f.contains(x)))
    }

    /// Whether a product has two factors of which neither covers the axes of the other: a matrix product, when summed.
    pub(super) fn is_contraction(&self, factors: &[NodeId]) -> bool {
        factors.iter().any(|a| {
            factors.iter().any(|b| !self.axes(*a).is_subset(self.axes(*b)) && !self.axes(*b).is_subset(self.axes(*a)))
        })
    }
}
