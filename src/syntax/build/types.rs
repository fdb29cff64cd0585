//! Types: after a colon, and after `->`.

use super::super::ast::*;
use super::super::grammar::Rule;
use super::Builder;
use pest::iterators::Pair;

impl Builder {
    /// `: [N]` or `-> [N]`, with the depth of its expressions.
    pub(super) fn annotation(&mut self, pair: Pair<Rule>) -> Option<(TypeExpr, u32)> {
        let ty = pair.into_inner().find(|part| part.as_rule() == Rule::ty)?;
        self.ty(ty)
    }

    /// `-> [N]`, `-> ([N], [N])`
    pub(super) fn result(&mut self, pair: Pair<Rule>) -> Option<ResultType> {
        let tuple = pair.clone().into_inner().find(|part| part.as_rule() == Rule::tuple_result);
        let Some(tuple) = tuple else { return Some(ResultType::One(self.annotation(pair)?.0)) };
        let span = self.span(&tuple);
        let parts = tuple.into_inner().filter(|part| part.as_rule() == Rule::ty);
        let parts: Option<Vec<TypeExpr>> = parts.map(|part| Some(self.ty(part)?.0)).collect();
        Some(ResultType::Tuple(parts?, span))
    }

    fn ty(&mut self, ty: Pair<Rule>) -> Option<(TypeExpr, u32)> {
        let span = self.span(&ty);
        let (mut kind, mut shape, mut depth) = (None, None, 0);
        for part in ty.into_inner() {
            match part.as_rule() {
                Rule::kind => {
                    let mut inner = part.into_inner();
                    let name = self.name(&inner.next()?);
                    let argument = match inner.next() {
                        Some(argument) => {
                            let built = self.expression(argument)?;
                            depth = depth.max(built.depth);
                            Some(built.expr)
                        }
                        None => None,
                    };
                    kind = Some(KindExpr { name, argument });
                }
                Rule::shape => {
                    let mut items = vec![];
                    for item in part.into_inner() {
                        if item.as_rule() == Rule::rest {
                            items.push(ShapeItem::Rest(self.span(&item)));
                        } else {
                            let built = self.expression(item)?;
                            depth = depth.max(built.depth);
                            items.push(ShapeItem::Dim(built.expr));
                        }
                    }
                    shape = Some(items);
                }
                _ => {}
            }
        }
        Some((TypeExpr { kind, shape, span }, depth))
    }
}
