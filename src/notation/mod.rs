//! Terms back in the language: a complete program whose outputs are given terms, with the user's names.
//!
//! Matrix form where the term has one (`x' @ dz`, `softmax(z)`, `sum(dz, axis = N)`), index notation otherwise, which
//! always works. Reads programs and makes a tree of `syntax`; the printer of `syntax` turns it into text. Must not know
//! passes.

mod blocks;
mod dot;
mod index_form;
mod latex;
mod loops;
mod math;
mod mathml;
mod matrix_form;
mod names;
mod reads;
mod text;
mod tree;

use crate::graph::{
    Axis, AxisSet, Constraint, Graph, Initializer, Kind, NodeId, Op, PortId, PortKind, Precision, Program, ProgramPort,
    Role, ValueRole,
};
use crate::syntax::ast::{Ast, Binder, Declaration, DimDeclaration, Expr, KindExpr, Let, Name, Pattern, ShapeItem};
use crate::syntax::ast::{Statement, StatementKind, TypeExpr};
use loops::Loop;
use names::Names;
use rustc_hash::{FxHashMap, FxHashSet};
use tree::{call, named_argument, number, size, span};

/// A term to print, with the order of its axes.
#[derive(Clone, Debug)]
pub struct Result {
    /// The output's name; made unique by trailing `_`.
    pub name: String,
    /// The term.
    pub node: NodeId,
    /// Its axes in order; the term may lack some.
    pub axes: Vec<Axis>,
    /// What it is the derivative of, if it is one.
    pub title: Option<Title>,
}

/// A derivative, as readers of mathematics call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title {
    /// What was differentiated.
    pub of: String,
    /// By what, once per order.
    pub by: Vec<String>,
}

/// How mathematics is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Form {
    /// A program of this language, which compiles again.
    #[default]
    Source,
    /// Plain text with the signs of mathematics.
    Text,
    /// An `align*` environment of LaTeX with `amsmath`.
    Latex,
    /// A `math` element.
    MathMl,
    /// The graph, for Graphviz.
    Dot,
}

/// A program that computes the results, derivatives of the value `of`, in this form.
pub fn write(program: &Program, of: (&str, NodeId), results: &[Result], form: Form) -> String {
    if form == Form::Dot {
        return dot::dot(program, of, results);
    }
    let ast = source(program, results);
    let names = ast.statements.iter().filter_map(|s| match &s.kind {
        StatementKind::Output { name, .. } => Some(name.text.clone()),
        _ => None,
    });
    let titles = names.zip(results).filter_map(|(name, r)| Some((name, r.title.clone()?))).collect();
    match form {
        Form::Source | Form::Dot => crate::syntax::print(&ast),
        Form::Text => text::text(&ast, &titles),
        Form::Latex => latex::latex(&ast, &titles),
        Form::MathMl => mathml::mathml(&ast, &titles),
    }
}

/// A program that computes the results: its declarations, the lets it needs, and one output per result.
///
/// The lets of the program must be in the same normal form as the results, so that their names are found.
pub fn source(program: &Program, results: &[Result]) -> Ast {
    let mut writer = Writer::new(program, results);
    let outputs: Vec<Statement> = results.iter().map(|r| writer.output(r)).collect();
    let mut statements = writer.declarations();
    statements.extend(writer.close_scope());
    statements.extend(outputs);
    Ast { statements, comments: vec![] }
}

/// What is known while a program is written.
struct Writer<'p> {
    program: &'p Program,
    /// Canonicalising constructors are used to recognise forms, so the writer works on a copy.
    g: Graph,
    names: Names,
    /// Terms with a `let`, and the order of their axes.
    defined: FxHashMap<NodeId, (String, Vec<Axis>)>,
    /// Lets of the user that may be used, not yet written.
    hints: FxHashMap<NodeId, (String, Vec<Axis>)>,
    ports: FxHashSet<PortId>,
    /// The names that ports are written with: those of members of layers have dots, which no declaration has.
    port_names: FxHashMap<PortId, String>,
    /// The program, then the loops around what is being written.
    scopes: Vec<Scope>,
    /// Axes whose place is known where something is being written: the numbers of turns, and which of several matrices.
    fixed: AxisSet,
    /// The loops written so far.
    loops: Vec<Loop>,
    /// The scope and number of each.
    scans: FxHashMap<NodeId, (usize, usize)>,
    /// The names of the states of a level.
    states: FxHashMap<u32, Vec<String>>,
    /// Names of the user for the states of a loop after every turn (`true`), or after the last.
    loop_hints: FxHashMap<(NodeId, u16, bool), String>,
    /// Conditions that hold where something is being written.
    assumed: Vec<NodeId>,
    /// Axes that stand for a place where something is being written.
    places: FxHashMap<Axis, NodeId>,
    /// Views of reductions in a turn, and the part of them that has a let.
    turned: FxHashMap<NodeId, NodeId>,
}

/// Where lets stand.
struct Scope {
    /// That of the loop, none for the program itself.
    level: Option<u32>,
    /// The numbers of turns that are known here.
    fixed: AxisSet,
    statements: Vec<Line>,
}

/// A line of a scope.
enum Line {
    /// A let.
    Let(Box<Let>),
    /// The place of a loop, by number.
    Loop(usize),
}

impl<'p> Writer<'p> {
    fn new(program: &'p Program, results: &[Result]) -> Writer<'p> {
        let g = program.graph.clone();
        let roots: Vec<NodeId> = results.iter().map(|r| r.node).collect();
        let is_port = |n: &NodeId| match g.op(*n) {
            Op::Port(port) => Some(*port),
            _ => None,
        };
        let mut ports: FxHashSet<PortId> = g.reachable(&roots).iter().filter_map(is_port).collect();
        // Bounds read params too; a bound of a bound is that of another param.
        for _ in 0..program.ports.len() {
            let bounds = program.ports.iter().filter(|p| ports.contains(&p.id)).flat_map(bounds);
            let read: Vec<PortId> = g.reachable(&bounds.collect::<Vec<_>>()).iter().filter_map(is_port).collect();
            let before = ports.len();
            ports.extend(read);
            if ports.len() == before {
                break;
            }
        }
        let mut hints = FxHashMap::default();
        for value in program.values_of(ValueRole::Let) {
            let is_leaf = matches!(g.op(value.node), Op::Port(_) | Op::Const(_) | Op::Axis(_) | Op::At(_));
            let whole = value.axes.len() == g.axes(value.node).len();
            let is_index = g.kind(value.node) == Kind::Index && matches!(g.op(value.node), Op::Prim(..));
            if !is_leaf && !is_index && whole {
                hints.entry(value.node).or_insert((value.name.clone(), value.axes.clone()));
            }
        }
        let names = Names::new(program);
        let mut writer = Writer {
            program,
            g,
            names,
            defined: FxHashMap::default(),
            hints,
            ports,
            port_names: FxHashMap::default(),
            scopes: vec![Scope { level: None, fixed: AxisSet::new(), statements: vec![] }],
            fixed: AxisSet::new(),
            loops: vec![],
            scans: FxHashMap::default(),
            states: FxHashMap::default(),
            loop_hints: FxHashMap::default(),
            assumed: vec![],
            places: FxHashMap::default(),
            turned: FxHashMap::default(),
        };
        writer.hint_loops();
        for (id, port) in program.graph.ports() {
            let plain = !port.name.contains('.');
            let name = if plain { port.name.clone() } else { writer.names.fresh(&port.name) };
            writer.port_names.insert(id, name);
        }
        writer.define_shared(&roots, None);
        writer
    }

    /// The innermost scope that has everything a term reads.
    fn scope_of(&self, n: NodeId) -> usize {
        let reads = |s: &Scope| s.level.is_some_and(|level| self.g.reads_level(n, level));
        self.scopes.iter().rposition(reads).unwrap_or(0)
    }

    /// What follows stands in this scope; returns the fixed axes of before.
    fn enter(&mut self, scope: usize) -> AxisSet {
        // After the last scope has ended nothing is fixed.
        let fixed = self.scopes.get(scope).map_or(AxisSet::new(), |s| s.fixed.clone());
        std::mem::replace(&mut self.fixed, fixed)
    }

    /// Ends the innermost scope.
    fn close_scope(&mut self) -> Vec<Statement> {
        let Some(scope) = self.scopes.pop() else { return vec![] };
        let around = std::mem::replace(&mut self.fixed, scope.fixed);
        let mut out = vec![];
        for line in scope.statements {
            match line {
                Line::Let(value) => out.push(let_statement(*value)),
                Line::Loop(at) => out.extend(self.finish_loop(at)),
            }
        }
        self.fixed = around;
        out
    }

    /// Gives lets to what is the user's, used several times, or read at other places: of a turn to what reads its level.
    fn define_shared(&mut self, roots: &[NodeId], level: Option<u32>) {
        let (order, uses) = self.parts_in_order(roots, level);
        for n in order {
            if let Op::At(_) = self.g.op(n) {
                let base = self.g.args(n)[0];
                if matches!(self.g.op(base), Op::Reduce(..)) {
                    // In a turn what it reads of itself is worked out there, not for all turns.
                    match self.of_this_turn(n) {
                        Some(here) => {
                            self.define(here);
                            self.turned.insert(n, here);
                        }
                        None => self.define(base),
                    }
                }
            }
            let shared = uses[&n] > 1 && self.is_worth_a_name(n);
            if shared || self.hints.contains_key(&n) {
                self.define(n);
            }
        }
    }

    /// Everything below the roots as it will be written, parts first, and how often each is used.
    fn parts_in_order(&mut self, roots: &[NodeId], level: Option<u32>) -> (Vec<NodeId>, FxHashMap<NodeId, usize>) {
        let mut uses: FxHashMap<NodeId, usize> = FxHashMap::default();
        let mut order = vec![];
        // A node is pushed to be opened, then, above its parts, to be closed.
        let mut stack: Vec<(NodeId, bool)> = roots.iter().rev().map(|r| (*r, false)).collect();
        while let Some((n, opened)) = stack.pop() {
            if level.is_some_and(|level| !self.g.reads_level(n, level)) {
                continue;
            }
            if opened {
                order.push(n);
                continue;
            }
            let count = uses.entry(n).or_default();
            *count += 1;
            if *count == 1 {
                stack.push((n, true));
                stack.extend(self.parts(n).into_iter().rev().map(|p| (p, false)));
            }
        }
        (order, uses)
    }

    /// Precision, dims and the ports that the results need.
    fn declarations(&mut self) -> Vec<Statement> {
        let mut out = vec![];
        if self.program.precision == Precision::F64 {
            out.push(statement(StatementKind::Precision(tree::ident("f64"))));
        }
        let dims: Vec<DimDeclaration> = self
            .g
            .extents
            .dims()
            .iter()
            .filter(|d| d.blocks.is_none())
            .map(|d| DimDeclaration { name: tree::ident(&d.name), value: d.value.map(|v| number(v as f64)) })
            .collect();
        if !dims.is_empty() {
            out.push(statement(StatementKind::Dim(dims)));
        }
        for port in self.program.ports.iter().filter(|p| self.ports.contains(&p.id)).cloned().collect::<Vec<_>>() {
            let info = self.g.port_info(port.id).clone();
            let constraint = port.constraint.and_then(|c| self.constraint_name(c));
            let interval = match port.constraint {
                Some(Constraint::Interval { low, high }) if constraint.is_none() => {
                    Some((self.bound(low, -f64::INFINITY, &info.axes), self.bound(high, f64::INFINITY, &info.axes)))
                }
                _ => None,
            };
            let kind = match info.kind {
                PortKind::Real if constraint.is_some() => {
                    constraint.map(|name| KindExpr { name: tree::ident(name), argument: None })
                }
                PortKind::Real => None,
                PortKind::Bool => Some(KindExpr { name: tree::ident("bool"), argument: None }),
                PortKind::Index(extent) => Some(KindExpr {
                    name: tree::ident("index"),
                    argument: Some(size(&self.g.extents, self.g.extents.poly(extent))),
                }),
            };
            let shape: Vec<ShapeItem> =
                info.axes.iter().map(|a| ShapeItem::Dim(size(&self.g.extents, self.g.extent(*a)))).collect();
            let shape = (!shape.is_empty()).then_some(shape);
            let ty = (kind.is_some() || shape.is_some()).then(|| TypeExpr { kind, shape, span: span() });
            let value = port.initial.as_ref().and_then(initial);
            let declaration = Declaration { name: tree::ident(&self.port_names[&port.id]), ty, interval, value };
            out.push(statement(match port.role {
                Role::Random => self.draw(declaration.name, &info.axes, port.initial.as_ref()),
                Role::Input => StatementKind::Input(declaration),
                Role::Target => StatementKind::Target(declaration),
                Role::Param => StatementKind::Param(declaration),
                Role::State => StatementKind::State(declaration),
            }));
        }
        out
    }

    /// `let draw1 = random_normal([N])`
    fn draw(&self, name: Name, axes: &[Axis], distribution: Option<&Initializer>) -> StatementKind {
        let is_normal = matches!(distribution, Some(Initializer::Normal { .. }));
        let sizes = axes.iter().map(|a| size(&self.g.extents, self.g.extent(*a))).collect();
        let shape = tree::expr(crate::syntax::ast::ExprKind::Array(sizes));
        let value = call(if is_normal { "random_normal" } else { "random_uniform" }, vec![shape]);
        StatementKind::Let(Let { pattern: Pattern::Name(name), ty: None, binders: None, value, span: span() })
    }

    /// The kind that says a constraint; an interval has none.
    fn constraint_name(&self, constraint: Constraint) -> Option<&'static str> {
        match constraint {
            Constraint::Interval { low: Some(low), high: None } if self.g.is_constant(low, 0.0) => Some("positive"),
            Constraint::Interval { .. } => None,
            Constraint::Simplex => Some("simplex"),
            Constraint::Ordered => Some("ordered"),
            Constraint::Unit => Some("unit"),
            Constraint::Cholesky => Some("cholesky"),
        }
    }

    /// A bound of an interval, over the last of these axes.
    fn bound(&mut self, bound: Option<NodeId>, none: f64, axes: &[Axis]) -> Expr {
        let Some(bound) = bound else { return number(none) };
        let own = self.g.axes(bound).clone();
        let first = axes.iter().position(|a| own.contains(*a)).unwrap_or(axes.len());
        match self.right_side(bound, &axes[first..]) {
            (None, value) => value,
            (Some(binders), body) => {
                tree::expr(crate::syntax::ast::ExprKind::Comprehension { binders, body: Box::new(body) })
            }
        }
    }

    fn output(&mut self, result: &Result) -> Statement {
        let (binders, value) = self.right_side(result.node, &result.axes);
        let name = tree::ident(&self.names.fresh(&result.name));
        statement(StatementKind::Output { name, binders, value: Some(value) })
    }

    /// What stands behind `=`, and the binders if it is in index form.
    fn right_side(&mut self, n: NodeId, axes: &[Axis]) -> (Option<Vec<Binder>>, Expr) {
        if let Op::At(vars) = self.g.op(n).clone()
            && !self.defined.contains_key(&n)
            && self.is_of_this_turn(n)
        {
            let args = self.g.args(n).to_vec();
            let (fixed, places) = (self.fixed.clone(), self.places.clone());
            self.places.extend(vars.iter().zip(args[1..].iter().copied()));
            self.fixed = self.fixed.union(&vars);
            let written = self.right_side(args[0], axes);
            (self.fixed, self.places) = (fixed, places);
            return written;
        }
        if let Op::Block(block, size) = *self.g.op(n)
            && !self.defined.contains_key(&n)
        {
            match self.order_of(n) == axes {
                true => return self.algorithm(n, block, size),
                false => self.define(n),
            }
        }
        if let Some(value) = self.matrix(n, axes) {
            return (None, value);
        }
        self.define_reductions(n);
        let value = self.indexed(n);
        // A single number has no indices.
        let binders = (!axes.is_empty()).then(|| self.binders(n, axes));
        (binders, value)
    }

    /// Writes a `let` for a term, unless it has one.
    fn define(&mut self, n: NodeId) {
        if self.defined.contains_key(&n) {
            return;
        }
        let (wanted, axes) = match self.hints.get(&n) {
            Some(hint) => hint.clone(),
            None => (String::new(), vec![]),
        };
        let scope = self.scope_of(n);
        let around = self.enter(scope);
        let assumed = std::mem::take(&mut self.assumed);
        let places = std::mem::take(&mut self.places);
        let axes = if self.hints.contains_key(&n) { axes } else { self.order_of(n) };
        let (binders, value) = self.right_side(n, &axes);
        let name = if self.hints.contains_key(&n) { wanted } else { self.names.fresh_numbered("t") };
        let pattern = Pattern::Name(tree::ident(&name));
        self.defined.insert(n, (name, axes));
        let value = Let { pattern, ty: None, binders, value, span: span() };
        if let Some(scope) = self.scopes.get_mut(scope) {
            scope.statements.push(Line::Let(Box::new(value)));
        }
        self.fixed = around;
        self.assumed = assumed;
        self.places = places;
    }

    /// The part of a view of a reduction that is known in a turn of the innermost loop, whose states it reads: what is left
    /// are names of axes.
    fn of_this_turn(&mut self, n: NodeId) -> Option<NodeId> {
        let Op::At(vars) = self.g.op(n).clone() else { return None };
        let args = self.g.args(n).to_vec();
        let known = |w: &Self, e: NodeId| w.g.axes(e).is_subset(&w.fixed);
        let (fixed, rest): (Vec<_>, Vec<_>) =
            vars.iter().zip(args[1..].iter().copied()).partition(|(_, e)| known(self, *e));
        let names = rest.iter().all(|(axis, e)| matches!(self.g.op(*e), Op::Axis(a) if a.extent == axis.extent));
        if fixed.is_empty() || !names {
            return None;
        }
        let map: crate::graph::AxisMap = fixed.into_iter().collect();
        let here = self.g.at(args[0], &map);
        self.is_of_this_turn(here).then_some(here)
    }

    /// Whether a view reads a reduction over states of the innermost loop at places that are known in a turn.
    fn is_of_this_turn(&self, n: NodeId) -> bool {
        let Some(level) = self.scopes.last().and_then(|s| s.level) else { return false };
        let args = self.g.args(n);
        matches!((self.g.op(n), self.g.op(args[0])), (Op::At(_), Op::Reduce(..)))
            && self.g.reads_level(args[0], level)
            && args[1..].iter().all(|e| self.g.axes(*e).is_subset(&self.fixed) && self.g.node(*e).states.is_empty())
            && !self.defined.contains_key(&args[0])
    }

    /// In index form every reduction inside a term has a let, so that no index hides another.
    fn define_reductions(&mut self, root: NodeId) {
        for n in self.visible(root) {
            if n != root && matches!(self.g.op(n), Op::Reduce(..) | Op::Block(..)) {
                self.define(n);
            }
        }
    }

    /// What is written when a term is, arguments first: not what has a let, nor what is inside of loops.
    fn visible(&self, root: NodeId) -> Vec<NodeId> {
        self.g.reachable_until(&[root], |n| {
            n != root && self.defined.contains_key(&n)
                || self.turned.contains_key(&n)
                || matches!(self.g.op(n), Op::Out { .. } | Op::Scan(_))
        })
    }

    fn is_worth_a_name(&self, n: NodeId) -> bool {
        let is_leaf = |n: NodeId| matches!(self.g.op(n), Op::Port(_) | Op::Const(_) | Op::Axis(_) | Op::Linear { .. });
        match self.g.op(n) {
            Op::Reduce(..) | Op::Block(..) => true,
            // Indices stand where they index: an array of them would be one of numbers.
            Op::Prim(prim, _) if prim.row().result == crate::prim::ResultKind::Bool => false,
            Op::Prim(..) if self.g.kind(n) == Kind::Index => false,
            Op::Prim(crate::prim::Prim::IndexToReal, _) => false,
            // `-x`, `2 * x`, `x^2` are as short as a name.
            Op::Prim(..) => {
                self.g.args(n).iter().filter(|a| self.g.as_constant(**a).is_none()).count() > 1
                    || !self.g.args(n).iter().all(|a| is_leaf(*a))
            }
            _ => false,
        }
    }
}

fn let_statement(value: Let) -> Statement {
    statement(StatementKind::Let(value))
}

fn statement(kind: StatementKind) -> Statement {
    Statement { kind, span: span(), doc: None }
}

/// What the bounds of a port read.
fn bounds(port: &ProgramPort) -> impl Iterator<Item = NodeId> + use<> {
    let both = match port.constraint {
        Some(Constraint::Interval { low, high }) => [low, high],
        _ => [None, None],
    };
    both.into_iter().flatten()
}

/// The start as written; nothing for the one that a constraint has by itself.
fn initial(start: &Initializer) -> Option<Expr> {
    Some(match start {
        Initializer::Constant(v) => number(*v),
        Initializer::Values(values) => {
            tree::expr(crate::syntax::ast::ExprKind::Array(values.iter().map(|v| number(*v)).collect()))
        }
        Initializer::Normal { std } => tree::call_with("normal", vec![named_argument("std", number(*std))]),
        Initializer::Uniform { low, high } => call("uniform", vec![number(*low), number(*high)]),
        Initializer::GlorotUniform => call("glorot_uniform", vec![]),
        Initializer::GlorotNormal => call("glorot_normal", vec![]),
        Initializer::HeUniform => call("he_uniform", vec![]),
        Initializer::HeNormal => call("he_normal", vec![]),
        Initializer::Orthogonal => call("orthogonal", vec![]),
        Initializer::File { path, name } => {
            let text = |text: &String| tree::expr(crate::syntax::ast::ExprKind::Text(text.clone()));
            call("load", [path].into_iter().chain(name).map(text).collect())
        }
        Initializer::Natural => return None,
    })
}
