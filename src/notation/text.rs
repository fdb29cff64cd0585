//! Plain text with the signs of mathematics.

use super::Title;
use super::math::{Equation, Style, equations};
use crate::syntax::ast::Ast;
use rustc_hash::FxHashMap;

/// The width from which a formula begins on a line of its own.
const WIDE: usize = 100;

/// One equation per line.
pub(super) fn text(ast: &Ast, titles: &FxHashMap<String, Title>) -> String {
    let lines = equations(ast, titles, &Text);
    let mut out = String::new();
    let mut declarations = true;
    for Equation { depth, left, relation, right } in lines {
        if declarations && relation != "∈" {
            declarations = false;
            out.push('\n');
        }
        let indent = "  ".repeat(depth);
        let width = indent.chars().count() + left.chars().count() + right.chars().count() + 3;
        match relation {
            "" => out.push_str(&format!("{indent}{left}\n")),
            _ if width > WIDE => out.push_str(&format!("{indent}{left} {relation}\n{indent}    {right}\n")),
            _ => out.push_str(&format!("{indent}{left} {relation} {right}\n")),
        }
    }
    out.trim_start_matches('\n').to_string()
}

struct Text;

/// The characters that Unicode has raised.
fn raised(text: &str) -> Option<String> {
    let one = |c: char| {
        let from = "0123456789+-−";
        let to: Vec<char> = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻".chars().collect();
        from.chars().position(|f| f == c).map(|at| to[at])
    };
    text.chars().map(one).collect()
}

impl Style for Text {
    fn name(&self, name: &str) -> String {
        if name == "inf" { "∞".into() } else { name.into() }
    }

    fn number(&self, value: f64) -> String {
        format!("{value}")
    }

    fn function(&self, name: &str, arguments: &str) -> String {
        format!("{name}({arguments})")
    }

    fn operator(&self, symbol: &str) -> String {
        match symbol {
            "," => ", ".into(),
            " " | ":" | "-" | "¬" => symbol.into(),
            "…" => " … ".into(),
            _ => format!(" {symbol} "),
        }
    }

    fn brackets(&self, open: &str, inner: &str, close: &str) -> String {
        format!("{open}{inner}{close}")
    }

    fn draws(&self) -> bool {
        false
    }

    fn fraction(&self, above: &str, below: &str) -> String {
        format!("{above} / {below}")
    }

    fn power(&self, base: &str, exponent: &str) -> String {
        match raised(exponent) {
            Some(raised) => format!("{base}{raised}"),
            None if exponent.chars().all(char::is_alphanumeric) => format!("{base}^{exponent}"),
            None => format!("{base}^({exponent})"),
        }
    }

    fn transpose(&self, base: &str) -> String {
        format!("{base}ᵀ")
    }

    fn index(&self, base: &str, places: &[String]) -> String {
        format!("{base}[{}]", places.join(", "))
    }

    fn root(&self, inner: &str) -> String {
        format!("√{inner}")
    }

    fn reduction(&self, name: &str, under: &str, body: &str) -> String {
        let sign = match name {
            "sum" => "∑",
            "prod" => "∏",
            other => other,
        };
        match under.is_empty() {
            true => format!("{sign} {body}"),
            false => format!("{sign}[{}] {body}", under.replace(':', " :")),
        }
    }

    fn choice(&self, condition: &str, then: &str, otherwise: &str) -> String {
        format!("{then} if {condition}, else {otherwise}")
    }

    fn row(&self, parts: &[String]) -> String {
        parts.concat()
    }

    fn list(&self, parts: &[String]) -> String {
        format!("[{}]", parts.join(", "))
    }

    fn words(&self, words: &str) -> String {
        words.into()
    }

    fn derivative(&self, of: &str, by: &[String]) -> String {
        let order = if by.len() > 1 { raised(&by.len().to_string()).unwrap_or_default() } else { String::new() };
        let below: Vec<String> = by.iter().map(|b| format!("∂{b}")).collect();
        format!("∂{order}{of}/{}", below.join(" "))
    }
}
