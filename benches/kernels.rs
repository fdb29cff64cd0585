//! Time per element of every bulk function, against a loop over the scalar function of the standard library (or of
//! `libm` where the standard library has none); and matrix products against three loops.
//!
//! Run: `cargo bench --bench kernels [-- name ...]`, where `gemm` names the products. The two sides of a ratio take
//! turns in every round; each number is the median of the rounds.

use nnc::kernel::gemm::{gemm_f32, gemm_f64};
use nnc::kernel::{ALL, Kernel};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Numbers per call; the arrays stay in the second-level cache.
const LENGTH: usize = 4096;
/// Numbers per call where the cost of a call shows.
const SHORT: usize = 4;
/// Rounds per median.
const ROUNDS: usize = 31;
/// Least duration of one timing.
const LEAST: Duration = Duration::from_micros(50);

/// A loop over a scalar function of one or two arguments.
type Scalar<T> = fn(a: &[T], b: &[T], out: &mut [T]);

fn main() {
    let names: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let chosen = |name: &str| names.is_empty() || names.iter().any(|n| n == name);
    println!("{:14} {:>12} {:>12} {:>10} {:>14}", "", "kernel, ns", "scalar, ns", "ratio", "4 numbers, ns");
    for kernel in ALL.iter().filter(|k| chosen(k.name())) {
        time_f32(kernel);
        time_f64(kernel);
    }
    if chosen("gemm") {
        println!("\n{:26} {:>12} {:>12} {:>10} {:>14}", "", "kernel, ns", "loops, ns", "ratio", "kernel, GF/s");
        for product in PRODUCTS {
            time_gemm_f32(product);
            time_gemm_f64(product);
        }
    }
}

/// A matrix product: rows of the result, terms, columns, and which operands are transposed in memory.
type Product = (usize, usize, usize, &'static str);

/// The products of a training step of a 64-128-10 perceptron on 32 examples, then others.
const PRODUCTS: &[Product] = &[
    (32, 64, 128, ""),
    (32, 128, 10, ""),
    (128, 32, 10, "left"),
    (64, 32, 128, "left"),
    (32, 10, 128, "right"),
    (16, 16, 16, ""),
    (128, 128, 128, ""),
    (256, 256, 256, ""),
    (256, 256, 256, "right"),
    (128, 784, 1, ""),
    (784, 128, 1, "left"),
    (1, 64, 64, ""),
];

/// Times one matrix product in one precision and prints the line.
macro_rules! time_gemm {
    ($name:ident, $gemm:ident, $t:ident) => {
        fn $name(&(m, k, n, transposed): &Product) {
            let a: Vec<$t> = uniform(-1.0, 1.0, 1, m * k).map(|x| x as $t).collect();
            let b: Vec<$t> = uniform(-1.0, 1.0, 2, k * n).map(|x| x as $t).collect();
            let (mut fast, mut slow) = (vec![0.0; m * n], vec![0.0; m * n]);
            let (a_row, a_column) = if transposed == "left" { (1, m) } else { (k, 1) };
            let (b_row, b_column) = if transposed == "right" { (1, k) } else { (n, 1) };
            let [tiles, loops] = medians([
                &mut || {
                    let to = black_box(fast.as_mut_ptr());
                    let [a_row, a_column, b_row, b_column, row] =
                        [a_row, a_column, b_row, b_column, n].map(|s| s as isize);
                    // SAFETY: the slices have as many numbers as the sizes and strides reach.
                    unsafe { $gemm(m, n, k, to, row, 1, a.as_ptr(), a_row, a_column, b.as_ptr(), b_row, b_column, 0) }
                },
                &mut || {
                    let (a, b) = (black_box(&a), black_box(&b));
                    for (i, row) in slow.chunks_exact_mut(n).enumerate() {
                        row.fill(0.0);
                        for l in 0..k {
                            let x = a[i * a_row + l * a_column];
                            row.iter_mut().enumerate().for_each(|(j, y)| *y += x * b[l * b_row + j * b_column]);
                        }
                    }
                    black_box(&mut slow);
                },
            ]);
            let title = format!("gemm {m}x{k}x{n} {transposed} {}", stringify!($t));
            let speed = (2 * m * n * k) as f64 / tiles;
            println!("{title:26} {tiles:>12.0} {loops:>12.0} {:>10.2} {speed:>14.1}", loops / tiles);
        }
    };
}

time_gemm!(time_gemm_f32, gemm_f32, f32);
time_gemm!(time_gemm_f64, gemm_f64, f64);

/// Times one kernel in one precision and prints the line.
macro_rules! time {
    ($name:ident, $scalar:ident, $t:ident, $sigmoid:ident, $softplus:ident, $erf:path, $erfc:path) => {
        fn $name(kernel: &Kernel) {
            let ((low_a, high_a), (low_b, high_b)) = range(kernel.name());
            let a: Vec<$t> = uniform(low_a, high_a, 1, LENGTH).map(|x| x as $t).collect();
            let b: Vec<$t> = uniform(low_b, high_b, 2, LENGTH).map(|x| x as $t).collect();
            let (mut fast, mut slow, mut short) = (vec![0.0; LENGTH], vec![0.0; LENGTH], [0.0; SHORT]);
            let call = |out: &mut [$t]| {
                let (out, n) = (black_box(out.as_mut_ptr()), black_box(out.len()));
                // SAFETY: `a` and `b` have at least as many numbers as every output.
                match *kernel {
                    Kernel::One { $t: f, .. } => unsafe { f(out, a.as_ptr(), n) },
                    Kernel::Two { $t: f, .. } => unsafe { f(out, a.as_ptr(), b.as_ptr(), n) },
                }
            };
            let Some(scalar) = $scalar(kernel.name()) else { return };
            let [bulk, loops, calls] = medians([
                &mut || call(&mut fast),
                &mut || scalar(black_box(&a), black_box(&b), black_box(&mut slow)),
                &mut || call(&mut short),
            ]);
            let (bulk, loops) = (bulk / LENGTH as f64, loops / LENGTH as f64);
            let title = format!("{} {}", kernel.name(), stringify!($t));
            println!("{title:14} {bulk:>12.3} {loops:>12.3} {:>10.2} {calls:>14.1}", loops / bulk);
        }

        fn $sigmoid(x: $t) -> $t {
            1.0 / (1.0 + (-x).exp())
        }

        fn $softplus(x: $t) -> $t {
            x.max(0.0) + (-x.abs()).exp().ln_1p()
        }

        fn $scalar(name: &str) -> Option<Scalar<$t>> {
            macro_rules! one {
                ($f:expr) => {
                    |a, _, out| out.iter_mut().zip(a).for_each(|(out, &a)| *out = $f(a))
                };
            }
            macro_rules! two {
                ($f:expr) => {
                    |a, b, out| out.iter_mut().zip(a.iter().zip(b)).for_each(|(out, (&a, &b))| *out = $f(a, b))
                };
            }
            let scalar: Scalar<$t> = match name {
                "exp" => one!(<$t>::exp),
                "exp2" => one!(<$t>::exp2),
                "expm1" => one!(<$t>::exp_m1),
                "log" => one!(<$t>::ln),
                "log2" => one!(<$t>::log2),
                "log10" => one!(<$t>::log10),
                "log1p" => one!(<$t>::ln_1p),
                "sin" => one!(<$t>::sin),
                "cos" => one!(<$t>::cos),
                "tan" => one!(<$t>::tan),
                "asin" => one!(<$t>::asin),
                "acos" => one!(<$t>::acos),
                "atan" => one!(<$t>::atan),
                "sinh" => one!(<$t>::sinh),
                "tanh" => one!(<$t>::tanh),
                "sigmoid" => one!($sigmoid),
                "softplus" => one!($softplus),
                "erf" => one!($erf),
                "erfc" => one!($erfc),
                "cbrt" => one!(<$t>::cbrt),
                "pow" => two!(<$t>::powf),
                "atan2" => two!(<$t>::atan2),
                "hypot" => two!(<$t>::hypot),
                _ => return None,
            };
            Some(scalar)
        }
    };
}

time!(time_f32, scalar_f32, f32, sigmoid_f32, softplus_f32, libm::erff, libm::erfcf);
time!(time_f64, scalar_f64, f64, sigmoid_f64, softplus_f64, libm::erf, libm::erfc);

/// Where each kernel is timed: a range per argument.
fn range(name: &str) -> ((f64, f64), (f64, f64)) {
    let one = |low, high| ((low, high), (0.0, 1.0));
    match name {
        "log" | "log2" | "log10" => one(0.01, 100.0),
        "log1p" => one(-0.9, 10.0),
        "asin" | "acos" => one(-1.0, 1.0),
        "erf" | "erfc" => one(-3.0, 3.0),
        "pow" => ((0.1, 10.0), (-3.0, 3.0)),
        "atan2" | "hypot" => ((-10.0, 10.0), (-10.0, 10.0)),
        _ => one(-10.0, 10.0),
    }
}

/// Some numbers, evenly distributed; a linear congruential generator with Knuth's constants.
fn uniform(low: f64, high: f64, seed: u64, count: usize) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        low + (high - low) * (state >> 11) as f64 / (1_u64 << 53) as f64
    })
    .take(count)
}

/// Median nanoseconds per call of each function.
fn medians<const N: usize>(mut functions: [&mut dyn FnMut(); N]) -> [f64; N] {
    let repeats = functions.each_mut().map(|f| {
        let mut repeats = 1_u32;
        while time(*f, repeats) < LEAST {
            repeats *= 2;
        }
        repeats
    });
    let mut samples = [const { Vec::new() }; N];
    for _ in 0..ROUNDS {
        for ((f, &repeats), samples) in functions.iter_mut().zip(&repeats).zip(&mut samples) {
            samples.push(time(*f, repeats).as_nanos() as f64 / f64::from(repeats));
        }
    }
    samples.map(|mut samples| {
        samples.sort_by(f64::total_cmp);
        samples[ROUNDS / 2]
    })
}

/// Duration of some calls.
fn time(f: &mut dyn FnMut(), repeats: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..repeats {
        f();
    }
    start.elapsed()
}
