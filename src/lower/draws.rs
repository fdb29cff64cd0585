//! Random draws: `random_normal`, `random_uniform`, `dropout`.
//!
//! Reads values and shapes. A draw is a port that is filled before a call, so the graph stays free of chance: a value that
//! is read twice, or worked out again in a derivative, is one and the same. Each call that is written, in each call of its
//! function, is a port of its own, with the axes of the indices and loops around it before its own.

use super::call::Matched;
use super::scope::Lowerer;
use super::shape_functions::Native;
use super::value::{Array, Evaluated, Reported, Slot, Value};
use crate::diag::catalog::states as error;
use crate::graph::{AxisMap, Graph, Initializer, PortId, PortKind, ProgramPort, Role, Value as Named};
use crate::prim::Prim;
use crate::span::Span;
use crate::syntax::ast::Expr;
use rustc_hash::FxHashSet;

impl<'a> Lowerer<'a> {
    /// `random_normal([N, Z])`, `random_uniform([N], 0, 1)`
    pub(super) fn random(&mut self, native: Native, matched: &[Matched<'a>], span: Span) -> Evaluated {
        let Some(Some(shape)) = matched.first() else { return Err(Reported) };
        let axes = self.shape_argument(shape)?;
        if native == Native::RandomNormal {
            return Ok(Value::Array(self.draw(axes, Initializer::Normal { std: 1.0 }, span)));
        }
        let draw = self.draw(axes, Initializer::Uniform { low: 0.0, high: 1.0 }, span);
        let low = self.end(matched.get(1), 0.0)?;
        let high = self.end(matched.get(2), 1.0)?;
        if let (Some(a), Some(b)) = (self.graph.as_constant(low.node), self.graph.as_constant(high.node))
            && a > b
        {
            return self.fail(error::empty_range(self.place(span), a, b));
        }
        let width = self.graph.sub(high.node, low.node);
        let scaled = self.graph.mul(&[width, draw.node]);
        let node = self.graph.add(&[low.node, scaled]);
        Ok(Value::Array(Array { node, ..draw }))
    }

    /// An end of a range: a number.
    fn end(&mut self, e: Option<&Matched<'a>>, default: f64) -> Evaluated<Array> {
        let Some(Some(e)) = e else { return Ok(Array::real(self.graph.constant(default), vec![])) };
        let e: &'a Expr = e;
        let array = self.real(e)?;
        if array.is_scalar() {
            return Ok(array);
        }
        let shape = self.show_shape(&array.axes);
        self.fail(error::end_is_a_number(self.place(e.span), &shape))
    }

    /// `dropout(x, 0.1)`: in training each element is 0 with this probability, and the others grow so that the mean stays.
    pub(super) fn dropout(&mut self, matched: &[Matched<'a>], span: Span) -> Evaluated {
        let [Some(x), Some(rate)] = matched else { return Err(Reported) };
        let array = self.real(x)?;
        let share = self.real(rate)?;
        let known = self.graph.as_constant(share.node);
        if !share.is_scalar() || known.is_some_and(|p| !(0.0..1.0).contains(&p)) {
            return self.fail(error::dropout_rate(self.place(rate.span)));
        }
        let draw = self.draw(array.axes.clone(), Initializer::Uniform { low: 0.0, high: 1.0 }, span);
        let one = self.graph.constant(1.0);
        let kept = self.graph.sub(one, share.node);
        let scaled = self.graph.div(array.node, kept);
        let stays = self.graph.prim(Prim::LessEqual, 0.0, &[share.node, draw.node]);
        let dropped = self.graph.mask(&[stays], scaled);
        let training = self.training().node;
        let node = self.graph.select(training, dropped, array.node);
        Ok(Value::Array(Array::real(node, array.axes)))
    }

    /// A draw of this shape, apart for all indices that are bound here.
    fn draw(&mut self, axes: Vec<Slot>, distribution: Initializer, span: Span) -> Array {
        let around = self.indices.clone();
        let shape: Vec<_> = around.iter().map(|a| a.extent).chain(axes.iter().map(|s| s.axis.extent)).collect();
        self.draws += 1;
        let port = self.graph.declare_port(format!("draw{}", self.draws), PortKind::Real, &shape);
        let own = self.graph.port_info(port).axes.clone();
        let mut map = AxisMap::new();
        for (axis, here) in own.into_iter().zip(around.into_iter().chain(axes.iter().map(|s| s.axis))) {
            map.insert(axis, self.graph.axis(here));
        }
        let span = self.place(span);
        let initial = Some(distribution);
        self.ports.push(ProgramPort { id: port, role: Role::Random, initial, constraint: None, family: 0, span });
        let node = self.graph.port(port);
        Array::real(self.graph.at(node, &map), axes)
    }
}

/// Names the draws that are left `draw1`, `draw2`, … in the order in which they were made, but for names that are taken.
pub(super) fn name(graph: &mut Graph, ports: &[ProgramPort], values: &[Named]) {
    let draws: Vec<PortId> = ports.iter().filter(|p| p.role == Role::Random).map(|p| p.id).collect();
    let others = ports.iter().filter(|p| p.role != Role::Random);
    let mut taken: FxHashSet<String> = others.map(|p| graph.port_info(p.id).name.clone()).collect();
    taken.extend(values.iter().map(|v| v.name.clone()));
    let mut names = (1..).map(|i| format!("draw{i}")).filter(|name| !taken.contains(name));
    for port in draws {
        let Some(name) = names.next() else { return };
        graph.name_port(port, name);
    }
}
