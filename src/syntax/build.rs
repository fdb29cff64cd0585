//! Pest's pairs of one statement → its tree.
//!
//! Reads the pairs only, one function per grammar rule. What the grammar lets through and the language does not (a text
//! outside `data`, an operator that needs brackets, too deep a tree) is reported here.

use super::Rule;
use super::ast::*;
use super::operators::{self, Built};
use crate::diag::{Diagnostic, catalog::syntax as error};
use crate::span::{FileId, Span};
use pest::iterators::{Pair, Pairs};
use unicode_normalization::UnicodeNormalization;

/// How deep a tree may be, of whatever origin: everything that recurses over it, its `Drop` included, must fit a
/// thread's stack of 2 MB.
pub const MAX_DEPTH: u32 = 1000;

/// Builds the tree of one statement or expression.
pub(super) struct Builder {
    file: FileId,
    /// Where the text that pest saw begins in the file.
    offset: usize,
    /// Problems found while building.
    pub diagnostics: Vec<Diagnostic>,
    /// Inside `data`, `train` or the arguments of `load`: texts and ranges are allowed.
    settings: bool,
    too_deep: bool,
}

impl Builder {
    pub(super) fn new(file: FileId, offset: usize) -> Builder {
        Builder { file, offset, diagnostics: vec![], settings: false, too_deep: false }
    }

    pub(super) fn span(&self, pair: &Pair<Rule>) -> Span {
        let span = pair.as_span();
        Span::new(self.file, self.offset + span.start(), self.offset + span.end())
    }

    /// A node over children of which the deepest has depth `below`.
    pub(super) fn node(&mut self, kind: ExprKind, span: Span, below: u32) -> Built {
        if below < MAX_DEPTH {
            return Built { expr: Expr { kind, span }, depth: below + 1, extent: span };
        }
        if !self.too_deep {
            self.diagnostics.push(error::too_many_operations(span, MAX_DEPTH as usize));
        }
        self.too_deep = true;
        Built { expr: Expr { kind: ExprKind::Error, span }, depth: 1, extent: span }
    }

    fn name(&self, pair: &Pair<Rule>) -> Name {
        Name { text: normalized(pair.as_str()), span: self.span(pair) }
    }

    // --- Statements ---

    /// `None` if a problem was reported.
    pub(super) fn statement(&mut self, pair: Pair<Rule>) -> Option<StatementKind> {
        let rule = pair.as_rule();
        let span = self.span(&pair);
        let mut inner = pair.into_inner();
        Some(match rule {
            Rule::import => self.import(inner),
            Rule::precision => StatementKind::Precision(self.precision(inner)?),
            Rule::dim => StatementKind::Dim(self.each(inner, Rule::dim_one, Self::dim_one)?),
            Rule::constant => StatementKind::Const(self.each(inner, Rule::constant_one, Self::constant_one)?),
            Rule::input => StatementKind::Input(self.declaration(inner)?),
            Rule::target => StatementKind::Target(self.declaration(inner)?),
            Rule::param => StatementKind::Param(self.declaration(inner)?),
            Rule::binding => StatementKind::Let(self.binding(inner, span)?.0),
            Rule::function => StatementKind::Fn(self.function(inner)?),
            Rule::output => {
                let (mut name, mut binders, mut value) = (None, None, None);
                for part in inner {
                    match part.as_rule() {
                        Rule::name => name = Some(self.name(&part)),
                        Rule::binders => binders = Some(self.binders(part)?.0),
                        Rule::expression => value = Some(self.expression(part)?.expr),
                        _ => {}
                    }
                }
                StatementKind::Output { name: name?, binders, value }
            }
            Rule::loss | Rule::metric => {
                let name = inner.find(|part| matches!(part.as_rule(), Rule::name | Rule::expression))?;
                let (name, value) = if name.as_rule() == Rule::name {
                    (Some(self.name(&name)), inner.find(|part| part.as_rule() == Rule::expression)?)
                } else {
                    (None, name)
                };
                let value = self.expression(value)?.expr;
                if rule == Rule::loss {
                    StatementKind::Loss { name, value }
                } else {
                    StatementKind::Metric { name: name?, value }
                }
            }
            Rule::data => StatementKind::Data(self.settings(inner)?),
            Rule::train => StatementKind::Train(self.settings(inner)?),
            _ => return None,
        })
    }

    fn each<T>(
        &mut self,
        pairs: Pairs<Rule>,
        rule: Rule,
        mut build: impl FnMut(&mut Self, Pairs<Rule>) -> Option<T>,
    ) -> Option<Vec<T>> {
        pairs.filter(|part| part.as_rule() == rule).map(|part| build(self, part.into_inner())).collect()
    }

    fn import(&mut self, inner: Pairs<Rule>) -> StatementKind {
        let (mut path, mut names) = (vec![], None);
        for part in inner {
            match part.as_rule() {
                Rule::name | Rule::word => path.push(self.name(&part)),
                Rule::import_list => names = Some(part.into_inner().filter_map(|p| self.import_name(p)).collect()),
                _ => {}
            }
        }
        StatementKind::Import { path, names }
    }

    fn import_name(&self, pair: Pair<Rule>) -> Option<ImportName> {
        let mut names = pair.into_inner().filter(|part| part.as_rule() == Rule::name).map(|part| self.name(&part));
        Some(ImportName { name: names.next()?, alias: names.next() })
    }

    fn precision(&mut self, mut inner: Pairs<Rule>) -> Option<Name> {
        let name = self.name(&inner.find(|part| part.as_rule() == Rule::name)?);
        if !matches!(name.text.as_str(), "f32" | "f64") {
            self.diagnostics.push(error::unknown_precision(name.span, &name.text));
            return None;
        }
        Some(name)
    }

    fn dim_one(&mut self, inner: Pairs<Rule>) -> Option<DimDeclaration> {
        let declaration = self.declaration(inner)?;
        Some(DimDeclaration { name: declaration.name, value: declaration.value })
    }

    fn constant_one(&mut self, inner: Pairs<Rule>) -> Option<ConstDeclaration> {
        let (mut name, mut binders, mut value) = (None, None, None);
        for part in inner {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::binders => binders = Some(self.binders(part)?.0),
                Rule::expression => value = Some(self.expression(part)?.expr),
                _ => {}
            }
        }
        Some(ConstDeclaration { name: name?, binders, value: value? })
    }

    fn declaration(&mut self, inner: Pairs<Rule>) -> Option<Declaration> {
        let (mut name, mut ty, mut interval, mut value) = (None, None, None, None);
        for part in inner {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::annotation => ty = Some(self.annotation(part)?.0),
                Rule::interval => {
                    let mut bounds = part.into_inner().filter(|p| p.as_rule() == Rule::expression);
                    let low = self.expression(bounds.next()?)?.expr;
                    interval = Some((low, self.expression(bounds.next()?)?.expr));
                }
                Rule::expression => value = Some(self.expression(part)?.expr),
                _ => {}
            }
        }
        Some(Declaration { name: name?, ty, interval, value })
    }

    /// A `let` with its depth. The caller gives its span.
    fn binding(&mut self, inner: Pairs<Rule>, span: Span) -> Option<(Let, u32)> {
        let (mut pattern, mut ty, mut binders, mut value) = (None, None, None, None);
        let mut depth = 0;
        for part in inner {
            match part.as_rule() {
                Rule::name => pattern = Some(Pattern::Name(self.name(&part))),
                Rule::tuple_pattern => {
                    let names = part.into_inner().map(|name| self.name(&name));
                    pattern = Some(Pattern::Tuple(names.collect()));
                }
                Rule::annotation => {
                    let built = self.annotation(part)?;
                    depth = depth.max(built.1);
                    ty = Some(built.0);
                }
                Rule::binders => {
                    let built = self.binders(part)?;
                    depth = depth.max(built.1);
                    binders = Some(built.0);
                }
                Rule::expression => {
                    let built = self.expression(part)?;
                    depth = depth.max(built.depth);
                    value = Some(built.expr);
                }
                _ => {}
            }
        }
        Some((Let { pattern: pattern?, ty, binders, value: value?, span }, depth))
    }

    fn function(&mut self, inner: Pairs<Rule>) -> Option<Function> {
        let (mut name, mut arguments, mut result, mut body) = (None, vec![], None, None);
        for part in inner {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::parameters => arguments = self.each(part.into_inner(), Rule::parameter, Self::parameter)?,
                Rule::result => result = Some(self.annotation(part)?.0),
                Rule::expression => body = Some(self.expression(part)?.expr),
                _ => {}
            }
        }
        Some(Function { name: name?, arguments, result, body: body? })
    }

    fn parameter(&mut self, inner: Pairs<Rule>) -> Option<Argument> {
        let Declaration { name, ty, value, .. } = self.declaration(inner)?;
        Some(Argument { name, ty, default: value })
    }

    fn settings(&mut self, inner: Pairs<Rule>) -> Option<Block> {
        self.settings = true;
        let (mut name, mut entries) = (None, vec![]);
        for part in inner {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::entries => entries = self.each(part.into_inner(), Rule::entry, Self::entry)?,
                _ => {}
            }
        }
        self.settings = false;
        Some(Block { name, entries })
    }

    fn entry(&mut self, inner: Pairs<Rule>) -> Option<Entry> {
        let (mut key, mut port, mut value) = (None, false, None);
        for part in inner {
            match part.as_rule() {
                Rule::word => key = Some(self.name(&part)),
                Rule::entry_port => port = true,
                Rule::ranged => value = Some(self.ranged(part)?.0),
                _ => {}
            }
        }
        Some(Entry { key: key?, port, value: value? })
    }

    // --- Types ---

    /// `: [N]` or `-> [N]`, with the depth of its expressions.
    fn annotation(&mut self, pair: Pair<Rule>) -> Option<(TypeExpr, u32)> {
        let ty = pair.into_inner().find(|part| part.as_rule() == Rule::ty)?;
        let span = self.span(&ty);
        let (mut kind, mut shape, mut depth) = (None, None, 0);
        for part in ty.into_inner() {
            match part.as_rule() {
                Rule::kind => {
                    let mut inner = part.into_inner();
                    let name = self.name(&inner.next()?);
                    let argument = match inner.next() {
                        Some(argument) => {
                            let built = self.expression(argument)?;
                            depth = depth.max(built.depth);
                            Some(built.expr)
                        }
                        None => None,
                    };
                    kind = Some(KindExpr { name, argument });
                }
                Rule::shape => {
                    let mut items = vec![];
                    for item in part.into_inner() {
                        if item.as_rule() == Rule::rest {
                            items.push(ShapeItem::Rest(self.span(&item)));
                        } else {
                            let built = self.expression(item)?;
                            depth = depth.max(built.depth);
                            items.push(ShapeItem::Dim(built.expr));
                        }
                    }
                    shape = Some(items);
                }
                _ => {}
            }
        }
        Some((TypeExpr { kind, shape, span }, depth))
    }

    // --- Expressions ---

    /// An expression: its operands and operators in one flat list.
    pub(super) fn expression(&mut self, pair: Pair<Rule>) -> Option<Built> {
        operators::fold(self, pair.into_inner())
    }

    /// Numbers, names, and everything that brings its own brackets or words.
    pub(super) fn primary(&mut self, pair: Pair<Rule>) -> Option<Built> {
        let span = self.span(&pair);
        let text = pair.as_str();
        match pair.as_rule() {
            Rule::number => self.number(text, span),
            Rule::text => self.text(text, span),
            Rule::boolean => Some(self.node(ExprKind::Bool(text == "true"), span, 0)),
            Rule::name => Some(self.node(ExprKind::Name(normalized(text)), span, 0)),
            Rule::hole => Some(self.node(ExprKind::Error, span, 0)),
            Rule::conditional => self.conditional(pair.into_inner(), span),
            Rule::comprehension => {
                let (mut binders, mut depth, mut body) = (vec![], 0, None);
                for part in pair.into_inner() {
                    match part.as_rule() {
                        Rule::binders => (binders, depth) = self.binders(part)?,
                        Rule::expression => body = Some(self.expression(part)?),
                        _ => {}
                    }
                }
                let body = body?;
                depth = depth.max(body.depth);
                Some(self.node(ExprKind::Comprehension { binders, body: Box::new(body.expr) }, span, depth))
            }
            Rule::array => {
                let (items, depth) = self.expressions(pair.into_inner())?;
                Some(self.node(ExprKind::Array(items), span, depth))
            }
            Rule::parenthesis => {
                let mut inner = pair.into_inner();
                let first = self.expression(inner.next()?)?;
                if inner.is_empty() {
                    return Some(Built { extent: span, ..first });
                }
                let (mut items, depth) = self.expressions(inner)?;
                items.insert(0, first.expr);
                Some(self.node(ExprKind::Tuple(items), span, depth.max(first.depth)))
            }
            Rule::block => {
                let (mut lets, mut depth, mut value) = (vec![], 0, None);
                for part in pair.into_inner() {
                    match part.as_rule() {
                        Rule::binding => {
                            let span = self.span(&part);
                            let (binding, below) = self.binding(part.into_inner(), span)?;
                            depth = depth.max(below);
                            lets.push(binding);
                        }
                        Rule::expression => value = Some(self.expression(part)?),
                        _ => {}
                    }
                }
                let value = value?;
                depth = depth.max(value.depth);
                Some(self.node(ExprKind::Block { lets, value: Box::new(value.expr) }, span, depth))
            }
            _ => None,
        }
    }

    fn expressions(&mut self, pairs: Pairs<Rule>) -> Option<(Vec<Expr>, u32)> {
        let mut depth = 0;
        let mut items = vec![];
        for pair in pairs {
            let built = self.expression(pair)?;
            depth = depth.max(built.depth);
            items.push(built.expr);
        }
        Some((items, depth))
    }

    fn number(&mut self, text: &str, span: Span) -> Option<Built> {
        let digits = text.replace('_', "");
        let value: f64 = digits.parse().ok()?;
        let mantissa = digits.split(['e', 'E']).next().unwrap_or_default();
        let vanished = value == 0.0 && mantissa.contains(|c: char| ('1'..='9').contains(&c));
        if value.is_infinite() || vanished {
            self.diagnostics.push(error::number_out_of_range(span, text));
            return None;
        }
        let is_integer = !text.contains(['.', 'e', 'E']);
        Some(self.node(ExprKind::Number { value, is_integer }, span, 0))
    }

    fn text(&mut self, quoted: &str, span: Span) -> Option<Built> {
        if !self.settings {
            self.diagnostics.push(error::text_out_of_place(span));
            return None;
        }
        let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
        let mut text = String::with_capacity(inner.len());
        let mut characters = inner.char_indices();
        while let Some((at, c)) = characters.next() {
            if c != '\\' {
                text.push(c);
                continue;
            }
            let (_, escape) = characters.next()?;
            text.push(match escape {
                'n' => '\n',
                't' => '\t',
                '"' | '\\' => escape,
                _ => {
                    let start = span.start as usize + 1 + at;
                    let place = Span::new(span.file, start, start + 1 + escape.len_utf8());
                    self.diagnostics.push(error::unknown_escape(place, escape));
                    return None;
                }
            });
        }
        Some(self.node(ExprKind::Text(text), span, 0))
    }

    /// `if a then b else if c then d … else z`: folded from the right.
    fn conditional(&mut self, inner: Pairs<Rule>, span: Span) -> Option<Built> {
        let mut starts = vec![];
        let mut parts = vec![];
        for part in inner {
            match part.as_rule() {
                Rule::kw_if => starts.push(self.span(&part).start),
                Rule::expression => parts.push(self.expression(part)?),
                _ => {}
            }
        }
        let mut value = parts.pop()?;
        while let Some(start) = starts.pop() {
            let (then, condition) = (parts.pop()?, parts.pop()?);
            let depth = condition.depth.max(then.depth).max(value.depth);
            let kind = ExprKind::If {
                condition: Box::new(condition.expr),
                then: Box::new(then.expr),
                otherwise: Box::new(value.expr),
            };
            value = self.node(kind, Span { start, ..span }, depth);
        }
        Some(value)
    }

    fn binders(&mut self, pair: Pair<Rule>) -> Option<(Vec<Binder>, u32)> {
        let (mut binders, mut depth) = (vec![], 0);
        for part in pair.into_inner() {
            let (binder, below) = self.binder(part)?;
            depth = depth.max(below);
            binders.push(binder);
        }
        Some((binders, depth))
    }

    /// `i`, `i in N`, `i in a..b`, `..`
    fn binder(&mut self, pair: Pair<Rule>) -> Option<(Binder, u32)> {
        let (mut name, mut bounds, mut depth) = (None, vec![], 0);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::rest => return Some((Binder::Rest(self.span(&part)), 0)),
                Rule::name => name = Some(self.name(&part)),
                Rule::expression => {
                    let built = self.expression(part)?;
                    depth = depth.max(built.depth);
                    bounds.push(built.expr);
                }
                _ => {}
            }
        }
        let mut bounds = bounds.into_iter();
        let range = match (bounds.next(), bounds.next()) {
            (Some(start), Some(end)) => Some(BinderRange::Between(start, end)),
            (Some(extent), None) => Some(BinderRange::Extent(extent)),
            _ => None,
        };
        Some((Binder::Index { name: name?, range }, depth))
    }

    /// `a`, `a..b`, `a..`, `..b`, with its depth.
    fn ranged(&mut self, pair: Pair<Rule>) -> Option<(ArgumentValue, u32)> {
        let span = self.span(&pair);
        let (mut before, mut after, mut depth, mut seen_dots) = (None, None, 0, false);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::dots => seen_dots = true,
                Rule::expression => {
                    let built = self.expression(part)?;
                    depth = depth.max(built.depth);
                    let side = if seen_dots { &mut after } else { &mut before };
                    *side = Some(built.expr);
                }
                _ => {}
            }
        }
        if !seen_dots {
            return Some((ArgumentValue::Expr(before?), depth));
        }
        let range = Range { start: before.map(Box::new), end: after.map(Box::new), span };
        Some((ArgumentValue::Range(range), depth))
    }

    // --- What follows a primary ---

    /// `(…)`, `[…]`, `.name` or `'` after `base`.
    pub(super) fn postfix(&mut self, base: Built, pair: Pair<Rule>) -> Option<Built> {
        let span = base.extent.to(self.span(&pair));
        match pair.as_rule() {
            Rule::call => self.call(base, pair.into_inner(), span),
            Rule::index => self.index(base, pair.into_inner(), span),
            Rule::field => {
                let name = self.name(&pair.into_inner().find(|part| part.as_rule() == Rule::word)?);
                if matches!(base.expr.kind, ExprKind::Number { .. }) {
                    self.diagnostics.push(error::malformed_number(span, &format!("….{}", name.text)));
                    return None;
                }
                Some(self.node(ExprKind::Field(Box::new(base.expr), name), span, base.depth))
            }
            Rule::transpose => Some(self.node(ExprKind::Transpose(Box::new(base.expr)), span, base.depth)),
            _ => None,
        }
    }

    fn call(&mut self, base: Built, inner: Pairs<Rule>, span: Span) -> Option<Built> {
        let outside = self.settings;
        self.settings |= matches!(&base.expr.kind, ExprKind::Name(name) if name == "load");
        let mut depth = base.depth;
        let mut arguments: Vec<CallArgument> = vec![];
        for pair in inner {
            let place = self.span(&pair);
            let (mut name, mut value) = (None, None);
            for part in pair.into_inner() {
                match part.as_rule() {
                    Rule::word => name = Some(self.name(&part)),
                    Rule::ranged => value = Some(self.ranged(part)?),
                    _ => {}
                }
            }
            let (value, below) = value?;
            depth = depth.max(below);
            if let ArgumentValue::Range(range) = &value
                && !self.settings
            {
                self.diagnostics.push(error::range_out_of_place(range.span));
                return None;
            }
            if name.is_none()
                && let Some(named) = arguments.iter().find_map(|argument| argument.name.as_ref())
            {
                self.diagnostics.push(error::positional_after_named(place, named.span, &named.text));
                return None;
            }
            arguments.push(CallArgument { name, value });
        }
        self.settings = outside;
        Some(self.node(ExprKind::Call { function: Box::new(base.expr), arguments }, span, depth))
    }

    fn index(&mut self, base: Built, inner: Pairs<Rule>, span: Span) -> Option<Built> {
        let (mut items, mut filter, mut depth) = (vec![], None, base.depth);
        for part in inner {
            let place = self.span(&part);
            match part.as_rule() {
                Rule::all => items.push(IndexItem::All(place)),
                Rule::index_binder => {
                    let (binder, below) = self.binder(part)?;
                    depth = depth.max(below);
                    items.push(IndexItem::Binder(binder));
                }
                Rule::slice => {
                    let (value, below) = self.ranged(part)?;
                    depth = depth.max(below);
                    items.push(match value {
                        ArgumentValue::Expr(value) => IndexItem::Expr(value),
                        ArgumentValue::Range(range) if range.start.is_none() && range.end.is_none() => {
                            IndexItem::Rest(range.span)
                        }
                        ArgumentValue::Range(range) => IndexItem::Range(range),
                    });
                }
                Rule::expression => {
                    let built = self.expression(part)?;
                    depth = depth.max(built.depth);
                    filter = Some(Box::new(built.expr));
                }
                _ => {}
            }
        }
        Some(self.node(ExprKind::Index { base: Box::new(base.expr), items, filter }, span, depth))
    }
}

/// The name in normal form C, in which names are compared.
fn normalized(name: &str) -> String {
    if name.is_ascii() { name.to_string() } else { name.nfc().collect() }
}
