//! The program from outside: exit codes, streams, files, and every kind of bad input.
#![cfg(feature = "cli")]

use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder of its own, with files.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        for (name, text) in files {
            folder.write(name, text.as_bytes());
        }
        folder
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nnc"));
        command.args(args).current_dir(self.0.path()).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args).stdin(Stdio::null()).output().unwrap())
    }
}

/// What a finished process said.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn of(output: Output) -> Ran {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Fails unless the process ended so, with all of these on standard error.
    fn fails(self, code: i32, says: &[&str]) -> Ran {
        assert_eq!(self.code, code, "standard error:\n{}", self.err);
        for text in says {
            assert!(self.err.contains(text), "`{text}` is not in:\n{}", self.err);
        }
        assert_eq!(self.out, "", "nothing belongs on standard output");
        self
    }

    fn succeeds(self) -> Ran {
        assert_eq!(self.code, 0, "standard error:\n{}", self.err);
        self
    }

    fn events(&self) -> Vec<Value> {
        self.out.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
    }
}

/// A line through data: x, y on y = 2 x + 1.
const LINE: &str = "dim N
input x: [N]
target y: [N]
param a
param b
let f = a * x + b
output f
loss mean((f - y)^2)
metric worst = max(abs(f - y))
data { file = \"line.csv\", x = column(\"x\"), y = column(\"y\") }
train { optimizer = adam(lr = 0.1), epochs = 300 }
";

const LINE_CSV: &str = "x,y\n0,1\n1,3\n2,5\n3,7\n-1,-1\n";

fn line() -> Folder {
    Folder::new(&[("line.nn", LINE), ("line.csv", LINE_CSV)])
}

/// Two inputs that tell two classes apart.
const CLASSES: &str = "dim N, D = 2, C = 2
input x: [N, D]
target y: index(C)[N]
param W: [D, C] = zeros()
let p = softmax(x @ W)
output p
loss mean(cross_entropy(y, p))
data { file = \"d.csv\", x = columns(\"a\", \"b\"), y = column(\"label\") }
train { optimizer = gradient_descent(lr = 1), epochs = 20 }
";

#[test]
fn run_fits_saves_and_prints_a_table() {
    let folder = line();
    let ran = folder.run(&["run", "line.nn"]).succeeds();
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), ["rows", "loss", "worst"]);
    let cells: Vec<&str> = lines[1].split_whitespace().collect();
    assert_eq!(cells[..2], ["train", "5"]);
    assert!(cells[2].parse::<f64>().unwrap() < 1e-4, "{}", ran.out);
    assert!(ran.err.contains("weights in line.safetensors"), "{}", ran.err);
    assert!(folder.path("line.safetensors").is_file());
    // eval says the same as run.
    assert_eq!(folder.run(&["eval", "line.nn"]).succeeds().out, ran.out);
    // The line is y = 2 x + 1: predictions for other x, without labels.
    folder.write("new.csv", b"x\n10\n-10\n");
    let ran = folder.run(&["predict", "line.nn", "--data", "new.csv"]).succeeds();
    let values: Vec<f64> = ran.out.lines().skip(1).map(|l| l.parse().unwrap()).collect();
    assert_eq!(ran.out.lines().next(), Some("f"));
    assert!((values[0] - 21.0).abs() < 0.3 && (values[1] + 19.0).abs() < 0.3, "{values:?}");
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let folder = line();
    let mut bytes = vec![];
    for _ in 0..2 {
        folder.run(&["run", "line.nn", "--batch", "2", "--seed", "3"]).succeeds();
        bytes.push(fs::read(folder.path("line.safetensors")).unwrap());
    }
    assert_eq!(bytes[0], bytes[1]);
    folder.run(&["run", "line.nn", "--batch", "2", "--seed", "4"]).succeeds();
    assert_ne!(bytes[0], fs::read(folder.path("line.safetensors")).unwrap());
}

#[test]
fn options_override_the_train_block() {
    let folder = line();
    let start = |args: &[&str]| {
        let ran = folder.run(&[&["run", "line.nn", "--json"], args].concat()).succeeds();
        ran.events().into_iter().find(|e| e["event"] == "start").unwrap()
    };
    assert_eq!(start(&[])["epochs"], 300);
    assert_eq!(start(&["--epochs", "7"])["epochs"], 7);
    assert_eq!(start(&["--set", "epochs = 8", "--batch", "2"])["steps_per_epoch"], 3);
    assert_eq!(start(&["--seed", "9"])["seed"], 9);
    assert_eq!(start(&["--batch", "1000"])["batch"], 5);
    folder.run(&["run", "line.nn", "--lr", "-1"]).fails(2, &["--lr"]);
    folder.run(&["run", "line.nn", "--set", "epochs"]).fails(2, &["KEY=VALUE"]);
    folder.run(&["run", "line.nn", "--epochs", "0"]).fails(1, &["E0603", "<command line>:1:", "epochs"]);
    folder.run(&["run", "line.nn", "--set", "colour = 3"]).fails(1, &["E0601", "colour"]);
    folder.run(&["run", "line.nn", "--train", "quick"]).fails(2, &["train quick"]);
}

#[test]
fn events_are_lines_of_json() {
    let folder = line();
    let ran = folder.run(&["run", "line.nn", "--json", "--epochs", "3", "--timings"]).succeeds();
    assert_eq!(ran.err, "");
    let events = ran.events();
    let kinds: Vec<&str> = events.iter().map(|e| e["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["start", "epoch", "epoch", "epoch", "end", "scores", "timings"]);
    assert_eq!(events[0]["parameters"], 2);
    assert_eq!(events[0]["rows"]["train"], 5);
    assert!(events[1]["loss"].as_f64().unwrap() > events[3]["loss"].as_f64().unwrap());
    assert_eq!((&events[4]["outcome"], &events[4]["steps"]), (&"finished".into(), &3.into()));
    assert_eq!(events[4]["weights"], "line.safetensors");
    assert!(events[5]["scores"]["worst"].is_number());
    assert!(events[6]["milliseconds"]["codegen"].is_number());
    // Problems are events too.
    folder.write("bad.nn", b"let y = x +\nlet z = rleu(1)\n");
    let ran = folder.run(&["check", "bad.nn", "--json"]);
    assert_eq!(ran.code, 1);
    assert!(ran.events().iter().all(|e| e["event"] == "diagnostic" && e["severity"] == "error"));
}

#[test]
fn empty_files_are_right_but_cannot_be_trained() {
    for text in ["", "// nothing but a comment\n", "\n\n", "\u{feff}"] {
        let folder = Folder::new(&[("m.nn", text)]);
        assert_eq!(folder.run(&["check", "m.nn"]).succeeds().out, "m.nn: ok\n");
        folder.run(&["run", "m.nn"]).fails(1, &["E0607", "no loss"]);
    }
}

#[test]
fn wrong_models_are_shown_with_their_place() {
    let cases: &[(&str, &[&str])] = &[
        ("param a\nlet y = (a + 1\nloss y\n", &["E0108", "m.nn:2:9", "unclosed `(`"]),
        ("param a\nloss rleu(a)\n", &["E02", "m.nn:2:6", "rleu", "relu"]),
        ("dim N, D = 4, H = 3\ninput x: [N, D]\nparam W: [H, D] = zeros()\nloss sum(x @ W)\n", &["E03", "m.nn:4"]),
        ("dim N\ninput x: [N]\nparam a\nloss (x - a)^2\n", &["E03", "m.nn:4:", "[N]"]),
        ("param a\noutput a\n", &["E0607", "loss"]),
        // Said before anything about data.
        ("dim N\ninput x: [N]\nparam a\noutput y = a * x\n", &["E0607", "no loss"]),
        ("param a\nparam b\nloss x = a^2\nloss y = b^2\n", &["E0607", "several losses"]),
        ("input x = 1\nloss x^2\n", &["E0609"]),
        ("input x\nparam a\nloss (x - a)^2\n", &["E05", "`x`"]),
        ("param a\nloss a^2\ntrain { batch = 0 }\n", &["E0603", "m.nn:3:17", "`batch`"]),
        ("param a\nloss a^2\ntrain { optimizer = adam(lr = -1) }\n", &["E0603", "`lr`"]),
        ("param a\nloss a^2\ntrain { epochs = 1.5 }\n", &["E0603", "`epochs`"]),
        ("x = 3\n", &["E01", "m.nn:1:1"]),
    ];
    for (text, says) in cases {
        let folder = Folder::new(&[("m.nn", text)]);
        folder.run(&["run", "m.nn"]).fails(1, says);
        assert!(!folder.path("m.safetensors").exists());
    }
    let folder = Folder::new(&[]);
    folder.write("m.nn", b"param a\nloss a^2 // caf\xe9\n");
    folder.run(&["check", "m.nn"]).fails(1, &["E01", "m.nn:2", "UTF-8"]);
    folder.run(&["check", "missing.nn"]).fails(2, &["missing.nn"]);
    folder.run(&["check", "."]).fails(2, &["`.`"]);
}

#[test]
fn several_problems_are_shown_at_once() {
    let folder = Folder::new(&[("m.nn", "let a = (1\nlet b = rleu(2)\nlet c = nothing\n")]);
    let ran = folder.run(&["check", "m.nn", "--diagnostic-format", "short"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.lines().all(|l| l.starts_with("m.nn:") && l.contains("error[E0")), "{}", ran.err);
    folder.write("n.nn", b"let b = rleu(2)\nlet c = nothing\n");
    let ran = folder.run(&["check", "n.nn", "--diagnostic-format", "json"]);
    let lines: Vec<Value> = ran.err.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["labels"][0]["start"]["line"], 2);
    // Every file is looked at.
    folder.write("good.nn", b"param a\nloss a^2\n");
    let ran = folder.run(&["check", "m.nn", "missing.nn", "good.nn"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("m.nn:1") && ran.err.contains("missing.nn") && ran.out.contains("good.nn: ok"));
}

#[test]
fn warnings_do_not_stop() {
    let folder = Folder::new(&[("m.nn", "param a = 1\nparam unused\nloss (a - 3)^2\n")]);
    let ran = folder.run(&["check", "m.nn"]).succeeds();
    assert!(ran.err.contains("warning[W1") && ran.err.contains("unused"), "{}", ran.err);
    assert!(ran.out.contains("param unused"));
    folder.run(&["run", "m.nn"]).succeeds();
}

#[test]
fn bad_data_name_file_and_line() {
    let cases: &[(&str, &[&str])] = &[
        ("a,b,label\n1,2,0\n3,4,2\n", &["d.csv", "label"]),
        ("a,b,label\n1,2,0\n3,4,-1\n", &["d.csv", "label"]),
        ("a,b,label\n1,2,0\n3,4,0.5\n", &["d.csv"]),
        ("a,b,label\n1,2,0\n3,4\n", &["d.csv", "3"]),
        ("a,b,label\n1,2,0\n3,,1\n", &["d.csv", "b"]),
        ("a,b,label\n1,2,0\n3,four,1\n", &["d.csv", "four", "b"]),
        ("a,b,label\n1,2,0\n3,nan,1\n", &["d.csv"]),
        ("a,b,class\n1,2,0\n", &["label"]),
        ("a,b,label\n", &["d.csv"]),
        ("", &["d.csv"]),
    ];
    for (csv, says) in cases {
        let folder = Folder::new(&[("m.nn", CLASSES), ("d.csv", csv)]);
        folder.write("m.safetensors", b"what was there");
        folder.run(&["run", "m.nn"]).fails(1, &[&["E05"], *says].concat());
        assert_eq!(fs::read(folder.path("m.safetensors")).unwrap(), b"what was there");
    }
    let folder = Folder::new(&[("m.nn", CLASSES)]);
    folder.run(&["run", "m.nn"]).fails(2, &["E0520", "d.csv", "m.nn:8"]);
    folder.write("d.csv", b"a,b,label\n1,2,\xff\n");
    folder.run(&["run", "m.nn"]).fails(1, &["E0521", "d.csv"]);
    folder.run(&["run", "m.nn", "--data", "other.csv"]).fails(2, &["other.csv"]);
    folder.write("d.csv", b"a,b,label\n1,2,0\n3,-4,1\n");
    folder.run(&["run", "m.nn"]).succeeds();
}

#[test]
fn outputs_that_cannot_be_written_are_refused_before_training() {
    let folder = line();
    folder.write("file", b"");
    let fails = |out: &str, says: &str| {
        let ran = folder.run(&["run", "line.nn", "--out", out]).fails(2, &["cannot write weights", says]);
        assert!(!ran.err.contains("epoch"), "{}", ran.err);
    };
    fails("file/w.safetensors", "file");
    fails("missing/w.safetensors", "no folder");
    fs::create_dir(folder.path("line.safetensors")).unwrap();
    fails("line.safetensors/..", "folder");
    fs::create_dir_all(folder.path("out/line.safetensors")).unwrap();
    fails("out", "folder");
    folder.run(&["run", "line.nn", "--out", "w.safetensors"]).succeeds();
    let ran = folder.run(&["predict", "line.nn", "-w", "w.safetensors", "--out", "file/p.csv"]);
    ran.fails(2, &["cannot write"]);
    assert_eq!(fs::read(folder.path("file")).unwrap(), b"");
    folder.run(&["predict", "line.nn", "-w", "w.safetensors", "--out", "p.csv"]).succeeds();
    assert_eq!(fs::read_to_string(folder.path("p.csv")).unwrap().lines().count(), 6);
}

#[test]
fn weights_of_another_kind_are_refused() {
    let folder = line();
    folder.run(&["eval", "line.nn"]).fails(2, &["cannot read weights", "line.safetensors"]);
    folder.write("line.safetensors", b"not weights");
    folder.run(&["eval", "line.nn"]).fails(2, &["line.safetensors", "not a whole safetensors file"]);
    folder.run(&["run", "line.nn"]).succeeds();
    folder.write("line.nn", LINE.replace("param b", "param c").replace("+ b", "+ c").as_bytes());
    folder.run(&["eval", "line.nn"]).fails(1, &["`b`"]);
    folder.write("line.nn", format!("precision f64\n{LINE}").as_bytes());
    folder.run(&["eval", "line.nn"]).fails(1, &["f32", "f64"]);
    folder.write("line.nn", LINE.replace("300", "299").as_bytes());
    let ran = folder.run(&["eval", "line.nn"]).succeeds();
    assert!(ran.err.contains("model has changed"), "{}", ran.err);
}

#[test]
fn a_training_that_diverges_leaves_the_old_weights() {
    let folder = line();
    folder.run(&["run", "line.nn"]).succeeds();
    let before = fs::read(folder.path("line.safetensors")).unwrap();
    let ran = folder.run(&["run", "line.nn", "--set", "optimizer=sgd(1e6)"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert_eq!(ran.out, "");
    assert!(ran.err.contains("E0610") && ran.err.contains("line.nn:"), "{}", ran.err);
    assert_eq!(fs::read(folder.path("line.safetensors")).unwrap(), before);
}

#[test]
fn a_value_that_is_not_a_number_is_found_in_its_line() {
    let text = "input x = 2\nparam a = 1\nlet r = log(a)\nloss x * r\ntrain { optimizer = gradient_descent(lr = 0.4), epochs = 50 }\n";
    let folder = Folder::new(&[("m.nn", text)]);
    // a moves by -0.8 / a: 1, 0.2, -3.8; the logarithm of that is NaN, in epoch 3.
    let ran = folder.run(&["run", "m.nn"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    for says in ["E0610", "epoch 3, batch 1", "m.nn:3:9", "NaN"] {
        assert!(ran.err.contains(says), "`{says}` is not in:\n{}", ran.err);
    }
}

#[test]
fn the_mode_of_a_jacobian_is_shown() {
    let text = "precision f64\nparam t = 1\nparam v: [5] = ones()\noutput p = [cos(t), sin(t), t] * sum(v)\n";
    let folder = Folder::new(&[("m.nn", text)]);
    let ran = folder.run(&["show", "m.nn", "--stage", "plan", "--of", "p"]).succeeds();
    assert!(ran.out.starts_with("Jacobian by t: forward mode\nJacobian by v: reverse mode\n"), "{}", ran.out);
}

#[test]
fn deep_and_long_files_end_well() {
    let deep = format!("let a = {}1{}\n", "(".repeat(10_000), ")".repeat(10_000));
    let folder = Folder::new(&[("m.nn", &deep)]);
    folder.run(&["check", "m.nn"]).fails(1, &["E0110", "m.nn:1:"]);
    let mut long = String::from("param a0 = 0.5\n");
    for i in 1..=10_000 {
        long.push_str(&format!("let a{i} = sin(a{}) + 0.5\n", i - 1));
    }
    long.push_str("loss a10000^2\n");
    let folder = Folder::new(&[("m.nn", &long)]);
    folder.run(&["check", "m.nn"]).succeeds();
}

#[test]
fn models_may_come_from_standard_input() {
    let folder = line();
    let pipe = |args: &[&str], text: &str| {
        let mut child =
            folder.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        Ran::of(child.wait_with_output().unwrap())
    };
    assert!(pipe(&["check", "-"], LINE).succeeds().out.starts_with("-: ok"));
    pipe(&["check", "-"], "let y = rleu(1)\n").fails(1, &["<stdin>:1:9"]);
    pipe(&["run", "-"], LINE).fails(2, &["--out"]);
    pipe(&["run", "-", "--out", "w.safetensors"], LINE).succeeds();
}

#[test]
fn dims_that_no_data_tell_are_stated() {
    let text = "dim K, unused\nparam a = 0.1\nlet s = sum[i in K](a * i)\nloss (s - 3)^2\n\
        train { optimizer = gradient_descent(lr = 0.01), epochs = 200 }\n";
    let folder = Folder::new(&[("m.nn", text)]);
    folder.run(&["run", "m.nn"]).fails(2, &["`K`", "--dim K=SIZE"]);
    folder.run(&["run", "m.nn", "--dim", "K=4"]).succeeds();
    folder.run(&["run", "m.nn", "--dim", "K=0"]).fails(2, &["K"]);
    folder.run(&["run", "m.nn", "--dim", "L=4"]).fails(2, &["`L`"]);
    folder.run(&["gradcheck", "m.nn"]).succeeds();
}

#[test]
fn derivatives_compile_again_and_are_confirmed() {
    let folder = line();
    let ran = folder.run(&["grad", "line.nn", "--wrt", "a"]).succeeds();
    assert!(ran.out.contains("output da"), "{}", ran.out);
    assert!(!ran.out.contains("output db"), "{}", ran.out);
    folder.write("d.nn", ran.out.as_bytes());
    let checked = folder.run(&["check", "d.nn"]).succeeds();
    assert!(checked.out.contains("output da"), "{}", checked.out);
    folder.run(&["grad", "line.nn", "--wrt", "c"]).fails(2, &["`c`"]);
    let ran = folder.run(&["grad", "line.nn", "--of", "f"]).succeeds();
    assert!(ran.out.contains("output df_da"), "{}", ran.out);
    folder.run(&["grad", "line.nn", "--of", "f", "--order", "2"]).fails(2, &["`f`", "[N]"]);
    folder.run(&["grad", "line.nn", "--order", "3"]).fails(2, &["3"]);
    for (form, part) in
        [("text", "∂loss/∂a = "), ("latex", "\\begin{align*}"), ("mathml", "<math "), ("dot", "digraph")]
    {
        let ran = folder.run(&["grad", "line.nn", "--as", form]).succeeds();
        assert!(ran.out.contains(part), "{}", ran.out);
    }
    let ran = folder.run(&["grad", "line.nn", "--steps"]).succeeds();
    assert!(ran.out.contains("by product: ct times the other factors"), "{}", ran.out);
    let ran = folder.run(&["gradcheck", "line.nn"]).succeeds();
    assert_eq!(ran.out.lines().count(), 3);
    assert!(ran.out.lines().take(2).all(|l| l.starts_with("ok")), "{}", ran.out);
    assert!(
        ran.out.ends_with("2 random points; central differences of fourth order, in double precision\n"),
        "{}",
        ran.out
    );
    let ran = folder.run(&["gradcheck", "line.nn", "--points", "1", "--seed", "7"]).succeeds();
    assert!(ran.out.contains("\n1 random point;"), "{}", ran.out);
    // No derivative is exact: at an impossible tolerance the check fails and names the element.
    let ran = folder.run(&["gradcheck", "line.nn", "--tol", "0"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.out.contains("WRONG") && ran.out.contains(": reverse ") && ran.err.contains("not confirmed"),
        "{}{}",
        ran.out,
        ran.err
    );
}

#[test]
fn every_stage_can_be_shown() {
    let folder = line();
    let show = |stage| folder.run(&["show", "line.nn", "--stage", stage]).succeeds().out;
    for (stage, says) in [
        ("ast", "Param"),
        ("graph", "loss"),
        ("grad", "da"),
        ("simplified", "da"),
        ("plan", "kernel"),
        #[cfg(feature = "jit")]
        ("clif", "function"),
    ] {
        assert!(show(stage).contains(says), "{stage}:\n{}", show(stage));
    }
    folder.run(&["show", "line.nn", "--stage", "soup"]).fails(2, &["soup"]);
}

#[test]
fn codes_are_explained() {
    let folder = Folder::new(&[]);
    let ran = folder.run(&["explain", "e0603"]).succeeds();
    assert!(ran.out.starts_with("E0603: ") && ran.out.contains("batch"), "{}", ran.out);
    assert!(folder.run(&["explain", "--all"]).succeeds().out.lines().count() > 10);
    let json: Value = serde_json::from_str(&folder.run(&["explain", "E0603", "--json"]).succeeds().out).unwrap();
    assert_eq!(json["code"], "E0603");
    folder.run(&["explain", "E0666"]).fails(2, &["E0666"]);
    folder.run(&["flatten"]).fails(2, &["flatten"]);
}

/// The pages about training: their examples fail with their code, the mended ones run.
#[test]
fn every_page_about_training_is_earned_by_its_example() {
    let pages: Vec<_> = nnc::diag::catalog::all().filter(|page| page.code.starts_with("E06")).collect();
    assert!(pages.len() >= 10);
    for page in pages {
        let folder = Folder::new(&[("m.nn", page.example), ("fixed.nn", page.fixed.unwrap_or_default())]);
        let ran = folder.run(&["run", "m.nn"]);
        assert!(matches!(ran.code, 1 | 3), "{} ended with {}", page.code, ran.code);
        assert!(ran.err.contains(&format!("error[{}]", page.code)), "{}:\n{}", page.code, ran.err);
        if page.fixed.is_some() {
            folder.run(&["run", "fixed.nn"]).succeeds();
        }
    }
}

#[test]
fn colours_follow_the_options() {
    let folder = Folder::new(&[("m.nn", "let y = rleu(1)\n")]);
    let coloured = |args: &[&str]| folder.run(&[&["check", "m.nn"], args].concat()).err.contains('\u{1b}');
    assert!(!coloured(&[]));
    assert!(coloured(&["--color", "always"]));
    assert!(!coloured(&["--color", "never"]));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = line();
    folder.run(&["run", "line.nn", "--epochs", "1"]).succeeds();
    let many: String = "x\n".to_string() + &"1\n".repeat(200_000);
    folder.write("many.csv", many.as_bytes());
    let mut child = folder
        .command(&["predict", "line.nn", "--data", "many.csv"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!(first, "f\n");
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

/// Sends an interrupt to a running training after its first epochs.
#[cfg(unix)]
#[test]
fn an_interrupted_training_is_saved() {
    let folder = line();
    let mut child =
        folder.command(&["run", "line.nn", "--json", "--epochs", "1000000000"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..4 {
        lines.next().unwrap().unwrap();
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let rest: Vec<Value> = lines.map(|l| serde_json::from_str(&l.unwrap()).unwrap()).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let end = rest.iter().find(|e| e["event"] == "end").unwrap();
    assert_eq!(end["outcome"], "interrupted");
    assert_eq!(rest.last().unwrap()["event"], "scores");
    saved(&folder.path("line.safetensors"));
    folder.run(&["eval", "line.nn"]).succeeds();
}

fn saved(path: &Path) {
    let bytes = fs::read(path).unwrap();
    assert!(safetensors::SafeTensors::deserialize(&bytes).is_ok());
    let beside = fs::read_dir(path.parent().unwrap()).unwrap();
    assert!(beside.map(|e| e.unwrap().file_name()).all(|n| !n.to_string_lossy().starts_with(".nnc-")));
}

#[test]
fn fmt_rewrites_checks_and_leaves_wrong_files_alone() {
    let folder = Folder::new(&[("a.nn", "let  a=1\n"), ("b.nn", "let b = 2\n"), ("wrong.nn", "let  c = (\n")]);
    let checked = folder.run(&["fmt", "--check", "a.nn", "b.nn"]);
    assert_eq!((checked.code, checked.out.as_str()), (1, "a.nn\n"), "{}", checked.err);
    assert_eq!(fs::read_to_string(folder.path("a.nn")).unwrap(), "let  a=1\n");

    // The wrong file does not keep the others from being done.
    folder.run(&["fmt", "wrong.nn", "a.nn", "b.nn"]).fails(1, &["E0108", "wrong.nn", "formatted a.nn"]);
    assert_eq!(fs::read_to_string(folder.path("a.nn")).unwrap(), "let a = 1\n");
    assert_eq!(fs::read_to_string(folder.path("wrong.nn")).unwrap(), "let  c = (\n");
    assert_eq!(folder.run(&["fmt", "--check", "a.nn", "b.nn"]).succeeds().out, "");
    folder.run(&["fmt", "missing.nn"]).fails(2, &["missing.nn"]);

    let mut child = folder.command(&["fmt", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"loss(a-3)^2").unwrap();
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.succeeds().out, "loss (a - 3)^2\n");
}

#[test]
fn explain_lists_all_codes() {
    let folder = Folder::new(&[]);
    let list = folder.run(&["explain"]).succeeds().out;
    assert_eq!(list.lines().count(), nnc::diag::catalog::all().count());
    for entry in nnc::diag::catalog::all() {
        let page = folder.run(&["explain", entry.code]).succeeds().out;
        assert!(page.starts_with(entry.code) && page.contains(entry.title), "{page}");
    }
}

#[test]
fn warnings_are_allowed_and_denied() {
    let text = "input x\nlet h = 2 * x\nlet k = [i in 3] => x\noutput y = x\n";
    let folder = Folder::new(&[("m.nn", text), ("allowed.nn", &format!("// nnc: allow(W1003, W1009)\n{text}"))]);
    let ran = folder.run(&["check", "m.nn"]).succeeds();
    assert!(ran.err.contains("warning[W1003]") && ran.err.contains("warning[W1009]"), "{}", ran.err);
    let ran = folder.run(&["check", "m.nn", "--allow", "w1003"]).succeeds();
    assert!(!ran.err.contains("W1003") && ran.err.contains("warning[W1009]"), "{}", ran.err);
    assert_eq!(folder.run(&["check", "m.nn", "--allow", "warnings"]).succeeds().err, "");

    folder.run(&["check", "m.nn", "--deny", "W1009"]).fails(1, &["warning[W1003]", "error[W1009]"]);
    folder.run(&["--deny", "warnings", "show", "m.nn"]).fails(1, &["error[W1003]", "error[W1009]"]);
    let ran = folder.run(&["check", "m.nn", "--deny", "warnings", "--allow", "W1003"]).fails(1, &["error[W1009]"]);
    assert!(!ran.err.contains("W1003"), "{}", ran.err);
    folder.run(&["check", "allowed.nn", "--deny", "warnings"]).succeeds();

    folder.run(&["check", "m.nn", "--deny", "E0301"]).fails(2, &["E0301 is an error, not a warning"]);
    folder.run(&["check", "m.nn", "--allow", "W9999"]).fails(2, &["nnc explain"]);
}

#[test]
fn the_examples_earn_no_warning() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "nn") {
            Folder::new(&[]).run(&["check", "--deny", "warnings", path.to_str().unwrap()]).succeeds();
        }
    }
}

#[test]
fn a_command_that_does_not_exist_is_guessed() {
    let folder = Folder::new(&[("m.nn", "output y = 1\n")]);
    folder.run(&["chek", "m.nn"]).fails(2, &["'check'"]);
    folder.run(&["check", "m.nn", "--timigs"]).fails(2, &["'--timings'"]);
    folder.run(&["show", "m.nn", "--stage", "pln"]).fails(2, &["'plan'"]);
}
