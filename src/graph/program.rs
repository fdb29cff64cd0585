//! A program: the graph with its named ports and values. The border where axes have an order.
//!
//! Reads the graph. Must not know syntax.

use super::{Axis, Graph, NodeId, PortId};
use crate::span::Span;

/// The element type of all reals of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Precision {
    /// Single.
    #[default]
    F32,
    /// Double.
    F64,
}

/// What a port is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Data that a model reads.
    Input,
    /// Data that a loss compares with: a label.
    Target,
    /// Fitted.
    Param,
    /// Kept between steps and changed by `update`, never by the optimiser.
    State,
    /// Random numbers, drawn anew for each step from the distribution that [`ProgramPort::initial`] says.
    Random,
}

/// What the values of a param must be. The port of such a param holds the constrained value; optimisers change a free
/// one, from which [`crate::pass::free`] computes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// Each element lies strictly between two terms, whose axes are among those of the port; at least one is given.
    Interval {
        /// The lower bound.
        low: Option<NodeId>,
        /// The upper bound.
        high: Option<NodeId>,
    },
    /// Along the last axis: positive, of sum 1.
    Simplex,
    /// Along the last axis: each larger than the one before.
    Ordered,
    /// Along the last axis: the sum of squares is 1.
    Unit,
    /// Along the last two axes, of equal extent: lower triangular with a positive diagonal.
    Cholesky,
}

/// How a param starts.
#[derive(Clone, Debug, PartialEq)]
pub enum Initializer {
    /// One number everywhere.
    Constant(f64),
    /// Given values, in row-major order.
    Values(Vec<f64>),
    /// Normal with mean 0.
    Normal {
        /// Standard deviation.
        std: f64,
    },
    /// Uniform on `[low, high)`.
    Uniform {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// Uniform with variance 2 / (fan in + fan out) (Glorot and Bengio 2010).
    GlorotUniform,
    /// Normal with variance 2 / (fan in + fan out).
    GlorotNormal,
    /// Uniform with variance 2 / fan in (He et al. 2015).
    HeUniform,
    /// Normal with variance 2 / fan in.
    HeNormal,
    /// As a matrix of the first axis against the rest: rows or columns, whichever are fewer, are orthonormal; uniform
    /// over such matrices (Saxe, McClelland and Ganguli 2014, by the QR decomposition of Mezzadri 2007).
    Orthogonal,
    /// The values of an array in a file, relative to the folder of the model: read when a fit begins.
    File {
        /// The file.
        path: String,
        /// The array in it; none if there is just one.
        name: Option<String>,
    },
    /// What the constraint says: positive 1, the middle of an interval, equal parts, −1 to 1 in equal steps, the
    /// identity. 0 without a constraint.
    Natural,
}

/// A port as declared.
#[derive(Clone, Debug)]
pub struct ProgramPort {
    /// The leaf in the graph; name, kind and axes are there.
    pub id: PortId,
    /// Input, target, param or state.
    pub role: Role,
    /// The start of a param or state, the default of an input.
    pub initial: Option<Initializer>,
    /// What its values must be.
    pub constraint: Option<Constraint>,
    /// How many of its first axes count the members of families of layers: each member starts by itself.
    pub family: usize,
    /// Its declaration.
    pub span: Span,
}

/// What a named value is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueRole {
    /// A `let` at top level.
    Let,
    /// Given to hosts and by `predict`.
    Output,
    /// Minimised.
    Loss,
    /// Reported.
    Metric,
}

/// A named term with its axis order.
#[derive(Clone, Debug)]
pub struct Value {
    /// Its name; `loss` for an unnamed loss.
    pub name: String,
    /// What it is for.
    pub role: ValueRole,
    /// The term.
    pub node: NodeId,
    /// Its axes in order. The term may lack some of them (it is then constant along them); it has no others.
    pub axes: Vec<Axis>,
    /// Its definition.
    pub span: Span,
}

/// A graph with named ports and values.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// All terms.
    pub graph: Graph,
    /// Element type.
    pub precision: Precision,
    /// In order of declaration.
    pub ports: Vec<ProgramPort>,
    /// In order of definition.
    pub values: Vec<Value>,
    /// What states become after a training step, over the axes of their ports; in order of declaration.
    pub updates: Vec<(PortId, NodeId)>,
    /// The truth value that the model reads as `training`; it is not among `ports`, because compilation decides it.
    pub training: Option<PortId>,
}

impl Program {
    /// The port with this name.
    pub fn port(&self, name: &str) -> Option<&ProgramPort> {
        self.ports.iter().find(|p| self.graph.port_info(p.id).name == name)
    }

    /// The value with this name and role.
    pub fn value(&self, role: ValueRole, name: &str) -> Option<&Value> {
        self.values.iter().find(|v| v.role == role && v.name == name)
    }

    /// All values of a role.
    pub fn values_of(&self, role: ValueRole) -> impl Iterator<Item = &Value> {
        self.values.iter().filter(move |v| v.role == role)
    }
}
