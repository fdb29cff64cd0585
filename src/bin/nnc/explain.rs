//! `nnc explain`: the page of a code.

use crate::args::Explain;
use crate::console::Console;
use crate::failure::Failure;
use nnc::diag::catalog::{self, CodeEntry};

/// Prints the page of a code, or the list of all.
pub fn explain(console: &Console, args: &Explain) -> Result<(), Failure> {
    let Some(code) = &args.code else {
        let pages: String = catalog::all().map(|entry| line(console, entry)).collect();
        return console.result(&pages);
    };
    let code = code.to_uppercase();
    let Some(entry) = catalog::entry(&code) else {
        let near = catalog::nearest(&code, catalog::all().map(|e| e.code));
        let hint = near.map_or("`nnc explain` lists them".to_string(), |n| format!("did you mean {n}?"));
        return Err(Failure::usage(format!("there is no code `{}`; {hint}", catalog::shown(&code))));
    };
    if console.json {
        return console.result(&line(console, entry));
    }
    let mut page =
        format!("{}: {}\n\n{}\n\nFor example, this does not work:\n\n", entry.code, entry.title, entry.explanation);
    page.push_str(&indented(entry.example));
    if let Some(fixed) = entry.fixed {
        page.push_str("\nand this does:\n\n");
        page.push_str(&indented(fixed));
    }
    console.result(&page)
}

fn line(console: &Console, entry: &CodeEntry) -> String {
    if !console.json {
        return format!("{}  {}\n", entry.code, entry.title);
    }
    let CodeEntry { code, title, explanation, example, fixed } = entry;
    let page = serde_json::json!({
        "code": code, "title": title, "explanation": explanation, "example": example, "fixed": fixed,
    });
    format!("{page}\n")
}

fn indented(text: &str) -> String {
    text.lines().map(|l| format!("    {l}\n")).collect()
}
