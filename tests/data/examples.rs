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
