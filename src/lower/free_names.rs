//! Which names a statement or expression reads from outside: what definitions depend on.
//!
//! Reads the tree. Must not know what names stand for. It follows the scopes of the language: arguments, the `let`s of
//! a block and bound indices hide what is outside.

use super::gradient::DerivativeForm;
use super::reductions::Fold;
use crate::span::Span;
use crate::syntax::ast::{
    ArgumentValue, Binder, BinderRange, Declaration, Derivative, Expr, ExprKind, Function, IndexItem, Layer, Let, Line,
    Name, Pattern, Range, Repeat, ShapeItem, Statement, StatementKind, TypeExpr, Update,
};
use rustc_hash::FxHashMap;

/// How a name is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// As a value.
    Value,
    /// Called.
    Call,
    /// In a shape.
    Dim,
    /// In the signature of a `fn`, where a name that is not declared is a new dim.
    SignatureDim,
    /// In front of a dot: `dist.normal`.
    Prefix,
    /// In `axis = …`, where `all` is allowed.
    Axis,
    /// As what a derivative is taken by: also reported as a value.
    Variable,
}

/// A name that is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reference<'a> {
    /// The name.
    pub name: &'a str,
    /// What follows the dot.
    pub field: Option<&'a Name>,
    /// Its place.
    pub span: Span,
    /// How it is used.
    pub usage: Use,
}

/// A local name that nothing reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unread<'a> {
    /// The name.
    pub name: &'a str,
    /// Where it was introduced.
    pub span: Span,
    /// A bound index; otherwise the `let` of a block.
    pub is_index: bool,
}

/// A name that hides what is outside.
struct Hidden<'a> {
    name: &'a str,
    /// To be reported unless it is read.
    unread: Option<Unread<'a>>,
}

/// The names that are hidden, in the order they were introduced.
#[derive(Default)]
struct Scope<'a> {
    order: Vec<Hidden<'a>>,
    /// Places in `order`.
    places: FxHashMap<&'a str, Vec<usize>>,
}

impl<'a> Scope<'a> {
    fn push(&mut self, name: &'a str) {
        self.places.entry(name).or_default().push(self.order.len());
        self.order.push(Hidden { name, unread: None });
    }

    /// A name that somebody should read.
    fn watch(&mut self, name: &'a str, span: Span, is_index: bool) {
        self.push(name);
        if let Some(hidden) = self.order.last_mut().filter(|_| name != "_") {
            hidden.unread = Some(Unread { name, span, is_index });
        }
    }

    fn len(&self) -> usize {
        self.order.len()
    }

    /// Forgets the names introduced since there were `depth`; gives those that were not read.
    fn truncate(&mut self, depth: usize) -> Vec<Unread<'a>> {
        let mut unread = vec![];
        for hidden in self.order.drain(depth.min(self.order.len())..) {
            if let Some(places) = self.places.get_mut(hidden.name) {
                places.pop();
            }
            unread.extend(hidden.unread);
        }
        unread
    }

    /// Whether the name is hidden; then it is read.
    fn read(&mut self, name: &str) -> bool {
        let Some(place) = self.places.get(name).and_then(|places| places.last()) else { return false };
        if let Some(hidden) = self.order.get_mut(*place) {
            hidden.unread = None;
        }
        true
    }
}

/// Calls `see` with every name a statement mentions, whatever its scope.
pub(super) fn mentioned<'a>(statement: &'a Statement, see: &mut dyn FnMut(&'a str)) {
    let mut see = |r: Reference<'a>| see(r.name);
    let mut walker = Walker::everywhere(&mut see);
    match &statement.kind {
        StatementKind::Dim(list) => list.iter().filter_map(|d| d.value.as_ref()).for_each(|e| walker.expr(e)),
        StatementKind::Const(list) => list.iter().for_each(|c| walker.expr(&c.value)),
        StatementKind::Input(d) | StatementKind::Target(d) | StatementKind::Param(d) | StatementKind::State(d) => {
            d.value.iter().for_each(|e| walker.expr(e))
        }
        StatementKind::Let(l) => walker.expr(&l.value),
        StatementKind::Fn(f) => {
            f.arguments.iter().filter_map(|a| a.default.as_ref()).for_each(|e| walker.expr(e));
            walker.expr(&f.body)
        }
        StatementKind::Output { value, .. } => value.iter().for_each(|e| walker.expr(e)),
        StatementKind::Loss { value, .. } | StatementKind::Metric { value, .. } => walker.expr(value),
        StatementKind::Update(update) => walker.update(update),
        StatementKind::Derivative(rule) => walker.rule(rule),
        StatementKind::Layer(layer) => walker.layer(layer),
        StatementKind::Import { .. }
        | StatementKind::Precision(_)
        | StatementKind::Data(_)
        | StatementKind::Train(_) => {}
    }
}

/// Follows scopes through a piece of the tree and reports the names that are read from outside of it.
pub(super) struct Walker<'a, 's> {
    scope: Scope<'a>,
    see: &'s mut dyn FnMut(Reference<'a>),
    ignore_scope: bool,
    /// Whether some index is `..`.
    pub reads_rest: bool,
    /// Indices and local `let`s that nothing reads, as far as their scope has ended.
    pub unread: Vec<Unread<'a>>,
}

impl<'a, 's> Walker<'a, 's> {
    /// A walker with nothing in scope.
    pub(super) fn new(see: &'s mut dyn FnMut(Reference<'a>)) -> Walker<'a, 's> {
        Walker { scope: Scope::default(), see, ignore_scope: false, reads_rest: false, unread: vec![] }
    }

    /// A walker that reports every name, whatever its scope.
    pub(super) fn everywhere(see: &'s mut dyn FnMut(Reference<'a>)) -> Walker<'a, 's> {
        Walker { ignore_scope: true, ..Walker::new(see) }
    }

    fn read(&mut self, name: &'a str, span: Span, usage: Use, field: Option<&'a Name>) {
        if !self.scope.read(name) || self.ignore_scope {
            (self.see)(Reference { name, field, span, usage });
        }
    }

    /// Ends the scopes opened since there were `depth` names.
    fn leave(&mut self, depth: usize) {
        let unread = self.scope.truncate(depth);
        self.unread.extend(unread);
    }

    /// An expression.
    pub(super) fn expr(&mut self, e: &'a Expr) {
        self.usage(e, Use::Value)
    }

    /// An expression that stands for a size.
    pub(super) fn dim(&mut self, e: &'a Expr) {
        self.usage(e, Use::Dim)
    }

    /// A name that is read as a value.
    pub(super) fn name(&mut self, name: &'a Name) {
        self.read(&name.text, name.span, Use::Value, None)
    }

    fn usage(&mut self, e: &'a Expr, usage: Use) {
        match &e.kind {
            ExprKind::Number { .. } | ExprKind::Text(_) | ExprKind::Bool(_) | ExprKind::Error => {}
            ExprKind::Name(name) => self.read(name, e.span, usage, None),
            ExprKind::Field(base, field) => match &base.kind {
                ExprKind::Name(name) => self.read(name, base.span, Use::Prefix, Some(field)),
                _ => self.expr(base),
            },
            ExprKind::Call { function, arguments } => {
                let depth = self.scope.len();
                match &function.kind {
                    ExprKind::Name(name) => self.read(name, function.span, Use::Call, None),
                    // `sum[i in N where c](body)`: the indices reach into the body.
                    ExprKind::Index { base, items, filter } if matches!(base.kind, ExprKind::Name(_)) => {
                        self.usage(base, Use::Call);
                        for item in items {
                            self.binder_item(base, item);
                        }
                        filter.iter().for_each(|f| self.expr(f));
                    }
                    _ => self.expr(function),
                }
                if let ExprKind::Name(name) = &function.kind
                    && DerivativeForm::named(name).is_some()
                    && let Some(ArgumentValue::Expr(variables)) = arguments.get(1).map(|a| &a.value)
                {
                    self.variables(variables);
                }
                for a in arguments {
                    let usage = match &a.name {
                        Some(name) if name.text == "axis" => Use::Axis,
                        _ => usage_in_shape(usage),
                    };
                    match &a.value {
                        ArgumentValue::Expr(e) => self.usage(e, usage),
                        ArgumentValue::Range(r) => self.range(r),
                    }
                }
                self.leave(depth);
            }
            ExprKind::Index { base, items, filter } => {
                self.expr(base);
                for item in items {
                    match item {
                        IndexItem::Expr(e) => self.expr(e),
                        IndexItem::Range(r) => self.range(r),
                        IndexItem::Binder(Binder::Index { range: Some(range), .. }) => self.binder_range(range),
                        IndexItem::Rest(_) => self.reads_rest = true,
                        IndexItem::All(_) | IndexItem::Binder(_) => {}
                    }
                }
                filter.iter().for_each(|f| self.expr(f));
            }
            ExprKind::Transpose(a) | ExprKind::Negate(a) | ExprKind::Not(a) => self.usage(a, usage),
            ExprKind::Binary { left, right, .. } => {
                self.usage(left, usage);
                self.usage(right, usage);
            }
            ExprKind::Compare { first, rest } => {
                self.expr(first);
                rest.iter().for_each(|(_, _, e)| self.expr(e));
            }
            ExprKind::If { condition, then, otherwise } => {
                self.expr(condition);
                self.expr(then);
                self.expr(otherwise);
            }
            ExprKind::Comprehension { binders, body } => {
                let depth = self.scope.len();
                self.binders(binders);
                self.expr(body);
                self.leave(depth);
            }
            ExprKind::Array(items) | ExprKind::Tuple(items) => items.iter().for_each(|e| self.usage(e, usage)),
            ExprKind::Repeat(repeat) => self.repeat(repeat),
            ExprKind::Block { lines, value } => {
                let depth = self.scope.len();
                for line in lines {
                    match line {
                        Line::Let(l) => self.local_let(l),
                        Line::Update(update) => self.update(update),
                    }
                }
                self.expr(value);
                self.leave(depth);
            }
        }
    }

    /// Arguments and members are visible in the whole layer.
    pub(super) fn layer(&mut self, layer: &'a Layer) {
        let depth = self.scope.len();
        for p in &layer.parameters {
            p.ty.iter().for_each(|t| self.ty(t, Use::Dim));
            p.default.iter().for_each(|e| self.expr(e));
            self.scope.push(&p.name.text);
        }
        super::layers::member_names(layer).for_each(|name| self.scope.push(&name.text));
        for statement in &layer.body {
            match &statement.kind {
                StatementKind::Param(d) | StatementKind::State(d) => self.declaration(d),
                StatementKind::Let(l) => self.bound_value(l.ty.as_ref(), l.binders.as_deref(), &l.value),
                StatementKind::Fn(f) => self.function(f),
                _ => {}
            }
        }
        self.leave(depth);
    }

    /// What a port is declared with.
    pub(super) fn declaration(&mut self, d: &'a Declaration) {
        d.ty.iter().for_each(|t| self.ty(t, Use::Dim));
        if let Some((low, high)) = &d.interval {
            self.expr(low);
            self.expr(high);
        }
        d.value.iter().for_each(|e| self.expr(e));
    }

    /// Start values, `tol`, `max` and `checkpoint` stand outside of the loop; `until` sees the states and the index.
    fn repeat(&mut self, repeat: &'a Repeat) {
        let depth = self.scope.len();
        let (inside, outside): (Vec<_>, Vec<_>) = repeat.options.iter().partition(|(name, _)| name.text == "until");
        repeat.states.iter().chain(outside).for_each(|(_, value)| self.expr(value));
        self.binders(repeat.binder.as_slice());
        repeat.states.iter().for_each(|(name, _)| self.scope.push(&name.text));
        inside.iter().for_each(|(_, value)| self.expr(value));
        self.expr(&repeat.body);
        self.leave(depth);
    }

    /// `update m = …` reads the state that it changes.
    pub(super) fn update(&mut self, update: &'a Update) {
        self.name(&update.name);
        self.expr(&update.value);
    }

    /// What a derivative is taken by: `x`, `l.W`, `x[n]`, `(a, b)`.
    fn variables(&mut self, e: &'a Expr) {
        match &e.kind {
            ExprKind::Name(name) => self.read(name, e.span, Use::Variable, None),
            ExprKind::Field(base, field) => {
                if let ExprKind::Name(name) = &base.kind {
                    self.read(name, e.span, Use::Variable, Some(field));
                }
            }
            ExprKind::Index { base, .. } => self.variables(base),
            ExprKind::Tuple(items) => items.iter().for_each(|e| self.variables(e)),
            _ => {}
        }
    }

    fn range(&mut self, r: &'a Range) {
        r.start.iter().chain(&r.end).for_each(|e| self.expr(e));
    }

    fn binder_range(&mut self, range: &'a BinderRange) {
        match range {
            BinderRange::Extent(e) => self.usage(e, Use::Dim),
            BinderRange::Between(a, b) => {
                self.expr(a);
                self.expr(b);
            }
        }
    }

    /// An index of a reduction, or of one among several layers: `tower[l](x)`.
    fn binder_item(&mut self, base: &Expr, item: &'a IndexItem) {
        let is_base = |test: fn(&str) -> bool| matches!(&base.kind, ExprKind::Name(name) if test(name));
        match item {
            IndexItem::Expr(Expr { kind: ExprKind::Name(name), span }) => {
                if is_base(|name| Fold::named(name).is_some()) {
                    self.scope.watch(name, *span, true);
                } else if !self.scope.read(name) && is_base(Fold::is_meant) {
                    self.scope.push(name);
                } else {
                    self.read(name, *span, Use::Value, None);
                }
            }
            IndexItem::Binder(binder) => self.binders(std::slice::from_ref(binder)),
            IndexItem::Expr(e) => self.expr(e),
            IndexItem::Range(r) => self.range(r),
            IndexItem::All(_) | IndexItem::Rest(_) => {}
        }
    }

    /// `[i, j in N]`: ranges may use the indices before them.
    pub(super) fn binders(&mut self, binders: &'a [Binder]) {
        for binder in binders {
            if let Binder::Index { name, range } = binder {
                range.iter().for_each(|r| self.binder_range(r));
                self.scope.watch(&name.text, name.span, true);
            }
        }
    }

    fn local_let(&mut self, l: &'a Let) {
        self.bound_value(l.ty.as_ref(), l.binders.as_deref(), &l.value);
        match &l.pattern {
            Pattern::Name(n) => self.scope.watch(&n.text, n.span, false),
            Pattern::Tuple(names) => names.iter().for_each(|n| self.scope.push(&n.text)),
        }
    }

    /// The right side of a definition: `: ty`, `[binders]` and the value.
    pub(super) fn bound_value(&mut self, ty: Option<&'a TypeExpr>, binders: Option<&'a [Binder]>, value: &'a Expr) {
        ty.iter().for_each(|t| self.ty(t, Use::Dim));
        let depth = self.scope.len();
        binders.iter().for_each(|b| self.binders(b));
        self.expr(value);
        // The index of `let tower[l in L] = Dense(H, H)` counts layers and is read nowhere.
        let unread = self.scope.truncate(depth);
        self.unread.extend(unread.into_iter().filter(|_| !matches!(value.kind, ExprKind::Call { .. })));
    }

    /// A type.
    pub(super) fn ty(&mut self, ty: &'a TypeExpr, usage: Use) {
        if let Some(argument) = ty.kind.as_ref().and_then(|k| k.argument.as_ref()) {
            self.usage(argument, usage);
        }
        for item in ty.shape.iter().flatten() {
            if let ShapeItem::Dim(e) = item {
                self.usage(e, usage);
            }
        }
    }

    /// A `fn`: its types, defaults and body.
    /// `derivative f(x, ct) = …`: the arguments and `out` are visible.
    pub(super) fn rule(&mut self, rule: &'a Derivative) {
        let depth = self.scope.len();
        rule.arguments.iter().for_each(|name| self.scope.push(&name.text));
        self.scope.push("out");
        self.expr(&rule.value);
        self.leave(depth);
    }

    pub(super) fn function(&mut self, f: &'a Function) {
        let depth = self.scope.len();
        for a in &f.arguments {
            a.ty.iter().for_each(|t| self.ty(t, Use::SignatureDim));
        }
        for a in &f.arguments {
            a.default.iter().for_each(|e| self.expr(e));
            self.scope.push(&a.name.text);
        }
        f.result.iter().flat_map(|r| r.types()).for_each(|t| self.ty(t, Use::SignatureDim));
        self.expr(&f.body);
        self.leave(depth);
    }
}

fn usage_in_shape(usage: Use) -> Use {
    match usage {
        Use::Dim | Use::SignatureDim => usage,
        _ => Use::Value,
    }
}
