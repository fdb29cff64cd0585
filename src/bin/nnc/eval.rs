//! `nnc eval`: losses and metrics of a fitted model; and the table of them that `run` ends with.

use crate::args::Eval;
use crate::console::Console;
use crate::data::{self, Wanted};
use crate::failure::Failure;
use crate::progress::{number, scores};
use nnc::fit::{Evaluation, evaluate};
use nnc::model::Backend;
use serde_json::json;

/// Prints losses and metrics on every part of the data.
pub fn eval(console: &Console, args: &Eval) -> Result<(), Failure> {
    let model = data::model(&args.file)?;
    let path = data::weights_path(&args.file, args.weights.weights.as_deref(), "--weights")?;
    let (weights, statistics, extents) = data::weights(console, &model, &path)?;
    let seed: Vec<(String, String)> = args.weights.seed.iter().map(|s| ("seed".into(), s.clone())).collect();
    let settings = data::settings(&model, None, &seed)?;
    // Other data than the model's own are not split: all of them are looked at.
    let all_rows = !args.data.data.is_empty();
    let wanted = Wanted { all_rows, ports: None, fitted: Some((statistics, extents)) };
    let set = data::read(console, &model, &args.data, settings.seed, wanted)?;
    let backend = if args.weights.interpreter { Backend::Interpreter } else { Backend::Auto };
    let evaluations = evaluate(&model, &set, &weights, backend).map_err(|e| Failure::of_fit(&model, e))?;
    if evaluations.is_empty() {
        return Err(Failure::usage("the model has neither a loss nor a metric"));
    }
    show(console, &evaluations, all_rows)
}

/// Prints a table: a line per part, a column per loss or metric.
pub fn show(console: &Console, evaluations: &[Evaluation], all_rows: bool) -> Result<(), Failure> {
    let name = |e: &Evaluation| match e.split {
        _ if all_rows => "all".to_string(),
        Some(split) => split.to_string(),
        None => "model".into(),
    };
    if console.json {
        for e in evaluations {
            let event = json!({ "event": "scores", "part": name(e), "rows": e.rows, "scores": scores(&e.scores) });
            console.event(&event)?;
        }
        return Ok(());
    }
    let Some(first) = evaluations.first() else { return Ok(()) };
    let mut head = vec!["".to_string(), "rows".to_string()];
    head.extend(first.scores.iter().map(|s| s.name.clone()));
    let mut lines = vec![head];
    for e in evaluations {
        let rows = if e.split.is_some() { e.rows.to_string() } else { String::new() };
        let mut line = vec![name(e), rows];
        line.extend(e.scores.iter().map(|s| number(s.value)));
        lines.push(line);
    }
    let columns = lines[0].len();
    let width = |c: usize| lines.iter().map(|l| l[c].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let cells: Vec<String> = line
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(i, (cell, w))| {
                let gap = w - cell.chars().count();
                if i == 0 { format!("{cell}{:gap$}", "") } else { format!("{:gap$}{cell}", "") }
            })
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    console.result(&text)
}
