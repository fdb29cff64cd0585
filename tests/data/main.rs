//! Data blocks and files: what is read, how it is split and scaled, and what is said about bad input.
//!
//! Expected numbers are worked out by hand in the tests, or come from the description of the example data
//! (`examples/data/README.md`), which was made independently of nnc.

mod arrays;
mod bad_blocks;
mod bad_files;
mod columns;
mod examples;
mod rows;
mod windows;

use nnc::data::{
    CsvOptions, DataError, DataSet, DataSpec, Extent, LoadError, Missing, Overrides, PortKind, RowPlace, RowPort,
    Statistics, Table, Values,
};
use nnc::diag::{Diagnostic, catalog};
use nnc::random::{Purpose, Stream};
use nnc::span::{SourceMap, Span};
use nnc::syntax::ast::{Block, StatementKind};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The dims of the test models: `D` is open, as are `C` and `T`; `P` is 64.
pub(crate) const DIMS: &[(&str, Option<usize>)] =
    &[("N", None), ("D", None), ("M", None), ("C", None), ("T", None), ("P", Some(64))];

pub(crate) fn extent(text: &str) -> Extent {
    let known = text.parse().ok().or_else(|| DIMS.iter().find(|(dim, _)| *dim == text).and_then(|(_, size)| *size));
    Extent { text: text.into(), known }
}

pub(crate) fn port(name: &str, kind: PortKind, shape: &[&str]) -> RowPort {
    let shape = shape.iter().map(|text| extent(text)).collect();
    RowPort { name: name.into(), kind, rows: Some(extent("N")), shape, required: true, span: Span::default() }
}

pub(crate) fn real(name: &str, shape: &[&str]) -> RowPort {
    port(name, PortKind::Real, shape)
}

pub(crate) fn label(name: &str, classes: &str) -> RowPort {
    port(name, PortKind::Index(extent(classes)), &[])
}

pub(crate) fn blocks(source: &str) -> (SourceMap, Vec<Block>) {
    let mut sources = SourceMap::default();
    let file = sources.add("model.nn", source);
    let parsed = nnc::syntax::parse(file, source);
    assert!(parsed.diagnostics.is_empty(), "{source}: {:?}", parsed.diagnostics);
    let blocks = parsed.ast.statements.into_iter().filter_map(|statement| match statement.kind {
        StatementKind::Data(block) => Some(block),
        _ => None,
    });
    (sources, blocks.collect())
}

/// The spec of `data { … }` with these entries.
pub(crate) fn spec(entries: &str, ports: &[RowPort]) -> Result<DataSpec, Vec<Diagnostic>> {
    DataSpec::new(&blocks(&format!("data {{\n{entries}\n}}\n")).1, ports, DIMS)
}

/// `code, underlined text` of every problem of a block.
pub(crate) fn problems(entries: &str, ports: &[RowPort]) -> Vec<(String, String)> {
    let source = format!("data {{\n{entries}\n}}\n");
    let (sources, blocks) = blocks(&source);
    let problems = DataSpec::new(&blocks, ports, DIMS).expect_err(entries);
    for problem in &problems {
        assert!(catalog::entry(problem.code).is_some(), "{} has no page", problem.code);
    }
    problems.iter().map(|p| (p.code.to_string(), sources.text(p.labels[0].span).trim_end().to_string())).collect()
}

pub(crate) fn problem(entries: &str, ports: &[RowPort]) -> (String, String) {
    let mut found = problems(entries, ports);
    assert_eq!(found.len(), 1, "{entries}: {found:?}");
    found.remove(0)
}

pub(crate) fn pair(code: &str, text: &str) -> (String, String) {
    (code.to_string(), text.to_string())
}

/// A folder with files.
pub(crate) struct Folder(pub(crate) tempfile::TempDir);

impl Folder {
    pub(crate) fn new(files: &[(&str, &str)]) -> Folder {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Folder(folder)
    }

    pub(crate) fn load(&self, entries: &str, ports: &[RowPort]) -> Result<DataSet, LoadError> {
        self.load_with(entries, ports, &Overrides::default())
    }

    pub(crate) fn load_with(
        &self,
        entries: &str,
        ports: &[RowPort],
        overrides: &Overrides,
    ) -> Result<DataSet, LoadError> {
        let spec = spec(entries, ports).unwrap_or_else(|problems| panic!("{entries}: {problems:?}"));
        spec.load(self.0.path(), overrides, 0)
    }

    /// The error of a load, after checks that every load error must pass.
    pub(crate) fn error(&self, entries: &str, ports: &[RowPort]) -> DataError {
        let found = self.load(entries, ports).expect_err(entries);
        let diagnostic = found.diagnostic();
        assert_eq!(diagnostic.code, found.error.code());
        assert!(catalog::entry(diagnostic.code).is_some(), "{} has no page", diagnostic.code);
        assert_eq!(diagnostic.message, found.to_string());
        *found.error
    }
}

/// One CSV file and a load.
pub(crate) fn one(csv: &str, entries: &str, ports: &[RowPort]) -> Result<DataSet, LoadError> {
    Folder::new(&[("a.csv", csv)]).load(&format!("file = \"a.csv\"\n{entries}"), ports)
}

/// The error of a load of one file, whose path is cut to its name.
pub(crate) fn message(csv: &str, entries: &str, ports: &[RowPort]) -> String {
    let folder = Folder::new(&[("a.csv", csv)]);
    let error = folder.error(&format!("file = \"a.csv\"\n{entries}"), ports);
    let path = folder.0.path().join("a.csv").display().to_string();
    error.to_string().replace(&path, "a.csv")
}

pub(crate) fn reals(data: &DataSet, name: &str) -> Vec<f64> {
    match &data.port(name).unwrap().values {
        Values::Real(values) => values.clone(),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn labels(data: &DataSet, name: &str) -> Vec<u32> {
    match &data.port(name).unwrap().values {
        Values::Index(values) => values.clone(),
        other => panic!("{other:?}"),
    }
}
