//! The value as a term that the interpreter runs, and its tangents.

use super::GradientCheckError;
use super::point::Point;
use crate::graph::{Axis, ExtentId, Graph, NodeId, PortId, PortKind, Program};
use crate::interp::{self, Bindings};
use crate::model::compile::{Options, differentiated, prepare};
use crate::model::error::CallError;
use crate::pass;
use rustc_hash::FxHashMap;

pub(super) struct Forward {
    pub graph: Graph,
    pub bindings: Bindings,
    pub term: NodeId,
    ports: Vec<PortId>,
    /// What is differentiated by: name, leaf and axes.
    pub leaves: Vec<(String, NodeId, Vec<Axis>)>,
    /// The port of the direction and the tangent, by name.
    tangents: FxHashMap<String, (PortId, NodeId)>,
}

impl Forward {
    pub fn new(program: &Program, options: &Options, dims: &[i64]) -> Result<Forward, GradientCheckError> {
        let (_, wrt) = differentiated(program, options)?;
        let name = options.gradient_of.clone().unwrap_or_default();
        let values = Options { gradient_of: None, values: vec![name], ..options.clone() };
        let prepared = prepare(program, &values, true)?;
        let (mut graph, term) = (prepared.graph, prepared.targets[0].node);
        let ports: Vec<PortId> = prepared.ports.iter().map(|p| p.0).collect();
        let leaves = wrt.iter().map(|id| {
            // The port that the value reads: for a param in its free form another one of the same name.
            let name = &program.graph.port_info(*id).name;
            let read = ports.iter().copied().find(|p| graph.port_info(*p).name == *name).unwrap_or(*id);
            let info = graph.port_info(read).clone();
            (info.name, graph.port(read), info.axes)
        });
        let leaves = leaves.collect();
        let bindings = Bindings { dims: dims.to_vec(), ..Bindings::default() };
        Ok(Forward { graph, bindings, term, ports, leaves, tangents: FxHashMap::default() })
    }

    /// Takes the values of a point.
    pub fn set(&mut self, point: &Point) {
        for id in &self.ports {
            if let Some(at) = point.ports.iter().position(|p| p.name == self.graph.port_info(*id).name) {
                self.bindings.ports.insert(*id, point.values[at].to_f64());
            }
        }
    }

    /// The derivative along a direction of one port.
    pub fn along(&mut self, name: &str, direction: &[f64]) -> Result<f64, CallError> {
        let (id, tangent) = match self.tangents.get(name) {
            Some(known) => *known,
            None => {
                let Some((_, leaf, axes)) = self.leaves.iter().find(|l| l.0 == name).cloned() else {
                    return Ok(f64::NAN);
                };
                let shape: Vec<ExtentId> = axes.iter().map(|a| a.extent).collect();
                let id = self.graph.declare_port(format!("d{name}"), PortKind::Real, &shape);
                let moved = self.graph.port(id);
                let tangent = pass::tangent(&mut self.graph, self.term, &[(leaf, moved)]);
                self.tangents.insert(name.into(), (id, tangent));
                (id, tangent)
            }
        };
        self.bindings.ports.insert(id, direction.to_vec());
        self.evaluate(tangent)
    }

    /// A number at the point.
    pub fn evaluate(&self, node: NodeId) -> Result<f64, CallError> {
        Ok(self.array(node, &[])?.first().copied().unwrap_or(f64::NAN))
    }

    /// An array at the point.
    pub fn array(&self, node: NodeId, axes: &[Axis]) -> Result<Vec<f64>, CallError> {
        let results = interp::evaluate(&self.graph, &self.bindings, &[(node, axes)]);
        let results = results.map_err(crate::model::interpreted::refused)?;
        Ok(results.into_iter().next().unwrap_or_default())
    }
}
