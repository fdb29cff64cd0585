//! Texts that try to break what comes after the parser: names, sizes, ranges, calls, the formatter, derivatives. Each
//! ends in a diagnostic or works, and takes memory in proportion to its length.

use nnc::diag::render;
use nnc::diag::{Diagnostic, Report};
use nnc::lower::lower;
use nnc::model::{Model, Options, prepare};
use nnc::span::{FileId, SourceMap};
use nnc::syntax::{decode, format, same_meaning};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::alloc::{GlobalAlloc, Layout, System};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, mpsc};
use std::time::Duration;

/// The system's allocator, with a count of what is in use and of the most that ever was.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = IN_USE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Tests take turns, so that memory is that of one.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// What nothing may need: a text that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// Everything the front end does with a text, on a thread with an ordinary stack; gives the codes of problems.
fn outcome(text: &str) -> Vec<&'static str> {
    let (sender, receiver) = mpsc::channel();
    let own = text.to_string();
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let _ = sender.send(front_end(&own));
    });
    let thread = thread.unwrap();
    let head: String = text.chars().take(3000).collect();
    match receiver.recv_timeout(PATIENCE) {
        Ok(codes) => {
            thread.join().unwrap();
            codes
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            let panic = thread.join().unwrap_err();
            let what = panic.downcast_ref::<String>().cloned();
            let what = what.or(panic.downcast_ref::<&str>().map(|s| s.to_string())).unwrap_or_default();
            panic!("{what}\nin the text:\n{head}");
        }
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("this hangs:\n{head}"),
    }
}

fn front_end(text: &str) -> Vec<&'static str> {
    let mut sources = SourceMap::default();
    let file = sources.add("robust.nn", text);
    let lowered = lower(&mut sources, file, &|_| Err("no such file".to_string()));
    let codes: Vec<&'static str> = lowered.diagnostics.iter().map(|problem| problem.code).collect();
    lowered.diagnostics.iter().for_each(|problem| check_places(problem, &sources));
    if let Ok(style) = format(file, text) {
        assert!(same_meaning(text, &style), "formatting changes the meaning:\n{style}");
    }
    let report = Report { sources, diagnostics: lowered.diagnostics };
    let rendered = render::full(&report, false);
    assert!(rendered.len() <= 5000 * (1 + report.diagnostics.len()), "{} bytes are shown", rendered.len());
    codes
}

fn check_places(problem: &Diagnostic, sources: &SourceMap) {
    for label in &problem.labels {
        let text = &sources.file(label.span.file).text;
        let range = label.span.start as usize..label.span.end as usize;
        assert!(text.get(range).is_some(), "{:?} is no place: {}", label.span, problem.message);
    }
    assert!(problem.message.chars().count() <= 801, "{} bytes of message", problem.message.len());
}

fn has_errors(codes: &[&str]) -> bool {
    codes.iter().any(|code| code.starts_with('E'))
}

#[test]
fn a_hundred_thousand_brackets() {
    let _turn = turn();
    let n = 100_000;
    for (open, close) in [("(", ")"), ("[", "]"), ("{", "}"), ("f(", ")"), ("sum[i](", ")"), ("([{", "}])")] {
        for text in [
            format!("output y = {}1{}\n", open.repeat(n), close.repeat(n)),
            format!("output y = {}\n", open.repeat(n)),
            format!("output y = {}\n", close.repeat(n)),
            format!("output y = {}\n", format!("{open}{close}").repeat(n)),
            open.repeat(n),
        ] {
            assert!(has_errors(&outcome(&text)), "{}", &text[..30]);
        }
    }
}

/// Each value is shared twice by the next: written out, the last would have 2^60 terms.
#[test]
fn shared_lets_stay_shared() {
    let _turn = turn();
    for (form, last) in [
        ("let a{i} = a{p} + a{p}\n", "a60"),
        ("let a{i} = a{p} * a{p} / (1 + a{p}^2)\n", "a60"),
        ("let a{i} = tanh(a{p}) * sin(a{p})\n", "a60"),
        ("let a{i} = if a{p} > 0 then a{p} else -a{p}\n", "a60"),
        ("fn f{i}(x) = f{p}(x) + f{p}(x)\n", "f60(a0)"),
        ("let a{i}[n in 3] = a{p} + a{p} * n\n", "sum(a60)"),
    ] {
        let mut text = "param a0 = 0.5\nfn f0(x) = x\n".to_string();
        for i in 1..=60 {
            let previous = match form {
                f if f.starts_with("let a{i}[") && i > 1 => format!("a{}[n]", i - 1),
                f if f.starts_with("fn") => format!("f{}", i - 1),
                _ => format!("a{}", i - 1),
            };
            text += &form.replace("f{p}", &previous).replace("a{p}", &previous).replace("{i}", &i.to_string());
        }
        text += &format!("loss {last}\n");
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let model = Model::from_source(&text).unwrap();
            let function = model.compile(&Options::gradient("loss")).unwrap();
            let _ = sender.send(function.signature().results.len());
        });
        assert_eq!(receiver.recv_timeout(PATIENCE), Ok(2), "{form}");
        thread.join().unwrap();
    }
}

#[test]
fn sizes_that_overflow() {
    let _turn = turn();
    for text in [
        "dim A = 4000000000, B = 4000000000, C = 4000000000\nparam w: [A, B, C] = zeros()\nloss sum(w)\n",
        "dim A = 9223372036854775807\ninput x: [A]\noutput y = sum(x)\n",
        "dim A = 9223372036854775808\ninput x: [A]\noutput y = sum(x)\n",
        "dim A = 3000000000\ndim B = A * A\ndim C = B * B\ninput x: [C]\noutput x\n",
        "dim A = 3000000000, B = A * A * A * A - A * A * A * A + 3\ninput x: [B]\noutput x\n",
        "dim A = 1e300\ninput x: [A]\noutput x\n",
        "dim A = 0\ninput x: [A]\noutput x\n",
        "dim A = 2 - 3\ninput x: [A]\noutput x\n",
        "dim A = 5 / 0\ninput x: [A]\noutput x\n",
        "dim N\ndim A = N * N * N * N * N * N * N * N * N * N * N * N * N * N * N * N * 1000000000\ninput x: [A]\noutput x\n",
        "output y = zeros([100000, 100000, 100000, 100000, 100000])\n",
        "output y = [i in 1000000000, j in 1000000000, k in 1000000000] => i + j + k\n",
        "output y = sum[i in 9000000000000000000, j in 0..i](1)\n",
        "const a = [i in 1000000000] => i\noutput y = a[3]\n",
        "input x: [3]\noutput y = x[9223372036854775807]\n",
        "input x: [3]\noutput y = x[-9223372036854775808]\n",
        "input x: [3]\noutput y = x[99999999999999999999999]\n",
        "dim N\ninput x: [N]\noutput y = [i] => x[9000000000000000000 * i + 9000000000000000000]\n",
        "output y = reshape(zeros([4, 4]), [4294967296, 4294967296, 4])\n",
    ] {
        outcome(text);
    }
    // What it means to be too large is said, not wrapped.
    let codes = outcome("dim A = 4000000000, B = 4000000000, C = 4000000000\ninput w: [A, B, C]\noutput w\n");
    assert!(has_errors(&codes), "{codes:?}");
}

#[test]
fn functions_that_call_themselves() {
    let _turn = turn();
    for (text, wanted) in [
        ("fn f(x) = f(x - 1)\noutput y = f(3)\n", "E0208"),
        ("fn f(x) = f(x) + f(x)\noutput y = f(3)\n", "E0208"),
        ("fn f(x) = g(x + 1)\nfn g(x) = f(x + 1) * f(x + 2)\noutput y = f(3)\n", "E0208"),
        (
            "fn f(x, n) = if n == 0 then x else f(x, n - 1) + f(x + 1, n - 1) + f(x + 2, n)\noutput y = f(1, 99)\n",
            "E0208",
        ),
        ("fn f(g, x) = g(g, x)\noutput y = f(f, 1)\n", "E0208"),
        ("fn f(x) = sum[i in 3](f(x + i))\noutput y = f(3)\n", "E0208"),
        ("fn f(x) = fold(t in 3, s = f(x)) => s + t\noutput y = f(3)\n", "E0208"),
    ] {
        let codes = outcome(text);
        assert!(codes.contains(&wanted), "{codes:?}\n{text}");
    }
    // A long chain of functions, and of definitions, is no recursion.
    let chain: String = (1..3000).map(|i| format!("let a{i} = a{} + 1\n", i - 1)).collect();
    assert_eq!(outcome(&format!("input a0\n{chain}output a2999\n")), [""; 0]);
}

#[test]
fn names_and_lines_of_a_megabyte() {
    let _turn = turn();
    let long = "a".repeat(1 << 20);
    assert_eq!(outcome(&format!("input {long}\noutput y = {long} + 1\n")), [""; 0]);
    for text in [
        format!("output y = {long}\n"),
        format!("output y = {long}(1)\n"),
        format!("input {long}\ninput {long}\noutput y = {long}\n"),
        format!("input x: [{long}]\noutput x\n"),
        format!("fn f({long}) = {long} + b\noutput y = f({long} = 1, {long} = 2)\n"),
        format!("layer {long}() {{ fn (x) = x + y }}\nlet l = {long}()\noutput z = l.{long}\n"),
        format!("import {long}.b ({long})\noutput y = 1\n"),
        format!("input x\noutput x\ntrain {{ {long} = 1 }}\ndata {{ {long} = 1 }}\n{long}\n"),
        format!("dim {long}\ninput x: [{long}]\ninput z: [3]\noutput y = x + z\n"),
        format!("input x: {long}[3]\noutput x\n"),
        format!("input x: [3]\noutput y = {long}[i](x[i]) + sum(x, {long} = 1)\n"),
    ] {
        assert!(has_errors(&outcome(&text)), "{}", &text[..40]);
    }
    assert!(outcome(&format!("// {long}\noutput y = 1\n")).is_empty());
    // A long table belongs in a file.
    assert_eq!(outcome(&format!("output y = [{}1]\n", "1, ".repeat(1 << 18))), ["E0305"]);
    assert_eq!(outcome(&format!("output y = sum([{}1])\n", "pi, ".repeat(1 << 10))), [""; 0]);
    assert!(has_errors(&outcome(&format!("output y = 1{}\n", " + 1".repeat(1 << 18)))));
    assert!(has_errors(&outcome(&"x = 1; ".repeat(1 << 17))));
    assert!(has_errors(&outcome(&" ".repeat(1 << 20).replace("   ", " ?"))));
}

#[test]
fn line_ends_and_marks_mix() {
    let _turn = turn();
    let text = "dim N\ninput x: [N]\nlet h = {\n  let z = 2 * x\n  sum(z)\n}\noutput y = [\n  h,\n  h + 1\n]\n";
    assert!(outcome(text).is_empty());
    for seed in 0..50 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut mixed = if seed % 2 == 0 { "\u{feff}".to_string() } else { String::new() };
        for line in text.lines() {
            mixed += line;
            mixed += ["\n", "\r\n", " \r\n", "\t\n", " // why\r\n"][random.next_u32() as usize % 5];
        }
        assert!(outcome(&mixed).is_empty(), "{mixed:?}");
        assert!(same_meaning(text, &mixed) || mixed.contains("//"), "{mixed:?}");
    }
    // A lone carriage return ends no line; a mark in the middle is no space.
    assert!(has_errors(&outcome("input x\routput x\r")));
    assert!(has_errors(&outcome("input x\n\u{feff}output x\n")));
}

/// What a text repeats, and the text for a number of repetitions.
type Shape = (&'static str, fn(usize) -> String);

/// Texts of a shape and a length: four times the length may take little more than four times the memory.
#[test]
fn memory_grows_with_the_text() {
    let _turn = turn();
    let shapes: &[Shape] = &[
        ("lets", |n| (0..n).map(|i| format!("let a{i} = {i}\n")).collect()),
        ("a chain", |n| (1..n).fold("input a0\n".into(), |t, i| t + &format!("let a{i} = sin(a{})\n", i - 1))),
        ("circles", |n| (0..n).map(|i| format!("let a{i} = a{}\n", (i + 1) % n)).collect()),
        ("unknown names", |n| (0..n).map(|i| format!("let a{i} = b{i}\n")).collect()),
        ("brackets", |n| format!("output y = {}\n", "(".repeat(n))),
        ("a list", |n| format!("output y = [{}1]\n", "1, ".repeat(n))),
        ("a sum", |n| (0..n / 100).map(|i| format!("let a{i} = 1{}\n", " + pi".repeat(100))).collect()),
        ("functions", |n| (0..n).map(|i| format!("fn f{i}(x) = x + {i}\noutput y{i} = f{i}({i})\n")).collect()),
        ("dims", |n| (0..n).map(|i| format!("dim D{i}\ninput x{i}: [D{i}]\noutput y{i} = sum(x{i})\n")).collect()),
        ("one dim", |n| {
            (0..n).fold("dim N\n".into(), |t, i| t + &format!("input x{i}: [N]\noutput y{i} = x{i} @ x{i}\n"))
        }),
        ("strange characters", |n| "§ ".repeat(n)),
        ("comments", |n| "// a\n".repeat(n)),
        ("blocks", |n| {
            format!("output y = {{\n{}  1\n}}\n", (0..n).map(|i| format!("  let a{i} = {i}\n")).collect::<String>())
        }),
        ("duplicates", |n| "input x\n".repeat(n)),
        ("settings", |n| format!("input x\noutput x\ntrain {{ {} }}\n", "epochs = 1, ".repeat(n))),
    ];
    for (shape, text) in shapes {
        let peak = |n: usize| {
            let text = text(n);
            let before = IN_USE.load(Ordering::Relaxed);
            PEAK.store(before, Ordering::Relaxed);
            outcome(&text);
            (PEAK.load(Ordering::Relaxed) - before, text.len())
        };
        let ((small, short), (large, long)) = (peak(1000), peak(4000));
        let (growth, by) = (large as f64 / small as f64, long as f64 / short as f64);
        assert!(growth < 2.0 * by, "{shape}: a text {by:.1} times as long takes {growth:.1} times the memory");
    }
}

fn programs() -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = vec![];
    let mut folders: Vec<PathBuf> =
        ["examples", "std", "tests"].map(|f| Path::new(env!("CARGO_MANIFEST_DIR")).join(f)).into();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "nn") {
                let bytes = std::fs::read(&path).unwrap();
                found.extend((bytes.len() < 4000).then_some((path, bytes)));
            }
        }
    }
    found.sort();
    found
}

/// Words and marks of a text, with what lies between them.
fn tokens(text: &str) -> Vec<&str> {
    let (mut tokens, mut rest) = (vec![], text);
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let end = if is_word(first) { rest.find(|c| !is_word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        tokens.push(&rest[..end]);
        rest = &rest[end..];
    }
    tokens
}

/// Bytes changed, dropped and repeated.
#[test]
fn damaged_bytes() {
    let _turn = turn();
    let programs = programs();
    for seed in 0..3000 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut below = |n: usize| random.next_u32() as usize % n.max(1);
        let (path, bytes) = &programs[below(programs.len())];
        let mut bytes = bytes.clone();
        for _ in 0..1 + below(3) {
            let at = below(bytes.len());
            match below(4) {
                0 => drop(bytes.drain(at..(at + 1 + below(8)).min(bytes.len()))),
                1 => bytes.insert(at, below(256) as u8),
                2 if !bytes.is_empty() => bytes[at] ^= 1 << below(8),
                _ => bytes.truncate(at),
            }
        }
        if let Ok(text) = decode(FileId(0), &bytes) {
            let done = std::panic::catch_unwind(|| outcome(text));
            assert!(done.is_ok(), "seed {seed}, {}", path.display());
        }
    }
}

/// Tokens exchanged within a program and between programs: more of these are programs, or nearly.
#[test]
fn exchanged_tokens() {
    let _turn = turn();
    let programs: Vec<(PathBuf, String)> =
        programs().into_iter().filter_map(|(path, bytes)| Some((path, String::from_utf8(bytes).ok()?))).collect();
    let mut right = 0;
    for seed in 0..4000 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut below = |n: usize| random.next_u32() as usize % n.max(1);
        let (path, text) = &programs[below(programs.len())];
        let (_, other) = &programs[below(programs.len())];
        let (mut list, others) = (tokens(text), tokens(other));
        for _ in 0..1 + below(3) {
            let (at, from) = (below(list.len()), below(list.len()));
            match below(5) {
                0 => list[at] = list[from],
                1 => list.swap(at, from),
                2 => drop(list.remove(at)),
                3 => list.insert(at, list[from]),
                _ => list[at] = others[below(others.len())],
            }
        }
        let text = list.concat();
        let done = std::panic::catch_unwind(|| {
            let codes = outcome(&text);
            // Every fourth of the right ones is also differentiated.
            if !has_errors(&codes) && seed % 4 == 0 {
                differentiated(&text);
            }
            codes
        });
        let Ok(codes) = done else { panic!("seed {seed}, {}", path.display()) };
        right += usize::from(!has_errors(&codes));
    }
    assert!(right > 100, "only {right} of the texts are programs");
}

/// The derivative of the first loss that has one.
fn differentiated(text: &str) {
    let Ok(model) = Model::from_source(text) else { return };
    for value in model.values() {
        if prepare(model.program(), &Options::gradient(value.name.clone()), true).is_ok() {
            return;
        }
    }
}
