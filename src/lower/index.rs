//! `x[…]`: elements, slices, gathers, and the proof that they stay inside.
//!
//! Reads values and dims. Must not know reductions.

use super::SizeCheck;
use super::proofs::Tried;
use super::reductions::Fold;
use super::scope::Lowerer;
use super::value::{Array, Evaluated, Reported, Slot, Sort, Value};
use crate::diag::catalog::{names as name_error, shapes as error};
use crate::graph::{Axis, AxisMap, ExtentId, NodeId, Op, Poly};
use crate::prim::Prim;
use crate::span::Span;
use crate::syntax::ast::{Expr, ExprKind, IndexItem, Range};

/// What happens to one axis of the base.
#[derive(Clone)]
pub(super) enum Entry {
    /// It stays.
    Keep,
    /// It is read at a place that has axes of its own (none for a plain index).
    At(NodeId, Vec<Slot>),
    /// It becomes an axis of this size, shifted by a start.
    Slice { start: NodeId, extent: ExtentId, from: Span },
}

/// Whether an index stays inside an axis.
enum Proof {
    Inside,
    /// It is inside when this size is at least 0, which depends on open dims.
    When(Poly),
    Outside,
    Unknown,
}

impl<'a> Lowerer<'a> {
    /// `base[items]`
    pub(super) fn index(
        &mut self,
        e: &'a Expr,
        base: &'a Expr,
        items: &'a [IndexItem],
        filter: Option<&'a Expr>,
    ) -> Evaluated {
        if let Some(filter) = filter {
            return self.fail(error::where_outside_reduction(self.place(filter.span)));
        }
        // A plain name is read with the axes of its definition: they are replaced below in one step.
        let value = match &base.kind {
            ExprKind::Name(name) => self.lookup_raw(name, base.span)?,
            _ => self.expr(base)?,
        };
        if let Value::Function(callee) = value {
            let name = self.callee_name(callee);
            let is_reduction = Fold::named(&name).is_some();
            return self.fail(name_error::function_is_indexed(self.place(e.span), &name, is_reduction));
        }
        if let Value::Layer(layer) = value {
            return self.layer_at(layer, items, e);
        }
        let array = self.expect_array(value, base.span)?;
        let entries = self.entries(&array, base, items, e.span)?;
        self.read(&array, entries, e.span).map(Value::Array)
    }

    /// What the items say about each axis.
    pub(super) fn entries(
        &mut self,
        array: &Array,
        base: &'a Expr,
        items: &'a [IndexItem],
        span: Span,
    ) -> Evaluated<Vec<Entry>> {
        let rank = array.axes.len();
        let named = items.iter().filter(|i| !matches!(i, IndexItem::Rest(_))).count();
        let rests = items.len() - named;
        if named > rank || rests > 1 {
            let shape = self.show_shape(&array.axes);
            let text = self.describe(base);
            let declared = self.declaration_of(base);
            return self.fail(error::too_many_indices(self.place(span), &text, &shape, named, rests, declared));
        }
        let mut entries: Vec<Entry> = vec![];
        let mut problem = None;
        let mut gathered: Option<Span> = None;
        for item in items {
            let slot = array.axes.get(entries.len()).copied();
            let entry = match (item, slot) {
                (IndexItem::Rest(at), _) => {
                    let count = rank - named;
                    match self.rest_entries(&array.axes[entries.len()..entries.len() + count], *at) {
                        Ok(list) => entries.extend(list),
                        Err(reported) => {
                            problem = Some(reported);
                            entries.extend((0..count).map(|_| Entry::Keep));
                        }
                    }
                    continue;
                }
                (IndexItem::All(_), _) => Ok(Entry::Keep),
                (IndexItem::Expr(e), Some(slot)) => {
                    let entry = self.place_entry(e, slot, span);
                    if let Ok(Entry::At(_, axes)) = &entry
                        && !axes.is_empty()
                    {
                        if let Some(first) = gathered {
                            problem = Some(self.report(error::two_index_arrays(self.place(e.span), self.place(first))));
                        }
                        gathered = Some(e.span);
                    }
                    entry
                }
                (IndexItem::Range(range), Some(slot)) => self.slice_entry(range, slot),
                (IndexItem::Binder(_), _) => self.fail(error::binder_outside_reduction(self.place(span))),
                (_, None) => Err(Reported),
            };
            match entry {
                Ok(entry) => entries.push(entry),
                Err(reported) => {
                    problem = Some(reported);
                    entries.push(Entry::Keep);
                }
            }
        }
        match problem {
            Some(reported) => Err(reported),
            None => {
                entries.extend((entries.len()..rank).map(|_| Entry::Keep));
                Ok(entries)
            }
        }
    }

    /// `..`: the axes of the comprehension around, or all axes that are not named.
    fn rest_entries(&mut self, axes: &[Slot], at: Span) -> Evaluated<Vec<Entry>> {
        let Some(rest) = self.frame().rest.clone() else { return Ok(axes.iter().map(|_| Entry::Keep).collect()) };
        let fits = rest.len() == axes.len()
            && rest.iter().zip(axes).all(|(r, a)| self.same_size(r.axis.extent, a.axis.extent).is_some());
        if !fits {
            let (here, there) = (self.show_shape(axes), self.show_shape(&rest));
            return self.fail(error::leading_axes_differ(self.place(at), &here, &there));
        }
        Ok(rest.iter().map(|r| Entry::At(self.graph.axis(r.axis), vec![])).collect())
    }

    /// `x[e]`: an index, a literal (negative ones count from the end), or an array of indices.
    fn place_entry(&mut self, e: &'a Expr, slot: Slot, whole: Span) -> Evaluated<Entry> {
        let extent = slot.axis.extent;
        let size = self.graph.extents.poly(extent).clone();
        if let Some(n) = negative_literal(e) {
            let place = size.add(&Poly::constant(n));
            let node = self.graph.index_size(place);
            self.check_inside(node, slot, e, whole)?;
            return Ok(Entry::At(node, vec![]));
        }
        let array = self.array(e)?;
        let array = match array.kind {
            Sort::Bool => return self.fail(error::not_an_index(self.place(e.span))),
            _ => self.as_position(array, e)?,
        };
        self.check_inside(array.node, slot, e, whole)?;
        Ok(Entry::At(array.node, array.axes))
    }

    /// The place of one member of a family; `None` for several.
    pub(super) fn family_place(&mut self, e: &'a Expr, slot: Slot, whole: Span) -> Evaluated<Option<NodeId>> {
        match self.place_entry(e, slot, whole)? {
            Entry::At(node, axes) if axes.is_empty() => Ok(Some(node)),
            _ => Ok(None),
        }
    }

    fn slice_entry(&mut self, range: &'a Range, slot: Slot) -> Evaluated<Entry> {
        let size = self.graph.extents.poly(slot.axis.extent).clone();
        let start = match &range.start {
            Some(e) => self.slice_end(e, &size)?,
            None => self.graph.index_constant(0),
        };
        let end = match &range.end {
            Some(e) => self.slice_end(e, &size)?,
            None => self.graph.index_size(size.clone()),
        };
        let length = self.graph.index_sub(end, start);
        let (terms, length) = self.graph.linear_terms(length);
        let span = self.place(range.span);
        if !terms.is_empty() {
            return self.fail(error::slice_length_varies(span));
        }
        let shown = self.graph.extents.show(&length);
        if self.graph.extents.known(&length).or(length.as_constant()).is_some_and(|n| n < 0) {
            return self.fail(error::slice_is_backwards(span, &shown));
        }
        self.need_size(length.clone(), span, "the length of this slice");
        // The start is at least 0, and start + length at most the size.
        let room = self.graph.linear(&[(end, Poly::constant(-1))], size.clone());
        for node in [start, room] {
            match self.prove(node) {
                Proof::Inside => {}
                Proof::When(poly) => self.need_size(poly, span, "this slice"),
                Proof::Outside | Proof::Unknown => {
                    let size = self.graph.extents.show(&size);
                    return self.fail(error::slice_leaves_axis(span, &size, self.place(slot.from)));
                }
            }
        }
        let extent = self.graph.extents.intern(length);
        Ok(Entry::Slice { start, extent, from: range.span })
    }

    fn slice_end(&mut self, e: &'a Expr, size: &Poly) -> Evaluated<NodeId> {
        if let Some(n) = negative_literal(e) {
            return Ok(self.graph.index_size(size.add(&Poly::constant(n))));
        }
        let array = self.array(e)?;
        let array = self.as_position(array, e)?;
        if !array.is_scalar() {
            return self.fail(error::not_an_index(self.place(e.span)));
        }
        Ok(array.node)
    }

    /// Reads an array at the places of its entries.
    pub(super) fn read(&mut self, array: &Array, entries: Vec<Entry>, span: Span) -> Evaluated<Array> {
        // Axes that come from index arrays stay as they are; the others make way for them.
        let mut taken: Vec<Axis> = vec![];
        for entry in &entries {
            if let Entry::At(_, axes) = entry {
                taken.extend(axes.iter().map(|s| s.axis));
            }
        }
        let mut map = AxisMap::new();
        let mut axes: Vec<Slot> = vec![];
        for (slot, entry) in array.axes.iter().zip(entries) {
            match entry {
                Entry::Keep => {
                    let axis = if taken.contains(&slot.axis) || self.indices.contains(&slot.axis) {
                        let own = array.axis_list();
                        let avoid: Vec<Axis> = taken.iter().chain(&own).copied().collect();
                        self.fresh_axis(slot.axis.extent, &avoid)
                    } else {
                        slot.axis
                    };
                    taken.push(axis);
                    map.insert(slot.axis, self.graph.axis(axis));
                    axes.push(Slot { axis, from: slot.from });
                }
                Entry::At(node, own) => {
                    map.insert(slot.axis, node);
                    axes.extend(own);
                }
                Entry::Slice { start, extent, from } => {
                    let own = array.axis_list();
                    let avoid: Vec<Axis> = taken.iter().chain(&own).copied().collect();
                    let axis = self.fresh_axis(extent, &avoid);
                    taken.push(axis);
                    let step = self.graph.axis(axis);
                    let place = self.graph.index_add(start, step);
                    map.insert(slot.axis, place);
                    axes.push(Slot { axis, from });
                }
            }
        }
        let node = self.graph.at(array.node, &map);
        let sizes: Vec<ExtentId> = axes.iter().map(|s| s.axis.extent).collect();
        self.check_count(&sizes, span)?;
        Ok(Array { node, axes, kind: array.kind.clone(), number: None })
    }

    /// Reports an index that is not proven to lie on the axis.
    fn check_inside(&mut self, node: NodeId, slot: Slot, e: &'a Expr, whole: Span) -> Evaluated<()> {
        let size = self.graph.extents.poly(slot.axis.extent).clone();
        let room = self.graph.linear(&[(node, Poly::constant(-1))], size.sub(&Poly::constant(1)));
        for (node, low) in [(node, true), (room, false)] {
            match self.prove(node) {
                Proof::Inside => {}
                Proof::When(poly) => self.need_size(poly, self.place(e.span), "this index"),
                _ if self.try_values(node, e.span) == Tried::Holds => {}
                outcome => {
                    let certain = matches!(outcome, Proof::Outside);
                    return self.leaves_axis(node, low, certain, slot, e, whole);
                }
            }
        }
        Ok(())
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one sentence")]
    fn leaves_axis(
        &mut self,
        node: NodeId,
        low: bool,
        certain: bool,
        slot: Slot,
        e: &'a Expr,
        whole: Span,
    ) -> Evaluated<()> {
        let size = self.show_extent(slot.axis.extent);
        let place = error::IndexPlace {
            span: self.place(e.span),
            whole: self.place(whole),
            text: self.written(whole),
            size,
            size_from: self.place(slot.from),
        };
        // If one bound index with coefficient ±1 is to blame, say at which value, and which range would do.
        let (terms, constant) = self.graph.linear_terms(node);
        let names = self.frame().index_names.clone();
        let name_of = |axis: Axis| names.iter().rev().find(|(a, _)| *a == axis).map(|(_, n)| *n);
        if terms.is_empty() {
            return self.fail(error::literal_leaves_axis(&place));
        }
        if let [(atom, k)] = terms.as_slice()
            && let Op::Axis(axis) = *self.graph.op(*atom)
            && let Some(name) = name_of(axis)
            && k.as_constant() == Some(if low { 1 } else { -1 })
        {
            let extent = self.graph.extent(axis).clone();
            let value = if low { Poly::default() } else { extent.sub(&Poly::constant(1)) };
            let at = self.graph.extents.show(&value);
            // The node is `room = size - 1 - index`: with index = i + c the range that fits is size - c.
            let fix = (!low).then(|| self.graph.extents.show(&constant.add(&Poly::constant(1))));
            return self.fail(error::index_leaves_axis(&place, name, &at, fix.as_deref(), low));
        }
        self.fail(error::index_not_proven(&place, certain))
    }

    /// Whether an index term is at least 0, for all values of the indices here.
    fn prove(&mut self, node: NodeId) -> Proof {
        let mut choices = 64;
        self.prove_with(node, &mut choices)
    }

    /// The same, looking at so many branches of `if`s at most.
    fn prove_with(&mut self, node: NodeId, choices: &mut usize) -> Proof {
        // Of very many facts the innermost count.
        const FACTS: usize = 24;
        if self.graph.is_non_negative(node) {
            return Proof::Inside;
        }
        // `if c then a else b`: each under what its condition says.
        let (terms, constant) = self.graph.linear_terms(node);
        for (i, (atom, k)) in terms.iter().enumerate() {
            let Op::Prim(Prim::Select, _) = self.graph.op(*atom) else { continue };
            let args = self.graph.args(*atom).to_vec();
            if *choices < 2 {
                return Proof::Unknown;
            }
            *choices -= 2;
            let mut proofs = vec![];
            for (branch, holds) in [(args[1], true), (args[2], false)] {
                let mut parts = terms.clone();
                parts[i] = (branch, k.clone());
                let whole = self.graph.linear(&parts, constant.clone());
                let facts = self.facts.len();
                self.assume_node(args[0], holds);
                proofs.push(self.prove_with(whole, choices));
                self.facts.truncate(facts);
            }
            return if proofs.iter().all(|p| matches!(p, Proof::Inside)) { Proof::Inside } else { Proof::Unknown };
        }
        let first = self.facts.len().saturating_sub(FACTS);
        for i in first..self.facts.len() {
            let less = self.graph.index_sub(node, self.facts[i]);
            if self.graph.is_non_negative(less) {
                return Proof::Inside;
            }
            for j in first..i {
                let less = self.graph.index_sub(less, self.facts[j]);
                if self.graph.is_non_negative(less) {
                    return Proof::Inside;
                }
            }
        }
        let Some((low, _)) = self.graph.bounds(node) else { return Proof::Unknown };
        let e = &self.graph.extents;
        if e.non_negative(&low.scale(-1).sub(&Poly::constant(1))) {
            return Proof::Outside;
        }
        // Dims that only help: `N - 3`. Where dims are set against each other, they are probably mixed up.
        let open = |m: &[crate::graph::DimId]| m.iter().any(|d| e.dim(*d).value.is_none());
        let helps = low.terms().iter().all(|(m, c)| !open(m) || *c > 0);
        let any_open = low.terms().iter().any(|(m, _)| open(m));
        if helps && any_open { Proof::When(low) } else { Proof::Unknown }
    }

    /// Notes a size that must be at least 0 once open dims are known.
    pub(super) fn need_size(&mut self, poly: Poly, span: Span, what: &str) {
        if self.graph.extents.non_negative(&poly) {
            return;
        }
        let check = SizeCheck { at_least_zero: poly, span: self.place(span), what: what.to_string() };
        if !self.size_checks.contains(&check) {
            self.size_checks.push(check);
        }
    }
}

/// `-3` as it is written.
fn negative_literal(e: &Expr) -> Option<i64> {
    match &e.kind {
        ExprKind::Negate(inner) => match inner.kind {
            ExprKind::Number { value, is_integer: true } if value <= super::dims::LARGEST as f64 => {
                Some(-(value as i64))
            }
            _ => None,
        },
        _ => None,
    }
}
