//! Starts of params from files, `param W = load("start.npz", "W")`. The files were written by NumPy: see
//! `tests/reference/data/arrays.py`.
#![cfg(feature = "cli")]

use std::path::Path;
use std::process::Command;

fn reference() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data")
}

/// Runs `nnc run` on a model in a folder with the reference files; exit code, both streams and the weights.
fn run(source: &str, more: &[(&str, &str)]) -> (i32, String, Option<nnc::model::Weights>) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["packed.npz", "x.npy"] {
        std::fs::copy(reference().join(name), folder.path().join(name)).unwrap();
    }
    for (name, text) in more {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    std::fs::write(folder.path().join("m.nn"), source).unwrap();
    let args = ["run", "m.nn", "--epochs", "1"];
    let output = Command::new(env!("CARGO_BIN_EXE_nnc")).args(args).current_dir(folder.path()).output().unwrap();
    let weights = nnc::model::Weights::load(&folder.path().join("m.safetensors")).ok();
    (output.status.code().unwrap_or(-1), String::from_utf8(output.stderr).unwrap(), weights)
}

#[test]
fn a_start_is_read_and_gives_dims_their_sizes() {
    // One step of gradient descent on sum(W^2) / 2 with rate 0.5 halves each number of the array.
    let source = "precision f64\ndim R, C\nparam W: [R, C] = load(\"x.npy\")\nloss sum(W^2) / 2\n\
        train { optimizer = gradient_descent(lr = 0.5) }\n";
    let (code, err, weights) = run(source, &[]);
    assert_eq!(code, 0, "{err}");
    let w = weights.unwrap().param("W").unwrap().clone();
    assert_eq!((w.shape, w.values.to_f64()), (vec![3, 2], vec![0.75, 1.0, 1.5, 2.0, 2.5, -3.125]));
}

#[test]
fn labels_may_leave_out_the_last_rows_of_a_start() {
    // Labels 0 and 1 point into three rows.
    let source = "precision f64\ndim N, C\ninput c: index(C)[N]\nparam a: [C] = load(\"packed.npz\", \"big\")\n\
        loss sum(a[c])\ndata { file = \"d.csv\", c = column(0) }\ntrain { optimizer = gradient_descent(lr = 1) }\n";
    let (code, err, weights) = run(source, &[("d.csv", "c\n0\n1\n1\n")]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(weights.unwrap().param("a").unwrap().values.to_f64(), [0.25, -4.0, 1e300]);
}

#[test]
fn a_start_that_does_not_fit_is_named() {
    let with = |param: &str| run(&format!("dim C\nparam {param}\nloss sum(W^2)\n"), &[]);
    for (param, says) in [
        ("W: [2, 2] = load(\"x.npy\")", "x.npy: the array has shape [3, 2], but `W` needs [2, 2]"),
        ("W: [C, C] = load(\"x.npy\")", "`W` makes C equal to 2, but it is 3"),
        (
            "W: [3] = load(\"packed.npz\", \"infinite\")",
            "packed.npz, row 1, column `infinite`: `inf` is not a finite number",
        ),
        ("W: [3] = load(\"packed.npz\", \"nothing\")", "packed.npz has no array `nothing`"),
        ("W: [3] = load(\"none.npy\")", "cannot read data file none.npy"),
        ("W: [3] = load(3)", "error[E0311]: `load` takes the path of a file"),
        ("W: positive[3] = load(\"packed.npz\", \"small\")", "`W`"),
    ] {
        let (code, err, weights) = with(param);
        assert!(code != 0 && weights.is_none() && err.contains(says), "{param}: {code}\n{err}");
    }
}
