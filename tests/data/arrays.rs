//! Arrays from files of NumPy and safetensors, packed files, other encodings, and groups. The files in
//! `tests/reference/data` were written by NumPy; the script beside them shows what is in them.

use crate::*;

fn reference() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data")
}

fn load(entries: &str, ports: &[RowPort]) -> Result<DataSet, LoadError> {
    let spec = spec(entries, ports).unwrap_or_else(|problems| panic!("{entries}: {problems:?}"));
    spec.load(&reference(), &Overrides::default(), 0)
}

/// The message of a problem, with paths cut to names.
fn error(entries: &str, ports: &[RowPort]) -> String {
    let found = load(entries, ports).expect_err(entries);
    assert!(catalog::entry(found.error.code()).is_some());
    found.to_string().replace(&format!("{}/", reference().display()), "")
}

#[test]
fn arrays_of_numpy_are_read_in_every_form() {
    for file in ["plain.npz", "packed.npz"] {
        let of = |name: &str, shape: &[&str]| {
            let entries = format!("file = \"{file}\", x = array(\"{name}\")");
            reals(&load(&entries, &[real("x", shape)]).unwrap(), "x")
        };
        assert_eq!(of("x", &["2"]), [1.5, 2.0, 3.0, 4.0, 5.0, -6.25]);
        assert_eq!(of("fortran", &["2", "3"]), (0..18).map(f64::from).collect::<Vec<_>>());
        assert_eq!(of("big", &[]), [1.25, -2.0, 1e300]);
        assert_eq!(of("small", &[]), [-1.0, 127.0, -128.0]);
        assert_eq!(of("unsigned", &[]), [0.0, 65535.0, 3.0]);
        let entries = format!("file = \"{file}\", y = array(\"y\"), seen = array(\"seen\"), x = array(\"x\") * 2");
        let ports = [label("y", "C"), port("seen", PortKind::Bool, &[]), real("x", &["D"])];
        let data = load(&entries, &ports).unwrap();
        assert_eq!((labels(&data, "y"), data.extents["C"], data.extents["D"]), (vec![2, 0, 1], 3, 2));
        assert_eq!(data.port("seen").unwrap().values, Values::Bool(vec![true, false, true]));
        assert_eq!(reals(&data, "x")[5], -12.5);
        assert_eq!(data.place(2).unwrap().1, RowPlace::Row(2));
    }
}

#[test]
fn arrays_may_have_files_of_their_own() {
    let ports = [real("x", &["2"]), label("y", "C")];
    let data = load("x = array(\"x.npy\"), y = array(\"y.npy\")", &ports).unwrap();
    assert_eq!((data.rows, reals(&data, "x")[5], labels(&data, "y")), (3, -6.25, vec![2, 0, 1]));
    let data = load("x = array(\"packed.npz\", \"x\"), y = array(\"y.npy\")", &ports).unwrap();
    assert_eq!((reals(&data, "x")[0], labels(&data, "y")), (1.5, vec![2, 0, 1]));
    // Without a name, if there is just one.
    assert_eq!(load("file = \"one.npz\", x = array()", &ports[..1]).unwrap().rows, 3);
    assert_eq!(load("file = \"x.npy\", x = array()", &ports[..1]).unwrap().rows, 3);
    // Beside a table.
    let folder = Folder::new(&[("a.csv", "y\n0\n1\n1\n")]);
    std::fs::copy(reference().join("x.npy"), folder.0.path().join("x.npy")).unwrap();
    let entries = "file = \"a.csv\", x = array(\"x.npy\"), y = column(\"y\"), rows = 1..3";
    let data = folder.load(entries, &ports).unwrap();
    assert_eq!((reals(&data, "x"), labels(&data, "y")), (vec![3.0, 4.0, 5.0, -6.25], vec![1, 1]));
    // Statistics and windows as for columns.
    let data = load("x = windows(array(\"big\"), 2, step = 1), file = \"plain.npz\"", &[real("x", &["2"])]).unwrap();
    assert_eq!(reals(&data, "x"), [1.25, -2.0, -2.0, 1e300]);
}

#[test]
fn missing_numbers_of_arrays_are_dropped_or_filled() {
    let ports = [real("x", &["2"])];
    let with =
        |missing: &str| load(&format!("file = \"plain.npz\", x = array(\"holes\"), missing = {missing}"), &ports);
    assert_eq!(reals(&with("drop").unwrap(), "x"), [2.0, 20.0, 3.0, 40.0]);
    // The mean of 20 and 40.
    assert_eq!(reals(&with("mean").unwrap(), "x")[1], 30.0);
    assert_eq!(
        error("file = \"plain.npz\", x = array(\"holes\")", &ports),
        "plain.npz, row 0, column `holes[1]`: the value is missing (`NaN`)"
    );
}

#[test]
fn arrays_that_do_not_fit_are_named() {
    let x = [real("x", &[])];
    let of = |name: &str| error(&format!("file = \"plain.npz\", x = array(\"{name}\")"), &x);
    assert_eq!(of("infinite"), "plain.npz, row 1, column `infinite`: `inf` is not a finite number");
    assert_eq!(of("nothing"), "plain.npz has no array `nothing`");
    assert_eq!(of("x"), "one row of `x` has shape [2], but the model needs []");
    assert!(of("texts").contains("array `texts`: elements of type `<U1` are not read"), "{}", of("texts"));
    assert!(of("complex").contains("elements of type `<c16` are not read"));
    assert!(of("huge").contains("is too large to be exact"));
    assert!(of("single").contains("a single number"));
    assert_eq!(error("file = \"plain.npz\", x = array()", &x), "plain.npz does not hold just one array");
    assert!(error("x = array(\"objects.npy\")", &x).contains("objects.npy: elements of type `|O` are not read"));
    let two = [real("x", &[]), real("z", &[])];
    assert_eq!(
        error("file = \"plain.npz\", x = array(\"big\"), z = array(\"four\")", &two),
        "plain.npz, array `big` has 3 rows, but plain.npz, array `four` has 4"
    );
    assert_eq!(
        error("x = array(\"plain.npz\", \"big\"), z = array(\"plain.npz\", \"four\")", &two),
        "plain.npz has 3 rows, but plain.npz has 4"
    );
    let y = [label("y", "2")];
    assert_eq!(
        error("file = \"plain.npz\", y = array(\"y\")", &y),
        "plain.npz, row 0, column `y`: 2 is not a label of `y`"
    );
    let with = |entries: &str| problem(entries, &x);
    assert_eq!(with("file = \"a.csv\", x = array(\"x\")"), pair("E0520", "array(\"x\")"));
    assert_eq!(with("file = \"a.npz\", x = column(0)"), pair("E0520", "column(0)"));
    assert_eq!(with("x = array(\"x\")"), pair("E0510", "array(\"x\")"));
    assert_eq!(with("file = \"a.npz\", x = array(x)"), pair("E0506", "x"));
    assert_eq!(with("file = \"a.npz\", x = array(\"a\", \"b\")"), pair("E0506", "array(\"a\", \"b\")"));
    assert_eq!(
        with("file = \"a.npz\", validation = \"v.npz\", x = array(\"x.npy\")"),
        pair("E0510", "array(\"x.npy\")")
    );
}

#[test]
fn safetensors_are_read() {
    let bytes = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let (x, y) = (bytes(&[1.0, 2.5, 3.0, 4.0]), [1u8, 0]);
    let view = |kind, shape: &[usize], data| safetensors::tensor::TensorView::new(kind, shape.to_vec(), data).unwrap();
    let tensors = [("x", view(safetensors::Dtype::F32, &[2, 2], &x)), ("y", view(safetensors::Dtype::U8, &[2], &y))];
    let folder = Folder::new(&[]);
    let file = safetensors::serialize(tensors, None).unwrap();
    std::fs::write(folder.0.path().join("a.safetensors"), file).unwrap();
    let entries = "file = \"a.safetensors\", x = array(\"x\"), y = array(\"y\")";
    let data = folder.load(entries, &[real("x", &["2"]), label("y", "C")]).unwrap();
    assert_eq!((reals(&data, "x"), labels(&data, "y")), (vec![1.0, 2.5, 3.0, 4.0], vec![1, 0]));
}

#[test]
fn files_may_be_packed_or_latin() {
    let data = load("file = \"table.csv.gz\", x = column(\"b\")", &[real("x", &[])]).unwrap();
    assert_eq!(reals(&data, "x"), [2.0, 4.0]);
    let data = load("file = \"text.txt.gz\", y = chars()", &[label("y", "C")]).unwrap();
    assert_eq!(labels(&data, "y"), [0, 1, 0, 1]);
    let folder = Folder::new(&[("bad.csv.gz", "no gzip")]);
    std::fs::write(folder.0.path().join("l.csv"), b"gr\xf6\xdfe\n3\n").unwrap();
    let x = [real("x", &[])];
    assert!(matches!(folder.error("file = \"bad.csv.gz\", x = column(0)", &x), DataError::Unreadable { .. }));
    let entries = "file = \"l.csv\", x = column(\"größe\")";
    assert!(matches!(folder.error(entries, &x), DataError::NotUtf8 { line: 1, .. }));
    let data = folder.load(&format!("{entries}, encoding = latin1"), &x).unwrap();
    assert_eq!(reals(&data, "x"), [3.0]);
    assert_eq!(problem("encoding = \"latin1\"", &[]), pair("E0503", "\"latin1\""));
}

#[test]
fn broken_files_of_arrays_are_errors() {
    // Every prefix, and every byte changed, of each file: a result or an error, never a panic.
    let mut stream = Stream::new(2, Purpose::CheckPoint, 0);
    let folder = Folder::new(&[]);
    for name in ["one.npz", "x.npy", "table.csv.gz"] {
        let whole = std::fs::read(reference().join(name)).unwrap();
        let entries = match name {
            "table.csv.gz" => format!("file = \"{name}\", x = columns(0..2)"),
            _ => format!("file = \"{name}\", x = array()"),
        };
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] = stream.below(256) as u8;
            for bytes in [&whole[..at], &changed] {
                std::fs::write(folder.0.path().join(name), bytes).unwrap();
                let _ = folder.load(&entries, &[real("x", &["2"])]);
            }
        }
        std::fs::write(folder.0.path().join(name), &whole[..whole.len() - 3]).unwrap();
        assert!(folder.load(&entries, &[real("x", &["2"])]).is_err(), "{name}");
    }
}

#[test]
fn groups_stay_in_one_part() {
    let rows: String = (0..60).map(|i| format!("{i},p{}\n", i % 15)).collect();
    let csv = format!("x,id\n{rows}");
    let entries = "x = column(\"x\"), group = column(\"id\"), split = [0.6, 0.2, 0.2]";
    let data = one(&csv, entries, &[real("x", &[])]).unwrap();
    let groups = |part: &[u32]| part.iter().map(|row| row % 15).collect::<BTreeSet<u32>>();
    let parts = [&data.splits.train, &data.splits.validation, &data.splits.test].map(|part| groups(part));
    assert_eq!(parts.iter().map(BTreeSet::len).collect::<Vec<_>>(), [9, 3, 3]);
    assert_eq!(parts.iter().flatten().collect::<BTreeSet<_>>().len(), 15);
    let x = [real("x", &[]), label("y", "C")];
    let with = |entries: &str| problem(&format!("file = \"a.csv\", {entries}"), &x[..1]);
    assert_eq!(with("x = column(0), group = column(1)"), pair("E0510", "column(1)"));
    assert_eq!(with("x = column(0), group = 3"), pair("E0503", "3"));
    assert_eq!(with("x = windows(column(0), 2), group = column(1), split = [0.5, 0.5, 0]").0, "E0508");
    let both = "file = \"a.csv\", y = column(0), x = column(1), group = column(2), stratify = y, split = [0.5, 0.5, 0]";
    assert_eq!(problem(both, &x), pair("E0510", "column(2)"));
    assert_eq!(
        message("x,id\n1,a\n2,\n", "x = column(0), group = column(\"id\"), split = [0.5, 0, 0.5]", &x[..1]),
        "a.csv, line 3, column `id`: the value is missing"
    );
    assert_eq!(
        message("x,id\n1,a\n2,a\n", "x = column(0), group = column(\"id\"), split = [0.5, 0, 0.5]", &x[..1]),
        "2 rows cannot be split: no row is left for training"
    );
}
