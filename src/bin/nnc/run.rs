//! `nnc run`: fit, save, judge.

use crate::args::Run;
use crate::console::Console;
use crate::data::{self, Wanted};
use crate::eval;
use crate::failure::{Failure, INTERRUPTED};
use crate::progress::Progress;
use nnc::fit::{Fitted, Outcome, Settings, check_loss, evaluate, fit, load_starts};
use nnc::model::{Backend, Weights};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Fits the params of a model, writes the weights, prints losses and metrics.
pub fn run(console: &Console, args: &Run) -> Result<(), Failure> {
    let model = data::model(&args.file)?;
    let settings = settings(&model, args)?;
    check_loss(&model, &settings).map_err(|e| Failure::of_fit(&model, e))?;
    let path = data::weights_path(&args.file, args.out.as_deref(), "--out")?;
    // Before a training that may take hours.
    Weights::check_writable(&path)?;
    let mut set = data::read(console, &model, &args.data, settings.seed, Wanted::default())?;
    load_starts(&model, &mut set).map_err(|e| Failure::of_fit(&model, e))?;
    let backend = if args.interpreter { Backend::Interpreter } else { Backend::Auto };
    let stop = stop_flag()?;
    let mut progress = Progress::new(console);
    let outcome = fit(&model, &set, &settings, backend, &mut progress, &stop);
    progress.finish();
    let fitted = outcome.map_err(|e| Failure::of_fit(&model, e))?;
    if fitted.steps == 0 {
        console.say("stopped before the first step; no weights are written");
        return Err(Failure::Said(INTERRUPTED));
    }
    fitted.weights.save(&path)?;
    told(console, &fitted, &path)?;
    let evaluations = evaluate(&model, &set, &fitted.weights, backend).map_err(|e| Failure::of_fit(&model, e))?;
    eval::show(console, &evaluations, false)?;
    console.timings(args.timings, &model, progress.timings)?;
    if fitted.outcome == Outcome::Interrupted { Err(Failure::Said(INTERRUPTED)) } else { Ok(()) }
}

fn settings(model: &nnc::model::Model, args: &Run) -> Result<Settings, Failure> {
    let mut given = vec![];
    for (key, value) in [("epochs", &args.epochs), ("batch", &args.batch), ("seed", &args.seed)] {
        given.extend(value.iter().map(|v| (key.to_string(), v.clone())));
    }
    for text in &args.set {
        given.push(data::key_value(text)?);
    }
    let mut settings = data::settings(model, args.train.as_deref(), &given)?;
    if let Some(rate) = args.lr {
        if !(rate > 0.0 && rate.is_finite()) {
            return Err(Failure::usage(format!("`--lr` must be a number above 0; this is {rate}")));
        }
        let message = "`--lr` is given, but the optimiser finds the length of its steps itself";
        settings.optimizer = settings.optimizer.with_rate(rate).ok_or_else(|| Failure::usage(message))?;
    }
    settings.trace_non_finite = args.trace_nan;
    Ok(settings)
}

/// A flag that Ctrl-C sets; a second Ctrl-C ends the process at once.
fn stop_flag() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    let handler = move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(INTERRUPTED));
        }
    };
    ctrlc::set_handler(handler).map_err(|e| Failure::usage(format!("cannot watch for Ctrl-C: {e}")))?;
    Ok(stop)
}

/// Says how the run ended and where the weights are.
fn told(console: &Console, fitted: &Fitted, path: &Path) -> Result<(), Failure> {
    let Fitted { outcome, epochs, steps, best_epoch, .. } = fitted;
    if console.json {
        let outcome = match outcome {
            Outcome::Finished => "finished",
            Outcome::Patience => "patience",
            Outcome::Converged => "converged",
            Outcome::Interrupted => "interrupted",
        };
        return console.event(&json!({
            "event": "end", "outcome": outcome, "epochs": epochs, "steps": steps, "best_epoch": best_epoch,
            "start": fitted.start,
            "starts": fitted.values.iter().map(|v| crate::progress::json_number(*v)).collect::<Vec<_>>(),
            "weights": path.display().to_string(),
        }));
    }
    if fitted.values.len() > 1 {
        let values: Vec<String> = fitted.values.iter().map(|v| crate::progress::number(*v)).collect();
        console.say(&format!("the starts came to {}; start {} is kept", values.join(", "), fitted.start));
    }
    let kept = best_epoch.map_or(String::new(), |e| format!("; the weights are those of epoch {e}"));
    let why = match outcome {
        Outcome::Finished => "finished".to_string(),
        Outcome::Patience => "stopped: no better value for some time".to_string(),
        Outcome::Converged => "converged".to_string(),
        Outcome::Interrupted => "interrupted".to_string(),
    };
    let count = |n: u64, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
    console.say(&format!("{why} after {}, {}{kept}", count(*epochs as u64, "epoch"), count(*steps, "step")));
    console.say(&format!("weights in {}", path.display()));
    Ok(())
}
