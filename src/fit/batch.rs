//! The arrays of one call, gathered from the rows of a data set.
//!
//! Reads data sets and signatures. Must not know optimisers or losses.

use super::dataset::{Dataset, gather};
use super::error::FitError;
use crate::diag::Diagnostic;
use crate::diag::catalog::data as error;
use crate::graph::Initializer;
use crate::model::{CallError, Element, Function, Layout, Model, Port, PortRole, Real, Slice, Values};
use smallvec::SmallVec;

/// Where an input of a function gets its values from.
#[derive(Clone, Debug)]
enum Source {
    /// A param: a range of the flat vector.
    Param(std::ops::Range<usize>),
    /// The column of this place: a buffer that is filled for each batch.
    Rows { column: usize, row: usize, buffer: Values },
    /// The fixed port of this place.
    Fixed(usize),
    /// The default of the declaration.
    Default(Values),
    /// Random numbers, of the input of this place.
    Random(usize, Values),
}

/// The inputs of one function.
#[derive(Clone, Debug)]
pub(super) struct Batch<'d> {
    data: &'d Dataset,
    sources: Vec<Source>,
    /// The number of rows the buffers hold now.
    rows: usize,
    /// The number of rows that the random numbers are as many as; none if there are no random inputs.
    drawn: Option<usize>,
}

/// The arrays of a call; on the stack for functions of up to 32 inputs.
pub(super) type Inputs<'a> = SmallVec<[Slice<'a>; 32]>;

impl<'d> Batch<'d> {
    /// Buffers for up to `capacity` rows of the inputs that the signature lists.
    pub fn new(
        model: &Model,
        data: &'d Dataset,
        layout: &Layout,
        function: &Function,
        capacity: usize,
    ) -> Result<Batch<'d>, FitError> {
        let mut missing: Vec<Diagnostic> = vec![];
        let mut sources = vec![];
        let mut drawn = None;
        for (place, port) in function.signature().inputs.iter().enumerate() {
            if port.role == PortRole::Random {
                sources.push(Source::Random(place, Values::zeros(port.element, 0)));
                drawn = Some(usize::MAX);
            } else if let Some(entry) = layout.entry(&port.name) {
                sources.push(Source::Param(entry.range.clone()));
            } else if let Some(column) = data.columns.iter().position(|c| c.name == port.name) {
                let (values, row) = (&data.columns[column].values, data.columns[column].row);
                check_element(port, values)?;
                let buffer = Values::zeros(port.element, row * capacity);
                sources.push(Source::Rows { column, row, buffer });
            } else if let Some(fixed) = data.fixed.iter().position(|f| f.name == port.name) {
                check_element(port, &data.fixed[fixed].values)?;
                sources.push(Source::Fixed(fixed));
            } else {
                match default(model, port) {
                    Ok(values) => sources.push(Source::Default(values)),
                    Err(problem) => missing.push(*problem),
                }
            }
        }
        if missing.is_empty() { Ok(Batch { data, sources, rows: 0, drawn }) } else { Err(FitError::Model(missing)) }
    }

    /// Fills the buffers with these rows, at most as many as the capacity.
    pub fn fill(&mut self, rows: &[u32]) {
        self.rows = rows.len();
        for source in &mut self.sources {
            if let Source::Rows { column, row, buffer } = source {
                let values = &self.data.columns[*column].values;
                gather(values.as_slice(), buffer.as_slice_mut(), *row, rows);
            }
        }
    }

    /// Draws the random numbers of a step, as many as the rows ask for.
    pub fn draw<R: Real>(&mut self, function: &Function, theta: &[R], seed: u64, step: u64) -> Result<(), FitError> {
        let Some(drawn) = self.drawn else { return Ok(()) };
        // How many numbers there are changes with the rows alone.
        if drawn != self.rows {
            let shapes = {
                let inputs = self.inputs(theta);
                let is_random = |i: usize| matches!(self.sources[i], Source::Random(..));
                function.random_shapes(&|i| (!is_random(i)).then(|| inputs[i].len()))?
            };
            for (place, shape) in shapes {
                if let Source::Random(_, values) = &mut self.sources[place] {
                    *values = Values::zeros(values.as_slice().element(), shape.iter().product());
                }
            }
            self.drawn = Some(self.rows);
        }
        for source in &mut self.sources {
            if let Source::Random(place, values) = source {
                function.draw(*place, seed, step, values.as_slice_mut())?;
            }
        }
        Ok(())
    }

    /// The arrays of a call with these params.
    pub fn inputs<'a, R: Real>(&'a self, theta: &'a [R]) -> Inputs<'a> {
        let slice = |source: &'a Source| match source {
            Source::Param(range) => R::slice(&theta[range.clone()]),
            Source::Rows { row, buffer, .. } => first(buffer, row * self.rows),
            Source::Fixed(place) => self.data.fixed[*place].values.as_slice(),
            Source::Default(values) | Source::Random(_, values) => values.as_slice(),
        };
        self.sources.iter().map(slice).collect()
    }
}

fn first(values: &Values, count: usize) -> Slice<'_> {
    match values {
        Values::F32(v) => Slice::F32(&v[..count]),
        Values::F64(v) => Slice::F64(&v[..count]),
        Values::Index(v) => Slice::Index(&v[..count]),
        Values::Bool(v) => Slice::Bool(&v[..count]),
    }
}

fn check_element(port: &Port, values: &Values) -> Result<(), FitError> {
    let given = values.as_slice().element();
    if port.element == given {
        return Ok(());
    }
    let (expected, given) = (port.element.rust_type(), given.rust_type());
    Err(CallError::Element { port: port.name.clone(), expected, given }.into())
}

/// The default of an input's declaration.
fn default(model: &Model, port: &Port) -> Result<Values, Box<Diagnostic>> {
    let declared = model.program().port(&port.name);
    let span = declared.map(|d| d.span).unwrap_or_default();
    let missing = || Box::new(error::port_without_entry(span, &port.name, !model.data_blocks().is_empty()));
    let sizes: Option<Vec<usize>> = port.shape.iter().map(|s| s.known).collect();
    let count: usize = sizes.ok_or_else(missing)?.iter().product();
    let numbers = match declared.and_then(|d| d.initial.as_ref()) {
        Some(Initializer::Constant(value)) => vec![*value; count],
        Some(Initializer::Values(values)) if values.len() == count => values.clone(),
        _ => return Err(missing()),
    };
    let mut values = Values::zeros(port.element, count);
    match &mut values {
        Values::F32(v) => v.iter_mut().zip(&numbers).for_each(|(to, x)| *to = *x as f32),
        Values::F64(v) => v.copy_from_slice(&numbers),
        Values::Index(v) => v.iter_mut().zip(&numbers).for_each(|(to, x)| *to = *x as u32),
        Values::Bool(v) => v.iter_mut().zip(&numbers).for_each(|(to, x)| *to = u8::from(*x != 0.0)),
    }
    debug_assert!(port.element != Element::Index || numbers.iter().all(|n| *n >= 0.0), "lowering checks labels");
    Ok(values)
}
