//! The command line, as clap reads it.

use clap::{Args, Parser, Subcommand, ValueEnum};
use nnc::diag::catalog;
use std::path::PathBuf;

/// Compiles a small mathematical language: models and losses in, native forward and gradient functions out.
#[derive(Debug, Parser)]
#[command(name = "nnc", version, max_term_width = 100, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// When to use colours on the terminal.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    pub color: Color,
    /// How problems of the model are shown.
    #[arg(long, global = true, value_name = "FORMAT", default_value = "full", help_heading = "Output")]
    pub diagnostic_format: DiagnosticFormat,
    /// Write results and events to standard output as JSON, one object per line.
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,
    /// Do not show a warning, such as W1003, or any `warnings`. May be repeated.
    #[arg(long, global = true, value_name = "CODE", value_parser = lint, help_heading = "Output")]
    pub allow: Vec<String>,
    /// Make a warning, such as W1003, or all `warnings`, an error. May be repeated.
    #[arg(long, global = true, value_name = "CODE", value_parser = lint, help_heading = "Output")]
    pub deny: Vec<String>,
}

/// What stands for all codes in `--allow` and `--deny`.
pub const ALL_WARNINGS: &str = "warnings";

/// For commands that compile.
#[derive(Clone, Copy, Debug, Args)]
pub struct Timings {
    /// Show how long each stage of compilation took.
    #[arg(long, help_heading = "Output")]
    pub timings: bool,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    Always,
    Never,
}

/// How problems are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiagnosticFormat {
    /// With the source lines.
    Full,
    /// One line each.
    Short,
    /// One JSON object each.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fit the params of a model to its data.
    Run(Run),
    /// Check models without running them, and show their shapes.
    Check(Check),
    /// Losses and metrics of a fitted model.
    Eval(Eval),
    /// Outputs of a fitted model, as CSV.
    Predict(Predict),
    /// Print the derivative of a loss, as a model that compiles again.
    Grad(Grad),
    /// Compare the derivative with finite differences and with forward mode.
    Gradcheck(Gradcheck),
    /// Show what a stage of the compiler makes of a model.
    Show(Show),
    /// Rewrite files in the one style.
    Fmt(Format),
    /// Explain the code of a problem, such as E0301.
    Explain(Explain),
}

/// Where data come from.
#[derive(Debug, Args)]
pub struct DataArgs {
    /// Read these data instead of the block's `file`. NAME is the name of the block, if it has one.
    #[arg(long, value_name = "[NAME=]PATH")]
    pub data: Vec<String>,
    /// Set the size of an open dim.
    #[arg(long, value_name = "NAME=SIZE", value_parser = dim)]
    pub dim: Vec<(String, usize)>,
}

/// `nnc run`
#[derive(Debug, Args)]
pub struct Run {
    /// The model; `-` reads standard input.
    pub file: PathBuf,
    #[command(flatten)]
    pub timings: Timings,
    #[command(flatten)]
    pub data: DataArgs,
    /// Where the weights go: a file, or a folder for MODEL.safetensors. [default: beside the model]
    #[arg(short, long, value_name = "PATH")]
    pub out: Option<PathBuf>,
    /// The named `train` block to use.
    #[arg(long, value_name = "NAME")]
    pub train: Option<String>,
    /// How often to go through the training rows.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub epochs: Option<String>,
    /// Rows per step, or `all`.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub batch: Option<String>,
    /// Seed of the split, of initial values and of the order of rows.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub seed: Option<String>,
    /// The rate of the optimiser.
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    pub lr: Option<f64>,
    /// Set any key of the `train` block: --set 'optimizer=sgd(lr = 0.1)'.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Use the reference interpreter instead of native code.
    #[arg(long)]
    pub interpreter: bool,
    /// If a value becomes infinite or NaN, also show the way from there to the loss.
    #[arg(long)]
    pub trace_nan: bool,
}

/// `nnc check`
#[derive(Debug, Args)]
pub struct Check {
    /// The models; `-` reads standard input.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub timings: Timings,
}

/// Which weights a model is used with.
#[derive(Debug, Args)]
pub struct WeightsArgs {
    /// The fitted weights. [default: MODEL.safetensors beside the model]
    #[arg(short, long, value_name = "PATH")]
    pub weights: Option<PathBuf>,
    /// Seed of the split. Must be that of the run that made the weights.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub seed: Option<String>,
    /// Use the reference interpreter instead of native code.
    #[arg(long)]
    pub interpreter: bool,
}

/// `nnc eval`
#[derive(Debug, Args)]
pub struct Eval {
    /// The model; `-` reads standard input.
    pub file: PathBuf,
    #[command(flatten)]
    pub weights: WeightsArgs,
    #[command(flatten)]
    pub data: DataArgs,
}

/// `nnc predict`
#[derive(Debug, Args)]
pub struct Predict {
    /// The model; `-` reads standard input.
    pub file: PathBuf,
    #[command(flatten)]
    pub weights: WeightsArgs,
    #[command(flatten)]
    pub data: DataArgs,
    /// Only this output. May be repeated.
    #[arg(long, value_name = "NAME")]
    pub output: Vec<String>,
    /// Which rows.
    #[arg(long, value_name = "PART", default_value = "all")]
    pub rows: Rows,
    /// Write to this file instead of standard output.
    #[arg(short, long, value_name = "PATH")]
    pub out: Option<PathBuf>,
}

/// Which rows of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Rows {
    All,
    Train,
    Validation,
    Test,
}

/// What is differentiated.
#[derive(Debug, Args)]
pub struct Derivative {
    /// The real number to differentiate. [default: the loss]
    #[arg(long, value_name = "NAME")]
    pub of: Option<String>,
    /// A param, input or target to differentiate with respect to. May be repeated. [default: all params]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub wrt: Vec<String>,
    /// The model as it is in training: `training` is true. [default: as it is in use; gradcheck compares both]
    #[arg(long)]
    pub training: bool,
}

/// `nnc grad`
#[derive(Debug, Args)]
pub struct Grad {
    /// The model; `-` reads standard input.
    pub file: PathBuf,
    #[command(flatten)]
    pub timings: Timings,
    #[command(flatten)]
    pub derivative: Derivative,
    /// First derivatives, or second ones: the blocks of the Hessian.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    pub order: u8,
    /// How it is written.
    #[arg(long = "as", value_name = "FORM", default_value = "nn")]
    pub form: GradForm,
    /// Show how the gradient comes about: the chain rule, step by step.
    #[arg(long, conflicts_with_all = ["order", "form"])]
    pub steps: bool,
}

/// How a derivative is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GradForm {
    /// A model, which compiles again.
    Nn,
    /// Plain text with the signs of mathematics.
    Text,
    /// An `align*` environment, for `amsmath`.
    Latex,
    /// A `math` element, for browsers.
    Mathml,
    /// The graph, for Graphviz.
    Dot,
}

/// `nnc gradcheck`
#[derive(Debug, Args)]
pub struct Gradcheck {
    /// The model; `-` reads standard input.
    pub file: PathBuf,
    #[command(flatten)]
    pub derivative: Derivative,
    #[command(flatten)]
    pub data: DataArgs,
    /// The largest relative difference that passes.
    #[arg(long, value_name = "X", default_value_t = 1e-6)]
    pub tol: f64,
    /// Seed of the points and of the elements that are compared.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// How many random points, and at most how many beside kinks.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    pub points: u16,
}

/// `nnc show`
#[derive(Debug, Args)]
pub struct Show {
    /// The model; `-` reads standard input.
    pub file: PathBuf,
    #[command(flatten)]
    pub timings: Timings,
    /// The stage.
    #[arg(long, value_name = "STAGE", default_value = "simplified")]
    pub stage: Stage,
    #[command(flatten)]
    pub derivative: Derivative,
}

/// A stage of the compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// The tree of the text.
    Ast,
    /// The graph as lowered.
    Graph,
    /// With derivatives, before simplification.
    Grad,
    /// In canonical, stable and cheapest form.
    Simplified,
    /// The kernels, with their cost.
    Plan,
    /// Cranelift's intermediate code.
    Clif,
}

/// `nnc fmt`
#[derive(Debug, Args)]
pub struct Format {
    /// The models; `-` reads standard input and writes standard output.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Change nothing: print the names of files that are not in the style, and fail if there are any.
    #[arg(long)]
    pub check: bool,
}

/// `nnc explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// The code, such as E0301. [default: a list of all codes]
    pub code: Option<String>,
    /// List all codes, as without a code.
    #[arg(long, conflicts_with = "code")]
    pub all: bool,
}

/// `N=100`
fn dim(text: &str) -> Result<(String, usize), String> {
    let (name, size) = text.split_once('=').ok_or("write NAME=SIZE")?;
    match size.trim().parse() {
        Ok(size) if size >= 1 => Ok((name.trim().to_string(), size)),
        _ => Err(format!("`{size}` is not a whole number, 1 or more")),
    }
}

/// `W1003` or `warnings`
fn lint(text: &str) -> Result<String, String> {
    let code = text.to_uppercase();
    if text == ALL_WARNINGS {
        return Ok(text.to_string());
    }
    match catalog::entry(&code) {
        Some(_) if code.starts_with('W') => Ok(code),
        Some(_) => Err(format!("{code} is an error, not a warning")),
        None => {
            Err(format!("write the code of a warning, such as W1003, or `{ALL_WARNINGS}`; `nnc explain` lists them"))
        }
    }
}
