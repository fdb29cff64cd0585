//! `nnc grad`: the derivative of a loss, printed as a model.

use crate::args::{Derivative, Grad, GradForm};
use crate::console::Console;
use crate::data;
use crate::failure::Failure;
use nnc::fit::Settings;
use nnc::model::{DerivativeForm, Form, Model, Options};
use nnc::span::Span;
use serde_json::json;

/// Prints the derivative.
pub fn grad(console: &Console, args: &Grad) -> Result<(), Failure> {
    let model = data::model(&args.file)?;
    console.warnings(&model, &[])?;
    let gradient = options(&model, &args.derivative)?;
    let of = gradient.gradient_of.clone().unwrap_or_default();
    if args.steps {
        let text = model.derivative_steps(&gradient)?;
        return match console.json {
            true => console.event(&json!({ "event": "steps", "of": of, "text": text })),
            false => console.result(&text),
        };
    }
    let options = match args.order {
        1 => whole(&model, gradient),
        _ => Options { form: DerivativeForm::Hessian, ..gradient },
    };
    let (form, name) = match args.form {
        GradForm::Nn => (Form::Source, "nn"),
        GradForm::Text => (Form::Text, "text"),
        GradForm::Latex => (Form::Latex, "latex"),
        GradForm::Mathml => (Form::MathMl, "mathml"),
        GradForm::Dot => (Form::Dot, "dot"),
    };
    let (source, timings) = model.derivative_as(&options, form)?;
    if console.json {
        console
            .event(&json!({ "event": "derivative", "of": of, "order": args.order, "form": name, "source": source }))?;
    } else {
        console.result(&source)?;
    }
    console.timings(args.timings, &model, timings)
}

/// All derivatives of an array are its Jacobian.
pub fn whole(model: &Model, options: Options) -> Options {
    let of = options.gradient_of.as_deref().unwrap_or_default();
    match model.program().values.iter().any(|v| v.name == of && !v.axes.is_empty()) {
        true => Options { form: DerivativeForm::Jacobian, ..options },
        false => options,
    }
}

/// What is to be differentiated, with the loss of the `train` block by default.
pub fn options(model: &Model, args: &Derivative) -> Result<Options, Failure> {
    let of = match &args.of {
        Some(name) => name.clone(),
        None => {
            let settings = data::settings(model, None, &[])?;
            let loss = Settings::loss(&settings, model.program(), Span::default());
            loss.map_err(|problem| Failure::model(model.report(vec![*problem])))?.name.clone()
        }
    };
    let mut options = Options::gradient(of);
    options.training = args.training;
    Ok(if args.wrt.is_empty() { options } else { options.with_respect_to(args.wrt.clone()) })
}
