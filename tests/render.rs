//! Diagnostics as text: the expected texts are written by hand.

use nnc::diag::{Diagnostic, Report, render};
use nnc::span::{FileId, SourceMap, Span};

fn report(files: &[(&str, &str)], problem: Diagnostic) -> Report {
    let mut sources = SourceMap::default();
    for (name, text) in files {
        sources.add(*name, *text);
    }
    Report { sources, diagnostics: vec![problem] }
}

/// The span of the `nth` occurrence of `part` in `text`.
fn find(file: u32, text: &str, part: &str, nth: usize) -> Span {
    let (start, _) = text.match_indices(part).nth(nth).unwrap();
    Span::new(FileId(file), start, start + part.len())
}

#[test]
fn both_culprits_are_underlined() {
    let text = "input x: [N, D]\nparam W: [H, C]\n\n\nlet z = x @ W\n";
    let problem = Diagnostic::new("E0999", "`@` needs equal inner dims", find(0, text, "x @ W", 0), "")
        .label(find(0, text, "[N, D]", 0), "`x` ends with D")
        .label(find(0, text, "[H, C]", 0), "`W` begins with H")
        .note("D and H are names of their own")
        .help("did you mean `W'`?\nor another input");
    let expected = "\
error[E0999]: `@` needs equal inner dims
 --> a.nn:5:9
  |
1 | input x: [N, D]
  |          ------ `x` ends with D
2 | param W: [H, C]
  |          ------ `W` begins with H
...
5 | let z = x @ W
  |         ^^^^^
  |
  = note: D and H are names of their own
  = help: did you mean `W'`?
          or another input

";
    assert_eq!(render::full(&report(&[("a.nn", text)], problem), false), expected);
}

#[test]
fn tabs_wide_characters_and_accents_keep_the_carets_in_place() {
    let text = "\tlet 数学 = e\u{301}x + b\n";
    let problem = Diagnostic::new("E0999", "m", find(0, text, "b", 0), "here").label(find(0, text, "数学", 0), "wide");
    let expected = "\
error[E0999]: m
 --> a.nn:1:17
  |
1 |     let 数学 = e\u{301}x + b
  |                     ^ here
  |         ---- wide

";
    assert_eq!(render::full(&report(&[("a.nn", text)], problem), false), expected);
}

#[test]
fn spans_at_line_ends_and_over_lines() {
    let text = "let a =\nlet b = f(1,\n  2,\n  3)\nlast";
    let at = |start, end| Span::new(FileId(0), start, end);
    let end = Diagnostic::new("E0999", "m", at(7, 7), "nothing follows");
    assert!(render::full(&report(&[("a", text)], end), false).contains("1 | let a =\n  |        ^ nothing follows\n"));
    // A span that covers the line end stays in its line.
    let over = Diagnostic::new("E0999", "m", at(4, 8), "over");
    assert!(render::full(&report(&[("a", text)], over), false).contains("1 | let a =\n  |     ^^^ over\n"));
    let start = text.find("f(").unwrap();
    let stop = text.find("3)").unwrap() + 2;
    let lines = Diagnostic::new("E0999", "m", at(start, stop), "all of it");
    let expected = "\
error[E0999]: m
 --> a:2:9
  |
2 | let b = f(1,
  |         ^^^^
...
4 |   3)
  |   ^^ all of it

";
    assert_eq!(render::full(&report(&[("a", text)], lines), false), expected);
    // At and beyond the end of the file.
    for place in [at(text.len(), text.len()), at(text.len() + 5, text.len() + 9)] {
        let last = Diagnostic::new("E0999", "m", place, "end");
        assert!(render::full(&report(&[("a", text)], last), false).contains("5 | last\n  |     ^ end\n"));
    }
}

#[test]
fn several_files_each_have_their_place() {
    let (one, two) = ("import lib (f)\n", "fn f(x) = x\nfn g(x) = x\n");
    let problem = Diagnostic::new("E0999", "m", find(0, one, "f", 0), "used").label(find(1, two, "g", 0), "not `f`");
    let expected = "\
error[E0999]: m
 --> a.nn:1:13
  |
1 | import lib (f)
  |             ^ used
 ::: lib.nn:2:4
  |
2 | fn g(x) = x
  |    - not `f`

";
    assert_eq!(render::full(&report(&[("a.nn", one), ("lib.nn", two)], problem), false), expected);
}

#[test]
fn suggestions_show_the_mended_line() {
    let text = "x = 3\n";
    let problem = Diagnostic::new("W1999", "m", find(0, text, "x", 0), "").suggest(find(0, text, "x", 0), "let x");
    let expected = "\
warning[W1999]: m
 --> a.nn:1:1
  |
1 | x = 3
  | ^
  |
1 | let x = 3
  | ~~~~~

";
    assert_eq!(
        render::full(&report(&[("a.nn", text)], problem.clone()), false),
        expected.replace("  |\n  |\n1", "  |\n1")
    );
    assert_eq!(render::short(&report(&[("a.nn", text)], problem)), "a.nn:1:1: warning[W1999]: m\n");
}

#[test]
fn long_lines_are_cut_around_each_label() {
    let text = format!("let y = {}wrong{}\n", "x + ".repeat(500), " + x".repeat(500));
    let problem = Diagnostic::new("E0999", "m", find(0, &text, "wrong", 0), "this");
    let rendered = render::full(&report(&[("a.nn", &text)], problem), false);
    let lines: Vec<&str> = rendered.lines().collect();
    assert!(lines.iter().all(|line| line.chars().count() < 180), "{rendered}");
    let caret = lines[4].chars().position(|c| c == '^').unwrap();
    let shown: String = lines[3].chars().skip(caret).take(5).collect();
    assert_eq!(shown, "wrong");
}

#[test]
fn colour_and_escapes() {
    let text = "let a = \u{1b}[31m\u{202e}b\n";
    let problem = Diagnostic::new("E0999", "m \u{1b}[0m", find(0, text, "b", 0), "x\u{7}");
    let report = report(&[("a\u{1b}.nn", text)], problem);
    // No escape of the file reaches the terminal.
    assert!(!render::full(&report, false).contains(['\u{1b}', '\u{202e}', '\u{7}']));
    assert!(!render::short(&report).contains('\u{1b}'));
    let coloured = render::full(&report, true);
    assert!(coloured.starts_with("\u{1b}[1;31merror[E0999]\u{1b}[0m"), "{coloured}");
    // Without its colours it is the same text.
    let mut plain = String::new();
    for (position, part) in coloured.split("\u{1b}[").enumerate() {
        plain.push_str(if position == 0 { part } else { part.split_once('m').unwrap().1 });
    }
    assert_eq!(plain, render::full(&report, false));
}

#[test]
fn a_problem_without_place() {
    let mut problem = Diagnostic::new("E0999", "m", Span::default(), "").help("h");
    problem.labels.clear();
    assert_eq!(render::full(&report(&[("a", "")], problem.clone()), false), "error[E0999]: m\n  |\n  = help: h\n\n");
    assert_eq!(render::short(&report(&[("a", "")], problem)), "error[E0999]: m\n");
}
