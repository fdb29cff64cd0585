//! Where a value first became infinite or NaN: the batch is evaluated again, term by term, by the interpreter.
//!
//! Reads models and the arrays of one batch. Must not know optimisers.

use crate::diag::Diagnostic;
use crate::diag::catalog::training as error;
use crate::graph::{Graph, NodeId, Op, PortId, Precision, Via};
use crate::interp::{Bindings, Evaluation};
use crate::model::{Model, Options, Slice, bindings, prepare};

/// The step at which it happened.
pub(super) struct Place<'a> {
    /// From 1.
    pub epoch: usize,
    /// From 1.
    pub batch: usize,
    /// The rows of the batch.
    pub rows: &'a [u32],
}

/// The first value that is not finite though everything it is computed from is.
pub(super) fn explain(model: &Model, options: &Options, inputs: &[Slice], place: &Place) -> Diagnostic {
    let program = model.program();
    let loss = options.gradient_of.as_deref().unwrap_or("the loss");
    let whole = |what: &str, value: &str| {
        let span = program.values.iter().find(|v| v.name == loss).map(|v| v.span).unwrap_or_default();
        error::not_finite(span, what, value, place.epoch, place.batch)
    };
    let Ok(prepared) = prepare(program, options, true) else { return whole("the loss or its gradient", "not finite") };
    let Ok(bindings) = bindings(&prepared, inputs) else { return whole("the loss or its gradient", "not finite") };
    let graph = &prepared.graph;
    let Ok(evaluation) = Evaluation::new(graph, &bindings, &prepared.roots()) else {
        return whole("the loss or its gradient", "not finite");
    };
    let found =
        evaluation.first_non_finite().or_else(|| overflow(graph, &evaluation, &prepared.roots(), program.precision));
    let Some(node) = found else {
        return whole("the loss or its gradient", "not finite").note(
            "evaluated in double precision it is finite: rounding or overflow in single precision; try `precision f64`",
        );
    };
    let mut span = graph.node(node).origin.span;
    let mut what = match graph.node(node).origin.via {
        Via::Derivative => "a derivative".to_string(),
        Via::Source | Via::Rule(_) => "a value".to_string(),
    };
    if let Op::Port(id) = graph.op(node) {
        span = program.ports.iter().find(|p| p.id == *id).map_or(span, |p| p.span);
        what = format!("`{}`", graph.port_info(*id).name);
    }
    let Some((at, value)) = first_bad(&evaluation, node, program.precision) else { return whole(&what, "not finite") };
    let text = if value.is_nan() {
        "NaN"
    } else if value.is_infinite() {
        if value > 0.0 { "inf" } else { "-inf" }
    } else {
        "too large for single precision"
    };
    let mut found = error::not_finite(span, &what, text, place.epoch, place.batch);
    if let Some(row) = row(graph, &evaluation, &bindings, node, at, place.rows) {
        found = found.note(format!("first in row {row} of the data (from 0)"));
    }
    if value.is_finite() {
        found = found.note(format!("it is {value:e}; `precision f64` has room for it"));
    }
    found
}

/// The first node, arguments first, whose value is finite but overflows single precision.
fn overflow(graph: &Graph, evaluation: &Evaluation, roots: &[NodeId], precision: Precision) -> Option<NodeId> {
    if precision == Precision::F64 {
        return None;
    }
    graph.reachable(roots).into_iter().find(|n| first_bad(evaluation, *n, precision).is_some())
}

/// The place and value of the first element that is not finite in this precision.
fn first_bad(evaluation: &Evaluation, node: NodeId, precision: Precision) -> Option<(usize, f64)> {
    let finite = |x: f64| match precision {
        Precision::F32 => (x as f32).is_finite(),
        Precision::F64 => x.is_finite(),
    };
    let values = &evaluation.value(node)?.data;
    values.iter().position(|x| !finite(*x)).map(|at| (at, values[at]))
}

/// The row of the data that an element belongs to, if the term has the row axis.
fn row(
    graph: &Graph,
    evaluation: &Evaluation,
    bindings: &Bindings,
    node: NodeId,
    at: usize,
    rows: &[u32],
) -> Option<u32> {
    let array = evaluation.value(node)?;
    // The row axis is the one as long as the batch over the first extent of some data port.
    let mut step = array.data.len();
    for axis in &array.axes {
        let size = graph.extent(*axis).evaluate(&|d| bindings.dims.get(d.0 as usize).copied().unwrap_or(-1))?;
        let size = usize::try_from(size).ok().filter(|n| *n > 0)?;
        step /= size;
        let leads = |id: &PortId| graph.port_info(*id).axes.first().is_some_and(|a| a.extent == axis.extent);
        if size == rows.len() && bindings.ports.keys().any(leads) {
            return rows.get(at / step % size).copied();
        }
    }
    None
}
