//! The formatter: what it changes, what it keeps, and that it comes to rest.

use nnc::span::FileId;
use nnc::syntax::{WIDTH, format, parse, same_meaning};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::path::{Path, PathBuf};

fn formatted(text: &str) -> String {
    format(FileId(0), text).unwrap_or_else(|problems| panic!("{text}\n{problems:#?}"))
}

/// Formats; the result must say the same and be at rest.
fn checked(text: &str, place: &str) -> String {
    let once = formatted(text);
    assert!(same_meaning(text, &once), "{place}: the meaning changed\n{text}\n---\n{once}");
    let twice = formatted(&once);
    assert!(once == twice, "{place}: not at rest\n{once}\n---\n{twice}");
    once
}

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = vec![];
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") && !path.ends_with(".git") {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The `.nn` files of the repository that are programs of right syntax, and the blocks of its pages.
fn programs() -> Vec<(String, String)> {
    let mut programs = vec![];
    for path in ["examples", "std", "tests/files"].iter().flat_map(|folder| files(folder, "nn")) {
        if let Ok(text) = std::fs::read_to_string(&path) {
            programs.push((path.display().to_string(), text));
        }
    }
    for path in files("docs", "md").into_iter().chain([Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")]) {
        let page = std::fs::read_to_string(&path).unwrap();
        for (number, block) in page.split("\n```nn").skip(1).enumerate() {
            let (_, block) = block.split_once('\n').unwrap();
            let text = block.split("\n```").next().unwrap();
            programs.push((format!("{} block {number}", path.display()), text.to_string() + "\n"));
        }
    }
    programs.retain(|(_, text)| !parse(FileId(0), text).diagnostics.iter().any(|problem| problem.is_error()));
    programs
}

#[test]
fn every_program_of_the_repository_keeps_its_meaning() {
    let programs = programs();
    assert!(programs.len() > 60, "only {} programs", programs.len());
    for (place, text) in programs {
        checked(&text, &place);
    }
}

/// Files whose places are marked, or whose form is what they test, are left as they are.
#[test]
fn the_files_of_the_repository_are_in_the_style() {
    let mut wrong = vec![];
    for path in ["examples", "std", "tests/files/programs", "tests/files/parse"].iter().flat_map(|f| files(f, "nn")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let style = formatted(&text);
        if style != text {
            if std::env::var_os("NNC_BLESS").is_some() {
                std::fs::write(&path, style).unwrap();
            } else {
                wrong.push(path.display().to_string());
            }
        }
    }
    assert!(wrong.is_empty(), "run `nnc fmt` on {wrong:#?}");
}

#[test]
fn lines_fit_where_they_can() {
    for (place, text) in programs() {
        for line in checked(&text, &place).lines() {
            let code = line.split("//").next().unwrap_or("");
            assert!(code.trim_end().chars().count() <= WIDTH, "{place}: {line}");
        }
    }
}
