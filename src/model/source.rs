//! A model: what a `.nn` file says, checked, before anything is compiled.
//!
//! Reads the front end and files. Must not know back ends.

use super::compile::{self, CompileTimings, Options};
use super::error::{CompileError, ModelError};
use super::function::{Function, IndexNeed, SizeNeed};
use super::non_finite::{NonFinite, TraceError};
use super::signature::{self, Port};
use super::slice::Slice;
use super::sparse::SparseDerivative;
use crate::diag::{Diagnostic, Report};
use crate::graph::{Graph, Program};
use crate::lower::{self, Lowered};
use crate::notation::Form;
use crate::random::fnv1a;
use crate::span::SourceMap;
use crate::syntax;
use crate::syntax::ast::Block;
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A checked model.
///
/// ```
/// use nnc::model::Model;
///
/// let model = Model::from_source("input x\nparam a = 2\noutput y = a * x\n")?;
/// assert_eq!(model.program().ports.len(), 2);
///
/// let error = Model::from_source("output y = a * x\n").unwrap_err();
/// assert!(error.to_string().starts_with("<source>:1:12: E02"));
/// # Ok::<(), nnc::model::ModelError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Model {
    sources: SourceMap,
    lowered: Lowered,
    directory: PathBuf,
    lowering: Duration,
}

impl Model {
    /// Reads a model from its text. It may import `std`, but no files.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_source(text: &str) -> Result<Model, ModelError> {
        let loader = |path: &str| Err(format!("a model without a file cannot import `{path}`"));
        Model::read("<source>", text, PathBuf::new(), &loader)
    }

    /// Reads a model from a file. Imports and data files are relative to its folder.
    ///
    /// # Errors
    /// A file that cannot be read or is not UTF-8, and everything that is wrong with the model.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Model, ModelError> {
        let path = path.as_ref();
        let read = |e: std::io::Error| ModelError::Read { path: path.into(), reason: e.to_string() };
        let bytes = std::fs::read(path).map_err(read)?;
        let directory = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Model::from_bytes(&path.display().to_string(), &bytes, directory)
    }

    /// Reads a model from the bytes of a file, called `name` in messages. Imports and data files are relative to
    /// `directory`.
    ///
    /// # Errors
    /// As [`Model::from_file`].
    pub fn from_bytes(name: &str, bytes: &[u8], directory: PathBuf) -> Result<Model, ModelError> {
        let text = syntax::decode(crate::span::FileId(0), bytes).map_err(|not_text| {
            let mut sources = SourceMap::default();
            sources.add(name, not_text.text);
            ModelError::Model(Report { sources, diagnostics: vec![not_text.diagnostic] })
        })?;
        let folder = directory.clone();
        let loader = |path: &str| std::fs::read_to_string(folder.join(path)).map_err(|e| e.to_string());
        Model::read(name, text, directory, &loader)
    }

    fn read(name: &str, text: &str, directory: PathBuf, loader: lower::Loader) -> Result<Model, ModelError> {
        let start = Instant::now();
        let mut sources = SourceMap::default();
        let main = sources.add(name, text);
        let lowered = lower::lower(&mut sources, main, loader);
        if lowered.has_errors() {
            return Err(ModelError::Model(Report { sources, diagnostics: lowered.diagnostics }));
        }
        Ok(Model { sources, lowered, directory, lowering: start.elapsed() })
    }

    /// A `fn` of this file by itself: a model whose inputs are the arguments, under their names, and whose output is
    /// `result`. An argument has the type given here, else the one that the `fn` states, else it is one number; one with a
    /// default that is not named here keeps the default. Dims of the types that the file does not know are open.
    ///
    /// ```
    /// use nnc::model::{Model, Options};
    ///
    /// let model = Model::from_source("precision f64\nfn area(r, k) = k * r^2\n")?;
    /// let area = model.function("area", &[("r", "[N]")])?;
    /// let f = area.compile(&Options::values(["result"]))?;
    /// let found = f.evaluate(&[("r", (&[1.0f64, 2.0]).into()), ("k", (&[3.0f64]).into())])?;
    /// assert_eq!(found[0].values.to_f64(), [3.0, 12.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A name that does not exist; everything that is wrong with the `fn` for these types.
    pub fn function(&self, name: &str, types: &[(&str, &str)]) -> Result<Model, CompileError> {
        let Some(file) = self.sources.files().first() else {
            return Err(CompileError::UnknownFunction { name: name.into(), nearest: None });
        };
        let text = super::of_function::text_of(&file.text, name, types)?;
        let folder = self.directory.clone();
        let loader = |path: &str| std::fs::read_to_string(folder.join(path)).map_err(|e| e.to_string());
        Model::read(&file.name, &text, self.directory.clone(), &loader).map_err(|e| match e {
            ModelError::Model(report) => CompileError::Model(report),
            other => CompileError::Native { reason: other.to_string() },
        })
    }

    /// Makes a function that computes what the options ask for.
    ///
    /// # Errors
    /// Names that the model does not have, and derivatives that do not exist.
    pub fn compile(&self, options: &Options) -> Result<Function, CompileError> {
        self.check_sizes(&options.dims)?;
        Ok(self.guarded(compile::compile(self.program(), options)?))
    }

    /// A Jacobian ([`Options::jacobian`]) or Hessian ([`Options::hessian`]) of which only the entries are computed that may
    /// be other than 0. Their pattern follows from the graph; it needs a size for every dim, and the values of index ports
    /// that the model reads. Columns or rows that no entry mixes share a pass. [`Options::mode`] chooses the mode of a
    /// Jacobian; without it that with fewer passes is taken. A Hessian is always computed forward over reverse.
    ///
    /// # Errors
    /// As [`Model::compile`]; sizes and indices that are not given.
    pub fn sparse(&self, options: &Options, indices: &[(&str, &[u32])]) -> Result<SparseDerivative, CompileError> {
        self.check_sizes(&options.dims)?;
        super::sparse::sparse(self.program(), options, indices, |f| self.guarded(f))
    }

    /// A function with the checks of the model.
    fn guarded(&self, function: Function) -> Function {
        let need = |c: &crate::lower::SizeCheck| SizeNeed {
            size: c.at_least_zero.clone(),
            what: c.what.clone(),
            place: self.sources.place(c.span),
        };
        let needs = self.lowered.size_checks.iter().map(need).collect();
        let checks = &self.lowered.index_checks;
        let graph = (!checks.is_empty()).then(|| Arc::new(self.program().graph.clone()));
        let index = |(c, graph): (&crate::lower::IndexCheck, &Arc<Graph>)| IndexNeed {
            graph: graph.clone(),
            outside: c.outside,
            place: self.sources.place(c.span),
        };
        let indices = checks.iter().zip(graph.iter().cycle()).map(index).collect();
        function.with_front_end(self.lowering, needs, indices)
    }

    /// A function of the residuals of a loss, whose squares add up to it but for what no param changes, and, in the same
    /// order, of their changes when every param moves along its direction: an input named
    /// [`DIRECTION`](super::DIRECTION) and the param. None if the loss is no sum of squares. Of the options, `free`,
    /// `training`, the back end and the sizes count.
    ///
    /// # Errors
    /// As [`Model::compile`].
    pub fn residuals(&self, options: &Options, loss: &str) -> Result<Option<Function>, CompileError> {
        super::least_squares::residuals(self.program(), options, loss)
    }

    /// The derivatives that the options ask for ([`Options::gradient`], [`Options::jacobian`] or [`Options::hessian`]),
    /// printed as a model that compiles again: its outputs are named `dW` for a param `W`, `dp_dW` for the Jacobian of
    /// `p`, `d2_W_b` for a block of the Hessian. Also tells how long that took.
    ///
    /// # Errors
    /// As [`Model::compile`].
    pub fn derivative(&self, options: &Options) -> Result<(String, CompileTimings), CompileError> {
        self.derivative_as(options, Form::Source)
    }

    /// As [`Model::derivative`], in another form: plain text, LaTeX, MathML, or the graph for Graphviz.
    ///
    /// # Errors
    /// As [`Model::compile`].
    pub fn derivative_as(&self, options: &Options, form: Form) -> Result<(String, CompileTimings), CompileError> {
        let program = self.whole_loops();
        let (text, timings) = super::derivative::derivative(&program, options, form)?;
        // Better nothing than a text that says something else.
        let source = match form {
            Form::Source => None,
            _ => Some(super::derivative::derivative(&program, options, Form::Source)?.0),
        };
        if Model::from_source(source.as_ref().unwrap_or(&text)).is_err() {
            return Err(CompileError::NotPrintable);
        }
        Ok((text, CompileTimings { lower: self.lowering, ..timings }))
    }

    /// How the gradient that the options ask for comes about: the parts of the value, the chain rule for each, the rules
    /// that simplify the result, and the result. For people to read.
    ///
    /// # Errors
    /// As [`Model::compile`].
    pub fn derivative_steps(&self, options: &Options) -> Result<String, CompileError> {
        super::steps::steps(&self.whole_loops(), options)
    }

    /// The program without the blocks of `checkpoint`, which say how a loop is worked out and not what it is.
    fn whole_loops(&self) -> Cow<'_, Program> {
        let mut files = self.sources.files().iter();
        if files.clone().all(|f| !f.text.contains("checkpoint")) {
            return Cow::Borrowed(self.program());
        }
        let Some(main) = files.next() else { return Cow::Borrowed(self.program()) };
        let mut sources = SourceMap::default();
        let id = sources.add(main.name.clone(), main.text.clone());
        let loader = |path: &str| {
            let found = files.clone().find(|f| f.name == path);
            found.map(|f| f.text.clone()).ok_or_else(|| "it was not read before".to_string())
        };
        Cow::Owned(lower::lower_whole_loops(&mut sources, id, &loader).program)
    }

    /// Whether what the options differentiate is another in training than in use: whether it reads `training`.
    ///
    /// # Errors
    /// A name that does not exist.
    pub fn reads_training(&self, options: &Options) -> Result<bool, CompileError> {
        let program = self.program();
        let (of, _) = super::compile::differentiated(program, options)?;
        let read = super::compile::reachable_ports(&program.graph, std::iter::once(of));
        Ok(program.training.is_some_and(|port| read.contains(&port)))
    }

    /// For a call whose results are infinite or NaN: the first value that is, with its place in the model, what it is computed
    /// from, and what would avoid it. The inputs are those of the function that the options give, in its order. Runs the
    /// interpreter, in single precision if the model is. None if all results are finite.
    ///
    /// # Errors
    /// Options or inputs that do not fit the model.
    pub fn trace_non_finite(&self, options: &Options, inputs: &[Slice]) -> Result<Option<NonFinite>, TraceError> {
        super::non_finite::trace(self.program(), options, inputs)
    }

    /// Checks what must hold of open dims, for those whose size is given.
    fn check_sizes(&self, dims: &[(String, usize)]) -> Result<(), CompileError> {
        if self.lowered.size_checks.is_empty() {
            return Ok(());
        }
        let mut lowered = self.lowered.clone();
        let extents = &mut lowered.program.graph.extents;
        for (name, size) in dims {
            let dim = extents.dims().iter().position(|d| d.name == *name && d.is_open());
            if let (Some(dim), Ok(size)) = (dim, i64::try_from(*size)) {
                extents.fix(crate::graph::DimId(dim as u32), size);
            }
        }
        let problems = lowered.check_sizes();
        if problems.is_empty() {
            return Ok(());
        }
        Err(CompileError::Model(self.report(problems)))
    }

    /// A report about this model: diagnostics with the sources they point into.
    pub fn report(&self, diagnostics: Vec<Diagnostic>) -> Report {
        Report { sources: self.sources.clone(), diagnostics }
    }

    /// The graph with its named ports and values.
    pub fn program(&self) -> &Program {
        &self.lowered.program
    }

    /// The inputs, targets and params, in order of declaration.
    pub fn ports(&self) -> Vec<Port> {
        signature::declared(self.program())
    }

    /// The outputs, losses and metrics, in order of definition.
    pub fn values(&self) -> Vec<Port> {
        signature::defined(self.program())
    }

    /// The texts that spans point into. The first is the model itself.
    pub fn sources(&self) -> &SourceMap {
        &self.sources
    }

    /// The `data` blocks, in order.
    pub fn data_blocks(&self) -> &[Block] {
        &self.lowered.data
    }

    /// The `train` blocks, in order.
    pub fn train_blocks(&self) -> &[Block] {
        &self.lowered.train
    }

    /// What is questionable but not wrong.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.lowered.diagnostics
    }

    /// The folder that paths in the model are relative to.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// How long reading and checking the text took.
    pub fn lowering(&self) -> Duration {
        self.lowering
    }

    /// The timings with parsing and lowering told apart: parses the text once more to see how long that takes.
    pub fn with_parsing(&self, timings: CompileTimings) -> CompileTimings {
        let Some(file) = self.sources.files().first() else { return timings };
        let start = Instant::now();
        let _ = syntax::parse(crate::span::FileId(0), &file.text);
        let parse = start.elapsed().min(self.lowering);
        CompileTimings { parse, lower: self.lowering - parse, ..timings }
    }
}

/// What [`Weights::source_hash`](super::Weights::source_hash) says of a model's text: its 64-bit FNV-1a hash.
pub fn source_hash(text: &str) -> u64 {
    fnv1a(text.as_bytes())
}
