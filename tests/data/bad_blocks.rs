//! What is said about `data` blocks that are wrong, before any file is read.

use crate::*;

#[test]
fn keys_of_a_block() {
    let ports = [RowPort { required: false, ..real("label", &[]) }];
    assert_eq!(problem("lable = column(0)", &ports), pair("E0501", "lable"));
    assert_eq!(problem("P = 3", &ports), pair("E0501", "P"));
    assert_eq!(problem("header = true, header = true", &ports), pair("E0502", "header"));
    let help = spec("lable = column(0)", &ports).unwrap_err().remove(0).help;
    assert_eq!(help.as_deref(), Some("did you mean `label`?"));
    assert_eq!(spec("T = 5", &ports).unwrap().dims()["T"], 5);
    assert_eq!(problem("T = 0", &ports), pair("E0503", "0"));
    assert_eq!(problem("T = 2.5", &ports), pair("E0503", "2.5"));
    // Several at once, in order.
    assert_eq!(problems("a = 1\nheader = 2", &ports), [pair("E0501", "a"), pair("E0503", "2")]);
    // A port with the name of a setting.
    let file = [real("file", &[])];
    let spec = spec("file = \"a.csv\", input file = column(0)", &file).unwrap();
    assert_eq!(spec.filled().collect::<Vec<_>>(), ["file"]);
    let (_, two) = blocks("data a { T = 1 }\ndata b { T = 2 }\n");
    assert_eq!(DataSpec::new(&two, &ports, DIMS).unwrap_err()[0].code, "E0502");
    assert_eq!(DataSpec::new(&[], &file, DIMS).unwrap_err()[0].code, "E0509");
}

#[test]
fn settings_are_read_and_checked() {
    let spec_of = |entries: &str| spec(entries, &[]).unwrap().settings().clone();
    let settings = spec_of("file = \"d/a.csv\", header = false, delimiter = \";\", missing = drop, shuffle = false");
    assert_eq!(settings.file.unwrap().value, "d/a.csv");
    assert!(!settings.header && !settings.shuffle);
    assert_eq!((settings.delimiter, settings.missing), (Some(';'), Missing::Drop));
    assert_eq!(spec_of("split = [0.7, 0.2, 0.1]").split.unwrap().value, [0.7, 0.2, 0.1]);
    assert_eq!(spec_of("rows = 2..P").rows.unwrap().value, (2, Some(64)));
    let value = |entries: &str, text: &str| assert_eq!(problem(entries, &[]), pair("E0503", text), "{entries}");
    value("file = 3", "3");
    value("file = 0..3", "0..3");
    value("header = 1", "1");
    value("shuffle = no", "no");
    value("missing = \"drop\"", "\"drop\"");
    value("delimiter = \",,\"", "\",,\"");
    value("delimiter = \"\"", "\"\"");
    value("rows = 5", "5");
    value("rows = 5..5", "5..5");
    value("rows = 0..1.5", "0..1.5");
    value("stratify = 3", "3");
    for split in ["0.8", "[0.8, 0.2]", "[0.8, 0.1, 0.2]", "[0, 0.5, 0.5]", "[1.2, -0.1, -0.1]", "[0.8, 0.1, x]"] {
        value(&format!("split = {split}"), split);
    }
    for file in ["a.xlsx", "a.xlsx.gz", "a.gz", "a", ""] {
        let quoted = format!("\"{file}\"");
        assert_eq!(problem(&format!("file = {quoted}"), &[]), pair("E0520", &quoted));
    }
}

#[test]
fn settings_that_contradict() {
    let ports = [real("x", &[]), label("y", "C")];
    let with = |entries: &str| {
        let entries = format!("{entries}\nx = column(0), y = column(1)");
        problem(&entries, &ports)
    };
    assert_eq!(with(""), pair("E0510", "column(0)"));
    assert_eq!(with("file = \"a.csv\", stratify = y"), pair("E0510", "y"));
    assert_eq!(with("file = \"a.csv\", stratify = x, split = [0.5, 0.5, 0]"), pair("E0510", "x"));
    assert_eq!(with("file = \"a.csv\", stratify = z, split = [0.5, 0.5, 0]"), pair("E0510", "z"));
    assert_eq!(with("file = \"a.csv\", stratify = y, split = [0.5, 0.5, 0], shuffle = false"), pair("E0510", "y"));
    assert_eq!(with("file = \"a.csv\", test = \"t.csv\", split = [0.8, 0.1, 0.1]"), pair("E0510", "\"t.csv\""));
    let split_and_test = "file = \"a.csv\", test = \"t.csv\", split = [0.8, 0.2, 0], x = column(0), y = column(1)";
    assert!(spec(split_and_test, &ports).is_ok());
}

#[test]
fn expressions_are_checked() {
    let x = [real("x", &["2"])];
    let with = |e: &str| problem(&format!("file = \"a.csv\", x = {e}"), &x);
    assert_eq!(with("colums(0..2)"), pair("E0505", "colums"));
    assert_eq!(with("sparse(column(0), column(1))"), pair("E0504", "sparse"));
    assert_eq!(with("\"a\""), pair("E0505", "\"a\""));
    assert_eq!(with("age"), pair("E0505", "age"));
    assert_eq!(with("columns(0..2) @ columns(0..2)"), pair("E0505", "columns(0..2) @ columns(0..2)"));
    assert_eq!(with("[column(0), column(1)]"), pair("E0505", "[column(0), column(1)]"));
    assert_eq!(with("0..2"), pair("E0505", "0..2"));
    assert_eq!(with("columns()"), pair("E0506", "columns()"));
    assert_eq!(with("columns(2..2)"), pair("E0506", "2..2"));
    assert_eq!(with("columns(0..K)"), pair("E0506", "0..K"));
    assert_eq!(with("columns(-1, 0)"), pair("E0506", "-1"));
    assert_eq!(with("columns(first = \"a\", end = \"b\")"), pair("E0506", "\"a\""));
    assert_eq!(with("column(\"a\", \"b\")"), pair("E0506", "column(\"a\", \"b\")"));
    assert_eq!(with("standardize(0..2)"), pair("E0506", "standardize(0..2)"));
    assert_eq!(with("standardize()"), pair("E0506", "standardize()"));
    assert_eq!(with("reshape(columns(0..2), 2)"), pair("E0506", "reshape(columns(0..2), 2)"));
    assert_eq!(with("reshape(columns(0..2), [0])"), pair("E0506", "[0]"));
    assert_eq!(with("column(0)"), pair("E0508", "column(0)"));
    assert_eq!(with("columns(0..3)"), pair("E0508", "columns(0..3)"));
    assert_eq!(with("reshape(columns(0..3), [2])"), pair("E0508", "reshape(columns(0..3), [2])"));
    assert_eq!(with("columns(0..2) + columns(0..3)"), pair("E0508", "columns(0..2) + columns(0..3)"));
    let huge = "reshape(columns(0..2), [4294967295, 4294967295, 4294967295])";
    assert_eq!(with(huge), pair("E0508", huge));
    assert_eq!(problem("file = \"a.csv\", x = 3", &x), pair("E0508", "3"));
}

#[test]
fn kinds_are_checked() {
    let with = |e: &str, port: RowPort| problem(&format!("file = \"a.csv\", {} = {e}", port.name), &[port]);
    assert_eq!(with("category(\"c\")", real("x", &[])), pair("E0507", "category(\"c\")"));
    assert_eq!(with("category(\"c\") + 1", label("y", "C")), pair("E0507", "category(\"c\")"));
    assert_eq!(with("standardize(category(\"c\"))", real("x", &[])), pair("E0507", "category(\"c\")"));
    assert_eq!(with("standardize(column(0))", label("y", "C")), pair("E0507", "standardize(column(0))"));
    let once = RowPort { rows: None, ..real("x", &[]) };
    assert_eq!(with("column(0) + 1", once), pair("E0507", "column(0) + 1"));
    assert!(
        spec("file = \"a.csv\", y = reshape(category(\"c\"), [1])", &[port("y", PortKind::Index(extent("C")), &["1"])])
            .is_ok()
    );
}

#[test]
fn required_ports_need_an_entry() {
    let ports = [real("x", &[]), RowPort { required: false, ..real("weight", &[]) }, label("y", "C")];
    let found = spec("file = \"a.csv\", x = column(0)", &ports).unwrap_err();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].code, found[0].message.as_str()), ("E0509", "the `data` block does not fill `y`"));
}

#[test]
fn every_page_of_the_family_is_earned_here() {
    // What the tests of this file provoke, by the texts of their assertions and by the variants they match.
    let earned: BTreeSet<&str> = [
        "E0501", "E0502", "E0503", "E0504", "E0505", "E0506", "E0507", "E0508", "E0509", "E0510", "E0520", "E0521",
        "E0522", "E0523", "E0524", "E0525", "E0526",
    ]
    .into();
    let pages: BTreeSet<&str> = catalog::data::ENTRIES.iter().map(|entry| entry.code).collect();
    assert_eq!(earned, pages);
    let x = [real("x", &[])];
    let code = |csv: &str, entries: &str| one(csv, entries, &x).unwrap_err().error.code();
    assert_eq!(code("x\n", "x = column(0)"), "E0521");
    assert_eq!(code("x\n1\n", "x = column(1)"), "E0522");
    assert_eq!(code("x\na\n", "x = column(0)"), "E0523");
    assert_eq!(code("x\n1\n", "x = column(0), split = [0.5, 0.5, 0]"), "E0525");
}
