//! Where an element is: its distance from the start of its array as a linear form in loop variables.
//!
//! Reads kernels. Must not know the graph.

use super::kernel::{Expr, ExprId, Kernel, VarId};
use crate::graph::{Extents, Poly};

/// Σ stride · index + constant, in elements. No index is itself a linear form.
#[derive(Clone, Debug, Default)]
pub struct Address {
    /// Indices with their strides, no index twice.
    pub terms: Vec<(ExprId, Poly)>,
    /// The rest.
    pub constant: Poly,
}

impl Address {
    /// The address of the element with these indices in an array with these strides.
    pub fn of(kernel: &Kernel, extents: &Extents, at: &[ExprId], strides: &[Poly]) -> Address {
        let mut address = Address::default();
        for (index, stride) in at.iter().zip(strides) {
            address.add(kernel, extents, *index, stride);
        }
        address.terms.retain(|t| t.1.as_constant() != Some(0));
        address
    }

    fn add(&mut self, kernel: &Kernel, extents: &Extents, index: ExprId, stride: &Poly) {
        if let Expr::Linear { terms, constant } = kernel.expr(index) {
            self.constant = self.constant.add(&extents.poly(*constant).mul(stride));
            for (term, k) in terms {
                self.add(kernel, extents, *term, &extents.poly(*k).mul(stride));
            }
            return;
        }
        match self.terms.iter_mut().find(|t| t.0 == index) {
            Some(t) => t.1 = t.1.add(stride),
            None => self.terms.push((index, stride.clone())),
        }
    }

    /// The distance between elements at consecutive values of a variable; `None` if it is not always the same.
    pub fn stride(&self, kernel: &Kernel, var: VarId) -> Option<Poly> {
        let mut stride = Poly::default();
        for (index, k) in &self.terms {
            match kernel.expr(*index) {
                Expr::Var(v) if *v == var => stride = k.clone(),
                Expr::Var(_) => {}
                _ if kernel.depends(*index, var) => return None,
                _ => {}
            }
        }
        Some(stride)
    }
}
