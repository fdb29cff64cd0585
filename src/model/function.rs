//! A compiled function: how a host calls it.
//!
//! Reads signatures, sizes and back ends. Must not know programs or source text.

use super::compile::CompileTimings;
use super::error::CallError;
use super::interpreted::Interpreted;
use super::signature::{Port, PortRole, Signature};
use super::sizes::Sizes;
use super::slice::{Element, Slice, SliceMut, Values};
use crate::diag::catalog::nearest;
use crate::graph::{Graph, Initializer, NodeId, Poly};
use crate::interp::{Bindings, evaluate};
use crate::pass::Mode;
use std::sync::Arc;

/// Native code (or an interpreted program) that computes some values of a model, and gradients of one of them.
///
/// A function is cheap to clone, can be called from many threads at once, and keeps its code alive for as long as any
/// clone of it lives: the model may be dropped before. Every call gets its scratch memory from a [`Workspace`], of which
/// each thread needs its own.
///
/// ```
/// use nnc::model::{Model, Options};
///
/// let model = Model::from_source("dim N\ninput x: [N]\nparam a\nloss sum((a * x - 6)^2)\n")?;
/// let f = model.compile(&Options::gradient("loss"))?;
/// assert_eq!(f.signature().inputs[0].to_string(), "input x: [N]");
///
/// let mut workspace = f.workspace();
/// let mut gradient = [0.0f32];
/// let x = [1.0f32, 2.0];
/// let loss = f.value_and_grad(&[(&x).into(), (&[1.0f32]).into()], &mut [(&mut gradient).into()], &mut workspace)?;
/// assert_eq!((loss, gradient), (41.0, [-26.0])); // (1-6)² + (2-6)², 2·(1-6)·1 + 2·(2-6)·2
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Function {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub signature: Signature,
    pub sizes: Sizes,
    pub engine: Engine,
    pub timings: CompileTimings,
    /// The modes of whole Jacobians and Hessians, in the order of these results.
    pub modes: Vec<Mode>,
    /// For each input what it is drawn from, if it is random.
    pub distributions: Vec<Option<Initializer>>,
    /// Whether some input holds labels or truth values, whose range is checked at each call.
    pub labels: bool,
    /// What must hold of the sizes of open dims.
    pub needs: Vec<SizeNeed>,
    /// Indices that must stay on their axes.
    pub indices: Vec<IndexNeed>,
}

/// An index that must stay on its axis, tried for each set of sizes.
#[derive(Debug)]
pub(super) struct IndexNeed {
    /// The graph of the model.
    pub graph: Arc<Graph>,
    /// A truth value that depends on sizes alone.
    pub outside: NodeId,
    pub place: String,
}

impl IndexNeed {
    fn check(&self, dims: &[i64]) -> Result<(), CallError> {
        let bindings = Bindings { dims: dims.to_vec(), ..Bindings::default() };
        match evaluate(&self.graph, &bindings, &[(self.outside, &[])]) {
            Ok(values) if values == [[0.0]] => Ok(()),
            _ => Err(CallError::IndexOutside { place: self.place.clone() }),
        }
    }
}

/// A size that must not be negative: `N - 6` where the model reads `x[5]`.
#[derive(Debug)]
pub(super) struct SizeNeed {
    pub size: Poly,
    pub what: String,
    pub place: String,
}

#[derive(Debug)]
pub(super) enum Engine {
    Interpreted(Box<Interpreted>),
    #[cfg(feature = "jit")]
    Native(super::native::Native),
}

/// The scratch memory of calls, and the sizes of the call before: a call with arrays of the same lengths does no
/// allocation and works out no sizes.
#[derive(Debug)]
pub struct Workspace {
    owner: Arc<Inner>,
    lengths: Vec<usize>,
    results: Vec<usize>,
    dims: Vec<i64>,
    bound: bool,
    #[cfg(feature = "jit")]
    native: Option<super::native::Scratch>,
}

/// A value with its name and shape, as [`Function::evaluate`] gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedValue {
    /// Its name in the model.
    pub name: String,
    /// What it is.
    pub role: PortRole,
    /// Its sizes, outermost first; empty for one number.
    pub shape: Vec<usize>,
    /// Row-major.
    pub values: Values,
}

impl Function {
    pub(super) fn new(inner: Inner) -> Function {
        Function { inner: Arc::new(inner) }
    }

    /// Adds what only the front end knows: how long it took, and what must hold of sizes.
    pub(super) fn with_front_end(
        mut self,
        lower: std::time::Duration,
        needs: Vec<SizeNeed>,
        indices: Vec<IndexNeed>,
    ) -> Function {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.timings.lower = lower;
            inner.needs = needs;
            inner.indices = indices;
        }
        self
    }

    /// What the function takes and gives, in order.
    pub fn signature(&self) -> &Signature {
        &self.inner.signature
    }

    /// How long each stage of compilation took.
    pub fn timings(&self) -> CompileTimings {
        self.inner.timings
    }

    pub(super) fn distribution(&self, input: usize) -> Option<&Initializer> {
        self.inner.distributions.get(input)?.as_ref()
    }

    pub(super) fn sizes(&self) -> &Sizes {
        &self.inner.sizes
    }

    /// The mode in which a whole Jacobian or Hessian is computed, by its place among the results.
    pub fn mode(&self, result: usize) -> Option<Mode> {
        let results = &self.inner.signature.results;
        let is_whole = |p: &Port| matches!(p.role, PortRole::Jacobian | PortRole::Hessian);
        let before = results.get(..result)?.iter().filter(|p| is_whole(p)).count();
        self.inner.modes.get(before).copied().filter(|_| results.get(result).is_some_and(is_whole))
    }

    /// Whether calls run native code (else the interpreter).
    pub fn is_native(&self) -> bool {
        match &self.inner.engine {
            Engine::Interpreted(_) => false,
            #[cfg(feature = "jit")]
            Engine::Native(_) => true,
        }
    }

    /// Scratch memory for calls of this function.
    pub fn workspace(&self) -> Workspace {
        Workspace {
            owner: self.inner.clone(),
            lengths: vec![0; self.inner.signature.inputs.len()],
            results: vec![0; self.inner.signature.results.len()],
            dims: vec![],
            bound: false,
            #[cfg(feature = "jit")]
            native: None,
        }
    }

    /// Computes all results. `inputs` and `outputs` are in the order of [`Function::signature`], row-major; the sizes of
    /// open dims follow from the lengths of the inputs. Allocates nothing unless the lengths differ from the call before
    /// with the same workspace (or the interpreter runs it).
    ///
    /// # Errors
    /// Arrays that do not fit the signature or each other, and labels out of range. Nothing is computed then.
    pub fn call(&self, inputs: &[Slice], outputs: &mut [SliceMut], workspace: &mut Workspace) -> Result<(), CallError> {
        self.bind(inputs, workspace)?;
        let inner = &*self.inner;
        let results = &inner.signature.results;
        if outputs.len() != results.len() {
            return Err(CallError::Count { what: "results", expected: results.len(), given: outputs.len() });
        }
        for ((port, output), expected) in results.iter().zip(outputs.iter()).zip(&workspace.results) {
            let (output, expected) = (output.as_slice(), *expected);
            check_element(port, output.element())?;
            if output.len() != expected {
                let (port, shape) = (port.name.clone(), inner.sizes.show(&port.shape, &workspace.dims));
                let (given, reason) = (output.len(), String::new());
                return Err(CallError::Length { port, shape, expected, given, reason });
            }
        }
        match &inner.engine {
            Engine::Interpreted(program) => program.run(&workspace.dims, inputs, outputs),
            #[cfg(feature = "jit")]
            Engine::Native(code) => code.run(inputs, outputs, &mut workspace.native),
        }
    }

    /// The value that was differentiated; its gradients are written to `gradients`, in the order of the signature.
    /// For functions that compute one value and its gradient: [`Options::gradient`](super::Options::gradient).
    ///
    /// # Errors
    /// As [`Function::call`]; [`CallError::NoGradient`] for functions of another kind.
    pub fn value_and_grad(
        &self,
        inputs: &[Slice],
        gradients: &mut [SliceMut],
        workspace: &mut Workspace,
    ) -> Result<f64, CallError> {
        let results = &self.inner.signature.results;
        if results.get(1).is_none_or(|p| p.role != PortRole::Gradient) {
            return Err(CallError::NoGradient);
        }
        if gradients.len() + 1 != results.len() {
            return Err(CallError::Count { what: "gradients", expected: results.len() - 1, given: gradients.len() });
        }
        match results[0].element {
            Element::F64 => {
                let mut value = [0.0f64];
                self.call_split((&mut value).into(), inputs, gradients, workspace)?;
                Ok(value[0])
            }
            _ => {
                let mut value = [0.0f32];
                self.call_split((&mut value).into(), inputs, gradients, workspace)?;
                Ok(f64::from(value[0]))
            }
        }
    }

    fn call_split(
        &self,
        value: SliceMut,
        inputs: &[Slice],
        gradients: &mut [SliceMut],
        workspace: &mut Workspace,
    ) -> Result<(), CallError> {
        let borrowed = gradients.iter_mut().map(SliceMut::reborrow);
        let mut outputs: smallvec::SmallVec<[SliceMut; 32]> = std::iter::once(value).chain(borrowed).collect();
        self.call(inputs, &mut outputs, workspace)
    }

    /// As [`Function::call`], by name and with results of its own: for hosts that call seldom.
    ///
    /// # Errors
    /// As [`Function::call`], and names that the function does not have.
    pub fn evaluate(&self, inputs: &[(&str, Slice)]) -> Result<Vec<NamedValue>, CallError> {
        let signature = &self.inner.signature;
        for (name, _) in inputs {
            if signature.input(name).is_none() {
                let near = nearest(name, signature.inputs.iter().map(|p| p.name.as_str())).map(Into::into);
                return Err(CallError::UnknownPort { name: (*name).into(), nearest: near });
            }
        }
        let find = |port: &Port| {
            let given = inputs.iter().find(|(name, _)| *name == port.name).map(|(_, slice)| *slice);
            given.ok_or_else(|| match port.role {
                PortRole::Random => CallError::NotDrawn { name: port.name.clone() },
                _ => CallError::Missing { name: port.name.clone() },
            })
        };
        let ordered: Vec<Slice> = signature.inputs.iter().map(find).collect::<Result<_, _>>()?;
        let mut workspace = self.workspace();
        let mut results = self.results_for(&ordered, &mut workspace)?;
        let mut outputs: Vec<SliceMut> = results.iter_mut().map(|r| r.values.as_slice_mut()).collect();
        self.call(&ordered, &mut outputs, &mut workspace)?;
        Ok(results)
    }

    /// Results of the right sizes for these inputs, filled with zeros: what a call with the same inputs fills.
    ///
    /// # Errors
    /// As [`Function::call`].
    pub fn results_for(&self, inputs: &[Slice], workspace: &mut Workspace) -> Result<Vec<NamedValue>, CallError> {
        self.bind(inputs, workspace)?;
        let sizes = &self.inner.sizes;
        let result = |port: &Port| {
            let size = |s| sizes.size(s, &workspace.dims).unwrap_or(0) as usize;
            let shape: Vec<usize> = port.shape.iter().map(size).collect();
            let values = Values::zeros(port.element, shape.iter().product());
            NamedValue { name: port.name.clone(), role: port.role, shape, values }
        };
        Ok(self.inner.signature.results.iter().map(result).collect())
    }

    /// Checks the inputs and finds the sizes of open dims, unless they are those of the call before.
    fn bind(&self, inputs: &[Slice], workspace: &mut Workspace) -> Result<(), CallError> {
        let inner = &*self.inner;
        let ports = &inner.signature.inputs;
        if !Arc::ptr_eq(&workspace.owner, &self.inner) {
            return Err(CallError::Workspace);
        }
        if inputs.len() != ports.len() {
            return Err(CallError::Count { what: "inputs", expected: ports.len(), given: inputs.len() });
        }
        for (port, input) in ports.iter().zip(inputs) {
            check_element(port, input.element())?;
        }
        if !workspace.bound || inputs.iter().zip(&workspace.lengths).any(|(i, n)| i.len() != *n) {
            workspace.bound = false;
            inner.sizes.solve(ports, &|i| inputs[i].len(), &mut workspace.dims)?;
            for need in &inner.needs {
                inner.sizes.check(need, &workspace.dims)?;
            }
            // Dims that nothing depends on may have any size.
            workspace.dims.iter_mut().for_each(|n| *n = (*n).max(1));
            for need in &inner.indices {
                need.check(&workspace.dims)?;
            }
            for (n, input) in workspace.lengths.iter_mut().zip(inputs) {
                *n = input.len();
            }
            for (n, port) in workspace.results.iter_mut().zip(&inner.signature.results) {
                *n = inner.sizes.count(&port.shape, &workspace.dims).unwrap_or(0) as usize;
            }
            #[cfg(feature = "jit")]
            if let Engine::Native(code) = &inner.engine {
                code.bind(&workspace.dims, &mut workspace.native)?;
            }
            workspace.bound = true;
        }
        if inner.labels {
            for (port, input) in ports.iter().zip(inputs) {
                check_range(port, *input, &inner.sizes, &workspace.dims)?;
            }
        }
        Ok(())
    }
}

fn check_element(port: &Port, given: Element) -> Result<(), CallError> {
    if port.element == given {
        return Ok(());
    }
    let (expected, given) = (port.element.rust_type(), given.rust_type());
    Err(CallError::Element { port: port.name.clone(), expected, given })
}

/// Labels are below their bound and truth values 0 or 1; the error names the first row that is not so.
fn check_range(port: &Port, input: Slice, sizes: &Sizes, dims: &[i64]) -> Result<(), CallError> {
    // How many elements a row (an entry of the first axis) has.
    let row = |at: usize| at / sizes.count(port.shape.get(1..).unwrap_or(&[]), dims).unwrap_or(1).max(1) as usize;
    match (input, &port.labels) {
        (Slice::Index(values), Some(bound)) => {
            let bound = sizes.size(bound, dims).unwrap_or(0);
            // The largest first: a loop without exit, which is fast for good data.
            if values.iter().copied().max().is_none_or(|largest| i64::from(largest) < bound) {
                return Ok(());
            }
            let at = values.iter().position(|v| i64::from(*v) >= bound).unwrap_or(0);
            Err(CallError::Label { port: port.name.clone(), row: row(at), value: values[at], largest: bound - 1 })
        }
        (Slice::Bool(values), _) => match values.iter().position(|v| *v > 1) {
            Some(at) => Err(CallError::Truth { port: port.name.clone(), row: row(at), value: values[at] }),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}
