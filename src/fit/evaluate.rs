//! Losses, metrics and outputs over whole parts of the data: one call for all rows, never a mean over batches.
//!
//! Reads models, data sets and fitted params. Must not know optimisers.

use super::batch::Batch;
use super::dataset::{Dataset, Split};
use super::error::FitError;
use crate::graph::{Precision, ValueRole};
use crate::model::{
    Backend, CallError, Function, Layout, Model, NamedValue, Options, PortRole, Real, SliceMut, Values, Weights,
    Workspace,
};

/// One loss or metric over the rows of a part.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// Its name in the model.
    pub name: String,
    /// Loss or metric.
    pub role: PortRole,
    /// Its value.
    pub value: f64,
}

/// All losses and metrics over the rows of a part.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The part; `None` for a model without data.
    pub split: Option<Split>,
    /// How many rows it has.
    pub rows: usize,
    /// In order of definition.
    pub scores: Vec<Score>,
}

/// Evaluates the losses and metrics of a model on every part of the data that has rows.
///
/// # Errors
/// Weights or data that do not fit the model.
pub fn evaluate(
    model: &Model,
    data: &Dataset,
    weights: &Weights,
    backend: Backend,
) -> Result<Vec<Evaluation>, FitError> {
    match model.program().precision {
        Precision::F32 => evaluate_in::<f32>(model, data, weights, backend),
        Precision::F64 => evaluate_in::<f64>(model, data, weights, backend),
    }
}

fn evaluate_in<R: Real>(
    model: &Model,
    data: &Dataset,
    weights: &Weights,
    backend: Backend,
) -> Result<Vec<Evaluation>, FitError> {
    let layout = stored(model, &dims(model, data)?)?;
    let theta = flat::<R>(&layout, weights)?;
    let Some(mut scorer) = Scorer::new(model, data, &layout, backend, false)? else { return Ok(vec![]) };
    if data.count == 0 {
        return Ok(vec![Evaluation { split: None, rows: 0, scores: scorer.scores(&theta, &[])? }]);
    }
    let mut out = vec![];
    for split in Split::ALL {
        let rows = data.rows(split);
        if !rows.is_empty() {
            out.push(Evaluation { split: Some(split), rows: rows.len(), scores: scorer.scores(&theta, rows)? });
        }
    }
    Ok(out)
}

/// Computes the named values, all outputs if there are no names, for these rows.
///
/// # Errors
/// Weights or data that do not fit the model, and names that it does not have.
pub fn predict(
    model: &Model,
    data: &Dataset,
    weights: &Weights,
    names: &[String],
    rows: &[u32],
    backend: Backend,
) -> Result<Vec<NamedValue>, FitError> {
    match model.program().precision {
        Precision::F32 => predict_in::<f32>(model, data, weights, names, rows, backend),
        Precision::F64 => predict_in::<f64>(model, data, weights, names, rows, backend),
    }
}

fn predict_in<R: Real>(
    model: &Model,
    data: &Dataset,
    weights: &Weights,
    names: &[String],
    rows: &[u32],
    backend: Backend,
) -> Result<Vec<NamedValue>, FitError> {
    let dims = dims(model, data)?;
    let layout = stored(model, &dims)?;
    let theta = flat::<R>(&layout, weights)?;
    let outputs = model.program().values_of(ValueRole::Output).map(|v| v.name.clone());
    let names: Vec<String> = if names.is_empty() { outputs.collect() } else { names.to_vec() };
    let function = model.compile(&Options::values(names).dims_of_params(model.program(), &dims).backend(backend))?;
    let mut batch = Batch::new(model, data, &layout, &function, rows.len())?;
    batch.fill(rows);
    batch.draw(&function, &theta, 0, 0)?;
    let (inputs, mut workspace) = (batch.inputs(&theta), function.workspace());
    let mut results = function.results_for(&inputs, &mut workspace)?;
    let mut outputs: Vec<SliceMut> = results.iter_mut().map(|r| r.values.as_slice_mut()).collect();
    function.call(&inputs, &mut outputs, &mut workspace)?;
    Ok(results)
}

/// The sizes of open dims that the data fix.
pub(super) fn dims(model: &Model, data: &Dataset) -> Result<Vec<(String, usize)>, FitError> {
    let columns = data.columns.iter().map(|c| (c.name.as_str(), data.count, c.row));
    let tables = data.fixed.iter().filter_map(|f| Some((f.name.as_str(), f.rows?, f.row)));
    let rows: Vec<(&str, usize, usize)> = columns.chain(tables).collect();
    let mut dims = crate::model::dims_of_data(model.program(), &rows)?;
    dims.retain(|(name, _)| !data.dims.iter().any(|(given, _)| given == name));
    dims.extend(data.dims.iter().cloned());
    Ok(dims)
}

/// What a file of weights holds: params, then states.
fn stored(model: &Model, dims: &[(String, usize)]) -> Result<Layout, CallError> {
    let states = Layout::states(model.program(), dims)?;
    Ok(Layout::new(model.program(), dims)?.followed_by(&states))
}

/// The params and states of a file as one vector.
pub(super) fn flat<R: Real>(layout: &Layout, weights: &Weights) -> Result<Vec<R>, FitError> {
    let mut theta = vec![R::ZERO; layout.len];
    for entry in &layout.entries {
        let missing = || CallError::Missing { name: entry.name.clone() };
        let values = weights.param(&entry.name).ok_or_else(missing)?.values.to_f64();
        if values.len() != entry.range.len() {
            return Err(FitError::Call(CallError::Length {
                port: entry.name.clone(),
                shape: format!("{:?}", entry.shape),
                expected: entry.range.len(),
                given: values.len(),
                reason: "; the weights belong to other data".into(),
            }));
        }
        for (to, value) in theta[entry.range.clone()].iter_mut().zip(values) {
            *to = R::from_f64(value);
        }
    }
    Ok(theta)
}

/// All losses and metrics as one function.
pub(super) struct Scorer<'d, R> {
    function: Function,
    workspace: Workspace,
    batch: Batch<'d>,
    values: Vec<R>,
}

impl<'d, R: Real> Scorer<'d, R> {
    /// Compiles the function; `None` if the model has neither losses nor metrics. `layout` is that of the params it will
    /// be given: in their `free` form, or as users see them.
    pub fn new(
        model: &Model,
        data: &'d Dataset,
        layout: &Layout,
        backend: Backend,
        free: bool,
    ) -> Result<Option<Scorer<'d, R>>, FitError> {
        let wanted = |role: ValueRole| matches!(role, ValueRole::Loss | ValueRole::Metric);
        let names: Vec<String> =
            model.program().values.iter().filter(|v| wanted(v.role)).map(|v| v.name.clone()).collect();
        if names.is_empty() {
            return Ok(None);
        }
        let options = Options::values(names).dims_of_params(model.program(), &dims(model, data)?).backend(backend);
        let function = model.compile(&if free { options.free() } else { options })?;
        let capacity = Split::ALL.iter().map(|s| data.rows(*s).len()).max().unwrap_or(0);
        let batch = Batch::new(model, data, layout, &function, capacity)?;
        let (workspace, values) = (function.workspace(), vec![R::ZERO; function.signature().results.len()]);
        Ok(Some(Scorer { function, workspace, batch, values }))
    }

    /// The scores over these rows.
    pub fn scores(&mut self, theta: &[R], rows: &[u32]) -> Result<Vec<Score>, FitError> {
        self.batch.fill(rows);
        self.batch.draw(&self.function, theta, 0, 0)?;
        let inputs = self.batch.inputs(theta);
        let mut outputs: Vec<SliceMut> = self.values.chunks_exact_mut(1).map(R::slice_mut).collect();
        self.function.call(&inputs, &mut outputs, &mut self.workspace)?;
        let ports = &self.function.signature().results;
        let score = |(port, value): (&crate::model::Port, &R)| Score {
            name: port.name.clone(),
            role: port.role,
            value: value.to_f64(),
        };
        Ok(ports.iter().zip(&self.values).map(score).collect())
    }
}

/// One vector as the params of a file.
pub(super) fn params<R: Real>(layout: &Layout, theta: &[R]) -> Vec<crate::model::Param> {
    let param = |entry: &crate::model::LayoutEntry| crate::model::Param {
        name: entry.name.clone(),
        shape: entry.shape.clone(),
        values: R::values(theta[entry.range.clone()].to_vec()),
    };
    let all: Vec<crate::model::Param> = layout.entries.iter().map(param).collect();
    debug_assert!(all.iter().all(|p| !matches!(p.values, Values::Index(_) | Values::Bool(_))));
    all
}
