//! `nnc check`: everything that can be said about a model without running it.

use crate::args::{Check, Timings};
use crate::console::Console;
use crate::data;
use crate::failure::Failure;
use nnc::fit::{Settings, data_spec};
use nnc::model::{CompileTimings, Model};
use std::fmt::Write;
use std::path::Path;

/// Checks all files; shows the ports and values of those that are right.
pub fn check(console: &Console, args: &Check) -> Result<(), Failure> {
    let mut worst = 0;
    for file in &args.files {
        if let Err(failure) = one(console, file, args.timings) {
            console.failure(&failure);
            worst = worst.max(failure.code());
        }
    }
    if worst == 0 { Ok(()) } else { Err(Failure::Said(worst)) }
}

fn one(console: &Console, file: &Path, timings: Timings) -> Result<(), Failure> {
    let model = data::model(file)?;
    let mut problems = vec![];
    if let Err(found) = Settings::new(model.program(), model.train_blocks(), None, &[]) {
        problems.extend(found);
    }
    // A model without a `data` block gets its data from a host.
    if !model.data_blocks().is_empty()
        && let Err(found) = data_spec(&model)
    {
        problems.extend(found);
    }
    if !problems.is_empty() {
        problems.splice(0..0, model.warnings().iter().cloned());
        return Err(Failure::model(model.report(problems)));
    }
    console.warnings(&model, &[])?;
    let name = file.display().to_string();
    if console.json {
        console.event(&described(&model, &name))?;
    } else {
        console.result(&text(&model, &name))?;
    }
    console.timings(timings, &model, CompileTimings::default())
}

/// A line per port and value: role, name, type.
fn lines(model: &Model) -> Vec<(String, String, String)> {
    let ports = model.ports().into_iter().chain(model.values());
    ports.map(|p| (p.role.to_string(), p.name.clone(), p.type_text())).collect()
}

fn text(model: &Model, name: &str) -> String {
    let lines = lines(model);
    let width = lines.iter().map(|(role, name, _)| role.len() + name.chars().count()).max().unwrap_or(0);
    let mut text = format!("{name}: ok\n");
    for (role, name, type_text) in &lines {
        let gap = width - role.len() - name.chars().count();
        let _ = writeln!(text, "  {role} {name}{:gap$}  {type_text}", "");
    }
    text
}

fn described(model: &Model, name: &str) -> serde_json::Value {
    let lines: Vec<_> = lines(model)
        .into_iter()
        .map(|(role, name, ty)| serde_json::json!({ "role": role, "name": name, "type": ty }))
        .collect();
    serde_json::json!({ "event": "checked", "file": name, "ports": lines })
}
