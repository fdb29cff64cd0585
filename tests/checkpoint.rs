//! `checkpoint = k`: loops in blocks have the values and derivatives of plain loops, and less memory.

use nnc::model::{Model, Options, Sampling, gradcheck};

const LOOPS: &str = "precision f64
dim T, H = 3
input x: [T, H]
param W: [H, H] = normal()
param h0: [H]
let h = fold(t in T, h = h0, checkpoint = K) => tanh(x[t] + h @ W)
let (hs, f) = scan(t in T, s = h0, checkpoint = K) => {
  let next = sin(s @ W + x[T - 1 - t])
  (next, sum(s * next))
}
let (a, b) = fold(t in T, a = h0, b = 1, until = b > 3, checkpoint = K) => (a * x[t] + b, b + 0.1 * sum(a^2))
output h
output hs
output f
output a
output b
let E = sum(h^2) + sum(f) + sum(hs[0] * hs[T - 1]) + sum(a) + b^2
let g = grad(E, W)
loss first = E
loss second = sum(g^2) + sum(grad(E, h0))
";

fn text(block: &str) -> String {
    match block {
        "" => LOOPS.replace(", checkpoint = K", ""),
        block => LOOPS.replace("= K)", &format!("= {block})")),
    }
}

fn model(text: &str) -> Model {
    Model::from_source(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn results(m: &Model, options: &Options, turns: usize) -> Vec<(String, Vec<f64>)> {
    let x: Vec<f64> = (0..turns * 3).map(|i| (i as f64 * 0.7).sin() / 2.0).collect();
    let w: Vec<f64> = (0..9).map(|i| (i as f64 * 1.3).cos() / 2.0).collect();
    let f = m.compile(options).unwrap_or_else(|e| panic!("{e}"));
    let inputs = [("x", x.as_slice().into()), ("W", w.as_slice().into()), ("h0", [0.3, -0.2, 0.5].as_slice().into())];
    let results = f.evaluate(&inputs).unwrap_or_else(|e| panic!("{turns}: {e}"));
    results.into_iter().map(|r| (r.name, r.values.to_f64())).collect()
}

/// A last block that is not full; blocks longer than the loop; open and fixed lengths. Plain loops
/// are the reference: they are themselves checked against loops written in Rust.
#[test]
fn values_and_derivatives_are_those_of_plain_loops() {
    let plain = model(&text(""));
    for block in ["2", "9"] {
        let blocks = model(&text(block));
        for options in
            [Options::values(["h", "hs", "f", "a", "b"]), Options::gradient("first"), Options::gradient("second")]
        {
            for turns in [1, 5] {
                let expected = results(&plain, &options, turns);
                for options in [options.clone(), options.clone().dim("T", turns)] {
                    for ((name, given), (_, expected)) in results(&blocks, &options, turns).iter().zip(&expected) {
                        assert_eq!(given.len(), expected.len(), "{name}");
                        for (g, e) in given.iter().zip(expected) {
                            let near = (g - e).abs() <= 1e-10 * (1.0 + e.abs());
                            assert!(near, "checkpoint = {block}, {turns} turns, {name}: {given:?}, not {expected:?}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn derivatives_are_confirmed_by_differences_forward_mode_and_the_interpreter() {
    let m = model(&text("2"));
    for (of, allowed) in [("first", 1e-7), ("second", 1e-6)] {
        let check =
            gradcheck(m.program(), &Options::gradient(of), &[], &[("T".into(), 5)], Sampling { seed: 3, points: 1 })
                .unwrap();
        assert!(check.worst() < allowed, "{of}: {check:?}");
    }
}

/// With blocks of 32 of 1024 turns, 33 states between and 33 within a block are kept, not 1025.
#[test]
fn memory_is_that_of_one_block_and_of_the_states_between() {
    let bytes = |option: &str| {
        let m = model(&format!(
            "precision f64\ndim T = 1024, H = 16\ninput x: [T, H]\nparam W: [H, H] = normal()\nparam h0: [H]\n\
             let h = fold(t in T, h = h0{option}) => tanh(x[t] + h @ W)\nloss sum(h^2)\n"
        ));
        let mut prepared = nnc::model::prepare(m.program(), &Options::gradient("loss"), true).unwrap();
        prepared.expand();
        let plan = prepared.plan(m.program().precision);
        let compiled = nnc::jit::compile(&plan).unwrap();
        let dims: Vec<i64> = plan.extents.dims().iter().map(|d| d.value.unwrap_or(-1)).collect();
        compiled.bind(&dims).unwrap().workspace_bytes()
    };
    let (plain, blocks) = (bytes(""), bytes(", checkpoint = 32"));
    // The states alone: 1025 rows of 16 numbers.
    assert!(plain > 1025 * 16 * 8, "{plain}");
    // 33 rows between blocks, 33 of states and of cotangents in a block, 32 of a product, four of the size of W, and some
    // of one row.
    assert!(blocks < 8 * 16 * (3 * 33 + 32 + 4 * 16 + 32), "{blocks}");
}

/// A loop in a loop in blocks, and blocks in blocks: derivatives of first and second order.
#[test]
fn loops_within_blocks() {
    let m = model(
        "precision f64\ndim T, S = 3\ninput x: [T]\nparam a: [2] = normal()\n\
         let h = fold(t in T, h = a, checkpoint = 2) => fold(s in S, u = h, checkpoint = 2) => sin(x[t] * u + a) + 0.1 * s\n\
         let k = fold(t in T, g = a, checkpoint = 3) => {\n  let v = scan(s in S, u = g) => cos(u * a) + x[t]\n  mean[s](v[s])\n}\n\
         loss first = sum(h * k)\nloss second = sum(grad(first, a)^2)\n",
    );
    for (of, allowed) in [("first", 1e-7), ("second", 1e-6)] {
        let check =
            gradcheck(m.program(), &Options::gradient(of), &[], &[("T".into(), 5)], Sampling { seed: 3, points: 1 })
                .unwrap();
        assert!(check.worst() < allowed, "{of}: {check:?}");
    }
}
