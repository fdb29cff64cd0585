//! What columns give: names, numbers, arithmetic, settings of the file.

use crate::*;

#[test]
fn columns_by_name_number_range_and_pattern() {
    let csv = "a,b1,b2,c\n1,2,3,4\n5,6,7,8\n";
    let x = |entry: &str, shape: &[&str]| reals(&one(csv, entry, &[real("x", shape)]).unwrap(), "x");
    assert_eq!(x("x = column(\"c\")", &[]), [4.0, 8.0]);
    assert_eq!(x("x = column(0)", &[]), [1.0, 5.0]);
    assert_eq!(x("x = columns(1..3)", &["2"]), [2.0, 3.0, 6.0, 7.0]);
    assert_eq!(x("x = columns(..2)", &["2"]), [1.0, 2.0, 5.0, 6.0]);
    assert_eq!(x("x = columns(2..)", &["D"]), [3.0, 4.0, 7.0, 8.0]);
    assert_eq!(x("x = columns(\"c\", \"a\")", &["D"]), [4.0, 1.0, 8.0, 5.0]);
    assert_eq!(x("x = columns(\"c\", 0)", &["D"]), [4.0, 1.0, 8.0, 5.0]);
    assert_eq!(x("x = columns(first = \"a\", last = \"b2\")", &["D"]), [1.0, 2.0, 3.0, 5.0, 6.0, 7.0]);
    assert_eq!(x("x = columns(\"b*\")", &["D"]), [2.0, 3.0, 6.0, 7.0]);
    assert_eq!(x("x = columns(\"c\")", &["D"]), [4.0, 8.0]);
}

#[test]
fn the_parts_of_a_data_set() {
    let data =
        one("a,b,y\n1,2,0\n3,4,2\n", "x = columns(0..2)\ny = column(\"y\")", &[real("x", &["D"]), label("y", "C")]);
    let data = data.unwrap();
    assert_eq!(data.rows, 2);
    assert_eq!(data.ports.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["x", "y"]);
    assert_eq!(data.port("x").unwrap().shape, [2]);
    assert!(data.port("y").unwrap().shape.is_empty());
    assert_eq!(labels(&data, "y"), [0, 2]);
    assert_eq!(data.extents, BTreeMap::from([("C".to_string(), 3), ("D".to_string(), 2)]));
    assert_eq!(data.splits.train, [0, 1]);
    assert!(data.splits.validation.is_empty() && data.splits.test.is_empty());
    assert!(data.statistics.is_empty() && data.warnings.is_empty());
    let (file, line) = data.place(1).unwrap();
    assert!(file.ends_with("a.csv") && line == RowPlace::Line(3));
    assert_eq!(data.place(2), None);
}

#[test]
fn arithmetic_is_elementwise_on_rows() {
    let csv = "a,b,c,d\n1,2,3,4\n";
    let x = |entry: &str, shape: &[&str]| reals(&one(csv, &format!("x = {entry}"), &[real("x", shape)]).unwrap(), "x");
    assert_eq!(x("columns(0..4) / 2 - 1", &["4"]), [-0.5, 0.0, 0.5, 1.0]);
    assert_eq!(x("2 ^ -columns(0..2)", &["2"]), [0.5, 0.25]);
    assert_eq!(x("columns(0..2) * columns(2..4)", &["2"]), [3.0, 8.0]);
    assert_eq!(x("columns(0..2) + column(\"d\")", &["2"]), [5.0, 6.0]);
    // The shorter shape is repeated along the end: [2, 2] + [2].
    assert_eq!(x("reshape(columns(0..4), [2, 2]) + columns(0..2)", &["2", "2"]), [2.0, 4.0, 4.0, 6.0]);
    assert_eq!(x("log(exp(column(1))) + sqrt(column(3)) * abs(-column(2))", &[]), [2.0 + 2.0 * 3.0]);
    assert_eq!(x("column(0) * P / 4", &[]), [16.0]);
    assert_eq!(x("7", &[]), [7.0]);
    assert_eq!(x("reshape(columns(0..4), [1, 2, 2])", &["1", "2", "2"]), [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn a_file_without_header_with_another_delimiter_and_line_end() {
    let folder = Folder::new(&[("a.tsv", "1\t2\r\n3\t4\r\n"), ("b.csv", "\u{feff}a;\"b c\"\r\n1; 2 \r\n")]);
    let data = folder.load("file = \"a.tsv\", header = false, x = column(1)", &[real("x", &[])]).unwrap();
    assert_eq!(reals(&data, "x"), [2.0, 4.0]);
    let data = folder.load("file = \"b.csv\", delimiter = \";\", x = column(\"b c\")", &[real("x", &[])]).unwrap();
    assert_eq!(reals(&data, "x"), [2.0]);
}

#[test]
fn rows_of_the_file() {
    let csv = "x\n1\n2\n3\n4\n";
    let x = |rows: &str| reals(&one(csv, &format!("x = column(0), rows = {rows}"), &[real("x", &[])]).unwrap(), "x");
    assert_eq!(x("1..3"), [2.0, 3.0]);
    assert_eq!(x("..2"), [1.0, 2.0]);
    assert_eq!(x("2.."), [3.0, 4.0]);
    let entries = "x = column(0), rows = 2..5";
    assert_eq!(message(csv, entries, &[real("x", &[])]), "a.csv has 4 rows, so `rows` cannot be 2..5");
}

#[test]
fn bool_ports_and_single_values() {
    let seen = port("seen", PortKind::Bool, &[]);
    let rate = RowPort { rows: None, ..real("rate", &[]) };
    let csv = "seen\ntrue\nFALSE\n1\n0\n";
    let data = one(csv, "seen = column(0), rate = 2 * P", &[seen.clone(), rate]).unwrap();
    assert_eq!(data.port("seen").unwrap().values, Values::Bool(vec![true, false, true, false]));
    let rate = data.port("rate").unwrap();
    assert_eq!((&rate.values, rate.rows), (&Values::Real(vec![128.0]), None));
    assert_eq!(
        message("seen\nyes\n", "seen = column(0)", std::slice::from_ref(&seen)),
        "a.csv, line 2, column `seen`: `yes` is not a truth value (true, false, 1 or 0)"
    );
    assert_eq!(
        message("seen\n2\n", "seen = column(0)", &[seen]),
        "a.csv, line 2, column `seen`: 2 is not a label of `seen`"
    );
}

#[test]
fn a_block_may_have_no_rows_at_all() {
    let rate = RowPort { rows: None, ..real("rate", &[]) };
    let data = Folder::new(&[]).load("rate = 3, T = 12", &[rate]).unwrap();
    assert_eq!((data.rows, data.extents["T"]), (0, 12));
    assert_eq!(reals(&data, "rate"), [3.0]);
}
