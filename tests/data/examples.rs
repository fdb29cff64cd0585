//! The example data, and tables without a model.

use crate::*;

fn example(name: &str, ports: &[RowPort], dims: &[(&str, Option<usize>)]) -> DataSet {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let source = std::fs::read_to_string(folder.join(name)).unwrap();
    let spec = DataSpec::new(&blocks(&source).1, ports, dims).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
    spec.load(&folder, &Overrides::default(), 0).unwrap_or_else(|problem| panic!("{name}: {problem}"))
}

#[test]
fn the_example_data_are_as_described() {
    let digits = [real("x", &["64"]), label("y", "10")];
    let data = example("digits.nn", &digits, &[("N", None), ("D", Some(64))]);
    assert_eq!(data.rows, 1797);
    let sizes = [data.splits.train.len(), data.splits.validation.len(), data.splits.test.len()];
    assert_eq!(sizes, [1437, 180, 180]);
    // Pixels are 0 to 16, here moved to -1 to 1. The counts of the ten digits, by the description of the data set.
    let (low, high) = reals(&data, "x").iter().fold((f64::MAX, f64::MIN), |(l, h), x| (l.min(*x), h.max(*x)));
    assert_eq!((low, high), (-1.0, 1.0));
    let y = labels(&data, "y");
    let counts: Vec<usize> = (0..10).map(|digit| y.iter().filter(|y| **y == digit).count()).collect();
    assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    assert_eq!(example("softmax.nn", &digits, &[]).splits.train.len(), 1797);

    for name in ["linear.nn", "two_layer_linear.nn"] {
        let data = example(name, &[real("x", &["10"]), real("y", &[])], &[]);
        assert_eq!((data.rows, data.warnings.len()), (442, 0));
        let y = reals(&data, "y");
        let (sum, squares) = y.iter().fold((0.0, 0.0), |(s, q), y| (s + y, q + y * y));
        assert!(sum.abs() < 1e-10 && (squares / 442.0 - 1.0f64).abs() < 1e-12);
    }
    let data = example("logistic.nn", &[real("x", &["30"]), label("y", "2")], &[]);
    // 212 of 569 tumours are malignant.
    assert_eq!((data.rows, labels(&data, "y").iter().sum::<u32>()), (569, 212));
    let data = example("curve.nn", &[real("s", &[]), real("v", &[])], &[]);
    // Bates and Watts 1988: the first and the last of the twelve runs.
    assert_eq!((data.rows, reals(&data, "s")[0], reals(&data, "v")[0]), (12, 0.02, 76.0));
    assert_eq!((reals(&data, "s")[11], reals(&data, "v")[11]), (1.1, 200.0));
}

/// Blocks on the example data that no example of this file has.
fn block(source: &str, ports: &[RowPort]) -> DataSet {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
    let spec = DataSpec::new(&blocks(source).1, ports, DIMS).unwrap_or_else(|problems| panic!("{problems:?}"));
    spec.load(&folder, &Overrides::default(), 0).unwrap_or_else(|problem| panic!("{problem}"))
}

#[test]
fn the_other_data_are_as_their_sources_say() {
    // Zachary 1977: 34 members, 78 ties; the degrees of the two leaders are 16 and 17; each side has 17 members.
    let edge = |name: &str| RowPort { rows: Some(extent("M")), ..label(name, "N") };
    let club = block(
        "data nodes { file = \"karate_nodes.csv\", y = column(\"club\"), seen = column(\"labelled\") }\n\
         data edges { file = \"karate_edges.csv\", src = column(\"from\"), dst = column(\"to\") }",
        &[label("y", "2"), port("seen", PortKind::Bool, &[]), edge("src"), edge("dst")],
    );
    let (src, dst) = (labels(&club, "src"), labels(&club, "dst"));
    assert_eq!((club.rows, src.len(), labels(&club, "y").iter().sum::<u32>()), (34, 2 * 78, 17));
    assert_eq!([0, 33].map(|leader| src.iter().filter(|s| **s == leader).count()), [16, 17]);
    let ties: BTreeSet<(u32, u32)> = src.iter().copied().zip(dst).collect();
    assert!(ties.len() == 156 && ties.iter().all(|(a, b)| a != b && ties.contains(&(*b, *a))));
    // Fisher 1936: fifty of each species, mean sepal length 5.8433.
    let iris = block(
        "data { file = \"iris.csv\", x = columns(0..4), y = category(\"species\") }",
        &[real("x", &["4"]), label("y", "3")],
    );
    assert_eq!((iris.rows, labels(&iris, "y").iter().sum::<u32>()), (150, 150));
    let lengths: f64 = reals(&iris, "x").iter().step_by(4).sum();
    assert!((lengths / 150.0 - 5.8433).abs() < 1e-4);
    // The largest catches: 77.4 thousand hares in 1903, 59.4 thousand lynxes in 1904.
    let pelts = block("data { file = \"lynx_hare.csv\", x = columns(\"hare\", \"lynx\") }", &[real("x", &["2"])]);
    let x = reals(&pelts, "x");
    assert_eq!((pelts.rows, x[2 * 3], x[2 * 4 + 1]), (21, 77.4, 59.4));
    // The largest sunspot number, 190.2, is that of 1957.
    let spots = block("data { file = \"sunspots.csv\", x = column(\"number\") }", &[real("x", &[])]);
    let most = reals(&spots, "x").iter().copied().fold(0.0, f64::max);
    assert_eq!((spots.rows, most, reals(&spots, "x")[257]), (280, 190.2, 190.2));
    // Davis, Gardner and Gardner 1941: 89 times a woman was there.
    let women = block("data { file = \"southern_women.csv\", y = column(\"attended\") }", &[label("y", "2")]);
    assert_eq!((women.rows, labels(&women, "y").iter().sum::<u32>()), (252, 89));
    // 154 sonnets of 14 lines, but for the 99th with 15 and the 126th with 12, and 153 empty lines between them.
    let text = block("data { file = \"sonnets.txt\", y = chars() }", &[label("y", "C")]);
    let vocabulary = text.statistics.categories("y").unwrap();
    assert_eq!((vocabulary.len(), vocabulary[0].as_str()), (59, "\n"));
    let ends = labels(&text, "y").iter().filter(|y| **y == 0).count();
    assert_eq!(ends, 154 * 14 + 1 - 2 + 153);
}

#[test]
fn tables_can_be_read_without_a_model() {
    let options = CsvOptions { header: true, delimiter: ';' };
    let table = Table::parse_csv("t", b"a;b\n1; 2\n", &options).unwrap();
    assert_eq!((table.rows(), table.columns(), table.column("b")), (1, 2, Some(1)));
    assert_eq!(
        (table.cell(0, 1), table.line(0), table.cell(5, 0), table.cell(0, 2), table.line(5)),
        ("2", 2, "", "", 0)
    );
}
