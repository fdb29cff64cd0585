//! A layer: statements between `{` and `}`.

use super::super::ast::*;
use super::super::grammar::Rule;
use super::Builder;
use pest::iterators::Pairs;

impl Builder {
    pub(super) fn layer(&mut self, inner: Pairs<Rule>) -> Option<Layer> {
        self.layer = true;
        let (mut name, mut parameters, mut body) = (None, vec![], vec![]);
        for part in inner {
            let span = self.span(&part);
            let kind = match part.as_rule() {
                Rule::name => {
                    name = Some(self.name(&part));
                    None
                }
                Rule::parameters => {
                    parameters = self.parameters(part.into_inner())?;
                    None
                }
                // A line with a problem of its own does not hide those of the others.
                Rule::param | Rule::state | Rule::binding | Rule::function => self.statement(part),
                _ => None,
            };
            // Whoever has the comments adds the documentation.
            body.extend(kind.map(|kind| Statement { kind, span, doc: None }));
        }
        self.layer = false;
        Some(Layer { name: name?, parameters, body })
    }
}
