//! Habits that are easy to lose: floors, file lengths, module headers, reasons for `unsafe` and for dependencies, and
//! generated pages that are fresh.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = vec![];
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(root()).unwrap().to_path_buf(), text));
            }
        }
    }
    found.sort();
    found
}

/// The part of a file before its unit tests.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

/// Module, floor, and modules of its own floor that it may read.
const FLOORS: &[(&str, u8, &[&str])] = &[
    ("span", 0, &[]),
    ("kernel", 0, &[]),
    ("random", 0, &[]),
    ("diag", 1, &[]),
    ("prim", 1, &[]),
    ("syntax", 2, &[]),
    ("graph", 2, &[]),
    ("rule", 3, &[]),
    ("interp", 3, &[]),
    ("lower", 4, &["pass"]),
    ("pass", 4, &[]),
    ("notation", 4, &[]),
    ("plan", 4, &[]),
    ("jit", 4, &["plan"]),
    ("data", 5, &[]),
    ("model", 5, &[]),
    ("fit", 5, &["data", "model"]),
];

/// The top-level modules that a text reads, with the line.
fn reads(text: &str) -> Vec<(String, usize)> {
    let mut found = vec![];
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for rest in line.split("crate::").skip(1) {
            let heads = match rest.strip_prefix('{') {
                Some(list) => list.split(',').map(|part| part.trim().to_string()).collect(),
                None => vec![rest.to_string()],
            };
            for head in heads {
                let name: String = head.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                found.push((name, number + 1));
            }
        }
    }
    found
}

#[test]
fn modules_read_lower_floors_only() {
    let floors: BTreeMap<&str, (u8, &[&str])> = FLOORS.iter().map(|f| (f.0, (f.1, f.2))).collect();
    let mut checked = 0;
    for (path, text) in rust_files("src") {
        let module = path.iter().nth(1).unwrap().to_str().unwrap().trim_end_matches(".rs").to_string();
        if module == "bin" {
            continue;
        }
        let Some((floor, peers)) = floors.get(module.as_str()) else {
            assert_eq!(module, "lib", "{} has no floor", path.display());
            continue;
        };
        for (other, line) in reads(without_tests(&text)) {
            let Some((lower, _)) = floors.get(other.as_str()) else { continue };
            let fine = other == module || lower < floor || peers.contains(&other.as_str());
            assert!(fine, "{}:{line}: `{module}` reads `{other}`, which is not below it", path.display());
            checked += 1;
        }
    }
    assert!(checked > 200, "only {checked} uses found");
}

#[test]
fn libraries_stay_where_they_belong() {
    for (path, text) in rust_files("src") {
        let inside = |folder: &str| path.starts_with(folder);
        let code = without_tests(&text);
        assert!(inside("src/syntax") || !code.contains("pest::"), "{} names pest", path.display());
        assert!(inside("src/jit") || !code.contains("cranelift"), "{} names Cranelift", path.display());
    }
}

#[test]
fn files_are_short_and_say_what_they_are() {
    for (path, text) in rust_files("src") {
        let length = text.lines().count();
        let is_table = path.ends_with("prim/table.rs");
        assert!(length <= 600 || is_table, "{} has {length} lines", path.display());
        assert!(text.starts_with("//!"), "{} does not say what it is", path.display());
    }
}

#[test]
fn nothing_is_left_for_later() {
    for (path, text) in rust_files("src") {
        for word in ["todo!(", "unimplemented!(", "dbg!(", "FIXME", "XXX"] {
            assert!(!text.contains(word), "{} contains {word}", path.display());
        }
    }
}

#[test]
fn unsafe_code_is_where_it_may_be_and_has_reasons() {
    for (path, text) in rust_files("src") {
        let allowed = path.starts_with("src/jit") || path.starts_with("src/kernel");
        let lines: Vec<&str> = text.lines().collect();
        for (i, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            if !code.contains("unsafe {") && !code.contains("unsafe impl") {
                continue;
            }
            assert!(allowed, "{}:{}: unsafe code does not belong here", path.display(), i + 1);
            let reason = lines[i.saturating_sub(8)..=i].iter().any(|l| l.contains("SAFETY"));
            assert!(reason, "{}:{}: no SAFETY reason", path.display(), i + 1);
        }
    }
}

#[test]
fn dependencies_have_reasons() {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let mut inside = false;
    let mut reason = false;
    let mut count = 0;
    for line in text.lines() {
        if line.starts_with('[') {
            // A header of its own may carry the reason.
            inside = line.contains("dependencies");
            reason &= line.starts_with("[target");
        } else if line.is_empty() {
            reason = false;
        } else if line.starts_with('#') {
            reason = true;
        } else if inside && line.contains('=') {
            assert!(reason, "no reason above `{line}`");
            count += 1;
        }
    }
    assert!(count > 10);
}

#[test]
fn the_project_speaks_of_itself_alone() {
    let mut texts = rust_files("src");
    texts.extend(rust_files("tests").into_iter().filter(|(path, _)| !path.ends_with("tidy.rs")));
    for (path, text) in texts {
        for word in ["/root/", "/home/", "/tmp/"] {
            assert!(!text.contains(word), "{} contains {word}", path.display());
        }
    }
    let changes = std::fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    assert!(changes.contains("\n## "), "CHANGELOG.md has no heading");
}

#[test]
fn the_primitive_reference_is_fresh() {
    let path = root().join("docs/primitives.md");
    let text = nnc::prim::reference();
    if std::env::var_os("NNC_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "docs/primitives.md is stale: run `NNC_BLESS=1 cargo test --test tidy`");
}

/// The page of the library that is written in nnc: each function and layer with its documentation, from the files themselves.
fn std_reference() -> String {
    let mut page = String::from(
        "# The standard library\n\nWritten in nnc; its files stand in [std/](../std) and read like this page. What is in scope everywhere needs \
         no import; the rest is imported by the name of its file: `import std.layers (Dense)`, or `import std.dist` and then `dist.normal(x)`. \
         This page is generated from the files.\n",
    );
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join("std")).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        page.push_str(&format!("\n## std.{}\n\n", file.file_stem().unwrap().to_str().unwrap()));
        let opening = text.lines().take_while(|l| l.starts_with("// ")).map(|l| &l[3..]);
        page.push_str(&opening.collect::<Vec<_>>().join("\n"));
        page.push('\n');
        let mut doc: Vec<&str> = vec![];
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("/// ") {
                doc.push(rest);
                continue;
            }
            if (line.starts_with("fn ") || line.starts_with("layer ")) && !doc.is_empty() {
                // The `=` behind the signature, not one in it.
                let closed = |at: &usize| line[..*at].matches('(').count() == line[..*at].matches(')').count();
                let end = line.match_indices(" = ").map(|(at, _)| at).find(closed);
                let head = end.map_or(line, |at| &line[..at]).trim_end_matches(" {").trim_end_matches(" =");
                page.push_str(&format!("\n### `{head}`\n{}\n", doc.join("\n")));
            }
            doc.clear();
        }
    }
    page
}

#[test]
fn the_page_of_the_library_is_fresh() {
    let path = root().join("docs/std.md");
    let text = std_reference();
    if std::env::var_os("NNC_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "docs/std.md is stale: run `NNC_BLESS=1 cargo test --test tidy`");
}

/// The walk-through of docs/adding-a-primitive.md: the row has every column it needs, its texts compile, and they agree
/// with the closed form.
#[test]
fn the_row_of_the_walk_through_is_right() {
    use nnc::graph::{Graph, NodeId, PortKind};
    use nnc::interp::{Bindings, evaluate};
    use nnc::rule::{Env, Template};

    let page = std::fs::read_to_string(root().join("docs/adding-a-primitive.md")).unwrap();
    let row = page.split("```row\n").nth(1).unwrap().split("```").next().unwrap();
    for column in ["///", "name: \"cosh\"", "eval: Eval::One(f64::cosh)", "domain:"] {
        assert!(row.contains(column), "the row has no {column}");
    }
    let text_after = |key: &str| row.split(key).nth(1).unwrap().split('"').nth(1).unwrap().to_string();
    let (vjp, expansion) = (text_after("Vjp::Text("), text_after("Lower::Expand("));

    let mut g = Graph::new();
    let port = g.declare_port("x", PortKind::Real, &[]);
    let (x, one) = (g.port(port), g.constant(1.0));
    let mut build = |text: &str| -> NodeId {
        let env = Env { nodes: vec![("x", x), ("ct", one), ("out", x)], ..Env::default() };
        Template::new(text).unwrap().build(&mut g, &env).unwrap()
    };
    let (value, slope) = (build(&expansion), build(&vjp));
    for at in [-3.0, -0.5, 0.0, 0.25, 2.0] {
        let bindings = Bindings { ports: [(port, vec![at])].into_iter().collect(), dims: vec![] };
        let found = evaluate(&g, &bindings, &[(value, &[]), (slope, &[])]).unwrap();
        assert!((found[0][0] - f64::cosh(at)).abs() <= 1e-14 * f64::cosh(at));
        assert!((found[1][0] - f64::sinh(at)).abs() <= 1e-14 * f64::cosh(at));
    }
    // One row, one place: nothing but the table names its functions.
    for (path, text) in rust_files("src") {
        let names_sinh = without_tests(&text).contains("\"sinh\"") || without_tests(&text).contains("Prim::Sinh");
        let may = path.ends_with("prim/table.rs") || path.starts_with("src/kernel");
        assert!(!names_sinh || may, "{} names sinh, whose row says everything", path.display());
    }
}

/// Every model of the repository is as `nnc fmt` writes it, but those that are wrong on purpose. `NNC_BLESS=1` formats them.
#[test]
fn models_are_in_the_one_style() {
    let mut folders: Vec<PathBuf> = ["examples", "std", "tests"].iter().map(|f| root().join(f)).collect();
    let (mut wrong, mut count) = (vec![], 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.extend((!path.ends_with("files/errors")).then_some(path));
            } else if path.extension().is_some_and(|e| e == "nn") {
                let text = std::fs::read_to_string(&path).unwrap();
                let style = nnc::syntax::format(nnc::span::FileId(0), &text);
                let style = style.unwrap_or_else(|problems| panic!("{}: {problems:#?}", path.display()));
                count += 1;
                if style != text && std::env::var_os("NNC_BLESS").is_some() {
                    std::fs::write(&path, style).unwrap();
                } else if style != text {
                    wrong.push(path.display().to_string());
                }
            }
        }
    }
    assert!(wrong.is_empty(), "run `nnc fmt` on {wrong:#?}");
    assert!(count > 40, "only {count} models found");
}
