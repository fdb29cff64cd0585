//! What a `train` block says: the settings of a run, checked.
//!
//! Reads the syntax tree of `train` blocks and the names of a program. Must not know data, files or functions.

use super::Optimizer;
use super::calls::optimizer;
use super::constant::{Scope, Value, shown};
use super::groups::{self, Group};
use super::schedule::Schedule;
use crate::diag::Diagnostic;
use crate::diag::catalog::training as error;
use crate::graph::{Program, ValueRole};
use crate::span::Span;
use crate::syntax::ast::{Block, Entry};

/// How many rows a step sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Batch {
    /// All training rows: gradient descent.
    #[default]
    All,
    /// This many rows, 1 or more; the last batch of an epoch holds what is left.
    Rows(usize),
}

/// What `patience` watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitor {
    /// The name of a loss or metric.
    pub name: String,
    /// Whether larger values are better.
    pub larger_is_better: bool,
}

/// The settings of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The loss to minimise, by name; the only one if absent.
    pub loss: Option<String>,
    /// How the parameters are changed.
    pub optimizer: Optimizer,
    /// How the rate of the optimiser changes from step to step.
    pub schedule: Schedule,
    /// Rows per step.
    pub batch: Batch,
    /// How often the training rows are gone through; the number of steps if there are no data.
    pub epochs: usize,
    /// Stop after this many epochs without a better monitored value, and keep the best parameters.
    pub patience: Option<usize>,
    /// What `patience` watches: the loss over the validation rows (over the training rows if there are none) unless
    /// another is named.
    pub monitor: Option<Monitor>,
    /// The seed of initial values and shuffling.
    pub seed: u64,
    /// Whether rows are put in a new random order in every epoch.
    pub shuffle: bool,
    /// Whether the rows left over for an incomplete last batch are left out of the epoch.
    pub drop_last: bool,
    /// Scale a longer gradient down to this Euclidean length.
    pub clip_norm: Option<f64>,
    /// Cut every element of the gradient to this absolute value; done before `clip_norm`.
    pub clip_value: Option<f64>,
    /// Params, or layers with all of their params, that keep their start.
    pub freeze: Vec<String>,
    /// Params that are fitted with another rate or decay.
    pub groups: Vec<Group>,
    /// How many runs with other random starts are made, to keep the best; the k-th, from 0, has the initial values that a
    /// seed larger by k gives.
    pub starts: usize,
    /// Stop when the mean loss of an epoch differs from that of the epoch before by at most this much, relative to it.
    pub tol: Option<f64>,
    /// Whether the error of a fit that became infinite or NaN also tells the way from that value to the loss.
    pub trace_non_finite: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            loss: None,
            optimizer: Optimizer::default(),
            schedule: Schedule::default(),
            batch: Batch::All,
            epochs: 100,
            patience: None,
            monitor: None,
            seed: 0,
            shuffle: true,
            drop_last: false,
            clip_norm: None,
            clip_value: None,
            freeze: vec![],
            groups: vec![],
            starts: 1,
            tol: None,
            trace_non_finite: false,
        }
    }
}

/// Every setting that can be written.
const SETTINGS: &[&str] = &[
    "optimizer",
    "batch",
    "epochs",
    "patience",
    "monitor",
    "seed",
    "loss",
    "shuffle",
    "drop_last",
    "clip_norm",
    "clip_value",
    "freeze",
    "groups",
    "starts",
    "tol",
];

/// Settings of the language that this version does not have.
const LATER: &[&str] = &["threads"];

impl Settings {
    /// The settings of the block chosen by name (the one without a name for `None`), then of `overrides`, whose
    /// entries win. Defaults where neither says anything.
    ///
    /// # Errors
    /// Every problem found in all blocks, also those not chosen. [`Settings::block_names`] tells which names exist;
    /// an unknown `chosen` name gives the defaults.
    pub fn new(
        program: &Program,
        blocks: &[Block],
        chosen: Option<&str>,
        overrides: &[Block],
    ) -> Result<Settings, Vec<Diagnostic>> {
        let mut problems = vec![];
        let mut settings = Settings::default();
        for (i, block) in blocks.iter().enumerate() {
            let name = block.name.as_ref().map(|n| n.text.as_str());
            let same = |b: &&Block| b.name.as_ref().map(|n| n.text.as_str()) == name;
            if let Some(first) = blocks[..i].iter().find(same) {
                problems.push(error::block_twice(span_of(block), name, span_of(first)));
            }
            let mut read = Settings::default();
            read.apply(program, block, &mut problems);
            if name == chosen {
                settings = read;
            }
        }
        for block in overrides {
            settings.apply(program, block, &mut problems);
        }
        let is_chosen = |b: &&Block| b.name.as_ref().map(|n| n.text.as_str()) == chosen;
        let read: Vec<&Block> = overrides.iter().rev().chain(blocks.iter().filter(is_chosen)).collect();
        settings.contradictions(program, &read, &mut problems);
        if problems.is_empty() { Ok(settings) } else { Err(problems) }
    }

    /// The names of the named blocks, in order.
    pub fn block_names(blocks: &[Block]) -> impl Iterator<Item = &str> {
        blocks.iter().filter_map(|b| b.name.as_ref().map(|n| n.text.as_str()))
    }

    /// Settings that do not go with the optimiser; the entries of `blocks` say where they stand, the first one first.
    fn contradictions(&self, program: &Program, blocks: &[&Block], problems: &mut Vec<Diagnostic>) {
        let entry = |key: &str| blocks.iter().flat_map(|b| &b.entries).find(|e| e.key.text == key);
        let entries: Vec<&Entry> = ["freeze", "groups"].into_iter().filter_map(entry).collect();
        problems.extend(groups::contradictions(program, &entries, self));
        let name = match self.optimizer {
            Optimizer::FirstOrder(_) => return,
            Optimizer::Lbfgs { .. } => "lbfgs",
            Optimizer::LevenbergMarquardt => "levenberg_marquardt",
        };
        let at = |key: &str| blocks.iter().flat_map(|b| &b.entries).find(|e| e.key.text == key).map(|e| e.key.span);
        let steps = "it finds the length of its steps itself, so they need no bound";
        let rows = "it compares losses of the same rows: leave `batch` out, or use `adam()`";
        for (key, given, help) in [
            ("batch", self.batch != Batch::All, rows),
            ("clip_norm", self.clip_norm.is_some(), steps),
            ("clip_value", self.clip_value.is_some(), steps),
            (
                "groups",
                !self.groups.is_empty(),
                "it finds one step for all params, so groups have no rates of their own",
            ),
        ] {
            if given {
                problems.push(error::not_with_optimizer(at(key).unwrap_or_default(), key, name, help));
            }
        }
    }

    fn apply(&mut self, program: &Program, block: &Block, problems: &mut Vec<Diagnostic>) {
        for (i, entry) in block.entries.iter().enumerate() {
            let key = entry.key.text.as_str();
            if let Some(first) = block.entries[..i].iter().find(|e| e.key.text == key) {
                problems.push(error::setting_twice(entry.key.span, key, first.key.span));
            } else if let Err(problem) = self.set(program, entry) {
                problems.push(*problem);
            }
        }
    }

    fn set(&mut self, program: &Program, entry: &Entry) -> Result<(), Box<Diagnostic>> {
        let key = entry.key.text.as_str();
        if LATER.contains(&key) {
            return Err(Box::new(error::not_available(entry.key.span, "setting", key)));
        }
        if !SETTINGS.contains(&key) || entry.port {
            return Err(Box::new(error::unknown_setting(entry.key.span, key, SETTINGS)));
        }
        let scope = Scope { extents: &program.graph.extents };
        let value = scope.value(&entry.value, key)?;
        let wrong = |expected: &str| Box::new(error::bad_value(value.span(), key, expected, &shown(&value)));
        let positive = || value.number().filter(|v| *v > 0.0 && v.is_finite()).ok_or_else(|| wrong("a number above 0"));
        let count = || {
            let whole = value.whole().filter(|v| *v >= 1);
            whole.map(|v| v as usize).ok_or_else(|| wrong("a whole number, 1 or more"))
        };
        let truth = || value.truth().ok_or_else(|| wrong("`true` or `false`"));
        match key {
            "optimizer" => (self.optimizer, self.schedule) = optimizer(&scope, &value)?,
            "batch" if value.name() == Some("all") => self.batch = Batch::All,
            "batch" => {
                let rows = value.whole().filter(|v| *v >= 1);
                self.batch = Batch::Rows(rows.ok_or_else(|| wrong("`all` or a whole number, 1 or more"))? as usize);
            }
            "epochs" => self.epochs = count()?,
            "patience" => self.patience = Some(count()?),
            "starts" => self.starts = count()?,
            "seed" => self.seed = value.whole().ok_or_else(|| wrong("a whole number, 0 or more"))?,
            "clip_norm" => self.clip_norm = Some(positive()?),
            "clip_value" => self.clip_value = Some(positive()?),
            "tol" => {
                let tol = value.number().filter(|v| *v >= 0.0 && v.is_finite());
                self.tol = Some(tol.ok_or_else(|| wrong("a number, 0 or more"))?);
            }
            "freeze" => self.freeze = groups::freeze(program, &value)?,
            "groups" => self.groups = groups::groups(program, &scope, &value)?,
            "shuffle" => self.shuffle = truth()?,
            "drop_last" => self.drop_last = truth()?,
            "loss" => {
                let name = value.name().ok_or_else(|| wrong("the name of a loss"))?;
                if program.value(ValueRole::Loss, name).is_none() {
                    return Err(Box::new(error::unknown_loss(value.span(), name, &names(program, &[ValueRole::Loss]))));
                }
                self.loss = Some(name.to_string());
            }
            _ => self.monitor = Some(monitor(program, &value)?),
        }
        Ok(())
    }

    /// The loss that these settings minimise.
    ///
    /// # Errors
    /// A diagnostic at `at` if the program has none, or several and none is chosen.
    pub fn loss<'p>(&self, program: &'p Program, at: Span) -> Result<&'p crate::graph::Value, Box<Diagnostic>> {
        let losses: Vec<_> = program.values_of(ValueRole::Loss).collect();
        match (&self.loss, losses.as_slice()) {
            (Some(name), _) => program
                .value(ValueRole::Loss, name)
                .ok_or_else(|| Box::new(error::unknown_loss(at, name, &names(program, &[ValueRole::Loss])))),
            (None, [only]) => Ok(only),
            (None, []) => Err(Box::new(error::no_loss(at))),
            (None, all) => {
                let spans: Vec<_> = all.iter().map(|v| (v.name.as_str(), v.span)).collect();
                Err(Box::new(error::several_losses(at, &spans)))
            }
        }
    }
}

/// Where a block is pointed at: its name, else its first key, else nowhere in particular.
fn span_of(block: &Block) -> Span {
    let key = block.entries.first().map(|e| e.key.span);
    block.name.as_ref().map(|n| n.span).or(key).unwrap_or_default()
}

fn names<'p>(program: &'p Program, roles: &[ValueRole]) -> Vec<&'p str> {
    program.values.iter().filter(|v| roles.contains(&v.role)).map(|v| v.name.as_str()).collect()
}

fn monitor(program: &Program, value: &Value) -> Result<Monitor, Box<Diagnostic>> {
    let roles = [ValueRole::Metric, ValueRole::Loss];
    let check = |name: &str, at: Span| {
        let known = names(program, &roles);
        if known.contains(&name) { Ok(()) } else { Err(Box::new(error::unknown_monitor(at, name, &known))) }
    };
    if let Some((function, argument)) = value.call_of_name().filter(|(f, _)| matches!(*f, "max" | "min")) {
        check(argument, value.span())?;
        return Ok(Monitor { name: argument.to_string(), larger_is_better: function == "max" });
    }
    let Some(name) = value.name() else { return Err(Box::new(error::not_a_monitor(value.span()))) };
    check(name, value.span())?;
    if program.value(ValueRole::Loss, name).is_some() {
        return Ok(Monitor { name: name.to_string(), larger_is_better: false });
    }
    Err(Box::new(error::monitor_direction(value.span(), name)))
}

#[cfg(test)]
mod tests {
    use super::super::{Course, FirstOrder};
    use super::*;
    use crate::graph::Value as ProgramValue;
    use crate::span::SourceMap;
    use crate::syntax::ast::StatementKind;

    /// A program with losses `fit` and `size`, a metric `accuracy` and a dim `B` of 16.
    fn program() -> Program {
        let mut program = Program::default();
        program.graph.extents.declare("B", Some(16));
        let node = program.graph.constant(0.0);
        for (role, name) in [(ValueRole::Loss, "fit"), (ValueRole::Loss, "size"), (ValueRole::Metric, "accuracy")] {
            program.values.push(ProgramValue { name: name.into(), role, node, axes: vec![], span: Span::default() });
        }
        program
    }

    fn read(text: &str) -> Result<Settings, Vec<(String, String)>> {
        let mut sources = SourceMap::default();
        let file = sources.add("<test>", text);
        let parsed = crate::syntax::parse(file, text);
        assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
        let blocks = parsed.ast.statements.into_iter().filter_map(|s| match s.kind {
            StatementKind::Train(block) => Some(block),
            _ => None,
        });
        Settings::new(&program(), &blocks.collect::<Vec<_>>(), None, &[]).map_err(|p| {
            p.iter().map(|d| (d.code.to_string(), sources.text(d.labels[0].span).trim_end().to_string())).collect()
        })
    }

    fn problem(text: &str) -> (String, String) {
        let mut problems = read(text).expect_err("must be refused");
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems.remove(0)
    }

    #[test]
    fn defaults_are_those_of_the_manual() {
        let defaults = read("").unwrap();
        let adam = FirstOrder::Adam { rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.0 };
        assert_eq!((defaults.optimizer, defaults.schedule), (adam.into(), Schedule::default()));
        assert_eq!((defaults.batch, defaults.epochs, defaults.seed, defaults.starts), (Batch::All, 100, 0, 1));
        assert!(defaults.shuffle && !defaults.drop_last && defaults.patience.is_none());
    }

    #[test]
    fn every_setting_is_read() {
        let settings = read(
            "train {\n loss = size\n optimizer = momentum(0.1, beta = 1/2)\n batch = 2 * B\n epochs = 7, patience = 3\n \
             monitor = max(accuracy)\n seed = 42\n shuffle = false, drop_last = true\n clip_norm = 1, clip_value = 2^-1\n \
             tol = 1e-6, starts = 3\n}",
        );
        let expected = Settings {
            loss: Some("size".into()),
            optimizer: FirstOrder::Momentum { rate: 0.1, beta: 0.5, nesterov: false }.into(),
            schedule: Schedule::default(),
            batch: Batch::Rows(32),
            epochs: 7,
            patience: Some(3),
            monitor: Some(Monitor { name: "accuracy".into(), larger_is_better: true }),
            seed: 42,
            shuffle: false,
            drop_last: true,
            clip_norm: Some(1.0),
            clip_value: Some(0.5),
            freeze: vec![],
            groups: vec![],
            starts: 3,
            trace_non_finite: false,
            tol: Some(1e-6),
        };
        assert_eq!(settings, Ok(expected));
    }

    #[test]
    fn optimisers_and_schedules_are_read() {
        let optimizer = |text: &str| {
            let settings = read(&format!("train {{ optimizer = {text} }}")).unwrap();
            (settings.optimizer, settings.schedule)
        };
        let constant = Schedule::default();
        let momentum = |beta, nesterov| FirstOrder::Momentum { rate: 0.1, beta, nesterov }.into();
        assert_eq!(optimizer("sgd(0.1)"), (FirstOrder::Descent { rate: 0.1 }.into(), constant));
        assert_eq!(optimizer("sgd(0.1, momentum = 0.5)"), (momentum(0.5, false), constant));
        assert_eq!(optimizer("sgd(0.1, momentum = 0.5, nesterov = true)"), (momentum(0.5, true), constant));
        assert_eq!(optimizer("nesterov(0.1)"), (momentum(0.9, true), constant));
        assert_eq!(optimizer("adagrad()"), (FirstOrder::Adagrad { rate: 0.01, epsilon: 1e-10 }.into(), constant));
        let rmsprop = FirstOrder::RmsProp { rate: 0.01, beta: 0.99, epsilon: 1e-8 };
        assert_eq!(optimizer("rmsprop()"), (rmsprop.into(), constant));
        let adadelta = FirstOrder::Adadelta { rate: 1.0, beta: 0.9, epsilon: 1e-6 };
        assert_eq!(optimizer("adadelta()"), (adadelta.into(), constant));
        let adamw = FirstOrder::Adam { rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.01 };
        assert_eq!(optimizer("adamw()"), (adamw.into(), constant));
        assert_eq!(optimizer("lbfgs(history = 5)"), (Optimizer::Lbfgs { history: 5 }, constant));
        let scheduled = |lr: &str| {
            let (optimizer, schedule) = optimizer(&format!("sgd(lr = {lr})"));
            assert_eq!(optimizer, FirstOrder::Descent { rate: 0.5 }.into(), "{lr}");
            schedule
        };
        let of = |warmup, course| Schedule { warmup, course };
        assert_eq!(scheduled("cosine(0.5, warmup = 500)"), of(500, Course::Cosine { end: 0.0 }));
        assert_eq!(scheduled("cosine(0.5, end = 0.05)"), of(0, Course::Cosine { end: 0.1 }));
        assert_eq!(scheduled("linear(0.5, end = 0.25)"), of(0, Course::Linear { end: 0.5 }));
        assert_eq!(scheduled("step(0.5, every = 30)"), of(0, Course::Step { every: 30, factor: 0.1 }));
        assert_eq!(scheduled("exponential(0.5, 0.99, warmup = B)"), of(16, Course::Exponential { factor: 0.99 }));
        assert_eq!(scheduled("constant(0.5, warmup = 3)"), of(3, Course::Constant));
    }

    #[test]
    fn the_chosen_block_counts_and_overrides_win() {
        let parse = |text: &str| {
            let parsed = crate::syntax::parse(crate::span::FileId(0), text);
            let blocks = parsed.ast.statements.into_iter().filter_map(|s| match s.kind {
                StatementKind::Train(block) => Some(block),
                _ => None,
            });
            blocks.collect::<Vec<_>>()
        };
        let blocks = parse("train { epochs = 1, seed = 5 }\ntrain quick { epochs = 2 }");
        let overrides = parse("train { epochs = 3 }");
        let read = |chosen, overrides: &[Block]| {
            let s = Settings::new(&program(), &blocks, chosen, overrides).unwrap();
            (s.epochs, s.seed)
        };
        assert_eq!(read(None, &[]), (1, 5));
        assert_eq!(read(Some("quick"), &[]), (2, 0));
        assert_eq!(read(None, &overrides), (3, 5));
        assert_eq!(Settings::block_names(&blocks).collect::<Vec<_>>(), ["quick"]);
    }

    #[test]
    fn impossible_values_are_refused_where_they_stand() {
        for (setting, at) in [
            ("batch = 0", "0"),
            ("batch = 2.5", "2.5"),
            ("batch = most", "most"),
            ("batch = 0..3", "0..3"),
            ("epochs = 1/2", "1/2"),
            ("epochs = -3", "-3"),
            ("epochs = inf", "inf"),
            ("patience = 0", "0"),
            ("seed = -1", "-1"),
            ("seed = 1e17", "1e17"),
            ("clip_norm = 0", "0"),
            ("clip_value = inf", "inf"),
            ("tol = -1", "-1"),
            ("shuffle = 1", "1"),
            ("loss = 3", "3"),
            ("optimizer = adam(lr = -1e-3)", "-1e-3"),
            ("optimizer = adam(lr = 0)", "0"),
            ("optimizer = momentum(0.1, beta = 1)", "1"),
            ("optimizer = adam(lr = shuffle)", "shuffle"),
            ("optimizer = adam(lr = cosine(0))", "0"),
            ("optimizer = adam(lr = cosine(0.1, warmup = 1.5))", "1.5"),
            ("optimizer = adam(lr = step(0.1, every = 0))", "0"),
            ("optimizer = adam(lr = exponential(0.1, 2))", "2"),
            ("optimizer = adam(lr = cosine(cosine(0.1)))", "cosine(0.1)"),
            ("optimizer = sgd(0.1, 0.9, nesterov = 1)", "1"),
            ("optimizer = lbfgs(history = 0)", "0"),
            ("starts = 0", "0"),
        ] {
            assert_eq!(problem(&format!("train {{ {setting} }}")), ("E0603".into(), at.into()), "{setting}");
        }
    }

    #[test]
    fn other_mistakes_have_their_codes() {
        for (block, code, at) in [
            ("train { epoch = 3 }", "E0601", "epoch"),
            ("train { lr = 3 }", "E0601", "lr"),
            ("train { epochs = 3, epochs = 3 }", "E0602", "epochs"),
            ("train { seed = 1 }\ntrain { seed = 2 }", "E0602", "seed"),
            ("train { threads = 3 }", "E0604", "threads"),
            ("train { optimizer = adm() }", "E0605", "adm"),
            ("train { optimizer = adam }", "E0605", "adam"),
            ("train { optimizer = 3 }", "E0605", "3"),
            ("train { optimizer = sgd() }", "E0606", "sgd()"),
            ("train { optimizer = sgd(0.1, 0.9, true, 1) }", "E0606", "1"),
            ("train { optimizer = sgd(0.1, nesterov = true) }", "E0606", "sgd(0.1, nesterov = true)"),
            ("train { optimizer = adam(lr = cosin(0.1)) }", "E0606", "cosin"),
            ("train { optimizer = adam(lr = step(0.1)) }", "E0606", "step(0.1)"),
            ("train { optimizer = adam(lr = cosine(0.1, wramup = 3)) }", "E0606", "wramup"),
            ("train { optimizer = lbfgs(lr = 0.1) }", "E0606", "lr"),
            ("train { optimizer = newton() }", "E0604", "newton"),
            ("train { optimizer = lbfgs(), batch = 3 }", "E0611", "batch"),
            ("train { optimizer = lbfgs(), clip_norm = 3 }", "E0611", "clip_norm"),
            ("train { optimizer = sgd(rate = 0.1) }", "E0606", "rate"),
            ("train { optimizer = sgd(0.1, lr = 0.1) }", "E0606", "0.1"),
            ("train { loss = fti }", "E0607", "fti"),
            ("train { monitor = accuracy }", "E0608", "accuracy"),
            ("train { monitor = max(accurcy) }", "E0608", "max(accurcy)"),
            ("train { monitor = 3 }", "E0608", "3"),
        ] {
            assert_eq!(problem(block), (code.into(), at.into()), "{block}");
        }
    }

    #[test]
    fn all_problems_are_reported() {
        let problems = read("train { epoch = 3, batch = 0, optimizer = adm() }").unwrap_err();
        assert_eq!(problems.iter().map(|p| p.0.as_str()).collect::<Vec<_>>(), ["E0601", "E0603", "E0605"]);
    }

    #[test]
    fn the_loss_is_found_or_its_absence_explained() {
        let at = Span::default();
        let settings = Settings { loss: Some("size".into()), ..Settings::default() };
        assert_eq!(settings.loss(&program(), at).unwrap().name, "size");
        assert_eq!(Settings::default().loss(&program(), at).unwrap_err().code, "E0607");
        assert_eq!(Settings::default().loss(&Program::default(), at).unwrap_err().code, "E0607");
    }
}
