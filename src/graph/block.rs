//! Whole-array algorithms as nodes: Cholesky factors, systems, determinants of matrices; the order of vectors.
//!
//! Reads the graph. The two axes of a matrix have fixed names inside such a node, so that equal ones are one node; a view
//! gives the axes of the result the names of their place.

use super::{Args, Axis, AxisSet, ExtentId, Graph, Kind, NodeId, Op};

/// Ordinals of the axes of a matrix: nothing binds them, and no pass gives them to an axis.
pub(super) const CORE: u16 = (1 << 14) - 2;

/// An algorithm on a square matrix, or on a vector, which has the axis of the rows alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Block {
    /// The lower factor L with L Lᵀ = A; reads the lower triangle of A.
    Cholesky,
    /// x with L x = b; reads the lower triangle.
    SolveLower,
    /// x with U x = b; reads the upper triangle.
    SolveUpper,
    /// x with A x = b.
    Solve,
    /// The determinant.
    Det,
    /// The logarithm of the magnitude of the determinant.
    LogDet,
    /// The positions of the elements of a vector in ascending order; equal ones stay in order, NaN comes last.
    ArgSort,
}

impl Block {
    /// What users call it.
    pub fn name(self) -> &'static str {
        match self {
            Block::Cholesky => "cholesky",
            Block::SolveLower => "solve_lower",
            Block::SolveUpper => "solve_upper",
            Block::Solve => "solve",
            Block::Det => "det",
            Block::LogDet => "logdet",
            Block::ArgSort => "argsort",
        }
    }

    /// What its result is.
    pub fn kind(self) -> Kind {
        if self == Block::ArgSort { Kind::Index } else { Kind::Real }
    }

    /// Whether it has a right side, the second argument.
    pub fn is_system(self) -> bool {
        matches!(self, Block::SolveLower | Block::SolveUpper | Block::Solve)
    }
}

/// The axes of the rows and columns of a matrix inside a block.
pub fn core(extent: ExtentId) -> [Axis; 2] {
    [Axis { extent, ordinal: CORE }, Axis { extent, ordinal: CORE + 1 }]
}

/// What an axis of [`core()`] is called where terms are printed; none for other axes.
pub fn core_name(axis: Axis) -> Option<&'static str> {
    match axis.ordinal.checked_sub(CORE)? {
        0 => Some("row"),
        _ => Some("column"),
    }
}

/// The axes of the result: those of the right side or of the matrix, and those that tell apart several matrices.
pub(super) fn axes(graph: &Graph, block: Block, extent: ExtentId, args: &[NodeId]) -> AxisSet {
    let [row, column] = core(extent);
    let inside: AxisSet = [row, column].into_iter().collect();
    let several = graph.axes(args[0]).minus(&inside);
    match block {
        Block::Cholesky => several.union(&inside),
        Block::Det | Block::LogDet => several,
        Block::ArgSort => several.union(&[row].into_iter().collect()),
        _ => several.union(graph.axes(args[1])).union(&[row].into_iter().collect()),
    }
}

impl Graph {
    /// An algorithm on a matrix whose axes are those of [`core()`]; a right side and a vector have the axis of the rows.
    /// The result has the axes of the matrix for Cholesky, the axis of the rows for a system and for the order.
    pub fn block(&mut self, block: Block, extent: ExtentId, args: &[NodeId]) -> NodeId {
        self.make(Op::Block(block, extent), Args::from_slice(args))
    }
}
