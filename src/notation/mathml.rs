//! MathML Core: one table of equations, for browsers.

use super::Title;
use super::latex::parts_of_name;
use super::math::{Equation, Style, equations};
use crate::syntax::ast::Ast;
use rustc_hash::FxHashMap;

/// A `math` element with one row per equation.
pub(super) fn mathml(ast: &Ast, titles: &FxHashMap<String, Title>) -> String {
    let cell = |align: &str, inner: String| {
        format!("<mtd style=\"text-align: {align}\"><mrow><mstyle displaystyle=\"true\">{inner}</mstyle></mrow></mtd>")
    };
    let rows: Vec<String> = equations(ast, titles, &MathMl)
        .into_iter()
        .map(|Equation { depth, left, relation, right }| {
            let space = match depth {
                0 => String::new(),
                _ => format!("<mspace width=\"{}em\"/>", 2 * depth),
            };
            let relation = if relation.is_empty() { String::new() } else { MathMl.operator(relation) };
            match relation.is_empty() {
                true => format!(
                    "<mtr>{}{}{}</mtr>",
                    cell("right", String::new()),
                    cell("center", relation),
                    cell("left", left)
                ),
                false => {
                    let right = cell("left", format!("{space}{right}"));
                    format!("<mtr>{}{}{right}</mtr>", cell("right", left), cell("center", relation))
                }
            }
        })
        .collect();
    format!(
        "<math xmlns=\"http://www.w3.org/1998/Math/MathML\" display=\"block\">\n<mtable>\n{}\n</mtable>\n</math>\n",
        rows.join("\n")
    )
}

struct MathMl;

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

impl Style for MathMl {
    fn name(&self, name: &str) -> String {
        if name == "inf" {
            return "<mi>∞</mi>".into();
        }
        let (word, number) = parts_of_name(name);
        let base = format!("<mi>{}</mi>", escaped(word));
        if number.is_empty() { base } else { format!("<msub>{base}<mn>{number}</mn></msub>") }
    }

    fn number(&self, value: f64) -> String {
        format!("<mn>{value}</mn>")
    }

    fn function(&self, name: &str, arguments: &str) -> String {
        let head = if name.starts_with('<') { name.to_string() } else { format!("<mi>{}</mi>", escaped(name)) };
        format!("<mrow>{head}<mo>&#x2061;</mo>{}</mrow>", self.brackets("(", arguments, ")"))
    }

    fn operator(&self, symbol: &str) -> String {
        match symbol {
            " " => "<mspace width=\"0.2em\"/>".into(),
            "-" | "¬" => format!("<mo form=\"prefix\">{}</mo>", if symbol == "-" { "−" } else { symbol }),
            _ => format!("<mo>{}</mo>", escaped(symbol)),
        }
    }

    fn brackets(&self, open: &str, inner: &str, close: &str) -> String {
        format!("<mrow><mo form=\"prefix\">{open}</mo>{inner}<mo form=\"postfix\">{close}</mo></mrow>")
    }

    fn draws(&self) -> bool {
        true
    }

    fn fraction(&self, above: &str, below: &str) -> String {
        format!("<mfrac><mrow>{above}</mrow><mrow>{below}</mrow></mfrac>")
    }

    fn power(&self, base: &str, exponent: &str) -> String {
        format!("<msup><mrow>{base}</mrow><mrow>{exponent}</mrow></msup>")
    }

    fn transpose(&self, base: &str) -> String {
        format!("<msup><mrow>{base}</mrow><mo>⊤</mo></msup>")
    }

    fn index(&self, base: &str, places: &[String]) -> String {
        let places = places.join("<mo separator=\"true\">,</mo>");
        // `t_{1; n, k}`: the number of a name and indices are told apart.
        if let Some(parts) = base.strip_prefix("<msub>").and_then(|b| b.strip_suffix("</msub>"))
            && let Some((name, number)) = parts.split_once("<mn>")
            && !parts.contains("<mrow>")
        {
            let number = number.trim_end_matches("</mn>");
            let below = format!("<mn>{number}</mn><mo separator=\"true\">;</mo>{places}");
            return format!("<msub>{name}<mrow>{below}</mrow></msub>");
        }
        format!("<msub><mrow>{base}</mrow><mrow>{places}</mrow></msub>")
    }

    fn root(&self, inner: &str) -> String {
        format!("<msqrt>{inner}</msqrt>")
    }

    fn reduction(&self, name: &str, under: &str, body: &str) -> String {
        let head = match name {
            "sum" => "<mo>∑</mo>".to_string(),
            "prod" => "<mo>∏</mo>".to_string(),
            other => format!("<mo>{}</mo>", escaped(other)),
        };
        let head = match under.is_empty() {
            true => head,
            false => format!("<munder>{head}<mrow>{under}</mrow></munder>"),
        };
        format!("<mrow>{head}{body}</mrow>")
    }

    fn choice(&self, condition: &str, then: &str, otherwise: &str) -> String {
        let row = |value: &str, words: &str, condition: &str| {
            let words = self.words(words);
            format!("<mtr><mtd><mrow>{value}</mrow></mtd><mtd><mrow>{words}{condition}</mrow></mtd></mtr>")
        };
        let rows = [row(then, "if ", condition), row(otherwise, "otherwise", "")].concat();
        format!("<mrow><mo form=\"prefix\">{{</mo><mtable>{rows}</mtable></mrow>")
    }

    fn row(&self, parts: &[String]) -> String {
        format!("<mrow>{}</mrow>", parts.concat())
    }

    fn list(&self, parts: &[String]) -> String {
        self.brackets("[", &parts.join("<mo separator=\"true\">,</mo>"), "]")
    }

    fn words(&self, words: &str) -> String {
        format!("<mtext>{}</mtext>", escaped(words).replace(' ', "&#xa0;"))
    }

    fn derivative(&self, of: &str, by: &[String]) -> String {
        let order = by.len();
        let above = match order {
            1 => format!("<mo>∂</mo>{of}"),
            _ => format!("<msup><mo>∂</mo><mn>{order}</mn></msup>{of}"),
        };
        let below: Vec<String> = by.iter().map(|b| format!("<mo>∂</mo>{b}")).collect();
        self.fraction(&above, &below.concat())
    }
}
