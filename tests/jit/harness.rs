//! Runs one graph in the interpreter and as native code, and compares.

use nnc::graph::{Axis, DimId, ExtentId, Graph, NodeId, Poly, PortId, PortKind, Precision};
use nnc::interp::{Bindings, evaluate};
use nnc::jit::{Compiled, Slice, SliceMut, Workspace, compile};
use nnc::plan::{Element, PlanResult, plan};

/// A small generator of numbers (SplitMix64: Steele, Lea and Flood 2014), so that failures can be repeated.
pub struct Random(pub u64);

impl Random {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A graph with dims and ports under construction.
pub struct Model {
    pub graph: Graph,
    pub results: Vec<PlanResult>,
}

impl Model {
    pub fn new() -> Model {
        Model { graph: Graph::new(), results: vec![] }
    }

    pub fn dim(&mut self, name: &str, value: Option<i64>) -> ExtentId {
        let d = self.graph.extents.declare(name, value);
        self.graph.extents.intern(Poly::dim(d))
    }

    pub fn input(&mut self, name: &str, shape: &[ExtentId]) -> NodeId {
        let p = self.graph.declare_port(name, PortKind::Real, shape);
        self.graph.port(p)
    }

    pub fn labels(&mut self, name: &str, of: ExtentId, shape: &[ExtentId]) -> NodeId {
        let p = self.graph.declare_port(name, PortKind::Index(of), shape);
        self.graph.port(p)
    }

    pub fn truths(&mut self, name: &str, shape: &[ExtentId]) -> NodeId {
        let p = self.graph.declare_port(name, PortKind::Bool, shape);
        self.graph.port(p)
    }

    pub fn result(&mut self, name: &str, node: NodeId, axes: &[Axis]) {
        self.results.push(PlanResult { name: name.into(), node, axes: axes.to_vec() });
    }
}

/// The `ordinal`-th axis of an extent.
pub fn ax(extent: ExtentId, ordinal: u16) -> Axis {
    Axis { extent, ordinal }
}

/// The contents of one port.
#[derive(Clone)]
pub enum Data {
    F32(Vec<f32>),
    F64(Vec<f64>),
    Index(Vec<u32>),
    Bool(Vec<u8>),
}

impl Data {
    pub fn zeros(element: Element, precision: Precision, length: usize) -> Data {
        match (element, precision) {
            (Element::Real, Precision::F32) => Data::F32(vec![7.0; length]),
            (Element::Real, Precision::F64) => Data::F64(vec![7.0; length]),
            (Element::Index, _) => Data::Index(vec![7; length]),
            (Element::Bool, _) => Data::Bool(vec![7; length]),
        }
    }

    pub fn slice(&self) -> Slice<'_> {
        match self {
            Data::F32(v) => Slice::F32(v),
            Data::F64(v) => Slice::F64(v),
            Data::Index(v) => Slice::Index(v),
            Data::Bool(v) => Slice::Bool(v),
        }
    }

    pub fn slice_mut(&mut self) -> SliceMut<'_> {
        match self {
            Data::F32(v) => SliceMut::F32(v),
            Data::F64(v) => SliceMut::F64(v),
            Data::Index(v) => SliceMut::Index(v),
            Data::Bool(v) => SliceMut::Bool(v),
        }
    }

    pub fn reals(&self) -> Vec<f64> {
        match self {
            Data::F32(v) => v.iter().map(|x| f64::from(*x)).collect(),
            Data::F64(v) => v.clone(),
            Data::Index(v) => v.iter().map(|x| f64::from(*x)).collect(),
            Data::Bool(v) => v.iter().map(|x| f64::from(*x)).collect(),
        }
    }
}

/// Contents for every port of a graph: uniform reals, labels in range.
pub fn random_data(graph: &Graph, precision: Precision, dims: &[i64], random: &mut Random) -> Vec<(PortId, Data)> {
    let size = |e: ExtentId| graph.extents.poly(e).evaluate(&|d: DimId| dims[d.0 as usize]).unwrap();
    let mut out = vec![];
    for (id, port) in graph.ports() {
        let length: i64 = port.axes.iter().map(|a| size(a.extent)).product();
        let data = match (port.kind, precision) {
            (PortKind::Real, Precision::F32) => {
                Data::F32((0..length).map(|_| random.uniform(-2.0, 2.0) as f32).collect())
            }
            (PortKind::Real, Precision::F64) => Data::F64((0..length).map(|_| random.uniform(-2.0, 2.0)).collect()),
            (PortKind::Index(of), _) => {
                Data::Index((0..length).map(|_| random.below(size(of) as usize) as u32).collect())
            }
            (PortKind::Bool, _) => Data::Bool((0..length).map(|_| random.below(2) as u8).collect()),
        };
        out.push((id, data));
    }
    out
}

/// The results of native code, and of the interpreter.
pub fn both(
    model: &Model,
    compiled: &Compiled,
    precision: Precision,
    dims: &[i64],
    data: &[(PortId, Data)],
) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let bindings = Bindings { ports: data.iter().map(|(id, d)| (*id, d.reals())).collect(), dims: dims.to_vec() };
    let roots: Vec<(NodeId, &[Axis])> = model.results.iter().map(|r| (r.node, r.axes.as_slice())).collect();
    let expected = evaluate(&model.graph, &bindings, &roots).unwrap();
    (native(compiled, precision, dims, data), expected)
}

/// The results of native code.
pub fn native(compiled: &Compiled, precision: Precision, dims: &[i64], data: &[(PortId, Data)]) -> Vec<Vec<f64>> {
    let binding = compiled.bind(dims).unwrap();
    let mut workspace = Workspace::new();
    let inputs: Vec<Slice> =
        compiled.ports().iter().map(|(id, _)| data.iter().find(|d| d.0 == *id).unwrap().1.slice()).collect();
    let size = |e: ExtentId| compiled.plan().extents.poly(e).evaluate(&|d: DimId| dims[d.0 as usize]).unwrap();
    let mut results: Vec<Data> = compiled
        .results()
        .iter()
        .map(|r| Data::zeros(r.element, precision, r.shape.iter().map(|e| size(*e)).product::<i64>() as usize))
        .collect();
    let mut outputs: Vec<SliceMut> = results.iter_mut().map(Data::slice_mut).collect();
    compiled.run(&binding, &inputs, &mut outputs, &mut workspace).unwrap();
    results.iter().map(Data::reals).collect()
}

/// The largest distance of native code from the interpreter, relative to the larger of 1 and the largest value of the
/// result, must be below `tolerance` times the rounding error.
pub fn check(model: &Model, dims: &[i64], tolerance: f64) {
    for precision in [Precision::F32, Precision::F64] {
        check_in(model, precision, dims, tolerance);
    }
}

pub fn check_in(model: &Model, precision: Precision, dims: &[i64], tolerance: f64) {
    let p = plan(&model.graph, precision, &model.results);
    let compiled = compile(&p).unwrap_or_else(|e| panic!("{e}\n{p}"));
    check_compiled(model, &compiled, precision, dims, tolerance);
}

pub fn check_compiled(model: &Model, compiled: &Compiled, precision: Precision, dims: &[i64], tolerance: f64) {
    let data = random_data(&model.graph, precision, dims, &mut Random(1));
    let (given, expected) = both(model, compiled, precision, dims, &data);
    let rounding = if precision == Precision::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    for ((g, e), r) in given.iter().zip(&expected).zip(&model.results) {
        let scale = e.iter().filter(|x| x.is_finite()).fold(1.0f64, |m, x| m.max(x.abs()));
        for (i, (g, e)) in g.iter().zip(e).enumerate() {
            let close = g == e || g.is_nan() && e.is_nan() || (g - e).abs() <= tolerance * rounding * scale;
            assert!(close, "{}[{i}] is {g}, expected {e} ({precision:?}, dims {dims:?})\n{}", r.name, compiled.plan());
        }
    }
}
