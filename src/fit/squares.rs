//! The residuals of a model on a data set, as a method of least squares asks for them.
//!
//! Reads models and data sets. Must not know the method.

use super::batch::Batch;
use super::dataset::Dataset;
use super::error::FitError;
use super::levenberg::{Linearized, Residuals};
use crate::model::{DIRECTION, Function, Layout, LayoutEntry, Model, NamedValue, Options, Real, SliceMut, Workspace};

/// A compiled function of params and directions, with the data it is called with.
pub(super) struct Squares<'a, R> {
    function: Function,
    workspace: Workspace,
    batch: Batch<'a>,
    /// Params, behind them their directions, then states.
    all: Vec<R>,
    /// How many numbers the params are.
    count: usize,
    results: Option<Vec<NamedValue>>,
}

impl<'a, R: Real> Squares<'a, R> {
    /// None if the loss is no sum of squares.
    pub fn new(
        model: &Model,
        data: &'a Dataset,
        layout: &Layout,
        states: &Layout,
        options: &Options,
        loss: &str,
        rows: &[u32],
    ) -> Result<Option<Squares<'a, R>>, FitError> {
        let Some(function) = model.residuals(options, loss)? else { return Ok(None) };
        let direction = |entry: &LayoutEntry| LayoutEntry {
            name: format!("{DIRECTION}{}", entry.name),
            shape: entry.shape.clone(),
            range: entry.range.start + layout.len..entry.range.end + layout.len,
        };
        let entries = layout.entries.iter().cloned().chain(layout.entries.iter().map(direction)).collect();
        let all = Layout { entries, len: 2 * layout.len }.followed_by(states);
        let mut batch = Batch::new(model, data, &all, &function, rows.len())?;
        batch.fill(rows);
        let workspace = function.workspace();
        let (count, all) = (layout.len, vec![R::ZERO; all.len]);
        Ok(Some(Squares { function, workspace, batch, all, count, results: None }))
    }

    /// Draws the random numbers of a step.
    pub fn draw(&mut self, seed: u64, step: u64) -> Result<(), FitError> {
        self.batch.draw(&self.function, &self.all, seed, step)
    }

    /// The states of the next step.
    pub fn set_states(&mut self, states: &[R]) {
        self.all[2 * self.count..].copy_from_slice(states);
    }

    /// Calls the function; gives all residuals one after the other, then how they change along the direction.
    fn call(&mut self) -> Result<(Vec<f64>, Vec<f64>), FitError> {
        let inputs = self.batch.inputs(&self.all);
        let results = match &mut self.results {
            Some(results) => results,
            none => none.insert(self.function.results_for(&inputs, &mut self.workspace)?),
        };
        let mut outputs: Vec<SliceMut> = results.iter_mut().map(|r| r.values.as_slice_mut()).collect();
        self.function.call(&inputs, &mut outputs, &mut self.workspace)?;
        let (residuals, tangents) = results.split_at(results.len() / 2);
        let all = |results: &[NamedValue]| results.iter().flat_map(|r| r.values.to_f64()).collect();
        Ok((all(residuals), all(tangents)))
    }

    fn set(&mut self, point: &[f64]) {
        self.all.iter_mut().zip(point).for_each(|(to, x)| *to = R::from_f64(*x));
    }
}

impl<R: Real> Residuals for Squares<'_, R> {
    type Error = FitError;

    fn residuals(&mut self, point: &[f64]) -> Result<Vec<f64>, FitError> {
        self.set(point);
        Ok(self.call()?.0)
    }

    fn linearized(&mut self, point: &[f64]) -> Result<Linearized, FitError> {
        self.set(point);
        let mut found = Linearized { residuals: vec![], columns: vec![] };
        for i in self.count..2 * self.count {
            self.all[i] = R::ONE;
            let called = self.call();
            self.all[i] = R::ZERO;
            let (residuals, column) = called?;
            found.columns.push(column);
            found.residuals = residuals;
        }
        Ok(found)
    }
}
