//! The derivatives that a model gives itself, each against that of its own `fn`.

use super::forward::Forward;
use super::point::Point;
use crate::diag::Diagnostic;
use crate::diag::catalog::derivatives as error;
use crate::graph::{Axis, AxisSet, ExtentId, NodeId, Op, PortKind};
use crate::model::error::CallError;
use crate::pass;
use crate::random::Stream;
use crate::span::Span;

/// How far a rule may be from the derivative, relative to the larger of both.
const NEAR: f64 = 1e-9;

/// The rules whose cotangents are not those of the `fn` they belong to, for a random cotangent of its result.
pub(super) fn wrong(forward: &mut Forward, point: &Point, stream: &mut Stream) -> Result<Vec<Diagnostic>, CallError> {
    forward.set(point);
    let mut seen: Vec<Span> = vec![];
    let mut found = vec![];
    for n in forward.graph.reachable(&[forward.term]) {
        let Op::Custom { level } = *forward.graph.op(n) else { continue };
        let span = forward.graph.node(n).origin.span;
        if seen.contains(&span) || !forward.graph.node(n).states.is_empty() {
            continue;
        }
        let axes: Vec<Axis> = forward.graph.axes(n).iter().collect();
        let shape: Vec<ExtentId> = axes.iter().map(|a| a.extent).collect();
        let port = forward.graph.declare_port("ct", PortKind::Real, &shape);
        let own = forward.graph.port_info(port).axes.clone();
        let map = forward.graph.renaming(own.into_iter().zip(axes.iter().copied()));
        let leaf = forward.graph.port(port);
        let ct = forward.graph.at(leaf, &map);
        let mut count = 1;
        for axis in &axes {
            let size = forward.graph.extent(*axis).evaluate(&|d| forward.bindings.dims[d.0 as usize]);
            count *= size.and_then(|s| usize::try_from(s).ok()).unwrap_or(0);
        }
        forward
            .bindings
            .ports
            .insert(port, if count == 1 { vec![1.0] } else { (0..count).map(|_| stream.normal()).collect() });

        let by_rule = forward.graph.rule_cotangents(n, level, ct);
        let value = forward.graph.args(n)[0];
        let arguments: Vec<NodeId> = by_rule.iter().map(|r| r.0).collect();
        let by_body = pass::cotangents(&mut forward.graph, value, ct, &AxisSet::new(), &arguments);
        for (i, ((argument, rule), body)) in by_rule.into_iter().zip(by_body).enumerate() {
            // The rule is per element of the result where the argument is repeated along it: the driver sums that.
            let own: AxisSet = forward.graph.axes(argument).clone();
            let extra: Vec<Axis> = forward.graph.axes(rule).minus(&own).iter().collect();
            let rule = forward.graph.reduce(crate::prim::Reduction::Sum, &extra, rule);
            let order: Vec<Axis> = own.iter().collect();
            let (a, b) = (forward.array(rule, &order)?, forward.array(body, &order)?);
            let scale = a.iter().chain(&b).fold(1e-6f64, |m, x| m.max(x.abs()));
            let different = a.iter().zip(&b).position(|(x, y)| (x - y).is_nan() || (x - y).abs() > NEAR * scale);
            if let Some(at) = different {
                seen.push(span);
                found.push(error::rule_is_wrong(span, i + 1, a[at], b[at]));
                break;
            }
        }
    }
    Ok(found)
}
