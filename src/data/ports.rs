//! What a model needs of each row: the ports that a `data` block can fill, as the caller describes them.
//!
//! Reads nothing. Must not know how a port is compiled.

use crate::span::Span;

/// One size of a port's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// As written in the model: `D`, `64`, `4 * G`. Two open sizes of the same text are equal.
    pub text: String,
    /// The number; open dims get theirs from the data.
    pub known: Option<usize>,
}

/// What the elements of a port are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortKind {
    /// Numbers.
    Real,
    /// Labels from 0 up to, without, this many classes.
    Index(Extent),
    /// Truth values.
    Bool,
}

/// A port that data can fill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowPort {
    /// Its name in the model.
    pub name: String,
    /// What its elements are.
    pub kind: PortKind,
    /// The size of its row axis, which all ports of a table share: it has one element, of `shape`, per row. Otherwise it
    /// has just one, the same for all rows.
    pub rows: Option<Extent>,
    /// The shape without the row axis.
    pub shape: Vec<Extent>,
    /// Whether the `data` block must fill it: it has no default.
    pub required: bool,
    /// Its declaration.
    pub span: Span,
}

impl RowPort {
    /// Whether it has one element per row.
    pub fn per_row(&self) -> bool {
        self.rows.is_some()
    }

    /// The shape of a row as written in the model: `[D]`, `[1, 8, 8]`, `[]` for a single number.
    pub fn shape_text(&self) -> String {
        let sizes: Vec<&str> = self.shape.iter().map(|extent| extent.text.as_str()).collect();
        format!("[{}]", sizes.join(", "))
    }
}
