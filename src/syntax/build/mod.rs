//! Pest's pairs of one statement → its tree.
//!
//! Reads the pairs only, one function per grammar rule. What the grammar lets through and the language does not (a text
//! outside `data`, an operator that needs brackets, too deep a tree) is reported here.

mod expression;
mod layer;
mod repeat;
mod statement;
mod types;

use super::ast::{Expr, ExprKind, Name};
use super::grammar::Rule;
use super::operators::Built;
use crate::diag::{Diagnostic, catalog::syntax as error};
use crate::span::{FileId, Span};
use pest::iterators::Pair;
use unicode_normalization::UnicodeNormalization;

/// How deep a tree may be, of whatever origin: everything that recurses over it, its `Drop` included, must fit a
/// thread's stack of 2 MB.
pub const MAX_DEPTH: u32 = 1000;

/// Builds the tree of one statement or expression.
pub(in crate::syntax) struct Builder {
    file: FileId,
    /// Where the text that pest saw begins in the file.
    offset: usize,
    /// Where it ends; a hole at its end lies beyond.
    end: usize,
    /// Problems found while building.
    pub diagnostics: Vec<Diagnostic>,
    /// Inside `data`, `train` or the arguments of `load`: texts and ranges are allowed.
    settings: bool,
    /// Inside a layer: a `fn` needs no name, and a block may hold `update`.
    layer: bool,
    too_deep: bool,
}

impl Builder {
    /// For a text of `length` bytes that begins at byte `offset` of the file.
    pub(in crate::syntax) fn new(file: FileId, offset: usize, length: usize) -> Builder {
        Builder {
            file,
            offset,
            end: offset + length,
            diagnostics: vec![],
            settings: false,
            layer: false,
            too_deep: false,
        }
    }

    pub(in crate::syntax) fn span(&self, pair: &Pair<Rule>) -> Span {
        let span = pair.as_span();
        let place = |at: usize| (self.offset + at).min(self.end);
        Span::new(self.file, place(span.start()), place(span.end()))
    }

    /// A node over children of which the deepest has depth `below`.
    pub(in crate::syntax) fn node(&mut self, kind: ExprKind, span: Span, below: u32) -> Built {
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
}

/// The name in normal form C, in which names are compared.
fn normalized(name: &str) -> String {
    if name.is_ascii() { name.to_string() } else { name.nfc().collect() }
}
