//! Comparing the derivative with what does not depend on it: finite differences of the value, and forward mode run by
//! the interpreter. All in double precision, whatever the precision of the model.
//!
//! Reads models and all passes. Must not print.

use super::compile::{Options, compile, differentiated, prepare};
use super::error::{CallError, CompileError};
use super::free::FreeForm;
use super::function::Function;
use super::signature::{self, Port, PortRole};
use super::sizes::Sizes;
use super::slice::{Slice, SliceMut, Values};
use crate::graph::{Axis, Extents, NodeId, PortKind, Precision, Program};
use crate::interp::{self, Bindings};
use crate::pass;
use crate::random::{Purpose, Stream};
use thiserror::Error;

/// How many elements of a port are compared with differences; all of them are compared along a random direction.
const ELEMENTS: usize = 8;

/// Sizes of open dims that nothing fixes: all different, so that no two axes are mistaken for each other.
const SIZES: [usize; 6] = [5, 3, 4, 6, 2, 7];

/// The comparison for one port.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The port.
    pub name: String,
    /// Its sizes.
    pub shape: Vec<usize>,
    /// How many of its elements were compared with differences.
    pub elements: usize,
    /// The largest difference from central differences, relative to the largest element of the gradient.
    pub differences: f64,
    /// The difference from forward mode along a random direction, relative to the sum of the terms.
    pub forward: f64,
    /// The element that differs most, by its indices.
    pub worst: Vec<usize>,
    /// The gradient there.
    pub reverse: f64,
    /// The central difference there.
    pub difference: f64,
}

/// The comparison for all ports.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientCheck {
    /// The differentiated value at the point.
    pub value: f64,
    /// The same by the interpreter.
    pub interpreted: f64,
    /// One per port, in the order of the gradients.
    pub checks: Vec<Check>,
}

impl GradientCheck {
    /// The largest difference of any kind; NaN if something is not a number.
    pub fn worst(&self) -> f64 {
        let value = (self.value - self.interpreted).abs() / self.value.abs().max(1.0);
        let all = self.checks.iter().flat_map(|c| [c.differences, c.forward]).chain([value]);
        all.fold(0.0, |worst, d| if d.is_nan() || worst.is_nan() { f64::NAN } else { f64::max(worst, d) })
    }
}

/// Why a derivative could not be compared.
#[derive(Clone, Debug, Error)]
pub enum GradientCheckError {
    /// It could not be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The values given do not fit.
    #[error(transparent)]
    Call(#[from] CallError),
    /// There is no value to compare.
    #[error("`{name}` is {value} at the point where the derivative is compared; give data, or other initial values")]
    NotFinite {
        /// What was to be differentiated.
        name: String,
        /// What it is.
        value: f64,
    },
}

/// Compares the gradient that the options ask for at a random point near the initial values of the params.
///
/// `given` are values of inputs, row-major, with labels and truth values as whole numbers; the other inputs are drawn at
/// random. `dims` are sizes of open dims; those that neither they nor the model fix get small sizes, all different.
///
/// # Errors
/// Names that do not exist, values that do not fit, a value that is not finite at the point.
pub fn gradcheck(
    program: &Program,
    options: &Options,
    given: &[(String, Vec<f64>)],
    dims: &[(String, usize)],
    seed: u64,
) -> Result<GradientCheck, GradientCheckError> {
    let mut program = program.clone();
    program.precision = Precision::F64;
    let dims = all_dims(&program.graph.extents, dims);
    let named: Vec<(String, usize)> =
        program.graph.extents.dims().iter().zip(&dims).map(|(d, n)| (d.name.clone(), *n as usize)).collect();
    let options = &options.clone().dims_of_params(&program, &named);
    let reverse = compile(&program, options)?;
    let mut stream = Stream::new(seed, Purpose::CheckPoint, 0);
    let name = options.gradient_of.clone().unwrap_or_default();

    // Numbers of both signs, or, where the model does not like these, positive ones.
    let mut point = Point::draw(&program, &reverse, given, &dims, seed, &mut stream, false, options.free)?;
    let mut value = point.gradients(&reverse)?;
    if !value.0.is_finite() || !value.1.iter().flatten().all(|g| g.is_finite()) {
        point = Point::draw(&program, &reverse, given, &dims, seed, &mut stream, true, options.free)?;
        value = point.gradients(&reverse)?;
    }
    let (value, gradients) = value;
    if !value.is_finite() {
        return Err(GradientCheckError::NotFinite { name, value });
    }

    let mut forward = Forward::new(&program, options, &point, &dims)?;
    let only_value = compile(&program, &Options { gradient_of: None, values: vec![name], ..options.clone() })?;
    let names: Vec<String> = reverse.signature().results.iter().skip(1).map(|p| p.name.clone()).collect();
    let mut checks = vec![];
    for (name, gradient) in names.iter().zip(&gradients) {
        checks.push(compare(name, gradient, value, &mut point, &only_value, &mut forward, &mut stream)?);
    }
    Ok(GradientCheck { value, interpreted: forward.value, checks })
}

/// One size per dim.
fn all_dims(extents: &Extents, given: &[(String, usize)]) -> Vec<i64> {
    let mut free = SIZES.iter().cycle();
    let size = |dim: &crate::graph::Dim, free: &mut dyn Iterator<Item = &usize>| {
        let stated = given.iter().find(|(name, _)| *name == dim.name).map(|(_, n)| *n);
        dim.value.unwrap_or_else(|| stated.or_else(|| free.next().copied()).unwrap_or(1) as i64)
    };
    extents.dims().iter().map(|d| size(d, &mut free)).collect()
}

/// Values of all ports of a function.
struct Point {
    ports: Vec<Port>,
    values: Vec<Values>,
    shapes: Vec<Vec<usize>>,
}

impl Point {
    #[allow(clippy::too_many_arguments, reason = "everything that a value may come from")]
    fn draw(
        program: &Program,
        function: &Function,
        given: &[(String, Vec<f64>)],
        dims: &[i64],
        seed: u64,
        stream: &mut Stream,
        positive: bool,
        free: bool,
    ) -> Result<Point, CallError> {
        let sizes = Sizes::new(&program.graph.extents, vec![], vec![]);
        let named: Vec<(String, usize)> =
            program.graph.extents.dims().iter().zip(dims).map(|(d, n)| (d.name.clone(), *n as usize)).collect();
        let form = FreeForm::new(program, &named)?;
        let params = near_start(&form, free, seed, stream)?;
        let layout = if free { &form.free } else { &form.layout };
        let mut point = Point { ports: function.signature().inputs.clone(), values: vec![], shapes: vec![] };
        for port in &point.ports {
            let size = |s: &signature::Size| sizes.size(s, dims).and_then(|n| usize::try_from(n).ok());
            // The sizes of a free form are not among those of the program.
            let entry = layout.entry(&port.name);
            let shape = entry.map_or_else(|| port.shape.iter().map(size).collect(), |e| Some(e.shape.clone()));
            let shape: Vec<usize> = shape.ok_or_else(|| CallError::Size { size: port.shape_text() })?;
            let count = shape.iter().product();
            let known = given.iter().find(|(name, _)| *name == port.name).map(|(_, values)| values);
            let numbers = match known {
                Some(values) if values.len() == count => values.clone(),
                Some(values) => {
                    return Err(CallError::Length {
                        port: port.name.clone(),
                        shape: format!("{shape:?}"),
                        expected: count,
                        given: values.len(),
                        reason: String::new(),
                    });
                }
                None if port.role == PortRole::Param => {
                    let range = entry.map_or(0..0, |e| e.range.clone());
                    params.get(range).unwrap_or(&[]).to_vec()
                }
                None => {
                    let bound = port.labels.as_ref().and_then(size).unwrap_or(1).clamp(1, 1 << 30) as u32;
                    let mut draw = || match port.element {
                        super::Element::Index => f64::from(stream.below(bound)),
                        super::Element::Bool => f64::from(stream.below(2)),
                        _ if positive => 0.2 + stream.uniform(),
                        _ => stream.normal(),
                    };
                    (0..count).map(|_| draw()).collect()
                }
            };
            let mut values = Values::zeros(port.element, count);
            values.as_slice_mut().set_f64(&numbers);
            point.values.push(values);
            point.shapes.push(shape);
        }
        Ok(point)
    }

    fn inputs(&self, function: &Function) -> Vec<Slice<'_>> {
        let of = |p: &Port| self.ports.iter().position(|q| q.name == p.name);
        function.signature().inputs.iter().filter_map(of).map(|i| self.values[i].as_slice()).collect()
    }

    fn gradients(&self, function: &Function) -> Result<(f64, Vec<Vec<f64>>), CallError> {
        let inputs = self.inputs(function);
        let mut workspace = function.workspace();
        let mut results = function.results_for(&inputs, &mut workspace)?;
        let mut outputs: Vec<SliceMut> = results.iter_mut().map(|r| r.values.as_slice_mut()).collect();
        function.call(&inputs, &mut outputs, &mut workspace)?;
        let mut all = results.iter().map(|r| r.values.to_f64());
        let value = all.next().and_then(|v| v.first().copied()).unwrap_or(f64::NAN);
        Ok((value, all.collect()))
    }

    fn value(&self, function: &Function) -> Result<f64, CallError> {
        Ok(self.gradients(function)?.0)
    }

    fn reals(&mut self, name: &str) -> Option<&mut Vec<f64>> {
        let at = self.ports.iter().position(|p| p.name == name)?;
        match &mut self.values[at] {
            Values::F64(values) => Some(values),
            _ => None,
        }
    }
}

/// The initial values of all params, each moved by some tenth of its size in its free form: at the very start gradients
/// may be 0, or at a kink.
fn near_start(form: &FreeForm, free: bool, seed: u64, stream: &mut Stream) -> Result<Vec<f64>, CallError> {
    let mut out: Vec<f64> = form.start(seed)?;
    for x in &mut out {
        let scale = if *x == 0.0 { 1.0 } else { f64::abs(*x) };
        *x += 0.1 * scale * stream.normal();
    }
    if free { Ok(out) } else { form.constrained(&out) }
}

/// The value as a term, with a port for the tangent of each port it is differentiated by; run by the interpreter.
struct Forward {
    graph: crate::graph::Graph,
    bindings: Bindings,
    term: NodeId,
    leaves: Vec<(String, NodeId, Vec<Axis>)>,
    value: f64,
}

impl Forward {
    fn new(program: &Program, options: &Options, point: &Point, dims: &[i64]) -> Result<Forward, GradientCheckError> {
        let (_, wrt) = differentiated(program, options)?;
        let name = options.gradient_of.clone().unwrap_or_default();
        let values = Options { gradient_of: None, values: vec![name], ..options.clone() };
        let prepared = prepare(program, &values, true)?;
        let (mut graph, term) = (prepared.graph, prepared.targets[0].node);
        let mut bindings = Bindings { dims: dims.to_vec(), ..Bindings::default() };
        for (id, _) in &prepared.ports {
            if let Some(at) = point.ports.iter().position(|p| p.name == graph.port_info(*id).name) {
                bindings.ports.insert(*id, point.values[at].to_f64());
            }
        }
        let leaves = wrt.iter().map(|id| {
            // The port that the value reads: for a param in its free form another one of the same name.
            let name = &program.graph.port_info(*id).name;
            let read = prepared.ports.iter().map(|p| p.0).find(|p| graph.port_info(*p).name == *name).unwrap_or(*id);
            let info = graph.port_info(read).clone();
            (info.name, graph.port(read), info.axes)
        });
        let leaves = leaves.collect();
        let value = evaluate(&graph, &bindings, term)?;
        Ok(Forward { graph, bindings, term, leaves, value })
    }

    /// The derivative along `direction` of one port.
    fn along(&mut self, name: &str, direction: &[f64]) -> Result<f64, CallError> {
        let Some((_, leaf, axes)) = self.leaves.iter().find(|l| l.0 == name).cloned() else { return Ok(f64::NAN) };
        let shape: Vec<crate::graph::ExtentId> = axes.iter().map(|a| a.extent).collect();
        let id = self.graph.declare_port(format!("d{name}"), PortKind::Real, &shape);
        let moved = self.graph.port(id);
        let tangent = pass::tangent(&mut self.graph, self.term, &[(leaf, moved)]);
        self.bindings.ports.insert(id, direction.to_vec());
        evaluate(&self.graph, &self.bindings, tangent)
    }
}

fn evaluate(graph: &crate::graph::Graph, bindings: &Bindings, node: NodeId) -> Result<f64, CallError> {
    let results = interp::evaluate(graph, bindings, &[(node, &[])]).map_err(super::interpreted::refused)?;
    Ok(results.first().and_then(|v| v.first().copied()).unwrap_or(f64::NAN))
}

fn compare(
    name: &str,
    gradient: &[f64],
    value: f64,
    point: &mut Point,
    function: &Function,
    forward: &mut Forward,
    stream: &mut Stream,
) -> Result<Check, GradientCheckError> {
    let direction: Vec<f64> = gradient.iter().map(|_| stream.normal()).collect();
    let product: f64 = gradient.iter().zip(&direction).map(|(g, v)| g * v).sum();
    let terms: f64 = gradient.iter().zip(&direction).map(|(g, v)| (g * v).abs()).sum();
    let tangent = forward.along(name, &direction)?;
    let forward = (product - tangent).abs() / terms.max(1e-9 * value.abs().max(1.0));

    let mut elements: Vec<u32> = (0..gradient.len() as u32).collect();
    stream.shuffle(&mut elements);
    elements.truncate(ELEMENTS);
    let mut scale = gradient.iter().fold(1e-6 * value.abs().max(1.0), |m, g| m.max(g.abs()));
    let mut found: Vec<(usize, f64)> = vec![];
    for at in elements.iter().map(|e| *e as usize) {
        let difference = central(name, at, gradient[at], scale, point, function)?;
        scale = scale.max(difference.abs());
        found.push((at, difference));
    }
    let error = |(at, difference): &(usize, f64)| (gradient[*at] - difference).abs() / scale;
    let mut worst = (0, gradient.first().copied().unwrap_or(0.0));
    let mut differences = 0.0;
    for one in &found {
        let e = error(one);
        if e.is_nan() || e >= differences {
            (worst, differences) = (*one, e);
        }
        if e.is_nan() {
            break;
        }
    }
    let at = point.ports.iter().position(|p| p.name == name);
    let shape = at.map_or(vec![], |i| point.shapes[i].clone());
    Ok(Check {
        name: name.into(),
        worst: indices(worst.0, &shape),
        shape,
        elements: found.len(),
        differences,
        forward,
        reverse: gradient.get(worst.0).copied().unwrap_or(0.0),
        difference: worst.1,
    })
}

/// The central difference of fourth order by one element, with a step small enough to stay on one side of a kink: of
/// some step lengths the one that comes closest to the gradient.
fn central(
    name: &str,
    at: usize,
    gradient: f64,
    scale: f64,
    point: &mut Point,
    function: &Function,
) -> Result<f64, GradientCheckError> {
    let Some(x) = point.reals(name).map(|v| v[at]) else { return Ok(f64::NAN) };
    let mut best = f64::NAN;
    for step in [1e-3, 1e-4, 1e-5, 1e-6] {
        let h = step * x.abs().max(1.0);
        let mut f = |k: f64| -> Result<f64, GradientCheckError> {
            if let Some(values) = point.reals(name) {
                values[at] = x + k * h;
            }
            Ok(point.value(function)?)
        };
        let difference = (8.0 * (f(1.0)? - f(-1.0)?) - (f(2.0)? - f(-2.0)?)) / (12.0 * h);
        if best.is_nan() || (difference - gradient).abs() < (best - gradient).abs() {
            best = difference;
        }
        if (best - gradient).abs() <= 1e-9 * scale {
            break;
        }
    }
    if let Some(values) = point.reals(name) {
        values[at] = x;
    }
    Ok(best)
}

/// Row-major place to indices.
fn indices(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut out = vec![0; shape.len()];
    for (i, size) in shape.iter().enumerate().rev() {
        out[i] = at % size.max(&1);
        at /= size.max(&1);
    }
    out
}
