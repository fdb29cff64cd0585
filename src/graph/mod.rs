//! The expression graph. A node is a scalar expression with free index variables ("axes"); a tensor is a node plus an
//! order of its axes, and that order exists only at the border (ports, lets, outputs).
//!
//! Append-only and hash-consed: arguments have smaller ids than their node, so id order is topological order, and
//! equal terms are the same node. All nodes are made by canonicalising constructors ([`Graph::prim`],
//! [`Graph::reduce`], [`Graph::at`], …), so no pass ever meets a term that is not in canonical form.
//!
//! Reads the primitive table. Must not know text, syntax, rules or passes.

mod axis;
mod block;
mod blocks;
mod build;
mod choice;
mod custom;
mod extent;
mod facts;
mod index;
mod print;
mod product;
mod program;
mod reduce;
mod replace;
mod scan;
mod segment;
mod substitute;
mod sum;
mod turn;
mod verify;
mod view;
mod walk;

pub use axis::{Axis, AxisSet};
pub use block::{Block, Form, MatrixSize, core, core_name, several};
pub use blocks::Blocks;
pub use custom::OpenRule;
pub use extent::{Dim, DimId, ExtentId, Extents, Poly};
pub use facts::Facts;
pub use program::{Constraint, Initializer, Precision, Program, ProgramPort, Role, Value, ValueRole};
pub use scan::{OpenScan, ScanForm, Slot};
pub use substitute::StateMap;
pub use turn::Turn;
pub use verify::verify;
pub use view::AxisMap;

use crate::prim::{Prim, Reduction};
use crate::span::Span;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// A node of a [`Graph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// An input, target, param or other named leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortId(pub u32);

/// The arguments of a node.
pub type Args = SmallVec<[NodeId; 3]>;

/// Levels of loops, sorted.
pub type Levels = SmallVec<[u32; 2]>;

/// What a node computes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// A real constant, as the bits of an f64.
    Const(u64),
    /// A truth value.
    Bool(bool),
    /// The value of an axis: an index.
    Axis(Axis),
    /// Index arithmetic Σ coefficient·argument + constant; coefficients are polynomials in dims, one per argument.
    Linear {
        /// One per argument, never zero.
        coefficients: SmallVec<[ExtentId; 2]>,
        /// The rest.
        constant: ExtentId,
    },
    /// Rounded-down quotient of an index by a positive size.
    Quotient(ExtentId),
    /// Remainder of an index by a positive size, never negative.
    Remainder(ExtentId),
    /// A leaf; its axes are those of its [`Port`].
    Port(PortId),
    /// An elementwise primitive; the second field is the bits of its attribute, 0 if it has none.
    Prim(Prim, u64),
    /// A reduction over bound axes of its argument.
    Reduce(Reduction, AxisSet),
    /// The first argument read at other places: each axis of the set (in order) is replaced by the index expression
    /// that follows. Outside the extent it reads 0.
    At(AxisSet),
    /// The value of a state of the loop of this level before the current turn. Occurs only below its loop.
    State {
        /// Tells apart the loops around a node: that of an outer loop is larger than those of the loops in it.
        level: u32,
        /// Which state.
        slot: u16,
        /// Its free axes.
        axes: AxisSet,
        /// Its sort.
        kind: Kind,
    },
    /// A loop: the first arguments are the states before the first turn, then follows each state after a turn. Only its
    /// projections [`Op::Out`] are read.
    Scan(Box<ScanForm>),
    /// A state of a loop, by slot: along the axis `turn` of one more than the turns stand its values before each turn
    /// and after the last.
    Out {
        /// Which state.
        slot: u16,
        /// The axis along which the states stand.
        turn: Axis,
    },
    /// An algorithm on a square matrix of this size: see [`Graph::block`].
    Block(Block, MatrixSize),
    /// The first argument, with a derivative that the user gives: see [`Graph::open_rule`].
    Custom {
        /// Of the states that the derivative reads.
        level: u32,
    },
}

/// What sort of value a node has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A number.
    Real,
    /// A position on an axis, a label.
    Index,
    /// A truth value.
    Bool,
}

/// What made a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Via {
    /// The user wrote it.
    #[default]
    Source,
    /// The derivative of what stands at the span.
    Derivative,
    /// A rewrite rule, by name.
    Rule(&'static str),
}

/// Where a node comes from. Not part of its identity: the first maker is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Origin {
    /// The user's text.
    pub span: Span,
    /// What was done to it.
    pub via: Via,
}

/// One term.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it computes.
    pub op: Op,
    /// From what.
    pub args: Args,
    /// Its free axes.
    pub axes: AxisSet,
    /// The levels of the loops whose states it reads, sorted. Not those of loops below it.
    pub states: Levels,
    /// The largest level of the loops at or below it, 0 if there is none.
    pub height: u32,
    /// Its sort.
    pub kind: Kind,
    /// What its form says about its value and derivative.
    pub facts: Facts,
    /// Where it comes from.
    pub origin: Origin,
}

/// The kind of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortKind {
    /// Numbers.
    Real,
    /// Labels in `0..extent`.
    Index(ExtentId),
    /// Truth values.
    Bool,
}

/// A named leaf.
#[derive(Clone, Debug)]
pub struct Port {
    /// Its name in the source.
    pub name: String,
    /// Its kind.
    pub kind: PortKind,
    /// Its axes in declared order, with ordinals 0, 1, … per extent.
    pub axes: Vec<Axis>,
}

/// All terms of a program.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    intern: FxHashMap<(Op, Args), NodeId>,
    ports: Vec<Port>,
    /// Dims and sizes.
    pub extents: Extents,
    /// How many loops have been opened: each gets states of its own.
    opened: u32,
    /// Given to the nodes made next.
    pub origin: Origin,
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Graph {
        Graph::default()
    }

    /// A node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// Its operation.
    pub fn op(&self, id: NodeId) -> &Op {
        &self.node(id).op
    }

    /// Its arguments.
    pub fn args(&self, id: NodeId) -> &[NodeId] {
        &self.node(id).args
    }

    /// Its free axes.
    pub fn axes(&self, id: NodeId) -> &AxisSet {
        &self.node(id).axes
    }

    /// Its kind.
    pub fn kind(&self, id: NodeId) -> Kind {
        self.node(id).kind
    }

    /// How many nodes there are, used or not.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// No nodes yet.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// A port.
    pub fn port_info(&self, id: PortId) -> &Port {
        &self.ports[id.0 as usize]
    }

    /// All ports in the order they were declared.
    pub fn ports(&self) -> impl Iterator<Item = (PortId, &Port)> {
        self.ports.iter().enumerate().map(|(i, p)| (PortId(i as u32), p))
    }

    /// Declares a port over extents in declared order; returns its id. Its axes get ordinals 0, 1, … per extent.
    pub fn declare_port(&mut self, name: impl Into<String>, kind: PortKind, shape: &[ExtentId]) -> PortId {
        let axes = self.canonical_axes(shape);
        self.ports.push(Port { name: name.into(), kind, axes });
        PortId(self.ports.len() as u32 - 1)
    }

    /// Gives a port another name.
    pub fn name_port(&mut self, id: PortId, name: String) {
        self.ports[id.0 as usize].name = name;
    }

    /// The axes that stand for a shape: ordinals count the earlier axes of the same extent.
    pub fn canonical_axes(&self, shape: &[ExtentId]) -> Vec<Axis> {
        let ordinal = |i: usize| shape[..i].iter().filter(|e| **e == shape[i]).count() as u16;
        shape.iter().enumerate().map(|(i, e)| Axis { extent: *e, ordinal: ordinal(i) }).collect()
    }

    /// The leaf of a port.
    pub fn port(&mut self, id: PortId) -> NodeId {
        self.make(Op::Port(id), Args::new())
    }

    /// The extent as a polynomial.
    pub fn extent(&self, axis: Axis) -> &Poly {
        self.extents.poly(axis.extent)
    }

    /// Interns a node as given. Only the canonicalising constructors call this.
    fn make(&mut self, op: Op, args: Args) -> NodeId {
        let key = (op, args);
        if let Some(id) = self.intern.get(&key) {
            return *id;
        }
        let id = NodeId(self.nodes.len() as u32);
        let (op, args) = (key.0.clone(), key.1.clone());
        let (axes, kind) = verify::infer(self, &op, &args);
        let facts = facts::infer(self, &op, &args);
        let (states, height) = scan::infer(self, &op, &args);
        self.nodes.push(Node { op, args, axes, states, height, kind, facts, origin: self.origin });
        self.intern.insert(key, id);
        id
    }
}
