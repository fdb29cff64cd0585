//! The training loop: shuffle, gather a batch, one call for loss and gradient, one step of the optimiser.
//!
//! Reads models, data sets and settings. Must not print, nor know files.

use super::batch::Batch;
use super::dataset::{Dataset, Split};
use super::engine::{Engine, Method};
use super::error::FitError;
use super::evaluate::{Score, Scorer, dims, params};
use super::groups::{Parts, covers};
use super::not_finite;
use super::observer::{EpochDone, Observer, Started, Stepped};
use super::settings::{Batch as BatchSize, Monitor, Settings};
use super::squares::Squares;
use super::{Iteration, Optimizer, all_finite, clip_norm, clip_value};
use crate::diag::catalog::training as error;
use crate::graph::{Initializer, NodeId, Op, Precision, Role};
use crate::model::{
    Backend, CallError, FreeForm, Function, Layout, Model, Options, PortRole, Real, SliceMut, Weights, Workspace,
    initialize, source_hash,
};
use crate::random::{Purpose, Stream};
use crate::span::Span;
use smallvec::SmallVec;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// Why training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All epochs were run.
    Finished,
    /// The monitored value did not get better for `patience` epochs.
    Patience,
    /// The loss changed by less than `tol`, or an optimiser that searches for its steps finds no better point.
    Converged,
    /// The host asked to stop.
    Interrupted,
}

/// A fitted model.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// The parameters: with `patience` those of the best epoch, else the last ones.
    pub weights: Weights,
    /// Why training ended.
    pub outcome: Outcome,
    /// How many epochs were completed.
    pub epochs: usize,
    /// How many steps were taken.
    pub steps: u64,
    /// The epoch whose parameters these are, if one was chosen.
    pub best_epoch: Option<usize>,
    /// The start whose parameters these are, from 1.
    pub start: usize,
    /// With several starts what they came to: the monitored loss or metric over the validation rows, or over the training
    /// rows if there are none; NaN where a start failed. Empty for a single start.
    pub values: Vec<f64>,
}

/// Fits the params of a model to data. The same model, data, settings and back end give the same bits.
///
/// `stop` may be set from elsewhere (a signal, another thread): the step under way is finished, then the fit ends as
/// [`Outcome::Interrupted`].
///
/// ```
/// use nnc::fit::{Dataset, Settings, fit};
/// use nnc::model::{Backend, Model, Options};
/// use std::sync::atomic::AtomicBool;
///
/// let text = "dim N\ninput x: [N]\ntarget y: [N]\nparam a\nparam b\nloss mean((a * x + b - y)^2)\n\
///     train { optimizer = adam(lr = 0.1), epochs = 500 }\n";
/// let model = Model::from_source(text)?;
/// let settings = Settings::new(model.program(), model.train_blocks(), None, &[]).unwrap();
/// let data = Dataset::new(4)?.column("x", vec![0.0f32, 1.0, 2.0, 3.0])?.column("y", vec![1.0f32, 3.0, 5.0, 7.0])?;
/// let fitted = fit(&model, &data, &settings, Backend::Auto, &mut (), &AtomicBool::new(false))?;
/// let a = fitted.weights.param("a").unwrap().values.to_f64()[0];
/// assert!((a - 2.0).abs() < 1e-3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A model without a loss or without params, data that do not fit it, and a loss or gradient that is not finite.
pub fn fit(
    model: &Model,
    data: &Dataset,
    settings: &Settings,
    backend: Backend,
    observer: &mut dyn Observer,
    stop: &AtomicBool,
) -> Result<Fitted, FitError> {
    match model.program().precision {
        Precision::F32 => Run::<f32>::new(model, data, settings, backend)?.run(observer, stop),
        Precision::F64 => Run::<f64>::new(model, data, settings, backend)?.run(observer, stop),
    }
}

/// After so many searches in a row that changed the loss by its rounding only, a minimum is found.
const STALLED: usize = 3;

/// Everything that a run keeps between steps.
struct Run<'a, R> {
    model: &'a Model,
    data: &'a Dataset,
    settings: &'a Settings,
    backend: Backend,
    options: Options,
    loss: String,
    /// Of the first part of `theta`: the params that are fitted, constrained ones in their free form.
    layout: Layout,
    /// Of all of `theta`: behind the fitted params stand the frozen ones, then the states.
    all: Layout,
    /// Where each group of params lies.
    ranges: Vec<Range<usize>>,
    /// How many numbers are frozen.
    frozen: usize,
    form: FreeForm,
    step: Function,
    batch: Batch<'a>,
    /// One for full batches, one for the shorter last one: neither has to work out its sizes again.
    workspaces: [Workspace; 2],
    /// Rows per step; 0 without data.
    size: usize,
    theta: Vec<R>,
    gradient: Vec<R>,
    /// For each state that a step updates, in the order of the step's results, where it lies in `theta` and its new value.
    updates: Vec<(Range<usize>, Vec<R>)>,
    engine: Engine<R>,
    /// For a method of least squares.
    squares: Option<Squares<'a, R>>,
    order: Vec<u32>,
    steps: u64,
    /// Of initial values and random draws: another one for each start.
    seed: u64,
}

/// One run from one start.
struct Finished<R> {
    theta: Vec<R>,
    outcome: Outcome,
    epochs: usize,
    steps: u64,
    best_epoch: Option<usize>,
    /// What is compared between starts.
    value: f64,
}

/// The best epoch so far.
struct Best<R> {
    value: f64,
    epoch: usize,
    theta: Vec<R>,
}

impl<'a, R: Real> Run<'a, R> {
    fn new(
        model: &'a Model,
        data: &'a Dataset,
        settings: &'a Settings,
        backend: Backend,
    ) -> Result<Run<'a, R>, FitError> {
        let program = model.program();
        let loss = settings.loss(program, train_span(model))?;
        let is_param = |n: &NodeId| match program.graph.op(*n) {
            Op::Port(id) => program.ports.iter().any(|p| p.id == *id && p.role == Role::Param),
            _ => false,
        };
        let is_frozen = |n: &NodeId| match program.graph.op(*n) {
            Op::Port(id) => settings.freeze.iter().any(|name| covers(name, &program.graph.port_info(*id).name)),
            _ => false,
        };
        let read: Vec<NodeId> = program.graph.reachable(&[loss.node]).into_iter().filter(is_param).collect();
        if read.iter().all(is_frozen) {
            return Err(Box::new(error::nothing_to_fit(loss.span, !read.is_empty())).into());
        }
        let train = data.rows(Split::Train);
        if data.count > 0 && train.is_empty() {
            return Err(FitError::NoRows);
        }
        if settings.batch != BatchSize::All && data.fixed.iter().any(|f| f.rows.is_some()) {
            return Err(Box::new(error::batch_of_tables(train_span(model))).into());
        }
        let size = match settings.batch {
            BatchSize::All => train.len(),
            BatchSize::Rows(rows) => rows.min(train.len()),
        };
        let dims = dims(model, data)?;
        let form = FreeForm::new(program, &dims)?.with_starts(&data.starts)?;
        let Parts { fitted: layout, frozen, ranges } = Parts::new(program, &form.free, settings)?;
        let behind = frozen.followed_by(&Layout::states(program, &dims)?);
        let all = layout.followed_by(&behind);
        let options = Options::gradient(&loss.name).with_respect_to(layout.entries.iter().map(|e| e.name.as_str()));
        let options = options.free().training().dims_of_params(program, &dims).backend(backend);
        let step = model.compile(&options)?;
        let batch = Batch::new(model, data, &all, &step, size)?;
        let states = step.signature().results.iter().filter(|r| r.role == PortRole::State);
        let place = states.filter_map(|r| all.entry(&r.name).map(|e| e.range.clone()));
        let updates = place.map(|range| (range.clone(), vec![R::ZERO; range.len()])).collect();
        let theta = initial_values(model, data, &form, &all, settings.seed)?;
        let mut squares = None;
        if settings.optimizer == Optimizer::LevenbergMarquardt {
            squares = Squares::new(model, data, &layout, &behind, &options, &loss.name, train)?;
            if squares.is_none() {
                return Err(Box::new(error::no_sum_of_squares(loss.span, &loss.name)).into());
            }
        }
        Ok(Run {
            model,
            data,
            settings,
            backend,
            options,
            loss: loss.name.clone(),
            workspaces: [step.workspace(), step.workspace()],
            step,
            batch,
            size,
            gradient: vec![R::ZERO; layout.len],
            updates,
            engine: Engine::new(settings.optimizer, &theta[..layout.len], &ranges, &settings.groups),
            ranges,
            frozen: frozen.len,
            squares,
            layout,
            all,
            form,
            theta,
            order: train.to_vec(),
            steps: 0,
            seed: settings.seed,
        })
    }

    fn run(mut self, observer: &mut dyn Observer, stop: &AtomicBool) -> Result<Fitted, FitError> {
        observer.started(&self.started());
        let has_validation = !self.data.rows(Split::Validation).is_empty();
        let mut scorer: Option<Scorer<R>> = None;
        if has_validation || self.settings.patience.is_some() || self.settings.starts > 1 {
            scorer = Scorer::new(self.model, self.data, &self.all, self.backend, true)?;
        }
        let mut values = vec![];
        let mut best: Option<(usize, Finished<R>)> = None;
        let mut failed: Option<FitError> = None;
        for start in 0..self.settings.starts {
            if start > 0 {
                self.restart(start)?;
            }
            let one = match self.run_once(start, &mut scorer, observer, stop) {
                Ok(one) => one,
                // Another start may do better.
                Err(error) if self.settings.starts > 1 => {
                    values.push(f64::NAN);
                    failed.get_or_insert(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let interrupted = one.outcome == Outcome::Interrupted;
            values.push(one.value);
            if best.as_ref().is_none_or(|(_, b)| self.is_better(one.value, b.value)) {
                best = Some((start, one));
            }
            if interrupted {
                break;
            }
        }
        let Some((start, mut one)) = best else { return Err(failed.unwrap_or(FitError::NoRows)) };
        if values.len() < self.settings.starts {
            one.outcome = Outcome::Interrupted;
        }
        let source = self.model.sources().files().first().map(|f| source_hash(&f.text));
        let mut free = vec![R::ZERO; self.form.free.len];
        self.form.free.copy(&mut free, &self.all, &one.theta);
        let mut stored = params(&self.form.layout, &self.form.constrained(&free)?);
        let states = Layout::states(self.model.program(), &dims(self.model, self.data)?)?;
        stored.extend(params(&states, &one.theta[self.layout.len + self.frozen..]));
        let weights = Weights {
            params: stored,
            statistics: self.data.statistics.clone(),
            source_hash: source,
            version: Some(env!("CARGO_PKG_VERSION").into()),
        };
        if self.settings.starts == 1 {
            values.clear();
        }
        let Finished { outcome, epochs, steps, best_epoch, .. } = one;
        Ok(Fitted { weights, outcome, epochs, steps, best_epoch, start: start + 1, values })
    }

    /// Goes back to the initial values of another start.
    fn restart(&mut self, start: usize) -> Result<(), FitError> {
        let initial = |seed| initial_values(self.model, self.data, &self.form, &self.all, seed);
        let theta: Vec<R> = initial(self.settings.seed.wrapping_add(start as u64))?;
        if start == 1 && theta == initial(self.settings.seed)? {
            return Err(Box::new(error::equal_starts(train_span(self.model))).into());
        }
        self.theta = theta;
        self.seed = self.settings.seed.wrapping_add(start as u64);
        let Settings { optimizer, groups, .. } = self.settings;
        self.engine = Engine::new(*optimizer, &self.theta[..self.layout.len], &self.ranges, groups);
        self.order.clear();
        self.order.extend_from_slice(self.data.rows(Split::Train));
        self.steps = 0;
        Ok(())
    }

    fn run_once(
        &mut self,
        start: usize,
        scorer: &mut Option<Scorer<R>>,
        observer: &mut dyn Observer,
        stop: &AtomicBool,
    ) -> Result<Finished<R>, FitError> {
        let has_validation = !self.data.rows(Split::Validation).is_empty();
        let watched = if has_validation { Split::Validation } else { Split::Train };
        let mut best: Option<Best<R>> = None;
        let mut previous: Option<f64> = None;
        let mut epochs = 0;
        let mut outcome = Outcome::Finished;
        while epochs < self.settings.epochs {
            let Some(loss) = self.epoch(epochs, observer, stop)? else {
                outcome = Outcome::Interrupted;
                break;
            };
            epochs += 1;
            let scores = match scorer {
                Some(scorer) if has_validation || self.settings.patience.is_some() => {
                    scorer.scores(&self.theta, self.data.rows(watched))?
                }
                _ => vec![],
            };
            let monitored = self.settings.patience.and_then(|_| self.monitored(&scores));
            let improved = monitored.is_some_and(|v| best.as_ref().is_none_or(|b| self.is_better(v, b.value)));
            if let Some(value) = monitored.filter(|_| improved) {
                best = Some(Best { value, epoch: epochs, theta: self.theta.clone() });
            }
            let validation: &[Score] = if has_validation { &scores } else { &[] };
            let (steps, epoch, start) = (self.steps, epochs, start + 1);
            observer.epoch_done(&EpochDone { start, epoch, steps, loss, validation, monitored, best: improved });
            let since = epochs - best.as_ref().map_or(0, |b| b.epoch);
            if self.settings.patience.is_some_and(|patience| since >= patience) {
                outcome = Outcome::Patience;
                break;
            }
            let settled = |tol: f64| previous.is_some_and(|p: f64| (p - loss).abs() <= tol * p.abs());
            if self.settings.tol.is_some_and(settled) || matches!(self.engine, Engine::Converged) {
                outcome = Outcome::Converged;
                break;
            }
            previous = Some(loss);
        }
        let best_epoch = best.as_ref().map(|b| b.epoch);
        let theta = best.map_or_else(|| self.theta.clone(), |b| b.theta);
        let value = match scorer {
            Some(scorer) if self.settings.starts > 1 => {
                let scores = scorer.scores(&theta, self.data.rows(watched))?;
                self.monitored(&scores).unwrap_or(f64::NAN)
            }
            _ => f64::NAN,
        };
        Ok(Finished { theta, outcome, epochs, steps: self.steps, best_epoch, value })
    }

    fn started(&self) -> Started<'_> {
        Started {
            loss: &self.loss,
            parameters: self.layout.len,
            frozen: self.frozen,
            rows: Split::ALL.map(|s| self.data.rows(s).len()),
            batch: self.size,
            steps: self.steps_per_epoch(),
            epochs: self.settings.epochs,
            starts: self.settings.starts,
            seed: self.settings.seed,
            native: self.step.is_native(),
            timings: self.step.timings(),
        }
    }

    fn steps_per_epoch(&self) -> usize {
        match self.size {
            0 => 1,
            size if self.settings.drop_last => self.order.len() / size,
            size => self.order.len().div_ceil(size),
        }
    }

    /// All batches once. The mean loss, or `None` if the host asked to stop.
    fn epoch(&mut self, epoch: usize, observer: &mut dyn Observer, stop: &AtomicBool) -> Result<Option<f64>, FitError> {
        // With one batch of all rows the order does not matter, so they are gathered once.
        let whole = self.size == self.order.len();
        if !whole && self.settings.shuffle {
            self.order.clear();
            self.order.extend_from_slice(self.data.rows(Split::Train));
            Stream::new(self.settings.seed, Purpose::Shuffle, epoch as u64).shuffle(&mut self.order);
        }
        let total = self.settings.epochs as u64 * self.steps_per_epoch() as u64;
        let (mut sum, mut seen) = (0.0, 0);
        for step in 0..self.steps_per_epoch() {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let start = step * self.size;
            let rows = start..(start + self.size).min(self.order.len());
            if !whole || self.steps == 0 {
                self.batch.fill(&self.order[rows.clone()]);
            }
            self.batch.draw(&self.step, &self.theta, self.seed, self.steps + 1)?;
            let loss = match self.engine {
                Engine::Rules(_) => self.gradient(rows.len() == self.size)?,
                _ => self.search()?,
            };
            if !loss.is_finite() || !all_finite(&self.gradient) || !self.updates.iter().all(|(_, new)| all_finite(new))
            {
                return Err(self.not_finite(epoch + 1, step + 1, &self.order[rows]));
            }
            if let Some(bound) = self.settings.clip_value {
                clip_value(&mut self.gradient, bound);
            }
            if let Some(bound) = self.settings.clip_norm {
                clip_norm(&mut self.gradient, bound);
            }
            if let Engine::Rules(rules) = &mut self.engine {
                let factor = self.settings.schedule.factor(self.steps, total);
                for (range, stepper) in rules {
                    stepper.scaled_step(&mut self.theta[range.clone()], &self.gradient[range.clone()], factor);
                }
            }
            for (range, new) in &self.updates {
                self.theta[range.clone()].copy_from_slice(new);
            }
            self.steps += 1;
            let weight = rows.len().max(1);
            sum += loss * weight as f64;
            seen += weight;
            observer.stepped(&Stepped { epoch: epoch + 1, step: step + 1, loss });
        }
        Ok(Some(sum / seen.max(1) as f64))
    }

    /// One step of an optimiser that evaluates the loss at several points; gives the loss after it.
    fn search(&mut self) -> Result<f64, FitError> {
        let Engine::Search(mut search) = std::mem::replace(&mut self.engine, Engine::Converged) else {
            return self.gradient(true);
        };
        let (done, loss) = match &mut search.method {
            Method::Lbfgs(minimiser) => {
                let done = minimiser.iterate(&mut |point, gradient| -> Result<f64, FitError> {
                    self.theta.iter_mut().zip(point).for_each(|(to, x)| *to = R::from_f64(*x));
                    let loss = self.gradient(true)?;
                    gradient.iter_mut().zip(&self.gradient).for_each(|(to, g)| *to = g.to_f64());
                    Ok(loss)
                })?;
                self.theta.iter_mut().zip(minimiser.point()).for_each(|(to, x)| *to = R::from_f64(*x));
                self.gradient.iter_mut().zip(minimiser.gradient()).for_each(|(to, g)| *to = R::from_f64(*g));
                if !self.updates.is_empty() {
                    // The point that was evaluated last need not be the one that was chosen.
                    self.gradient(true)?;
                }
                (done, minimiser.loss().unwrap_or(f64::NAN))
            }
            Method::Squares(method) => {
                let Some(squares) = &mut self.squares else { return self.gradient(true) };
                squares.set_states(&self.theta[self.layout.len..]);
                squares.draw(self.seed, self.steps + 1)?;
                let done = method.iterate(squares)?;
                self.theta.iter_mut().zip(method.point()).for_each(|(to, x)| *to = R::from_f64(*x));
                (done, self.gradient(true)?)
            }
        };
        // Losses that differ by rounding alone say no more about where to go.
        let is_still = search.loss.is_some_and(|b| (b - loss).abs() <= 4.0 * R::EPSILON * b.abs());
        search.stalled = if is_still { search.stalled + 1 } else { 0 };
        search.loss = Some(loss);
        if done == Iteration::Moved && search.stalled < STALLED {
            self.engine = Engine::Search(search);
        }
        Ok(loss)
    }

    /// The loss of the batch; its gradient is left in `self.gradient`.
    fn gradient(&mut self, full: bool) -> Result<f64, FitError> {
        let mut value = [R::ZERO];
        {
            let inputs = self.batch.inputs(&self.theta);
            let mut outputs: SmallVec<[SliceMut; 32]> = SmallVec::new();
            outputs.push(R::slice_mut(&mut value));
            let mut rest = self.gradient.as_mut_slice();
            for entry in &self.layout.entries {
                let (one, after) = rest.split_at_mut(entry.range.len());
                outputs.push(R::slice_mut(one));
                rest = after;
            }
            outputs.extend(self.updates.iter_mut().map(|(_, new)| R::slice_mut(new)));
            self.step.call(&inputs, &mut outputs, &mut self.workspaces[usize::from(!full)])?;
        }
        Ok(value[0].to_f64())
    }

    fn not_finite(&self, epoch: usize, batch: usize, rows: &[u32]) -> FitError {
        let inputs = self.batch.inputs(&self.theta);
        let place = not_finite::Place { epoch, batch, rows, path: self.settings.trace_non_finite };
        FitError::NotFinite(Box::new(not_finite::explain(self.model, &self.options, &inputs, &place)))
    }

    /// The value that `patience` watches.
    fn monitored(&self, scores: &[Score]) -> Option<f64> {
        let name = self.settings.monitor.as_ref().map_or(self.loss.as_str(), |m: &Monitor| m.name.as_str());
        scores.iter().find(|s| s.name == name).map(|s| s.value)
    }

    /// Whether `new` is better than `old`; NaN never is.
    fn is_better(&self, new: f64, old: f64) -> bool {
        match &self.settings.monitor {
            Some(monitor) if monitor.larger_is_better => new > old || (old.is_nan() && !new.is_nan()),
            _ => new < old || (old.is_nan() && !new.is_nan()),
        }
    }
}

/// Checks that the model has the loss that the settings choose, before any data are read.
///
/// # Errors
/// No loss, several of which none is chosen, or a chosen one that does not exist.
pub fn check_loss(model: &Model, settings: &Settings) -> Result<(), FitError> {
    settings.loss(model.program(), train_span(model))?;
    Ok(())
}

/// Params in their free form, in the order of `all`, then states, as they start.
fn initial_values<R: Real>(
    model: &Model,
    data: &Dataset,
    form: &FreeForm,
    all: &Layout,
    seed: u64,
) -> Result<Vec<R>, FitError> {
    let mut theta = vec![R::ZERO; form.free.len];
    all.copy(&mut theta, &form.free, &form.start(seed)?);
    let program = model.program();
    for entry in &all.entries[form.free.entries.len()..] {
        let mut values = vec![R::ZERO; entry.range.len()];
        let given = data.starts.iter().find(|(name, _)| *name == entry.name).map(|(_, v)| v.clone());
        let port = program.port(&entry.name);
        let declared = port.and_then(|p| p.initial.clone()).unwrap_or(Initializer::Constant(0.0));
        let initial = given.map_or(declared, Initializer::Values);
        if let Initializer::Values(v) = &initial
            && v.len() != values.len()
        {
            return Err(FitError::Call(CallError::Length {
                port: entry.name.clone(),
                shape: format!("{:?}", entry.shape),
                expected: values.len(),
                given: v.len(),
                reason: "; its start has another size".into(),
            }));
        }
        initialize(&initial, &entry.name, &entry.shape, port.map_or(0, |p| p.family), seed, &mut values);
        theta.extend(values);
    }
    Ok(theta)
}

/// Where problems of the whole run are pointed at: the `train` block, else the start of the file.
fn train_span(model: &Model) -> Span {
    model.train_blocks().iter().flat_map(|b| &b.entries).map(|e| e.key.span).next().unwrap_or_default()
}
