//! LaTeX: an `align*` environment of `amsmath`.

use super::Title;
use super::math::{Equation, Style, equations};
use crate::syntax::ast::Ast;
use rustc_hash::FxHashMap;

/// One equation per line of the environment.
pub(super) fn latex(ast: &Ast, titles: &FxHashMap<String, Title>) -> String {
    let lines: Vec<String> = equations(ast, titles, &Latex)
        .into_iter()
        .map(|Equation { depth, left, relation, right }| {
            let indent = "\\quad ".repeat(depth);
            let relation = symbol(relation);
            match relation.is_empty() {
                true => format!("  & {indent}{left}"),
                false => format!("  {left} &{}{indent}{right}", relation.trim_end().to_string() + " "),
            }
        })
        .collect();
    format!("\\begin{{align*}}\n{}\n\\end{{align*}}\n", lines.join(" \\\\\n"))
}

struct Latex;

/// Signs as commands.
fn symbol(sign: &str) -> &str {
    match sign {
        "−" => "-",
        "·" => "\\cdot ",
        "×" => "\\times ",
        "∧" => "\\wedge ",
        "∨" => "\\vee ",
        "¬" => "\\neg ",
        "≠" => "\\neq ",
        "≤" => "\\leq ",
        "≥" => "\\geq ",
        "∈" => "\\in ",
        "←" => "\\leftarrow ",
        "…" => "\\dots ",
        " " => "\\, ",
        other => other,
    }
}

/// A letter of another script, by its command.
fn letter(c: char) -> Option<&'static str> {
    const GREEK: [(char, &str); 36] = [
        ('α', "alpha"),
        ('β', "beta"),
        ('γ', "gamma"),
        ('δ', "delta"),
        ('ε', "varepsilon"),
        ('ζ', "zeta"),
        ('η', "eta"),
        ('θ', "theta"),
        ('ι', "iota"),
        ('κ', "kappa"),
        ('λ', "lambda"),
        ('μ', "mu"),
        ('ν', "nu"),
        ('ξ', "xi"),
        ('π', "pi"),
        ('ρ', "rho"),
        ('σ', "sigma"),
        ('τ', "tau"),
        ('υ', "upsilon"),
        ('φ', "varphi"),
        ('χ', "chi"),
        ('ψ', "psi"),
        ('ω', "omega"),
        ('Γ', "Gamma"),
        ('Δ', "Delta"),
        ('Θ', "Theta"),
        ('Λ', "Lambda"),
        ('Ξ', "Xi"),
        ('Π', "Pi"),
        ('Σ', "Sigma"),
        ('Φ', "Phi"),
        ('Ψ', "Psi"),
        ('Ω', "Omega"),
        ('ℓ', "ell"),
        ('ℝ', "mathbb{R}"),
        ('…', "dots"),
    ];
    GREEK.iter().find(|g| g.0 == c).map(|g| g.1)
}

/// A name: one letter as it is, several upright, a number behind it as an index.
pub(super) fn parts_of_name(name: &str) -> (&str, &str) {
    let digits = name.trim_end_matches(|c: char| c.is_ascii_digit());
    match digits.is_empty() || digits.ends_with('_') {
        true => (name, ""),
        false => (digits, &name[digits.len()..]),
    }
}

impl Style for Latex {
    fn name(&self, name: &str) -> String {
        if name == "inf" {
            return "\\infty".into();
        }
        let (word, number) = parts_of_name(name);
        let mut letters = word.chars();
        let base = match (letters.next(), letters.next()) {
            (Some(c), None) => letter(c).map_or_else(|| c.to_string(), |l| format!("\\{l}")),
            _ if word.is_ascii() => format!("\\mathrm{{{}}}", word.replace('_', "\\_")),
            _ => {
                let one = |c: char| match letter(c) {
                    Some(l) => format!("\\{l} "),
                    None if c == '_' => "\\_".into(),
                    None => c.to_string(),
                };
                format!("\\mathit{{{}}}", word.chars().map(one).collect::<String>())
            }
        };
        if number.is_empty() { base } else { format!("{{{base}}}_{{{number}}}") }
    }

    fn number(&self, value: f64) -> String {
        let text = format!("{value}");
        if text == "inf" { "\\infty".into() } else { text }
    }

    fn function(&self, name: &str, arguments: &str) -> String {
        let head = match name.starts_with('\\') {
            true => name.to_string(),
            false => format!("\\operatorname{{{}}}", name.replace('_', "\\_")),
        };
        format!("{head}\\left({arguments}\\right)")
    }

    fn operator(&self, sign: &str) -> String {
        match sign {
            "," => ", ".into(),
            "=" | "+" | "−" | "<" | ">" => format!(" {} ", symbol(sign)),
            ":" => "\\colon ".into(),
            other => symbol(other).to_string(),
        }
    }

    fn brackets(&self, open: &str, inner: &str, close: &str) -> String {
        let escaped = |b: &str| match b {
            "{" | "}" => format!("\\{b}"),
            "|" => "\\vert ".into(),
            other => other.to_string(),
        };
        format!("\\left{}{inner}\\right{}", escaped(open), escaped(close))
    }

    fn draws(&self) -> bool {
        true
    }

    fn fraction(&self, above: &str, below: &str) -> String {
        format!("\\frac{{{above}}}{{{below}}}")
    }

    fn power(&self, base: &str, exponent: &str) -> String {
        format!("{{{base}}}^{{{exponent}}}")
    }

    fn transpose(&self, base: &str) -> String {
        format!("{{{base}}}^{{\\top}}")
    }

    fn index(&self, base: &str, places: &[String]) -> String {
        // `t_{1; n, k}`: the number of a name and indices are told apart.
        if let Some((name, number)) = base.strip_suffix('}').and_then(|b| b.rsplit_once("}_{"))
            && number.bytes().all(|b| b.is_ascii_digit())
        {
            return format!("{name}}}_{{{number};\\,{}}}", places.join(", "));
        }
        format!("{{{base}}}_{{{}}}", places.join(", "))
    }

    fn root(&self, inner: &str) -> String {
        format!("\\sqrt{{{inner}}}")
    }

    fn reduction(&self, name: &str, under: &str, body: &str) -> String {
        let head = match name {
            "sum" => "\\sum".to_string(),
            "prod" => "\\prod".to_string(),
            "max" | "min" => format!("\\{name}"),
            other => format!("\\operatorname*{{{other}}}"),
        };
        let under = if under.is_empty() { String::new() } else { format!("_{{{under}}}") };
        format!("{head}{under} {body}")
    }

    fn choice(&self, condition: &str, then: &str, otherwise: &str) -> String {
        format!(
            "\\begin{{cases}} {then} & \\text{{if }} {condition} \\\\ {otherwise} & \\text{{otherwise}} \\end{{cases}}"
        )
    }

    fn row(&self, parts: &[String]) -> String {
        parts.concat()
    }

    fn list(&self, parts: &[String]) -> String {
        format!("\\begin{{pmatrix}} {} \\end{{pmatrix}}", parts.join(" & "))
    }

    fn words(&self, words: &str) -> String {
        format!("\\text{{{}}}", words.replace('_', "\\_"))
    }

    fn derivative(&self, of: &str, by: &[String]) -> String {
        let order = if by.len() > 1 { format!("^{{{}}}", by.len()) } else { String::new() };
        let below: Vec<String> = by.iter().map(|b| format!("\\partial {b}")).collect();
        format!("\\frac{{\\partial{order} {of}}}{{{}}}", below.join(" \\, "))
    }
}
