//! Programs as mathematics: equations in the style of a book, for people to read. One walk over the tree; a
//! [`Style`] says how names, fractions and sums look.
//!
//! Reads a tree of `syntax`. Must not know graphs.

use super::Title;
use crate::syntax::ast::{
    ArgumentValue, Ast, BinaryOp, Binder, BinderRange, CallArgument, CompareOp, Expr, ExprKind, IndexItem, Let, Line,
    Pattern, Repeat, RepeatForm, ShapeItem, StatementKind, TypeExpr,
};
use rustc_hash::FxHashMap;

/// How the pieces of a formula look.
pub(super) trait Style {
    fn name(&self, name: &str) -> String;
    fn number(&self, value: f64) -> String;
    /// A function that is called by name.
    fn function(&self, name: &str, arguments: &str) -> String;
    fn operator(&self, symbol: &str) -> String;
    fn brackets(&self, open: &str, inner: &str, close: &str) -> String;
    /// Whether fractions, powers and roots are drawn, so that their parts need no brackets.
    fn draws(&self) -> bool;
    fn fraction(&self, above: &str, below: &str) -> String;
    fn power(&self, base: &str, exponent: &str) -> String;
    fn transpose(&self, base: &str) -> String;
    fn index(&self, base: &str, places: &[String]) -> String;
    fn root(&self, inner: &str) -> String;
    /// A sum or another reduction over what stands under it.
    fn reduction(&self, name: &str, under: &str, body: &str) -> String;
    /// `a` where the condition holds, else `b`.
    fn choice(&self, condition: &str, then: &str, otherwise: &str) -> String;
    fn row(&self, parts: &[String]) -> String;
    fn list(&self, parts: &[String]) -> String;
    fn words(&self, words: &str) -> String;
    /// A derivative's name: `∂L / ∂W`.
    fn derivative(&self, of: &str, by: &[String]) -> String;
}

/// One line.
pub(super) struct Equation {
    /// How deep in loops it stands.
    pub depth: usize,
    pub left: String,
    /// `=`, `←`, `∈`, or nothing if all stands on the left.
    pub relation: &'static str,
    pub right: String,
}

/// Precedences: what stands in an operand of a tighter operator gets brackets.
mod level {
    pub const ANY: u8 = 0;
    pub const CHOICE: u8 = 1;
    pub const OR: u8 = 2;
    pub const AND: u8 = 3;
    pub const NOT: u8 = 4;
    pub const COMPARE: u8 = 5;
    pub const SUM: u8 = 6;
    pub const PRODUCT: u8 = 7;
    pub const MATRIX: u8 = 8;
    pub const NEGATE: u8 = 9;
    pub const POWER: u8 = 10;
    pub const ATOM: u8 = 11;
}

/// All equations of a program: what the ports are, then the lets, then the results under their titles.
pub(super) fn equations(ast: &Ast, titles: &FxHashMap<String, Title>, style: &dyn Style) -> Vec<Equation> {
    let mut math = Math { style, out: vec![], depth: 0 };
    for statement in &ast.statements {
        match &statement.kind {
            StatementKind::Input(d) | StatementKind::Target(d) | StatementKind::Param(d) | StatementKind::State(d) => {
                let right = math.set(d.ty.as_ref());
                math.line(style.name(&d.name.text), "∈", right);
            }
            StatementKind::Let(l) => math.definition(l),
            StatementKind::Output { name, binders, value: Some(value) } => {
                let left = match titles.get(&name.text) {
                    Some(title) => {
                        let by: Vec<String> = title.by.iter().map(|n| style.name(n)).collect();
                        style.derivative(&style.name(&title.of), &by)
                    }
                    None => style.name(&name.text),
                };
                let left = math.with_binders(left, binders.as_deref());
                let right = math.expr(value, level::ANY);
                math.line(left, "=", right);
            }
            _ => {}
        }
    }
    math.out
}

struct Math<'s> {
    style: &'s dyn Style,
    out: Vec<Equation>,
    depth: usize,
}

impl Math<'_> {
    fn line(&mut self, left: String, relation: &'static str, right: String) {
        self.out.push(Equation { depth: self.depth, left, relation, right });
    }

    /// The set that a port is in: `ℝ^(N × D)`.
    fn set(&mut self, ty: Option<&TypeExpr>) -> String {
        let kind = ty.and_then(|t| t.kind.as_ref());
        let base = match kind.map(|k| (k.name.text.as_str(), k.argument.as_ref())) {
            Some(("index", Some(bound))) => {
                let bound = self.expr(bound, level::ANY);
                let parts = [self.style.number(0.0), self.style.name("…"), self.minus_one(bound)];
                self.style.brackets("{", &self.separated(&parts), "}")
            }
            Some(("bool", _)) => {
                let parts = [self.style.words("false"), self.style.words("true")];
                self.style.brackets("{", &self.separated(&parts), "}")
            }
            Some((other, _)) => self.style.words(other),
            None => self.style.name("ℝ"),
        };
        let sizes = ty.and_then(|t| t.shape.as_deref()).unwrap_or_default();
        let sizes: Vec<String> = sizes
            .iter()
            .filter_map(|s| match s {
                ShapeItem::Dim(e) => Some(self.expr(e, level::PRODUCT)),
                ShapeItem::Rest(_) => None,
            })
            .collect();
        match sizes.is_empty() {
            true => base,
            false => {
                let times = self.style.operator("×");
                let mut parts = vec![];
                for (i, size) in sizes.into_iter().enumerate() {
                    if i > 0 {
                        parts.push(times.clone());
                    }
                    parts.push(size);
                }
                self.style.power(&base, &self.style.row(&parts))
            }
        }
    }

    fn minus_one(&self, x: String) -> String {
        self.style.row(&[x, self.style.operator("−"), self.style.number(1.0)])
    }

    fn separated(&self, parts: &[String]) -> String {
        let mut all = vec![];
        for (i, part) in parts.iter().enumerate() {
            if i > 0 {
                all.push(self.style.operator(","));
            }
            all.push(part.clone());
        }
        self.style.row(&all)
    }

    fn with_binders(&mut self, left: String, binders: Option<&[Binder]>) -> String {
        match binders {
            Some(binders) if !binders.is_empty() => {
                let names: Vec<String> = binders.iter().map(|b| self.binder_name(b)).collect();
                self.style.index(&left, &names)
            }
            _ => left,
        }
    }

    fn binder_name(&self, binder: &Binder) -> String {
        match binder {
            Binder::Index { name, .. } => self.style.name(&name.text),
            Binder::Rest(_) => self.style.name("…"),
        }
    }

    fn binder(&mut self, binder: &Binder) -> String {
        let name = self.binder_name(binder);
        match binder {
            Binder::Index { range: Some(BinderRange::Between(a, b)), .. } => {
                let (a, b) = (self.expr(a, level::ANY), self.expr(b, level::ANY));
                self.style.row(&[name, self.style.operator("="), a, self.style.operator("…"), self.minus_one(b)])
            }
            _ => name,
        }
    }

    fn definition(&mut self, l: &Let) {
        if let ExprKind::Repeat(repeat) = &l.value.kind {
            return self.repeat(&l.pattern, repeat);
        }
        let left = match &l.pattern {
            Pattern::Name(name) => self.style.name(&name.text),
            Pattern::Tuple(names) => {
                let names: Vec<String> = names.iter().map(|n| self.style.name(&n.text)).collect();
                self.style.brackets("(", &self.separated(&names), ")")
            }
        };
        let left = self.with_binders(left, l.binders.as_deref());
        let right = self.expr(&l.value, level::ANY);
        self.line(left, "=", right);
    }

    /// A loop as its steps: the first states, then what a turn does.
    fn repeat(&mut self, pattern: &Pattern, repeat: &Repeat) {
        let names: Vec<&str> = match pattern {
            Pattern::Name(name) => vec![name.text.as_str()],
            Pattern::Tuple(names) => names.iter().map(|n| n.text.as_str()).collect(),
        };
        for (name, first) in &repeat.states {
            let first = self.expr(first, level::ANY);
            self.line(self.style.name(&name.text), "←", first);
        }
        let turn = match &repeat.binder {
            Some(Binder::Index { name, range: Some(BinderRange::Extent(end)) }) => {
                let end = self.expr(end, level::SUM);
                let turn = self.style.name(&name.text);
                let range = [turn, self.style.operator("="), self.style.number(0.0), self.style.operator("…")];
                self.style.row(&[self.style.row(&range), self.minus_one(end)])
            }
            _ => self.style.words("every turn"),
        };
        let head = self.style.row(&[self.style.words("for "), turn, self.style.words(":")]);
        self.line(head, "", String::new());
        self.depth += 1;
        let (lines, value): (&[Line], &Expr) = match &repeat.body.kind {
            ExprKind::Block { lines, value } => (lines, value),
            _ => (&[], &repeat.body),
        };
        for line in lines {
            if let Line::Let(l) = line {
                self.definition(l);
            }
        }
        let values: Vec<&Expr> = match &value.kind {
            ExprKind::Tuple(parts) => parts.iter().collect(),
            _ => vec![value],
        };
        let many = repeat.form == RepeatForm::Scan;
        let turn_name = repeat.binder.as_ref().map(|b| self.binder_name(b)).unwrap_or_default();
        // Extra values are of before the turn: they stand before the states change.
        for (i, value) in values.iter().enumerate().skip(repeat.states.len()) {
            if let Some(name) = names.get(i).filter(|n| **n != "_") {
                let right = self.expr(value, level::ANY);
                let left = self.style.index(&self.style.name(name), std::slice::from_ref(&turn_name));
                self.line(left, "=", right);
            }
        }
        let states: Vec<String> = repeat.states.iter().map(|(n, _)| self.style.name(&n.text)).collect();
        let next: Vec<String> = values.iter().take(states.len()).map(|v| self.expr(v, level::ANY)).collect();
        match states.len() {
            1 => self.line(states[0].clone(), "←", next.first().cloned().unwrap_or_default()),
            _ => {
                let left = self.style.brackets("(", &self.separated(&states), ")");
                let right = self.style.brackets("(", &self.separated(&next), ")");
                self.line(left, "←", right);
            }
        }
        for (name, state) in names.iter().zip(&states).filter(|n| many && *n.0 != "_") {
            let left = self.style.index(&self.style.name(name), std::slice::from_ref(&turn_name));
            self.line(left, "=", state.clone());
        }
        self.depth -= 1;
        for (name, state) in names.iter().zip(&states).filter(|n| !many && *n.0 != "_") {
            self.line(self.style.name(name), "=", state.clone());
        }
    }

    fn expr(&mut self, e: &Expr, at_least: u8) -> String {
        let (own, text) = self.bare(e);
        match own < at_least {
            true => self.style.brackets("(", &text, ")"),
            false => text,
        }
    }

    fn operation(&mut self, left: &Expr, symbol: &str, right: &Expr, own: u8, right_level: u8) -> (u8, String) {
        let parts = [self.expr(left, own), self.style.operator(symbol), self.expr(right, right_level)];
        (own, self.style.row(&parts))
    }

    fn bare(&mut self, e: &Expr) -> (u8, String) {
        let style = self.style;
        match &e.kind {
            ExprKind::Number { value, .. } => (level::ATOM, style.number(*value)),
            ExprKind::Text(text) => (level::ATOM, style.words(text)),
            ExprKind::Bool(b) => (level::ATOM, style.words(if *b { "true" } else { "false" })),
            ExprKind::Name(name) => (level::ATOM, style.name(name)),
            ExprKind::Field(base, name) => (level::ATOM, format!("{}.{}", self.expr(base, level::ATOM), name.text)),
            ExprKind::Transpose(x) => {
                let x = self.expr(x, level::ATOM);
                (level::ATOM, style.transpose(&x))
            }
            ExprKind::Negate(x) => {
                let x = self.expr(x, level::PRODUCT);
                (level::SUM, style.row(&[style.operator("-"), x]))
            }
            ExprKind::Not(x) => {
                let x = self.expr(x, level::NOT);
                (level::NOT, style.row(&[style.operator("¬"), x]))
            }
            ExprKind::Binary { op, left, right, .. } => match op {
                BinaryOp::Add => self.operation(left, "+", right, level::SUM, level::SUM),
                BinaryOp::Subtract => self.operation(left, "−", right, level::SUM, level::PRODUCT),
                BinaryOp::Multiply => self.operation(left, "·", right, level::PRODUCT, level::MATRIX),
                BinaryOp::MatrixMultiply => self.operation(left, " ", right, level::MATRIX, level::NEGATE),
                BinaryOp::And => self.operation(left, "∧", right, level::AND, level::AND),
                BinaryOp::Or => self.operation(left, "∨", right, level::OR, level::OR),
                BinaryOp::Divide if style.draws() => {
                    let (a, b) = (self.expr(left, level::ANY), self.expr(right, level::ANY));
                    (level::POWER, style.fraction(&a, &b))
                }
                BinaryOp::Divide => {
                    let (a, b) = (self.expr(left, level::PRODUCT), self.expr(right, level::NEGATE));
                    (level::PRODUCT, style.fraction(&a, &b))
                }
                BinaryOp::Power => {
                    let base = self.expr(left, level::ATOM);
                    let exponent = self.expr(right, level::ANY);
                    (level::POWER, style.power(&base, &exponent))
                }
            },
            ExprKind::Compare { first, rest } => {
                let mut parts = vec![self.expr(first, level::SUM)];
                for (op, _, x) in rest {
                    let symbol = match op {
                        CompareOp::Equal => "=",
                        CompareOp::NotEqual => "≠",
                        CompareOp::Less => "<",
                        CompareOp::LessEqual => "≤",
                        CompareOp::Greater => ">",
                        CompareOp::GreaterEqual => "≥",
                    };
                    parts.push(style.operator(symbol));
                    parts.push(self.expr(x, level::SUM));
                }
                (level::COMPARE, style.row(&parts))
            }
            ExprKind::If { condition, then, otherwise } => {
                let c = self.expr(condition, level::ANY);
                let (a, b) = (self.expr(then, level::SUM), self.expr(otherwise, level::SUM));
                (if style.draws() { level::ATOM } else { level::CHOICE }, style.choice(&c, &a, &b))
            }
            ExprKind::Comprehension { binders, body } => {
                let body = self.expr(body, level::ANY);
                let names: Vec<String> = binders.iter().map(|b| self.binder(b)).collect();
                let inner = style.brackets("(", &body, ")");
                (level::ATOM, style.index(&inner, &names))
            }
            ExprKind::Array(parts) => {
                let parts: Vec<String> = parts.iter().map(|p| self.expr(p, level::ANY)).collect();
                (level::ATOM, style.list(&parts))
            }
            ExprKind::Tuple(parts) => {
                let parts: Vec<String> = parts.iter().map(|p| self.expr(p, level::ANY)).collect();
                (level::ATOM, style.brackets("(", &self.separated(&parts), ")"))
            }
            ExprKind::Index { base, items, .. } => {
                let base = self.expr(base, level::ATOM);
                let places: Vec<String> = items.iter().map(|i| self.item(i)).collect();
                (level::ATOM, style.index(&base, &places))
            }
            ExprKind::Call { function, arguments } => self.call(function, arguments),
            // What the printer makes has loops and blocks in definitions only.
            ExprKind::Repeat(_) | ExprKind::Block { .. } | ExprKind::Error => (level::ATOM, style.words("…")),
        }
    }

    fn item(&mut self, item: &IndexItem) -> String {
        match item {
            IndexItem::Expr(e) => self.expr(e, level::ANY),
            IndexItem::Binder(b) => self.binder(b),
            IndexItem::All(_) => self.style.operator(":"),
            IndexItem::Range(_) | IndexItem::Rest(_) => self.style.name("…"),
        }
    }

    fn call(&mut self, function: &Expr, arguments: &[CallArgument]) -> (u8, String) {
        let style = self.style;
        let values: Vec<(&Option<_>, &Expr)> = arguments
            .iter()
            .filter_map(|a| match &a.value {
                ArgumentValue::Expr(e) => Some((&a.name, e)),
                ArgumentValue::Range(_) => None,
            })
            .collect();
        if let ExprKind::Index { base, items, filter } = &function.kind
            && let (ExprKind::Name(name), [(_, body)]) = (&base.kind, values.as_slice())
        {
            let mut under = vec![];
            for item in items {
                under.push(self.item(item));
            }
            let mut under = self.separated(&under);
            if let Some(filter) = filter {
                let filter = self.expr(filter, level::ANY);
                under = style.row(&[under, style.operator(":"), filter]);
            }
            let body = self.expr(body, level::PRODUCT);
            return (level::PRODUCT, style.reduction(name, &under, &body));
        }
        let ExprKind::Name(name) = &function.kind else {
            let parts: Vec<String> = values.iter().map(|v| self.expr(v.1, level::ANY)).collect();
            let function = self.expr(function, level::ATOM);
            return (level::ATOM, style.function(&function, &self.separated(&parts)));
        };
        if let [(None, x)] = values.as_slice() {
            match name.as_str() {
                "sqrt" => {
                    let x = self.expr(x, if style.draws() { level::ANY } else { level::ATOM });
                    return (level::ATOM, style.root(&x));
                }
                "abs" => {
                    let x = self.expr(x, level::ANY);
                    return (level::ATOM, style.brackets("|", &x, "|"));
                }
                "real" => return self.bare(x),
                "sum" | "prod" => {
                    let x = self.expr(x, level::PRODUCT);
                    return (level::PRODUCT, style.reduction(name, "", &x));
                }
                _ => {}
            }
        }
        if let ([(None, x), (Some(axis), over)], "sum" | "prod" | "max" | "min" | "logsumexp" | "any" | "all") =
            (values.as_slice(), name.as_str())
            && axis.text == "axis"
        {
            let (x, over) = (self.expr(x, level::PRODUCT), self.expr(over, level::ANY));
            return (level::PRODUCT, style.reduction(name, &over, &x));
        }
        let parts: Vec<String> = values.iter().map(|v| self.expr(v.1, level::ANY)).collect();
        (level::ATOM, style.function(name, &self.separated(&parts)))
    }
}
