//! The primitive reference, generated from the table.

use super::{Eval, Law, Lower, REDUCTIONS, ROWS, Row, RuleText, Vjp};

/// `docs/primitives.md`: every row with its documentation, derivative and rules.
pub fn reference() -> String {
    let mut text = String::from(
        "# Primitives\n\nEvery primitive and reduction, generated from the table in `src/prim`. A derivative is shown as the \
         text that the compiler uses: `ct` is the cotangent of the result, `out` the result. Rules are applied wherever \
         their left side occurs, also through names, indices and views, before and after differentiation.\n",
    );
    text.push_str("\n## Functions\n");
    ROWS.iter().filter(|row| row.callable).for_each(|row| text.push_str(&entry(row)));
    text.push_str("\n## Operators\n");
    ROWS.iter().filter(|row| !row.callable).for_each(|row| text.push_str(&entry(row)));
    text.push_str(
        "\n## Reductions\n\n`x` is what is reduced, `r` the indices it is reduced over, `s` a fresh copy of them.\n",
    );
    for row in REDUCTIONS {
        let (name, doc) = (row.name, paragraphs(row.doc));
        text.push_str(&format!("\n### `{name}`\n\n{doc}\n\n{}\n", derivative("x", row.vjp)));
    }
    text
}

fn entry(row: &Row) -> String {
    let name = match (row.attribute, row.args) {
        (Some(k), args) => format!("{}[{k}]({})", row.name, args.join(", ")),
        (None, []) => format!("{}(…)", row.name),
        (None, args) => format!("{}({})", row.name, args.join(", ")),
    };
    let mut text = format!("\n### `{name}`\n\n{}\n\n", paragraphs(row.doc));
    for (i, vjp) in row.vjp.iter().enumerate() {
        text.push_str(&format!("{}\n", derivative(row.args.get(i).unwrap_or(&"each argument"), *vjp)));
    }
    if let (Lower::Expand(body), Eval::One(_) | Eval::Two(_)) = (row.lower, row.eval) {
        text.push_str(&format!("- computed as `{body}`\n"));
    }
    for RuleText { name, text: rule, law, .. } in row.rules {
        let law = match law {
            Law::Exact => "exact",
            Law::Rounded => "up to rounding",
        };
        text.push_str(&format!("- rule {name}, {law}: `{rule}`\n"));
    }
    text
}

fn derivative(argument: &str, vjp: Vjp) -> String {
    match vjp {
        Vjp::Text(text) => format!("- derivative by {argument}: `{text}`"),
        Vjp::Zero(reason) => format!("- derivative by {argument}: 0, {reason}"),
    }
}

/// The doc comment without the blank that follows its slashes.
fn paragraphs(doc: &str) -> String {
    let lines: Vec<&str> = doc.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n").trim().to_string()
}
