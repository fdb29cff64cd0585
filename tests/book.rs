//! Every `nn` block of the documents: it compiles without errors, or fails with the code that its fence names.

use nnc::lower::lower;
use nnc::span::SourceMap;
use std::path::{Path, PathBuf};

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = vec![root.join("README.md")];
    let entries = std::fs::read_dir(root.join("docs")).unwrap();
    found.extend(entries.map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "md")));
    // The examples of the reference of errors are checked in `errors.rs`, which gives imports their files.
    found.retain(|p| !p.ends_with("errors.md"));
    found.sort();
    found
}

/// `(fence, text, line)` of each fenced block whose language is `nn`.
fn blocks(text: &str) -> Vec<(String, String, usize)> {
    let mut out = vec![];
    let mut open: Option<(String, String, usize)> = None;
    for (i, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(fence)) => open = Some((fence.trim().to_string(), String::new(), i + 1)),
            (Some(_), Some(_)) => out.extend(open.take()),
            (Some((_, body, _)), None) => {
                body.push_str(line);
                body.push('\n');
            }
            (None, None) => {}
        }
    }
    out.retain(|(fence, ..)| fence.split_whitespace().next() == Some("nn"));
    out
}

#[test]
fn every_block_does_what_it_says() {
    let mut checked = 0;
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        for (fence, body, line) in blocks(&text) {
            let place = format!("{}:{line}", path.display());
            let mut sources = SourceMap::default();
            let file = sources.add(place.clone(), body);
            let lowered = lower(&mut sources, file, &|path| Err(format!("no file {path}")));
            let codes: Vec<&str> = lowered.diagnostics.iter().filter(|d| d.is_error()).map(|d| d.code).collect();
            match fence.split_once("fails(").map(|f| f.1.trim_end_matches(')')) {
                Some(code) => assert!(codes.contains(&code), "{place}: expected {code}, found {codes:?}"),
                None => assert!(codes.is_empty(), "{place}: {:#?}", lowered.diagnostics),
            }
            checked += 1;
        }
    }
    assert!(checked >= 8, "only {checked} blocks found");
}
