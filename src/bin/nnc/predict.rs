//! `nnc predict`: outputs of a fitted model as CSV.

use crate::args::{Predict, Rows};
use crate::console::Console;
use crate::data::{self, Wanted};
use crate::failure::Failure;
use crate::progress::json_number;
use nnc::fit::{Split, data_spec, predict as outputs_of};
use nnc::graph::ValueRole;
use nnc::model::{Backend, Model, NamedValue, Options, PortRole, Values, atomic_file};
use std::fmt::Write;

/// Writes a line per row and a column per element of each output.
pub fn predict(console: &Console, args: &Predict) -> Result<(), Failure> {
    let model = data::model(&args.file)?;
    let names = names(&model, &args.output)?;
    if let Some(path) = &args.out {
        let cannot = |e: std::io::Error| Failure::usage(format!("cannot write `{}`: {e}", path.display()));
        atomic_file::check(path).map_err(cannot)?;
    }
    let path = data::weights_path(&args.file, args.weights.weights.as_deref(), "--weights")?;
    let (weights, statistics, extents) = data::weights(console, &model, &path)?;
    let seed: Vec<(String, String)> = args.weights.seed.iter().map(|s| ("seed".into(), s.clone())).collect();
    let settings = data::settings(&model, None, &seed)?;
    let wanted = Wanted {
        all_rows: args.rows == Rows::All,
        ports: Some(ports(&model, &names)?),
        fitted: Some((statistics, extents)),
    };
    let set = data::read(console, &model, &args.data, settings.seed, wanted)?;
    let rows = match args.rows {
        Rows::All | Rows::Train => set.rows(Split::Train),
        Rows::Validation => set.rows(Split::Validation),
        Rows::Test => set.rows(Split::Test),
    };
    if set.count > 0 && rows.is_empty() {
        return Err(Failure::usage("the data have no rows of that part"));
    }
    let backend = if args.weights.interpreter { Backend::Interpreter } else { Backend::Auto };
    let values = outputs_of(&model, &set, &weights, &names, rows, backend).map_err(|e| Failure::of_fit(&model, e))?;
    let text = table(console.json, &values)?;
    match &args.out {
        None => console.result(&text),
        Some(path) => atomic_file::write(path, text.as_bytes())
            .map_err(|e| Failure::usage(format!("cannot write `{}`: {e}", path.display()))),
    }
}

/// The outputs to compute.
fn names(model: &Model, given: &[String]) -> Result<Vec<String>, Failure> {
    let known: Vec<&str> = model.program().values_of(ValueRole::Output).map(|v| v.name.as_str()).collect();
    if known.is_empty() {
        return Err(Failure::usage("the model has no output; add one, for example `output p`"));
    }
    for name in given {
        if !known.contains(&name.as_str()) {
            let near = nnc::diag::catalog::nearest(name, known.iter().copied());
            let hint = near.map_or(String::new(), |n| format!("; did you mean `{n}`?"));
            return Err(Failure::usage(format!("the model has no output `{name}`{hint}")));
        }
    }
    Ok(if given.is_empty() { known.iter().map(ToString::to_string).collect() } else { given.to_vec() })
}

/// The ports of the `data` block that the outputs need: predictions have no labels.
fn ports(model: &Model, names: &[String]) -> Result<Vec<String>, Failure> {
    let spec = data_spec(model).map_err(|problems| Failure::model(model.report(problems)))?;
    let function = model.compile(&Options::values(names.to_vec()).backend(Backend::Interpreter))?;
    let read = |port: &str| function.signature().inputs.iter().any(|p| p.role != PortRole::Param && p.name == port);
    Ok(spec.filled().filter(|port| read(port)).map(Into::into).collect())
}

/// The values as one table. Their first axes are the lines, which must be equally many; single numbers are repeated.
fn table(json: bool, values: &[NamedValue]) -> Result<String, Failure> {
    let mut lines = values.iter().filter_map(|v| v.shape.first().map(|n| (*n, &v.name)));
    let (count, first) = lines.next().unzip();
    let count = count.unwrap_or(1);
    if let (Some(first), Some((other, name))) = (first, lines.find(|(n, _)| *n != count)) {
        return Err(Failure::usage(format!(
            "`{first}` has {count} lines and `{name}` has {other}; choose outputs of one length with `--output`"
        )));
    }
    let mut text = String::new();
    if json {
        for line in 0..count {
            let row: serde_json::Map<_, _> = values
                .iter()
                .map(|v| (v.name.clone(), nested(v, line_of(v, line), v.shape.get(1..).unwrap_or(&[]))))
                .collect();
            let _ = writeln!(text, "{}", serde_json::Value::from(row));
        }
        return Ok(text);
    }
    let heads: Vec<String> = values.iter().flat_map(heads).collect();
    let _ = writeln!(text, "{}", heads.join(","));
    for line in 0..count {
        let mut first = true;
        for value in values {
            let width = value.shape.iter().skip(1).product::<usize>();
            let line = line_of(value, line);
            for at in line * width..(line + 1) * width {
                if !first {
                    text.push(',');
                }
                first = false;
                let _ = match &value.values {
                    Values::F32(v) => write!(text, "{}", v[at]),
                    Values::F64(v) => write!(text, "{}", v[at]),
                    Values::Index(v) => write!(text, "{}", v[at]),
                    Values::Bool(v) => write!(text, "{}", v[at]),
                };
            }
        }
        text.push('\n');
    }
    Ok(text)
}

/// Which part of a value stands in a line: a single number is all there is.
fn line_of(value: &NamedValue, line: usize) -> usize {
    if value.shape.is_empty() { 0 } else { line }
}

/// Column names: `p`, `p[0]`, `p[0][1]`.
fn heads(value: &NamedValue) -> Vec<String> {
    let mut names = vec![value.name.clone()];
    for size in value.shape.iter().skip(1) {
        names = names.iter().flat_map(|n| (0..*size).map(move |i| format!("{n}[{i}]"))).collect();
    }
    names
}

/// One line of a value as JSON: a number, or arrays within each other.
fn nested(value: &NamedValue, at: usize, shape: &[usize]) -> serde_json::Value {
    let Some((size, rest)) = shape.split_first() else {
        return match &value.values {
            Values::F32(v) => json_number(f64::from(v[at])),
            Values::F64(v) => json_number(v[at]),
            Values::Index(v) => v[at].into(),
            Values::Bool(v) => (v[at] != 0).into(),
        };
    };
    (0..*size).map(|i| nested(value, at * size + i, rest)).collect::<Vec<_>>().into()
}
