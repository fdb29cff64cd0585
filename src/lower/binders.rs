//! Index notation: `[i, j] => …`, `let y[n, k] = …` and `sum[d in D where …](…)`.
//!
//! Reads ranges (stated or inferred). Must not know how ranges are inferred.

use super::ranges::Index;
use super::reductions::Fold;
use super::scope::{LocalRole, Lowerer};
use super::value::{Array, Evaluated, Slot, Sort, Value};
use crate::diag::catalog::{names as name_error, shapes as error};
use crate::graph::{Axis, ExtentId, NodeId, Poly};
use crate::span::Span;
use crate::syntax::ast::{ArgumentValue, Binder, BinderRange, CallArgument, Expr, ExprKind, IndexItem, Let, Name};

/// Indices that are bound while their body is worked out.
pub(super) struct Opened<'a> {
    /// The names to forget.
    names: Vec<&'a str>,
    /// The axes that become the first of the result, or are reduced.
    pub(super) slots: Vec<Slot>,
    /// What a range that depends on other indices leaves out.
    pub(super) filters: Vec<NodeId>,
    /// Where the only range starts, for the result of `argmax`.
    start: Option<NodeId>,
    indices: usize,
    facts: usize,
    rest: Option<Vec<Slot>>,
    hoisted: Vec<(usize, *const Expr)>,
}

impl<'a> Lowerer<'a> {
    /// `[i, j in N] => body`
    pub(super) fn comprehension(&mut self, binders: &'a [Binder], body: &'a Expr, span: Span) -> Evaluated {
        let mut rest = None;
        let mut list = vec![];
        for (i, binder) in binders.iter().enumerate() {
            match binder {
                Binder::Rest(at) if i == 0 => rest = Some(*at),
                Binder::Rest(at) => return self.fail(error::rest_comes_first(self.place(*at))),
                Binder::Index { name, range } => {
                    list.push(Index { name: &name.text, span: name.span, range: range.as_ref() })
                }
            }
        }
        let opened = self.open(&list, rest, body, None, true)?;
        let value = self.array(body);
        let slots = opened.slots.clone();
        self.close(opened);
        let value = value?;
        let axes: Vec<Slot> = slots.into_iter().chain(value.axes).collect();
        let sizes: Vec<ExtentId> = axes.iter().map(|s| s.axis.extent).collect();
        self.check_count(&sizes, span)?;
        Ok(Value::Array(Array { node: value.node, axes, kind: value.kind, number: None }))
    }

    /// `sum[i, j in N where c](body)`
    pub(super) fn reduction(
        &mut self,
        fold: Fold,
        items: &'a [IndexItem],
        filter: Option<&'a Expr>,
        arguments: &'a [CallArgument],
        span: Span,
    ) -> Evaluated {
        let mut list = vec![];
        for item in items {
            match item {
                IndexItem::Expr(Expr { kind: ExprKind::Name(name), span }) => {
                    list.push(Index { name, span: *span, range: None })
                }
                IndexItem::Binder(Binder::Index { name, range }) => {
                    list.push(Index { name: &name.text, span: name.span, range: range.as_ref() })
                }
                IndexItem::Expr(e) => return self.fail(error::not_a_binder(self.place(e.span), fold.name())),
                IndexItem::Range(r) => return self.fail(error::not_a_binder(self.place(r.span), fold.name())),
                IndexItem::All(at) | IndexItem::Rest(at) | IndexItem::Binder(Binder::Rest(at)) => {
                    return self.fail(error::not_a_binder(self.place(*at), fold.name()));
                }
            }
        }
        let [CallArgument { name: None, value: ArgumentValue::Expr(body) }] = arguments else {
            return self.fail(error::reduction_takes_one(self.place(span), fold.name()));
        };
        let opened = self.open(&list, None, body, filter, false)?;
        let result = self.reduced(fold, &opened, body, filter, span);
        self.close(opened);
        result.map(Value::Array)
    }

    fn reduced(
        &mut self,
        fold: Fold,
        opened: &Opened<'a>,
        body: &'a Expr,
        filter: Option<&'a Expr>,
        span: Span,
    ) -> Evaluated<Array> {
        let mut filters = opened.filters.clone();
        if let Some(e) = filter {
            let c = self.condition(e, "where")?;
            if !c.is_scalar() {
                let shape = self.show_shape(&c.axes);
                return self.fail(error::filter_has_axes(self.place(e.span), &shape));
            }
            self.assume_node(c.node, true);
            filters.push(c.node);
        }
        let value = self.array(body)?;
        let value = self.fold_body(fold, value, body)?;
        let bound: Vec<Axis> = opened.slots.iter().map(|s| s.axis).collect();
        let kind = self.fold_kind(fold, &bound, span)?;
        let filter = filters.into_iter().reduce(|a, b| self.graph.and(a, b));
        let mut node = self.fold(fold, &bound, value.node, filter);
        if let (Sort::Index { .. }, Some(start)) = (&kind, opened.start) {
            node = self.graph.index_add(node, start);
        }
        Ok(Array { node, axes: value.axes, kind, number: None })
    }

    /// Binds indices: finds their ranges and gives each an axis.
    pub(super) fn open(
        &mut self,
        list: &[Index<'a>],
        rest: Option<Span>,
        body: &'a Expr,
        filter: Option<&'a Expr>,
        comprehension: bool,
    ) -> Evaluated<Opened<'a>> {
        for (i, index) in list.iter().enumerate() {
            if index.name == "_" {
                continue;
            }
            let earlier = list[..i].iter().find(|e| e.name == index.name).map(|e| (e.span, "index"));
            if let Some((span, noun)) = earlier.or_else(|| self.visible(index.name)) {
                return self.fail(name_error::index_name_taken(
                    self.place(index.span),
                    index.name,
                    noun,
                    self.place(span),
                ));
            }
        }
        let inferred = self.infer_ranges(list, rest, body, filter)?;
        let mut opened = Opened {
            names: vec![],
            slots: vec![],
            filters: vec![],
            start: None,
            indices: self.indices.len(),
            facts: self.facts.len(),
            rest: self.frame().rest.clone(),
            hoisted: inferred.hoisted,
        };
        if rest.is_some() {
            let slots: Vec<Slot> = inferred
                .rest
                .iter()
                .map(|(extent, from)| {
                    let axis = self.fresh_axis(*extent, &[]);
                    self.indices.push(axis);
                    Slot { axis, from: *from }
                })
                .collect();
            opened.slots.extend(&slots);
            self.frame().rest = Some(slots);
        }
        let open =
            |(index, range): (&Index<'a>, &Option<_>)| (index.range.is_none() && range.is_none()).then_some(index.name);
        let open: Vec<&str> = list.iter().zip(&inferred.ranges).filter_map(open).collect();
        for (index, range) in list.iter().zip(inferred.ranges) {
            if index.range.is_none() && range.is_none() {
                self.close(opened);
                return self.fail(error::range_unknown(self.place(index.span), index.name, &open, comprehension));
            }
            let outcome = self.bind(index, range, comprehension, list.len() == 1, &mut opened);
            if let Err(reported) = outcome {
                self.close(opened);
                return Err(reported);
            }
        }
        let facts = opened.filters.clone();
        facts.into_iter().for_each(|c| self.assume_node(c, true));
        Ok(opened)
    }

    fn bind(
        &mut self,
        index: &Index<'a>,
        inferred: Option<(ExtentId, Span)>,
        comprehension: bool,
        only: bool,
        opened: &mut Opened<'a>,
    ) -> Evaluated<()> {
        let mut start = None;
        let mut limits = None;
        let (extent, from) = match (index.range, inferred) {
            (None, Some(found)) => found,
            (None, None) => return Err(super::value::Reported),
            (Some(BinderRange::Extent(e)), _) => {
                let poly = self.dim(e)?;
                let poly = self.normal(poly);
                self.need_size(poly.clone(), e.span, "the range of this index");
                (self.graph.extents.intern(poly), e.span)
            }
            (Some(BinderRange::Between(a, b)), _) => {
                let from = a.span.to(b.span);
                let (low, high) = (self.range_end(a), self.range_end(b));
                let (low, high) = (low?, high?);
                let (low_terms, low_constant) = self.graph.linear_terms(low);
                if comprehension && (!low_terms.is_empty() || low_constant.as_constant() != Some(0)) {
                    return self.fail(error::starts_at_zero(self.place(from), index.name));
                }
                let length = self.graph.index_sub(high, low);
                let (terms, length) = self.graph.linear_terms(length);
                if terms.is_empty() {
                    start = Some(low);
                    let length = self.ranged(length, from)?;
                    (self.graph.extents.intern(length), from)
                } else if comprehension {
                    return self.fail(error::ragged_range(self.place(from), index.name));
                } else {
                    let (Some((least, _)), Some((_, most))) = (self.graph.bounds(low), self.graph.bounds(high)) else {
                        return self.fail(error::range_has_no_bounds(self.place(from), index.name));
                    };
                    let length = self.ranged(most.sub(&least), from)?;
                    start = Some(self.graph.index_size(least));
                    limits = Some((low, high));
                    (self.graph.extents.intern(length), from)
                }
            }
        };
        let axis = self.fresh_axis(extent, &[]);
        self.indices.push(axis);
        opened.slots.push(Slot { axis, from });
        self.hint(axis, index.name);
        let mut node = self.graph.axis(axis);
        if let Some(start) = start {
            node = self.graph.index_add(node, start);
            if only {
                opened.start = Some(start);
            }
        }
        if let Some((low, high)) = limits {
            let next = self.graph.linear(&[(node, Poly::constant(1))], Poly::constant(1));
            opened.filters.extend([self.graph.index_at_least(node, low), self.graph.index_at_least(high, next)]);
        }
        if index.name != "_" {
            self.frame().index_names.push((axis, index.name));
            let value = Array { node, axes: vec![], kind: Sort::BOUND, number: None };
            self.push_local(index.name, Ok(Value::Array(value)), index.span, LocalRole::Index);
            opened.names.push(index.name);
        }
        Ok(())
    }

    fn ranged(&mut self, length: Poly, from: Span) -> Evaluated<Poly> {
        let length = self.normal(length);
        if self.graph.extents.known(&length).or(length.as_constant()).is_some_and(|n| n < 0) {
            let shown = self.graph.extents.show(&length);
            return self.fail(error::negative_size(self.place(from), &shown));
        }
        self.need_size(length.clone(), from, "the length of this range");
        Ok(length)
    }

    /// An end of a range: an index without axes.
    fn range_end(&mut self, e: &'a Expr) -> Evaluated<NodeId> {
        let array = self.array(e)?;
        let array = self.as_position(array, e)?;
        if !array.is_scalar() {
            return self.fail(error::not_an_index(self.place(e.span)));
        }
        Ok(array.node)
    }

    pub(super) fn close(&mut self, opened: Opened<'a>) {
        for name in opened.names.iter().rev() {
            self.pop_local(name);
            self.frame().index_names.pop();
        }
        self.indices.truncate(opened.indices);
        self.facts.truncate(opened.facts);
        self.frame().rest = opened.rest;
        for key in opened.hoisted {
            self.hoisted.remove(&key);
        }
    }

    /// `let s[t] = … s[t - 1] …`: inside a block the name is not yet known; at top level it is a circle.
    pub(super) fn check_recurrence(&mut self, name: &Name, l: &'a Let) -> Evaluated<()> {
        if self.visible(&name.text).is_some() {
            return Ok(());
        }
        let mut reads = None;
        let mut see = |r: super::free_names::Reference<'a>| {
            if r.name == name.text && reads.is_none() {
                reads = Some(r.span);
            }
        };
        super::free_names::Walker::new(&mut see).expr(&l.value);
        match reads {
            Some(_) => {
                let module = self.frame().module;
                let scan = super::recurrence::as_scan(l, self.sources, self.names, module);
                self.fail(name_error::recurrence(self.place(name.span), &name.text, scan.as_deref()))
            }
            None => Ok(()),
        }
    }
}
