//! "Did you mean": wherever a name is looked up, a slip of the keyboard is answered with the name that was meant.

use nnc::fit::{Settings, data_spec};
use nnc::lower::lower;
use nnc::model::{Model, Options};
use nnc::span::SourceMap;

/// Everything that is said about a text, one line per problem: its message, then its help.
fn said(text: &str) -> String {
    let mut sources = SourceMap::default();
    let file = sources.add("main.nn", text);
    let loader = |path: &str| match path {
        "optics.nn" => Ok("fn snell(n) = n\nconst speed = 3\n".to_string()),
        _ => Err("no such file".to_string()),
    };
    let lowered = lower(&mut sources, file, &loader);
    let mut problems = lowered.diagnostics;
    if let Ok(model) = Model::from_source(text) {
        problems.extend(Settings::new(model.program(), model.train_blocks(), None, &[]).err().unwrap_or_default());
        if !model.data_blocks().is_empty() {
            problems.extend(data_spec(&model).err().unwrap_or_default());
        }
    }
    let line = |p: &nnc::diag::Diagnostic| format!("{} | {}\n", p.message, p.help.as_deref().unwrap_or(""));
    problems.iter().map(line).collect()
}

#[test]
fn every_look_up_guesses() {
    for (text, wanted) in [
        // Functions: of the file, built in, of `std`, reductions, starts.
        ("fn swish(x) = x\noutput y = swihs(1)\n", "unknown function `swihs` | did you mean `swish`?"),
        ("output y = rleu(1)\n", "unknown function `rleu` | did you mean `relu`?"),
        ("output y = sofmax([1, 2])\n", "unknown function `sofmax` | did you mean `softmax`?"),
        ("input x: [3]\noutput y = smu[i](x[i])\n", "unknown function `smu` | did you mean `sum`?"),
        ("input x: [3]\noutput y = grda(sum(x), x)\n", "unknown function `grda` | did you mean `grad`?"),
        ("param W: [3, 2] = he_nromal()\nloss sum(W)\n", "unknown function `he_nromal` | did you mean `he_normal`?"),
        ("output y = laplace(1)\n", "unknown function `laplace` | add `import std.dist (laplace)`"),
        // Values.
        ("input speed\noutput y = sped + 1\n", "unknown name `sped` | did you mean `speed`?"),
        ("param weight = 1\noutput y = wieght + 1\n", "unknown name `wieght` | did you mean `weight`?"),
        ("input price\noutput prcie\n", "unknown name `prcie` | did you mean `price`?"),
        // Dims, also in axes and ranges.
        (
            "dim Rows\ninput x: [Rwos]\noutput x\n",
            "dim `Rwos` is not declared | did you mean `Rows`? Or add `dim Rwos`",
        ),
        ("dim Rows\ninput x: [Rows]\noutput y = sum(x, axis = Rosw)\n", "unknown name `Rosw` | did you mean `Rows`?"),
        (
            "dim Rows\noutput y = sum[i in Rosw](2)\n",
            "dim `Rosw` is not declared | did you mean `Rows`? Or add `dim Rosw`",
        ),
        // Kinds and constraints.
        ("dim N, C\ninput y: indx(C)[N]\noutput y\n", "did you mean `index`?"),
        ("param k: positve = 1\nloss k\n", "did you mean `positive`?"),
        ("param k: simplx[3]\nloss sum(k)\n", "did you mean `simplex`?"),
        ("precision f46\noutput y = 1\n", "did you mean `f64`?"),
        // Arguments by name.
        (
            "fn f(x, delta = 1) = x * delta\noutput y = f(1, detla = 2)\n",
            "`f` has no argument `detla` | did you mean `delta`?",
        ),
        ("input x: [3]\noutput y = sum(x, axes = 0)\n", "`sum` has no argument `axes` | did you mean `axis`?"),
        ("param w: [3] = normal(sdt = 2)\nloss sum(w)\n", "`normal` has no argument `sdt` | did you mean `std`?"),
        // Options of loops.
        ("output y = iterate(x = 1, tool = 1e-3) => x / 2 + 1 / x\n", "did you mean `tol`?"),
        ("dim T = 3\noutput y = fold(t in T, s = 0, chekpoint = 2) => s + t\n", "did you mean `checkpoint`?"),
        // Imports.
        (
            "import optics (snel)\noutput y = 1\n",
            "`optics.nn` has no fn, const, dim or let `snel` | did you mean `snell`?",
        ),
        (
            "import optics\noutput y = optics.snel(1)\n",
            "`optics.nn` has no fn, const, dim or let `snel` | did you mean `snell`?",
        ),
        ("import optics\noutput y = optcis.snell(1)\n", "unknown name `optcis` | did you mean `optics`?"),
        ("import std.layer (Dense)\noutput y = 1\n", "there is no `std.layer` | did you mean `import std.layers`?"),
        (
            "import layers (Dense)\noutput y = 1\n",
            "cannot read `layers.nn`: no such file | did you mean `import std.layers`?",
        ),
        ("import std.layers (dnese)\noutput y = 1\n", "did you mean `dense`?"),
        // Layers and their fields.
        ("layer Linear() { fn (x) = x }\nlet l = Lniear()\noutput y = l(2)\n", "did you mean `Linear`?"),
        (
            "layer L() {\n  param weight = 1\n  fn (x) = x * weight\n}\nlet l = L()\noutput y = l(2) + l.wieght\n",
            "did you mean `weight`?",
        ),
        // Rules of the user.
        ("fn swish(x) = x\nderivative swihs(x, ct) = ct\noutput y = swish(1)\n", "did you mean `swish`?"),
        // Statements.
        ("ouptut y = 1\n", "did you mean `output"),
        ("parm k = 1\n", "did you mean `param"),
        // Settings and functions of `data`.
        ("input price\noutput price\ndata { file = \"a.csv\", prcie = column(0) }\n", "did you mean `price`?"),
        ("input x\noutput x\ndata { flie = \"a.csv\", x = column(0) }\n", "did you mean `file`?"),
        ("input x\noutput x\ndata { file = \"a.csv\", x = colunm(0) }\n", "did you mean `column`?"),
        (
            "dim N, Side = 3\ninput x: [N]\noutput x\ndata { file = \"a.csv\", x = column(0) / Sied }\n",
            "did you mean `Side`?",
        ),
        // Settings, optimisers, schedules, losses and metrics of `train`.
        ("param a = 1\nloss a^2\ntrain { epcohs = 3 }\n", "`train` has no setting `epcohs` | did you mean `epochs`?"),
        ("param a = 1\nloss a^2\ntrain { optimizer = adma() }\n", "unknown optimiser `adma` | did you mean `adam`?"),
        ("param a = 1\nloss a^2\ntrain { optimizer = sgd(lr = 1, momentun = 0.9) }\n", "did you mean `momentum`?"),
        ("param a = 1\nloss a^2\ntrain { optimizer = adam(lr = cosien(1e-3)) }\n", "did you mean `cosine`?"),
        ("param a = 1\nloss first = a^2\nloss second = a^4\ntrain { loss = secnod }\n", "did you mean `second`?"),
        ("param a = 1\nloss a^2\nmetric error = a\ntrain { monitor = min(eror) }\n", "did you mean `error`?"),
        // Nothing is near: no guess.
        ("output y = frobnicate(1)\n", "unknown function `frobnicate` | \n"),
        ("output y = q + 1\n", "unknown name `q` | define it, for example `let q = …` or `input q`\n"),
    ] {
        let found = said(text);
        assert!(found.contains(wanted), "{text}\nwanted: {wanted}\nfound:  {found}");
    }
}

/// What hosts and the command line look up in a model.
#[test]
fn hosts_are_answered_too() {
    let model = Model::from_source("dim Rows\ninput price: [Rows]\nparam a = 1\noutput cost = a * price\n").unwrap();
    let refused = |options: Options| model.compile(&options).unwrap_err().to_string();
    assert_eq!(
        refused(Options::values(["csot"])),
        "the model has no output, loss, metric or let `csot`; did you mean `cost`?"
    );
    assert_eq!(
        refused(Options::values(["cost"]).dim("Rwos", 3)),
        "the model has no open dim `Rwos`; did you mean `Rows`?"
    );
}
