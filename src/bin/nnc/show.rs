//! `nnc show`: what a stage of the compiler makes of a model.

use crate::args::{Show, Stage};
use crate::console::Console;
use crate::failure::Failure;
use crate::{data, grad};
use nnc::graph::{NodeId, Program, ValueRole};
use nnc::model::{CompileTimings, Model, Options, Prepared, prepare};

/// Prints a stage.
pub fn show(console: &Console, args: &Show) -> Result<(), Failure> {
    let model = data::model(&args.file)?;
    console.warnings(&model, &[])?;
    let options = match model.program().values_of(ValueRole::Loss).next() {
        // Without a loss there is nothing to differentiate: the outputs are shown.
        None if args.derivative.of.is_none() => Options::default(),
        _ => grad::whole(&model, grad::options(&model, &args.derivative)?),
    };
    let precision = model.program().precision;
    let mut timings = CompileTimings::default();
    let text = match args.stage {
        Stage::Ast => ast(&model),
        Stage::Graph => lowered(model.program()),
        Stage::Grad => terms(&prepare(model.program(), &options, false)?),
        Stage::Simplified => {
            let prepared = prepare(model.program(), &options, true)?;
            timings = prepared.timings;
            modes(&prepared) + &terms(&prepared)
        }
        Stage::Plan => {
            let mut prepared = prepare(model.program(), &options, true)?;
            let plan = prepared.plan(precision);
            timings = prepared.timings;
            modes(&prepared) + &plan.to_string()
        }
        Stage::Clif => clif(&mut prepare(model.program(), &options, true)?, precision)?,
    };
    console.result(&text)?;
    console.timings(args.timings, &model, timings)
}

fn ast(model: &Model) -> String {
    let Some(file) = model.sources().files().first() else { return String::new() };
    let mut parsed = nnc::syntax::parse(nnc::span::FileId(0), &file.text).ast;
    nnc::syntax::strip_spans(&mut parsed);
    format!("{parsed:#?}\n")
}

fn lowered(program: &Program) -> String {
    let roots: Vec<(String, NodeId)> = program.values.iter().map(|v| (v.name.clone(), v.node)).collect();
    program.graph.show(&roots)
}

fn terms(prepared: &Prepared) -> String {
    use nnc::model::PortRole::{Gradient, Jacobian};
    let name = |t: &nnc::model::Target| match t.role {
        Gradient => format!("d{}", t.name),
        Jacobian => format!("Jacobian by {}", t.name),
        _ => t.name.clone(),
    };
    let roots: Vec<(String, NodeId)> = prepared.targets.iter().map(|t| (name(t), t.node)).collect();
    prepared.graph.show(&roots)
}

/// The modes that were chosen for whole Jacobians.
fn modes(prepared: &Prepared) -> String {
    use nnc::model::PortRole::{Hessian, Jacobian};
    let whole = prepared.targets.iter().filter(|t| matches!(t.role, Jacobian | Hessian));
    let line = |(t, mode): (&nnc::model::Target, &nnc::model::Mode)| format!("{} by {}: {mode} mode\n", t.role, t.name);
    whole.zip(&prepared.modes).map(line).collect()
}

#[cfg(feature = "jit")]
fn clif(prepared: &mut Prepared, precision: nnc::graph::Precision) -> Result<String, Failure> {
    nnc::jit::clif(&prepared.plan(precision)).map_err(|e| Failure::usage(e.to_string()))
}

#[cfg(not(feature = "jit"))]
fn clif(_: &mut Prepared, _: nnc::graph::Precision) -> Result<String, Failure> {
    Err(Failure::usage("this build of nnc has no code generator"))
}
