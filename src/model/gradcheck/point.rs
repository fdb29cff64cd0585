//! A point where derivatives are compared: values of all ports of a function.

use crate::graph::{Initializer, Program};
use crate::model::error::CallError;
use crate::model::free::FreeForm;
use crate::model::function::Function;
use crate::model::initial::initialize;
use crate::model::signature::{self, Port, PortRole};
use crate::model::sizes::Sizes;
use crate::model::slice::{Element, Slice, SliceMut, Values};
use crate::random::Stream;

/// Values of all ports of a function.
#[derive(Clone)]
pub(super) struct Point {
    pub ports: Vec<Port>,
    pub values: Vec<Values>,
    pub shapes: Vec<Vec<usize>>,
}

impl Point {
    #[allow(clippy::too_many_arguments, reason = "everything that a value may come from")]
    pub fn draw(
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
                None if port.role == PortRole::State => {
                    let declared = program.port(&port.name);
                    let start = declared.and_then(|p| p.initial.clone()).unwrap_or(Initializer::Constant(0.0));
                    let mut numbers = vec![0.0; count];
                    initialize(&start, &port.name, &shape, declared.map_or(0, |p| p.family), seed, &mut numbers);
                    numbers
                }
                None if port.role == PortRole::Random => {
                    let uniform = matches!(
                        program.port(&port.name).and_then(|p| p.initial.as_ref()),
                        Some(Initializer::Uniform { .. })
                    );
                    (0..count).map(|_| if uniform { stream.uniform() } else { stream.normal() }).collect()
                }
                None => {
                    let bound = port.labels.as_ref().and_then(size).unwrap_or(1).clamp(1, 1 << 30) as u32;
                    let mut draw = || match port.element {
                        Element::Index => f64::from(stream.below(bound)),
                        Element::Bool => f64::from(stream.below(2)),
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

    pub fn gradients(&self, function: &Function) -> Result<(f64, Vec<Vec<f64>>), CallError> {
        let inputs = self.inputs(function);
        let mut workspace = function.workspace();
        let mut results = function.results_for(&inputs, &mut workspace)?;
        let mut outputs: Vec<SliceMut> = results.iter_mut().map(|r| r.values.as_slice_mut()).collect();
        function.call(&inputs, &mut outputs, &mut workspace)?;
        let mut all = results.iter().map(|r| r.values.to_f64());
        let value = all.next().and_then(|v| v.first().copied()).unwrap_or(f64::NAN);
        Ok((value, all.collect()))
    }

    pub fn value(&self, function: &Function) -> Result<f64, CallError> {
        Ok(self.gradients(function)?.0)
    }

    pub fn reals(&mut self, name: &str) -> Option<&mut Vec<f64>> {
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
