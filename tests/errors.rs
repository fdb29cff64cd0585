//! Every diagnostic on a model that earns it.
//!
//! `tests/files/errors/NAME.nn` marks each line that a diagnostic is about with `//~ CODE` at its end (several codes
//! for several diagnostics); `NAME.out` holds the rendered text. `NNC_BLESS=1 cargo test --test errors` rewrites the
//! `.out` files and `docs/errors.md`, never the marks. Every page of the catalog must
//! be earned by a fixture, and by its own example if that can stand alone.

use nnc::data::{Overrides, Statistics};
use nnc::diag::{Diagnostic, Report, catalog, json, render};
use nnc::fit::{FitError, Settings, check_loss, fit, load};
use nnc::model::{Backend, Model, Options, Sampling, gradcheck};
use nnc::span::{FileId, SourceMap};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// What nnc says about a model: the one place that decides how much of the compiler the fixtures run.
fn diagnostics(sources: &mut SourceMap, file: FileId) -> Vec<Diagnostic> {
    // Imported files stand beside the fixtures.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/errors");
    let loader = |path: &str| std::fs::read_to_string(folder.join(path)).map_err(|_| "no such file".to_string());
    let mut lowered = nnc::lower::lower(sources, file, &loader);
    // `// with T = 3` in a model: the size that data would give to an open dim.
    let text = sources.file(file).text.clone();
    for (name, size) in text.lines().filter_map(|l| l.strip_prefix("// with ")?.split_once(" = ")) {
        let extents = &mut lowered.program.graph.extents;
        let at = extents.dims().iter().position(|d| d.name == name).unwrap();
        extents.fix(nnc::graph::DimId(at as u32), size.parse().unwrap());
    }
    let problems: Vec<Diagnostic> = lowered.diagnostics.iter().cloned().chain(lowered.check_sizes()).collect();
    if text.contains("// found by nnc gradcheck") {
        return problems.into_iter().chain(of_derivatives(&text)).collect();
    }
    if problems.iter().any(Diagnostic::is_error) || lowered.data.is_empty() && lowered.train.is_empty() {
        return problems;
    }
    problems.into_iter().chain(of_data_and_training(&text)).collect()
}

/// What comparing the derivative finds.
fn of_derivatives(text: &str) -> Vec<Diagnostic> {
    let model = Model::from_source(text).unwrap();
    let options = Options::gradient("loss");
    gradcheck(model.program(), &options, &[], &[], Sampling::default()).unwrap().wrong_rules
}

/// What is wrong with the blocks of a right model, with its data, in `tests/files/errors/data`, or with its training.
fn of_data_and_training(text: &str) -> Vec<Diagnostic> {
    // Relative, as messages show it: tests run in the folder of the package.
    let model = Model::from_bytes("main", text.as_bytes(), "tests/files/errors/data".into()).unwrap();
    let problems = |error: FitError| match error {
        FitError::Model(problems) => problems,
        FitError::Load(error) => vec![error.diagnostic()],
        FitError::NotFinite(problem) => vec![*problem],
        other => panic!("{other}\n{text}"),
    };
    let settings = match Settings::new(model.program(), model.train_blocks(), None, &[]) {
        Ok(settings) => settings,
        Err(problems) => return problems,
    };
    if !model.train_blocks().is_empty()
        && let Err(error) = check_loss(&model, &settings)
    {
        return problems(error);
    }
    let mut overrides = Overrides::default();
    if text.contains("// with no statistics") {
        overrides.statistics = Some(Statistics::default());
    }
    let (data, warnings) = match load(&model, &overrides, 0) {
        Ok(read) => read,
        Err(error) => return problems(error),
    };
    if !model.train_blocks().is_empty()
        && let Err(error) = fit(&model, &data, &settings, Backend::Interpreter, &mut (), &AtomicBool::new(false))
    {
        return problems(error);
    }
    warnings
}

fn check(name: &str, bytes: &[u8]) -> Report {
    let mut sources = SourceMap::default();
    let diagnostics = match nnc::syntax::decode(FileId(0), bytes) {
        Ok(text) => {
            let file = sources.add(name, text);
            diagnostics(&mut sources, file)
        }
        Err(problem) => {
            sources.add(name, problem.text);
            vec![problem.diagnostic]
        }
    };
    Report { sources, diagnostics }
}

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/errors");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "nn"));
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

/// `(line, code)` of every mark.
fn marks(text: &str) -> Vec<(usize, String)> {
    let mut marks = vec![];
    for (number, line) in text.lines().enumerate() {
        if let Some((_, codes)) = line.split_once("//~ ") {
            marks.extend(codes.split_whitespace().map(|code| (number + 1, code.to_string())));
        }
    }
    marks.sort();
    marks
}

fn found(report: &Report) -> Vec<(usize, String)> {
    let line = |problem: &Diagnostic| {
        problem
            .labels
            .first()
            .map_or(0, |label| report.sources.file(label.span.file).line_column(label.span.start).line)
    };
    let mut found: Vec<_> =
        report.diagnostics.iter().map(|problem| (line(problem), problem.code.to_string())).collect();
    found.sort();
    found
}

#[test]
fn fixtures_earn_their_diagnostics() {
    let bless = std::env::var_os("NNC_BLESS").is_some();
    let mut failures = vec![];
    for path in fixtures() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        let report = check(&name, &bytes);
        let rendered = report.to_string() + "\n";
        let marked = marks(&String::from_utf8_lossy(&bytes));
        let found = found(&report);
        if marked != found {
            failures.push(format!("{name}: marked {marked:?}, found {found:?}\n{rendered}"));
        }
        let out = path.with_extension("out");
        if bless {
            std::fs::write(&out, &rendered).unwrap();
        } else if std::fs::read_to_string(&out).unwrap_or_default() != rendered {
            failures.push(format!("{name}: the text differs from {}:\n{rendered}", out.display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Pages whose examples need more than themselves: other files, or weights; and what this version refuses, which is less
/// with every step.
const EXAMPLES_APART: &[&str] = &["E0211", "E0212", "E0216", "E0526"];

#[test]
fn every_code_is_earned() {
    let mut earned = BTreeSet::new();
    for path in fixtures() {
        let report = check("fixture", &std::fs::read(&path).unwrap());
        earned.extend(report.diagnostics.iter().map(|problem| problem.code));
    }
    assert!(earned.len() >= 60, "only {} codes have a fixture", earned.len());
    let mut wrong = vec![];
    for entry in catalog::all() {
        if let Some(fixed) = entry.fixed {
            let report = check("fixed", fixed.as_bytes());
            assert!(!report.has_errors(), "{}: the mended example fails:\n{report}", entry.code);
        }
        if !earned.contains(entry.code) {
            wrong.push(format!("{}: no fixture earns it", entry.code));
        }
        if entry.example.is_empty() || EXAMPLES_APART.contains(&entry.code) {
            continue;
        }
        let report = check("example", entry.example.as_bytes());
        let codes: Vec<_> = report.diagnostics.iter().map(|problem| problem.code).collect();
        if !codes.contains(&entry.code) {
            wrong.push(format!("{}: its example gives {codes:?}", entry.code));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_diagnostic_has_a_page() {
    for path in fixtures() {
        for problem in check("fixture", &std::fs::read(&path).unwrap()).diagnostics {
            assert!(catalog::entry(problem.code).is_some(), "{} has no page ({})", problem.code, path.display());
        }
    }
    // Constructors that no fixture reaches.
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diag/catalog")];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            for part in source.split("Diagnostic::new(").skip(1) {
                let code = part.trim_start().trim_start_matches('"').split('"').next().unwrap_or_default();
                if code.starts_with(['E', 'W']) && code.len() == 5 {
                    assert!(catalog::entry(code).is_some(), "{code} has no page");
                    count += 1;
                }
            }
        }
    }
    assert!(count > 20);
}

#[test]
fn pages_are_complete() {
    let mut seen = BTreeSet::new();
    for entry in catalog::all() {
        assert!(seen.insert(entry.code), "{} twice", entry.code);
        assert!(entry.code.len() == 5, "{}", entry.code);
        assert!(!entry.title.is_empty() && !entry.title.ends_with('.'), "{}", entry.code);
        let (words, lines) = (entry.explanation.split_whitespace().count(), entry.explanation.trim().lines().count());
        assert!(words >= 20 && lines <= 20, "{}: {words} words in {lines} lines of explanation", entry.code);
    }
    let sorted: Vec<_> = seen.iter().copied().collect();
    let errors: Vec<_> = catalog::all().map(|entry| entry.code).collect();
    assert_eq!(errors, sorted, "codes are listed in order");
}

#[test]
fn the_reference_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md");
    let text = catalog::reference();
    if std::env::var_os("NNC_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "docs/errors.md is stale: run `NNC_BLESS=1 cargo test --test errors`");
}

#[test]
fn short_and_json_forms_point_at_the_same_place() {
    let report = check("a.nn", "let κ = 2\nlet y = (κ\nlet z = 3\n".as_bytes());
    let short = render::short(&report);
    assert!(short.starts_with("a.nn:2:9: error[E0108]: "), "{short}");
    assert_eq!(short.lines().count(), 1);
    let json = json::report(&report);
    let label = &json[0]["labels"][0];
    assert_eq!(json[0]["code"], "E0108");
    assert_eq!(label["file"], "a.nn");
    // The second line starts at byte 11 because κ takes two.
    assert_eq!(label["start"], serde_json::json!({ "line": 2, "column": 9, "byte": 19 }));
    assert_eq!(label["end"], serde_json::json!({ "line": 2, "column": 10, "byte": 20 }));
}
