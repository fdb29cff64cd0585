//! The state of a lowering: the graph under construction, what names stand for at this place, and what was reported.
//!
//! Reads the names of files. Must not know what expressions mean.

use super::layers::Layers;
use super::marker::Markers;
use super::program::{Binding, Entity, ItemId, ItemKind, Module, ModuleId, Names};
use super::value::{Array, Callee, Evaluated, LayerId, Reported, Slot, Value, ValueKey};
use super::{IndexCheck, SizeCheck};
use crate::diag::{Diagnostic, catalog::names as error};
use crate::graph::{Axis, AxisMap, ExtentId, Graph, NodeId, Origin, Poly, PortId, PortKind, ProgramPort, Via};
use crate::span::{SourceMap, Span};
use crate::syntax::ast::Expr;
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// Everything that is known while a program is lowered.
pub(super) struct Lowerer<'a> {
    pub graph: Graph,
    /// The texts, for messages that show what was written.
    pub sources: &'a SourceMap,
    pub modules: &'a [Module],
    pub names: &'a Names<'a>,
    /// What items are worth, as far as they are worked out.
    pub values: Vec<Option<Evaluated>>,
    /// The calls that are open; the last one is where we are.
    pub frames: Vec<Frame<'a>>,
    /// The indices that are bound here.
    pub indices: Vec<Axis>,
    /// Index terms that are at least 0 here, because an `if` or `where` around says so.
    pub facts: Vec<NodeId>,
    /// `A * K = D` for dims declared as quotients: a product of dims and the size it equals.
    pub quotients: Vec<(Poly, Poly, Poly)>,
    pub ports: Vec<ProgramPort>,
    /// The port behind `training`, once something reads it.
    pub training: Option<PortId>,
    pub diagnostics: Vec<Diagnostic>,
    pub hints: FxHashMap<Axis, String>,
    pub size_checks: Vec<SizeCheck>,
    pub index_checks: Vec<IndexCheck>,
    /// Instances of layers.
    pub layers: Layers,
    /// Results of calls.
    pub calls: FxHashMap<CallKey, Evaluated>,
    /// The names of the definitions that are open: a loop may use them for its states.
    pub defining: Vec<Span>,
    /// Functions whose derivative rules are being worked out: they are called without their rules.
    pub ruled: Vec<ItemId>,
    /// How deep expressions and calls are open.
    pub depth: usize,
    /// Expressions worked out to find the range of an index, by frame.
    pub hoisted: FxHashMap<(usize, *const Expr), Array>,
    /// Whether `checkpoint` takes loops apart in blocks.
    pub checkpoints: bool,
    /// How many random draws there are.
    pub draws: usize,
    /// What `update`s ask for.
    pub updates: Vec<super::updates::Asked>,
    /// Results of `softmax`, to notice a second one.
    pub softmaxes: FxHashSet<NodeId>,
    /// Labels that were made numbers, and where.
    pub label_numbers: FxHashMap<NodeId, Span>,
    /// How many attempts are open whose problems do not count yet.
    pub attempts: usize,
    /// Definitions that derivatives are taken by: the ports that stand for them until they are replaced.
    pub markers: Markers<'a>,
    /// Places of names that are known to stand for nothing.
    pub unknown: FxHashSet<Span>,
    reported: FxHashSet<(&'static str, Span)>,
    next_frame: usize,
}

/// The identity of a call: what its result depends on.
pub(super) type CallKey = (Callee, Vec<ValueKey>, Vec<Axis>, Vec<NodeId>);

/// One open call, or the top level of a file.
pub(super) struct Frame<'a> {
    /// Tells frames apart.
    pub id: usize,
    /// Where names are looked up after the locals.
    pub module: ModuleId,
    /// What is called, and the place of its call.
    pub call: Option<(Callee, Span)>,
    /// The instance of a layer whose names are visible.
    pub layer: Option<LayerId>,
    /// Arguments, local `let`s, indices and dims of the signature.
    pub locals: FxHashMap<&'a str, Vec<Local>>,
    /// What `..` stands for inside a comprehension over any leading axes.
    pub rest: Option<Vec<Slot>>,
    /// Index names of the comprehensions around, for messages.
    pub index_names: Vec<(Axis, &'a str)>,
    /// Names by which derivatives are taken in what is worked out here.
    pub variables: Rc<FxHashSet<&'a str>>,
}

/// A local name.
#[derive(Clone, Debug)]
pub(super) struct Local {
    pub value: Evaluated,
    pub span: Span,
    pub role: LocalRole,
}

/// What introduced a local name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LocalRole {
    Argument,
    Let,
    Index,
    State,
    Dim,
}

impl<'a> Lowerer<'a> {
    pub(super) fn new(sources: &'a SourceMap, modules: &'a [Module], names: &'a Names<'a>) -> Lowerer<'a> {
        Lowerer {
            graph: Graph::new(),
            sources,
            modules,
            names,
            values: vec![None; names.items.len()],
            frames: vec![],
            indices: vec![],
            facts: vec![],
            quotients: vec![],
            ports: vec![],
            training: None,
            diagnostics: vec![],
            hints: FxHashMap::default(),
            size_checks: vec![],
            index_checks: vec![],
            layers: Layers::default(),
            calls: FxHashMap::default(),
            defining: vec![],
            ruled: vec![],
            depth: 0,
            hoisted: FxHashMap::default(),
            checkpoints: true,
            draws: 0,
            updates: vec![],
            softmaxes: FxHashSet::default(),
            label_numbers: FxHashMap::default(),
            attempts: 0,
            markers: Markers::new(names),
            unknown: FxHashSet::default(),
            reported: FxHashSet::default(),
            next_frame: 0,
        }
    }

    /// Reports a problem, once per code and place.
    pub(super) fn report(&mut self, problem: Diagnostic) -> Reported {
        let at = problem.labels.first().map(|l| l.span).unwrap_or_default();
        if self.reported.insert((problem.code, at)) {
            self.diagnostics.push(problem);
        }
        Reported
    }

    /// Takes back what was reported since there were `mark` problems.
    pub(super) fn withdraw(&mut self, mark: usize) {
        for problem in self.diagnostics.drain(mark.min(self.diagnostics.len())..) {
            let at = problem.labels.first().map(|l| l.span).unwrap_or_default();
            self.reported.remove(&(problem.code, at));
        }
    }

    /// Reports a problem as the result of an expression.
    pub(super) fn fail<T>(&mut self, problem: Diagnostic) -> Evaluated<T> {
        Err(self.report(self.with_call(problem)))
    }

    /// Adds the place of the call to a problem inside a function of the user.
    fn with_call(&self, problem: Diagnostic) -> Diagnostic {
        match self.frames.last().and_then(|f| f.call.map(|c| (f.module, c))) {
            Some((module, (callee, at))) if !self.modules[module].is_std => {
                let at = self.outside_std(self.frames.len() - 1, at);
                let name = self.callee_name(callee);
                problem.label(at, error::in_this_call(&name))
            }
            Some((_, (callee, _))) => {
                let name = self.callee_name(callee);
                let arguments = self.show_arguments(callee);
                if arguments.is_empty() { problem } else { problem.note(error::in_std_function(&name, &arguments)) }
            }
            None => problem,
        }
    }

    /// The arguments of the innermost call with their shapes: `y: [N], f: [N, 1]`.
    fn show_arguments(&self, callee: Callee) -> String {
        let Ok((f, _)) = self.function(callee) else { return String::new() };
        let shown = f.arguments.iter().filter_map(|a| match &self.local(&a.name.text)?.value {
            Ok(Value::Array(array)) if array.is_scalar() => Some(format!("{}: real", a.name.text)),
            Ok(Value::Array(array)) => Some(format!("{}: {}", a.name.text, self.show_shape(&array.axes))),
            _ => None,
        });
        shown.collect::<Vec<_>>().join(", ")
    }

    fn outside_std(&self, below: usize, at: Span) -> Span {
        let mut at = at;
        for frame in self.frames[..below].iter().rev() {
            if !self.modules[frame.module].is_std {
                return at;
            }
            if let Some((_, call)) = frame.call {
                at = call;
            }
        }
        at
    }

    /// Where a problem at `span` is shown: inside `std`, at the call that led there.
    pub(super) fn place(&self, span: Span) -> Span {
        self.outside_std(self.frames.len(), span)
    }

    /// Whether we are inside a function of `std`.
    pub(super) fn in_std(&self) -> bool {
        self.frames.last().is_some_and(|f| self.modules[f.module].is_std)
    }

    /// Nodes made from now on come from `span`; gives back what they came from before.
    pub(super) fn enter(&mut self, span: Span) -> Origin {
        let span = self.place(span);
        std::mem::replace(&mut self.graph.origin, Origin { span, via: Via::Source })
    }

    /// Opens a frame.
    pub(super) fn push_frame(&mut self, module: ModuleId, call: Option<(Callee, Span)>) {
        self.next_frame += 1;
        self.frames.push(Frame {
            id: self.next_frame,
            module,
            call,
            layer: None,
            locals: FxHashMap::default(),
            rest: None,
            index_names: vec![],
            variables: Rc::default(),
        });
    }

    /// The place we are in. There always is one while something is worked out.
    pub(super) fn frame(&mut self) -> &mut Frame<'a> {
        if self.frames.is_empty() {
            self.push_frame(0, None);
        }
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// Introduces a local name; `_` stands for nothing.
    pub(super) fn push_local(&mut self, name: &'a str, value: Evaluated, span: Span, role: LocalRole) {
        if name != "_" {
            let is_variable = matches!(role, LocalRole::Argument | LocalRole::Let | LocalRole::State)
                && self.frame().variables.contains(name);
            let value = if is_variable { value.map(|v| self.mark(name, v)) } else { value };
            self.frame().locals.entry(name).or_default().push(Local { value, span, role });
        }
    }

    /// Forgets the newest meaning of a local name.
    pub(super) fn pop_local(&mut self, name: &str) {
        if let Some(list) = self.frame().locals.get_mut(name) {
            list.pop();
        }
    }

    /// The meaning of a name among locals.
    pub(super) fn local(&self, name: &str) -> Option<&Local> {
        self.frames.last()?.locals.get(name)?.last()
    }

    /// The meaning of a name in the file and its imports.
    pub(super) fn global(&self, name: &str) -> Option<Binding> {
        let module = self.frames.last().map_or(0, |f| f.module);
        self.names.names[module].get(name).copied()
    }

    /// Where a visible name was introduced, and what it is; built-ins aside.
    pub(super) fn visible(&self, name: &str) -> Option<(Span, &'static str)> {
        if let Some(local) = self.local(name) {
            let noun = match local.role {
                LocalRole::Argument => "argument",
                LocalRole::Let => "let",
                LocalRole::Index => "index",
                LocalRole::State => "state",
                LocalRole::Dim => "dim",
            };
            return Some((local.span, noun));
        }
        if let Some(member) = self.own_member(name) {
            return Some(member);
        }
        let binding = self.global(name)?;
        let noun = match binding.entity {
            Entity::Item(item, _) => self.names.items[item.0].kind.noun(),
            Entity::Prefix(_) => "import",
        };
        Some((binding.span, noun))
    }

    /// What an item is worth. Items come in an order in which this is known.
    pub(super) fn item_value(&mut self, item: ItemId, part: Option<usize>) -> Evaluated {
        if let ItemKind::Fn(_) = self.names.items[item.0].kind {
            return Ok(Value::Function(Callee::User(item)));
        }
        if let ItemKind::Layer(_) = self.names.items[item.0].kind {
            return Ok(Value::Function(Callee::Layer(item)));
        }
        let value = self.values[item.0].clone().unwrap_or(Err(Reported))?;
        match (value, part) {
            (Value::Tuple(parts), Some(i)) => parts.get(i).cloned().ok_or(Reported),
            (value, _) => Ok(value),
        }
    }

    /// `training`: a truth value that compilation decides.
    pub(super) fn training(&mut self) -> Array {
        let port = match self.training {
            Some(port) => port,
            None => self.graph.declare_port("training", PortKind::Bool, &[]),
        };
        self.training = Some(port);
        Array::truth(self.graph.port(port), vec![])
    }

    /// The lowest axis of a size that is neither bound here nor in `avoid`.
    pub(super) fn fresh_axis(&self, extent: ExtentId, avoid: &[Axis]) -> Axis {
        let mut axis = Axis { extent, ordinal: 0 };
        while self.indices.contains(&axis) || avoid.contains(&axis) {
            axis.ordinal += 1;
        }
        axis
    }

    /// The same array with axes that no bound index has.
    pub(super) fn apart(&mut self, array: Array) -> Array {
        if !array.axes.iter().any(|s| self.indices.contains(&s.axis)) {
            return array;
        }
        let mut to: Vec<Axis> = vec![];
        for slot in &array.axes {
            let keep = !self.indices.contains(&slot.axis) && !to.contains(&slot.axis);
            let others = array.axis_list();
            let axis = if keep {
                slot.axis
            } else {
                let avoid: Vec<Axis> = to.iter().chain(&others).copied().collect();
                self.fresh_axis(slot.axis.extent, &avoid)
            };
            to.push(axis);
        }
        let node = self.rename(&array, &to);
        let axes = array.axes.iter().zip(&to).map(|(s, axis)| Slot { axis: *axis, from: s.from }).collect();
        Array { node, axes, ..array }
    }

    /// The term of an array with its axes renamed to `to`, position by position.
    pub(super) fn rename(&mut self, array: &Array, to: &[Axis]) -> NodeId {
        if array.axes.iter().zip(to).all(|(s, t)| s.axis == *t) {
            return array.node;
        }
        let mut map = AxisMap::new();
        for (slot, axis) in array.axes.iter().zip(to) {
            let index = self.graph.axis(*axis);
            map.insert(slot.axis, index);
        }
        self.graph.at(array.node, &map)
    }

    /// `[N, D]`
    pub(super) fn show_shape(&self, axes: &[Slot]) -> String {
        let sizes: Vec<String> = axes.iter().map(|s| self.show_extent(s.axis.extent)).collect();
        format!("[{}]", sizes.join(", "))
    }

    /// `N`
    pub(super) fn show_extent(&self, extent: ExtentId) -> String {
        self.graph.extents.show(self.graph.extents.poly(extent))
    }

    /// Remembers what the user calls an axis; the first name stays.
    pub(super) fn hint(&mut self, axis: Axis, name: &str) {
        if !self.in_std() && name != "_" {
            self.hints.entry(axis).or_insert_with(|| name.to_string());
        }
    }
}
