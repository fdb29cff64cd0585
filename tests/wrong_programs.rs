//! Twenty-six programs that must be errors, each with the message that teaches: what is wrong, and what to write.

use nnc::diag::Report;
use nnc::fit::data_spec;
use nnc::lower::lower;
use nnc::model::Model;
use nnc::span::SourceMap;

/// Everything that is said about a text, in full.
fn said(text: &str) -> String {
    let mut sources = SourceMap::default();
    let file = sources.add("main.nn", text);
    let loader = |path: &str| match path {
        "optics.nn" => Ok("fn snell(n) = n\n".to_string()),
        _ => Err("no such file".to_string()),
    };
    let lowered = lower(&mut sources, file, &loader);
    let mut problems = lowered.diagnostics;
    if let Ok(model) = Model::from_source(text)
        && !model.data_blocks().is_empty()
    {
        problems.extend(data_spec(&model).err().unwrap_or_default());
    }
    problems.retain(|problem| problem.is_error());
    Report { sources, diagnostics: problems }.to_string()
}

/// Program, how often it is wrong, and what is said.
const PROGRAMS: &[(&str, usize, &[&str])] = &[
    ("x = 3\n", 1, &["E01", "statement starts with a keyword", "let x = 3"]),
    ("input a\ninput b\nlet y = a\n  + b\n", 1, &["E01", "begins with `+`", "the line before", "brackets"]),
    ("input x\nlet y = x > 0 ? 1 : 0\n", 1, &["E01", "`?:`", "if x > 0 then 1 else 0"]),
    ("input a: bool\ninput b\nlet y = if a then b\n", 1, &["E01", "`else`"]),
    ("input x: [5]\nlet y = x[0:3]\n", 1, &["E01", "0..3", "`:` alone"]),
    ("param w: [4 8]\n", 1, &["E01", "missing comma between `4` and `8`", "shape"]),
    ("let loss = 3\n", 1, &["E01", "`loss` is a keyword"]),
    ("input x\nlet h = rleu(x)\n", 1, &["E02", "unknown function `rleu`", "did you mean `relu`?"]),
    ("let a = b\nlet b = a\n", 1, &["E02", "circle", "a → b → a"]),
    ("dim N\ninput x: [N]\nparam k\nlet y[k] = x[k]\n", 1, &["E02", "index `k` has the name of param `k`", "rename"]),
    ("dim N\ninput x: [N, Q]\n", 1, &["E02", "dim `Q` is not declared", "`dim Q`", "`dim Q = …`"]),
    ("fn f(x) = f(x - 1)\noutput y = f(3)\n", 1, &["E02", "`f` calls itself without end", "`if` on sizes"]),
    ("import optics (lens)\n", 1, &["E02", "`optics.nn` has no", "`lens`", "`snell`"]),
    (
        "dim N, D, H, C\ninput x: [N, D]\ninput W: [H, C]\nlet y = x @ W\n",
        1,
        &["E03", "equal inner dims", "`x` is [N, D]", "`W` is [H, C]"],
    ),
    (
        "dim N\ninput y: [N]\ninput f: [N, 1]\nlet r = y - f\n",
        1,
        &["E03", "[N] and [N, 1] do not combine", "f[:, 0]", "[i, j] => y[i] - f[j, 0]"],
    ),
    (
        "dim N, M\ninput a: [N]\ninput b: [M]\nlet s[i] = a[i] * b[i]\n",
        1,
        &["E03", "index `i` runs over N in `a[i]` and over M in `b[i]`"],
    ),
    (
        "dim T\ninput x: [T]\nlet d[t] = x[t + 1] - x[t]\n",
        1,
        &["E03", "`x[t + 1]` leaves the axis when t = T - 1", "t in T - 1"],
    ),
    (
        "let I = [i, j] => if i == j then 1 else 0\n",
        1,
        &["E03", "the range of `i`", "not known from any use", "[i in N, j in N]"],
    ),
    (
        "dim N, C\ntarget y: index(C)[N]\ninput p: [N]\nlet r = (y - p)^2\n",
        1,
        &["E03", "`y` holds labels, not numbers", "one_hot(y)", "real(y)"],
    ),
    ("input x\nlet y = (x > 0) * x\n", 1, &["E03", "a condition is not a number", "if x > 0 then x else 0"]),
    ("dim D = 3, H = 4\nparam W: [D, H]\nloss sum(W)\n", 1, &["E03", "`W` needs a start", "= glorot_uniform()"]),
    (
        "dim N\ninput y: [N]\ninput f: [N]\nloss (y - f)^2\n",
        1,
        &["E03", "a loss is one number", "this is [N]", "`mean(…)` or `sum(…)`"],
    ),
    (
        "dim T, H\ninput x: [T]\nlet y = fold(t in T, h = zeros([H])) => [h, h] * x[t]\n",
        1,
        &["E03", "state `h`", "[H]", "[2, H]"],
    ),
    (
        "input x\nlet y = x^2\nlet g = grad(y, 2 * x)\n",
        1,
        &["E04", "second argument of `grad` must be a name", "input", "param", "let"],
    ),
    (
        "dim N\ntarget label: [N]\nparam a\nloss mean((label - a)^2)\ndata { file = \"a.csv\", lable = column(\"a\") }\n",
        1,
        &["E05", "`lable` is no setting, port or open dim of this file", "did you mean `label`?"],
    ),
    (
        "dim T\ninput x: [T]\nlet s[t] = 0.9 * s[t - 1] + x[t]\n",
        1,
        &["E02", "`s` reads itself", "scan(t in T, s = 0) => 0.9 * s + x[t]"],
    ),
];

#[test]
fn wrong_programs_get_the_meant_message() {
    assert_eq!(PROGRAMS.len(), 26);
    for (number, (text, count, wanted)) in PROGRAMS.iter().enumerate() {
        let found = said(text);
        let place = format!("program {}:\n{text}\n{found}", number + 1);
        let missing: Vec<_> = wanted.iter().filter(|w| !found.contains(**w)).collect();
        assert!(missing.is_empty(), "{missing:?} is not said of {place}");
        assert_eq!(found.matches("error[").count(), *count, "{place}");
    }
}
