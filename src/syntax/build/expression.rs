//! Expressions: operands and what follows them; operators are folded elsewhere.

use super::super::ast::*;
use super::super::grammar::Rule;
use super::super::operators::{self, Built};
use super::{Builder, normalized};
use crate::diag::catalog::syntax as error;
use crate::span::Span;
use pest::iterators::{Pair, Pairs};

impl Builder {
    /// An expression: its operands and operators in one flat list.
    pub(in crate::syntax) fn expression(&mut self, pair: Pair<Rule>) -> Option<Built> {
        let (span, settings, known) = (self.span(&pair), self.settings, self.diagnostics.len());
        let built = operators::fold(self, pair.into_inner());
        if built.is_none() && self.diagnostics.len() > known {
            // Reported: the rest of the statement may have problems of its own.
            self.settings = settings;
            return Some(self.node(ExprKind::Error, span, 0));
        }
        built
    }

    /// Numbers, names, and everything that brings its own brackets or words.
    pub(in crate::syntax) fn primary(&mut self, pair: Pair<Rule>) -> Option<Built> {
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
            Rule::repeat => self.repeat(pair.into_inner(), span),
            Rule::block => {
                let (mut lines, mut depth, mut value) = (vec![], 0, None);
                for part in pair.into_inner() {
                    match part.as_rule() {
                        Rule::binding => {
                            let span = self.span(&part);
                            let (binding, below) = self.binding(part.into_inner(), span)?;
                            depth = depth.max(below);
                            lines.push(Line::Let(binding));
                        }
                        Rule::update => {
                            let span = self.span(&part);
                            let (update, below) = self.update(part.into_inner(), span)?;
                            if !self.layer {
                                self.diagnostics.push(error::update_out_of_place(update.span, &update.name.text));
                                return None;
                            }
                            depth = depth.max(below);
                            lines.push(Line::Update(update));
                        }
                        Rule::expression => value = Some(self.expression(part)?),
                        _ => {}
                    }
                }
                let value = value?;
                depth = depth.max(value.depth);
                Some(self.node(ExprKind::Block { lines, value: Box::new(value.expr) }, span, depth))
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

    pub(super) fn binders(&mut self, pair: Pair<Rule>) -> Option<(Vec<Binder>, u32)> {
        let (mut binders, mut depth) = (vec![], 0);
        for part in pair.into_inner() {
            let (binder, below) = self.binder(part)?;
            depth = depth.max(below);
            binders.push(binder);
        }
        Some((binders, depth))
    }

    /// `i`, `i in N`, `i in a..b`, `..`
    pub(super) fn binder(&mut self, pair: Pair<Rule>) -> Option<(Binder, u32)> {
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
    pub(super) fn ranged(&mut self, pair: Pair<Rule>) -> Option<(ArgumentValue, u32)> {
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
    pub(in crate::syntax) fn postfix(&mut self, base: Built, pair: Pair<Rule>) -> Option<Built> {
        let span = base.extent.to(self.span(&pair));
        let is_literal = matches!(base.expr.kind, ExprKind::Number { .. } | ExprKind::Bool(_) | ExprKind::Text(_));
        match pair.as_rule() {
            Rule::call | Rule::index if is_literal => {
                let problem = error::literal_before_bracket(self.span(&pair), base.extent);
                self.diagnostics.push(problem);
                None
            }
            Rule::call => self.call(base, pair.into_inner(), span),
            Rule::index => self.index(base, pair.into_inner(), span),
            Rule::field => {
                let name = self.name(&pair.into_inner().find(|part| part.as_rule() == Rule::word)?);
                if let ExprKind::Number { value, .. } = base.expr.kind {
                    let (text, digits) = (format!("{value}.{}", name.text), value.to_string());
                    self.diagnostics.push(error::number_with_name(span, &text, &digits, &name.text));
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
