//! `nnc gradcheck`: the derivative against finite differences and forward mode.

use crate::args::Gradcheck;
use crate::console::Console;
use crate::data::{self, Wanted};
use crate::failure::{Failure, WRONG};
use crate::grad;
use crate::progress::{json_number, number};
use nnc::fit::{Dataset, Split};
use nnc::model::{
    Check, GradientCheck, GradientCheckError, Model, Options, Sampling, dims_of_data, gradcheck as compare,
};
use serde_json::json;

/// Rows of the data that the comparison uses: few, because the interpreter takes part.
const ROWS: usize = 5;

/// Prints a line per param; fails if any difference is above the tolerance.
pub fn gradcheck(console: &Console, args: &Gradcheck) -> Result<(), Failure> {
    let model = data::model(&args.file)?;
    let options = grad::options(&model, &args.derivative)?;
    let mut none = Dataset::default();
    none.dims.extend(args.data.dim.iter().cloned());
    let set = match model.data_blocks() {
        [] => none,
        _ => data::read(console, &model, &args.data, args.seed, Wanted { all_rows: true, ..Wanted::default() })?,
    };
    let (given, dims) = point(&model, &set)?;
    let sampling = Sampling { seed: args.seed, points: args.points.into() };
    let mut failed = Ok(());
    for form in forms(&model, options)? {
        let result = compare(model.program(), &form.options, &given, &dims, sampling);
        let result = result.map_err(|e| match e {
            GradientCheckError::Compile(e) => e.into(),
            GradientCheckError::Call(e) => e.into(),
            other @ GradientCheckError::NotFinite { .. } => Failure::Message(other.to_string(), WRONG),
        })?;
        show(console, &form, &result, args.tol)?;
        // The other form is shown all the same.
        if failed.is_ok() {
            failed = verdict(&model, result, args.tol);
        }
    }
    failed
}

/// A form of the model: as it is used, or as it is in training.
struct Form {
    options: Options,
    /// For a heading, where there are both.
    title: Option<&'static str>,
}

/// Both forms if they differ in what is differentiated; the one in training alone if the options ask for it.
fn forms(model: &Model, options: Options) -> Result<Vec<Form>, Failure> {
    if options.training || !model.reads_training(&options)? {
        return Ok(vec![Form { options, title: None }]);
    }
    let training = Form { options: options.clone().training(), title: Some("in training") };
    Ok(vec![Form { options, title: Some("in use") }, training])
}

/// Prints the comparison.
fn show(console: &Console, form: &Form, result: &GradientCheck, tol: f64) -> Result<(), Failure> {
    if let Some(title) = form.title.filter(|_| !console.json) {
        console.result(&format!("{title}:\n"))?;
    }
    for check in &result.checks {
        let ok = ![check.differences, check.forward, check.interpreter].into_iter().any(|x| fails(x, tol));
        if console.json {
            let worst = &check.worst;
            console.event(&json!({
                "event": "gradcheck", "param": check.name, "shape": check.shape, "elements": check.elements,
                "differences": json_number(check.differences), "forward": json_number(check.forward),
                "interpreter": json_number(check.interpreter), "ulps": json_number(ulps(check.interpreter)),
                "worst": worst.indices, "reverse": json_number(worst.reverse),
                "forward_value": json_number(worst.forward), "difference": json_number(worst.difference),
                "interpreted": json_number(worst.interpreter), "point": worst.point,
                "beside_kink": worst.beside_kink, "training": form.options.training, "ok": ok,
            }))?;
        } else {
            console.result(&line(check, ok))?;
        }
    }
    if console.json {
        return Ok(());
    }
    let beside = match result.beside_kinks {
        0 => String::new(),
        n => format!(" and {n} beside a kink"),
    };
    console.result(&format!(
        "{} random point{}{beside}; central differences of fourth order, in double precision\n",
        result.random,
        if result.random == 1 { "" } else { "s" },
    ))
}

fn fails(x: f64, tol: f64) -> bool {
    x.is_nan() || x > tol
}

/// Whether the derivative is confirmed.
fn verdict(model: &Model, result: GradientCheck, tol: f64) -> Result<(), Failure> {
    if !fails(result.worst(), tol) {
        return Ok(());
    }
    if fails((result.value - result.interpreted).abs() / result.value.abs().max(1.0), tol) {
        let text = format!("the value is {} natively, {} by the interpreter", result.value, result.interpreted);
        return Err(Failure::Message(text, WRONG));
    }
    if !result.wrong_rules.is_empty() {
        return Err(Failure::model(model.report(result.wrong_rules)));
    }
    let text = format!("the derivative is not confirmed to {}", number(tol));
    Err(Failure::Message(text, WRONG))
}

/// A relative difference in units of the last place.
fn ulps(relative: f64) -> f64 {
    (relative / f64::EPSILON).round()
}

fn line(check: &Check, ok: bool) -> String {
    let shape = if check.shape.is_empty() { String::new() } else { format!("{:?}", check.shape) };
    let verdict = if ok { "ok" } else { "WRONG" };
    let mut text = format!(
        "{verdict:<6}{}{shape}: differences {} ({} elements), forward mode {} ({} ulps), interpreter {} ({} ulps)\n",
        check.name,
        number(check.differences),
        check.elements,
        number(check.forward),
        number(ulps(check.forward)),
        number(check.interpreter),
        number(ulps(check.interpreter)),
    );
    if !ok {
        let worst = &check.worst;
        let place: String = worst.indices.iter().map(|i| format!("[{i}]")).collect();
        let point = if worst.beside_kink { ", beside a kink" } else { "" };
        text.push_str(&format!(
            "      worst at {}{place}{point}: reverse {}, forward {}, differences {}, interpreter {}\n",
            check.name, worst.reverse, worst.forward, worst.difference, worst.interpreter
        ));
    }
    text
}

/// Values of inputs, by name.
type Given = Vec<(String, Vec<f64>)>;

/// The first rows of the data, as the point where derivatives are compared.
fn point(model: &Model, set: &Dataset) -> Result<(Given, Vec<(String, usize)>), Failure> {
    let rows = set.rows(Split::Train);
    // Rows of several tables point into each other, so none is left out.
    let several = set.fixed.iter().any(|f| f.rows.is_some());
    let rows = if several { rows } else { &rows[..rows.len().min(ROWS)] };
    let mut given: Given = vec![];
    for column in &set.columns {
        let all = column.values.to_f64();
        let values = rows.iter().flat_map(|r| &all[*r as usize * column.row..][..column.row]).copied();
        given.push((column.name.clone(), values.collect()));
    }
    given.extend(set.fixed.iter().map(|f| (f.name.clone(), f.values.to_f64())));
    let columns = set.columns.iter().map(|c| (c.name.as_str(), rows.len(), c.row));
    let tables = set.fixed.iter().filter_map(|f| Some((f.name.as_str(), f.rows?, f.row)));
    let sizes: Vec<(&str, usize, usize)> = columns.chain(tables).collect();
    let mut dims = dims_of_data(model.program(), &sizes)?;
    dims.extend(set.dims.iter().cloned());
    Ok((given, dims))
}
