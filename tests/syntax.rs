//! The parser: right programs, precedence, and texts that try to break it.

use nnc::span::FileId;
use nnc::syntax::{parse, parse_expr};

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
    assert!(count >= 3);
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
