//! The parser: right programs, precedence, and texts that try to break it.

use nnc::span::FileId;
use nnc::syntax::ast::{Expr, ExprKind, Pattern, StatementKind};
use nnc::syntax::{parse, parse_expr, strip_expr_spans};

#[test]
fn every_parse_fixture_parses() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/parse");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let parsed = parse(FileId(0), &text);
        assert!(parsed.diagnostics.is_empty(), "{}: {:#?}", path.display(), parsed.diagnostics);
        assert!(!parsed.ast.statements.is_empty(), "{}", path.display());
        count += 1;
    }
    assert!(count >= 7);
}

#[test]
fn rule_texts_parse() {
    for text in [
        "ct * k * pow[k - 1](x)",
        "sum[r](exp(a))",
        "if x > 0 then ct else 0",
        "(if x == out then ct else 0) / sum[r](if x == out then 1 else 0)",
    ] {
        assert!(parse_expr(FileId(0), text).is_ok(), "{text}");
    }
}

#[test]
fn documentation_belongs_to_the_next_statement() {
    let parsed = parse(FileId(0), "// file\n\n/// one\n/// two\nlet a = 1 // side\n/// lost\n\nlet b = 2\n");
    let docs: Vec<_> = parsed.ast.statements.iter().map(|s| s.doc.as_deref()).collect();
    assert_eq!(docs, [Some("one\ntwo"), None]);
    let comments: Vec<_> = parsed.ast.comments.iter().map(|c| c.text.as_str()).collect();
    assert_eq!(comments, ["// file", "// side", "/// lost"]);
}

fn tree(text: &str) -> Expr {
    let mut tree = parse_expr(FileId(0), text).unwrap_or_else(|e| panic!("{text}: {e:#?}"));
    strip_expr_spans(&mut tree);
    tree
}

/// Each text means the same as the one with all its brackets, by the table of section 2 of the language.
#[test]
fn precedence_is_that_of_the_table() {
    for (short, long) in [
        // calls, indices, fields and transposes bind tighter than everything
        ("-f(x)[i].W'", "-((((f(x))[i]).W)')"),
        ("2^x'", "2^(x')"),
        // ^ associates to the right, and its right side may be signed
        ("a^b^c", "a^(b^c)"),
        ("2^-1", "2^(-1)"),
        ("2^-x^2", "2^(-(x^2))"),
        ("2^--x", "2^(-(-x))"),
        ("2^-1 * 3", "(2^(-1)) * 3"),
        ("2^-a @ b", "(2^(-a)) @ b"),
        // @ is tighter than * and than unary minus
        ("g * W @ x", "g * (W @ x)"),
        ("W @ x * g", "(W @ x) * g"),
        ("A @ B @ x", "(A @ B) @ x"),
        ("A @ x^2", "A @ (x^2)"),
        ("-A @ x", "-(A @ x)"),
        // unary minus is looser than ^, tighter than *
        ("-x^2", "-(x^2)"),
        ("-a * b", "(-a) * b"),
        ("a * -b", "a * (-b)"),
        ("a - -b", "a - (-b)"),
        // * / and + - associate to the left
        ("a / b * c", "(a / b) * c"),
        ("a - b + c", "(a - b) + c"),
        ("a + b * c", "a + (b * c)"),
        // comparisons, not, and, or
        ("a + 1 < b * 2", "(a + 1) < (b * 2)"),
        ("not a == b", "not (a == b)"),
        ("not not a", "not (not a)"),
        ("not a and b", "(not a) and b"),
        ("a or b and c", "a or (b and c)"),
        ("a and b and c", "(a and b) and c"),
        ("a or b or c", "(a or b) or c"),
        ("a and not b", "a and (not b)"),
        // if and => reach as far as they can
        ("if a then b else c + d", "if a then b else (c + d)"),
        ("if a or b then c else d", "if (a or b) then c else d"),
        ("if a then b else if c then d else e", "if a then b else (if c then d else e)"),
        ("if a then if b then c else d else e", "if a then (if b then c else d) else e"),
        ("[i] => x[i] + y[i]", "[i] => (x[i] + y[i])"),
        ("[i] => [j] => if a then b else c", "[i] => ([j] => (if a then b else c))"),
        ("x[1 + 2..n - 1]", "x[(1 + 2)..(n - 1)]"),
    ] {
        assert_eq!(tree(short), tree(long), "{short}");
    }
    for (one, other) in
        [("a^b^c", "(a^b)^c"), ("-x^2", "(-x)^2"), ("a - b - c", "a - (b - c)"), ("g * W @ x", "(g * W) @ x")]
    {
        assert_ne!(tree(one), tree(other), "{one}");
    }
}

#[test]
fn comparisons_chain_only_without_brackets() {
    let ExprKind::Compare { rest, .. } = tree("0 < x <= 1").kind else { panic!() };
    assert_eq!(rest.len(), 2);
    let ExprKind::Compare { rest, first } = tree("(0 < x) == b").kind else { panic!() };
    assert_eq!(rest.len(), 1);
    assert!(matches!(first.kind, ExprKind::Compare { .. }));
}

#[test]
fn spans_cover_what_was_written() {
    let text = "(a + b)' @ f(c)";
    let whole = parse_expr(FileId(0), text).unwrap();
    let ExprKind::Binary { left, right, op_span, .. } = &whole.kind else { panic!() };
    let cut = |span: nnc::span::Span| &text[span.start as usize..span.end as usize];
    assert_eq!((cut(whole.span), cut(left.span), cut(*op_span), cut(right.span)), (text, "(a + b)'", "@", "f(c)"));
    let ExprKind::Transpose(inner) = &left.kind else { panic!() };
    // Brackets around an expression are not part of it.
    assert_eq!(cut(inner.span), "a + b");
}

fn number(text: &str) -> (f64, bool) {
    match tree(text).kind {
        ExprKind::Number { value, is_integer } => (value, is_integer),
        other => panic!("{text}: {other:?}"),
    }
}

/// The expected values are the nearest floating-point numbers, given by their bits or by exact integers: IEEE 754.
#[test]
fn numbers_are_correctly_rounded() {
    assert_eq!(number("1_000"), (1000.0, true));
    assert_eq!(number("1.5"), (1.5, false));
    assert_eq!(number("1e3"), (1000.0, false));
    assert_eq!(number("12_3.5_0e-0_1".replace("-0_1", "-1").as_str()), (12.35, false));
    // Halfway between 2^53 and 2^53 + 2: ties go to even.
    assert_eq!(number("9007199254740993").0, 9_007_199_254_740_992.0);
    assert_eq!(number("9007199254740993.0000000000000000000000001").0, 9_007_199_254_740_994.0);
    // The smallest subnormal, the largest subnormal, the smallest normal and the largest number.
    assert_eq!(number("4.9e-324").0.to_bits(), 1);
    assert_eq!(number("2.2250738585072011e-308").0.to_bits(), 0x000f_ffff_ffff_ffff);
    assert_eq!(number("2.2250738585072014e-308").0.to_bits(), 0x0010_0000_0000_0000);
    assert_eq!(number("1.7976931348623157e308").0, f64::MAX);
    assert_eq!(number("0.0e-999").0, 0.0);
    assert!(parse_expr(FileId(0), "1.8e308").is_err());
    assert!(parse_expr(FileId(0), "2e-324").is_err());
}

#[test]
fn names_are_compared_in_normal_form() {
    // é as one character, and as e with a combining accent.
    assert_eq!(tree("caf\u{e9}"), tree("cafe\u{301}"));
    assert_ne!(tree("W₁"), tree("W1"));
    for name in ["_", "_x", "λ", "größe", "W₁₂", "x1", "θ̂"] {
        assert!(matches!(tree(name).kind, ExprKind::Name(_)), "{name}");
    }
    // Keywords are words like others after a dot and before `=`.
    assert!(matches!(tree("l.loss").kind, ExprKind::Field(..)));
    assert!(matches!(tree("f(in = 1)").kind, ExprKind::Call { .. }));
    assert!(parse_expr(FileId(0), "loss").is_err());
}

#[test]
fn lines_go_on_where_they_must() {
    let values = |text: &str| -> Vec<Expr> {
        let parsed = parse(FileId(0), text);
        assert!(parsed.diagnostics.is_empty(), "{text}: {:#?}", parsed.diagnostics);
        let value = |statement: nnc::syntax::ast::Statement| match statement.kind {
            StatementKind::Let(mut binding) => {
                assert!(matches!(binding.pattern, Pattern::Name(_)));
                strip_expr_spans(&mut binding.value);
                binding.value
            }
            other => panic!("{other:?}"),
        };
        parsed.ast.statements.into_iter().map(value).collect()
    };
    for broken in [
        "let y = a +\n\n  b\n",
        "let y = // comment\n  a + b\n",
        "let y =\n// comment\n\n// another\na +\nb",
        "\n\nlet y = a + b // the end",
        "let y = a\t+ b\r\n",
    ] {
        assert_eq!(values(broken), [tree("a + b")], "{broken}");
    }
    for broken in ["let y = f(a\n, b\n)", "let y = f(\n  a, // one\n  b, // two\n)", "let y = f(a,\nb)"] {
        assert_eq!(values(broken), [tree("f(a, b)")], "{broken}");
    }
    let chosen = tree("if a then b else c");
    for broken in [
        "let y = if a\n  then b\n  else c\n",
        "let y = if a then\n b else\n c\n",
        "let y = if a // why\n\n// because\nthen b\nelse c\n",
    ] {
        assert_eq!(values(broken), std::slice::from_ref(&chosen), "{broken}");
    }
    assert_eq!(values("let y = [i] =>\n  i\nlet z = a"), [tree("[i] => i"), tree("a")]);
    // Within `{` lines count, also within brackets.
    assert_eq!(
        values("let y = f({\n  let b = a\n  -b\n}, 1)\nlet z = 2"),
        [tree("f({ let b = a\n -b }, 1)"), tree("2")]
    );
}

#[test]
fn several_errors_are_reported_in_one_run() {
    let text = "param w: [4 8]\nlet a = \nlet b = (1 + 2\nlet c = 3\nlet d = c % 2\n";
    let parsed = parse(FileId(0), text);
    let codes: Vec<_> = parsed.diagnostics.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["E0106", "E0115", "E0108", "E0103"]);
    // Names whose value is wrong are still defined, so that their uses are no errors too.
    let names: Vec<String> = parsed
        .ast
        .statements
        .iter()
        .filter_map(|statement| match &statement.kind {
            StatementKind::Let(binding) => match &binding.pattern {
                Pattern::Name(name) => Some(name.text.clone()),
                Pattern::Tuple(_) => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
}
