//! What no text may do: overflow the stack, take for ever, or panic.

use super::common::*;
use std::fmt::Write;

#[test]
fn long_chains_of_definitions() {
    // Each reads the previous one twice: as a tree there would be 2^10000 terms.
    let mut text = "input x\nlet a0 = x\n".to_string();
    for i in 1..=10_000 {
        writeln!(text, "let a{i} = sin(a{0} * a{0}) + a{0}", i - 1).unwrap();
    }
    text.push_str("output y = a10000\n");
    let case = program(&text).port("x", &[0.0]);
    case.close("y", &[0.0]);
    assert!(case.program().graph.len() < 50_000);
}

#[test]
fn long_chains_of_functions() {
    let mut text = "fn f0(x) = x\n".to_string();
    for i in 1..=300 {
        writeln!(text, "fn f{i}(x) = f{0}(x) + f{0}(x)", i - 1).unwrap();
    }
    text.push_str("input x\noutput y = f300(x)\n");
    let case = program(&text).port("x", &[1.0]);
    case.close("y", &[2f64.powi(300)]);
    // Chains that are too deep are refused, not followed into the ground.
    let mut text = "fn f0(x) = x\n".to_string();
    for i in 1..=30_000 {
        writeln!(text, "fn f{i}(x) = f{}(x)", i - 1).unwrap();
    }
    text.push_str("input x\noutput y = f30000(x)\n");
    assert_eq!(codes(&text), ["E0208"]);
}

#[test]
fn long_circles_and_reversed_chains() {
    let mut text = String::new();
    for i in 0..5_000 {
        writeln!(text, "let a{i} = a{} + 1", (i + 1) % 5_000).unwrap();
    }
    text.push_str("output y = a0\n");
    assert_eq!(codes(&text), ["E0205"]);
    let mut text = "output y = a0\n".to_string();
    for i in 0..5_000 {
        writeln!(text, "let a{i} = a{} + 1", i + 1).unwrap();
    }
    text.push_str("let a5000 = 0\n");
    program(&text).close("y", &[5000.0]);
}

#[test]
fn very_long_names() {
    let name = "n".repeat(1 << 20);
    let case = program(&format!("input {name}\noutput y = 2 * {name}\n")).port(&name, &[2.0]);
    case.close("y", &[4.0]);
    let (_, lowered) = lowered_with(&format!("input x\noutput y = {name} + {name}(x) + x[{name}]\n"), &[]);
    assert!(lowered.has_errors());
    assert!(lowered.diagnostics.iter().all(|d| d.message.len() < 500));
}

#[test]
fn nested_notation_is_not_worked_out_again_and_again() {
    // Each level infers the ranges of all levels inside.
    let mut body = "x[i0]".to_string();
    for i in 1..40 {
        body = format!("sum[i{i}](x[i{i}] * ({body}))");
    }
    let text = format!("dim N\ninput x: [N]\noutput y = [i0] => {body}\n");
    let case = program(&text).dim("N", 1).port("x", &[2.0]);
    case.close("y", &[2f64.powi(40)]);
    let mut base = "x".to_string();
    for i in 0..24 {
        base = format!("([i{i}] => ({base})[i{i}] + 1)");
    }
    let case = program(&format!("dim N\ninput x: [N]\noutput y = {base}\n")).dim("N", 1).port("x", &[2.0]);
    case.close("y", &[26.0]);
}

#[test]
fn many_params() {
    let mut text = String::new();
    for i in 0..500 {
        writeln!(text, "param p{i} = {i}").unwrap();
    }
    let sum: Vec<String> = (0..500).map(|i| format!("p{i}")).collect();
    writeln!(text, "loss ({})^2", sum.join(" + ")).unwrap();
    let case = program(&text);
    assert_eq!(case.program().ports.len(), 500);
    assert_eq!(case.lowered.diagnostics, vec![]);
}

#[test]
fn odd_texts_end_in_diagnostics() {
    let texts = [
        "",
        "output y",
        "let y = y",
        "loss loss",
        "fn f() = f",
        "output y = [i in 3, i in 3] => i",
        "dim N = N",
        "dim N = M, M = N\ninput x: [N]",
        "output y = sum[i in 0 - 3](i)",
        "output y = [1, [2, 3]]",
        "output y = [i in 3] => [j in i] => 1",
        "output y = sum(1, axis = 0)",
        "output y = argmax(3)",
        "output y = [][0]",
        "output y = x[..][..]\ninput x",
        "output y = reshape(3, [1, 1])",
        "output y = concat(1, 2)",
        "output y = stack()",
        "output y = zeros([-1])",
        "output y = eye([2, 2])",
        "output y = 3'",
        "output y = (1, 2)",
        "output y = ((1, 2), 3)[0]",
        "output y = one_hot(3)",
        "output y = one_hot(1, 3)",
        "output y = size(3, axis = 0)",
        "output y = mod(3, 0)",
        "output y = div(3, 0) + 1 / 0",
        "output y = if true then 1 else z",
        "output y = max()",
        "output y = max(1, 2, 3)",
        "output y = move_axis([1, 2], 0, 5)",
        "let (a, a) = (1, 2)\noutput a",
        "let (a, b) = [i in 1000000] => i\noutput a",
        "param a: [1000000000] = [i in 1000000000] => i\nloss sum(a)",
        "output y = sum[i](i)",
        "output y = [..] => 1",
        "output y = [.., i] => 1",
        "input x: [..]",
        "input x: index(x)",
        "import a.b (c)\noutput y = c(1)",
        "import std",
        "import std.losses (mse)\noutput y = mse([1], [2])",
        "data { x = y }",
        "precision f64\nprecision f64",
        "const a = x\ninput x\noutput y = a",
        "output y = softmax(3)",
        "output y = softmax([1, 2], axis = 7)",
        "output y = softmax([[1, 2]], axis = [0, 1])",
        "output y = cross_entropy(1, 2)",
        "output y = norm([3, 4], axis = inf)",
        "output y = sum[i in inf](1)",
        "output y = [i in 9007199254740992, j in 9007199254740992] => 1",
        "fn f(x: [K, K]) = x\noutput y = f([[1, 2]])",
        "fn f(x: [K], y: [K + 1]) = x\noutput y = f([1], [2, 3])",
        "fn f(x: index(C)) = one_hot(x)\ninput y: index(3)\noutput z = f(y)",
        "output y = dist.normal(1)\nimport std.dist",
        "output pi = pi",
        "let _ = 3\nlet _ = 4\noutput y = 1",
        "output y = [_ in 3] => 1",
        "output y = _",
    ];
    for text in texts {
        let (_, lowered) = lowered_with(text, &[]);
        if !lowered.has_errors() {
            nnc::graph::verify(&lowered.program.graph).unwrap_or_else(|e| panic!("{text}: {e}"));
        }
        for d in &lowered.diagnostics {
            assert!(!d.message.is_empty() && nnc::diag::catalog::entry(d.code).is_some(), "{text}: {d:?}");
        }
    }
}

/// Programs that use most of the language, as seeds of the mutations below.
const SEEDS: &[&str] = &[
    "dim N, D = 3, H = 2, K = D * H\nconst g = 2.5, A[i in 2, j in 2] = i + j\ninput x: [N, D]\ntarget y: index(H)[N]\n\
     param W: [D, H] = he_normal()\nparam b: [H] = 0.5\nlet h = relu(x @ W + b)\nlet p = softmax(h, axis = -1)\n\
     output q = [n, k] => if y[n] == k then p[n, k] else 0\nloss mean(cross_entropy(y, p)) + g * sum(A)\n\
     metric a = mean(argmax(p) == y)\n",
    "dim N, M, T\ninput s: index(N)[M]\ninput h: [N, 4]\ninput m: bool[N]\n\
     let z[i, d] = sum[e where s[e] == i](h[s[e], d])\nlet c[n, j] = sum[l in 2](h[n, 2*j + l] * l)\n\
     fn f(x: [.., K], a = 1, axis = 0) = { let r = x - a\n  if size(x, axis = -1) == 1 then r else norm(r, axis = axis) }\n\
     let (u, v) = (f(z), f(h[0], a = 2))\noutput o = concat(h, z, axis = 1)[:, 1..3] @ eye(2)\noutput w = u + v + T\n\
     output r = reshape(h, [2 * N, 2]) @ stack(h[.., 0], h[:, -1], axis = 1)[0]\nloss mean[i where m[i]](z[i, 0]^2)\n",
];

const WORDS: &[&str] = &[
    "N", "D", "x", "y", "W", "0", "1", "-1", "2", "1e300", "(", ")", "[", "]", "+", "-", "*", "/", "^", "@", "'", "=",
    "==", "<", "=>", "..", ":", ",", "if", "then", "else", "in", "where", "sum", "mean", "argmax", "softmax", "concat",
    "reshape", "size", "axis", "let", "fn", "dim", "i", "n", "index", "bool", "true", "inf", "{", "}", "and", "not",
    "zeros", "mod",
];

#[test]
fn mutations_never_panic() {
    let mut state = 7u64;
    let mut below = |n: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % n
    };
    for seed in SEEDS {
        program(seed);
    }
    for round in 0..1500 {
        let seed = SEEDS[round % SEEDS.len()];
        // Tokens with the line ends kept.
        let mut tokens: Vec<String> = vec![];
        let mut word = String::new();
        for c in seed.chars() {
            if c.is_alphanumeric() || c == '_' {
                word.push(c);
            } else {
                tokens.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
                tokens.push(c.to_string());
            }
        }
        for _ in 0..1 + below(3) {
            let at = below(tokens.len());
            match below(4) {
                0 => tokens[at] = WORDS[below(WORDS.len())].to_string(),
                1 => tokens.insert(at, WORDS[below(WORDS.len())].to_string()),
                2 => {
                    tokens.remove(at);
                }
                _ => {
                    let other = below(tokens.len());
                    tokens.swap(at, other);
                }
            }
        }
        let text = tokens.concat();
        let (_, lowered) = lowered_with(&text, &[]);
        if !lowered.has_errors() {
            nnc::graph::verify(&lowered.program.graph).unwrap_or_else(|e| panic!("{e}\n{text}"));
        }
    }
}
