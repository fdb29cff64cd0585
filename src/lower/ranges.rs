//! The ranges of indices that do not state them: from plain uses `x[i]`, or the largest that keeps `x[i + u]` inside.
//!
//! Reads the tree and the shapes of what it mentions. Nothing is built here but what is needed to know a shape; those
//! values are kept so that they are not worked out twice.

mod affine;

use super::free_names::{Reference, Walker};
use super::reductions::Fold;
use super::scope::Lowerer;
use super::value::{Array, Evaluated, Slot, Sort, Value};
use crate::diag::catalog::shapes as error;
use crate::graph::{ExtentId, Poly};
use crate::span::Span;
use crate::syntax::ast::{
    ArgumentValue, Binder, BinderRange, CompareOp, Expr, ExprKind, IndexItem, Let, Line, Pattern, Repeat,
};

/// An index before it has a range.
#[derive(Clone, Copy)]
pub(super) struct Index<'a> {
    pub name: &'a str,
    pub span: Span,
    pub range: Option<&'a BinderRange>,
}

/// What was found.
pub(super) struct Inferred {
    /// By index; `None` where the range is stated or nothing was found.
    pub ranges: Vec<Option<(ExtentId, Span)>>,
    /// The leading axes that `..` stands for.
    pub rest: Vec<(ExtentId, Span)>,
    /// Values that were worked out on the way; to be forgotten afterwards.
    pub hoisted: Vec<(usize, *const Expr)>,
}

/// A sum of indices with unknown range and of what is known.
#[derive(Clone)]
struct Affine {
    terms: Vec<(usize, Poly)>,
    low: Poly,
    high: Poly,
}

/// `x[2*i + u]` on an axis.
struct Use {
    place: Affine,
    extent: ExtentId,
    /// The read, and where the axis has its size from.
    span: Span,
    from: Span,
    text: String,
}

/// An index whose range is looked for.
#[derive(Default)]
struct Unknown {
    stated: Option<(Affine, Affine)>,
    /// The least and largest value, once known.
    range: Option<(Poly, Poly)>,
    /// The range found for an index without a stated one.
    extent: Option<(ExtentId, Span)>,
}

/// What a name means inside the body.
#[derive(Clone)]
enum Meaning {
    Unknown(usize),
    Hidden(Option<Box<Array>>),
}

struct Search<'a, 'l> {
    lowerer: &'l mut Lowerer<'a>,
    names: Vec<(&'a str, Meaning)>,
    unknowns: Vec<Unknown>,
    uses: Vec<Use>,
    rest: Option<Vec<Slot>>,
    /// Whether the comprehension has a `..` of its own.
    own_rest: bool,
    /// Inside another comprehension with its own `..`.
    other_rest: usize,
    hoisted: Vec<(usize, *const Expr)>,
}

impl<'a> Lowerer<'a> {
    /// Finds the ranges of indices that do not state them. What is not found stays open; two plain uses that differ
    /// are reported.
    pub(super) fn infer_ranges(
        &mut self,
        list: &[Index<'a>],
        rest: Option<Span>,
        body: &'a Expr,
        filter: Option<&'a Expr>,
    ) -> Evaluated<Inferred> {
        let nothing = list.iter().map(|_| None).collect();
        if rest.is_none() && list.iter().all(|i| i.range.is_some()) {
            return Ok(Inferred { ranges: nothing, rest: vec![], hoisted: vec![] });
        }
        let mut search = Search {
            lowerer: self,
            names: vec![],
            unknowns: vec![],
            uses: vec![],
            rest: None,
            own_rest: rest.is_some(),
            other_rest: 0,
            hoisted: vec![],
        };
        search.introduce(list);
        filter.iter().for_each(|f| search.walk(f));
        search.walk(body);
        search.solve();
        let conflict = search.conflict(list);
        let ranges = search.unknowns[..list.len()].iter().map(|u| u.extent).collect();
        let found_rest = search.rest.take().unwrap_or_default();
        let hoisted = std::mem::take(&mut search.hoisted);
        let rest = found_rest.iter().map(|s| (s.axis.extent, s.from)).collect();
        match conflict {
            Some(problem) => {
                hoisted.iter().for_each(|key| {
                    self.hoisted.remove(key);
                });
                self.fail(problem)
            }
            None => Ok(Inferred { ranges, rest, hoisted }),
        }
    }

    /// Works something out whose problems do not count yet.
    pub(super) fn attempt<T>(&mut self, work: impl FnOnce(&mut Self) -> Evaluated<T>) -> Option<T> {
        self.attempts += 1;
        let (mark, updates) = (self.diagnostics.len(), self.updates.len());
        let result = work(self);
        self.attempts -= 1;
        if result.is_err() {
            self.withdraw(mark);
            self.updates.truncate(updates);
        }
        result.ok()
    }
}

impl<'a> Search<'a, '_> {
    fn introduce(&mut self, list: &[Index<'a>]) {
        for index in list {
            let mut unknown = Unknown::default();
            match index.range {
                None => {}
                Some(BinderRange::Extent(e)) => {
                    if let Some(size) = self.lowerer.attempt(|l| l.dim(e)) {
                        unknown.range = Some((Poly::default(), size.sub(&Poly::constant(1))));
                    }
                }
                Some(BinderRange::Between(a, b)) => {
                    if let (Some(a), Some(b)) = (self.affine(a), self.affine(b)) {
                        unknown.stated = Some((a, b));
                    }
                }
            }
            self.names.push((index.name, Meaning::Unknown(self.unknowns.len())));
            self.unknowns.push(unknown);
        }
    }

    fn meaning(&self, name: &str) -> Option<&Meaning> {
        self.names.iter().rev().find(|(n, _)| *n == name).map(|(_, m)| m)
    }

    fn walk(&mut self, e: &'a Expr) {
        match &e.kind {
            ExprKind::Number { .. } | ExprKind::Text(_) | ExprKind::Bool(_) | ExprKind::Name(_) | ExprKind::Error => {}
            ExprKind::Field(base, _) => self.walk(base),
            ExprKind::Transpose(a) | ExprKind::Negate(a) | ExprKind::Not(a) => self.walk(a),
            ExprKind::Call { function, arguments } => {
                let depth = self.names.len();
                if let ExprKind::Index { base, items, filter } = &function.kind
                    && let ExprKind::Name(name) = &base.kind
                    && Fold::named(name).is_some()
                {
                    let list: Vec<Index> = items.iter().filter_map(binder_of).collect();
                    self.introduce(&list);
                    filter.iter().for_each(|f| self.walk(f));
                } else if !matches!(function.kind, ExprKind::Name(_)) {
                    self.walk(function);
                }
                for a in arguments {
                    if let ArgumentValue::Expr(e) = &a.value {
                        self.walk(e);
                    }
                }
                self.names.truncate(depth);
            }
            ExprKind::Index { base, items, .. } => self.read(e, base, items),
            ExprKind::Binary { left, right, .. } => {
                self.walk(left);
                self.walk(right);
            }
            ExprKind::Compare { first, rest } => {
                let mut left: &'a Expr = first;
                self.walk(first);
                for (op, _, right) in rest {
                    if let CompareOp::Equal | CompareOp::NotEqual = op {
                        self.compared(left, right);
                        self.compared(right, left);
                    }
                    self.walk(right);
                    left = right;
                }
            }
            ExprKind::If { condition, then, otherwise } => {
                self.walk(condition);
                self.walk(then);
                self.walk(otherwise);
            }
            ExprKind::Comprehension { binders, body } => self.nested(binders, body),
            ExprKind::Array(items) | ExprKind::Tuple(items) => items.iter().for_each(|e| self.walk(e)),
            ExprKind::Repeat(repeat) => self.repeat(repeat),
            ExprKind::Block { lines, value } => {
                let depth = self.names.len();
                for line in lines {
                    match line {
                        Line::Let(l) => self.local_let(l),
                        Line::Update(update) => self.walk(&update.value),
                    }
                }
                self.walk(value);
                self.names.truncate(depth);
            }
        }
    }

    fn nested(&mut self, binders: &'a [Binder], body: &'a Expr) {
        let depth = self.names.len();
        let own_rest = binders.iter().any(|b| matches!(b, Binder::Rest(_)));
        let list: Vec<Index> = binders.iter().filter_map(index_of).collect();
        self.introduce(&list);
        self.other_rest += usize::from(own_rest);
        self.walk(body);
        self.other_rest -= usize::from(own_rest);
        self.names.truncate(depth);
    }

    /// Uses in a loop count like uses outside; what the states are is not known yet.
    fn repeat(&mut self, repeat: &'a Repeat) {
        repeat.states.iter().chain(&repeat.options).for_each(|(_, value)| self.walk(value));
        let depth = self.names.len();
        repeat.states.iter().for_each(|(name, _)| self.names.push((&name.text, Meaning::Hidden(None))));
        let list: Vec<Index> = repeat.binder.iter().filter_map(index_of).collect();
        self.introduce(&list);
        self.walk(&repeat.body);
        self.names.truncate(depth);
    }

    fn local_let(&mut self, l: &'a Let) {
        match &l.binders {
            Some(binders) => self.nested(binders, &l.value),
            None => self.walk(&l.value),
        }
        match &l.pattern {
            Pattern::Name(name) => {
                let shape = if l.binders.is_none() { self.shape(&l.value).map(Box::new) } else { None };
                self.names.push((&name.text, Meaning::Hidden(shape)));
            }
            Pattern::Tuple(names) => {
                names.iter().for_each(|n| self.names.push((&n.text, Meaning::Hidden(None))));
            }
        }
    }

    /// `x[items]`: each item that is a sum of indices is a use of them.
    fn read(&mut self, whole: &'a Expr, base: &'a Expr, items: &'a [IndexItem]) {
        self.walk(base);
        if let Some(array) = self.shape(base) {
            let named = items.iter().filter(|i| !matches!(i, IndexItem::Rest(_))).count();
            let rank = array.axes.len();
            let mut position = 0;
            for item in items {
                match item {
                    IndexItem::Rest(_) => {
                        let count = rank.saturating_sub(named);
                        if self.other_rest == 0 && self.rest.is_none() && position + count <= rank {
                            self.rest = Some(array.axes[position..position + count].to_vec());
                        }
                        position += count;
                        continue;
                    }
                    IndexItem::Expr(e) => {
                        if let (Some(place), Some(slot)) = (self.affine(e), array.axes.get(position)) {
                            self.used(place, *slot, whole);
                        }
                    }
                    _ => {}
                }
                position += 1;
            }
        }
        for item in items {
            match item {
                IndexItem::Expr(e) => self.walk(e),
                IndexItem::Range(r) => r.start.iter().chain(&r.end).for_each(|e| self.walk(e)),
                _ => {}
            }
        }
    }

    fn used(&mut self, place: Affine, slot: Slot, whole: &Expr) {
        if !place.terms.is_empty() {
            let text = self.lowerer.written(whole.span);
            self.uses.push(Use { place, extent: slot.axis.extent, span: whole.span, from: slot.from, text });
        }
    }

    /// `dst[e] == i`: the range of `i` is that of the labels.
    fn compared(&mut self, index: &'a Expr, labels: &'a Expr) {
        let ExprKind::Name(name) = &index.kind else { return };
        let Some(Meaning::Unknown(id)) = self.meaning(name) else { return };
        let id = *id;
        let base = match &labels.kind {
            ExprKind::Index { base, .. } => base,
            _ => labels,
        };
        if let Some(Array { kind: Sort::Index { label: true, size: Some(size) }, .. }) = self.shape(base) {
            let extent = self.lowerer.graph.extents.intern(size);
            let place = Affine { terms: vec![(id, Poly::constant(1))], low: Poly::default(), high: Poly::default() };
            let text = self.lowerer.written(labels.span);
            self.uses.push(Use { place, extent, span: labels.span, from: labels.span, text });
        }
    }

    /// The shape of what is indexed, if it does not depend on the indices.
    fn shape(&mut self, e: &'a Expr) -> Option<Array> {
        match &e.kind {
            ExprKind::Name(name) => match self.meaning(name) {
                Some(Meaning::Hidden(shape)) => return shape.as_deref().cloned(),
                Some(Meaning::Unknown(_)) => return None,
                None => {}
            },
            ExprKind::Transpose(inner) => {
                let mut array = self.shape(inner)?;
                let n = array.axes.len();
                if n >= 2 {
                    array.axes.swap(n - 1, n - 2);
                }
                return Some(array);
            }
            ExprKind::Index { base, items, filter: None } if self.depends(e) => {
                // `x[n]`: row n, where the place is a plain index.
                let mut array = self.shape(base)?;
                for item in items {
                    let IndexItem::Expr(e) = item else { return None };
                    self.affine(e)?;
                }
                if items.len() > array.axes.len() {
                    return None;
                }
                array.axes.drain(..items.len());
                return Some(array);
            }
            _ => {}
        }
        if self.depends(e) {
            return None;
        }
        if let ExprKind::Name(name) = &e.kind {
            return match self.lowerer.attempt(|l| l.lookup_raw(name, e.span))? {
                Value::Array(array) => Some(array),
                // Of a family only the axes count: `tower[l](x)` says the range of `l`.
                Value::Layer(layer) => {
                    let node = self.lowerer.graph.constant(0.0);
                    Some(Array::real(node, self.lowerer.family_slots(layer)))
                }
                _ => None,
            };
        }
        let key = (self.lowerer.frame().id, e as *const Expr);
        if let Some(array) = self.lowerer.hoisted.get(&key) {
            return Some(array.clone());
        }
        let array = self.lowerer.attempt(|l| l.array(e))?;
        self.lowerer.hoisted.insert(key, array.clone());
        self.hoisted.push(key);
        Some(array)
    }

    /// Whether an expression mentions a name that is bound inside the body.
    fn depends(&self, e: &'a Expr) -> bool {
        let mut found = false;
        let mut see = |r: Reference<'a>| found |= self.meaning(r.name).is_some();
        let mut walker = Walker::new(&mut see);
        walker.expr(e);
        let reads_rest = walker.reads_rest;
        // What `..` stands for is not known yet.
        found || reads_rest && (self.own_rest || self.other_rest > 0)
    }

    /// Two plain uses of one of the indices over different sizes.
    fn conflict(&self, list: &[Index<'a>]) -> Option<crate::diag::Diagnostic> {
        for (id, index) in list.iter().enumerate().filter(|(_, i)| i.range.is_none()) {
            let mut first: Option<&Use> = None;
            for u in &self.uses {
                let plain = matches!(u.place.terms.as_slice(), [(i, k)] if *i == id && k.as_constant() == Some(1))
                    && u.place.low == u.place.high
                    && u.place.low.as_constant() == Some(0);
                if !plain {
                    continue;
                }
                let Some(f) = first else {
                    first = Some(u);
                    continue;
                };
                if self.lowerer.same_size(f.extent, u.extent).is_none() {
                    let side = |u: &Use| error::RangeUse {
                        span: self.lowerer.place(u.span),
                        text: u.text.clone(),
                        size: self.lowerer.show_extent(u.extent),
                        from: self.lowerer.place(u.from),
                    };
                    let at = self.lowerer.place(index.span);
                    return Some(error::two_ranges(at, index.name, &side(f), &side(u)));
                }
            }
        }
        None
    }
}

fn index_of(binder: &Binder) -> Option<Index<'_>> {
    match binder {
        Binder::Index { name, range } => Some(Index { name: &name.text, span: name.span, range: range.as_ref() }),
        Binder::Rest(_) => None,
    }
}

fn binder_of(item: &IndexItem) -> Option<Index<'_>> {
    match item {
        IndexItem::Expr(Expr { kind: ExprKind::Name(name), span }) => Some(Index { name, span: *span, range: None }),
        IndexItem::Binder(binder) => index_of(binder),
        _ => None,
    }
}
