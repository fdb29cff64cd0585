//! Limits that a host program sets on the parser library: alone in its process, because they are process-wide.

use nnc::span::FileId;
use nnc::syntax::{parse, parse_expr};

#[test]
fn a_limit_of_the_host_is_a_diagnostic() {
    pest::set_call_limit(std::num::NonZeroUsize::new(50));
    let parsed = parse(FileId(0), "let y = 1\nlet z = f(a + b + c + d + e + f + g + h)\n");
    let codes: Vec<_> = parsed.diagnostics.iter().map(|problem| problem.code).collect();
    assert!(codes.contains(&"E0110"), "{codes:?}");
    assert!(parse_expr(FileId(0), "f(a + b + c + d + e + f + g + h + i + j)").is_err());
    pest::set_call_limit(None);
    assert!(parse(FileId(0), "let z = f(a + b + c + d + e + f + g + h)\n").diagnostics.is_empty());
}
