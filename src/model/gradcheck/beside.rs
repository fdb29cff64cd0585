//! Points just beside a kink.
//!
//! A kink is where what `relu`, `abs`, `sign` or a comparison looks at is 0. A point is moved by Newton steps along the
//! gradient of that argument until it is a little above or below.

use super::forward::Forward;
use super::point::Point;
use crate::graph::{AxisMap, Graph, NodeId, Op};
use crate::pass;
use crate::prim::Prim;
use crate::random::Stream;

/// How far from the kink: steps of differences are shorter, and rounding is much smaller.
const DISTANCE: f64 = 1e-4;

/// Further than this a point is not moved: it would be another place.
const FARTHEST: f64 = 3.0;

/// At most so many points beside kinks of the value.
pub(super) fn points(forward: &mut Forward, from: &Point, most: usize, stream: &mut Stream) -> Vec<Point> {
    let mut kinks = arguments(&mut forward.graph, forward.term);
    let mut order: Vec<u32> = (0..kinks.len() as u32).collect();
    stream.shuffle(&mut order);
    kinks = order.iter().map(|i| kinks[*i as usize]).collect();
    let mut found = vec![];
    for kink in kinks {
        if found.len() == most {
            break;
        }
        let side = if stream.uniform() < 0.5 { -DISTANCE } else { DISTANCE };
        found.extend(moved(forward, from, kink, side, stream));
    }
    found
}

/// What is compared with 0 somewhere, as terms: real numbers outside of loops.
fn arguments(g: &mut Graph, root: NodeId) -> Vec<NodeId> {
    let mut found = vec![];
    for n in g.reachable(&[root]) {
        let Some((prim, args)) = g.as_prim(n) else { continue };
        let args = args.to_vec();
        let argument = match prim {
            Prim::Relu | Prim::Abs | Prim::Sign => args[0],
            Prim::Max | Prim::Min | Prim::Less | Prim::LessEqual => g.sub(args[0], args[1]),
            _ => continue,
        };
        if g.node(argument).states.is_empty() && !found.contains(&argument) {
            found.push(argument);
        }
    }
    found
}

/// The point moved so that an element of the argument is `target`; none if no param moves it, or not near enough.
fn moved(forward: &mut Forward, from: &Point, kink: NodeId, target: f64, stream: &mut Stream) -> Option<Point> {
    forward.set(from);
    let axes: Vec<_> = forward.graph.axes(kink).iter().collect();
    let mut map = AxisMap::new();
    for axis in &axes {
        let size = forward.graph.extent(*axis).evaluate(&|d| forward.bindings.dims[d.0 as usize])?;
        let at = i64::from(stream.below(u32::try_from(size).ok().filter(|n| *n > 0)?));
        let at = forward.graph.index_constant(at);
        map.insert(*axis, at);
    }
    let element = forward.graph.at(kink, &map);
    if !matches!(forward.graph.op(element), Op::Prim(..) | Op::Reduce(..) | Op::At(_) | Op::Port(_)) {
        return None;
    }
    let leaves = forward.leaves.clone();
    let nodes: Vec<NodeId> = leaves.iter().map(|l| l.1).collect();
    let by = pass::gradient(&mut forward.graph, element, &nodes);
    let mut point = from.clone();
    let mut way = 0.0;
    for _ in 0..8 {
        forward.set(&point);
        let missing = target - forward.evaluate(element).ok()?;
        if missing.abs() < 0.5 * DISTANCE {
            return Some(point);
        }
        let slopes: Vec<Vec<f64>> =
            leaves.iter().zip(&by).map(|(l, g)| forward.array(*g, &l.2)).collect::<Result<_, _>>().ok()?;
        let square: f64 = slopes.iter().flatten().map(|s| s * s).sum();
        way += missing.abs() / square.sqrt();
        if !way.is_finite() || way > FARTHEST {
            return None;
        }
        for ((name, ..), slopes) in leaves.iter().zip(slopes) {
            for (x, slope) in point.reals(name)?.iter_mut().zip(slopes) {
                *x += missing * slope / square;
            }
        }
    }
    None
}
