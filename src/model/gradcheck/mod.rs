//! Comparing the derivative with what does not depend on it: finite differences of the value, forward mode and the
//! reverse mode of the interpreter. All in double precision, whatever the precision of the model.
//!
//! Differences are central ones of fourth order, of the step length at which two successive estimates agree best: no
//! estimate is chosen by how well it suits the gradient. Points are random ones near the initial values, and points that
//! are moved so that the argument of a kink (of `relu`, `abs`, `max`, a comparison, …) is just beside it: there the branch
//! that a derivative takes shows. At a kink itself there is no derivative to compare with.
//!
//! Reads models and all passes. Must not print.

mod beside;
mod differences;
mod forward;
mod point;
mod rules;

use super::compile::{Backend, Options, compile};
use super::error::{CallError, CompileError};
use super::function::Function;
use super::signature::PortRole;
use crate::diag::Diagnostic;
use crate::graph::{Extents, Initializer, Precision, Program};
use crate::random::{Purpose, Stream};
use forward::Forward;
use point::Point;
use thiserror::Error;

/// How many elements of a port are compared with differences and forward mode at a point; along a random direction all of
/// them are.
const ELEMENTS: usize = 8;

/// Sizes of open dims that nothing fixes: all different, so that no two axes are mistaken for each other.
const SIZES: [usize; 6] = [5, 3, 4, 6, 2, 7];

/// Where derivatives are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// Of the points, and of the elements that are compared.
    pub seed: u64,
    /// How many random points, and at most how many beside kinks.
    pub points: usize,
}

impl Default for Sampling {
    fn default() -> Sampling {
        Sampling { seed: 0, points: 2 }
    }
}

/// The comparison for one port: the largest differences over all points. All are relative to the largest element of the
/// gradient, which is what single elements are rounded to.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The port.
    pub name: String,
    /// Its sizes.
    pub shape: Vec<usize>,
    /// How many elements were compared with differences, over all points.
    pub elements: usize,
    /// The largest difference from central differences.
    pub differences: f64,
    /// The largest difference from forward mode: of elements, and along a random direction.
    pub forward: f64,
    /// The largest difference from reverse mode run by the interpreter.
    pub interpreter: f64,
    /// The element that differs most.
    pub worst: Element,
}

/// An element of a gradient, as found in four ways.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// Its indices.
    pub indices: Vec<usize>,
    /// Reverse mode.
    pub reverse: f64,
    /// Forward mode.
    pub forward: f64,
    /// Central differences of the value.
    pub difference: f64,
    /// Reverse mode, by the interpreter.
    pub interpreter: f64,
    /// At which point, from 0: first the random ones, then those beside a kink.
    pub point: usize,
    /// Whether that point is beside a kink.
    pub beside_kink: bool,
}

/// The comparison for all ports.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientCheck {
    /// The differentiated value at the first point.
    pub value: f64,
    /// The same by the interpreter.
    pub interpreted: f64,
    /// How many random points were compared.
    pub random: usize,
    /// How many points beside a kink.
    pub beside_kinks: usize,
    /// One per port, in the order of the gradients.
    pub checks: Vec<Check>,
    /// Derivatives that the model gives (`derivative f(x, ct) = …`) and that are not those of their `fn`.
    pub wrong_rules: Vec<Diagnostic>,
}

impl GradientCheck {
    /// The largest difference of any kind; NaN if something is not a number.
    pub fn worst(&self) -> f64 {
        let value = (self.value - self.interpreted).abs() / self.value.abs().max(1.0);
        let all = self.checks.iter().flat_map(|c| [c.differences, c.forward, c.interpreter]).chain([value]);
        all.fold(0.0, larger)
    }
}

/// The larger one; NaN if one is.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
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

/// Compares the gradient that the options ask for at random points near the initial values of the params, and beside
/// kinks.
///
/// `given` are values of inputs, row-major, with labels and truth values as whole numbers; the other inputs are drawn at
/// random, states are those of a start, and random draws come from their distributions and stay the same at a point. With
/// `options.training` the model is that of training. `dims` are sizes of open dims; those that neither they nor the model fix get small sizes, all different.
///
/// # Errors
/// Names that do not exist, values that do not fit, a value that is not finite at the first point.
pub fn gradcheck(
    program: &Program,
    options: &Options,
    given: &[(String, Vec<f64>)],
    dims: &[(String, usize)],
    sampling: Sampling,
) -> Result<GradientCheck, GradientCheckError> {
    let mut program = program.clone();
    program.precision = Precision::F64;
    // Starts in files are not read: any numbers will do.
    for port in program.ports.iter_mut().filter(|p| matches!(p.initial, Some(Initializer::File { .. }))) {
        port.initial = Some(match port.constraint {
            None => Initializer::Normal { std: 1.0 },
            Some(_) => Initializer::Natural,
        });
    }
    let dims = all_dims(&program.graph.extents, dims);
    let named: Vec<(String, usize)> =
        program.graph.extents.dims().iter().zip(&dims).map(|(d, n)| (d.name.clone(), *n as usize)).collect();
    let options = &options.clone().dims_of_params(&program, &named);
    let reverse = compile(&program, options)?;
    let oracle = compile(&program, &options.clone().backend(Backend::Interpreter))?;
    let mut stream = Stream::new(sampling.seed, Purpose::CheckPoint, 0);
    let name = options.gradient_of.clone().unwrap_or_default();
    let only_value = compile(&program, &Options { gradient_of: None, values: vec![name.clone()], ..options.clone() })?;

    let mut points = vec![];
    for at in 0..sampling.points.max(1) {
        // Numbers of both signs, or, where the model does not like these, positive ones.
        let mut draw = |positive| {
            Point::draw(&program, &reverse, given, &dims, sampling.seed, &mut stream, positive, options.free)
        };
        let mut point = draw(false)?;
        if !is_finite(&point.gradients(&reverse)?) {
            point = draw(true)?;
        }
        let value = point.value(&reverse)?;
        match value.is_finite() {
            true => points.push(point),
            false if at == 0 => return Err(GradientCheckError::NotFinite { name, value }),
            false => {}
        }
    }
    let mut forward = Forward::new(&program, options, &dims)?;
    let random = points.len();
    let beside = beside::points(&mut forward, &points[0], sampling.points, &mut stream);
    points.extend(beside.into_iter().filter(|p| p.gradients(&reverse).is_ok_and(|g| is_finite(&g))));

    // In training the new values of states follow, which are no derivatives.
    let results = reverse.signature().results.iter().filter(|p| p.role == PortRole::Gradient);
    let names: Vec<String> = results.map(|p| p.name.clone()).collect();
    let mut checks: Vec<Check> = vec![];
    let (mut value, mut interpreted) = (0.0, 0.0);
    for (at, point) in points.iter_mut().enumerate() {
        let (found, gradients) = point.gradients(&reverse)?;
        let (again, by_oracle) = point.gradients(&oracle)?;
        if at == 0 {
            (value, interpreted) = (found, again);
        }
        for (i, name) in names.iter().enumerate() {
            let both = (gradients[i].as_slice(), by_oracle[i].as_slice());
            let mut check = compare(name, both, found, point, &only_value, &mut forward, &mut stream)?;
            (check.worst.point, check.worst.beside_kink) = (at, at >= random);
            match checks.get_mut(i) {
                Some(known) => join(known, check),
                None => checks.push(check),
            }
        }
    }
    let wrong_rules = rules::wrong(&mut forward, &points[0], &mut stream)?;
    Ok(GradientCheck { value, interpreted, random, beside_kinks: points.len() - random, checks, wrong_rules })
}

fn is_finite((value, gradients): &(f64, Vec<Vec<f64>>)) -> bool {
    value.is_finite() && gradients.iter().flatten().all(|g| g.is_finite())
}

/// The worse of two comparisons of a port.
fn join(known: &mut Check, new: Check) {
    let worse = |c: &Check| larger(larger(c.differences, c.forward), c.interpreter);
    let (before, after) = (worse(known), worse(&new));
    known.elements += new.elements;
    known.differences = larger(known.differences, new.differences);
    known.forward = larger(known.forward, new.forward);
    known.interpreter = larger(known.interpreter, new.interpreter);
    if !before.is_nan() && (after.is_nan() || after > before) {
        known.worst = new.worst;
    }
}

/// The comparison for one port at one point.
fn compare(
    name: &str,
    (gradient, by_oracle): (&[f64], &[f64]),
    value: f64,
    point: &mut Point,
    function: &Function,
    forward: &mut Forward,
    stream: &mut Stream,
) -> Result<Check, GradientCheckError> {
    let direction: Vec<f64> = gradient.iter().map(|_| stream.normal()).collect();
    let product: f64 = gradient.iter().zip(&direction).map(|(g, v)| g * v).sum();
    let terms: f64 = gradient.iter().zip(&direction).map(|(g, v)| (g * v).abs()).sum();
    forward.set(point);
    let tangent = forward.along(name, &direction)?;
    let mut along = (product - tangent).abs() / terms.max(1e-9 * value.abs().max(1.0));

    let mut elements: Vec<u32> = (0..gradient.len() as u32).collect();
    stream.shuffle(&mut elements);
    elements.truncate(ELEMENTS);
    let mut scale = gradient.iter().fold(1e-6 * value.abs().max(1.0), |m, g| m.max(g.abs()));
    let mut found: Vec<Element> = vec![];
    let at = point.ports.iter().position(|p| p.name == name);
    let shape = at.map_or(vec![], |i| point.shapes[i].clone());
    for at in elements.iter().map(|e| *e as usize) {
        let difference = differences::central(name, at, point, function)?;
        scale = scale.max(difference.abs());
        let unit: Vec<f64> = (0..gradient.len()).map(|i| f64::from(u8::from(i == at))).collect();
        found.push(Element {
            indices: indices(at, &shape),
            reverse: gradient[at],
            forward: forward.along(name, &unit)?,
            difference,
            interpreter: by_oracle[at],
            point: 0,
            beside_kink: false,
        });
    }
    let oracle = gradient.iter().zip(by_oracle).map(|(a, b)| (a - b).abs() / scale).fold(0.0, larger);
    let error = |e: &Element| {
        let others = [e.forward, e.difference, e.interpreter];
        others.into_iter().map(|x| (e.reverse - x).abs() / scale).fold(0.0, larger)
    };
    let worse = |a: &Element, b: &Element| {
        let (a, b) = (error(a), error(b));
        if b.is_nan() { std::cmp::Ordering::Less } else { a.partial_cmp(&b).unwrap_or(std::cmp::Ordering::Greater) }
    };
    let none = Element {
        indices: vec![],
        reverse: 0.0,
        forward: 0.0,
        difference: 0.0,
        interpreter: 0.0,
        point: 0,
        beside_kink: false,
    };
    let differences = found.iter().map(|e| (e.reverse - e.difference).abs() / scale).fold(0.0, larger);
    along = found.iter().map(|e| (e.reverse - e.forward).abs() / scale).fold(along, larger);
    let worst = found.iter().max_by(|a, b| worse(a, b)).cloned().unwrap_or(none);
    Ok(Check {
        name: name.into(),
        shape,
        elements: found.len(),
        differences,
        forward: along,
        interpreter: oracle,
        worst,
    })
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

/// Row-major place to indices.
fn indices(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut out = vec![0; shape.len()];
    for (i, size) in shape.iter().enumerate().rev() {
        out[i] = at % size.max(&1);
        at /= size.max(&1);
    }
    out
}
