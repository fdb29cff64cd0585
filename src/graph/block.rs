//! Whole-array algorithms as nodes: factors, systems, determinants, eigenvalues of matrices; the order of vectors.
//!
//! Reads the graph. The two axes of a matrix have fixed names inside such a node, so that equal ones are one node; a view
//! gives the axes of the result the names of their place.

use super::{Args, Axis, AxisMap, AxisSet, ExtentId, Graph, Kind, NodeId, Op};
use crate::prim::Prim;
use smallvec::SmallVec;

/// Ordinals of the axes of a matrix: nothing binds them, and no pass gives them to an axis.
pub(super) const CORE: u16 = (1 << 14) - 2;

/// The sizes of a matrix inside a block; a vector has the rows alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MatrixSize {
    /// Its rows.
    pub rows: ExtentId,
    /// Its columns.
    pub columns: ExtentId,
}

impl MatrixSize {
    /// Of a square matrix.
    pub fn square(extent: ExtentId) -> MatrixSize {
        MatrixSize { rows: extent, columns: extent }
    }

    /// Of the square matrix of so many columns.
    pub fn of_columns(self) -> MatrixSize {
        MatrixSize::square(self.columns)
    }
}

/// An algorithm on a matrix, or on a vector, which has the axis of the rows alone.
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
    /// The sign of the determinant.
    DetSign,
    /// The logarithm of the magnitude of the determinant.
    LogDet,
    /// The logarithm of the determinant; NaN if that is negative.
    LogOfDet,
    /// The adjugate, the transposed matrix of the cofactors.
    Adjugate,
    /// The derivative of the adjugate of A along a second matrix.
    AdjugateDerivative,
    /// The factor Q of A = Q R, with as many columns as A; the diagonal of R is not negative.
    Orthonormal,
    /// The eigenvalues of a symmetric matrix in ascending order; reads the lower triangle.
    Eigenvalues,
    /// The eigenvectors of a symmetric matrix as columns, in the order of the eigenvalues; reads the lower triangle.
    Eigenvectors,
    /// The singular values in descending order, as many as columns.
    SingularValues,
    /// The right singular vectors as columns, in the order of the singular values.
    RightVectors,
    /// The exponential.
    Exponential,
    /// The positions of the elements of a vector in ascending order; equal ones stay in order, NaN comes last.
    ArgSort,
}

/// What the result of an algorithm is, besides the axes that tell apart several results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A number.
    Number,
    /// A vector of the size of the rows.
    Rows,
    /// A vector of the size of the columns.
    Columns,
    /// A matrix of the size of the argument.
    Matrix,
    /// A square matrix of the size of the columns.
    Square,
    /// The right side: the axis of the rows, and what it has besides.
    RightSide,
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
            Block::DetSign => "det_sign",
            Block::LogDet => "logdet",
            Block::LogOfDet => "log_of_det",
            Block::Adjugate => "adjugate",
            Block::AdjugateDerivative => "adjugate_derivative",
            Block::Orthonormal => "orthonormal",
            Block::Eigenvalues => "eigvalsh",
            Block::Eigenvectors => "eigenvectors",
            Block::SingularValues => "svdvals",
            Block::RightVectors => "right_vectors",
            Block::Exponential => "expm",
            Block::ArgSort => "argsort",
        }
    }

    /// What its result is.
    pub fn kind(self) -> Kind {
        if self == Block::ArgSort { Kind::Index } else { Kind::Real }
    }

    /// The form of its result.
    pub fn form(self) -> Form {
        match self {
            Block::Cholesky | Block::Adjugate | Block::AdjugateDerivative => Form::Matrix,
            Block::Orthonormal | Block::Eigenvectors | Block::Exponential => Form::Matrix,
            Block::SolveLower | Block::SolveUpper | Block::Solve => Form::RightSide,
            Block::Det | Block::DetSign | Block::LogDet | Block::LogOfDet => Form::Number,
            Block::Eigenvalues | Block::ArgSort => Form::Rows,
            Block::SingularValues => Form::Columns,
            Block::RightVectors => Form::Square,
        }
    }

    /// Whether it has a right side, the second argument.
    pub fn is_system(self) -> bool {
        self.form() == Form::RightSide
    }

    /// Whether the result takes the place of the matrix, which then needs no other.
    pub fn is_in_place(self) -> bool {
        matches!(self, Block::Cholesky | Block::Orthonormal | Block::Eigenvectors | Block::Exponential)
    }

    /// Whether it reads the matrix by columns.
    pub fn reads_columns(self) -> bool {
        matches!(self, Block::SingularValues | Block::RightVectors)
    }

    /// The axes of an argument that are of one matrix or vector; a right side has others besides.
    pub fn argument_axes(self, size: MatrixSize, argument: usize) -> SmallVec<[Axis; 2]> {
        let core = core(size);
        let vector = self == Block::ArgSort || self.is_system() && argument == 1;
        SmallVec::from_slice(if vector { &core[..1] } else { &core })
    }

    /// The axes of one result, but for those that a right side has besides.
    pub fn result_axes(self, size: MatrixSize) -> SmallVec<[Axis; 2]> {
        match self.form() {
            Form::Number => SmallVec::new(),
            Form::Rows | Form::RightSide => SmallVec::from_slice(&core(size)[..1]),
            Form::Columns => SmallVec::from_slice(&core(size.of_columns())[..1]),
            Form::Matrix => SmallVec::from_slice(&core(size)),
            Form::Square => SmallVec::from_slice(&core(size.of_columns())),
        }
    }
}

/// The axes of the rows and columns of a matrix inside a block.
pub fn core(size: MatrixSize) -> [Axis; 2] {
    [Axis { extent: size.rows, ordinal: CORE }, Axis { extent: size.columns, ordinal: CORE + 1 }]
}

/// What an axis of [`core()`] is called where terms are printed; none for other axes.
pub fn core_name(axis: Axis) -> Option<&'static str> {
    match axis.ordinal.checked_sub(CORE)? {
        0 => Some("row"),
        _ => Some("column"),
    }
}

/// The axes that tell apart several matrices.
pub fn several(graph: &Graph, block: Block, size: MatrixSize, args: &[NodeId]) -> AxisSet {
    let matrices = if block.is_system() { &args[..1] } else { args };
    let inside: AxisSet = core(size).into_iter().collect();
    matrices.iter().fold(AxisSet::new(), |set, a| set.union(&graph.axes(*a).minus(&inside)))
}

/// The axes of the result: of one, and those that tell apart several.
pub(super) fn axes(graph: &Graph, block: Block, size: MatrixSize, args: &[NodeId]) -> AxisSet {
    let own: AxisSet = block.result_axes(size).into_iter().collect();
    let outer = several(graph, block, size, args).union(&own);
    if block.is_system() { outer.union(graph.axes(args[1])) } else { outer }
}

impl Graph {
    /// An algorithm on a matrix whose axes are those of [`core()`]; a right side and a vector have the axis of the rows.
    pub fn block(&mut self, block: Block, size: MatrixSize, args: &[NodeId]) -> NodeId {
        self.make(Op::Block(block, size), Args::from_slice(args))
    }

    /// `log(det(A))` and `log(abs(det(A)))` by sums of logarithms: the determinant of a large matrix is often no number.
    pub fn log_of_determinant(&mut self, n: NodeId) -> Option<NodeId> {
        let (Prim::Log, args) = self.as_prim(n)? else { return None };
        let mut inner = args[0];
        let mut found = Block::LogOfDet;
        if let Some((Prim::Abs, args)) = self.as_prim(inner) {
            (inner, found) = (args[0], Block::LogDet);
        }
        let (base, map): (NodeId, AxisMap) = match self.op(inner).clone() {
            Op::At(vars) => {
                let args = self.args(inner);
                (args[0], vars.iter().zip(args[1..].iter().copied()).collect())
            }
            _ => (inner, AxisMap::new()),
        };
        let Op::Block(Block::Det, size) = *self.op(base) else { return None };
        let matrix = self.args(base)[0];
        let logarithm = self.block(found, size, &[matrix]);
        Some(self.at(logarithm, &map))
    }
}
