//! What can be wrong with data, as values: the file, the row, the column, what was found and what was needed.
//!
//! Reads the diagnostics catalog. Must not know how data are read.

use crate::diag::Diagnostic;
use crate::diag::catalog::{data as catalog, nearest, shown};
use crate::span::Span;

/// Where a row stands in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowPlace {
    /// The line on which it begins, from 1, as an editor shows it.
    Line(usize),
    /// In a file of arrays: its number, from 0.
    Row(usize),
}

impl std::fmt::Display for RowPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            RowPlace::Line(line) => write!(f, "line {line}"),
            RowPlace::Row(row) => write!(f, "row {row}"),
        }
    }
}

/// A problem of a data file, or of a file and a model together.
///
/// Lines are counted from 1 as an editor shows them. Columns are called by name; without a header by number from 0, as
/// in `column(3)`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The file is not there or may not be read.
    #[error("cannot read data file {file}: {reason}")]
    Unreadable {
        /// The path.
        file: String,
        /// What the operating system says.
        reason: String,
    },
    /// The ending of the file's name is not one that nnc reads.
    #[error("cannot read data file {file}: {ending} is not a format that nnc reads")]
    Format {
        /// The path.
        file: String,
        /// `.npy`, or `a name without an ending`.
        ending: String,
    },
    /// A function that does not read files of this kind.
    #[error("`{function}` cannot read {file}: it needs {needs}")]
    WrongFormat {
        /// The path.
        file: String,
        /// `column`, `chars`.
        function: &'static str,
        /// `a table, \`.csv\` or \`.tsv\``
        needs: &'static str,
    },
    /// The file does not hold arrays of numbers as its name says, or cannot be unpacked.
    #[error("cannot read data file {file}: {problem}")]
    Array {
        /// The path.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A file of arrays without the one asked for, or with several where none is named.
    #[error("{}", unknown_array(file, name.as_deref()))]
    UnknownArray {
        /// The path.
        file: String,
        /// The name, if one was given.
        name: Option<String>,
        /// The names that the file has.
        known: Vec<String>,
    },
    /// Arrays of one table with different first sizes.
    #[error("{file} has {rows} rows, but {other} has {other_rows}")]
    ArrayRows {
        /// The first path, or an array in it.
        file: String,
        /// Its first size.
        rows: usize,
        /// The other one.
        other: String,
        /// Its first size.
        other_rows: usize,
    },
    /// The bytes are no UTF-8 text.
    #[error("{file}, line {line}: this is not UTF-8 text")]
    NotUtf8 {
        /// The path.
        file: String,
        /// The first line concerned.
        line: usize,
    },
    /// There is nothing in the file.
    #[error("{file} is empty")]
    Empty {
        /// The path.
        file: String,
    },
    /// There is a header and nothing else.
    #[error("{file} has a header but no rows")]
    NoRows {
        /// The path.
        file: String,
    },
    /// More rows than can be counted.
    #[error("{file} has {rows} rows; at most {} can be used", u32::MAX)]
    TooManyRows {
        /// The path.
        file: String,
        /// How many.
        rows: usize,
    },
    /// Rows differ in length.
    #[error("{file}, line {line}: {found} cells, but the first line has {expected}")]
    Ragged {
        /// The path.
        file: String,
        /// Where the row begins.
        line: usize,
        /// Cells in the first line.
        expected: usize,
        /// Cells here.
        found: usize,
    },
    /// A quote without its partner.
    #[error("{file}, line {line}: the quote that opens here has no end")]
    UnclosedQuote {
        /// The path.
        file: String,
        /// Where it opens.
        line: usize,
    },
    /// `"a"b` in a cell.
    #[error("{file}, line {line}, cell {}: text follows the closing quote", column + 1)]
    TextAfterQuote {
        /// The path.
        file: String,
        /// Where the quote closes.
        line: usize,
        /// The number of the cell in its row, from 0.
        column: usize,
    },
    /// Two columns of one name.
    #[error("{file}: columns {first} and {second} are both named `{}`", shown(name))]
    DuplicateColumn {
        /// The path.
        file: String,
        /// The name.
        name: String,
        /// Number of the first, from 0.
        first: usize,
        /// Number of the second, from 0.
        second: usize,
    },
    /// A name that no column has.
    #[error("{file} has no column `{}`", shown(name))]
    UnknownColumn {
        /// The path.
        file: String,
        /// The name, or a pattern such as `pix*`.
        name: String,
        /// The names that the file has; none without a header.
        known: Vec<String>,
    },
    /// A number beyond the last column.
    #[error("{file} has no column {column}: it has {columns}, numbered from 0")]
    ColumnNumber {
        /// The path.
        file: String,
        /// The number asked for.
        column: usize,
        /// How many there are.
        columns: usize,
    },
    /// Columns are chosen by number in two files that name them differently.
    #[error("{file} and {other} have different headers, but columns are chosen by number")]
    HeadersDiffer {
        /// The path of the main file.
        file: String,
        /// The path of the other one.
        other: String,
    },
    /// `columns(first = "a", last = "b")` where b comes before a.
    #[error("{file}: column `{}` comes before `{}`", shown(last), shown(first))]
    ColumnOrder {
        /// The path.
        file: String,
        /// The name given as first.
        first: String,
        /// The name given as last.
        last: String,
    },
    /// A cell without a value.
    #[error("{file}, {place}, column `{}`: the value is missing{}", shown(column), quoted(found))]
    Missing {
        /// The path.
        file: String,
        /// Where the row stands.
        place: RowPlace,
        /// The column.
        column: String,
        /// The text of the cell: empty, or `NA` and the like.
        found: String,
        /// Whether `missing = mean` was asked for, which cannot fill labels.
        is_label: bool,
    },
    /// A column to be filled with its mean, without a value in any training row.
    #[error("{file}, column `{}`: no training row has a value, so there is no mean", shown(column))]
    NoMean {
        /// The path.
        file: String,
        /// The column.
        column: String,
    },
    /// Text where a number is needed, or an infinite number.
    #[error("{file}, {place}, column `{}`: `{}` is not {expected}", shown(column), shown(found))]
    Cell {
        /// The path.
        file: String,
        /// Where the row stands.
        place: RowPlace,
        /// The column.
        column: String,
        /// The text of the cell.
        found: String,
        /// `a number`, `a finite number`, `a truth value (true, false, 1 or 0)`.
        expected: &'static str,
    },
    /// An expression of a `data` block that leaves the numbers.
    #[error("{file}, {place}: `{}` becomes {found}", shown(port))]
    NotFinite {
        /// The path.
        file: String,
        /// Where the row stands.
        place: RowPlace,
        /// The port.
        port: String,
        /// `inf`, `-inf` or `NaN`.
        found: f64,
    },
    /// A value that is no label of its port.
    #[error("{file}, {place}, {}: {found} is not a label of `{}`", column_text(column), shown(port))]
    Label {
        /// The path.
        file: String,
        /// Where the row stands.
        place: RowPlace,
        /// The column; empty if the label comes from several.
        column: String,
        /// The port.
        port: String,
        /// The value.
        found: f64,
        /// How many classes there are, if that is known.
        classes: Option<usize>,
    },
    /// A text that was not among the categories of the training rows.
    #[error(
        "{file}, line {line}, column `{}`: `{}` is not among the categories of the training rows",
        shown(column),
        shown(found)
    )]
    Category {
        /// The path.
        file: String,
        /// The line of the row.
        line: usize,
        /// The column.
        column: String,
        /// The text of the cell.
        found: String,
        /// The categories, in order.
        known: Vec<String>,
    },
    /// A character that does not occur in the text that the vocabulary was made from.
    #[error("{file}, line {line}: the character {found:?} is not in the vocabulary")]
    Character {
        /// The path.
        file: String,
        /// The line.
        line: usize,
        /// The character.
        found: char,
    },
    /// More characters or categories than labels.
    #[error("the data give `{}` {found} labels, but it is {}", shown(port), index_text(dim, *known))]
    Categories {
        /// The port.
        port: String,
        /// The number of classes as written in the model.
        dim: String,
        /// By the data.
        found: usize,
        /// By the model.
        known: usize,
    },
    /// A dim that says how long windows are, without a size.
    #[error("the size of {} is not known", shown(dim))]
    UnknownSize {
        /// The dim.
        dim: String,
    },
    /// Windows of one table that begin at different rows.
    #[error("windows of one table begin every {first} rows and every {second} rows")]
    WindowSteps {
        /// By the first.
        first: usize,
        /// By another one.
        second: usize,
    },
    /// A file shorter than a window.
    #[error("{file} has {rows} rows, but one window needs {reach}")]
    WindowTooLong {
        /// The path.
        file: String,
        /// How many rows there are.
        rows: usize,
        /// How many a window covers, with offsets.
        reach: usize,
    },
    /// Two shapes in one expression that do not combine.
    #[error("shapes {} and {} do not combine", shape(left), shape(right))]
    Combine {
        /// Left operand.
        left: Vec<usize>,
        /// Right operand.
        right: Vec<usize>,
    },
    /// `reshape` to another number of elements.
    #[error("{} cannot become {}: {} elements and {}", shape(from), shape(to), element_count(from), element_count(to))]
    Reshape {
        /// The shape there is.
        from: Vec<usize>,
        /// The shape asked for.
        to: Vec<usize>,
    },
    /// A row of another shape than its port's.
    #[error("one row of `{}` has shape {}, but the model needs {needed}", shown(port), shape(found))]
    Shape {
        /// The port.
        port: String,
        /// What the data give.
        found: Vec<usize>,
        /// What the model declares, with its names: `[D]`, `[1, 8, 8]`.
        needed: String,
    },
    /// A start of another shape than its param.
    #[error("{file}: the array has shape {}, but `{}` needs {needed}", shape(found), shown(param))]
    Start {
        /// The path.
        file: String,
        /// The param.
        param: String,
        /// The shape of the array.
        found: Vec<usize>,
        /// What the model declares, with its names.
        needed: String,
    },
    /// Two ports that give one dim two sizes.
    #[error("`{}` makes {} equal to {found}, but it is {known}", shown(port), shown(dim))]
    Extent {
        /// The port that came second.
        port: String,
        /// The dim, as written in the model.
        dim: String,
        /// By this port.
        found: usize,
        /// By a port before it, or by what the caller fixed.
        known: usize,
    },
    /// `rows = a..b` beyond the file.
    #[error("{file} has {rows} rows, so `rows` cannot be {start}..{end}")]
    RowRange {
        /// The path.
        file: String,
        /// First row asked for, from 0.
        start: usize,
        /// One past the last row asked for.
        end: usize,
        /// How many there are.
        rows: usize,
    },
    /// `missing = drop` left nothing.
    #[error("{file}: a value is missing in every row, so `missing = drop` leaves none")]
    AllDropped {
        /// The path.
        file: String,
    },
    /// A part of the split that asked for a share of the rows gets none.
    #[error("{rows} rows cannot be split: no row is left for {part}")]
    EmptyPart {
        /// How many rows there are.
        rows: usize,
        /// `training`, `validation` or `test`.
        part: &'static str,
    },
    /// Stored statistics that are absent or of another form than the `data` block needs.
    #[error("the statistics stored with the weights do not fit this `data` block: `{}` {problem}", shown(key))]
    Statistics {
        /// The key of the entry.
        key: String,
        /// What is wrong with it: `is missing`, `has 3 numbers, but 4 are needed`.
        problem: String,
    },
    /// A port was asked for that the `data` block does not have.
    #[error("the `data` block has no entry for `{}`", shown(port))]
    UnknownPort {
        /// The name asked for.
        port: String,
    },
}

impl DataError {
    /// The stable code of the problem; `nnc explain` has a page for each.
    pub fn code(&self) -> &'static str {
        use DataError::*;
        match self {
            Unreadable { .. } | Format { .. } | WrongFormat { .. } => "E0520",
            Array { .. } | ArrayRows { .. } => "E0521",
            NotUtf8 { .. } | Empty { .. } | NoRows { .. } | TooManyRows { .. } | Ragged { .. } => "E0521",
            UnclosedQuote { .. } | TextAfterQuote { .. } | DuplicateColumn { .. } => "E0521",
            UnknownArray { .. }
            | UnknownColumn { .. }
            | ColumnNumber { .. }
            | ColumnOrder { .. }
            | HeadersDiffer { .. } => "E0522",
            Missing { .. } | NoMean { .. } | Cell { .. } | NotFinite { .. } => "E0523",
            Label { .. } | Category { .. } | Character { .. } | Categories { .. } => "E0524",
            Start { .. } | Combine { .. } | Reshape { .. } | Shape { .. } | Extent { .. } | UnknownSize { .. } => {
                "E0508"
            }
            RowRange { .. } | AllDropped { .. } | EmptyPart { .. } => "E0525",
            WindowSteps { .. } | WindowTooLong { .. } => "E0525",
            Statistics { .. } | UnknownPort { .. } => "E0526",
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        use DataError::*;
        Some(match self {
            Unreadable { .. } => "a path in a `data` block is relative to the `.nn` file".into(),
            Format { .. } => catalog::FORMATS_HELP.into(),
            NotUtf8 { .. } => "save the file as UTF-8, or write `encoding = latin1`".into(),
            UnknownArray { name: Some(name), known, .. } => match nearest(name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{}`?", shown(near)),
                None => format!("the arrays are {}", some_of(known)),
            },
            UnknownArray { name: None, known, .. } => format!("say which: the arrays are {}", some_of(known)),
            ArrayRows { .. } => {
                "the first axis of each is the row axis of the block; put others into a block of their own".into()
            }
            NoRows { .. } => "if the first line holds data, write `header = false`".into(),
            Ragged { .. } => {
                "a text with the delimiter in it must be quoted; another delimiter is set with `delimiter = \";\"`"
                    .into()
            }
            UnclosedQuote { .. } | TextAfterQuote { .. } => {
                "a quote inside a quoted text is written twice: \"\"".into()
            }
            DuplicateColumn { .. } => "rename one of them".into(),
            UnknownColumn { name, known, .. } => match nearest(name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{}`?", shown(near)),
                None if known.is_empty() => "without a header columns have numbers: `column(0)`".into(),
                None => format!("the columns are {}", some_of(known)),
            },
            ColumnOrder { first, last, .. } => {
                format!("write `columns(first = \"{}\", last = \"{}\")`", shown(last), shown(first))
            }
            HeadersDiffer { .. } => "choose them by name: `columns(first = \"a\", last = \"f\")`".into(),
            Missing { is_label: true, .. } => "a label cannot be guessed: use `missing = drop`".into(),
            Missing { .. } => "`missing = drop` leaves such rows out, `missing = mean` fills in the mean".into(),
            Cell { expected: "a number", .. } => {
                "text becomes labels by `category(…)`; a decimal point is a point, and thousands are not set apart"
                    .into()
            }
            Label { classes, .. } => match classes {
                Some(0) | None => {
                    "labels are the whole numbers 0, 1, 2, …; text becomes labels by `category(…)`".into()
                }
                Some(n) => {
                    format!("labels are the whole numbers from 0 to {}; text becomes labels by `category(…)`", n - 1)
                }
            },
            Category { known, .. } => {
                format!("they are {}; `stratify` puts every category of a label into the training rows", some_of(known))
            }
            Character { .. } => {
                "the vocabulary is that of `file`; put the character there, or leave it out here".into()
            }
            Categories { dim, found, known, .. } if *dim != known.to_string() => {
                format!("write `dim {} = {found}`, or leave its size open", shown(dim))
            }
            UnknownSize { dim } => {
                format!("write `{0} = 64` in the `data` block, or `--dim {0}=64` on the command line", shown(dim))
            }
            WindowSteps { .. } => "give them all the same `step`: `windows(…, 24, step = 1)`".into(),
            Combine { .. } => "shapes combine if they are equal, or one is the end of the other".into(),
            Shape { found, needed, .. } if found == &[1] && needed == "[]" => {
                "`column(…)` gives one number, `columns(…)` a list".into()
            }
            EmptyPart { .. } => "use more rows, or another `split`".into(),
            Statistics { .. } => "they belong to another version of the model; train it again".into(),
            _ => return None,
        })
    }
}

/// A [`DataError`] with the place in the model that asked for the data.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{error}")]
pub struct LoadError {
    /// What is wrong.
    pub error: Box<DataError>,
    /// The entry of the `data` block; none if the caller gave the file.
    pub span: Option<Span>,
}

impl LoadError {
    pub(super) fn new(error: DataError, span: Option<Span>) -> LoadError {
        LoadError { error: Box::new(error), span }
    }

    /// The same as a diagnostic.
    pub fn diagnostic(&self) -> Diagnostic {
        catalog::load_error(self.error.code(), self.error.to_string(), self.span, self.error.help())
    }
}

impl From<DataError> for LoadError {
    fn from(error: DataError) -> LoadError {
        LoadError::new(error, None)
    }
}

/// The number of elements of a shape; the largest number there is instead of a larger one.
pub(super) fn element_count(shape: &[usize]) -> usize {
    shape.iter().fold(1, |count, size| count.saturating_mul(*size))
}

fn unknown_array(file: &str, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{file} has no array `{}`", shown(name)),
        None => format!("{file} does not hold just one array"),
    }
}

/// `index(2)`, `index(V)` with V = 64
fn index_text(dim: &str, known: usize) -> String {
    if dim == known.to_string() {
        format!("index({known})")
    } else {
        format!("index({0}) with {0} = {known}", shown(dim))
    }
}

/// `[2, 3]`
fn shape(shape: &[usize]) -> String {
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("[{}]", sizes.join(", "))
}

fn quoted(found: &str) -> String {
    if found.is_empty() { String::new() } else { format!(" (`{}`)", shown(found)) }
}

fn column_text(column: &str) -> String {
    if column.is_empty() { "several columns".into() } else { format!("column `{}`", shown(column)) }
}

/// Up to eight names of a list.
fn some_of(names: &[String]) -> String {
    let mut quoted: Vec<String> = names.iter().take(8).map(|name| format!("`{}`", shown(name))).collect();
    if names.len() > quoted.len() {
        quoted.push(format!("and {} more", names.len() - quoted.len()));
    }
    quoted.join(", ")
}
