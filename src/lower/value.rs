//! What an expression is worth while it is lowered: a term with the order of its axes, a tuple, a function, or a choice
//! of axes.
//!
//! Reads the graph's types. Must not know syntax or scopes.

use super::gradient::DerivativeForm;
use super::program::ItemId;
use super::reductions::Fold;
use super::shape_functions::Native;
use crate::graph::{Axis, NodeId, Poly};
use crate::prim::Prim;
use crate::span::Span;
use std::rc::Rc;

/// A problem was reported; whatever depends on it stays silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reported;

/// The value of an expression, or the fact that its error is already reported.
pub(super) type Evaluated<T = Value> = Result<T, Reported>;

/// The worth of an expression.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// A term with an order of axes.
    Array(Array),
    /// `(a, b)`
    Tuple(Rc<[Value]>),
    /// A function that is passed on.
    Function(Callee),
    /// The value of an argument called `axis`.
    Axes(AxisChoice),
    /// An instance of a layer, or a family of them.
    Layer(LayerId),
}

/// An instance of a layer at places of its families.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct LayerId(pub usize);

/// A term with an order of axes.
///
/// Invariant: the axes are distinct and none of them is an index that is bound around the expression; the free axes of
/// the node are these axes and indices bound around it.
#[derive(Clone, Debug)]
pub(super) struct Array {
    /// The term.
    pub node: NodeId,
    /// Its axes in order.
    pub axes: Vec<Slot>,
    /// What its elements are.
    pub kind: Sort,
    /// The whole number that this is at compile time: a literal, a dim, or arithmetic of them.
    pub number: Option<Poly>,
}

/// An axis of an array and where its size was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// The axis.
    pub axis: Axis,
    /// The place that gave it its size.
    pub from: Span,
}

/// What the elements of an array are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sort {
    /// Numbers.
    Real,
    /// Truth values.
    Bool,
    /// Positions.
    Index {
        /// Labels, as opposed to bound indices: they do not turn into numbers by themselves.
        label: bool,
        /// How many labels there are, where that is known.
        size: Option<Poly>,
    },
}

/// What can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Callee {
    /// A `fn` of a file.
    User(ItemId),
    /// A row of the primitive table.
    Prim(Prim),
    /// A reduction.
    Fold(Fold),
    /// What cannot be said in the language.
    Native(Native),
    /// A layer, whose call makes an instance.
    Layer(ItemId),
    /// A `fn` of an instance: the one at this place of the layer's body.
    Method(LayerId, usize),
    /// `grad` and its kind.
    Derivative(DerivativeForm),
}

/// The value of an argument called `axis`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum AxisChoice {
    /// `axis = all`
    All,
    /// `axis = -1`, `axis = [N, D]`
    List(Vec<AxisPick>),
}

/// One axis of an [`AxisChoice`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum AxisPick {
    /// Counted from the front, or from the end if negative.
    Position(i64),
    /// The axis of this size.
    Size(Poly),
}

impl Array {
    /// A number.
    pub(super) fn real(node: NodeId, axes: Vec<Slot>) -> Array {
        Array { node, axes, kind: Sort::Real, number: None }
    }

    /// A truth value.
    pub(super) fn truth(node: NodeId, axes: Vec<Slot>) -> Array {
        Array { node, axes, kind: Sort::Bool, number: None }
    }

    /// The bare axes.
    pub(super) fn axis_list(&self) -> Vec<Axis> {
        self.axes.iter().map(|s| s.axis).collect()
    }

    /// Whether it has no axes.
    pub(super) fn is_scalar(&self) -> bool {
        self.axes.is_empty()
    }

    /// Whether its elements are labels.
    pub(super) fn is_label(&self) -> bool {
        matches!(self.kind, Sort::Index { label: true, .. })
    }

    /// How many labels there are, where that is known.
    pub(super) fn labels(&self) -> Option<&Poly> {
        match &self.kind {
            Sort::Index { size, .. } => size.as_ref(),
            _ => None,
        }
    }

    /// Whether its elements are positions, labels or bound indices.
    pub(super) fn is_index(&self) -> bool {
        matches!(self.kind, Sort::Index { .. })
    }
}

impl Sort {
    /// A bound index or a position computed from one.
    pub(super) const BOUND: Sort = Sort::Index { label: false, size: None };
}

/// The identity of a value, without places: the key under which the result of a call is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum ValueKey {
    /// Of an array.
    Array(NodeId, Vec<Axis>, Sort, Option<Poly>),
    /// Of a tuple.
    Tuple(Vec<ValueKey>),
    /// Of a function.
    Function(Callee),
    /// Of a choice of axes.
    Axes(AxisChoice),
    /// Of an instance of a layer.
    Layer(LayerId),
}

impl Value {
    /// The identity of the value.
    pub(super) fn key(&self) -> ValueKey {
        match self {
            Value::Array(a) => ValueKey::Array(a.node, a.axis_list(), a.kind.clone(), a.number.clone()),
            Value::Tuple(values) => ValueKey::Tuple(values.iter().map(Value::key).collect()),
            Value::Function(callee) => ValueKey::Function(*callee),
            Value::Axes(choice) => ValueKey::Axes(choice.clone()),
            Value::Layer(layer) => ValueKey::Layer(*layer),
        }
    }
}
