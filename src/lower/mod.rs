//! From the tree to the graph: names, scopes, shapes, and everything that is wrong with them.
//!
//! Reads the tree, the primitive table and the files of `std` embedded in nnc; other files come from a loader that the
//! caller gives. `grad` and its kind are worked out here by the passes that do it for whole programs. Must not know plans
//! or data.
//!
//! A value is a term with an order of axes (`value`). Shapes are checked by position, as users think of them, and turned
//! into named axes on the way: `x @ W` is `sum[d](x[n, d] * W[d, h])` with the list `[n, h]`. Definitions are put in
//! order first (`order`), so each is worked out once and a chain of any length is no problem; a `fn` is built anew for
//! each kind of arguments (`call`).

mod arrangements;
mod binders;
mod call;
mod constant;
mod constraints;
mod dims;
mod draws;
mod expr;
mod free_names;
mod gradient;
mod index;
mod layers;
mod lints;
mod marker;
mod matrices;
mod operators;
mod order;
mod program;
mod proofs;
mod ranges;
mod recurrence;
mod reductions;
mod repeat;
mod scope;
mod shape_functions;
mod sorting;
mod statements;
mod triangles;
mod types;
mod updates;
mod value;

pub use program::Loader;

use crate::diag::Diagnostic;
use crate::diag::catalog::names as error;
use crate::graph::{Axis, NodeId, Op, Poly, PortId, Precision, Program, Role};
use crate::span::{FileId, SourceMap, Span};
use crate::syntax::ast::{Block, StatementKind};
use program::Module;
use rustc_hash::{FxHashMap, FxHashSet};
use scope::Lowerer;

/// What a program says, as a graph.
#[derive(Clone, Debug, Default)]
pub struct Lowered {
    /// Ports and values. With an error among the diagnostics it is incomplete.
    pub program: Program,
    /// The `data` blocks, as written.
    pub data: Vec<Block>,
    /// The `train` blocks, as written.
    pub train: Vec<Block>,
    /// Problems and warnings, those of syntax included.
    pub diagnostics: Vec<Diagnostic>,
    /// What the user calls axes: the name of the first index or dim that ran over it.
    pub hints: FxHashMap<Axis, String>,
    /// What must hold of open dims once they are known.
    pub size_checks: Vec<SizeCheck>,
    /// Indices that must stay on their axes once open dims are known.
    pub index_checks: Vec<IndexCheck>,
}

/// An index that no inequality proves to stay on its axis, for open dims.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexCheck {
    /// A truth value without axes that depends on sizes alone: whether it leaves the axis somewhere.
    pub outside: NodeId,
    /// The index.
    pub span: Span,
}

/// A condition on open dims: `N - 3` must be at least 0 where a model reads `x[2]`.
#[derive(Clone, Debug, PartialEq)]
pub struct SizeCheck {
    /// The size.
    pub at_least_zero: Poly,
    /// What needs it.
    pub span: Span,
    /// `this index`, `the range of this index`, …
    pub what: String,
}

impl Lowered {
    /// True if the program cannot be used.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// The problems of the sizes that open dims have been given, once `program.graph.extents` knows them.
    pub fn check_sizes(&self) -> Vec<Diagnostic> {
        let extents = &self.program.graph.extents;
        let wrong = |c: &&SizeCheck| extents.known(&c.at_least_zero).is_some_and(|n| n < 0);
        self.size_checks
            .iter()
            .filter(wrong)
            .map(|c| crate::diag::catalog::shapes::size_too_small(c.span, &c.what, &extents.show(&c.at_least_zero)))
            .collect()
    }
}

/// The stack that lowering gets: expressions and calls nest deeper than the stack of an ordinary thread has room for.
const STACK: usize = 192 << 20;

/// Lowers the program of a main file.
///
/// `loader` gives the text of an imported file by its path relative to the main file, such as `lib/optics.nn`, or says
/// why it cannot be read. Never fails: what is wrong is among the diagnostics, and what depends on it is left out.
pub fn lower(sources: &mut SourceMap, main: FileId, loader: Loader) -> Lowered {
    lowered(sources, main, loader, true)
}

/// As [`lower`], for people to read: loops are whole that `checkpoint` would take apart in blocks. The values are the same.
pub fn lower_whole_loops(sources: &mut SourceMap, main: FileId, loader: Loader) -> Lowered {
    lowered(sources, main, loader, false)
}

fn lowered(sources: &mut SourceMap, main: FileId, loader: Loader, checkpoints: bool) -> Lowered {
    let mut diagnostics = vec![];
    let modules = program::load(sources, main, loader, &mut diagnostics);
    let sources = &*sources;
    let run = || elaborate(sources, &modules, diagnostics.clone(), checkpoints);
    // A thread of its own, for its stack; without threads the stack there is must do.
    std::thread::scope(|scope| match std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run) {
        Ok(handle) => handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        Err(_) => run(),
    })
}

fn elaborate(sources: &SourceMap, modules: &[Module], mut diagnostics: Vec<Diagnostic>, checkpoints: bool) -> Lowered {
    let syntax_is_wrong = diagnostics.iter().any(Diagnostic::is_error);
    let names = program::collect(modules, &mut diagnostics);
    let order = order::sort(&names, modules, sources, &mut diagnostics);
    let mut lowerer = Lowerer::new(sources, modules, &names);
    lowerer.checkpoints = checkpoints;
    lowerer.unknown.clone_from(&order.unknown);
    // What could not be read may be what defines a name that now seems unknown.
    if syntax_is_wrong {
        diagnostics.retain(|d| !error::is_unknown_name(d.code));
    }
    lowerer.diagnostics = diagnostics;
    for item in &order.items {
        if !order.broken.contains(item) {
            lowerer.item(*item);
        }
    }
    let mut lowered = finish(lowerer, modules);
    if syntax_is_wrong {
        lowered.diagnostics.retain(|d| !error::is_unknown_name(d.code));
    }
    if !lowered.has_errors() {
        let mentioned = mentioned_in_blocks(&lowered);
        let unused = lints::check(&lowered.program, &names, modules, &order, &mentioned);
        lowered.diagnostics.extend(unused.into_iter().chain(order.unread));
    }
    lowered.diagnostics.retain(|d| !lints::is_allowed(d, modules));
    // By file and place, whatever the order in which definitions were worked out.
    lowered.diagnostics.sort_by_key(|d| d.labels.first().map(|l| (l.span.file, l.span.start)));
    lowered
}

fn finish(mut lowerer: Lowerer, modules: &[Module]) -> Lowered {
    let mut values = lowerer.named_values();
    let roots: Vec<_> = values.iter().map(|v| v.node).collect();
    for (value, node) in values.iter_mut().zip(lowerer.unmarked(&roots)) {
        value.node = node;
    }
    let mut updates = lowerer.all_updates();
    let mut precision = None;
    let mut lowered = Lowered::default();
    for statement in modules.iter().filter(|m| m.path.is_empty()).flat_map(|m| &m.ast.statements) {
        match &statement.kind {
            StatementKind::Precision(name) => {
                if let Some((_, first)) = precision {
                    lowerer.report(error::second_precision(statement.span, first));
                }
                let chosen = if name.text == "f64" { Precision::F64 } else { Precision::F32 };
                precision = Some((chosen, statement.span));
            }
            StatementKind::Data(block) => lowered.data.push(block.clone()),
            StatementKind::Train(block) => lowered.train.push(block.clone()),
            _ => {}
        }
    }
    let mut ports = std::mem::take(&mut lowerer.ports);
    let order = std::mem::take(&mut lowerer.layers.order);
    // A param of a layer that nothing uses does not exist.
    let roots: Vec<NodeId> = values.iter().map(|v| v.node).chain(updates.iter().map(|u| u.1)).collect();
    let port = |n: NodeId| match lowerer.graph.op(n) {
        Op::Port(id) => Some(*id),
        _ => None,
    };
    let read = lowerer.graph.reachable(&roots).into_iter().filter_map(port);
    let read: FxHashSet<PortId> = read.chain(updates.iter().map(|u| u.0)).collect();
    ports.retain(|p| !(order.contains_key(&p.id) || p.role == Role::Random) || read.contains(&p.id));
    draws::name(&mut lowerer.graph, &ports, &values);
    ports.sort_by_cached_key(|p| order.get(&p.id).cloned().unwrap_or_else(|| vec![p.span]));
    updates.sort_by_key(|u| ports.iter().position(|p| p.id == u.0));
    let precision = precision.map(|p| p.0).unwrap_or_default();
    let (graph, training) = (lowerer.graph, lowerer.training);
    lowered.program = Program { graph, precision, ports, values, updates, training };
    lowered.diagnostics = lowerer.diagnostics;
    lowered.hints = lowerer.hints;
    lowered.size_checks = lowerer.size_checks;
    lowered.index_checks = lowerer.index_checks;
    lowered
}

/// Keys and names in `data` and `train`: what they mention is used.
fn mentioned_in_blocks(lowered: &Lowered) -> FxHashSet<&str> {
    let mut names = FxHashSet::default();
    for entry in lowered.data.iter().chain(&lowered.train).flat_map(|b| &b.entries) {
        names.insert(entry.key.text.as_str());
        if let crate::syntax::ast::ArgumentValue::Expr(e) = &entry.value {
            free_names::Walker::new(&mut |r: free_names::Reference| {
                names.insert(r.name);
            })
            .expr(e);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::program;
    use crate::span::SourceMap;

    #[test]
    fn prelude_names_are_defined_where_they_are_listed() {
        let names: Vec<&str> = program::prelude_names().collect();
        let text: String = names.iter().enumerate().map(|(i, n)| format!("let a{i} = {n}(1)\n")).collect();
        let mut sources = SourceMap::default();
        let main = sources.add("main.nn", text);
        let mut problems = vec![];
        let modules = program::load(&mut sources, main, &|_| Err("none".into()), &mut problems);
        let all = program::collect(&modules, &mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        for name in names {
            assert!(all.prelude.contains_key(name), "{name}");
        }
    }
}
