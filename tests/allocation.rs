//! Calls and training steps allocate nothing: counted by an allocator that counts.
#![cfg(feature = "jit")]

use nnc::fit::{Batch, Dataset, Settings, fit};
use nnc::model::{Backend, Model, Options, Slice};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::AtomicBool;

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every method hands its arguments to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|c| c.set(c.get() + 1));
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _ = COUNT.try_with(|c| c.set(c.get() + 1));
        // SAFETY: as the caller promises.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many allocations `work` makes on this thread.
fn count<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = COUNT.with(Cell::get);
    let result = work();
    (COUNT.with(Cell::get) - before, result)
}

const MODEL: &str = "
dim N, D = 3, H = 40, C = 2
input  x: [N, D]
target y: index(C)[N]
param W1: [D, H] = he_normal()
param b1: [H]
param W2: [H, C] = glorot_uniform()
let p = softmax(relu(x @ W1 + b1) @ W2)
loss mean(cross_entropy(y, p))
";

fn data(rows: usize) -> (Vec<f32>, Vec<u32>) {
    ((0..rows * 3).map(|i| (i as f32 * 0.7).sin()).collect(), (0..rows).map(|i| (i % 2) as u32).collect())
}

#[test]
fn a_call_with_the_lengths_of_the_one_before_allocates_nothing() {
    let f = Model::from_source(MODEL).unwrap().compile(&Options::gradient("loss").backend(Backend::Native)).unwrap();
    let (x, y) = data(50);
    let (w1, b1, w2) = (vec![0.1f32; 120], vec![0.0f32; 40], vec![0.2f32; 80]);
    let (mut g1, mut gb, mut g2) = (w1.clone(), b1.clone(), w2.clone());
    let mut workspace = f.workspace();
    let mut call = || {
        let inputs = [Slice::from(&x), (&y).into(), (&w1).into(), (&b1).into(), (&w2).into()];
        let mut gradients = [(&mut g1).into(), (&mut gb).into(), (&mut g2).into()];
        f.value_and_grad(&inputs, &mut gradients, &mut workspace).unwrap()
    };
    assert!(count(&mut call).0 > 0, "the first call makes its workspace");
    let (allocations, loss) = count(|| (0..100).map(|_| call()).sum::<f64>());
    assert!(loss.is_finite());
    assert_eq!(allocations, 0);
}

#[test]
fn a_training_step_allocates_nothing() {
    let model = Model::from_source(MODEL).unwrap();
    let (x, y) = data(50);
    let data = Dataset::new(50).unwrap().column("x", x).unwrap().column("y", y).unwrap();
    let allocations = |epochs| {
        let settings = Settings { epochs, batch: Batch::Rows(8), ..Settings::default() };
        count(|| fit(&model, &data, &settings, Backend::Native, &mut (), &AtomicBool::new(false)).unwrap()).0
    };
    // The first compilation of a process also compiles the texts of the primitive table.
    allocations(1);
    assert_eq!(allocations(3), allocations(30));
}

/// Factors, eigenvalues and exponentials work in the workspace of the call, also in gradients.
#[test]
fn algorithms_on_matrices_allocate_nothing() {
    let text = "precision f64\ndim B = 2, M = 6, N = 4\nparam A: [B, M, N] = normal()\nlet S = A' @ A\nlet (w, v) = eigh(S)\n\
                let (q, r) = qr(A)\nlet (u, s, t) = svd(A)\n\
                loss sum(w^2) + sum(v^3) + sum(q^3) + sum(r^2) + sum(u^3) + sum(s) + sum(t^3) + sum(expm(S)) + sum(det(S)) + \
                sum(log(det(S))) + sum(logdet(S)) + sum(pinv(A)^2) + sum(cholesky(S)) + sum(adjugate(S))\n";
    let f = Model::from_source(text).unwrap().compile(&Options::gradient("loss").backend(Backend::Native)).unwrap();
    let a: Vec<f64> = (0..48).map(|i| f64::from(i * i % 17) / 17.0 + f64::from(i % 5)).collect();
    let mut gradient = a.clone();
    let mut workspace = f.workspace();
    let mut call = || f.value_and_grad(&[(&a).into()], &mut [(&mut gradient).into()], &mut workspace).unwrap();
    call();
    let (allocations, loss) = count(|| (0..10).map(|_| call()).sum::<f64>());
    assert!(loss.is_finite(), "{loss}");
    assert_eq!(allocations, 0);
}
