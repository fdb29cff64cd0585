//! Tree → source: `parse(print(x)) == x` up to spans, with no more brackets than the language needs.
//!
//! Reads the tree only. A tree that no text can give (a number that is negative or not finite, a tuple of one, a hole)
//! prints as its nearest neighbour.

mod expression;

use super::ast::*;
use expression::Precedence;
use std::fmt::Write;

/// The source of a file: one statement per line, an empty line between kinds, comments before what they preceded.
pub fn print(ast: &Ast) -> String {
    let mut printer = Printer::default();
    let mut comments = ast.comments.iter().peekable();
    let mut before: Option<Group> = None;
    for statement in &ast.statements {
        let group = group(&statement.kind);
        if before.is_some_and(|before| before != group || matches!(group, Group::Setting | Group::Layer))
            || printer.loose_doc
        {
            printer.blank_line();
        }
        while let Some(comment) = comments.next_if(|comment| comment.span.start < statement.span.start) {
            printer.comment(comment);
        }
        if printer.loose_doc {
            printer.blank_line();
        }
        printer.documented(statement);
        printer.out.push('\n');
        before = Some(group);
    }
    comments.for_each(|comment| printer.comment(comment));
    printer.out
}

/// The source of an expression.
pub fn print_expr(expr: &Expr) -> String {
    let mut printer = Printer::default();
    printer.expr(expr, Precedence::Open);
    printer.out
}

/// Statements of one kind stand together.
#[derive(Clone, Copy, PartialEq)]
enum Group {
    Import,
    Port,
    Definition,
    Layer,
    Result,
    Setting,
}

fn group(kind: &StatementKind) -> Group {
    match kind {
        StatementKind::Import { .. } | StatementKind::Precision(_) => Group::Import,
        StatementKind::Dim(_)
        | StatementKind::Const(_)
        | StatementKind::Input(_)
        | StatementKind::Target(_)
        | StatementKind::Param(_)
        | StatementKind::State(_) => Group::Port,
        StatementKind::Let(_) | StatementKind::Fn(_) | StatementKind::Update(_) | StatementKind::Derivative(_) => {
            Group::Definition
        }
        StatementKind::Layer(_) => Group::Layer,
        StatementKind::Output { .. } | StatementKind::Loss { .. } | StatementKind::Metric { .. } => Group::Result,
        StatementKind::Data(_) | StatementKind::Train(_) => Group::Setting,
    }
}

/// Text under construction.
#[derive(Default)]
struct Printer {
    out: String,
    /// Levels of `{` around the line being written.
    indent: usize,
    /// The last line is a `///` that documents nothing: a statement directly below it would take it.
    loose_doc: bool,
}

impl Printer {
    fn blank_line(&mut self) {
        self.out.push('\n');
        self.loose_doc = false;
    }

    fn line_end(&mut self) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n("  ", self.indent));
    }

    fn comment(&mut self, comment: &Comment) {
        let _ = writeln!(self.out, "{}", comment.text);
        self.loose_doc = comment.text.starts_with("///");
    }

    fn list<T>(&mut self, items: &[T], mut one: impl FnMut(&mut Self, &T)) {
        for (position, item) in items.iter().enumerate() {
            if position > 0 {
                self.out.push_str(", ");
            }
            one(self, item);
        }
    }

    fn names(&mut self, names: &[Name]) {
        self.list(names, |printer, name| printer.out.push_str(&name.text));
    }

    /// ` = value`, if there is one.
    fn value(&mut self, value: Option<&Expr>) {
        if let Some(value) = value {
            self.out.push_str(" = ");
            self.expr(value, Precedence::Open);
        }
    }

    /// A statement below its `///` lines.
    fn documented(&mut self, statement: &Statement) {
        for line in statement.doc.iter().flat_map(|doc| doc.split('\n')) {
            let space = if line.is_empty() { "" } else { " " };
            let _ = write!(self.out, "///{space}{line}");
            self.line_end();
        }
        self.statement(&statement.kind);
    }

    fn statement(&mut self, kind: &StatementKind) {
        match kind {
            StatementKind::Import { path, names } => self.import(path, names.as_deref()),
            StatementKind::Precision(name) => {
                let _ = write!(self.out, "precision {}", name.text);
            }
            StatementKind::Dim(dims) => {
                self.out.push_str("dim ");
                self.list(dims, |printer, dim| {
                    printer.out.push_str(&dim.name.text);
                    printer.value(dim.value.as_ref());
                });
            }
            StatementKind::Const(constants) => {
                self.out.push_str("const ");
                self.list(constants, |printer, constant| {
                    printer.out.push_str(&constant.name.text);
                    printer.binders(constant.binders.as_deref());
                    printer.value(Some(&constant.value));
                });
            }
            StatementKind::Input(declaration) => self.declaration("input", declaration),
            StatementKind::Target(declaration) => self.declaration("target", declaration),
            StatementKind::Param(declaration) => self.declaration("param", declaration),
            StatementKind::State(declaration) => self.declaration("state", declaration),
            StatementKind::Update(update) => self.update(update),
            StatementKind::Let(binding) => self.binding(binding),
            StatementKind::Fn(function) => self.function(function),
            StatementKind::Layer(layer) => self.layer(layer),
            StatementKind::Derivative(derivative) => {
                let _ = write!(self.out, "derivative {}(", derivative.function.text);
                self.names(&derivative.arguments);
                self.out.push(')');
                self.value(Some(&derivative.value));
            }
            StatementKind::Output { name, binders, value } => {
                let _ = write!(self.out, "output {}", name.text);
                self.binders(binders.as_deref());
                self.value(value.as_ref());
            }
            StatementKind::Loss { name: None, value } => {
                self.out.push_str("loss ");
                self.expr(value, Precedence::Open);
            }
            StatementKind::Loss { name: Some(name), value } => {
                let _ = write!(self.out, "loss {}", name.text);
                self.value(Some(value));
            }
            StatementKind::Metric { name, value } => {
                let _ = write!(self.out, "metric {}", name.text);
                self.value(Some(value));
            }
            StatementKind::Data(block) => self.settings("data", block),
            StatementKind::Train(block) => self.settings("train", block),
        }
    }

    fn import(&mut self, path: &[Name], names: Option<&[ImportName]>) {
        self.out.push_str("import ");
        for (position, part) in path.iter().enumerate() {
            let dot = if position > 0 { "." } else { "" };
            let _ = write!(self.out, "{dot}{}", part.text);
        }
        if let Some(names) = names {
            self.out.push_str(" (");
            self.list(names, |printer, import| {
                printer.out.push_str(&import.name.text);
                if let Some(alias) = &import.alias {
                    let _ = write!(printer.out, " as {}", alias.text);
                }
            });
            self.out.push(')');
        }
    }

    fn declaration(&mut self, keyword: &str, declaration: &Declaration) {
        let _ = write!(self.out, "{keyword} {}", declaration.name.text);
        self.annotation(declaration.ty.as_ref());
        if let Some((low, high)) = &declaration.interval {
            self.out.push_str(" in (");
            self.expr(low, Precedence::Open);
            self.out.push_str(", ");
            self.expr(high, Precedence::Open);
            self.out.push(')');
        }
        self.value(declaration.value.as_ref());
    }

    fn binding(&mut self, binding: &Let) {
        self.out.push_str("let ");
        match &binding.pattern {
            Pattern::Name(name) => self.out.push_str(&name.text),
            Pattern::Tuple(names) => {
                self.out.push('(');
                self.names(names);
                self.out.push(')');
            }
        }
        self.binders(binding.binders.as_deref());
        self.annotation(binding.ty.as_ref());
        self.value(Some(&binding.value));
    }

    fn function(&mut self, function: &Function) {
        let _ = write!(self.out, "fn {}", function.name.as_ref().map_or("", |name| name.text.as_str()));
        self.arguments(&function.arguments);
        match &function.result {
            None => {}
            Some(ResultType::One(ty)) => {
                self.out.push_str(" -> ");
                self.ty(ty);
            }
            Some(ResultType::Tuple(parts, _)) => {
                self.out.push_str(" -> (");
                self.list(parts, Self::ty);
                self.out.push(')');
            }
        }
        self.value(Some(&function.body));
    }

    fn arguments(&mut self, arguments: &[Argument]) {
        self.out.push('(');
        self.list(arguments, |printer, argument| {
            printer.out.push_str(&argument.name.text);
            printer.annotation(argument.ty.as_ref());
            printer.value(argument.default.as_ref());
        });
        self.out.push(')');
    }

    fn update(&mut self, update: &Update) {
        let _ = write!(self.out, "update {}", update.name.text);
        self.value(Some(&update.value));
    }

    fn layer(&mut self, layer: &Layer) {
        let _ = write!(self.out, "layer {}", layer.name.text);
        self.arguments(&layer.parameters);
        self.out.push_str(" {");
        self.indent += 1;
        for line in &layer.body {
            self.line_end();
            self.documented(line);
        }
        self.indent -= 1;
        if !layer.body.is_empty() {
            self.line_end();
        }
        self.out.push('}');
    }

    fn settings(&mut self, keyword: &str, block: &Block) {
        self.out.push_str(keyword);
        if let Some(name) = &block.name {
            let _ = write!(self.out, " {}", name.text);
        }
        self.out.push_str(" {");
        self.indent += 1;
        for entry in &block.entries {
            self.line_end();
            let port = if entry.port { "input " } else { "" };
            let _ = write!(self.out, "{port}{} = ", entry.key.text);
            self.argument_value(&entry.value);
        }
        self.indent -= 1;
        if !block.entries.is_empty() {
            self.line_end();
        }
        self.out.push('}');
    }

    fn annotation(&mut self, ty: Option<&TypeExpr>) {
        if let Some(ty) = ty {
            self.out.push_str(": ");
            self.ty(ty);
        }
    }

    fn ty(&mut self, ty: &TypeExpr) {
        if let Some(kind) = &ty.kind {
            self.out.push_str(&kind.name.text);
            if let Some(argument) = &kind.argument {
                self.out.push('(');
                self.expr(argument, Precedence::Open);
                self.out.push(')');
            }
        }
        match &ty.shape {
            Some(shape) => {
                self.out.push('[');
                self.list(shape, |printer, item| match item {
                    ShapeItem::Dim(dim) => printer.expr(dim, Precedence::Open),
                    ShapeItem::Rest(_) => printer.out.push_str(".."),
                });
                self.out.push(']');
            }
            None if ty.kind.is_none() => self.out.push_str("real"),
            None => {}
        }
    }
}
