//! E05: data and files. See [the catalog](super) for how to add one.

use super::{CodeEntry, nearest, shown};
use crate::diag::{Diagnostic, Label, Severity};
use crate::span::Span;

/// What to do about a file in a format that is not read.
pub const FORMATS_HELP: &str =
    "nnc reads `.csv`, `.tsv`, `.txt`, `.npy`, `.npz` and `.safetensors`, each also packed: `.csv.gz`";

/// The pages of this family.
pub const ENTRIES: &[CodeEntry] = &[
    CodeEntry {
        code: "E0501",
        title: "unknown key in `data`",
        explanation: "The entries of a `data` block are settings (`file`, `split`, `validation`, `test`, `shuffle`,\n\
            `stratify`, `group`, `rows`, `header`, `delimiter`, `missing`, `encoding`), inputs and targets of the model, and sizes of its\n\
            open dims (`T = 64`). This key is none of them.\n\n\
            An input that bears the name of a setting is written `input file = …`. The size of a dim that already has\n\
            one in the model is changed there.",
        example: "dim N\ninput x: [N]\nparam a = 1\nloss mean((a * x)^2)\ndata { file = \"a.csv\", xx = column(\"x\") }\n",
        fixed: Some(
            "dim N\ninput x: [N]\nparam a = 1\nloss mean((a * x)^2)\ndata { file = \"a.csv\", x = column(\"x\") }\n",
        ),
    },
    CodeEntry {
        code: "E0502",
        title: "a key of `data` given twice",
        explanation: "Each setting, port and dim of a `data` block has one value. nnc does not guess which of two was\n\
            meant. To make one array of several columns, choose them in one expression: `x = columns(\"a\", \"b\")`.",
        example: "dim N\ninput x: [N]\noutput x\ndata { file = \"a.csv\", x = column(\"a\"), x = column(\"b\") }\n",
        fixed: Some("dim N\ninput x: [N, 2]\noutput x\ndata { file = \"a.csv\", x = columns(\"a\", \"b\") }\n"),
    },
    CodeEntry {
        code: "E0503",
        title: "a setting of `data` has an impossible value",
        explanation: "The value of this setting is of the wrong kind or out of its range:\n\n\
            | setting | value |\n|---|---|\n\
            | `file`, `validation`, `test` | a path as a text, relative to the `.nn` file |\n\
            | `split` | `[training, validation, test]`: shares that add up to 1, the first above 0 |\n\
            | `stratify` | the name of a port with labels |\n\
            | `group` | a column: `column(\"id\")` |\n\
            | `shuffle`, `header` | `true` or `false` |\n\
            | `rows` | a range, `0..1000`: from the first up to, without, the last |\n\
            | `delimiter` | one character as a text: `\";\"` |\n\
            | `missing` | `error`, `drop` or `mean` |\n\
            | `encoding` | `utf8` or `latin1` |\n\
            | an open dim | a whole number, 1 or more |",
        example: "dim N\ninput x: [N]\noutput x\ndata { file = \"a.csv\", x = column(0), split = [0.8, 0.1] }\n",
        fixed: Some(
            "dim N\ninput x: [N]\noutput x\ndata { file = \"a.csv\", x = column(0), split = [0.8, 0.1, 0.1] }\n",
        ),
    },
    CodeEntry {
        code: "E0504",
        title: "not available in this version",
        explanation: "The language reserves this function of `data` blocks, and this version of nnc does not\n\
            have it yet. Edges of a graph are read as labels from a table of their own: `src = column(\"from\")` with\n\
            `input src: index(N)[M]`. It is refused rather than ignored, because a model that is fitted to other data than its file\n\
            says is worse than one that is not fitted.",
        example: "dim N\ninput x: [N]\noutput x\ndata { file = \"a.csv\", x = sparse(column(0), column(1)) }\n",
        fixed: Some("dim N\ninput x: [N]\noutput x\ndata { file = \"a.csv\", x = column(0) }\n"),
    },
    CodeEntry {
        code: "E0505",
        title: "not an expression over columns",
        explanation: "The value of a port describes one row: columns of the file, numbers, `+ - * / ^`, and the functions\n\
            `column`, `columns`, `category`, `chars`, `array`, `windows`, `standardize`, `minmax`, `reshape`, `abs`, `exp`, `log`\n\
            and `sqrt`. The row axis, which is the first of every port, is not written.\n\n\
            Everything else belongs into the model: there it is checked, compiled and may be differentiated.",
        example: "dim N\ninput x: [N]\noutput x\ndata { file = \"a.csv\", x = colum(\"a\") }\n",
        fixed: Some("dim N\ninput x: [N]\noutput x\ndata { file = \"a.csv\", x = column(\"a\") }\n"),
    },
    CodeEntry {
        code: "E0506",
        title: "wrong arguments of a data function",
        explanation: "The functions are called so:\n\n\
            - `column(\"a\")`, `column(3)`: one number per row; columns are counted from 0;\n\
            - `columns(0..64)`, `columns(\"a\", \"b\")`, `columns(\"pix*\")`: several numbers. A range leaves out its end;\n\
            - `columns(first = \"a\", last = \"f\")`: from one name to another, both included;\n\
            - `category(\"a\")`: texts as labels;\n\
            - `chars()`: the characters of a `.txt` file as labels;\n\
            - `array(\"x\")`: the rows of an array of the block's file; `array(\"x.npy\")`, `array(\"all.npz\", \"x\")`: of another;\n\
            - `windows(e, 64, offset = 0, step = 64)`: 64 rows as one. The windows begin every `step` rows, if nothing is\n\
              said one after another, and `offset` rows later than that of the others;\n\
            - `standardize(e)`, `minmax(e)`: numbers on a common scale;\n\
            - `reshape(e, [1, 8, 8])`: the same numbers in another shape.",
        example: "dim N\ninput x: [N]\noutput x\ndata { file = \"a.csv\", x = column(\"a\", \"b\") }\n",
        fixed: Some("dim N\ninput x: [N, 2]\noutput x\ndata { file = \"a.csv\", x = columns(\"a\", \"b\") }\n"),
    },
    CodeEntry {
        code: "E0507",
        title: "data of the wrong kind for their port",
        explanation: "Numbers go to ports of reals, labels to ports of type `index(C)`. `category(…)` makes labels of texts,\n\
            and labels are no numbers: that \"red\" comes before \"rose\" is no reason to calculate with 0 and 1. A model\n\
            that needs numbers says `one_hot(c)`. Standardised numbers are no labels.\n\n\
            An input that is one value for all rows, without the row axis, cannot be filled from columns.",
        example: "dim N\ninput x: [N]\noutput x\ndata { file = \"a.csv\", x = category(\"colour\") }\n",
        fixed: Some("dim N, C\ninput x: index(C)[N]\noutput x\ndata { file = \"a.csv\", x = category(\"colour\") }\n"),
    },
    CodeEntry {
        code: "E0508",
        title: "data of the wrong shape",
        explanation: "What a `data` block gives for one row must have the shape that the port declares after its row axis:\n\
            `input x: [N, D]` with `dim D = 3` needs three numbers, `input t: [N]` one, as `column(…)` gives it;\n\
            `columns(…)` gives a list even of one column. Open dims get their size from the data, and from all ports the\n\
            same. Inside an expression shapes combine if they are equal or one is the end of the other.\n\n\
            A dim that is the length of windows, `windows(chars(), T)`, gets its size in the block, `T = 64`, or on the\n\
            command line, `--dim T=64`.",
        example: "dim N, D = 3\ninput x: [N, D]\noutput x\ndata { file = \"a.csv\", x = columns(0..4) }\n",
        fixed: Some("dim N, D = 4\ninput x: [N, D]\noutput x\ndata { file = \"a.csv\", x = columns(0..4) }\n"),
    },
    CodeEntry {
        code: "E0509",
        title: "a port without data",
        explanation: "The model declares an input or target without a default, and its `data` block does not fill it. Add an\n\
            entry with the port's name, or give the input a default: `input x = 0`.",
        example: "dim N\ninput x: [N]\ntarget y: [N]\nloss mean((y - x)^2)\ndata { file = \"a.csv\", x = column(\"x\") }\n",
        fixed: Some(
            "dim N\ninput x: [N]\ntarget y: [N]\nloss mean((y - x)^2)\ndata { file = \"a.csv\", x = column(0), y = column(1) }\n",
        ),
    },
    CodeEntry {
        code: "E0510",
        title: "settings of `data` that contradict each other",
        explanation: "Columns need a `file`. Rows for validation or test come either from a share of `split` or from a file\n\
            of their own, not from both. `stratify` divides at random, so it needs a `split` and does not go with\n\
            `shuffle = false`, and it needs a port that holds one label per row.\n\n\
            `group` keeps rows together and needs a `split`; it does not go with `stratify`. An array with a file of its own\n\
            has no rows in the files of `validation` and `test`.\n\n\
            Several blocks need names, `data nodes { … }`, `data edges { … }`, and all ports of one block the same row axis.\n\
            Their rows point into each other, so they are not divided. In a block with `windows` a row is a window: every\n\
            port is filled by windows, and rows are neither dropped nor stratified.",
        example: "dim N\ninput x: [N]\noutput x\ndata { x = column(\"x\") }\n",
        fixed: Some("dim N\ninput x: [N]\noutput x\ndata { file = \"a.csv\", x = column(\"x\") }\n"),
    },
    CodeEntry {
        code: "E0520",
        title: "a data file cannot be read",
        explanation: "The file is not there, may not be read, or is in a format that this version does not read. A path in a\n\
            `data` block is relative to the folder of the `.nn` file, wherever nnc is started; a path on the command line\n\
            is relative to the working directory.\n\n\
            The ending of the name tells the format: tables, `.csv` (commas) and `.tsv` (tabs), or another `delimiter`, are read\n\
            with `column(…)`; texts, `.txt`, with `chars()`; arrays, `.npy`, `.npz` and `.safetensors`, with `array(…)`. Each may\n\
            be packed: `.csv.gz`.",
        example: "dim N\ninput x: [N]\noutput x\ndata { file = \"a.xlsx\", x = column(0) }\n",
        fixed: Some("dim N\ninput x: [N]\noutput x\ndata { file = \"a.csv\", x = column(0) }\n"),
    },
    CodeEntry {
        code: "E0521",
        title: "a data file is not what its name says",
        explanation: "A table is UTF-8 text, at least one row besides the header, with as many cells in every row as in the\n\
            first line and no name twice in the header. Cells with delimiters or line ends in them are quoted with `\"`,\n\
            and a quote in them is doubled.\n\n\
            Blank lines are passed over. Comments are not known. A row that is too short or too long is not repaired,\n\
            because nobody can know which cell is lacking.\n\n\
            Arrays hold numbers or truth values, no texts, objects or complex numbers, and at least one row; all arrays of a\n\
            block have the same first size.",
        example: "dim N\ninput x: [N]\noutput x\ndata { file = \"ragged.csv\", x = column(0) }\n",
        fixed: None,
    },
    CodeEntry {
        code: "E0522",
        title: "a column or array is not in the file",
        explanation: "Names must be written as in the header, but for white space around them; capital letters matter.\n\
            Numbers count from 0, so the last of 65 columns is `column(64)`. With `header = false` columns have numbers\n\
            only. If several files are read and columns are chosen by number, the files must have the same header:\n\
            otherwise the same number would mean two things.",
        example: "dim N\ninput x: [N]\noutput x\ndata { file = \"a.csv\", x = column(\"not there\") }\n",
        fixed: None,
    },
    CodeEntry {
        code: "E0523",
        title: "a cell without a usable number",
        explanation: "The cell is empty, holds text where a number is needed, or leads to an infinite number. Empty cells,\n\
            `NA`, `N/A`, `NaN`, `NULL`, `null` and `?` count as missing: `missing = drop` leaves their rows out,\n\
            `missing = mean` fills in the mean of the column's training rows. Numbers have a decimal point and no other\n\
            marks: `1234.5`, `-1e-3`.",
        example: "dim N\ninput x: [N]\noutput x\ndata { file = \"text.csv\", x = column(0) }\n",
        fixed: None,
    },
    CodeEntry {
        code: "E0524",
        title: "a value that is no label",
        explanation: "A port of type `index(C)` holds the whole numbers from 0 up to, without, C; a port of type `bool` holds\n\
            0 and 1, or `true` and `false`. Labels that begin at 1 are moved: `column(\"label\") - 1`. Texts become labels\n\
            by `category(…)`: the sorted texts of the training rows are 0, 1, 2, …, and another text in other rows has no\n\
            label; `chars()` does the same with the characters of `file`. With open C the data say how many classes there\n\
            are. `index(N)` where N is the number of rows of another table points at those rows, from 0.",
        example: "dim N, C = 2\ntarget y: index(C)[N]\noutput y\ndata { file = \"labels.csv\", y = column(0) }\n",
        fixed: None,
    },
    CodeEntry {
        code: "E0525",
        title: "the rows cannot be divided",
        explanation: "`rows` asks for rows that the file does not have, a part of `split` would get no row at all, or\n\
            `missing = drop` leaves none, or a file is shorter than one of its windows. Windows of one block begin at the same\n\
            rows, so they have one `step`. Sizes are shares rounded so that they add up to the number of rows; a part\n\
            that should have rows and gets none is not silently left out, as a run without validation rows would then\n\
            look like one with them.",
        example: "dim N\ninput x: [N]\noutput x\ndata { file = \"two.csv\", x = column(0), split = [0.8, 0.1, 0.1] }\n",
        fixed: None,
    },
    CodeEntry {
        code: "E0526",
        title: "stored statistics do not fit",
        explanation: "Means, deviations and category names are fitted to the training rows and stored with the weights, so\n\
            that later rows are treated alike. The stored ones do not fit the `data` block as it is now: it was changed,\n\
            or the weights belong to another model. Train again, or go back to the block that the weights were made with.",
        example: "dim N\ninput x: [N]\noutput x\ndata { file = \"a.csv\", x = standardize(column(0)) }\n",
        fixed: None,
    },
];

/// A key that means nothing here; `known` are all keys that would.
pub fn unknown_key(at: Span, key: &str, known: &[&str]) -> Diagnostic {
    let message = format!("`{}` is no setting, port or open dim of this file", shown(key));
    let found = Diagnostic::new("E0501", message, at, "unknown key");
    match nearest(key, known.iter().copied()) {
        Some(near) => found.help(format!("did you mean `{near}`?")).suggest(at, near),
        None => found.help("keys are inputs and targets of the model, its open dims, and settings such as `file`"),
    }
}

/// `D = 3` for a dim that has a size.
pub fn known_dim(at: Span, name: &str, size: usize) -> Diagnostic {
    Diagnostic::new("E0501", format!("dim `{}` is already {size} in the model", shown(name)), at, "not an open dim")
        .help(format!("declare it without a size, `dim {}`, to set it here", shown(name)))
}

/// A key given twice.
pub fn key_twice(at: Span, key: &str, first: Span) -> Diagnostic {
    Diagnostic::new("E0502", format!("`{}` is set twice", shown(key)), at, "set again here")
        .label(first, "first set here")
}

/// A value of the wrong kind or range; `expected` completes "must be …".
pub fn bad_value(at: Span, key: &str, expected: &str, given: &str) -> Diagnostic {
    let label = format!("this is {}", shown(given));
    Diagnostic::new("E0503", format!("`{}` must be {expected}", shown(key)), at, label)
}

/// A setting or function that the language reserves.
pub fn not_available(at: Span, what: &str, name: &str) -> Diagnostic {
    Diagnostic::new("E0504", format!("the {what} `{name}` is not available in this version"), at, "not available yet")
}

/// One of several blocks that has no name.
pub fn block_without_name(at: Span) -> Diagnostic {
    Diagnostic::new("E0510", "one of several `data` blocks has no name", at, "in this block")
        .help("name each of them: `data nodes { … }`, `data edges { … }`")
}

/// Two blocks of one name.
pub fn block_twice(at: Span, name: &str, first: Span) -> Diagnostic {
    Diagnostic::new("E0510", format!("two `data` blocks are named `{}`", shown(name)), at, "second")
        .label(first, "first")
}

/// `split` and the like where there are several tables.
pub fn several_tables_divided(at: Span) -> Diagnostic {
    Diagnostic::new("E0510", "rows of several tables cannot be divided", at, "divides the rows")
        .help("mark the rows instead: a column `seen: bool[N]`, and `mean[i where seen[i]](…)` in the loss")
}

/// Ports of one block with different row axes.
pub fn row_axes_differ(at: Span, ports: [(&String, &String); 2], first: Span) -> Diagnostic {
    let [(name, rows), (other, other_rows)] = ports;
    let message = format!("`{}` has a row for each {rows}, `{}` for each {other_rows}", shown(name), shown(other));
    Diagnostic::new("E0510", message, at, "one block has one number of rows")
        .label(first, "in the same block")
        .help("make two blocks, `data nodes { … }` and `data edges { … }`")
}

/// What reads single rows beside windows.
pub fn outside_windows(at: Span, windows: Span) -> Diagnostic {
    Diagnostic::new("E0510", "a row of this block is a window", at, "not one window")
        .label(windows, "windows here")
        .help("put it in `windows(…)` once, or in a block of its own")
}

/// A setting that does not go with windows.
pub fn windows_with(at: Span, setting: &str, why: &str) -> Diagnostic {
    Diagnostic::new("E0510", format!("`{setting}` does not go with `windows`"), at, why)
}

/// A name that is no data function.
pub fn unknown_function(at: Span, name: &str, known: &[&str]) -> Diagnostic {
    let message = format!("`{}` is no function of `data` blocks", shown(name));
    let found = Diagnostic::new("E0505", message, at, "unknown function");
    match nearest(name, known.iter().copied()) {
        Some(near) => found.help(format!("did you mean `{near}`?")).suggest(at, near),
        None => found.help("calculate it in the model, from columns that are read as they are"),
    }
}

/// A name where columns or numbers are needed.
pub fn unknown_name(at: Span, name: &str, near: Option<&str>) -> Diagnostic {
    let name = shown(name);
    let found =
        Diagnostic::new("E0505", format!("`{name}` is no number in a `data` block"), at, "not a dim of known size");
    if let Some(near) = near {
        return found.help(format!("did you mean `{}`?", shown(near))).suggest(at, near);
    }
    found.help(format!("a column is written `column(\"{name}\")`"))
}

/// `x = "a"`
pub fn text_for_column(at: Span, text: &str) -> Diagnostic {
    Diagnostic::new("E0505", "a text is no data", at, "")
        .help(format!("a column is written `column(\"{}\")`", shown(text)))
}

/// An expression of a form that describes no row.
pub fn not_an_expression(at: Span) -> Diagnostic {
    Diagnostic::new("E0505", "this is no expression over columns", at, "")
        .help("use columns, numbers, `+ - * / ^` and data functions; the rest belongs into the model")
}

/// A call with arguments that the function does not take; `given` may be empty.
pub fn bad_argument(at: Span, function: &str, usage: &str, given: &str) -> Diagnostic {
    let label = if given.is_empty() { String::new() } else { format!("this is {}", shown(given)) };
    Diagnostic::new("E0506", format!("wrong arguments of `{function}`"), at, label).help(format!("write {usage}"))
}

/// Arithmetic on `category(…)` or `chars()`.
pub fn category_as_number(at: Span, function: &str) -> Diagnostic {
    Diagnostic::new("E0507", "labels are no numbers", at, format!("`{function}` gives labels"))
        .help("fill an input of type `index(C)` with it, and use `one_hot` in the model")
}

/// `category(…)` or `chars()` for a port of numbers.
pub fn category_for_numbers(at: Span, function: &str, port: &str, declared: Span) -> Diagnostic {
    let label = format!("`{function}` gives labels");
    Diagnostic::new("E0507", format!("`{}` does not hold labels", shown(port)), at, label)
        .label(declared, "declared here")
        .help(format!("declare it `input {}: index(C)[N]`, and use `one_hot` in the model", shown(port)))
}

/// `standardize(…)` for a port of labels.
pub fn scaled_labels(at: Span, function: &str, port: &str, declared: Span) -> Diagnostic {
    Diagnostic::new(
        "E0507",
        format!("`{}` holds labels, not numbers", shown(port)),
        at,
        format!("`{function}` gives numbers"),
    )
    .label(declared, "declared here")
}

/// Columns for a port without the row axis.
pub fn single_value(at: Span, port: &str, declared: Span) -> Diagnostic {
    Diagnostic::new(
        "E0507",
        format!("`{}` is one value for all rows", shown(port)),
        at,
        "columns differ from row to row",
    )
    .label(declared, "declared without a row axis")
    .help(format!("give it a number, or a row axis: `input {}: [N]`", shown(port)))
}

/// Shapes that differ, known before the file is read.
pub fn shape(at: Span, message: &str, help: Option<String>) -> Diagnostic {
    let found = Diagnostic::new("E0508", message, at, "");
    help.map_or_else(|| found.clone(), |help| found.clone().help(help))
}

/// A port that nothing fills.
pub fn port_without_entry(declared: Span, port: &str, has_block: bool) -> Diagnostic {
    let port = shown(port);
    let which = if has_block { "the `data` block" } else { "no `data` block" };
    let message = format!("{which} {} `{port}`", if has_block { "does not fill" } else { "fills" });
    Diagnostic::new("E0509", message, declared, "declared here, without a default")
        .help(format!("add `{port} = column(\"{port}\")`"))
}

/// Columns without a file.
pub fn no_file(at: Span) -> Diagnostic {
    Diagnostic::new("E0510", "this `data` block names no file", at, "rows of which file?")
        .help("add `file = \"data.csv\"`, relative to the `.nn` file")
}

/// `stratify` with `shuffle = false`.
pub fn stratify_without_shuffle(at: Span) -> Diagnostic {
    Diagnostic::new("E0510", "`stratify` divides at random, so `shuffle` cannot be false", at, "")
}

/// `stratify` with nothing to divide.
pub fn stratify_without_split(at: Span) -> Diagnostic {
    Diagnostic::new("E0510", "`stratify` needs a `split`", at, "").help("for example `split = [0.8, 0.1, 0.1]`")
}

/// `group` with nothing to divide.
pub fn group_without_split(at: Span) -> Diagnostic {
    Diagnostic::new("E0510", "`group` needs a `split`", at, "").help("for example `split = [0.8, 0.1, 0.1]`")
}

/// `group` and `stratify` together.
pub fn group_and_stratify(at: Span, stratify: Span) -> Diagnostic {
    Diagnostic::new("E0510", "rows cannot be divided by groups and by classes at once", at, "groups stay together")
        .label(stratify, "classes are divided")
}

/// Arrays with files of their own beside files for parts.
pub fn own_array_with_parts(at: Span, part: Span) -> Diagnostic {
    Diagnostic::new("E0510", "an array in a file of its own has no rows in a second file", at, "a file of its own")
        .label(part, "rows of another file")
        .help("put the arrays of each part into one `.npz` file: `file = \"train.npz\"`, `x = array(\"x\")`")
}

/// `stratify` by something without classes.
pub fn stratify_by(at: Span, name: &str) -> Diagnostic {
    let message = format!("`{}` is no port of this block with one label per row", shown(name));
    Diagnostic::new("E0510", message, at, "cannot stratify by this")
}

/// A share of `split` and a file for the same part.
pub fn part_twice(at: Span, part: &str, split: Span) -> Diagnostic {
    Diagnostic::new("E0510", format!("two sources of {part} rows"), at, "a file")
        .label(split, "a share of the rows")
        .help(format!("make the share of {part} rows 0"))
}

/// A file in a format that is not read.
pub fn format(at: Span, path: &str, ending: &str) -> Diagnostic {
    let message = format!("cannot read data file `{}`: {ending} is not a format that nnc reads", shown(path));
    Diagnostic::new("E0520", message, at, "").help(FORMATS_HELP)
}

/// A problem found while data were loaded. Without a place if the caller gave the file.
pub fn load_error(code: &'static str, message: String, at: Option<Span>, help: Option<String>) -> Diagnostic {
    let labels = at.map(|span| Label { span, text: String::new() }).into_iter().collect();
    Diagnostic { code, severity: Severity::Error, message, labels, notes: vec![], help, suggestion: None }
}
