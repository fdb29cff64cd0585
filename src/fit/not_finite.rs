//! Where a training step first became infinite or NaN.
//!
//! Reads models and the arrays of one batch. Must not know optimisers.

use crate::diag::Diagnostic;
use crate::diag::catalog::training as error;
use crate::graph::Program;
use crate::model::{Model, NonFinite, Options, Slice, bindings, prepare};

/// The step at which it happened.
pub(super) struct Place<'a> {
    /// From 1.
    pub epoch: usize,
    /// From 1.
    pub batch: usize,
    /// The rows of the batch.
    pub rows: &'a [u32],
    /// Whether the way from the culprit to the loss is told.
    pub path: bool,
}

/// The first value that is not finite though everything it is computed from is.
pub(super) fn explain(model: &Model, options: &Options, inputs: &[Slice], place: &Place) -> Diagnostic {
    let program = model.program();
    let loss = options.gradient_of.as_deref().unwrap_or("the loss");
    let Ok(Some(found)) = model.trace_non_finite(options, inputs) else {
        let span = program.values.iter().find(|v| v.name == loss).map(|v| v.span).unwrap_or_default();
        let what = "the loss or its gradient";
        return error::not_finite(span, what, "not finite", place.epoch, place.batch).note(
            "the interpreter finds finite numbers here, so rounding within a kernel decides; try `precision f64`, a smaller \\
             `lr` or `clip_norm = 1`",
        );
    };
    let what = match &found.by {
        Some(by) => format!("the derivative by `{by}`"),
        None => "a value".to_string(),
    };
    let value = crate::model::non_finite_name(found.value);
    let mut problem = error::not_finite(found.span, &what, value, place.epoch, place.batch);
    problem = problem.note(format!("`{}` is {value}: {}", found.term, found.reason));
    if !found.operands.is_empty() {
        problem = problem.note(format!("there {}", found.operands_text()));
    }
    if let Some(row) = row(program, options, inputs, &found, place.rows) {
        problem = problem.note(format!("first in row {row} of the data (from 0)"));
    }
    for turn in &found.turns {
        problem = problem.note(format!("in turn {turn} of the loop (from 0)"));
    }
    if place.path {
        problem = problem.note(format!("on the way to the loss:\n{}", found.path_text()));
    }
    problem.help(found.advice)
}

/// The row of the data that the element belongs to, if the term has the axis of rows: the one as long as the batch that
/// leads in a data port.
fn row(program: &Program, options: &Options, inputs: &[Slice], found: &NonFinite, rows: &[u32]) -> Option<u32> {
    let prepared = prepare(program, options, true).ok()?;
    let bindings = bindings(&prepared, inputs).ok()?;
    let g = &prepared.graph;
    let ports = prepared.ports.iter().filter(|p| p.1 != crate::model::PortRole::Param);
    let leading: Vec<_> = ports.filter_map(|(id, _)| g.port_info(*id).axes.first().copied()).collect();
    for (name, at) in &found.element {
        let axis = leading.iter().find(|a| g.show_axis(**a) == name.trim_end_matches('\''));
        let Some(axis) = axis else { continue };
        let size = g.extent(*axis).evaluate(&|d| bindings.dims.get(d.0 as usize).copied().unwrap_or(-1));
        if size == i64::try_from(rows.len()).ok() {
            return rows.get(*at).copied();
        }
    }
    None
}
