//! The derivatives that a function can compute: gradients, Jacobians, Hessians, and their products with vectors.
//!
//! Reads prepared terms and the derivative passes. What a product needs beside the ports of the model, a direction or a
//! cotangent, becomes a port of its own.

use super::compile::Target;
use super::signature::PortRole;
use crate::graph::{Axis, AxisSet, ExtentId, Graph, NodeId, PortId, PortKind};
use crate::pass::{self, Mode};

/// Which derivative of a value with respect to ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum DerivativeForm {
    /// Of a real number: an array for each port, of its shape.
    #[default]
    Gradient,
    /// Of any real array: for each port an array of the shape of the value, then of the port.
    Jacobian,
    /// Of a real number: for each pair of ports, the first not after the second, an array of the shape of the first, then
    /// of the second.
    Hessian,
    /// Of a real number: the Hessian times a direction, for each port an array of its shape.
    HessianVectorProduct,
    /// Of any real array: how it changes when the ports move along a direction.
    JacobianVectorProduct,
    /// Of any real array: for each port the sum, over the elements of the value, of cotangents times derivatives.
    VectorJacobianProduct,
}

impl DerivativeForm {
    /// Whether what is differentiated must be one number.
    pub(super) fn of_a_number(self) -> bool {
        matches!(self, DerivativeForm::Gradient | DerivativeForm::Hessian | DerivativeForm::HessianVectorProduct)
    }
}

/// What [`differentiate`] found.
pub(super) struct Derived {
    /// The results after the value itself.
    pub targets: Vec<Target>,
    /// Ports that are new.
    pub ports: Vec<(PortId, PortRole)>,
    /// The mode of each result that is a whole Jacobian or Hessian.
    pub modes: Vec<Mode>,
}

/// The derivative of `of` by ports, in the given form. For Jacobians, `mode` overrules the choice of the cheaper one.
pub(super) fn differentiate(
    graph: &mut Graph,
    of: &Target,
    wrt: &[PortId],
    form: DerivativeForm,
    mode: Option<Mode>,
) -> Derived {
    let leaves: Vec<NodeId> = wrt.iter().map(|p| graph.port(*p)).collect();
    let mut derived = Derived { targets: vec![], ports: vec![], modes: vec![] };
    match form {
        DerivativeForm::Gradient => {
            let found = pass::gradient(graph, of.node, &leaves);
            derived.targets = like_ports(graph, wrt, &found, PortRole::Gradient);
        }
        DerivativeForm::VectorJacobianProduct => {
            let extents: Vec<ExtentId> = of.axes.iter().map(|a| a.extent).collect();
            let port = graph.declare_port(unused(graph, "ct"), PortKind::Real, &extents);
            derived.ports.push((port, PortRole::Cotangent));
            // The axes of the port are those of the value in another order of names.
            let seed = graph.port(port);
            let names = graph.port_info(port).axes.clone();
            let map = graph.renaming(names.into_iter().zip(of.axes.iter().copied()));
            let seed = graph.at(seed, &map);
            let found = pass::cotangents(graph, of.node, seed, &AxisSet::new(), &leaves);
            derived.targets = like_ports(graph, wrt, &found, PortRole::Gradient);
        }
        DerivativeForm::JacobianVectorProduct => {
            let moves = directions(graph, wrt, &mut derived);
            let node = pass::tangent(graph, of.node, &moves);
            let role = PortRole::Tangent;
            derived.targets.push(Target { name: of.name.clone(), role, node, axes: of.axes.clone() });
        }
        DerivativeForm::HessianVectorProduct => {
            let found = pass::gradient(graph, of.node, &leaves);
            let found = pass::normalize(graph, &found);
            let moves = directions(graph, wrt, &mut derived);
            let products: Vec<NodeId> = found.iter().map(|g| pass::tangent(graph, *g, &moves)).collect();
            derived.targets = like_ports(graph, wrt, &found, PortRole::Gradient);
            derived.targets.extend(like_ports(graph, wrt, &products, PortRole::HessianProduct));
        }
        DerivativeForm::Jacobian => {
            for (port, (node, axes, mode)) in wrt.iter().zip(whole(graph, of.node, &of.axes, wrt, mode)) {
                let name = graph.port_info(*port).name.clone();
                derived.targets.push(Target { name, role: PortRole::Jacobian, node, axes });
                derived.modes.push(mode);
            }
        }
        DerivativeForm::Hessian => {
            let found = pass::gradient(graph, of.node, &leaves);
            let found = pass::normalize(graph, &found);
            derived.targets = like_ports(graph, wrt, &found, PortRole::Gradient);
            for (i, (port, gradient)) in wrt.iter().zip(&found).enumerate() {
                let info = graph.port_info(*port).clone();
                let blocks = whole(graph, *gradient, &info.axes, &wrt[i..], mode);
                for (other, (node, axes, mode)) in wrt[i..].iter().zip(blocks) {
                    let name = hessian_name(&info.name, &graph.port_info(*other).name);
                    derived.targets.push(Target { name, role: PortRole::Hessian, node, axes });
                    derived.modes.push(mode);
                }
            }
        }
    }
    derived
}

/// The name of a block of a Hessian.
pub(super) fn hessian_name(row: &str, column: &str) -> String {
    format!("{row}, {column}")
}

/// Jacobians of a term with these axes by ports: the term, its axes in order, and the mode.
fn whole(
    graph: &mut Graph,
    of: NodeId,
    axes: &[Axis],
    wrt: &[PortId],
    mode: Option<Mode>,
) -> Vec<(NodeId, Vec<Axis>, Mode)> {
    let leaves: Vec<NodeId> = wrt.iter().map(|p| graph.port(*p)).collect();
    let roots: Vec<NodeId> = std::iter::once(of).chain(leaves.iter().copied()).collect();
    // Names that neither the term nor a port has.
    let own: AxisSet = axes.iter().copied().collect();
    let unused = graph.unused_axes(&roots, &own, axes);
    let apart = graph.renaming(axes.iter().copied().zip(unused.iter().copied()));
    let of = graph.at(of, &apart);
    let kept: AxisSet = unused.iter().copied().collect();
    let found = pass::jacobian(graph, of, &kept, &leaves, mode);
    let all = |(port, (node, mode)): (&PortId, (NodeId, Mode))| {
        let axes = unused.iter().chain(&graph.port_info(*port).axes).copied().collect();
        (node, axes, mode)
    };
    wrt.iter().zip(found).map(all).collect()
}

/// A port for the direction of each port, with which it moves.
fn directions(graph: &mut Graph, wrt: &[PortId], derived: &mut Derived) -> Vec<(NodeId, NodeId)> {
    let mut moves = vec![];
    for port in wrt {
        let info = graph.port_info(*port).clone();
        let shape: Vec<ExtentId> = info.axes.iter().map(|a| a.extent).collect();
        let name = unused(graph, &format!("d{}", info.name));
        let direction = graph.declare_port(name, PortKind::Real, &shape);
        derived.ports.push((direction, PortRole::Tangent));
        moves.push((graph.port(*port), graph.port(direction)));
    }
    moves
}

/// A name that no port has: `name`, or with a trailing `_`.
fn unused(graph: &Graph, name: &str) -> String {
    let mut name = name.to_string();
    while graph.ports().any(|(_, port)| port.name == name) {
        name.push('_');
    }
    name
}

fn like_ports(graph: &Graph, wrt: &[PortId], nodes: &[NodeId], role: PortRole) -> Vec<Target> {
    let target = |(port, node): (&PortId, &NodeId)| {
        let info = graph.port_info(*port);
        Target { name: info.name.clone(), role, node: *node, axes: info.axes.clone() }
    };
    wrt.iter().zip(nodes).map(target).collect()
}
