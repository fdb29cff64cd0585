//! Texts, windows over rows, and several tables.

use crate::*;

/// A port of labels or numbers in windows of T.
fn tokens(name: &str, classes: &str) -> RowPort {
    port(name, PortKind::Index(extent(classes)), &["T"])
}

fn load_text(text: &str, entries: &str, ports: &[RowPort]) -> Result<DataSet, LoadError> {
    Folder::new(&[("a.txt", text)]).load(&format!("file = \"a.txt\"\n{entries}"), ports)
}

#[test]
fn windows_of_characters_follow_one_another() {
    let ports = [tokens("tok", "C"), tokens("next", "C")];
    // The vocabulary of "cabbage cab" is " abceg": labels 0 to 5.
    let entries = "tok = windows(chars(), T), next = windows(chars(), T, offset = 1), T = 4";
    let data = load_text("cabbage cab", entries, &ports).unwrap();
    assert_eq!((data.rows, data.extents["C"], data.extents["T"]), (2, 6, 4));
    assert_eq!(labels(&data, "tok"), [3, 1, 2, 2, 1, 5, 4, 0]);
    assert_eq!(labels(&data, "next"), [1, 2, 2, 1, 5, 4, 0, 3]);
    let vocabulary: Vec<String> = " abceg".chars().map(String::from).collect();
    assert_eq!(data.statistics.categories("tok"), Some(vocabulary.as_slice()));
    assert_eq!(data.statistics.categories("next"), Some(vocabulary.as_slice()));
    // Every second character begins a window.
    let entries = "tok = windows(chars(), 3, step = 2)";
    let data = load_text("cabbage", entries, &[port("tok", PortKind::Index(extent("C")), &["3"])]).unwrap();
    assert_eq!(labels(&data, "tok"), [2, 0, 1, 1, 1, 0, 0, 4, 3]);
    // Single characters.
    let data = load_text("aba", "y = chars()", &[label("y", "C")]).unwrap();
    assert_eq!(labels(&data, "y"), [0, 1, 0]);
}

#[test]
fn the_size_of_a_window_may_come_from_the_caller() {
    let ports = [tokens("tok", "C")];
    let folder = Folder::new(&[("a.txt", "abcdefgh")]);
    let entries = "file = \"a.txt\", tok = windows(chars(), T)";
    let error = folder.load(entries, &ports).unwrap_err();
    assert_eq!(error.to_string(), "the size of T is not known");
    assert!(error.diagnostic().help.unwrap().contains("--dim T=64"));
    let overrides = |size| Overrides { extents: [("T".to_string(), size)].into(), ..Overrides::default() };
    assert_eq!(folder.load_with(entries, &ports, &overrides(3)).unwrap().rows, 2);
    // The caller's size goes before the block's.
    let entries = format!("{entries}, T = 2");
    assert_eq!(folder.load(&entries, &ports).unwrap().rows, 4);
    assert_eq!(folder.load_with(&entries, &ports, &overrides(3)).unwrap().rows, 2);
}

#[test]
fn stored_vocabularies_are_used_again() {
    let ports = [tokens("tok", "C")];
    let folder = Folder::new(&[("a.txt", "abcd"), ("b.txt", "dd\ncb"), ("c.txt", "ab\nxa")]);
    let first = folder.load("file = \"a.txt\", T = 2, tok = windows(chars(), T)", &ports).unwrap();
    let overrides = Overrides { statistics: Some(first.statistics), ..Overrides::default() };
    let again = |file: &str| {
        let entries = format!("file = \"{file}\", T = 2, tok = windows(chars(), T)");
        folder.load_with(&entries, &ports, &overrides)
    };
    assert_eq!(labels(&again("a.txt").unwrap(), "tok"), [0, 1, 2, 3]);
    let error = again("c.txt").unwrap_err();
    assert!(matches!(&*error.error, DataError::Character { line: 1, found: '\n', .. }), "{error}");
    assert_eq!(error.error.code(), "E0524");
    let entries = "file = \"a.txt\", validation = \"b.txt\", T = 2, tok = windows(chars(), T)";
    assert!(matches!(folder.error(entries, &ports), DataError::Character { line: 1, found: '\n', .. }));
}

#[test]
fn windows_of_columns_and_their_statistics() {
    let csv = "a,b\n1,10\n2,20\n3,30\n4,40\n5,50\n6,60\n7,70\n";
    let ports = [real("x", &["2", "2"]), real("y", &["1"])];
    // From each row on: two rows of both columns, then the next a.
    let entries = "x = windows(columns(0..2), 2, step = 1), y = windows(column(\"a\"), 1, offset = 2)";
    let data = one(csv, entries, &ports).unwrap();
    assert_eq!((data.rows, reals(&data, "y")), (5, vec![3.0, 4.0, 5.0, 6.0, 7.0]));
    assert_eq!(reals(&data, "x")[..8], [1.0, 10.0, 2.0, 20.0, 2.0, 20.0, 3.0, 30.0]);
    assert_eq!(data.place(2).unwrap().1, RowPlace::Line(4));
    // Training windows are rows 1, 2 and 3, 4: mean 2.5, variance 1.25. The window 5, 6 is the test.
    let entries = "x = windows(standardize(column(0)), 2), split = [0.67, 0, 0.33], shuffle = false";
    let data = one(csv, entries, &[real("x", &["2"])]).unwrap();
    for (found, row) in reals(&data, "x").iter().zip(1..=6) {
        assert!((found - (f64::from(row) - 2.5) / 1.25f64.sqrt()).abs() < 1e-15);
    }
    // Outside of the windows each place has its own: means of 1 and 3, of 2 and 4.
    let entries = "x = standardize(windows(column(0), 2)), split = [0.67, 0, 0.33], shuffle = false";
    let data = one(csv, entries, &[real("x", &["2"])]).unwrap();
    assert_eq!(reals(&data, "x"), [-1.0, -1.0, 1.0, 1.0, 3.0, 3.0]);
}

#[test]
fn windows_do_not_cross_files() {
    let folder = Folder::new(&[("a.csv", "a\n1\n2\n3\n"), ("b.csv", "a\n4\n5\n6\n7\n")]);
    let entries = "file = \"a.csv\", validation = \"b.csv\", x = windows(column(0), 2)";
    let data = folder.load(entries, &[real("x", &["2"])]).unwrap();
    assert_eq!(reals(&data, "x"), [1.0, 2.0, 4.0, 5.0, 6.0, 7.0]);
    assert_eq!((&*data.splits.train, &*data.splits.validation), (&[0][..], &[1, 2][..]));
}

#[test]
fn windows_that_cannot_be_laid() {
    let x = [real("x", &["2"]), real("z", &["3"])];
    let csv = "a\n1\n2\n3\n4\n";
    let error = |entries: &str, ports: &[RowPort]| message(csv, entries, ports);
    assert_eq!(error("x = windows(column(0), 2, offset = 3)", &x[..1]), "a.csv has 4 rows, but one window needs 5");
    assert_eq!(
        error("x = windows(column(0), 2), z = windows(column(0), 3)", &x),
        "windows of one table begin every 2 rows and every 3 rows"
    );
    let bad = "a\n1\n2\n3\nx\n";
    assert_eq!(message(bad, "x = windows(column(0), 2)", &x[..1]), "a.csv, line 5, column `a`: `x` is not a number");
    let y = [port("y", PortKind::Index(extent("3")), &["2"])];
    assert_eq!(
        message(csv, "y = windows(column(0), 2, offset = 1)", &y),
        "a.csv, line 4, column `a`: 3 is not a label of `y`"
    );
    assert_eq!(message("a\n1\n0\n", "x = windows(log(column(0)), 2)", &x[..1]), "a.csv, line 3: `x` becomes -inf");
    let with = |entries: &str| problem(&format!("file = \"a.csv\", {entries}"), &x[..1]);
    assert_eq!(with("x = windows(column(0), 2, setp = 1)"), pair("E0506", "setp"));
    assert_eq!(with("x = windows(column(0), 0)"), pair("E0506", "0"));
    assert_eq!(with("x = windows(column(0), 2, step = 0)"), pair("E0506", "0"));
    assert_eq!(with("x = windows(column(0))"), pair("E0506", "windows(column(0))"));
    assert_eq!(with("x = windows(column(0), 3)"), pair("E0508", "windows(column(0), 3)"));
    assert_eq!(with("x = windows(column(0), 2) + column(0)"), pair("E0510", "column(0)"));
    assert_eq!(with("x = windows(column(0), 2), missing = drop"), pair("E0510", "windows(column(0), 2)"));
    assert_eq!(with("x = windows(windows(column(0), 1), 2)").0, "E0508");
}

#[test]
fn texts_and_tables_are_told_apart() {
    let (x, y) = ([real("x", &[])], [label("y", "C")]);
    assert_eq!(problem("file = \"a.txt\", x = column(0)", &x), pair("E0520", "column(0)"));
    assert_eq!(problem("file = \"a.csv\", y = chars()", &y), pair("E0520", "chars()"));
    assert_eq!(problem("file = \"a.txt\", x = chars()", &x), pair("E0507", "chars()"));
    assert_eq!(problem("file = \"a.txt\", y = chars() + 1", &y), pair("E0507", "chars()"));
    let folder = Folder::new(&[("a.txt", "ab"), ("a.csv", "x\n1\n")]);
    let overrides = Overrides { file: Some(folder.0.path().join("a.txt")), ..Overrides::default() };
    let error = folder.load_with("file = \"a.csv\", x = column(0)", &x, &overrides).unwrap_err();
    assert!(error.to_string().starts_with("`column` cannot read"), "{error}");
    // More characters than the model has labels.
    let error = load_text("abc", "y = chars()", &[label("y", "2")]).unwrap_err();
    assert_eq!(error.to_string(), "the data give `y` 3 labels, but it is index(2)");
}

/// The ports of a graph: nodes with a label and a mark, edges between nodes.
fn graph() -> [RowPort; 4] {
    let edges = |name: &str| RowPort { rows: Some(extent("M")), ..label(name, "N") };
    [edges("src"), edges("dst"), label("y", "C"), port("seen", PortKind::Bool, &[])]
}

const GRAPH: &str = "data nodes { file = \"n.csv\", y = category(\"club\"), seen = column(\"seen\") }\n\
    data edges { file = \"e.csv\", src = column(\"from\"), dst = column(\"to\") }\n";
const NODES: &str = "club,seen\na,true\nb,false\na,0\n";

fn load_graph(edges: &str, overrides: &Overrides) -> Result<DataSet, LoadError> {
    let folder = Folder::new(&[("n.csv", NODES), ("e.csv", edges)]);
    let spec = DataSpec::new(&blocks(GRAPH).1, &graph(), DIMS).unwrap();
    spec.load(folder.0.path(), overrides, 0)
}

#[test]
fn tables_point_into_each_other() {
    let data = load_graph("from,to\n0,1\n1,2\n2,0\n2,1\n", &Overrides::default()).unwrap();
    assert_eq!((data.rows, data.extents["N"], data.extents["M"], data.extents["C"]), (3, 3, 4, 2));
    assert_eq!((labels(&data, "src"), labels(&data, "y")), (vec![0, 1, 2, 2], vec![0, 1, 0]));
    let src = data.port("src").unwrap();
    assert_eq!((src.table, src.rows), (1, Some(4)));
    assert_eq!(data.port("seen").unwrap().values, Values::Bool(vec![true, false, false]));
    // In the order of the ports.
    assert_eq!(data.ports.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["src", "dst", "y", "seen"]);
    // Node 3 does not exist.
    let error = load_graph("from,to\n0,1\n1,3\n", &Overrides::default()).unwrap_err().to_string();
    assert!(error.ends_with("e.csv, line 3, column `to`: 3 is not a label of `dst`"), "{error}");
    // Another file for one of the tables.
    let other = Folder::new(&[("other.csv", "from,to\n2,2\n")]);
    let files = [("edges".to_string(), other.0.path().join("other.csv"))].into();
    let data = load_graph("", &Overrides { files, ..Overrides::default() }).unwrap();
    assert_eq!(labels(&data, "dst"), [2]);
}

#[test]
fn several_blocks_must_fit_together() {
    let found = |source: &str, ports: &[RowPort]| {
        let (sources, blocks) = blocks(source);
        let problems = DataSpec::new(&blocks, ports, DIMS).expect_err(source);
        problems.iter().map(|p| pair(p.code, sources.text(p.labels[0].span).trim_end())).collect::<Vec<_>>()
    };
    let edges = "data edges { file = \"e.csv\", src = column(0), dst = column(1) }\n";
    let nodes = |more: &str| format!("data nodes {{ file = \"n.csv\", y = column(0), seen = column(1){more} }}\n");
    let graph = graph();
    assert!(DataSpec::new(&blocks(&(nodes("") + edges)).1, &graph, DIMS).is_ok());
    assert_eq!(found(&(nodes("").replace("nodes ", "") + edges), &graph), [pair("E0510", "file")]);
    assert_eq!(found(&(nodes("").replace("nodes", "edges") + edges), &graph), [pair("E0510", "edges")]);
    assert_eq!(found(&(nodes(", split = [0.5, 0.5, 0]") + edges), &graph), [pair("E0510", "[0.5, 0.5, 0]")]);
    assert_eq!(found(&(nodes(", T = 3") + &edges.replace("src", "T = 4, src")), &graph), [pair("E0502", "T")]);
    let together = "data { file = \"n.csv\", y = column(0), seen = column(1), src = column(2), dst = column(3) }";
    assert_eq!(found(together, &graph), [pair("E0510", "column(0)")]);
    assert_eq!(found(edges, &graph).len(), 2);
}
