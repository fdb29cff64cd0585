//! What several commands read: the model, the settings, the data, the weights.

use crate::args::DataArgs;
use crate::console::Console;
use crate::failure::Failure;
use nnc::data::{Overrides, Statistics};
use nnc::diag::Report;
use nnc::fit::{Dataset, Settings, load};
use nnc::model::{CompileError, Model, Weights};
use nnc::syntax;
use nnc::syntax::ast::{Block, StatementKind};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Reads a model; `-` is standard input.
pub fn model(path: &Path) -> Result<Model, Failure> {
    if path != Path::new("-") {
        return Ok(Model::from_file(path)?);
    }
    let mut bytes = vec![];
    let read = std::io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|e| Failure::usage(format!("cannot read standard input: {e}")))?;
    Ok(Model::from_bytes("<stdin>", &bytes, PathBuf::new())?)
}

/// The settings of the chosen `train` block, with those of the command line over them.
pub fn settings(model: &Model, chosen: Option<&str>, given: &[(String, String)]) -> Result<Settings, Failure> {
    let blocks = model.train_blocks();
    if let Some(name) = chosen
        && !Settings::block_names(blocks).any(|n| n == name)
    {
        let near = nnc::diag::catalog::nearest(name, Settings::block_names(blocks));
        let hint = near.map_or(String::new(), |n| format!("; did you mean `{n}`?"));
        return Err(Failure::usage(format!("the model has no `train {name}` block{hint}")));
    }
    // Settings of the command line are a `train` block of their own, so that they mean the same as in a file and their
    // problems are shown in the same way.
    let mut sources = model.sources().clone();
    let mut overrides: Vec<Block> = vec![];
    for (key, value) in given {
        let text = format!("train {{ {key} = {value} }}");
        let file = sources.add("<command line>", text.as_str());
        let parsed = syntax::parse(file, &text);
        if parsed.diagnostics.iter().any(|d| d.is_error()) {
            return Err(Failure::model(Report { sources, diagnostics: parsed.diagnostics }));
        }
        overrides.extend(parsed.ast.statements.into_iter().filter_map(|s| match s.kind {
            StatementKind::Train(block) => Some(block),
            _ => None,
        }));
    }
    Settings::new(model.program(), blocks, chosen, &overrides)
        .map_err(|diagnostics| Failure::model(Report { sources, diagnostics }))
}

/// `key = value` of an option `--set key=value`.
pub fn key_value(text: &str) -> Result<(String, String), Failure> {
    match text.split_once('=') {
        Some((key, value)) => Ok((key.trim().to_string(), value.trim().to_string())),
        None => Err(Failure::usage(format!("`--set {text}`: write KEY=VALUE"))),
    }
}

/// What of the data is wanted.
#[derive(Debug, Default)]
pub struct Wanted {
    /// All rows, not split.
    pub all_rows: bool,
    /// Only these ports.
    pub ports: Option<Vec<String>>,
    /// Statistics and sizes of fitted weights.
    pub fitted: Option<(Statistics, BTreeMap<String, usize>)>,
}

/// Reads the data of a model, shows what is questionable about model and data.
pub fn read(console: &Console, model: &Model, args: &DataArgs, seed: u64, wanted: Wanted) -> Result<Dataset, Failure> {
    let mut overrides = Overrides { all_rows: wanted.all_rows, ports: wanted.ports, ..Overrides::default() };
    if let Some((statistics, extents)) = wanted.fitted {
        overrides.statistics = Some(statistics);
        overrides.extents = extents;
    }
    files(model, &args.data, &mut overrides)?;
    for (name, size) in &args.dim {
        let dims = model.program().graph.extents.dims().iter();
        let open: Vec<&str> = dims.filter(|d| d.is_open()).map(|d| d.name.as_str()).collect();
        if !open.contains(&name.as_str()) {
            let nearest = nnc::diag::catalog::nearest(name, open).map(Into::into);
            return Err(CompileError::UnknownDim { name: name.clone(), nearest }.into());
        }
        if let Some(fitted) = overrides.extents.insert(name.clone(), *size).filter(|fitted| fitted != size) {
            let message = format!("`--dim {name}={size}`: the weights were fitted with {name} = {fitted}");
            return Err(Failure::usage(message));
        }
    }
    let (mut data, warnings) = load(model, &overrides, seed).map_err(|e| Failure::of_fit(model, e))?;
    console.warnings(model, &warnings)?;
    for (name, size) in &args.dim {
        if !data.dims.iter().any(|(n, _)| n == name) {
            data.dims.push((name.clone(), *size));
        }
    }
    Ok(data)
}

/// The files of `--data [NAME=]PATH`.
fn files(model: &Model, given: &[String], overrides: &mut Overrides) -> Result<(), Failure> {
    let blocks = model.data_blocks();
    if blocks.is_empty() && !given.is_empty() {
        return Err(Failure::usage("the model has no `data` block that says what to do with the columns of a file"));
    }
    let names: Vec<&str> = blocks.iter().filter_map(|b| b.name.as_ref().map(|n| n.text.as_str())).collect();
    for one in given {
        let named = one.split_once('=').filter(|(name, _)| names.contains(name));
        let twice = match named {
            Some((name, path)) => overrides.files.insert(name.to_string(), PathBuf::from(path)).is_some(),
            None if blocks.len() > 1 => {
                let message =
                    format!("`--data {one}`: say which block: --data {}=PATH", names.join("=PATH or --data "));
                return Err(Failure::usage(message));
            }
            None => overrides.file.replace(PathBuf::from(one)).is_some(),
        };
        if twice || (overrides.file.is_some() && !overrides.files.is_empty()) {
            return Err(Failure::usage("`--data` is given more than once for one `data` block"));
        }
    }
    Ok(())
}

/// Where the weights of a model are: the given path, or MODEL.safetensors beside the model.
pub fn weights_path(model: &Path, given: Option<&Path>, option: &str) -> Result<PathBuf, Failure> {
    match given {
        None if model == Path::new("-") => {
            Err(Failure::usage(format!("a model from standard input has no place beside it: state `{option}`")))
        }
        None => Ok(model.with_extension("safetensors")),
        Some(path) if path.is_dir() => {
            let name = model.file_stem().filter(|_| model != Path::new("-")).unwrap_or("model".as_ref());
            Ok(path.join(name).with_extension("safetensors"))
        }
        Some(path) => Ok(path.to_path_buf()),
    }
}

/// Fitted weights that belong to the model, with the sizes and statistics that they fix.
pub fn weights(
    console: &Console,
    model: &Model,
    path: &Path,
) -> Result<(Weights, Statistics, BTreeMap<String, usize>), Failure> {
    let weights = Weights::load(path)?;
    let named = |e: nnc::model::WeightsError| Failure::Message(format!("`{}`: {e}", path.display()), 1);
    let sizes = weights.check(model.program()).map_err(named)?;
    let texts = weights.statistics.iter().map(|(k, v)| (k.as_str(), v.as_str()));
    let statistics =
        Statistics::from_strings(texts).map_err(|e| Failure::Message(format!("`{}`: {e}", path.display()), 1))?;
    let dims = model.program().graph.extents.dims();
    let open = dims.iter().zip(sizes).filter(|(d, n)| d.is_open() && *n > 0);
    let extents = open.map(|(d, n)| (d.name.clone(), n)).collect();
    let text = model.sources().files().first().map_or("", |f| f.text.as_str());
    if weights.source_hash.is_some_and(|hash| hash != nnc::model::source_hash(text)) {
        console.say("note: the model has changed since these weights were made");
    }
    Ok((weights, statistics, extents))
}
