//! Statements: what stands before and around expressions.

use super::super::ast::*;
use super::super::grammar::Rule;
use super::Builder;
use crate::diag::catalog::syntax as error;
use crate::span::Span;
use pest::iterators::{Pair, Pairs};

impl Builder {
    /// `None` if a problem was reported.
    pub(in crate::syntax) fn statement(&mut self, pair: Pair<Rule>) -> Option<StatementKind> {
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
            Rule::state => StatementKind::State(self.declaration(inner)?),
            Rule::update => StatementKind::Update(self.update(inner, span)?.0),
            Rule::layer => StatementKind::Layer(self.layer(inner)?),
            Rule::derivative => StatementKind::Derivative(self.derivative(inner)?),
            Rule::binding => StatementKind::Let(self.binding(inner, span)?.0),
            Rule::function => StatementKind::Fn(self.function(inner, span)?),
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

    pub(super) fn declaration(&mut self, inner: Pairs<Rule>) -> Option<Declaration> {
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
    pub(super) fn binding(&mut self, inner: Pairs<Rule>, span: Span) -> Option<(Let, u32)> {
        let (mut pattern, mut ty, mut binders, mut value) = (None, None, None, None);
        let mut depth = 0;
        for part in inner {
            match part.as_rule() {
                Rule::name => pattern = Some(Pattern::Name(self.name(&part))),
                Rule::tuple_pattern => {
                    let names = part.into_inner().filter(|part| part.as_rule() == Rule::name);
                    let names = names.map(|name| self.name(&name));
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

    /// An `update` with its depth. The caller gives its span.
    pub(super) fn update(&mut self, inner: Pairs<Rule>, span: Span) -> Option<(Update, u32)> {
        let (mut name, mut value) = (None, None);
        for part in inner {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::expression => value = Some(self.expression(part)?),
                _ => {}
            }
        }
        let value = value?;
        Some((Update { name: name?, value: value.expr, span }, value.depth))
    }

    fn derivative(&mut self, inner: Pairs<Rule>) -> Option<Derivative> {
        let (mut function, mut arguments, mut value) = (None, vec![], None);
        for part in inner {
            match part.as_rule() {
                Rule::name => function = Some(self.name(&part)),
                Rule::derivative_list => {
                    let names = part.into_inner().filter(|part| part.as_rule() == Rule::name);
                    arguments = names.map(|name| self.name(&name)).collect();
                }
                Rule::expression => value = Some(self.expression(part)?.expr),
                _ => {}
            }
        }
        Some(Derivative { function: function?, arguments, value: value? })
    }

    pub(super) fn function(&mut self, inner: Pairs<Rule>, span: Span) -> Option<Function> {
        let (mut name, mut arguments, mut result, mut body) = (None, vec![], None, None);
        for part in inner {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::parameters => arguments = self.parameters(part.into_inner())?,
                Rule::result => result = Some(self.result(part)?),
                Rule::expression => body = Some(self.expression(part)?.expr),
                _ => {}
            }
        }
        if name.is_none() && !self.layer {
            let word = Span { end: span.start + "fn".len() as u32, ..span };
            self.diagnostics.push(error::nameless_function(word));
            return None;
        }
        Some(Function { name, arguments, result, body: body? })
    }

    pub(super) fn parameters(&mut self, inner: Pairs<Rule>) -> Option<Vec<Argument>> {
        self.each(inner, Rule::parameter, Self::parameter)
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
                Rule::entries => entries = self.entries(part.into_inner())?,
                _ => {}
            }
        }
        self.settings = false;
        Some(Block { name, entries })
    }

    fn entries(&mut self, inner: Pairs<Rule>) -> Option<Vec<Entry>> {
        let mut entries = vec![];
        for entry in inner.filter(|part| part.as_rule() == Rule::entry) {
            let (mut key, mut port, mut value) = (None, false, None);
            for part in entry.into_inner() {
                match part.as_rule() {
                    Rule::word => key = Some(self.name(&part)),
                    Rule::entry_port => port = true,
                    Rule::ranged => value = Some(self.ranged(part)?.0),
                    _ => {}
                }
            }
            // An entry that could not be read is a hole, without key.
            if let (Some(key), Some(value)) = (key, value) {
                entries.push(Entry { key, port, value });
            }
        }
        Some(entries)
    }
}
