//! Rewrite rules: named text, a law, a phase; collected from the table and applied at one node to a fixpoint.

use super::pattern::{Match, Pattern};
use super::template::{Env, Template, TextError};
use crate::graph::{Graph, NodeId, Origin, Via};
use crate::prim::{Law, Phase, Prim, ROWS, RuleText};
use crate::span::Span;
use rustc_hash::FxHashMap;
use std::sync::OnceLock;

/// How often rules may fire at one node. Each rule leads to a smaller term, so this is never reached.
const FUEL: usize = 20;

/// A compiled rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// As written in the table.
    pub text: &'static str,
    /// How equal its sides are.
    pub law: Law,
    /// When it applies.
    pub phase: Phase,
    /// Its left side as a term, for the tests.
    pub left: Template,
    /// Its right side.
    pub right: Template,
    pattern: Pattern,
    conditions: Vec<(Condition, String)>,
}

/// What must be proven of a variable before a rule may fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Positive,
    Squares,
}

/// A rule that was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fired {
    /// Its name.
    pub rule: &'static str,
    /// The user's text it was applied to.
    pub span: Span,
}

/// All rules of the table, by the primitive at their root.
#[derive(Debug)]
pub struct RuleSet {
    rules: FxHashMap<Prim, Vec<Rule>>,
}

impl Rule {
    fn new(text: &RuleText) -> Result<Rule, TextError> {
        let (left, right) = text.text.split_once("=>").ok_or_else(|| TextError::Syntax(text.text.into()))?;
        let (right, conditions_text) = right.split_once(" where ").unwrap_or((right, ""));
        let (left, right) = (Template::new(left.trim())?, Template::new(right.trim())?);
        let mut conditions = vec![];
        let mut optional = vec![];
        for text in conditions_text.split(',').map(str::trim).filter(|c| !c.is_empty()) {
            match condition(text)? {
                (Some(condition), variable) => conditions.push((condition, variable.to_string())),
                (None, variable) => optional.push(variable),
            }
        }
        let pattern = Pattern::new(&left.expr)?.with_optional(&optional);
        Ok(Rule {
            name: text.name,
            text: text.text,
            law: text.law,
            phase: text.phase,
            left,
            right,
            pattern,
            conditions,
        })
    }

    /// The term it makes of this one, if it applies.
    fn apply(&self, g: &mut Graph, n: NodeId) -> Result<Option<NodeId>, TextError> {
        let Some(found) = self.pattern.match_root(g, n) else { return Ok(None) };
        let Match { nodes, axes, rest, rest_below } = found;
        let holds = |(condition, name): &(Condition, String)| {
            nodes.iter().any(|(n, id)| n == name && condition.is_proven(g, *id))
        };
        if !self.conditions.iter().all(holds) {
            return Ok(None);
        }
        let env = Env {
            nodes: nodes.iter().map(|(k, v)| (k.as_str(), *v)).collect(),
            axes: axes.iter().map(|(k, v)| (k.as_str(), v.clone())).collect(),
            numbers: vec![],
        };
        let new = self.right.build(g, &env)?;
        if rest.is_empty() && rest_below.is_empty() {
            return Ok(Some(new));
        }
        let all = [vec![new], rest].concat();
        if matches!(self.pattern, Pattern::Sum(_)) {
            return Ok(Some(g.add(&all)));
        }
        let product = g.mul(&all);
        Ok(Some(rest_below.into_iter().fold(product, |p, d| g.div(p, d))))
    }
}

impl Condition {
    fn is_proven(self, g: &Graph, n: NodeId) -> bool {
        let facts = g.node(n).facts;
        match self {
            Condition::Positive => facts.positive,
            Condition::Squares => facts.squares,
        }
    }
}

/// Reads `positive(a)` or `optional(a)`, which is no condition.
fn condition(text: &str) -> Result<(Option<Condition>, &str), TextError> {
    let (name, variable) = text.trim_end_matches(')').split_once('(').unwrap_or_default();
    match name {
        "positive" => Ok((Some(Condition::Positive), variable)),
        "squares" => Ok((Some(Condition::Squares), variable)),
        "optional" => Ok((None, variable)),
        _ => Err(TextError::Form("this condition")),
    }
}

impl RuleSet {
    /// The rules of the table, compiled once per process.
    pub fn standard() -> Result<&'static RuleSet, TextError> {
        static SET: OnceLock<Result<RuleSet, TextError>> = OnceLock::new();
        SET.get_or_init(RuleSet::compile).as_ref().map_err(Clone::clone)
    }

    fn compile() -> Result<RuleSet, TextError> {
        let mut rules: FxHashMap<Prim, Vec<Rule>> = FxHashMap::default();
        for text in ROWS.iter().flat_map(|row| row.rules) {
            let rule = Rule::new(text)?;
            let head = rule.pattern.head().ok_or(TextError::Form("a rule for every term"))?;
            rules.entry(head).or_default().push(rule);
        }
        Ok(RuleSet { rules })
    }

    /// All rules, for tests and `nnc explain`.
    pub fn all(&self) -> impl Iterator<Item = &Rule> {
        ROWS.iter().filter_map(|row| self.rules.get(&row.prim)).flatten()
    }

    /// The text of a rule of the table.
    pub fn text_of(name: &str) -> Option<&'static str> {
        ROWS.iter().flat_map(|row| row.rules).find(|rule| rule.name == name).map(|rule| rule.text)
    }

    /// Applies the rules of the phases up to `last` at this node until none applies. Arguments are already in form.
    pub fn apply(
        &self,
        g: &mut Graph,
        mut n: NodeId,
        last: Phase,
        fired: &mut Vec<Fired>,
    ) -> Result<NodeId, TextError> {
        for _ in 0..FUEL {
            let Some((prim, _)) = g.as_prim(n) else { return Ok(n) };
            let Some(rules) = self.rules.get(&prim) else { return Ok(n) };
            let span = g.node(n).origin.span;
            let mut next = None;
            for rule in rules.iter().filter(|r| r.phase <= last) {
                let before = std::mem::replace(&mut g.origin, Origin { span, via: Via::Rule(rule.name) });
                let made = rule.apply(g, n);
                g.origin = before;
                if let Some(made) = made?
                    && made != n
                {
                    fired.push(Fired { rule: rule.name, span });
                    next = Some(made);
                    break;
                }
            }
            match next {
                Some(made) => n = made,
                None => return Ok(n),
            }
        }
        debug_assert!(false, "rules do not come to an end");
        Ok(n)
    }
}
