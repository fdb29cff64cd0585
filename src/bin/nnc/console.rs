//! What the program says and where: results on standard output, everything else on standard error.

use crate::args::{ALL_WARNINGS, Color, DiagnosticFormat, Global, Timings};
use crate::failure::{Failure, WRONG};
use nnc::diag::{Diagnostic, Report, Severity, json, render};
use nnc::model::{CompileTimings, Model};
use std::io::{self, ErrorKind, IsTerminal, Write};

/// How to talk to the user.
#[derive(Clone, Debug)]
pub struct Console {
    format: DiagnosticFormat,
    colour: bool,
    /// Results and events as JSON.
    pub json: bool,
    /// Whether standard error is a terminal.
    pub terminal: bool,
    allow: Vec<String>,
    deny: Vec<String>,
}

impl Console {
    /// As the options say.
    pub fn new(global: &Global) -> Console {
        let stderr = io::stderr();
        let colour = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => anstream::AutoStream::choice(&stderr) != anstream::ColorChoice::Never,
        };
        Console {
            format: global.diagnostic_format,
            colour,
            json: global.json,
            terminal: stderr.is_terminal(),
            allow: global.allow.clone(),
            deny: global.deny.clone(),
        }
    }

    /// Problems without the warnings that are allowed, and with those that are denied as errors. A code that is named
    /// counts before `warnings`, and denying before allowing.
    fn judged(&self, problems: &[Diagnostic]) -> Vec<Diagnostic> {
        let has = |list: &[String], code: &str| list.iter().any(|c| c == code);
        let judge = |problem: &Diagnostic| {
            let code = problem.code;
            if problem.is_error() {
                return Some(problem.clone());
            }
            if has(&self.deny, code) || has(&self.deny, ALL_WARNINGS) && !has(&self.allow, code) {
                return Some(Diagnostic { severity: Severity::Error, ..problem.clone() });
            }
            (!has(&self.allow, code) && !has(&self.allow, ALL_WARNINGS)).then(|| problem.clone())
        };
        problems.iter().filter_map(judge).collect()
    }

    /// Writes results. A reader that went away is no error.
    pub fn result(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
            Err(e) => Err(Failure::usage(format!("cannot write to standard output: {e}"))),
            Ok(()) => Ok(()),
        }
    }

    /// Writes one event as a line of JSON.
    pub fn event(&self, event: &serde_json::Value) -> Result<(), Failure> {
        self.result(&format!("{event}\n"))
    }

    /// Says something on standard error; nothing if events are wanted.
    pub fn say(&self, text: &str) {
        if !self.json {
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// Shows problems; says how many are errors.
    pub fn report(&self, report: &Report) -> usize {
        let report = &Report { sources: report.sources.clone(), diagnostics: self.judged(&report.diagnostics) };
        let errors = report.diagnostics.iter().filter(|d| d.is_error()).count();
        if self.json {
            for problem in &report.diagnostics {
                let mut event = json::diagnostic(&report.sources, problem);
                event["event"] = "diagnostic".into();
                let _ = self.event(&event);
            }
            return errors;
        }
        let text = match self.format {
            DiagnosticFormat::Full => render::full(report, self.colour),
            DiagnosticFormat::Short => render::short(report),
            DiagnosticFormat::Json => {
                let lines = report.diagnostics.iter().map(|d| format!("{}\n", json::diagnostic(&report.sources, d)));
                lines.collect()
            }
        };
        let _ = io::stderr().lock().write_all(text.as_bytes());
        errors
    }

    /// Shows the warnings of a model; fails if one of them is denied.
    pub fn warnings(&self, model: &Model, more: &[Diagnostic]) -> Result<(), Failure> {
        let all: Vec<Diagnostic> = model.warnings().iter().chain(more).cloned().collect();
        if self.report(&model.report(all)) > 0 { Err(Failure::Said(WRONG)) } else { Ok(()) }
    }

    /// Shows why a command failed.
    pub fn failure(&self, failure: &Failure) {
        match failure {
            Failure::Problems(report, _) => {
                let errors = self.report(report);
                if self.format == DiagnosticFormat::Full && errors > 1 {
                    self.say(&format!("{errors} errors"));
                }
            }
            Failure::Message(text, code) if self.json => {
                let _ = self.event(&serde_json::json!({ "event": "error", "message": text, "exit": code }));
            }
            Failure::Message(text, _) => {
                let head = if self.colour { "\x1b[1;31merror\x1b[0m" } else { "error" };
                let _ = writeln!(io::stderr().lock(), "{head}: {text}");
            }
            Failure::Said(_) => {}
        }
    }

    /// Shows how long each stage took, if that was asked for.
    pub fn timings(&self, asked: Timings, model: &Model, timings: CompileTimings) -> Result<(), Failure> {
        if !asked.timings {
            return Ok(());
        }
        let timings = model.with_parsing(timings);
        let stages = [
            ("parse", timings.parse),
            ("lower", timings.lower),
            ("differentiate", timings.differentiate),
            ("simplify", timings.simplify),
            ("plan", timings.plan),
            ("codegen", timings.codegen),
            ("total", timings.total()),
        ];
        // Stages that this command does not have took no time at all.
        let stages = stages.into_iter().filter(|(_, d)| !d.is_zero());
        let ms = |d: std::time::Duration| d.as_secs_f64() * 1e3;
        if self.json {
            let stages: serde_json::Map<_, _> = stages.map(|(n, d)| (n.to_string(), ms(d).into())).collect();
            return self.event(&serde_json::json!({ "event": "timings", "milliseconds": stages }));
        }
        for (name, duration) in stages {
            self.say(&format!("{name:<14}{:>9.3} ms", ms(duration)));
        }
        Ok(())
    }
}
