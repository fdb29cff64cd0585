//! How rows are split, scaled, filled and labelled.

use crate::*;

#[test]
fn split_sizes_are_those_asked_for() {
    let csv = format!("x\n{}", (0..100).map(|i| format!("{i}\n")).collect::<String>());
    let ports = [real("x", &[])];
    let data = one(&csv, "x = column(0), split = [0.8, 0.1, 0.1]", &ports).unwrap();
    let sizes = |d: &DataSet| [d.splits.train.len(), d.splits.validation.len(), d.splits.test.len()];
    assert_eq!(sizes(&data), [80, 10, 10]);
    let mut all = [data.splits.train.clone(), data.splits.validation.clone(), data.splits.test.clone()].concat();
    all.sort_unstable();
    assert_eq!(all, (0..100).collect::<Vec<u32>>());
    assert_ne!(data.splits.train, (0..80).collect::<Vec<u32>>());
    // Thirds add up to 1 only within rounding.
    let data = one(&csv, "x = column(0), split = [1/3, 1/3, 1/3], shuffle = false", &ports).unwrap();
    assert_eq!(sizes(&data), [34, 33, 33]);
    assert_eq!(data.splits.test, (67..100).collect::<Vec<u32>>());
    assert_eq!(
        message("x\n1\n2\n3\n", "x = column(0), split = [0.8, 0.1, 0.1]", &ports),
        "3 rows cannot be split: no row is left for validation"
    );
}

#[test]
fn the_split_depends_on_the_seed_alone() {
    let csv = format!("x\n{}", "1\n".repeat(50));
    let folder = Folder::new(&[("a.csv", &csv)]);
    let spec = spec("file = \"a.csv\", x = column(0), split = [0.5, 0.25, 0.25]", &[real("x", &[])]).unwrap();
    let load = |seed| spec.load(folder.0.path(), &Overrides::default(), seed).unwrap().splits;
    assert_eq!(load(1), load(1));
    assert_ne!(load(1), load(2));
}

#[test]
fn stratified_parts_have_equal_shares_of_every_class() {
    // 40 a, 40 b, 20 c: a tenth of each is 4, 4 and 2 rows.
    let rows: String = (0..100).map(|i| ["a\n", "b\n", "a\n", "b\n", "c\n"][i % 5]).collect();
    let csv = format!("y\n{rows}");
    let entries = "y = category(\"y\"), split = [0.8, 0.1, 0.1], stratify = y";
    let data = one(&csv, entries, &[label("y", "C")]).unwrap();
    let y = labels(&data, "y");
    for (part, expected) in
        [(&data.splits.train, [32, 32, 16]), (&data.splits.validation, [4, 4, 2]), (&data.splits.test, [4, 4, 2])]
    {
        let mut counts = [0; 3];
        part.iter().for_each(|row| counts[y[*row as usize] as usize] += 1);
        assert_eq!(counts, expected);
    }
}

#[test]
fn validation_and_test_may_have_files() {
    let folder = Folder::new(&[
        ("a.csv", "x,y\n1,0\n3,1\n"),
        ("v.csv", "y,x\n1,5\n"),
        ("t.csv", "x,y\n7,1\n9,0\n"),
        ("other.csv", "z,y\n7,1\n"),
    ]);
    let ports = [real("x", &[]), label("y", "C")];
    let entries = |column: &str, test: &str| {
        format!(
            "file = \"a.csv\", validation = \"v.csv\", test = \"{test}\"\nx = standardize({column}), y = column(\"y\")"
        )
    };
    let data = folder.load(&entries("column(\"x\")", "t.csv"), &ports).unwrap();
    // Mean 2 and deviation 1 of the training rows 1 and 3.
    assert_eq!(reals(&data, "x"), [-1.0, 1.0, 3.0, 5.0, 7.0]);
    assert_eq!(labels(&data, "y"), [0, 1, 1, 1, 0]);
    assert_eq!(
        (&*data.splits.train, &*data.splits.validation, &*data.splits.test),
        (&[0, 1][..], &[2][..], &[3, 4][..])
    );
    let (file, line) = data.place(4).unwrap();
    assert!(file.ends_with("t.csv") && line == RowPlace::Line(3));
    let error = folder.error(&entries("column(\"x\")", "other.csv"), &ports);
    assert!(
        matches!(&error, DataError::UnknownColumn { file, name, .. } if file.ends_with("other.csv") && name == "x")
    );
    // Column 0 is x in one file and y in the other.
    assert!(matches!(folder.error(&entries("column(0)", "t.csv"), &ports), DataError::HeadersDiffer { .. }));
}

#[test]
fn statistics_are_those_of_the_training_rows() {
    // The first four rows: means 2.5 and 25, variances 1.25 and 125; ranges 1 to 4 and 10 to 40.
    let csv = "a,b\n1,10\n2,20\n3,30\n4,40\n100,-1000\n";
    let entries = |e: &str| format!("x = {e}, split = [0.8, 0, 0.2], shuffle = false");
    let ports = [real("x", &["2"])];
    let data = one(csv, &entries("standardize(columns(0..2))"), &ports).unwrap();
    let x = reals(&data, "x");
    for (row, expected) in [-1.5, -0.5, 0.5, 1.5].iter().enumerate() {
        assert!((x[2 * row] - expected / 1.25f64.sqrt()).abs() < 1e-15);
        assert!((x[2 * row + 1] - 10.0 * expected / 125f64.sqrt()).abs() < 1e-15);
    }
    assert!((x[8] - 97.5 / 1.25f64.sqrt()).abs() < 1e-12);
    let data = one(csv, &entries("minmax(columns(0..2))"), &ports).unwrap();
    let expected = [0.0, 0.0, 1.0 / 3.0, 1.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0, 1.0, 1.0, 33.0, -1010.0 / 30.0];
    assert!(reals(&data, "x").iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12));
    // A statistic of an expression.
    let data = one("a\n1\n100\n", "x = standardize(log(column(0)) * 3 + 1)", &[real("x", &[])]).unwrap();
    assert!(reals(&data, "x").iter().zip([-1.0, 1.0]).all(|(found, expected)| (found - expected).abs() < 1e-12));
}

#[test]
fn stored_statistics_are_used_again() {
    let train = "a,c\n1,red\n2,blue\n3,red\n,blue\n";
    let entries = "missing = mean, x = standardize(column(\"a\")), m = minmax(column(\"a\")), y = category(\"c\")";
    let ports = [real("x", &[]), real("m", &[]), label("y", "C")];
    let first = one(train, entries, &ports).unwrap();
    assert_eq!(first.statistics.categories("y"), Some(&["blue".to_string(), "red".to_string()][..]));
    assert_eq!(labels(&first, "y"), [1, 0, 1, 0]);
    let strings = first.statistics.to_strings();
    let pairs = strings.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let statistics = Statistics::from_strings(pairs).unwrap();
    assert_eq!(statistics, first.statistics);

    let folder = Folder::new(&[("b.csv", "c,a\nred,3\nred,\n"), ("a.csv", train), ("green.csv", "c,a\ngreen,1\n")]);
    let overrides = |file: &str| Overrides {
        file: Some(folder.0.path().join(file)),
        all_rows: true,
        statistics: Some(statistics.clone()),
        extents: first.extents.clone(),
        ..Overrides::default()
    };
    let entries = format!("file = \"a.csv\", {entries}");
    let again = folder.load_with(&entries, &ports, &overrides("b.csv")).unwrap();
    // The value 3 and the mean 2 as they were among the first rows, whatever the new rows' own mean is.
    assert_eq!(reals(&again, "x"), [reals(&first, "x")[2], reals(&first, "x")[3]]);
    assert_eq!(reals(&again, "m"), [1.0, 0.5]);
    assert_eq!(labels(&again, "y"), [1, 1]);
    assert_eq!(again.extents["C"], 2);
    assert_eq!(again.statistics, first.statistics);

    let error = folder.load_with(&entries, &ports, &overrides("green.csv")).unwrap_err().error;
    assert!(matches!(&*error, DataError::Category { found, known, .. } if found == "green" && known.len() == 2));
    assert_eq!(error.code(), "E0524");
    // Statistics of another block.
    let other = one("a\n1\n2\n", "x = standardize(column(0))", &ports[..1]).unwrap().statistics;
    let overrides = Overrides { statistics: Some(other), ..overrides("b.csv") };
    let error = folder.load_with(&entries, &ports, &overrides).unwrap_err().error;
    assert!(matches!(&*error, DataError::Statistics { .. }));
    assert_eq!(error.code(), "E0526");
}

#[test]
fn predict_needs_no_labels() {
    let folder = Folder::new(&[("a.csv", "x,y\n1,0\n3,1\n"), ("new.csv", "x\n5\n")]);
    let entries = "file = \"a.csv\", x = standardize(column(\"x\")), y = column(\"y\"), split = [0.5, 0.5, 0]";
    let ports = [real("x", &[]), label("y", "C")];
    let statistics = folder.load(entries, &ports).unwrap().statistics;
    let overrides = Overrides {
        file: Some(folder.0.path().join("new.csv")),
        all_rows: true,
        ports: Some(vec!["x".into()]),
        statistics: Some(statistics),
        ..Overrides::default()
    };
    let data = folder.load_with(entries, &ports, &overrides).unwrap();
    assert_eq!((data.rows, data.ports.len()), (1, 1));
    let unknown = Overrides { ports: Some(vec!["z".into()]), ..Overrides::default() };
    let error = folder.load_with(entries, &ports, &unknown).unwrap_err().error;
    assert_eq!(*error, DataError::UnknownPort { port: "z".into() });
}

#[test]
fn a_constant_column_becomes_zero_with_a_warning() {
    let csv = "a,b\n5,1\n5,2\n7,3\n";
    for function in ["standardize", "minmax"] {
        let entries = format!("x = {function}(columns(0..2)), split = [0.7, 0, 0.3], shuffle = false");
        let data = one(csv, &entries, &[real("x", &["2"])]).unwrap();
        let x = reals(&data, "x");
        assert_eq!([x[0], x[2], x[4]], [0.0; 3]);
        assert!(x.iter().all(|value| value.is_finite()));
        assert_eq!(data.warnings.len(), 1);
        assert_eq!(data.warnings[0].code, "W1051");
        assert_eq!(
            data.warnings[0].message,
            format!("column `a` is constant in the training rows, so `{function}` makes it 0")
        );
    }
}

#[test]
fn a_header_of_numbers_is_suspect() {
    let data = one("1,2\n3,4\n", "x = column(0)", &[real("x", &[])]).unwrap();
    assert_eq!(data.warnings.iter().map(|w| w.code).collect::<Vec<_>>(), ["W1052"]);
    for code in ["W1051", "W1052", "W1053"] {
        assert!(catalog::entry(code).is_some());
    }
}

#[test]
fn missing_values_are_errors_dropped_or_filled() {
    let ports = [real("x", &["2"])];
    let csv = "a,b,other\n1,2,\n,4,\nNA,6,\n5,NaN,\n7,10,\n";
    let entries = |missing: &str| format!("x = columns(\"a\", \"b\"), missing = {missing}");
    let dropped = one(csv, &entries("drop"), &ports).unwrap();
    // A column that is not read may lack values.
    assert_eq!((reals(&dropped, "x"), dropped.dropped), (vec![1.0, 2.0, 7.0, 10.0], 3));
    assert_eq!(dropped.place(1).unwrap().1, RowPlace::Line(6));
    let filled = one(csv, &entries("mean"), &ports).unwrap();
    // Means of 1, 5, 7 and of 2, 4, 6, 10.
    let a = 13.0 / 3.0;
    assert_eq!(reals(&filled, "x"), [1.0, 2.0, a, 4.0, a, 6.0, 5.0, 5.5, 7.0, 10.0]);
    let error = message(csv, &entries("error"), &ports);
    assert_eq!(error, "a.csv, line 3, column `a`: the value is missing");
    let error = message("a,b\n1,?\n", &entries("error"), &ports);
    assert_eq!(error, "a.csv, line 2, column `b`: the value is missing (`?`)");
    let error = message("a,b\n1,\n,2\n", &entries("drop"), &ports);
    assert_eq!(error, "a.csv: a value is missing in every row, so `missing = drop` leaves none");
    let error = message("a,b\n1,\n3,\n", &entries("mean"), &ports);
    assert_eq!(error, "a.csv, column `b`: no training row has a value, so there is no mean");
}

#[test]
fn labels_are_never_filled() {
    let ports = [label("y", "C")];
    let error = message("y\n1\n\n0\n", "y = column(0), missing = mean", &ports);
    assert_eq!(error, "a.csv, line 3, column `y`: the value is missing");
    let error = message("y,z\na,\n,\n", "y = category(0), missing = mean", &ports);
    assert_eq!(error, "a.csv, line 3, column `y`: the value is missing");
    // NA may be a name.
    let data = one("y\nNA\nEU\n", "y = category(0)", &ports).unwrap();
    assert_eq!(labels(&data, "y"), [1, 0]);
}

#[test]
fn labels_are_checked() {
    let csv = |label: &str| format!("x,y\n1,0\n1,{label}\n");
    let known = [label("y", "3")];
    let error = |value: &str| message(&csv(value), "y = column(\"y\")", &known);
    assert_eq!(error("3"), "a.csv, line 3, column `y`: 3 is not a label of `y`");
    assert_eq!(error("-1"), "a.csv, line 3, column `y`: -1 is not a label of `y`");
    assert_eq!(error("1.5"), "a.csv, line 3, column `y`: 1.5 is not a label of `y`");
    assert_eq!(error("cat"), "a.csv, line 3, column `y`: `cat` is not a number");
    let found = one(&csv("3"), "y = column(\"y\")", &known).unwrap_err();
    let help = found.diagnostic().help.unwrap();
    assert!(help.contains("from 0 to 2") && help.contains("category"), "{help}");
    let open = [label("y", "C")];
    assert_eq!(message(&csv("-1"), "y = column(\"y\")", &open), "a.csv, line 3, column `y`: -1 is not a label of `y`");
    // Labels from 1 are moved; the column is still named in the message.
    let data = one("y\n1\n3\n", "y = column(0) - 1", &open).unwrap();
    assert_eq!((labels(&data, "y"), data.extents["C"]), (vec![0, 2], 3));
    assert!(data.warnings.is_empty());
    let data = one("y\n1\n3\n", "y = column(0)", &open).unwrap();
    assert_eq!((data.extents["C"], data.warnings[0].code), (4, "W1053"));
    assert_eq!(message("y\n1\n0\n", "y = column(0) - 1", &open), "a.csv, line 3, column `y`: -1 is not a label of `y`");
    assert_eq!(
        message("y\n4294967296\n", "y = column(0)", &open),
        "a.csv, line 2, column `y`: 4294967296 is not a label of `y`"
    );
}

#[test]
fn open_classes_come_from_data_block_shape_or_caller() {
    let csv = "y,z,a,b\n0,1,9,9\n2,0,9,9\n";
    let ports = [label("y", "C"), label("z", "C")];
    let data = one(csv, "y = column(0), z = column(1)", &ports).unwrap();
    assert_eq!(data.extents["C"], 3);
    let data = one(csv, "y = column(0), z = column(1), C = 5", &ports).unwrap();
    assert_eq!(data.extents["C"], 5);
    let error = message(csv, "y = column(0), z = column(1), C = 2", &ports);
    assert_eq!(error, "a.csv, line 3, column `y`: 2 is not a label of `y`");
    let ports = [label("y", "C"), real("prior", &["C"])];
    let error = message(csv, "y = column(0), prior = columns(\"a\", \"b\")", &ports);
    assert_eq!(error, "a.csv, line 3, column `y`: 2 is not a label of `y`");
    let folder = Folder::new(&[("a.csv", csv)]);
    let overrides = Overrides { extents: BTreeMap::from([("C".to_string(), 7)]), ..Overrides::default() };
    let data = folder.load_with("file = \"a.csv\", y = column(0)", &[label("y", "C")], &overrides).unwrap();
    assert_eq!(data.extents["C"], 7);
}
