//! What is said about files that are not what they should be.

use crate::*;

#[test]
fn files_that_are_no_tables() {
    let x = [real("x", &[])];
    let error = |csv: &str| message(csv, "x = column(0)", &x);
    assert_eq!(error(""), "a.csv is empty");
    assert_eq!(error("\n\n"), "a.csv is empty");
    assert_eq!(error("x,y\n"), "a.csv has a header but no rows");
    assert_eq!(error("x,y\n1,2\n\n3\n"), "a.csv, line 4: 1 cells, but the first line has 2");
    assert_eq!(error("x,y\n1,2,\n"), "a.csv, line 2: 3 cells, but the first line has 2");
    assert_eq!(error("x,y\n1,\"2\n3,4\n"), "a.csv, line 2: the quote that opens here has no end");
    assert_eq!(error("x,y\n1,\"2\"3\n"), "a.csv, line 2, cell 2: text follows the closing quote");
    assert_eq!(error("x,y,x\n1,2,3\n"), "a.csv: columns 0 and 2 are both named `x`");
    assert_eq!(one("x,,\n1,2,3\n", "x = column(2)", &x).unwrap().rows, 1);
    let folder = Folder::new(&[]);
    std::fs::write(folder.0.path().join("a.csv"), b"x\n1\n\xff\n").unwrap();
    let found = folder.error("file = \"a.csv\", x = column(0)", &x);
    assert!(matches!(found, DataError::NotUtf8 { line: 3, .. }), "{found:?}");
}

#[test]
fn files_that_cannot_be_read() {
    let x = [real("x", &[])];
    let folder = Folder::new(&[]);
    std::fs::create_dir(folder.0.path().join("folder.csv")).unwrap();
    for name in ["none.csv", "folder.csv", "no/where.csv"] {
        let found = folder.error(&format!("file = \"{name}\", x = column(0)"), &x);
        assert!(matches!(&found, DataError::Unreadable { file, .. } if file.ends_with(name)), "{found:?}");
    }
    let overrides = Overrides { file: Some("data.xlsx".into()), ..Overrides::default() };
    let found = folder.load_with("file = \"a.csv\", x = column(0)", &x, &overrides).unwrap_err();
    assert_eq!(found.to_string(), "cannot read data file data.xlsx: `.xlsx` is not a format that nnc reads");
    assert!(found.diagnostic().help.unwrap().contains(".csv"));
    assert_eq!(found.span, None);
    assert!(found.diagnostic().labels.is_empty());
}

#[test]
fn cells_that_are_no_numbers() {
    let x = [real("x", &["2"])];
    let error = |csv: &str| message(csv, "x = columns(0..2)", &x);
    assert_eq!(error("a,b\n1,2\n3,4 cm\n"), "a.csv, line 3, column `b`: `4 cm` is not a number");
    assert_eq!(error("a,b\n1,2\n3,\"1,5\"\n"), "a.csv, line 3, column `b`: `1,5` is not a number");
    assert_eq!(error("a,b\n1,inf\n"), "a.csv, line 2, column `b`: `inf` is not a finite number");
    assert_eq!(error("a,b\n1,1e999\n"), "a.csv, line 2, column `b`: `1e999` is not a finite number");
    // Lines inside quotes count, and so do blank ones.
    assert_eq!(error("a,b,c\n1,2,\"x\ny\"\n\n1,z,3\n"), "a.csv, line 5, column `b`: `z` is not a number");
    let csv = "1,2\n3,z\n";
    assert_eq!(message(csv, "header = false, x = columns(0..2)", &x), "a.csv, line 2, column `1`: `z` is not a number");
    let long = format!("a,b\n1,{}\n", "q".repeat(1000));
    assert!(error(&long).len() < 150);
}

#[test]
fn expressions_that_leave_the_numbers() {
    let x = [real("x", &[])];
    let error = |e: &str| message("a,b\n1,2\n0,3\n", &format!("x = {e}"), &x);
    assert_eq!(error("log(column(0))"), "a.csv, line 3: `x` becomes -inf");
    assert_eq!(error("column(1) / column(0)"), "a.csv, line 3: `x` becomes inf");
    assert_eq!(error("sqrt(-column(0))"), "a.csv, line 2: `x` becomes NaN");
    let big = "a\n1e308\n-1e308\n";
    assert!(message(big, "x = standardize(column(0))", &x).contains("`x` becomes"));
    assert!(message(big, "x = minmax(column(0))", &x).contains("`x` becomes"));
}

#[test]
fn columns_that_are_not_there() {
    let x = [real("x", &["D"])];
    let csv = "age,size,sex\n1,2,3\n";
    let error = |e: &str| message(csv, &format!("x = {e}"), &x);
    assert_eq!(error("columns(\"aeg\", \"sex\")"), "a.csv has no column `aeg`");
    assert_eq!(error("columns(\"q*\")"), "a.csv has no column `q*`");
    assert_eq!(error("columns(0..4)"), "a.csv has no column 3: it has 3, numbered from 0");
    assert_eq!(error("columns(3..)"), "a.csv has no column 3: it has 3, numbered from 0");
    assert_eq!(error("columns(first = \"sex\", last = \"age\")"), "a.csv: column `age` comes before `sex`");
    let help = |csv: &str, e: &str| one(csv, &format!("x = {e}"), &x).unwrap_err().diagnostic().help.unwrap();
    assert_eq!(help(csv, "columns(\"aeg\", \"sex\")"), "did you mean `age`?");
    assert_eq!(help(csv, "columns(\"weight\", \"sex\")"), "the columns are `age`, `size`, `sex`");
    let entries = "columns(\"age\"), header = false";
    assert_eq!(help(csv, entries), "without a header columns have numbers: `column(0)`");
}

#[test]
fn shapes_that_only_the_file_can_tell() {
    let csv = "a1,a2,b1,b2,b3\n1,2,3,4,5\n";
    let error = |e: &str, ports: &[RowPort]| message(csv, e, ports);
    assert_eq!(
        error("x = columns(\"b*\")", &[real("x", &["2"])]),
        "one row of `x` has shape [3], but the model needs [2]"
    );
    let two = [real("x", &["D"]), real("z", &["D"])];
    assert_eq!(error("x = columns(\"a*\"), z = columns(\"b*\")", &two), "`z` makes D equal to 3, but it is 2");
    assert_eq!(error("x = columns(\"a*\") + columns(\"b*\")", &two[..1]), "shapes [2] and [3] do not combine");
    assert_eq!(
        error("x = reshape(columns(\"b*\"), [2, 2])", &[real("x", &["2", "2"])]),
        "[3] cannot become [2, 2]: 3 elements and 4"
    );
    assert_eq!(error("D = 4, x = columns(\"b*\")", &two[..1]), "`x` makes D equal to 3, but it is 4");
}

/// A text of a few characters that matter to the reader.
fn random_text(stream: &mut Stream, alphabet: &[&str], longest: u32) -> String {
    (0..stream.below(longest + 1)).map(|_| alphabet[stream.below(alphabet.len() as u32) as usize]).collect()
}

#[test]
fn random_tables_read_back() {
    let mut stream = Stream::new(1, Purpose::CheckPoint, 0);
    for _ in 0..500 {
        let (rows, columns) = (1 + stream.below(5) as usize, 1 + stream.below(4) as usize);
        let cells: Vec<String> = (0..rows * columns)
            .map(|_| random_text(&mut stream, &["\"", ",", "\n", "\r", "é", "1", " x"], 6))
            .collect();
        let quote = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
        let line = |cells: &[String]| cells.iter().map(quote).collect::<Vec<_>>().join(",") + "\r\n";
        let text: String = cells.chunks(columns).map(line).collect();
        let table = Table::parse_csv("t", text.as_bytes(), &CsvOptions { header: false, delimiter: ',' }).unwrap();
        assert_eq!((table.rows(), table.columns()), (rows, columns));
        let read: Vec<&str> = (0..rows * columns).map(|at| table.cell(at / columns, at % columns)).collect();
        assert_eq!(read, cells.iter().map(|cell| cell.trim()).collect::<Vec<_>>());
    }
}

#[test]
fn random_bytes_are_a_table_or_an_error() {
    let mut stream = Stream::new(2, Purpose::CheckPoint, 0);
    let mut tables = 0;
    for turn in 0..5000 {
        let mut bytes = random_text(&mut stream, &["\"", ",", "\n", "\r", ";", " ", "1", "a"], 20).into_bytes();
        if turn % 10 == 0 {
            bytes.push(0xff);
        }
        let options = CsvOptions { header: turn % 2 == 0, delimiter: ',' };
        if let Ok(table) = Table::parse_csv("t", &bytes, &options) {
            tables += 1;
            let lines = 1 + bytes.iter().filter(|b| **b == b'\n' || **b == b'\r').count();
            let all: Vec<usize> = (0..table.rows()).map(|row| table.line(row)).collect();
            assert!(all.windows(2).all(|pair| pair[0] < pair[1]) && all.iter().all(|line| (1..=lines).contains(line)));
        }
    }
    assert!(tables > 500);
}
