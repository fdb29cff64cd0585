//! Expressions as text.

use super::super::ast::*;
use super::Printer;
use std::fmt::Write;

/// How tightly a form holds together; an operand looser than its place needs brackets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Precedence {
    /// `if`, `=>`: they reach as far as they can.
    Open,
    Or,
    And,
    Not,
    Compare,
    Sum,
    Product,
    Negate,
    Matrix,
    Power,
    /// Calls, indices, names, numbers, brackets.
    Postfix,
}

impl Precedence {
    fn tighter(self) -> Precedence {
        match self {
            Precedence::Open => Precedence::Or,
            Precedence::Or => Precedence::And,
            Precedence::And => Precedence::Not,
            Precedence::Not => Precedence::Compare,
            Precedence::Compare => Precedence::Sum,
            Precedence::Sum => Precedence::Product,
            Precedence::Product => Precedence::Negate,
            Precedence::Negate => Precedence::Matrix,
            Precedence::Matrix => Precedence::Power,
            Precedence::Power | Precedence::Postfix => Precedence::Postfix,
        }
    }
}

fn of_operator(op: BinaryOp) -> Precedence {
    match op {
        BinaryOp::Or => Precedence::Or,
        BinaryOp::And => Precedence::And,
        BinaryOp::Add | BinaryOp::Subtract => Precedence::Sum,
        BinaryOp::Multiply | BinaryOp::Divide => Precedence::Product,
        BinaryOp::MatrixMultiply => Precedence::Matrix,
        BinaryOp::Power => Precedence::Power,
    }
}

fn precedence(expr: &Expr) -> Precedence {
    match &expr.kind {
        ExprKind::If { .. } | ExprKind::Comprehension { .. } | ExprKind::Repeat(_) => Precedence::Open,
        ExprKind::Binary { op, .. } => of_operator(*op),
        ExprKind::Not(_) => Precedence::Not,
        ExprKind::Compare { .. } => Precedence::Compare,
        ExprKind::Negate(_) => Precedence::Negate,
        ExprKind::Number { value, .. } if value.is_nan() => Precedence::Sum,
        ExprKind::Number { value, .. } if value.is_sign_negative() => Precedence::Negate,
        _ => Precedence::Postfix,
    }
}

impl Printer {
    /// `expr` where operands must be at least as tight as `least`.
    pub(super) fn expr(&mut self, expr: &Expr, least: Precedence) {
        let brackets = precedence(expr) < least;
        if brackets {
            self.out.push('(');
        }
        self.bare(expr);
        if brackets {
            self.out.push(')');
        }
    }

    fn bare(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Number { value, is_integer } => self.number(*value, *is_integer),
            ExprKind::Text(text) => self.text(text),
            ExprKind::Bool(truth) => self.out.push_str(if *truth { "true" } else { "false" }),
            ExprKind::Name(name) => self.out.push_str(name),
            ExprKind::Field(base, name) => {
                self.expr(base, Precedence::Postfix);
                let _ = write!(self.out, ".{}", name.text);
            }
            ExprKind::Call { function, arguments } => {
                self.expr(function, Precedence::Postfix);
                self.out.push('(');
                self.list(arguments, |printer, argument| {
                    if let Some(name) = &argument.name {
                        let _ = write!(printer.out, "{} = ", name.text);
                    }
                    printer.argument_value(&argument.value);
                });
                self.out.push(')');
            }
            ExprKind::Index { base, items, filter } => {
                self.expr(base, Precedence::Postfix);
                self.out.push('[');
                self.list(items, Self::item);
                if let Some(filter) = filter {
                    self.out.push_str(" where ");
                    self.expr(filter, Precedence::Open);
                }
                self.out.push(']');
            }
            ExprKind::Transpose(base) => {
                self.expr(base, Precedence::Postfix);
                self.out.push('\'');
            }
            ExprKind::Negate(inner) => {
                self.out.push('-');
                self.expr(inner, Precedence::Negate);
            }
            ExprKind::Not(inner) => {
                self.out.push_str("not ");
                self.expr(inner, Precedence::Not);
            }
            ExprKind::Binary { op, left, right, .. } => self.binary(*op, left, right),
            ExprKind::Compare { first, rest } => {
                self.expr(first, Precedence::Sum);
                for (op, _, right) in rest {
                    let _ = write!(self.out, " {} ", op.symbol());
                    self.expr(right, Precedence::Sum);
                }
            }
            ExprKind::If { .. } => self.conditional(expr),
            ExprKind::Comprehension { binders, body } => {
                self.binders(Some(binders));
                self.out.push_str(" => ");
                self.expr(body, Precedence::Open);
            }
            ExprKind::Array(items) => {
                self.out.push('[');
                self.list(items, |printer, item| printer.expr(item, Precedence::Open));
                self.out.push(']');
            }
            ExprKind::Tuple(items) => {
                self.out.push('(');
                self.list(items, |printer, item| printer.expr(item, Precedence::Open));
                self.out.push(')');
            }
            ExprKind::Repeat(repeat) => self.repeat(repeat),
            ExprKind::Block { lines, value } => self.block(lines, value),
            ExprKind::Error => self.out.push('…'),
        }
    }

    fn binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr) {
        let own = of_operator(op);
        if op != BinaryOp::Power {
            self.expr(left, own);
            let _ = write!(self.out, " {} ", op.symbol());
            self.expr(right, own.tighter());
            return;
        }
        self.expr(left, Precedence::Postfix);
        self.out.push('^');
        // The right side associates and may be signed: `2^-x^2` is `2^(-(x^2))`.
        let mut right = right;
        while let ExprKind::Negate(inner) = &right.kind {
            self.out.push('-');
            right = inner;
        }
        self.expr(right, Precedence::Power);
    }

    /// `else if` chains go on without recursion.
    fn conditional(&mut self, expr: &Expr) {
        let mut expr = expr;
        while let ExprKind::If { condition, then, otherwise } = &expr.kind {
            self.out.push_str("if ");
            self.expr(condition, Precedence::Or);
            self.out.push_str(" then ");
            self.expr(then, Precedence::Or);
            self.out.push_str(" else ");
            expr = otherwise;
        }
        self.expr(expr, Precedence::Open);
    }

    fn repeat(&mut self, repeat: &Repeat) {
        let _ = write!(self.out, "{}(", repeat.form.word());
        repeat.binder.iter().for_each(|binder| self.binder(binder));
        let values = repeat.states.iter().chain(&repeat.options);
        for (position, (name, value)) in values.enumerate() {
            let comma = if position > 0 || repeat.binder.is_some() { ", " } else { "" };
            let _ = write!(self.out, "{comma}{}", name.text);
            self.value(Some(value));
        }
        self.out.push_str(") => ");
        self.expr(&repeat.body, Precedence::Open);
    }

    fn block(&mut self, lines: &[Line], value: &Expr) {
        self.out.push('{');
        if lines.is_empty() {
            self.out.push(' ');
            self.expr(value, Precedence::Open);
            self.out.push_str(" }");
            return;
        }
        self.indent += 1;
        for line in lines {
            self.line_end();
            match line {
                Line::Let(binding) => self.binding(binding),
                Line::Update(update) => self.update(update),
            }
        }
        self.line_end();
        self.expr(value, Precedence::Open);
        self.indent -= 1;
        self.line_end();
        self.out.push('}');
    }

    /// The shortest text that reads as the same number.
    fn number(&mut self, value: f64, is_integer: bool) {
        let size = value.abs();
        if value.is_nan() {
            self.out.push_str("inf - inf");
            return;
        }
        if value.is_sign_negative() {
            self.out.push('-');
        }
        let _ = if value.is_infinite() {
            write!(self.out, "inf")
        } else if is_integer && size.fract() == 0.0 {
            write!(self.out, "{size}")
        } else {
            write!(self.out, "{size:?}")
        };
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\t' => self.out.push_str("\\t"),
                _ => self.out.push(c),
            }
        }
        self.out.push('"');
    }

    pub(super) fn argument_value(&mut self, value: &ArgumentValue) {
        match value {
            ArgumentValue::Expr(value) => self.expr(value, Precedence::Open),
            ArgumentValue::Range(range) => self.range(range),
        }
    }

    fn range(&mut self, range: &Range) {
        if let Some(start) = &range.start {
            self.expr(start, Precedence::Or);
        }
        self.out.push_str("..");
        if let Some(end) = &range.end {
            self.expr(end, Precedence::Or);
        }
    }

    fn item(&mut self, item: &IndexItem) {
        match item {
            IndexItem::Expr(value) => self.expr(value, Precedence::Open),
            IndexItem::Range(range) => self.range(range),
            IndexItem::All(_) => self.out.push(':'),
            IndexItem::Rest(_) => self.out.push_str(".."),
            IndexItem::Binder(binder) => self.binder(binder),
        }
    }

    pub(super) fn binders(&mut self, binders: Option<&[Binder]>) {
        if let Some(binders) = binders {
            self.out.push('[');
            self.list(binders, Self::binder);
            self.out.push(']');
        }
    }

    fn binder(&mut self, binder: &Binder) {
        match binder {
            Binder::Rest(_) => self.out.push_str(".."),
            Binder::Index { name, range } => {
                self.out.push_str(&name.text);
                match range {
                    None => {}
                    Some(BinderRange::Extent(extent)) => {
                        self.out.push_str(" in ");
                        self.expr(extent, Precedence::Or);
                    }
                    Some(BinderRange::Between(start, end)) => {
                        self.out.push_str(" in ");
                        self.expr(start, Precedence::Or);
                        self.out.push_str("..");
                        self.expr(end, Precedence::Or);
                    }
                }
            }
        }
    }
}
