//! Params in the form that users see and in the free form that optimisers change, as flat vectors.
//!
//! Reads programs and the terms of `pass::free`, which the interpreter evaluates in double precision. Must not know
//! training.

use super::Real;
use super::error::CallError;
use super::initial::initialize;
use super::interpreted::refused;
use super::layout::{Layout, LayoutEntry};
use crate::graph::{Constraint, DimId, Graph, Initializer, NodeId, PortId, Program, ProgramPort, Role};
use crate::interp::{self, Bindings};
use crate::pass::free::{FreePort, free_ports};

/// Both forms of the params of a program for given sizes, and the way from one to the other.
///
/// ```
/// use nnc::model::{FreeForm, Model};
///
/// let model = Model::from_source("param a\nparam s: positive = 2\nparam w: simplex[3]\nloss a * s + w[0]\n")?;
/// let form = FreeForm::new(model.program(), &[])?;
/// assert_eq!((form.layout.len, form.free.len), (5, 4));
///
/// let free: Vec<f64> = form.start(0)?;
/// assert_eq!(free, [0.0, 2f64.ln(), 0.0, 0.0]);
/// let values = form.constrained(&free)?;
/// assert!((values[1] - 2.0).abs() < 1e-15 && (values[4] - 1.0 / 3.0).abs() < 1e-15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FreeForm {
    /// Where the values that users see lie in their vector.
    pub layout: Layout,
    /// Where the free values lie in theirs: the vector that optimisers work on.
    pub free: Layout,
    graph: Graph,
    dims: Vec<i64>,
    params: Vec<ProgramPort>,
    /// One per constrained param, with its place in the layouts.
    ports: Vec<(usize, FreePort)>,
}

impl FreeForm {
    /// The forms for given sizes of open dims.
    ///
    /// # Errors
    /// As [`Layout::new`].
    pub fn new(program: &Program, dims: &[(String, usize)]) -> Result<FreeForm, CallError> {
        let mut graph = program.graph.clone();
        for (name, size) in dims {
            let dim = graph.extents.dims().iter().position(|d| d.name == *name && d.is_open());
            if let (Some(dim), Ok(size)) = (dim, i64::try_from(*size)) {
                graph.extents.fix(DimId(dim as u32), size);
            }
        }
        let found = free_ports(&mut graph, program).map_err(|dim| CallError::UnknownDim { dim })?;
        let params: Vec<ProgramPort> = program.ports.iter().filter(|p| p.role == Role::Param).cloned().collect();
        let mut ports = vec![];
        let mut ids: Vec<PortId> = params.iter().map(|p| p.id).collect();
        let layout = Layout::of(&graph, ids.iter().copied(), dims)?;
        for (place, id) in ids.iter_mut().enumerate() {
            if let Some(free) = found.iter().find(|f| f.port == *id) {
                *id = free.free;
                ports.push((place, free.clone()));
            }
        }
        let free = Layout::of(&graph, ids.into_iter(), dims)?;
        let dims = graph.extents.dims().iter().map(|d| d.value.unwrap_or(1)).collect();
        Ok(FreeForm { layout, free, graph, dims, params, ports })
    }

    /// Whether both forms are the same because nothing is constrained.
    pub fn is_trivial(&self) -> bool {
        self.ports.is_empty()
    }

    /// The values that users see.
    ///
    /// # Errors
    /// A vector of another length.
    pub fn constrained<R: Real>(&self, free: &[R]) -> Result<Vec<R>, CallError> {
        check_length(&self.free, free.len())?;
        let mut values = vec![R::ZERO; self.layout.len];
        self.copy(&self.free, free, &self.layout, &mut values);
        let bound = self.bindings(&[(&self.free, free)]);
        for (place, port) in &self.ports {
            let range = self.layout.entries[*place].range.clone();
            let new = self.evaluate(&bound, port.value, port.port)?;
            set(&mut values[range], &new);
        }
        Ok(values)
    }

    /// The free values that give these.
    ///
    /// # Errors
    /// A vector of another length; values that no free values give, because they break a constraint or lie on its
    /// boundary: [`CallError::Constraint`].
    pub fn free<R: Real>(&self, values: &[R]) -> Result<Vec<R>, CallError> {
        check_length(&self.layout, values.len())?;
        let mut free = vec![R::ZERO; self.free.len];
        self.copy(&self.layout, values, &self.free, &mut free);
        let bound = self.bindings(&[(&self.layout, values)]);
        for (place, port) in &self.ports {
            let new = self.evaluate(&bound, port.inverse, port.free)?;
            let entry = &self.layout.entries[*place];
            check_inside(entry, &new, &values[entry.range.clone()])?;
            set(&mut free[self.free.entries[*place].range.clone()], &new);
        }
        Ok(free)
    }

    /// Takes these values as the starts of params, by name, in place of what their declarations say.
    ///
    /// # Errors
    /// [`CallError::Length`] for values of another number than the param has.
    pub fn with_starts(mut self, starts: &[(String, Vec<f64>)]) -> Result<FreeForm, CallError> {
        for (port, entry) in self.params.iter_mut().zip(&self.layout.entries) {
            let Some((_, values)) = starts.iter().find(|(name, _)| *name == entry.name) else { continue };
            if values.len() != entry.range.len() {
                return Err(CallError::Length {
                    port: entry.name.clone(),
                    shape: format!("{:?}", entry.shape),
                    expected: entry.range.len(),
                    given: values.len(),
                    reason: "; its start has another size".into(),
                });
            }
            port.initial = Some(Initializer::Values(values.clone()));
        }
        Ok(self)
    }

    /// The free form of the initial values for a seed.
    ///
    /// # Errors
    /// A start in a file that [`FreeForm::with_starts`] was not given: [`CallError::Missing`]. Initial values outside of a constraint whose bounds are not known before: [`CallError::Constraint`].
    pub fn start<R: Real>(&self, seed: u64) -> Result<Vec<R>, CallError> {
        let mut values = vec![0.0; self.layout.len];
        let mut free = vec![0.0; self.free.len];
        let mut direct = vec![];
        for (place, (port, entry)) in self.params.iter().zip(&self.layout.entries).enumerate() {
            let initial = port.initial.clone().unwrap_or(Initializer::Natural);
            if let Initializer::File { .. } = initial {
                return Err(CallError::Missing { name: entry.name.clone() });
            }
            let own = &mut free[self.free.entries[place].range.clone()];
            match (port.constraint, &initial) {
                (Some(constraint), Initializer::Natural) => {
                    natural(constraint, &self.free.entries[place].shape, own);
                    direct.push(place);
                }
                (Some(Constraint::Unit), start) if is_random(start) => {
                    initialize(start, &entry.name, &entry.shape, port.family, seed, own);
                    direct.push(place);
                }
                (_, start) => {
                    let out = &mut values[entry.range.clone()];
                    initialize(start, &entry.name, &entry.shape, port.family, seed, out);
                }
            }
        }
        let draws = values.clone();
        self.copy(&self.layout, &draws, &self.free, &mut free);
        // A bound may read params whose other form is not known yet: at most one more is known after each turn.
        for _ in 0..self.ports.len() {
            let bound = self.bindings(&[(&self.layout, values.as_slice()), (&self.free, free.as_slice())]);
            for (place, port) in &self.ports {
                if direct.contains(place) {
                    let new = self.evaluate(&bound, port.value, port.port)?;
                    set(&mut values[self.layout.entries[*place].range.clone()], &new);
                } else {
                    let new = self.evaluate(&bound, port.inverse, port.free)?;
                    set(&mut free[self.free.entries[*place].range.clone()], &new);
                }
            }
        }
        for (place, _) in &self.ports {
            let (entry, own) = (&self.layout.entries[*place], self.free.entries[*place].range.clone());
            check_inside(entry, &free[own], &values[entry.range.clone()])?;
        }
        Ok(free.into_iter().map(R::from_f64).collect())
    }

    /// Copies what is the same in both forms.
    fn copy<R: Real>(&self, from: &Layout, source: &[R], to: &Layout, target: &mut [R]) {
        for (i, (a, b)) in from.entries.iter().zip(&to.entries).enumerate() {
            if !self.ports.iter().any(|(place, _)| *place == i) {
                target[b.range.clone()].copy_from_slice(&source[a.range.clone()]);
            }
        }
    }

    fn bindings<R: Real>(&self, vectors: &[(&Layout, &[R])]) -> Bindings {
        let mut bindings = Bindings { dims: self.dims.clone(), ..Bindings::default() };
        for (layout, vector) in vectors {
            let is_free = std::ptr::eq(*layout, &self.free);
            for (i, (param, entry)) in self.params.iter().zip(&layout.entries).enumerate() {
                let free = self.ports.iter().find(|(place, _)| *place == i).filter(|_| is_free);
                let id = free.map_or(param.id, |(_, f)| f.free);
                let numbers = vector[entry.range.clone()].iter().map(|x| x.to_f64()).collect();
                bindings.ports.insert(id, numbers);
            }
        }
        bindings
    }

    /// A term in the order of the axes of a port.
    fn evaluate(&self, bindings: &Bindings, term: NodeId, like: PortId) -> Result<Vec<f64>, CallError> {
        let axes = &self.graph.port_info(like).axes;
        let mut results = interp::evaluate(&self.graph, bindings, &[(term, axes)]).map_err(refused)?;
        Ok(results.pop().unwrap_or_default())
    }
}

/// The free form of the start that a constraint has by itself.
fn natural(constraint: Constraint, shape: &[usize], out: &mut [f64]) {
    match constraint {
        Constraint::Interval { .. } | Constraint::Simplex | Constraint::Cholesky => out.fill(0.0),
        Constraint::Unit => out.fill(1.0),
        Constraint::Ordered => {
            let k = shape.last().copied().unwrap_or(1).max(1);
            // One value alone stands in the middle.
            let (first, gap) = if k == 1 { (0.0, 0.0) } else { (-1.0, (2.0 / (k - 1) as f64).ln()) };
            for (i, x) in out.iter_mut().enumerate() {
                *x = if i % k == 0 { first } else { gap };
            }
        }
    }
}

fn is_random(start: &Initializer) -> bool {
    !matches!(
        start,
        Initializer::Constant(_) | Initializer::Values(_) | Initializer::Natural | Initializer::File { .. }
    )
}

fn set<R: Real>(to: &mut [R], from: &[f64]) {
    for (to, x) in to.iter_mut().zip(from) {
        *to = R::from_f64(*x);
    }
}

fn check_length(layout: &Layout, given: usize) -> Result<(), CallError> {
    if layout.len == given {
        return Ok(());
    }
    let (port, shape) = ("params".to_string(), format!("[{}]", layout.len));
    Err(CallError::Length { port, shape, expected: layout.len, given, reason: String::new() })
}

fn check_inside<R: Real>(entry: &LayoutEntry, free: &[f64], values: &[R]) -> Result<(), CallError> {
    if free.iter().all(|f| f.is_finite()) {
        return Ok(());
    }
    let values: Vec<f64> = values.iter().map(|v| v.to_f64()).collect();
    Err(CallError::Constraint { param: entry.name.clone(), values })
}
