//! How a training run is shown while it runs: a bar on a terminal, lines elsewhere, events for programs.

use crate::console::Console;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use nnc::fit::{EpochDone, Observer, Score, Started, Stepped};
use nnc::model::CompileTimings;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Lines of a run that is not on a terminal.
const LINES: usize = 20;
/// A line at least this often.
const PATIENCE: Duration = Duration::from_secs(10);

/// Shows a run.
pub struct Progress<'c> {
    console: &'c Console,
    bar: Option<ProgressBar>,
    epochs: usize,
    steps: usize,
    starts: usize,
    started: Instant,
    said: Instant,
    best: Option<usize>,
    /// How long compiling the step took.
    pub timings: CompileTimings,
}

impl<'c> Progress<'c> {
    /// Before the run.
    pub fn new(console: &'c Console) -> Progress<'c> {
        let now = Instant::now();
        let timings = CompileTimings::default();
        Progress { console, bar: None, epochs: 0, steps: 0, starts: 1, started: now, said: now, best: None, timings }
    }

    /// Takes the bar away.
    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Progress<'_> {
    fn started(&mut self, start: &Started) {
        (self.epochs, self.steps, self.timings) = (start.epochs, start.steps, start.timings);
        self.starts = start.starts;
        self.started = Instant::now();
        if self.console.json {
            let [train, validation, test] = start.rows;
            let _ = self.console.event(&json!({
                "event": "start", "loss": start.loss, "parameters": start.parameters, "frozen": start.frozen,
                "rows": { "train": train, "validation": validation, "test": test },
                "batch": start.batch, "steps_per_epoch": start.steps, "epochs": start.epochs, "starts": start.starts,
                "seed": start.seed,
                "native": start.native, "compile_milliseconds": start.timings.total().as_secs_f64() * 1e3,
            }));
            return;
        }
        let rows = match start.rows {
            [0, ..] => String::new(),
            [train, 0, 0] => format!(", {train} rows"),
            [train, validation, test] => format!(", {train} rows to train, {validation} to validate, {test} to test"),
        };
        let batch = match start.batch {
            0 => String::new(),
            all if all == start.rows[0] => ", all in one batch".into(),
            n => format!(", batches of {n}"),
        };
        let frozen = if start.frozen == 0 { String::new() } else { format!(", {} frozen", start.frozen) };
        let engine = if start.native { "" } else { ", by the interpreter" };
        self.console.say(&format!(
            "fitting {} parameters{frozen}{rows}{batch}; seed {}; compiled in {:.1} ms{engine}",
            start.parameters,
            start.seed,
            start.timings.total().as_secs_f64() * 1e3
        ));
        if self.console.terminal {
            let bar = ProgressBar::with_draw_target(
                Some((start.epochs * start.starts) as u64),
                ProgressDrawTarget::stderr_with_hz(10),
            );
            if let Ok(style) = ProgressStyle::with_template("{pos:>4}/{len} {bar:24} {msg} {eta} left") {
                bar.set_style(style);
            }
            self.bar = Some(bar);
        }
    }

    fn stepped(&mut self, step: &Stepped) {
        // Long epochs: something moves within them.
        if self.bar.is_none() && !self.console.json && step.step.is_multiple_of(64) && self.said.elapsed() > PATIENCE {
            self.said = Instant::now();
            let Stepped { epoch, step, loss } = step;
            self.console.say(&format!("epoch {epoch}, step {step} of {}: batch loss {}", self.steps, number(*loss)));
        }
    }

    fn epoch_done(&mut self, epoch: &EpochDone) {
        if epoch.best {
            self.best = Some(epoch.epoch);
        }
        if self.console.json {
            let _ = self.console.event(&json!({
                "event": "epoch", "start": epoch.start, "epoch": epoch.epoch, "steps": epoch.steps, "loss": json_number(epoch.loss),
                "validation": scores(epoch.validation), "best": epoch.best,
                "seconds": self.started.elapsed().as_secs_f64(),
            }));
            return;
        }
        if let Some(bar) = &self.bar {
            bar.set_position(((epoch.start - 1) * self.epochs + epoch.epoch) as u64);
            bar.set_message(self.message(epoch));
            return;
        }
        let every = (self.epochs * self.starts).div_ceil(LINES).max(1);
        let due = epoch.epoch == 1 || epoch.epoch == self.epochs || epoch.epoch.is_multiple_of(every);
        if due || self.said.elapsed() > PATIENCE {
            self.said = Instant::now();
            let width = self.epochs.to_string().len();
            let start = if self.starts > 1 { format!("start {}, ", epoch.start) } else { String::new() };
            self.console.say(&format!("{start}epoch {:>width$}  {}", epoch.epoch, self.message(epoch)));
        }
    }
}

impl Progress<'_> {
    fn message(&self, epoch: &EpochDone) -> String {
        let mut text = format!("loss {:<9}", number(epoch.loss));
        for score in epoch.validation {
            text.push_str(&format!("  validation {} {:<9}", score.name, number(score.value)));
        }
        match self.best {
            Some(best) if best == epoch.epoch => text.push_str("  best"),
            _ => {}
        }
        text.trim_end().to_string()
    }
}

/// A number as a table shows it: five significant digits.
pub fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let exponent = value.abs().log10().floor() as i32;
    if !(-4..6).contains(&exponent) {
        return format!("{value:.4e}");
    }
    format!("{value:.*}", (4 - exponent).max(0) as usize)
}

/// A number in JSON, which has no infinities: null for these and NaN.
pub fn json_number(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// Scores by name.
pub fn scores(scores: &[Score]) -> Value {
    scores.iter().map(|s| (s.name.clone(), json_number(s.value))).collect::<serde_json::Map<_, _>>().into()
}
