//! A `fn` of a model by itself: a model whose inputs are the arguments and whose one output is the result.
//!
//! Reads source text and trees. Must not know back ends.

use super::error::CompileError;
use crate::diag::catalog::nearest;
use crate::span::FileId;
use crate::syntax;
use crate::syntax::ast::{Ast, Function, StatementKind};
use rustc_hash::FxHashSet;

/// The output of such a model.
pub(super) const RESULT: &str = "result";

/// The text of the model with declarations for the arguments of a `fn`, the types given winning over those written.
pub(super) fn text_of(text: &str, name: &str, types: &[(&str, &str)]) -> Result<String, CompileError> {
    let ast = syntax::parse(FileId(0), text).ast;
    let functions = || {
        ast.statements.iter().filter_map(|s| match &s.kind {
            StatementKind::Fn(f) => Some(f),
            _ => None,
        })
    };
    let named = |f: &&Function| f.name.as_ref().is_some_and(|n| n.text == name);
    let Some(function) = functions().find(named) else {
        let near = nearest(name, functions().map(Function::title));
        return Err(CompileError::UnknownFunction { name: name.into(), nearest: near.map(Into::into) });
    };
    for (argument, _) in types {
        if !function.arguments.iter().any(|a| a.name.text == *argument) {
            let near = nearest(argument, function.arguments.iter().map(|a| a.name.text.as_str()));
            let (function, name) = (name.into(), (*argument).into());
            return Err(CompileError::UnknownArgument { function, name, nearest: near.map(Into::into) });
        }
    }
    let mut taken = top_level(&ast);
    let mut free = |wanted: &str| {
        let mut name = wanted.to_string();
        while !taken.insert(name.clone()) {
            name.push('_');
        }
        name
    };
    let (mut dims, mut inputs, mut call) = (vec![], String::new(), vec![]);
    let known = top_level(&ast);
    for argument in &function.arguments {
        let given = types.iter().find(|t| t.0 == argument.name.text).map(|t| t.1.trim().to_string());
        let written = argument.ty.as_ref().map(|t| text[t.span.start as usize..t.span.end as usize].to_string());
        // An argument with a default that nobody asks for keeps it.
        if given.is_none() && argument.default.is_some() {
            continue;
        }
        let ty = given.or(written).unwrap_or_default();
        for dim in words(&ty).filter(|w| !known.contains(*w)) {
            if !dims.contains(&dim.to_string()) {
                dims.push(free(dim));
            }
        }
        let port = free(&argument.name.text);
        let colon = if ty.is_empty() { "" } else { ": " };
        inputs.push_str(&format!("input {port}{colon}{ty}\n"));
        call.push(format!("{} = {port}", argument.name.text));
    }
    let dims = if dims.is_empty() { String::new() } else { format!("dim {}\n", dims.join(", ")) };
    let output = free(RESULT);
    Ok(format!("{text}\n{dims}{inputs}output {output} = {name}({})\n", call.join(", ")))
}

/// The names of sizes in a type: those within its brackets.
fn words(ty: &str) -> impl Iterator<Item = &str> {
    let inside = ty.split_once(['[', '(']).map_or("", |(_, rest)| rest);
    inside
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|w| w.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}

/// All names that a file defines.
fn top_level(ast: &Ast) -> FxHashSet<String> {
    let mut names = FxHashSet::default();
    for statement in &ast.statements {
        match &statement.kind {
            StatementKind::Dim(dims) => names.extend(dims.iter().map(|d| d.name.text.clone())),
            StatementKind::Const(all) => names.extend(all.iter().map(|c| c.name.text.clone())),
            StatementKind::Input(d) | StatementKind::Target(d) | StatementKind::Param(d) | StatementKind::State(d) => {
                names.insert(d.name.text.clone());
            }
            StatementKind::Let(l) => match &l.pattern {
                syntax::ast::Pattern::Name(name) => drop(names.insert(name.text.clone())),
                syntax::ast::Pattern::Tuple(all) => names.extend(all.iter().map(|n| n.text.clone())),
            },
            StatementKind::Fn(f) => names.extend(f.name.iter().map(|n| n.text.clone())),
            StatementKind::Layer(l) => drop(names.insert(l.name.text.clone())),
            StatementKind::Output { name, .. } | StatementKind::Metric { name, .. } => {
                names.insert(name.text.clone());
            }
            StatementKind::Loss { name, .. } => names.extend(name.iter().map(|n| n.text.clone())),
            StatementKind::Import { names: listed, path } => {
                names.extend(listed.iter().flatten().map(|n| n.name.text.clone()));
                names.extend(path.last().map(|n| n.text.clone()));
            }
            _ => {}
        }
    }
    names
}
