//! Loops: `fold`, `scan` and `iterate`, and what their brackets may hold.

use super::super::ast::*;
use super::super::grammar::Rule;
use super::super::operators::Built;
use super::Builder;
use crate::diag::catalog::syntax as error;
use crate::span::Span;
use pest::iterators::Pairs;

impl Builder {
    pub(super) fn repeat(&mut self, inner: Pairs<Rule>, span: Span) -> Option<Built> {
        let (mut form, mut form_span) = (RepeatForm::Iterate, span);
        let (mut binder, mut values, mut depth, mut body) = (None, vec![], 0, None);
        for part in inner {
            let place = self.span(&part);
            match part.as_rule() {
                Rule::repeat_form => {
                    form_span = place;
                    form = match part.as_str() {
                        "fold" => RepeatForm::Fold,
                        "scan" => RepeatForm::Scan,
                        _ => RepeatForm::Iterate,
                    };
                }
                Rule::index_binder => {
                    let (built, below) = self.binder(part)?;
                    depth = depth.max(below);
                    let problem = match &binder {
                        _ if form == RepeatForm::Iterate => Some(error::iterate_with_index(place)),
                        Some((_, first)) => Some(error::second_loop_index(place, *first, form.word())),
                        None if !values.is_empty() => Some(error::loop_index_not_first(place, form.word())),
                        None => None,
                    };
                    if let Some(problem) = problem {
                        self.diagnostics.push(problem);
                        return None;
                    }
                    binder = Some((built, place));
                }
                Rule::repeat_state => {
                    let (name, value, below) = self.repeat_value(part.into_inner())?;
                    depth = depth.max(below);
                    values.push((name, value));
                }
                Rule::expression => body = Some(self.expression(part)?),
                _ => {}
            }
        }
        let body = body?;
        depth = depth.max(body.depth);
        let binder = binder.map(|(binder, _)| binder);
        if binder.is_none() && form != RepeatForm::Iterate {
            self.diagnostics.push(error::loop_without_index(form_span, form.word()));
            return None;
        }
        let (states, options) = self.states_and_options(form, values)?;
        if states.is_empty() {
            self.diagnostics.push(error::loop_without_states(form_span, form.word(), binder.is_some()));
            return None;
        }
        if let Some((place, parts)) = written_tuple(&body.expr)
            && parts != states.len()
            && (form != RepeatForm::Scan || parts < states.len())
        {
            self.diagnostics.push(error::values_of_body(place, form.word(), states.len(), parts));
            return None;
        }
        let repeat = Repeat { form, form_span, binder, states, options, body: body.expr };
        Some(self.node(ExprKind::Repeat(Box::new(repeat)), span, depth))
    }

    fn repeat_value(&mut self, inner: Pairs<Rule>) -> Option<(Name, Expr, u32)> {
        let (mut name, mut value) = (None, None);
        for part in inner {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::expression => value = Some(self.expression(part)?),
                _ => {}
            }
        }
        let value = value?;
        Some((name?, value.expr, value.depth))
    }

    /// Options are told from states by their names, which no state may have.
    #[allow(clippy::type_complexity, reason = "states and options, as the tree holds them")]
    fn states_and_options(
        &mut self,
        form: RepeatForm,
        values: Vec<(Name, Expr)>,
    ) -> Option<(Vec<(Name, Expr)>, Vec<(Name, Expr)>)> {
        let (mut states, mut options): (Vec<(Name, Expr)>, Vec<(Name, Expr)>) = (vec![], vec![]);
        let mut seen: std::collections::HashMap<String, Span> = std::collections::HashMap::new();
        for (name, value) in values {
            let at = name.span;
            if let Some(first) = seen.insert(name.text.clone(), at) {
                self.diagnostics.push(error::state_twice(at, &name.text, first));
                return None;
            }
            match name.text.as_str() {
                "_" => {
                    self.diagnostics.push(error::state_without_name(at, form.word()));
                    return None;
                }
                word if form.options().contains(&word) => options.push((name, value)),
                word if RepeatForm::OPTIONS.contains(&word) => {
                    self.diagnostics.push(error::option_as_state(at, word, form.word(), form.options()));
                    return None;
                }
                _ => states.push((name, value)),
            }
        }
        Some((states, options))
    }
}

/// The parts of a tuple that stands as the value of a body, and its place.
fn written_tuple(body: &Expr) -> Option<(Span, usize)> {
    match &body.kind {
        ExprKind::Tuple(parts) => Some((body.span, parts.len())),
        ExprKind::Block { value, .. } => written_tuple(value),
        _ => None,
    }
}
