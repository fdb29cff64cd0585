//! `nnc fmt`: files in the one style.

use crate::args::Format;
use crate::console::Console;
use crate::failure::{Failure, WRONG};
use nnc::diag::Report;
use nnc::model::atomic_file;
use nnc::span::{FileId, SourceMap};
use nnc::syntax;
use std::io::Read;
use std::path::Path;

/// Formats all files, or says which are not formatted. A file that cannot be read as a program is left alone; the others
/// are done all the same.
pub fn format(console: &Console, args: &Format) -> Result<(), Failure> {
    let mut worst = 0;
    for file in &args.files {
        let outcome = if file == Path::new("-") { stdin(console, args.check) } else { one(console, file, args.check) };
        if let Err(failure) = outcome {
            console.failure(&failure);
            worst = worst.max(failure.code());
        }
    }
    if worst == 0 { Ok(()) } else { Err(Failure::Said(worst)) }
}

fn one(console: &Console, file: &Path, check: bool) -> Result<(), Failure> {
    let name = file.display().to_string();
    let bytes = std::fs::read(file).map_err(|e| Failure::usage(format!("cannot read {name}: {e}")))?;
    let text = formatted(&name, &bytes)?;
    if text.as_bytes() == bytes {
        return Ok(());
    }
    if check {
        return differs(console, &name);
    }
    atomic_file::write(file, text.as_bytes()).map_err(|e| Failure::usage(format!("cannot write {name}: {e}")))?;
    if console.json {
        return console.event(&serde_json::json!({ "event": "formatted", "file": name }));
    }
    console.say(&format!("formatted {name}"));
    Ok(())
}

/// Standard input goes to standard output.
fn stdin(console: &Console, check: bool) -> Result<(), Failure> {
    let mut bytes = vec![];
    let read = std::io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|e| Failure::usage(format!("cannot read standard input: {e}")))?;
    let text = formatted("<stdin>", &bytes)?;
    match check {
        false => console.result(&text),
        true if text.as_bytes() == bytes => Ok(()),
        true => differs(console, "<stdin>"),
    }
}

fn formatted(name: &str, bytes: &[u8]) -> Result<String, Failure> {
    let mut sources = SourceMap::default();
    match syntax::decode(FileId(0), bytes) {
        Ok(text) => {
            let file = sources.add(name, text);
            syntax::format(file, text).map_err(|diagnostics| Failure::model(Report { sources, diagnostics }))
        }
        Err(not_text) => {
            sources.add(name, not_text.text);
            Err(Failure::model(Report { sources, diagnostics: vec![not_text.diagnostic] }))
        }
    }
}

/// Names a file that is not in the style.
fn differs(console: &Console, name: &str) -> Result<(), Failure> {
    if console.json {
        console.event(&serde_json::json!({ "event": "not_formatted", "file": name }))?;
    } else {
        console.result(&format!("{name}\n"))?;
    }
    Err(Failure::Said(WRONG))
}
