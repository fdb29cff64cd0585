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
    for path in ["examples", "std", "tests"].iter().flat_map(|folder| files(folder, "nn")) {
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

#[test]
fn lines_fit_where_they_can() {
    for (place, text) in programs() {
        for line in checked(&text, &place).lines() {
            let code = line.split("//").next().unwrap_or("");
            assert!(code.trim_end().chars().count() <= WIDTH, "{place}: {line}");
        }
    }
}

/// Every space and line end that means nothing is drawn anew.
#[test]
fn any_layout_comes_to_rest() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for (place, text) in programs() {
        for turn in 0..3 {
            let mixed = relaid(&text, &mut rng);
            checked(&mixed, &format!("{place}, layout {turn}"));
        }
    }
}

/// The text with other spaces, and inside round and square brackets with line ends and comments; texts, comments and
/// what stands in braces stay.
fn relaid(text: &str, rng: &mut ChaCha8Rng) -> String {
    let (mut out, mut open, mut rest) = (String::new(), vec![], text);
    while let Some(c) = rest.chars().next() {
        let protected = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if c == '"' {
            1 + rest[1..].find('"').map_or(0, |end| end + 1)
        } else {
            0
        };
        if protected > 0 {
            out.push_str(&rest[..protected]);
            rest = &rest[protected..];
            continue;
        }
        match c {
            '(' | '[' | '{' => open.push(c),
            ')' | ']' | '}' => {
                open.pop();
            }
            _ => {}
        }
        let loose = c == ' ' && !out.ends_with(['\n', ' ']);
        match rng.next_u32() % 8 {
            0 if loose => out.push_str("   "),
            1 if loose && matches!(open.last(), Some('(' | '[')) => out.push('\n'),
            2 if loose && matches!(open.last(), Some('(' | '[')) => out.push_str(" // why\n\n\n "),
            _ => out.push(c),
        }
        rest = &rest[c.len_utf8()..];
    }
    out
}

#[test]
fn the_style() {
    for (given, wanted) in [
        ("let y=a*x+b\n", "let y = a * x + b\n"),
        ("let y = f ( x , 2 ) [ 0 ]\n", "let y = f(x, 2)[0]\n"),
        ("let y = x ^ 2 - - x\n", "let y = x^2 - -x\n"),
        ("let y = A ' @ x[ 1 .. T ]\n", "let y = A' @ x[1..T]\n"),
        ("let y = x[2 * H .. 3 * H, f(1+2)..T-1]\n", "let y = x[2*H..3*H, f(1 + 2)..T-1]\n"),
        ("let y = sum[t in 1 .. T - 1](x[t - 1])\n", "let y = sum[t in 1..T-1](x[t - 1])\n"),
        ("let y = [i,j]=>x[i]*x[j]\n", "let y = [i, j] => x[i] * x[j]\n"),
        ("loss(a-3)^2", "loss (a - 3)^2\n"),
        ("\n\nlet a = 1\n\n\n\nlet b = 2\n\n", "let a = 1\n\nlet b = 2\n"),
        ("\u{feff}let a = 1\r\nlet b = 2 // two\r\n", "let a = 1\nlet b = 2 // two\n"),
        ("let y = (\na\n      + b)\n", "let y = (\n  a\n    + b\n)\n"),
        ("let y = { let z = 1\nz }\n", "let y = {\n  let z = 1\n  z\n}\n"),
        ("train { epochs = 3, seed=1 }\n", "train { epochs = 3, seed = 1 }\n"),
        ("let a =    1 // one\nlet bc =   2 // two\n", "let a =  1 // one\nlet bc = 2 // two\n"),
        (
            "input  x\ntarget y   // labels\nparam  a   // slope\n",
            "input  x\ntarget y   // labels\nparam  a   // slope\n",
        ),
        ("// one\n\n// two\nlet a = 1 // three\n", "// one\n\n// two\nlet a = 1 // three\n"),
        ("", ""),
        ("// only this", "// only this\n"),
    ] {
        assert_eq!(checked(given, given), wanted, "{given}");
    }
}

#[test]
fn wide_lines_are_broken_where_they_hold_together_least() {
    let long: String = (0..14).map(|i| format!("argument_{i}, ")).collect();
    let call = checked(&format!("let y = f({})\n", long.trim_end_matches(", ")), "a call");
    assert!(call.lines().count() >= 3 && call.lines().all(|line| line.len() <= WIDTH), "{call}");
    let branches = format!("let y = if {c} > 0 then {c} else {c}\n", c = "some_rather_long_name_of_a_value_here");
    let broken = checked(&branches, "branches");
    let begins: Vec<&str> = broken.lines().map(|line| line.split_whitespace().next().unwrap_or("")).collect();
    assert_eq!(begins, ["let", "else"], "{broken}");
}

#[test]
fn a_wrong_file_is_not_formatted() {
    assert!(format(FileId(0), "let y = (\n").is_err());
    assert!(!same_meaning("let y = a * b\n", "let y = a @ b\n"));
    assert!(!same_meaning("let y = a // one\n", "let y = a // two\n"));
}
