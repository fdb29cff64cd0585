//! What a function takes and gives: named ports with their types and shapes.
//!
//! Reads programs. Must not know back ends.

use super::Element;
use super::differentiate::hessian_name;
use crate::graph::{Axis, ExtentId, Graph, Kind, PortKind, Precision, Program, ProgramPort, Role, Value, ValueRole};
use std::fmt;

/// What a port of a function is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortRole {
    /// Data that the model reads.
    Input,
    /// Labels that a loss compares with.
    Target,
    /// A fitted parameter.
    Param,
    /// What is kept between training steps; as a result, its new value.
    State,
    /// Random numbers that a call needs: see [`Function::draw`](super::Function::draw).
    Random,
    /// A `let` of the model, asked for by name.
    Let,
    /// An output of the model.
    Output,
    /// A loss.
    Loss,
    /// A metric.
    Metric,
    /// The derivative of the value with respect to the port of this name, of the same shape.
    Gradient,
    /// The direction along which a port moves; as a result, how the value of this name changes.
    Tangent,
    /// How what is computed from the value changes with it: what a reverse pass starts from.
    Cotangent,
    /// The derivative of the value with respect to the port of this name: the shape of the value, then that of the port.
    Jacobian,
    /// Second derivatives with respect to two ports, whose names it has: the shape of the first, then of the second.
    Hessian,
    /// The rows that belong to the port of this name of the Hessian times the direction.
    HessianProduct,
}

impl PortRole {
    /// Whether a result of this role is a derivative.
    pub fn is_derivative(self) -> bool {
        use PortRole::{Gradient, Hessian, HessianProduct, Jacobian, Tangent};
        matches!(self, Gradient | Tangent | Jacobian | Hessian | HessianProduct)
    }
}

impl From<Role> for PortRole {
    fn from(role: Role) -> PortRole {
        match role {
            Role::Input => PortRole::Input,
            Role::Target => PortRole::Target,
            Role::Param => PortRole::Param,
            Role::State => PortRole::State,
            Role::Random => PortRole::Random,
        }
    }
}

impl From<ValueRole> for PortRole {
    fn from(role: ValueRole) -> PortRole {
        match role {
            ValueRole::Let => PortRole::Let,
            ValueRole::Output => PortRole::Output,
            ValueRole::Loss => PortRole::Loss,
            ValueRole::Metric => PortRole::Metric,
        }
    }
}

impl fmt::Display for PortRole {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            PortRole::Input => "input",
            PortRole::Target => "target",
            PortRole::Param => "param",
            PortRole::State => "state",
            PortRole::Random => "random",
            PortRole::Let => "let",
            PortRole::Output => "output",
            PortRole::Loss => "loss",
            PortRole::Metric => "metric",
            PortRole::Gradient => "gradient",
            PortRole::Tangent => "tangent",
            PortRole::Cotangent => "cotangent",
            PortRole::Jacobian => "Jacobian",
            PortRole::Hessian => "Hessian",
            PortRole::HessianProduct => "Hessian-vector product",
        })
    }
}

/// One size of a shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// As written in the model: `N`, `64`, `4 * G`.
    pub text: String,
    /// The number, unless an open dim is in it.
    pub known: Option<usize>,
    pub(crate) extent: ExtentId,
}

/// One input or result of a function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Port {
    /// Its name in the model. A gradient has the name of the port it belongs to.
    pub name: String,
    /// What it is for.
    pub role: PortRole,
    /// The type of its elements.
    pub element: Element,
    /// The bound of labels, exclusive; only for [`Element::Index`].
    pub labels: Option<Size>,
    /// Its sizes, outermost first; empty for one number.
    pub shape: Vec<Size>,
}

impl Port {
    /// The shape as written, such as `[N, 64]`; empty for one number.
    pub fn shape_text(&self) -> String {
        if self.shape.is_empty() {
            return String::new();
        }
        let sizes: Vec<&str> = self.shape.iter().map(|s| s.text.as_str()).collect();
        format!("[{}]", sizes.join(", "))
    }

    /// The type as written in a model: `real`, `[N, 64]`, `index(10)[N]`, `bool[N]`.
    pub fn type_text(&self) -> String {
        let shape = self.shape_text();
        match (self.element, &self.labels) {
            (Element::F32 | Element::F64, _) if shape.is_empty() => "real".into(),
            (Element::F32 | Element::F64, _) => shape,
            (Element::Index, Some(bound)) => format!("index({}){shape}", bound.text),
            (Element::Index, None) => format!("index{shape}"),
            (Element::Bool, _) => format!("bool{shape}"),
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} {}: {}", self.role, self.name, self.type_text())
    }
}

/// What a function takes and gives, in the order of the arrays of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The arrays a call takes: the inputs, targets and params that the results depend on, in order of declaration.
    pub inputs: Vec<Port>,
    /// The arrays a call fills: the values asked for, then the gradients.
    pub results: Vec<Port>,
    /// The open dims: their sizes come from the lengths of the inputs, at each call anew.
    pub dims: Vec<String>,
    /// The precision of all reals.
    pub precision: Precision,
}

impl Signature {
    /// The place of an input.
    pub fn input(&self, name: &str) -> Option<usize> {
        self.inputs.iter().position(|p| p.name == name)
    }

    /// The place of a result that is a value of the model, not a derivative.
    pub fn result(&self, name: &str) -> Option<usize> {
        self.results.iter().position(|p| p.name == name && !p.role.is_derivative())
    }

    /// The place of the gradient with respect to a port.
    pub fn gradient(&self, name: &str) -> Option<usize> {
        self.derivative(PortRole::Gradient, name)
    }

    /// The place of the Jacobian with respect to a port.
    pub fn jacobian(&self, name: &str) -> Option<usize> {
        self.derivative(PortRole::Jacobian, name)
    }

    /// The place of the second derivatives with respect to two ports, in the order in which they are differentiated by.
    pub fn hessian(&self, row: &str, column: &str) -> Option<usize> {
        self.derivative(PortRole::Hessian, &hessian_name(row, column))
    }

    /// The place of a result of this role with this name.
    pub fn derivative(&self, role: PortRole, name: &str) -> Option<usize> {
        self.results.iter().position(|p| p.name == name && p.role == role)
    }
}

/// The size of an extent.
pub(crate) fn size(graph: &Graph, extent: ExtentId) -> Size {
    let poly = graph.extents.poly(extent);
    let known = graph.extents.known(poly).and_then(|n| usize::try_from(n).ok());
    Size { text: graph.extents.show(poly), known, extent }
}

/// The shape of a term with these axes.
pub(crate) fn shape(graph: &Graph, axes: &[Axis]) -> Vec<Size> {
    axes.iter().map(|a| size(graph, a.extent)).collect()
}

/// The element type of a kind.
pub(crate) fn element(kind: Kind, precision: Precision) -> Element {
    match kind {
        Kind::Real => precision.into(),
        Kind::Index => Element::Index,
        Kind::Bool => Element::Bool,
    }
}

/// The element type and label bound of a declared port.
pub(crate) fn port_element(graph: &Graph, kind: PortKind, precision: Precision) -> (Element, Option<Size>) {
    match kind {
        PortKind::Real => (precision.into(), None),
        PortKind::Index(bound) => (Element::Index, Some(size(graph, bound))),
        PortKind::Bool => (Element::Bool, None),
    }
}

/// The declared ports of a program: inputs, targets and params, in order of declaration.
pub(crate) fn declared(program: &Program) -> Vec<Port> {
    let graph = &program.graph;
    let port = |p: &ProgramPort| {
        let info = graph.port_info(p.id);
        let (element, labels) = port_element(graph, info.kind, program.precision);
        Port { name: info.name.clone(), role: p.role.into(), element, labels, shape: shape(graph, &info.axes) }
    };
    program.ports.iter().map(port).collect()
}

/// The outputs, losses and metrics of a program, in order of definition.
pub(crate) fn defined(program: &Program) -> Vec<Port> {
    let graph = &program.graph;
    let port = |v: &Value| Port {
        name: v.name.clone(),
        role: v.role.into(),
        element: element(graph.kind(v.node), program.precision),
        labels: None,
        shape: shape(graph, &v.axes),
    };
    program.values.iter().filter(|v| v.role != ValueRole::Let).map(port).collect()
}
