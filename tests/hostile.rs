//! Texts that try to break the parser: they end in a tree or a diagnostic, on a stack of 2 MB, and never in a panic.

use nnc::diag::{Diagnostic, Report, json, render};
use nnc::span::{FileId, SourceMap};
use nnc::syntax::{
    MAX_DEPTH, MAX_NESTING, decode, parse, parse_expr, print, print_expr, strip_expr_spans, strip_spans,
};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// Runs on the stack that Rust gives a thread by default, whatever the test runner uses.
fn on_2_mb(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(2 << 20).spawn(test).unwrap().join().unwrap();
}

/// Parses, renders, prints and drops; returns the codes.
fn codes(text: &str) -> Vec<&'static str> {
    let mut sources = SourceMap::default();
    let file = sources.add("hostile.nn", text);
    let parsed = parse(file, text);
    let codes = parsed.diagnostics.iter().map(|problem| problem.code).collect();
    parsed.diagnostics.iter().for_each(|problem| check_places(problem, text));
    let report = Report { sources, diagnostics: parsed.diagnostics };
    let rendered = render::full(&report, true);
    assert!(rendered.len() <= 4000 * (1 + report.diagnostics.len()), "{} bytes", rendered.len());
    json::report(&report);
    render::short(&report);
    let mut copy = parsed.ast.clone();
    assert!(copy == parsed.ast);
    strip_spans(&mut copy);
    print(&copy);
    codes
}

fn check_places(problem: &Diagnostic, text: &str) {
    assert!(problem.message.len() < 500 && !problem.labels.is_empty(), "{problem:?}");
    let suggested = problem.suggestion.iter().map(|suggestion| suggestion.span);
    for span in problem.labels.iter().map(|label| label.span).chain(suggested) {
        let range = span.start as usize..span.end as usize;
        assert!(text.get(range).is_some(), "{span:?} of {} bytes: {}", text.len(), problem.message);
    }
}

#[test]
fn nothing_is_a_program() {
    assert!(codes("").is_empty());
    assert!(codes("\n\n \t\r\n").is_empty());
    assert!(codes("// only\n// comments").is_empty());
    assert!(codes("\u{feff}").is_empty());
    assert_eq!(parse(FileId(0), "// a\n//b").ast.comments.len(), 2);
    assert!(parse_expr(FileId(0), "").is_err());
}

#[test]
fn byte_order_mark_line_ends_and_tabs() {
    let text = "\u{feff}input\tx\r\nlet y = [1,\r\n\t2]\r\n// end\r\n";
    let parsed = parse(FileId(0), text);
    assert!(parsed.diagnostics.is_empty());
    assert_eq!(parsed.ast.statements.len(), 2);
    assert_eq!(parsed.ast.statements[0].span.start, 3);
    assert_eq!(parsed.ast.comments[0].text, "// end");
    let mut sources = SourceMap::default();
    let file = sources.add("a", text);
    assert_eq!(sources.place(nnc::span::Span::new(file, 3, 8)), "a:1:1");
}

#[test]
fn deep_nesting_is_reported() {
    on_2_mb(|| {
        for n in [MAX_NESTING + 1, 10_000] {
            for (open, middle, close) in [
                ("(", "1", ")"),
                ("[", "1", "]"),
                ("{", "1", "}"),
                ("f(", "1", ")"),
                ("x[", "1", "]"),
                ("(1, [", "1", "])"),
                ("{ let a = ", "1", "\n a }"),
                ("if a then ", "1", " else 2"),
                ("if ", "a", " then 1 else 2"),
                ("[i] => ", "1", ""),
            ] {
                let text = format!("let y = {}{middle}{}\nlet z = 1\n", open.repeat(n), close.repeat(n));
                assert_eq!(codes(&text), ["E0110"], "{n} times {open}");
                let text = format!("{}{middle}{}", open.repeat(n), close.repeat(n));
                assert!(parse_expr(FileId(0), &text).is_err());
            }
            assert!(!codes(&format!("let y = {}", "(".repeat(n))).is_empty());
            assert!(!codes(&format!("let y = {}", ")".repeat(n))).is_empty());
            assert!(!codes(&format!("let y = {}{}", "(".repeat(n), "]".repeat(n))).is_empty());
            assert!(!codes(&format!("let y = {}", "([{".repeat(n))).is_empty());
        }
    });
}

#[test]
fn deep_nesting_within_the_limit_is_a_program() {
    on_2_mb(|| {
        let n = MAX_NESTING;
        for (open, middle, close) in [
            ("(1 + ", "1", ")"),
            ("[", "1", "]"),
            ("f(x, ", "1", ")"),
            ("x[0, ", "1", "]"),
            ("if a then ", "1", " else 2"),
            ("[i] => ", "1", ""),
            ("{ let b = ", "1", "\n b }"),
        ] {
            let text = format!("let y = {}{middle}{}\n", open.repeat(n), close.repeat(n));
            assert!(codes(&text).is_empty(), "{open}");
        }
    });
}

#[test]
fn long_chains_are_reported() {
    on_2_mb(|| {
        for n in [MAX_DEPTH as usize + 1, 20_000] {
            for text in [
                format!("a{}", " + a".repeat(n)),
                format!("a{}", " and a".repeat(n)),
                format!("a{}", "^a".repeat(n)),
                format!("a{}", "^-a".repeat(n)),
                format!("{}a", "-".repeat(n)),
                format!("{}a", "not ".repeat(n)),
                format!("a{}", "'".repeat(n)),
                format!("a{}", "[0]".repeat(n)),
                format!("a{}", "(0)".repeat(n)),
                format!("a{}", ".b".repeat(n)),
                format!("{}a", "if a then a else ".repeat(n)),
            ] {
                assert_eq!(codes(&format!("let y = {text}\n")), ["E0110"], "{}", &text[..40]);
                assert!(parse_expr(FileId(0), &text).is_err());
            }
        }
        assert_eq!(codes(&format!("let y = a{}\n", " + a".repeat(100_000))), ["E0110"]);
        // Depth adds up over brackets and chains.
        let text = format!("let y = {}a{}", "(".repeat(200), format!("{})", " + a".repeat(10)).repeat(200));
        assert_eq!(codes(&text), ["E0110"]);
    });
}

#[test]
fn the_deepest_tree_can_be_used() {
    on_2_mb(|| {
        let n = MAX_DEPTH as usize - 1;
        for text in [format!("a{}", " + a".repeat(n)), format!("a{}", "^a".repeat(n)), format!("{}a", "-".repeat(n))] {
            assert!(codes(&format!("let y = {text}\n")).is_empty());
            let mut tree = parse_expr(FileId(0), &text).unwrap();
            assert_eq!(print_expr(&tree), text);
            strip_expr_spans(&mut tree);
            assert!(tree.clone() == tree);
        }
    });
}

#[test]
fn long_texts_are_no_problem() {
    on_2_mb(|| {
        let n = 1 << 20;
        assert!(codes(&format!("let {} = 1", "a".repeat(n))).is_empty());
        assert!(codes(&format!("// {}", "a".repeat(n))).is_empty());
        assert!(codes(&format!("data {{ file = \"{}\" }}", "a".repeat(n))).is_empty());
        assert!(codes(&format!("let y = 0.{}", "1".repeat(n))).is_empty());
        assert!(codes(&format!("let y = [{}1]", "1, ".repeat(n / 64))).is_empty());
        assert!(codes(&format!("let y = a{}", " < a".repeat(n / 64))).is_empty());
        assert!(codes(&format!("let y = {{{}b }}", " let b = 1\n".repeat(n / 64))).is_empty());
        assert!(codes(&"let y = 1\n".repeat(n / 64)).is_empty());
        // Wrong ones: the sentence is short, whatever the text is.
        assert_eq!(codes(&"a".repeat(n)), ["E0101"]);
        assert_eq!(codes(&format!("{} W: [3]", "p".repeat(n))), ["E0101"]);
        assert_eq!(codes(&format!("let y = {} b", "a".repeat(n))), ["E0123"]);
        assert_eq!(codes(&format!("let y = {}x", "1".repeat(n))), ["E0111"]);
        assert_eq!(codes(&format!("let y = {}", "1e".repeat(n))), ["E0111"]);
        assert_eq!(codes(&format!("let y = \"{}", "a".repeat(n))), ["E0112"]);
        assert_eq!(codes(&format!("let y = [{}1 1]", "1, ".repeat(n / 64))), ["E0106"]);
        assert_eq!(codes(&"\u{1}".repeat(n)), ["E0113"]);
        assert_eq!(codes(&"x\n".repeat(n / 64)).len(), 101);
        assert!(codes(&format!("let y = {{{}b }}", " b = 1\n".repeat(n / 64))).len() <= 20);
    });
}

#[test]
fn bytes_that_are_not_text() {
    let problem = decode(FileId(0), b"input x\nlet y = \"\xff\xfe\"\n").unwrap_err();
    let mut sources = SourceMap::default();
    sources.add("a.nn", problem.text);
    assert_eq!(problem.diagnostic.code, "E0114");
    assert_eq!(sources.place(problem.diagnostic.labels[0].span), "a.nn:2:10");
    assert!(problem.diagnostic.labels[0].text.contains("offset 17"));
    assert_eq!(decode(FileId(0), "größe".as_bytes()).unwrap(), "größe");
    // Every truncation of a character.
    for cut in 1.."😀".len() {
        assert!(decode(FileId(0), &"😀".as_bytes()[..cut]).is_err());
    }
}

/// Fixtures with random characters put in, taken out and repeated.
#[test]
fn damaged_programs_do_not_panic() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/");
    let mut texts = vec![];
    for folder in ["parse", "errors"] {
        for entry in std::fs::read_dir(format!("{root}{folder}")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "nn")
                && let Ok(text) = std::fs::read_to_string(path)
                && text.len() < 4000
            {
                texts.push(text);
            }
        }
    }
    texts.sort();
    const PIECES: &[&str] = &[
        "(", ")", "[", "]", "{", "}", "\"", "'", ",", "\n", "\n\n", "=", "==", "=>", "->", ".", "..", ":", "+", "-",
        "*", "^", "@", "if ", " then ", " else ", "let ", "data {", "fn f(", " in ", " where ", "//", "\\", "1", "2.",
        "1e", "x", "λ", "😀", "\u{301}", "\r", "\t", "\u{1}", "\u{a0}", "?", "#", "not ", "and ", "input ", "fold",
        "loss ",
    ];
    for seed in 0..4000 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut below = |n: usize| (random.next_u32() as usize) % n.max(1);
        let mut text: Vec<char> = texts[below(texts.len())].chars().collect();
        for _ in 0..1 + below(4) {
            let at = below(text.len());
            match below(3) {
                0 => drop(text.drain(at..(at + 1 + below(12)).min(text.len()))),
                1 => drop(text.splice(at..at, PIECES[below(PIECES.len())].chars())),
                _ => {
                    let part: Vec<char> = text[at..(at + 1 + below(30)).min(text.len())].to_vec();
                    let to = below(text.len());
                    drop(text.splice(to..to, part));
                }
            }
        }
        let text: String = text.into_iter().collect();
        let outcome = std::panic::catch_unwind(|| codes(&text));
        assert!(outcome.is_ok(), "seed {seed}:\n{text}");
    }
}

/// Pieces of the language in any order.
#[test]
fn random_pieces_do_not_panic() {
    const PIECES: &[&str] = &[
        "let", "param", "x", "y", "=", "==", "(", ")", "[", "]", "{", "}", ",", ":", "..", "=>", "if", "then", "else",
        "in", "where", "and", "not", "-", "+", "^", "@", "'", "1", "2.5", "\"t\"", "\n", "\n", "data", "fn", "loss",
        "dim", ".", "?", "&&", "true", "output", "sum", "import", "->", "//c\n", "const", "scan", "λ", "2x", "::",
    ];
    for seed in 0..4000 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut below = |n: usize| (random.next_u32() as usize) % n;
        let mut text = String::new();
        for _ in 0..2 + below(40) {
            text.push_str(PIECES[below(PIECES.len())]);
            text.push_str(["", " ", " "][below(3)]);
        }
        let outcome = std::panic::catch_unwind(|| codes(&text));
        assert!(outcome.is_ok(), "seed {seed}:\n{text}");
    }
}
