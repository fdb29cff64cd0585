//! From a program to a function: which values are asked for, their derivatives, the passes, the back end.
//!
//! Reads programs, passes and back ends. Must not know source text.

use super::differentiate::{DerivativeForm, Derived, differentiate};
use super::error::{CallError, CompileError};
use super::function::{Engine, Function, Inner};
use super::interpreted::Interpreted;
use super::signature::{self, Port, PortRole, Signature};
use super::sizes::Sizes;
use super::slice::{Element, Slice};
use crate::diag::catalog::nearest;
use crate::graph::{Axis, ExtentId, Graph, Kind, NodeId, Op, PortId, PortKind, Precision, Program, Role, ValueRole};
use crate::interp::Bindings;
use crate::pass::{self, Mode, free};
use crate::plan::{self, Plan, PlanResult};
use rustc_hash::FxHashMap;
use std::time::{Duration, Instant};

/// What runs a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Backend {
    /// Native code if this build of nnc can make it, else the interpreter.
    #[default]
    Auto,
    /// Native code or an error.
    Native,
    /// The reference interpreter: slow, in f64, the oracle of the tests.
    Interpreter,
}

/// What to compile.
///
/// ```
/// use nnc::model::{Backend, Options};
///
/// let values = Options::values(["p", "accuracy"]);
/// let gradient = Options::gradient("loss").with_respect_to(["W", "b"]).backend(Backend::Interpreter);
/// # let _ = (values, gradient);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Options {
    /// The values to compute, by name: outputs, losses, metrics or lets. All outputs, losses and metrics if there is
    /// neither a name here nor a gradient.
    pub values: Vec<String>,
    /// The value to differentiate. It is computed too, as the first result.
    pub gradient_of: Option<String>,
    /// Which derivative of it.
    pub form: DerivativeForm,
    /// The mode of Jacobians and Hessians; the cheaper one if absent.
    pub mode: Option<Mode>,
    /// The ports to differentiate with respect to; all params if absent.
    pub with_respect_to: Option<Vec<String>>,
    /// What runs the function.
    pub backend: Backend,
    /// Sizes of open dims, fixed at compile time. Needed only for dims that do not follow from the lengths of inputs.
    pub dims: Vec<(String, usize)>,
    /// Whether constrained params are given in their free form, and differentiated by it.
    pub free: bool,
    /// What `training` is in the model. If true the new values of states are computed too, as the last results.
    pub training: bool,
}

impl Options {
    /// These values.
    pub fn values<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Options {
        Options { values: names.into_iter().map(Into::into).collect(), ..Options::default() }
    }

    /// The value and the gradient of one real number, a loss as a rule, with respect to all params.
    pub fn gradient(of: impl Into<String>) -> Options {
        Options { gradient_of: Some(of.into()), ..Options::default() }
    }

    /// The value of any real array and its derivatives by all params, whole.
    pub fn jacobian(of: impl Into<String>) -> Options {
        Options { form: DerivativeForm::Jacobian, ..Options::gradient(of) }
    }

    /// The value of one real number, its gradient and its second derivatives by all params.
    pub fn hessian(of: impl Into<String>) -> Options {
        Options { form: DerivativeForm::Hessian, ..Options::gradient(of) }
    }

    /// The value of one real number, its gradient, and the product of its Hessian with a direction: an input for each
    /// param, named `d` and the param.
    pub fn hessian_vector_product(of: impl Into<String>) -> Options {
        Options { form: DerivativeForm::HessianVectorProduct, ..Options::gradient(of) }
    }

    /// The value of any real array, and how it changes when all params move along a direction: an input for each param,
    /// named `d` and the param. Forward mode.
    pub fn jvp(of: impl Into<String>) -> Options {
        Options { form: DerivativeForm::JacobianVectorProduct, ..Options::gradient(of) }
    }

    /// The value of any real array and, given its cotangent, an input named `ct`, those of all params. Reverse mode.
    pub fn vjp(of: impl Into<String>) -> Options {
        Options { form: DerivativeForm::VectorJacobianProduct, ..Options::gradient(of) }
    }

    /// Takes Jacobians and Hessians in this mode, whatever it costs.
    pub fn mode(mut self, mode: Mode) -> Options {
        self.mode = Some(mode);
        self
    }

    /// Differentiates with respect to these inputs, targets or params.
    pub fn with_respect_to<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Options {
        self.with_respect_to = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Chooses what runs the function.
    pub fn backend(mut self, backend: Backend) -> Options {
        self.backend = backend;
        self
    }

    /// Fixes, of these sizes of dims, those that do not vary from call to call or that lengths of arrays may not tell: of
    /// dims in the shapes of params and states, and of dims that are in no first axis of an input.
    pub fn dims_of_params(self, program: &Program, dims: &[(String, usize)]) -> Options {
        let extents = &program.graph.extents;
        let occurs = |name: &str, params: bool| {
            // What is drawn gets its sizes from others.
            let ports = program.ports.iter().filter(|p| p.role != Role::Random);
            let ports = ports.filter(|p| matches!(p.role, Role::Param | Role::State) == params);
            let some = if params { usize::MAX } else { 1 };
            let is_in = |e: ExtentId| {
                extents.poly(e).terms().iter().any(|(m, _)| m.iter().any(|d| extents.dim(*d).name == name))
            };
            ports.flat_map(|p| program.graph.port_info(p.id).axes.iter().take(some)).any(|a| is_in(a.extent))
        };
        let open = |name: &str| extents.dims().iter().any(|d| d.name == name && d.is_open());
        let fix = dims.iter().filter(|(name, _)| open(name) && (occurs(name, true) || !occurs(name, false)));
        fix.fold(self, |options, (name, size)| options.dim(name.clone(), *size))
    }

    /// Takes constrained params in their free form, as optimisers change them, and differentiates with respect to it:
    /// any numbers are allowed. Without it the function takes the constrained values, and nothing keeps a host from
    /// giving others. [`FreeForm`](super::FreeForm) changes one into the other.
    pub fn free(mut self) -> Options {
        self.free = true;
        self
    }

    /// Compiles the model as it is in training: `training` is true, and the new values of states are the last results.
    /// Without it `training` is false and states stay what they are.
    pub fn training(mut self) -> Options {
        self.training = true;
        self
    }

    /// Fixes the size of an open dim.
    pub fn dim(mut self, name: impl Into<String>, size: usize) -> Options {
        self.dims.push((name.into(), size));
        self
    }
}

/// How long each stage took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompileTimings {
    /// Text to tree; part of reading the model. 0 unless told apart by [`Model::with_parsing`](super::Model::with_parsing).
    pub parse: Duration,
    /// Tree to graph; part of reading the model.
    pub lower: Duration,
    /// Derivatives.
    pub differentiate: Duration,
    /// Canonical, stable and cheapest form.
    pub simplify: Duration,
    /// Graph to kernels.
    pub plan: Duration,
    /// Kernels to machine code.
    pub codegen: Duration,
}

impl CompileTimings {
    /// All stages together.
    pub fn total(&self) -> Duration {
        self.parse + self.lower + self.differentiate + self.simplify + self.plan + self.codegen
    }
}

/// A term to compute and how it is given back.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name; for a gradient that of the port.
    pub name: String,
    /// What it is.
    pub role: PortRole,
    /// The term.
    pub node: NodeId,
    /// The order of its axes.
    pub axes: Vec<Axis>,
}

/// A program with the terms asked for, after the passes: what the back ends see.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The graph.
    pub graph: Graph,
    /// What to compute, in the order of results.
    pub targets: Vec<Target>,
    /// The ports that the results depend on, as written, in order of declaration.
    pub ports: Vec<(PortId, PortRole)>,
    /// The modes of whole Jacobians and Hessians, in the order of these results.
    pub modes: Vec<Mode>,
    /// How long each stage took so far.
    pub timings: CompileTimings,
}

/// Selects, differentiates and simplifies. With `simplify` false the terms stay as lowering and differentiation made
/// them.
///
/// # Errors
/// A name that does not exist or a derivative that cannot be taken.
pub fn prepare(program: &Program, options: &Options, simplify: bool) -> Result<Prepared, CompileError> {
    let mut graph = program.graph.clone();
    for (name, value) in &options.dims {
        let found = graph.extents.dims().iter().position(|d| d.name == *name && d.is_open());
        let size = i64::try_from(*value).ok().filter(|v| *v >= 1);
        let (Some(found), Some(size)) = (found, size) else {
            let open = graph.extents.dims().iter().filter(|d| d.is_open()).map(|d| d.name.as_str());
            let nearest = nearest(name, open).map(Into::into);
            return Err(CompileError::UnknownDim { name: name.clone(), nearest });
        };
        graph.extents.fix(crate::graph::DimId(found as u32), size);
    }
    let mut targets = values(program, options)?;
    let mut timings = CompileTimings::default();
    let values = targets.len();
    if options.training {
        targets.extend(program.updates.iter().map(|(port, node)| {
            let info = graph.port_info(*port);
            Target { name: info.name.clone(), role: PortRole::State, node: *node, axes: info.axes.clone() }
        }));
    }
    let free = if options.free { free::free_ports(&mut graph, program) } else { Ok(vec![]) };
    let free = free.map_err(|dim| CompileError::FreeSize { dim })?;
    let mut given: FxHashMap<PortId, NodeId> = free.iter().map(|f| (f.port, f.value)).collect();
    given.extend(program.training.map(|port| (port, graph.bool(options.training))));
    let roots: Vec<NodeId> = targets.iter().map(|t| t.node).collect();
    for (target, node) in targets.iter_mut().zip(graph.replace_ports(&roots, &given)) {
        target.node = node;
    }
    let mut ports = reachable_ports(&graph, targets.iter().map(|t| t.node));

    if simplify {
        let start = Instant::now();
        let roots: Vec<NodeId> = targets.iter().map(|t| t.node).collect();
        let roots = pass::normalize(&mut graph, &roots);
        for (target, node) in targets.iter_mut().zip(pass::order_products(&mut graph, &roots)) {
            target.node = node;
        }
        timings.simplify += start.elapsed();
    }
    let (mut added, mut modes) = (vec![], vec![]);
    if options.gradient_of.is_some() {
        let start = Instant::now();
        let mut wrt = with_respect_to(program, options)?;
        for port in &mut wrt {
            *port = free.iter().find(|f| f.port == *port).map_or(*port, |f| f.free);
        }
        let Derived { targets: found, ports: more, modes: chosen } =
            differentiate(&mut graph, &targets[0], &wrt, options.form, options.mode);
        let states = targets.split_off(values);
        targets.extend(found);
        targets.extend(states);
        ports.extend(wrt);
        added = more;
        modes = chosen;
        timings.differentiate += start.elapsed();
    }
    if simplify {
        let start = Instant::now();
        let roots: Vec<NodeId> = targets.iter().map(|t| t.node).collect();
        let roots = pass::normalize(&mut graph, &roots);
        let roots = pass::order_products(&mut graph, &roots);
        let (pruned, roots) = graph.pruned(&roots);
        graph = pruned;
        for (target, node) in targets.iter_mut().zip(roots) {
            target.node = node;
        }
        timings.simplify += start.elapsed();
    }
    // In order of declaration, a free port where its constrained one was.
    let declared = |id: PortId| {
        let own = free.iter().find(|f| f.free == id).map_or(id, |f| f.port);
        program.ports.iter().position(|p| p.id == own)
    };
    ports.sort_unstable_by_key(|p| (declared(*p), *p));
    ports.dedup();
    let role = |id: PortId| declared(id).map_or(Role::Input, |i| program.ports[i].role).into();
    let ports = ports.into_iter().map(|p| (p, role(p))).chain(added).collect();
    Ok(Prepared { graph, targets, ports, modes, timings })
}

impl Prepared {
    /// Replaces rows that are defined by others: what planning needs.
    pub fn expand(&mut self) {
        let start = Instant::now();
        let roots: Vec<NodeId> = self.targets.iter().map(|t| t.node).collect();
        let roots = pass::expand(&mut self.graph, &roots);
        let (graph, roots) = self.graph.pruned(&roots);
        self.graph = graph;
        for (target, node) in self.targets.iter_mut().zip(roots) {
            target.node = node;
        }
        self.timings.simplify += start.elapsed();
    }

    /// The kernels that compute the results; notes how long planning took. Expands first.
    pub fn plan(&mut self, precision: Precision) -> Plan {
        self.expand();
        let start = Instant::now();
        let result = |t: &Target| PlanResult { name: t.name.clone(), node: t.node, axes: t.axes.clone() };
        let results: Vec<PlanResult> = self.targets.iter().map(result).collect();
        let plan = plan::plan(&self.graph, precision, &results);
        self.timings.plan += start.elapsed();
        plan
    }

    /// The terms.
    pub fn roots(&self) -> Vec<NodeId> {
        self.targets.iter().map(|t| t.node).collect()
    }
}

/// Values of ports and dims for the interpreter, from the arrays of a call in the order of [`Prepared::ports`].
///
/// # Errors
/// Arrays whose lengths do not fit.
pub fn bindings(prepared: &Prepared, inputs: &[Slice]) -> Result<Bindings, CallError> {
    let graph = &prepared.graph;
    let port = |(id, role): &(PortId, PortRole)| {
        let info = graph.port_info(*id);
        let shape = signature::shape(graph, &info.axes);
        Port { name: info.name.clone(), role: *role, element: Element::F64, labels: None, shape }
    };
    let ports: Vec<Port> = prepared.ports.iter().map(port).collect();
    if ports.len() != inputs.len() {
        return Err(CallError::Count { what: "inputs", expected: ports.len(), given: inputs.len() });
    }
    let mut dims = vec![];
    sizes(prepared).solve(&ports, &|i| inputs[i].len(), &mut dims)?;
    let ports = prepared.ports.iter().zip(inputs).map(|((id, _), s)| (*id, s.to_f64())).collect();
    Ok(Bindings { ports, dims })
}

/// What the options differentiate.
pub(super) fn derived_target(program: &Program, options: &Options) -> Result<Target, CompileError> {
    let targets = values(program, options)?;
    targets.into_iter().next().filter(|_| options.gradient_of.is_some()).ok_or(CompileError::Nothing)
}

/// The term that the options differentiate, and with respect to what.
pub(super) fn differentiated(program: &Program, options: &Options) -> Result<(NodeId, Vec<PortId>), CompileError> {
    Ok((derived_target(program, options)?.node, with_respect_to(program, options)?))
}

/// The values asked for; the differentiated one first.
fn values(program: &Program, options: &Options) -> Result<Vec<Target>, CompileError> {
    let target = |value: &crate::graph::Value| Target {
        name: value.name.clone(),
        role: value.role.into(),
        node: value.node,
        axes: value.axes.clone(),
    };
    let mut out = vec![];
    if let Some(of) = &options.gradient_of {
        let value = find_value(program, of)?;
        let is_number = value.axes.is_empty() || !options.form.of_a_number();
        if !is_number || program.graph.kind(value.node) != Kind::Real {
            let shape = signature::shape(&program.graph, &value.axes);
            let element = signature::element(program.graph.kind(value.node), program.precision);
            let port = Port { name: of.clone(), role: value.role.into(), element, labels: None, shape };
            return Err(CompileError::NotScalar { name: of.clone(), shape: port.type_text() });
        }
        out.push(target(value));
    }
    for name in &options.values {
        out.push(target(find_value(program, name)?));
    }
    if out.is_empty() {
        out.extend(program.values.iter().filter(|v| v.role != ValueRole::Let).map(target));
    }
    if out.is_empty() { Err(CompileError::Nothing) } else { Ok(out) }
}

fn find_value<'p>(program: &'p Program, name: &str) -> Result<&'p crate::graph::Value, CompileError> {
    let roles = [ValueRole::Output, ValueRole::Loss, ValueRole::Metric, ValueRole::Let];
    roles.into_iter().find_map(|role| program.value(role, name)).ok_or_else(|| {
        let near = nearest(name, program.values.iter().map(|v| v.name.as_str()));
        CompileError::UnknownValue { name: name.into(), nearest: near.map(Into::into) }
    })
}

pub(super) fn with_respect_to(program: &Program, options: &Options) -> Result<Vec<PortId>, CompileError> {
    let Some(names) = &options.with_respect_to else {
        return Ok(program.ports.iter().filter(|p| p.role == Role::Param).map(|p| p.id).collect());
    };
    let find = |name: &String| {
        let port = program.port(name).ok_or_else(|| {
            let near = nearest(name, program.ports.iter().map(|p| program.graph.port_info(p.id).name.as_str()));
            CompileError::UnknownPort { name: name.clone(), nearest: near.map(Into::into) }
        })?;
        match program.graph.port_info(port.id).kind {
            PortKind::Real => Ok(port.id),
            PortKind::Index(_) | PortKind::Bool => Err(CompileError::NotReal { name: name.clone() }),
        }
    };
    names.iter().map(find).collect()
}

pub(super) fn reachable_ports(graph: &Graph, roots: impl Iterator<Item = NodeId>) -> Vec<PortId> {
    let roots: Vec<NodeId> = roots.collect();
    let port = |n: NodeId| match graph.op(n) {
        Op::Port(id) => Some(*id),
        _ => None,
    };
    let mut ports: Vec<PortId> = graph.reachable(&roots).into_iter().filter_map(port).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// Compiles what the options ask for.
pub(super) fn compile(program: &Program, options: &Options) -> Result<Function, CompileError> {
    let prepared = prepare(program, options, true)?;
    finish(program, prepared, options)
}

/// Compiles terms that are ready.
pub(super) fn finish(program: &Program, mut prepared: Prepared, options: &Options) -> Result<Function, CompileError> {
    let sizes = sizes(&prepared);
    let signature = signature_of(program, &prepared, &sizes);
    let labels = signature.inputs.iter().any(|p| p.element != signature.precision.into());
    let engine = engine(program.precision, &mut prepared, options.backend)?;
    let timings = prepared.timings;
    let modes = std::mem::take(&mut prepared.modes);
    let distribution = |(id, role): &(PortId, PortRole)| {
        let port = program.ports.iter().find(|p| p.id == *id && *role == PortRole::Random);
        port.and_then(|p| p.initial.clone())
    };
    let distributions = prepared.ports.iter().map(distribution).collect();
    Ok(Function::new(Inner {
        signature,
        sizes,
        engine,
        timings,
        labels,
        needs: vec![],
        indices: vec![],
        modes,
        distributions,
    }))
}

#[cfg(feature = "jit")]
fn engine(precision: Precision, prepared: &mut Prepared, backend: Backend) -> Result<Engine, CompileError> {
    if backend != Backend::Interpreter {
        match super::native::Native::new(precision, prepared) {
            Ok(code) => return Ok(Engine::Native(code)),
            Err(error) if backend == Backend::Native => return Err(error),
            // A machine without code generator: the interpreter can do it.
            Err(_) => {}
        }
    }
    Ok(Engine::Interpreted(Box::new(Interpreted::new(prepared))))
}

#[cfg(not(feature = "jit"))]
fn engine(_: Precision, prepared: &mut Prepared, backend: Backend) -> Result<Engine, CompileError> {
    if backend == Backend::Native {
        return Err(CompileError::Native { reason: "this build of nnc has no code generator".into() });
    }
    Ok(Engine::Interpreted(Box::new(Interpreted::new(prepared))))
}

fn sizes(prepared: &Prepared) -> Sizes {
    let graph = &prepared.graph;
    let mut axes: Vec<ExtentId> = vec![];
    let mut read: Vec<ExtentId> = vec![];
    for n in graph.reachable(&prepared.roots()) {
        axes.extend(graph.axes(n).iter().map(|a| a.extent));
        match graph.op(n) {
            Op::Linear { coefficients, constant } => read.extend(coefficients.iter().chain([constant]).copied()),
            Op::Quotient(by) | Op::Remainder(by) => read.push(*by),
            Op::Reduce(_, bound) => axes.extend(bound.iter().map(|a| a.extent)),
            _ => {}
        }
    }
    axes.extend(prepared.targets.iter().flat_map(|t| t.axes.iter().map(|a| a.extent)));
    for (id, _) in &prepared.ports {
        let info = graph.port_info(*id);
        axes.extend(info.axes.iter().map(|a| a.extent));
        if let PortKind::Index(bound) = info.kind {
            read.push(bound);
        }
    }
    Sizes::new(&graph.extents, axes, read)
}

fn signature_of(program: &Program, prepared: &Prepared, sizes: &Sizes) -> Signature {
    let graph = &prepared.graph;
    let input = |(id, role): &(PortId, PortRole)| {
        let info = graph.port_info(*id);
        let (element, labels) = signature::port_element(graph, info.kind, program.precision);
        let shape = signature::shape(graph, &info.axes);
        Port { name: info.name.clone(), role: *role, element, labels, shape }
    };
    let result = |t: &Target| Port {
        name: t.name.clone(),
        role: t.role,
        element: signature::element(graph.kind(t.node), program.precision),
        labels: None,
        shape: signature::shape(graph, &t.axes),
    };
    Signature {
        inputs: prepared.ports.iter().map(input).collect(),
        results: prepared.targets.iter().map(result).collect(),
        dims: sizes.open(),
        precision: program.precision,
    }
}
