//! Algorithms on matrices: factors, systems, determinants, eigenvalues, singular values, the exponential.
//!
//! Reads nothing. Matrices are row-major without gaps. Nothing here allocates: what an algorithm needs besides its
//! argument and result is work space of the caller. No input ends the program: where there is no answer, or an iteration
//! does not converge, the result is NaN or infinite.

mod adjugate;
mod exponential;
mod orthogonal;
mod scalar;
mod singular;
mod symmetric;
mod systems;

pub use adjugate::{adjugate, adjugate_derivative};
pub use exponential::exponential;
pub use orthogonal::orthonormal;
pub use scalar::Scalar;
pub use singular::{right_vectors, singular_values};
pub use symmetric::{eigenvalues, eigenvectors};
pub use systems::{cholesky, det, det_sign, log_of_det, logdet, solve, solve_lower, solve_upper};

/// An algorithm: `dst` is the right side, or the matrix if there is no other place for it, and becomes the result;
/// `matrix` and `work` are overwritten. The matrix has n rows; m is the number of its columns, or of those of the right side.
pub type BlockF32 = unsafe extern "C" fn(dst: *mut f32, matrix: *mut f32, work: *mut f32, n: usize, m: usize);
/// As [`BlockF32`] for f64.
pub type BlockF64 = unsafe extern "C" fn(dst: *mut f64, matrix: *mut f64, work: *mut f64, n: usize, m: usize);
/// As [`BlockF64`], on slices.
pub type BlockSafe = fn(dst: &mut [f64], matrix: &mut [f64], work: &mut [f64], n: usize, m: usize);

/// The elements of work space that an algorithm needs: `squares` n² + `lines` m.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// How many times n².
    pub squares: usize,
    /// How many times m.
    pub lines: usize,
}

/// An algorithm in both precisions.
#[derive(Clone, Copy, Debug)]
pub struct Algorithm {
    /// Its name.
    pub name: &'static str,
    /// Single precision.
    pub f32: BlockF32,
    /// Double precision.
    pub f64: BlockF64,
    /// On slices; none for the order of a vector, whose result is no numbers.
    pub safe: Option<BlockSafe>,
    /// The work space it needs.
    pub work: Work,
}

/// The algorithm of this name.
pub fn algorithm(name: &str) -> Option<&'static Algorithm> {
    ALGORITHMS.iter().find(|a| a.name == name)
}

/// What the table says of an algorithm.
trait Entry {
    const NAME: &'static str;
    const WORK: Work;
    /// The elements of `dst` and of `matrix`.
    fn sizes(n: usize, m: usize) -> [usize; 2];
    fn run<T: Scalar>(dst: &mut [T], matrix: &mut [T], work: &mut [T], n: usize, m: usize);
}

/// An algorithm on memory.
///
/// # Safety
/// `dst`, `matrix` and `work` are valid for as many elements as the entry says, do not overlap, and nothing else uses them;
/// what is empty there is not touched.
unsafe extern "C" fn call<T: Scalar, E: Entry>(dst: *mut T, matrix: *mut T, work: *mut T, n: usize, m: usize) {
    let [of_dst, of_matrix] = E::sizes(n, m);
    let of_work = E::WORK.squares * n * n + E::WORK.lines * m;
    // SAFETY: as the caller promises.
    let (dst, matrix, work) = unsafe { (slice(dst, of_dst), slice(matrix, of_matrix), slice(work, of_work)) };
    E::run(dst, matrix, work, n, m);
}

/// The elements at a place; if there are none, the place may be any.
///
/// # Safety
/// The place is valid for so many elements, and nothing else uses them.
unsafe fn slice<'a, T>(start: *mut T, count: usize) -> &'a mut [T] {
    if count == 0 {
        return &mut [];
    }
    // SAFETY: as the caller promises.
    unsafe { std::slice::from_raw_parts_mut(start, count) }
}

impl Algorithm {
    const fn of<E: Entry>() -> Algorithm {
        Algorithm { name: E::NAME, f32: call::<f32, E>, f64: call::<f64, E>, safe: Some(E::run::<f64>), work: E::WORK }
    }
}

/// For each algorithm: the elements of `dst` and `matrix` by its sizes, how many times n² and m its work space has, the call.
macro_rules! algorithms {
    ($($name:literal $entry:ident ($n:pat_param, $m:pat_param) $sizes:expr, $squares:literal, $lines:literal;
       |$d:pat_param, $a:pat_param, $w:pat_param| $run:expr;)*) => {
        $(struct $entry;

        impl Entry for $entry {
            const NAME: &'static str = $name;
            const WORK: Work = Work { squares: $squares, lines: $lines };
            fn sizes($n: usize, $m: usize) -> [usize; 2] {
                $sizes
            }
            fn run<T: Scalar>($d: &mut [T], $a: &mut [T], $w: &mut [T], $n: usize, $m: usize) {
                $run
            }
        })*

        /// All algorithms.
        pub static ALGORITHMS: &[Algorithm] = &[
            $(Algorithm::of::<$entry>(),)*
            Algorithm {
                name: "argsort",
                f32: super::sort::argsort_f32,
                f64: super::sort::argsort_f64,
                safe: None,
                work: Work { squares: 0, lines: 0 },
            },
        ];
    };
}

algorithms! {
    "cholesky" Cholesky (n, _m) [n * n, 0], 0, 0; |d, _a, _w| cholesky(d, n);
    "solve_lower" SolveLower (n, m) [n * m, n * n], 0, 0; |d, a, _w| solve_lower(d, a, n, m);
    "solve_upper" SolveUpper (n, m) [n * m, n * n], 0, 0; |d, a, _w| solve_upper(d, a, n, m);
    "solve" Solve (n, m) [n * m, n * n], 0, 0; |d, a, _w| solve(d, a, n, m);
    "det" Det (n, _m) [1, n * n], 0, 0; |d, a, _w| d[0] = det(a, n);
    "det_sign" DetSign (n, _m) [1, n * n], 0, 0; |d, a, _w| d[0] = det_sign(a, n);
    "logdet" LogDet (n, _m) [1, n * n], 0, 1; |d, a, w| d[0] = logdet(a, w, n);
    "log_of_det" LogOfDet (n, _m) [1, n * n], 0, 1; |d, a, w| d[0] = log_of_det(a, w, n);
    "adjugate" Adjugate (n, _m) [n * n, n * n], 3, 1; |d, a, w| adjugate(d, a, w, n);
    "adjugate_derivative" AdjugateDerivative (n, _m) [n * n, n * n], 4, 1; |d, a, w| adjugate_derivative(d, a, w, n);
    "orthonormal" Orthonormal (n, m) [n * m, 0], 0, 3; |d, _a, w| orthonormal(d, w, n, m);
    "eigvalsh" Eigenvalues (n, _m) [n, n * n], 0, 1; |d, a, w| eigenvalues(d, a, w, n);
    "eigenvectors" Eigenvectors (n, _m) [n * n, 0], 0, 2; |d, _a, w| eigenvectors(d, w, n);
    "svdvals" SingularValues (n, m) [m, n * m], 0, 0; |d, a, _w| singular_values(d, a, n, m);
    "right_vectors" RightVectors (n, m) [m * m, n * m], 0, 1; |d, a, w| right_vectors(d, a, w, n, m);
    "expm" Exponential (n, _m) [n * n, 0], 5, 1; |d, _a, w| exponential(d, w, n);
}
