//! Texts and several tables from the command line: fitted, judged, and refused where they do not fit.
#![cfg(feature = "cli")]

use std::fs;
use std::process::Command;

/// Runs nnc in a folder with these files; exit code and both streams.
fn nnc(folder: &tempfile::TempDir, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_nnc")).args(args).current_dir(folder.path()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// The number that `eval` prints last.
fn last_number(out: &str) -> f64 {
    out.split_whitespace().last().and_then(|word| word.parse().ok()).unwrap_or(f64::NAN)
}

const BIGRAM: &str = "precision f64
dim N, T, V
input  tok:  index(V)[N, T]
target next: index(V)[N, T]
param W: [V, V] = zeros()
let p[n, t] = softmax(W[tok[n, t]])
loss mean(cross_entropy(next, p))
data { file = \"a.txt\", tok = windows(chars(), T), next = windows(chars(), T, offset = 1), T = 6 }
train { optimizer = adam(lr = 0.1), epochs = 400, batch = 5 }
";

#[test]
fn a_bigram_model_learns_the_entropy_of_its_text() {
    // After an `a` comes an `a` or a `b`, as often; after a `b` always an `a`. Two of three characters are an `a`, so
    // the conditional entropy is 2/3 · ln 2.
    let text = "aab".repeat(20) + "a";
    let folder = folder(&[("m.nn", BIGRAM), ("a.txt", &text), ("c.txt", "aabc")]);
    let (code, out, err) = nnc(&folder, &["run", "m.nn"]);
    assert_eq!(code, 0, "{err}");
    let entropy = 2.0 / 3.0 * f64::ln(2.0);
    assert!((last_number(&out) - entropy).abs() < 2e-3, "{out}");
    // The same weights in windows of another length.
    let (code, out, err) = nnc(&folder, &["eval", "m.nn", "--dim", "T=3"]);
    assert_eq!(code, 0, "{err}");
    assert!((last_number(&out) - entropy).abs() < 2e-3, "{out}");
    let (code, _, err) = nnc(&folder, &["eval", "m.nn", "--data", "c.txt", "--dim", "T=3"]);
    assert!(code == 1 && err.contains("E0524") && err.contains("c.txt, line 1: the character 'c'"), "{err}");
    let (code, _, err) = nnc(&folder, &["gradcheck", "m.nn"]);
    assert_eq!(code, 0, "{err}");
}

const GRAPH: &str = "precision f64
dim N, M, C = 2
input  src: index(N)[M]
input  dst: index(N)[M]
input  seen: bool[N]
target y: index(C)[N]
param W: [N, C] = zeros()
let p = softmax([i, c] => W[i, c] + sum[e where dst[e] == i](W[src[e], c]))
output p
loss mean[i where seen[i]](cross_entropy(y[i], p[i]))
metric accuracy = mean(argmax(p) == y)
data nodes { file = \"n.csv\", y = category(\"club\"), seen = column(\"seen\") }
data edges { file = \"e.csv\", src = column(\"from\"), dst = column(\"to\") }
";

#[test]
fn a_graph_is_read_from_two_tables() {
    // Two pairs; one of each pair is labelled, and the other learns from it.
    let nodes = "club,seen\na,true\nb,true\na,false\nb,false\n";
    let edges = "from,to\n0,2\n2,0\n1,3\n3,1\n";
    let files = [("m.nn", GRAPH), ("n.csv", nodes), ("e.csv", edges), ("bad.csv", "from,to\n0,2\n4,0\n")];
    let folder = folder(&files);
    let (code, out, err) = nnc(&folder, &["run", "m.nn"]);
    assert!(code == 0 && last_number(&out) == 1.0, "{out}{err}");
    let (code, out, err) = nnc(&folder, &["predict", "m.nn", "--data", "edges=e.csv"]);
    assert!(code == 0 && out.lines().count() == 5, "{out}{err}");
    let (code, _, err) = nnc(&folder, &["run", "m.nn", "--batch", "2"]);
    assert!(code == 1 && err.contains("`batch` must be `all`"), "{err}");
    let (code, _, err) = nnc(&folder, &["run", "m.nn", "--data", "e.csv"]);
    assert!(code == 2 && err.contains("--data nodes=PATH or --data edges=PATH"), "{err}");
    let (code, _, err) = nnc(&folder, &["run", "m.nn", "--data", "edges=bad.csv"]);
    assert!(code == 1 && err.contains("bad.csv, line 3, column `from`: 4 is not a label of `src`"), "{err}");
    let (code, _, err) = nnc(&folder, &["gradcheck", "m.nn"]);
    assert_eq!(code, 0, "{err}");
}

#[test]
fn an_open_dim_that_no_port_has_is_stated() {
    // The mean over S of (a - i / S)² has its minimum at the mean of i / S: (S - 1) / (2 S), 0.375 for 4.
    let model = "precision f64\ndim S\nparam a = 1\nlet g = [i in S] => i / S\nloss mean((a - g)^2)\n\
        train { optimizer = lbfgs() }\n";
    let folder = folder(&[("m.nn", model)]);
    let (code, _, err) = nnc(&folder, &["run", "m.nn"]);
    assert!(code != 0 && err.contains("--dim S=SIZE"), "{err}");
    let (code, _, err) = nnc(&folder, &["run", "m.nn", "--dim", "S=4"]);
    assert_eq!(code, 0, "{err}");
    let weights = nnc::model::Weights::load(&folder.path().join("m.safetensors")).unwrap();
    assert!((weights.param("a").unwrap().values.to_f64()[0] - 0.375).abs() < 1e-9);
    // In the block.
    fs::write(folder.path().join("m.nn"), format!("{model}data {{ S = 2 }}\n")).unwrap();
    let (code, _, err) = nnc(&folder, &["run", "m.nn"]);
    assert_eq!(code, 0, "{err}");
    let weights = nnc::model::Weights::load(&folder.path().join("m.safetensors")).unwrap();
    assert!((weights.param("a").unwrap().values.to_f64()[0] - 0.25).abs() < 1e-9);
}
