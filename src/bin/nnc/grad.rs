//! `nnc grad`: the derivative of a loss, printed as a model.

use crate::args::{Derivative, Grad};
use crate::console::Console;
use crate::data;
use crate::failure::Failure;
use nnc::fit::Settings;
use nnc::model::{Model, Options};
use nnc::span::Span;
use serde_json::json;

/// Prints the derivative.
pub fn grad(console: &Console, args: &Grad) -> Result<(), Failure> {
    let model = data::model(&args.file)?;
    console.warnings(&model, &[])?;
    let options = options(&model, &args.derivative)?;
    let (source, timings) = model.derivative(&options)?;
    if console.json {
        console.event(&json!({ "event": "derivative", "of": options.gradient_of, "source": source }))?;
    } else {
        console.result(&source)?;
    }
    console.timings(args.timings, &model, timings)
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
    let options = Options::gradient(of);
    Ok(if args.wrt.is_empty() { options } else { options.with_respect_to(args.wrt.clone()) })
}
