//! Sparse Jacobians and Hessians: the pattern from the graph, few passes by colouring.
//!
//! Columns (or rows) of one colour are computed by one pass along the sum of their directions, and all colours by one
//! call: the passes are an axis of the compiled function.
//!
//! Reads prepared terms, patterns and compiled functions.

use super::colouring::{self, Pattern};
use super::compile::{Options, Prepared, Target, differentiated, finish, prepare, reachable_ports};
use super::differentiate::DerivativeForm;
use super::error::{CallError, CompileError};
use super::function::{Function, Workspace};
use super::signature::{PortRole, Signature};
use super::slice::{Element, Slice, SliceMut, Values};
use crate::diag::catalog::nearest;
use crate::graph::{Axis, AxisSet, ExtentId, Graph, NodeId, Poly, PortId, PortKind, Program, Role};
use crate::interp::{self, Bindings};
use crate::pass::{self, Mode};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// A compiled Jacobian or Hessian of which only the entries that may be other than 0 are computed.
///
/// Its rows are the elements of what is differentiated (for a Hessian those of the ports), its columns the elements of
/// the ports, one port after the other; arrays count row-major.
#[derive(Clone, Debug)]
pub struct SparseDerivative {
    function: Function,
    pattern: Pattern,
    mode: Mode,
    colours: usize,
    /// The directions of all passes: inputs of the function after those of the model.
    seeds: Vec<Values>,
    /// For each entry, which compressed result it stands in and where.
    source: Vec<(u32, u32)>,
    /// Inputs that the pattern depends on, by place, with the values it was made for.
    fixed: Vec<(usize, Vec<u32>)>,
}

/// The memory of calls of a [`SparseDerivative`].
#[derive(Debug)]
pub struct SparseWorkspace {
    inner: Workspace,
    value: Values,
    compressed: Vec<Values>,
}

impl SparseDerivative {
    /// The rows of the entries, in the order in which they are computed: by row, then by column.
    pub fn rows(&self) -> Vec<u32> {
        let row = |(i, row): (usize, &Vec<u32>)| std::iter::repeat_n(i as u32, row.len());
        self.pattern.rows.iter().enumerate().flat_map(row).collect()
    }

    /// The columns of the entries.
    pub fn columns(&self) -> Vec<u32> {
        self.pattern.rows.concat()
    }

    /// How many rows and columns there are.
    pub fn shape(&self) -> [usize; 2] {
        [self.pattern.rows.len(), self.pattern.columns]
    }

    /// How many entries are computed.
    pub fn entries(&self) -> usize {
        self.source.len()
    }

    /// How many passes a call takes.
    pub fn colours(&self) -> usize {
        self.colours
    }

    /// The mode of the passes; that of a Hessian is forward over reverse.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// What a call takes: the first inputs of the compiled function; the directions that follow are filled in.
    pub fn inputs(&self) -> &[super::Port] {
        let inputs = &self.function.signature().inputs;
        &inputs[..inputs.len() - self.seeds.len()]
    }

    /// The signature of the function behind it.
    pub fn signature(&self) -> &Signature {
        self.function.signature()
    }

    /// Memory for calls; each thread needs its own.
    pub fn workspace(&self) -> SparseWorkspace {
        let size = |s: &super::Size| s.known.unwrap_or(0);
        let zeros = |p: &super::Port| Values::zeros(p.element, p.shape.iter().map(size).product());
        let mut results = self.function.signature().results.iter().map(zeros);
        let value = results.next().unwrap_or(Values::F64(vec![]));
        SparseWorkspace { inner: self.function.workspace(), value, compressed: results.collect() }
    }

    /// Computes the entries, in the order of [`SparseDerivative::rows`] and [`SparseDerivative::columns`]. Allocates
    /// nothing.
    ///
    /// # Errors
    /// As [`Function::call`]; [`CallError::Pattern`] for indices other than those that the pattern was made for.
    pub fn values(
        &self,
        inputs: &[Slice],
        entries: SliceMut,
        workspace: &mut SparseWorkspace,
    ) -> Result<(), CallError> {
        let own = self.inputs();
        if inputs.len() != own.len() {
            return Err(CallError::Count { what: "inputs", expected: own.len(), given: inputs.len() });
        }
        for (place, values) in &self.fixed {
            if let Slice::Index(given) = inputs[*place]
                && given != values.as_slice()
            {
                return Err(CallError::Pattern { port: own[*place].name.clone() });
            }
        }
        let all: SmallVec<[Slice; 32]> =
            inputs.iter().copied().chain(self.seeds.iter().map(Values::as_slice)).collect();
        let SparseWorkspace { inner, value, compressed } = workspace;
        let mut outputs: SmallVec<[SliceMut; 32]> =
            std::iter::once(value).chain(compressed.iter_mut()).map(Values::as_slice_mut).collect();
        self.function.call(&all, &mut outputs, inner)?;
        drop(outputs);
        match entries {
            SliceMut::F64(to) => self.gather(to, compressed, |values| match values {
                Values::F64(v) => Some(v),
                _ => None,
            }),
            SliceMut::F32(to) => self.gather(to, compressed, |values| match values {
                Values::F32(v) => Some(v),
                _ => None,
            }),
            SliceMut::Index(_) | SliceMut::Bool(_) => Err(self.wrong_element(entries_type(&entries))),
        }
    }

    fn gather<T: Copy>(
        &self,
        to: &mut [T],
        compressed: &[Values],
        typed: impl Fn(&Values) -> Option<&Vec<T>>,
    ) -> Result<(), CallError> {
        if to.len() != self.source.len() {
            let (expected, given) = (self.source.len(), to.len());
            return Err(CallError::Count { what: "entries", expected, given });
        }
        for (to, (result, offset)) in to.iter_mut().zip(&self.source) {
            let Some(values) = typed(&compressed[*result as usize]) else {
                return Err(self.wrong_element(match std::mem::size_of::<T>() {
                    4 => Element::F32,
                    _ => Element::F64,
                }));
            };
            *to = values[*offset as usize];
        }
        Ok(())
    }

    fn wrong_element(&self, given: Element) -> CallError {
        let expected = Element::from(self.function.signature().precision).rust_type();
        CallError::Element { port: "entries".into(), expected, given: given.rust_type() }
    }
}

fn entries_type(entries: &SliceMut) -> Element {
    match entries {
        SliceMut::F32(_) => Element::F32,
        SliceMut::F64(_) => Element::F64,
        SliceMut::Index(_) => Element::Index,
        SliceMut::Bool(_) => Element::Bool,
    }
}

/// What is differentiated by what.
struct Problem {
    graph: Graph,
    /// The value, then its gradients if it is the Hessian that is asked for.
    value: Target,
    /// What the rows are elements of.
    rows: Vec<Target>,
    /// What the columns are elements of.
    columns: Vec<PortId>,
    ports: Vec<(PortId, PortRole)>,
    prepared: Prepared,
}

/// Compiles the Jacobian or Hessian that the options ask for. `guard` adds the checks of the model to a function.
pub(super) fn sparse(
    program: &Program,
    options: &Options,
    indices: &[(&str, &[u32])],
    guard: impl Fn(Function) -> Function,
) -> Result<SparseDerivative, CompileError> {
    let problem = Problem::new(program, options)?;
    let symmetric = options.form == DerivativeForm::Hessian;
    let pattern = problem.pattern(program, indices)?;
    let (pattern, mode, colours) = if symmetric {
        let pattern = pattern.symmetric();
        let colours = colouring::star(&pattern);
        (pattern, Mode::Forward, colours)
    } else {
        let (forward, reverse) = (colouring::columns(&pattern), colouring::columns(&pattern.transposed()));
        let fewer = if count(&forward) <= count(&reverse) { Mode::Forward } else { Mode::Reverse };
        let mode = options.mode.unwrap_or(fewer);
        (pattern, mode, if mode == Mode::Forward { forward } else { reverse })
    };
    let lengths = |graph: &Graph, axes: &[Axis]| axes.iter().map(|a| known(graph, *a)).product::<usize>();
    let row_sizes: Vec<usize> = problem.rows.iter().map(|t| lengths(&problem.graph, &t.axes)).collect();
    let column_sizes: Vec<usize> =
        problem.columns.iter().map(|p| lengths(&problem.graph, &problem.graph.port_info(*p).axes)).collect();
    let passes = count(&colours).max(1);
    // What carries colours is given, what the passes yield comes back.
    let (given, back) = match mode {
        Mode::Forward => (&column_sizes, &row_sizes),
        Mode::Reverse => (&row_sizes, &column_sizes),
    };
    let seeds = seeds(&colours, given, passes, program.precision.into());
    let place = places(back);
    let mut source = vec![];
    for (i, row) in pattern.rows.iter().enumerate() {
        let own = |j: u32| colours[j as usize];
        for j in row {
            let (pass, at) = match mode {
                Mode::Reverse => (colours[i], *j as usize),
                // Alone in its row among the columns of its colour, or its mirror image is.
                Mode::Forward if !symmetric || row.iter().filter(|k| own(**k) == own(*j)).count() == 1 => (own(*j), i),
                Mode::Forward => (colours[i], *j as usize),
            };
            let (array, offset) = place(at);
            source.push((array as u32, (pass as usize * back[array] + offset) as u32));
        }
    }
    let function = guard(problem.compressed(program, options, mode, passes)?);
    let fixed = indices
        .iter()
        .filter_map(|(name, values)| Some((function.signature().input(name)?, values.to_vec())))
        .collect();
    Ok(SparseDerivative { function, pattern, mode, colours: passes, seeds, source, fixed })
}

fn count(colours: &[u32]) -> usize {
    colours.iter().max().map_or(0, |m| *m as usize + 1)
}

fn known(graph: &Graph, axis: Axis) -> usize {
    graph.extents.known(graph.extent(axis)).and_then(|n| usize::try_from(n).ok()).unwrap_or(0)
}

/// Which array an element of all of them is in, and where there.
fn places(sizes: &[usize]) -> impl Fn(usize) -> (usize, usize) {
    let sizes = sizes.to_vec();
    move |mut at| {
        let mut array = 0;
        while array + 1 < sizes.len() && at >= sizes[array] {
            at -= sizes[array];
            array += 1;
        }
        (array, at)
    }
}

/// For each array its directions: 1 where an element has the colour of the pass.
fn seeds(colours: &[u32], sizes: &[usize], passes: usize, element: Element) -> Vec<Values> {
    let mut first = 0;
    let mut out = vec![];
    for size in sizes {
        let mut directions = vec![0.0; passes * size];
        for (i, colour) in colours[first..first + size].iter().enumerate() {
            directions[*colour as usize * size + i] = 1.0;
        }
        first += size;
        let mut values = Values::zeros(element, directions.len());
        values.as_slice_mut().set_f64(&directions);
        out.push(values);
    }
    out
}

impl Problem {
    fn new(program: &Program, options: &Options) -> Result<Problem, CompileError> {
        let (_, wrt) = differentiated(program, options)?;
        if !matches!(options.form, DerivativeForm::Jacobian | DerivativeForm::Hessian) {
            return Err(CompileError::NotSparse);
        }
        let name = options.gradient_of.clone().unwrap_or_default();
        let only = Options { gradient_of: None, values: vec![name], ..options.clone() };
        let mut prepared = prepare(program, &only, true)?;
        let mut graph = std::mem::take(&mut prepared.graph);
        if let Some(open) = graph.extents.dims().iter().find(|d| d.is_open()) {
            return Err(CompileError::OpenSize { dim: open.name.clone() });
        }
        let value = prepared.targets.swap_remove(0);
        // A param in its free form is another port of the same name.
        let read = |port: &PortId| {
            let name = &program.graph.port_info(*port).name;
            prepared.ports.iter().map(|p| p.0).find(|p| graph.port_info(*p).name == *name).unwrap_or(*port)
        };
        let columns: Vec<PortId> = wrt.iter().map(read).collect();
        let rows = if options.form == DerivativeForm::Hessian {
            let leaves: Vec<NodeId> = columns.iter().map(|p| graph.port(*p)).collect();
            let gradients = pass::gradient(&mut graph, value.node, &leaves);
            let gradients = pass::normalize(&mut graph, &gradients);
            let target = |(port, node): (&PortId, NodeId)| {
                let info = graph.port_info(*port);
                Target { name: info.name.clone(), role: PortRole::Gradient, node, axes: info.axes.clone() }
            };
            columns.iter().zip(gradients).map(target).collect()
        } else {
            vec![value.clone()]
        };
        let ports = prepared.ports.clone();
        Ok(Problem { graph, value, rows, columns, ports, prepared })
    }

    fn pattern(&self, program: &Program, indices: &[(&str, &[u32])]) -> Result<Pattern, CompileError> {
        let graph = &self.graph;
        let dims = graph.extents.dims().iter().map(|d| d.value.unwrap_or(1)).collect();
        let mut bindings = Bindings { dims, ports: FxHashMap::default() };
        for (name, values) in indices {
            let Some(port) = program.port(name) else {
                let all = program.ports.iter().map(|p| graph.port_info(p.id).name.as_str());
                return Err(CompileError::UnknownPort {
                    name: (*name).into(),
                    nearest: nearest(name, all).map(Into::into),
                });
            };
            bindings.ports.insert(port.id, values.iter().map(|v| f64::from(*v)).collect());
        }
        let leads = |p: &&(PortId, PortRole)| matches!(graph.port_info(p.0).kind, PortKind::Index(_));
        if let Some((missing, _)) = self.ports.iter().filter(leads).find(|p| !bindings.ports.contains_key(&p.0)) {
            return Err(CompileError::UnknownIndices { name: graph.port_info(*missing).name.clone() });
        }
        let mut rows = vec![];
        for target in &self.rows {
            let found = interp::dependence(graph, &bindings, (target.node, &target.axes), &self.columns);
            let found = found.map_err(|e| CompileError::Pattern { reason: e.to_string() })?;
            rows.extend(found.iter().map(|set| set.to_vec()));
        }
        let size = |p: &PortId| graph.port_info(*p).axes.iter().map(|a| known(graph, *a)).product::<usize>();
        Ok(Pattern { columns: self.columns.iter().map(size).sum(), rows })
    }

    /// The function of all passes: the value, then what each array of the other side becomes, along passes first.
    fn compressed(
        self,
        program: &Program,
        options: &Options,
        mode: Mode,
        passes: usize,
    ) -> Result<Function, CompileError> {
        let Problem { mut graph, value, rows, columns, ports, prepared } = self;
        let extent = graph.extents.intern(Poly::constant(passes as i64));
        let leaves: Vec<NodeId> = columns.iter().map(|p| graph.port(*p)).collect();
        let roots: Vec<NodeId> = rows.iter().map(|t| t.node).chain(leaves.iter().copied()).collect();
        let own: AxisSet = rows.iter().flat_map(|t| t.axes.iter().copied()).collect();
        let pass = graph.unused_axes(&roots, &own, &[Axis { extent, ordinal: 0 }])[0];
        let mut added = vec![];
        // A port with the axis of passes before those of an array, as a term.
        let mut direction = |graph: &mut Graph, name: &str, axes: &[Axis]| {
            let shape: Vec<ExtentId> = std::iter::once(extent).chain(axes.iter().map(|a| a.extent)).collect();
            let port = graph.declare_port(format!("passes of {name}"), PortKind::Real, &shape);
            added.push(port);
            let names = graph.port_info(port).axes.clone();
            let node = graph.port(port);
            let map = graph.renaming(names.into_iter().zip(std::iter::once(pass).chain(axes.iter().copied())));
            graph.at(node, &map)
        };
        let mut targets = vec![value];
        match mode {
            Mode::Forward => {
                let mut moves = vec![];
                for (port, leaf) in columns.iter().zip(&leaves) {
                    let info = graph.port_info(*port).clone();
                    moves.push((*leaf, direction(&mut graph, &info.name, &info.axes)));
                }
                for row in rows {
                    let node = pass::tangent(&mut graph, row.node, &moves);
                    let axes = std::iter::once(pass).chain(row.axes).collect();
                    targets.push(Target { name: row.name, role: PortRole::Tangent, node, axes });
                }
            }
            Mode::Reverse => {
                let kept: AxisSet = [pass].into_iter().collect();
                let row = &rows[0];
                let seed = direction(&mut graph, &row.name, &row.axes);
                let found = pass::cotangents(&mut graph, row.node, seed, &kept, &leaves);
                for (port, node) in columns.iter().zip(found) {
                    let info = graph.port_info(*port);
                    let axes = std::iter::once(pass).chain(info.axes.iter().copied()).collect();
                    targets.push(Target { name: info.name.clone(), role: PortRole::Gradient, node, axes });
                }
            }
        }
        let roots: Vec<NodeId> = targets.iter().map(|t| t.node).collect();
        let roots = pass::normalize(&mut graph, &roots);
        let (graph, roots) = graph.pruned(&roots);
        for (target, node) in targets.iter_mut().zip(roots) {
            target.node = node;
        }
        let mut all: Vec<(PortId, PortRole)> = ports;
        let read = reachable_ports(&graph, targets.iter().map(|t| t.node));
        let more = read.into_iter().filter(|p| !added.contains(p) && !all.iter().any(|(known, _)| known == p));
        let more: Vec<_> = more.map(|p| (p, Role::Param.into())).collect();
        all.extend(more);
        let role = if mode == Mode::Forward { PortRole::Tangent } else { PortRole::Cotangent };
        all.extend(added.into_iter().map(|p| (p, role)));
        finish(program, Prepared { graph, targets, ports: all, modes: vec![], ..prepared }, options)
    }
}
