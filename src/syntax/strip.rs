//! Trees without places, for comparing what two texts say.
//!
//! Reads and writes spans of the tree only.

use super::ast::*;
use crate::span::Span;

/// Sets every span of the tree to the default, so that `==` compares what is said and not where.
pub fn strip_spans(ast: &mut Ast) {
    ast.comments.iter_mut().for_each(|comment| comment.span = Span::default());
    ast.statements.iter_mut().for_each(strip_statement);
}

fn strip_statement(statement: &mut Statement) {
    statement.span = Span::default();
    match &mut statement.kind {
        StatementKind::Import { path, names } => {
            path.iter_mut().for_each(name);
            for import in names.iter_mut().flatten() {
                name(&mut import.name);
                import.alias.iter_mut().for_each(name);
            }
        }
        StatementKind::Precision(precision) => name(precision),
        StatementKind::Dim(dims) => {
            for dim in dims {
                name(&mut dim.name);
                dim.value.iter_mut().for_each(strip_expr_spans);
            }
        }
        StatementKind::Const(constants) => {
            for constant in constants {
                name(&mut constant.name);
                constant.binders.iter_mut().flatten().for_each(binder);
                strip_expr_spans(&mut constant.value);
            }
        }
        StatementKind::Input(declaration)
        | StatementKind::Target(declaration)
        | StatementKind::Param(declaration)
        | StatementKind::State(declaration) => {
            name(&mut declaration.name);
            declaration.ty.iter_mut().for_each(ty);
            if let Some((low, high)) = &mut declaration.interval {
                strip_expr_spans(low);
                strip_expr_spans(high);
            }
            declaration.value.iter_mut().for_each(strip_expr_spans);
        }
        StatementKind::Let(line) => binding(line),
        StatementKind::Update(line) => update(line),
        StatementKind::Fn(function) => {
            function.name.iter_mut().for_each(name);
            function.arguments.iter_mut().for_each(argument);
            match &mut function.result {
                None => {}
                Some(ResultType::One(one)) => ty(one),
                Some(ResultType::Tuple(parts, span)) => {
                    *span = Span::default();
                    parts.iter_mut().for_each(ty);
                }
            }
            strip_expr_spans(&mut function.body);
        }
        StatementKind::Layer(layer) => {
            name(&mut layer.name);
            layer.parameters.iter_mut().for_each(argument);
            layer.body.iter_mut().for_each(strip_statement);
        }
        StatementKind::Derivative(derivative) => {
            name(&mut derivative.function);
            derivative.arguments.iter_mut().for_each(name);
            strip_expr_spans(&mut derivative.value);
        }
        StatementKind::Output { name: output, binders, value } => {
            name(output);
            binders.iter_mut().flatten().for_each(binder);
            value.iter_mut().for_each(strip_expr_spans);
        }
        StatementKind::Loss { name: loss, value } => {
            loss.iter_mut().for_each(name);
            strip_expr_spans(value);
        }
        StatementKind::Metric { name: metric, value } => {
            name(metric);
            strip_expr_spans(value);
        }
        StatementKind::Data(block) | StatementKind::Train(block) => {
            block.name.iter_mut().for_each(name);
            for entry in &mut block.entries {
                name(&mut entry.key);
                argument_value(&mut entry.value);
            }
        }
    }
}

/// As [`strip_spans`], for one expression.
pub fn strip_expr_spans(expr: &mut Expr) {
    expr.span = Span::default();
    match &mut expr.kind {
        ExprKind::Number { .. } | ExprKind::Text(_) | ExprKind::Bool(_) | ExprKind::Name(_) | ExprKind::Error => {}
        ExprKind::Field(base, field) => {
            strip_expr_spans(base);
            name(field);
        }
        ExprKind::Call { function, arguments } => {
            strip_expr_spans(function);
            for argument in arguments {
                argument.name.iter_mut().for_each(name);
                argument_value(&mut argument.value);
            }
        }
        ExprKind::Index { base, items, filter } => {
            strip_expr_spans(base);
            for item in items {
                match item {
                    IndexItem::Expr(value) => strip_expr_spans(value),
                    IndexItem::Range(slice) => range(slice),
                    IndexItem::All(span) | IndexItem::Rest(span) => *span = Span::default(),
                    IndexItem::Binder(index) => binder(index),
                }
            }
            filter.iter_mut().for_each(|filter| strip_expr_spans(filter));
        }
        ExprKind::Transpose(inner) | ExprKind::Negate(inner) | ExprKind::Not(inner) => strip_expr_spans(inner),
        ExprKind::Binary { op_span, left, right, .. } => {
            *op_span = Span::default();
            strip_expr_spans(left);
            strip_expr_spans(right);
        }
        ExprKind::Compare { first, rest } => {
            strip_expr_spans(first);
            for (_, span, right) in rest {
                *span = Span::default();
                strip_expr_spans(right);
            }
        }
        ExprKind::If { condition, then, otherwise } => {
            strip_expr_spans(condition);
            strip_expr_spans(then);
            strip_expr_spans(otherwise);
        }
        ExprKind::Comprehension { binders, body } => {
            binders.iter_mut().for_each(binder);
            strip_expr_spans(body);
        }
        ExprKind::Array(items) | ExprKind::Tuple(items) => items.iter_mut().for_each(strip_expr_spans),
        ExprKind::Repeat(repeat) => {
            repeat.form_span = Span::default();
            repeat.binder.iter_mut().for_each(binder);
            for (state, value) in repeat.states.iter_mut().chain(&mut repeat.options) {
                name(state);
                strip_expr_spans(value);
            }
            strip_expr_spans(&mut repeat.body);
        }
        ExprKind::Block { lines, value } => {
            for line in lines {
                match line {
                    Line::Let(line) => binding(line),
                    Line::Update(line) => update(line),
                }
            }
            strip_expr_spans(value);
        }
    }
}

fn name(name: &mut Name) {
    name.span = Span::default();
}

fn argument(argument: &mut Argument) {
    name(&mut argument.name);
    argument.ty.iter_mut().for_each(ty);
    argument.default.iter_mut().for_each(strip_expr_spans);
}

fn update(update: &mut Update) {
    update.span = Span::default();
    name(&mut update.name);
    strip_expr_spans(&mut update.value);
}

fn binding(binding: &mut Let) {
    binding.span = Span::default();
    match &mut binding.pattern {
        Pattern::Name(one) => name(one),
        Pattern::Tuple(names) => names.iter_mut().for_each(name),
    }
    binding.ty.iter_mut().for_each(ty);
    binding.binders.iter_mut().flatten().for_each(binder);
    strip_expr_spans(&mut binding.value);
}

fn ty(ty: &mut TypeExpr) {
    ty.span = Span::default();
    if let Some(kind) = &mut ty.kind {
        name(&mut kind.name);
        kind.argument.iter_mut().for_each(strip_expr_spans);
    }
    for item in ty.shape.iter_mut().flatten() {
        match item {
            ShapeItem::Dim(dim) => strip_expr_spans(dim),
            ShapeItem::Rest(span) => *span = Span::default(),
        }
    }
}

fn binder(binder: &mut Binder) {
    match binder {
        Binder::Rest(span) => *span = Span::default(),
        Binder::Index { name: index, range } => {
            name(index);
            match range {
                None => {}
                Some(BinderRange::Extent(extent)) => strip_expr_spans(extent),
                Some(BinderRange::Between(start, end)) => {
                    strip_expr_spans(start);
                    strip_expr_spans(end);
                }
            }
        }
    }
}

fn argument_value(value: &mut ArgumentValue) {
    match value {
        ArgumentValue::Expr(value) => strip_expr_spans(value),
        ArgumentValue::Range(slice) => range(slice),
    }
}

fn range(range: &mut Range) {
    range.span = Span::default();
    range.start.iter_mut().for_each(|start| strip_expr_spans(start));
    range.end.iter_mut().for_each(|end| strip_expr_spans(end));
}
