//! The `nnc` program: arguments, files, terminals. Everything it does is done by the library's public interface.

mod args;
mod check;
mod console;
mod data;
mod eval;
mod explain;
mod failure;
mod format;
mod grad;
mod gradcheck;
mod predict;
mod progress;
mod run;
mod show;

use args::{Cli, Command};
use clap::Parser;
use console::Console;
use failure::Failure;
use std::process::ExitCode;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or(String::new(), |l| format!(" at {}:{}", l.file(), l.line()));
        let what = panic.payload();
        let what = what.downcast_ref::<&str>().copied().or(what.downcast_ref::<String>().map(String::as_str));
        let text = format!(
            "\nThis is a bug in nnc, not in your model.\n\n  nnc {} on {}{place}\n  {}\n\n\
             Please report it: the lines above, the command, and the model (or a smaller one that does the same).\n",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::ARCH,
            what.unwrap_or("no message"),
        );
        let _ = std::io::Write::write_all(&mut std::io::stderr().lock(), text.as_bytes());
    }));
    let cli = Cli::parse();
    let console = Console::new(&cli.global);
    let outcome = std::panic::catch_unwind(|| dispatch(&console, cli.command));
    match outcome {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => {
            console.failure(&failure);
            ExitCode::from(failure.code())
        }
        // The hook has said everything.
        Err(_) => ExitCode::from(failure::BUG),
    }
}

fn dispatch(console: &Console, command: Command) -> Result<(), Failure> {
    match command {
        Command::Run(args) => run::run(console, &args),
        Command::Check(args) => check::check(console, &args),
        Command::Eval(args) => eval::eval(console, &args),
        Command::Predict(args) => predict::predict(console, &args),
        Command::Grad(args) => grad::grad(console, &args),
        Command::Gradcheck(args) => gradcheck::gradcheck(console, &args),
        Command::Show(args) => show::show(console, &args),
        Command::Fmt(args) => format::format(console, &args),
        Command::Explain(args) => explain::explain(console, &args),
    }
}
