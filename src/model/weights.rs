//! Fitted parameters as files: the safetensors format, with what belongs to them in its metadata.
//!
//! Reads programs for their params. Must not know training or data.
//!
//! The file holds one tensor per param, named as in the model, little-endian, row-major. Its `__metadata__` has one key,
//! `nnc`, whose value is a JSON object: `version` of nnc, `source_hash` (64-bit FNV-1a of the model's text, in
//! hexadecimal), `precision` and `statistics` of the data, such as the means that `standardize` subtracts. Other tools
//! can read the tensors and ignore the rest; files of other tools, without the key, can be loaded too.

use super::atomic_file;
use super::signature::{self, Port, PortRole};
use super::sizes::Sizes;
use super::slice::{Element, Values};
use super::{CallError, Real};
use crate::graph::{PortKind, Program, Role};
use safetensors::{Dtype, SafeTensors, View};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// One fitted parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name in the model.
    pub name: String,
    /// Its sizes, outermost first; empty for one number.
    pub shape: Vec<usize>,
    /// Row-major: [`Values::F32`] or [`Values::F64`].
    pub values: Values,
}

/// The fitted parameters of a model and what is needed to use them.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Weights {
    /// In order of declaration; in order of name after loading.
    pub params: Vec<Param>,
    /// What was learned from the training data besides the params: by key, as text.
    pub statistics: BTreeMap<String, String>,
    /// 64-bit FNV-1a hash of the model's text, if known.
    pub source_hash: Option<u64>,
    /// The version of nnc that wrote the file, if one did.
    pub version: Option<String>,
}

/// Why parameters could not be saved, loaded or used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum WeightsError {
    /// The file could not be read.
    #[error("cannot read weights `{}`: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The file is not what it should be.
    #[error("`{}` is not a whole safetensors file: {reason}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file could not be written. What was there before still is.
    #[error("cannot write weights `{}`: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A param of the model is not in the file.
    #[error("the weights have no values for param `{param}`")]
    Missing {
        /// The param.
        param: String,
    },
    /// A tensor of the file is no param of the model.
    #[error("the weights hold `{tensor}`, which is no param of the model")]
    Unexpected {
        /// The tensor.
        tensor: String,
    },
    /// A tensor of another shape.
    #[error("the weights of `{param}` have shape {given:?}, but the model declares {expected}")]
    Shape {
        /// The param.
        param: String,
        /// As written in the model.
        expected: String,
        /// In the file.
        given: Vec<usize>,
    },
    /// A tensor of another element type.
    #[error("the weights of `{param}` are {given}, but the model computes in {expected}")]
    Element {
        /// The param.
        param: String,
        /// By the model's precision.
        expected: &'static str,
        /// In the file.
        given: String,
    },
}

/// A param as the safetensors library wants it.
struct Tensor<'a>(&'a Param);

impl View for Tensor<'_> {
    fn dtype(&self) -> Dtype {
        match self.0.values {
            Values::F32(_) => Dtype::F32,
            Values::F64(_) => Dtype::F64,
            Values::Index(_) => Dtype::U32,
            Values::Bool(_) => Dtype::BOOL,
        }
    }

    fn shape(&self) -> &[usize] {
        &self.0.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let mut bytes = Vec::with_capacity(self.data_len());
        match &self.0.values {
            Values::F32(v) => v.iter().for_each(|x| x.write_le(&mut bytes)),
            Values::F64(v) => v.iter().for_each(|x| x.write_le(&mut bytes)),
            Values::Index(v) => v.iter().for_each(|x| bytes.extend_from_slice(&x.to_le_bytes())),
            Values::Bool(v) => bytes.extend_from_slice(v),
        }
        Cow::Owned(bytes)
    }

    fn data_len(&self) -> usize {
        match &self.0.values {
            Values::F32(v) => v.len() * f32::BYTES,
            Values::F64(v) => v.len() * f64::BYTES,
            Values::Index(v) => v.len() * 4,
            Values::Bool(v) => v.len(),
        }
    }
}

impl Weights {
    /// The param of this name.
    pub fn param(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|p| p.name == name)
    }

    /// Whether [`Weights::save`] could write there now. To be asked before a long training.
    ///
    /// # Errors
    /// Why not.
    pub fn check_writable(path: &Path) -> Result<(), WeightsError> {
        let reason = |e: std::io::Error| WeightsError::Write { path: path.into(), reason: e.to_string() };
        atomic_file::check(path).map_err(reason)
    }

    /// Writes a file: all of it, or nothing. The same weights give the same bytes.
    ///
    /// # Errors
    /// The folder or file cannot be written; an old file is as it was.
    pub fn save(&self, path: &Path) -> Result<(), WeightsError> {
        let failed = |reason: String| WeightsError::Write { path: path.into(), reason };
        let mut about = serde_json::Map::new();
        if let Some(version) = &self.version {
            about.insert("version".into(), version.as_str().into());
        }
        if let Some(hash) = self.source_hash {
            about.insert("source_hash".into(), format!("{hash:016x}").into());
        }
        let precision = match self.params.first().map(|p| &p.values) {
            Some(Values::F64(_)) => "f64",
            _ => "f32",
        };
        about.insert("precision".into(), precision.into());
        let statistics: serde_json::Map<_, _> =
            self.statistics.iter().map(|(k, v)| (k.clone(), v.as_str().into())).collect();
        about.insert("statistics".into(), statistics.into());
        // One key, because the library writes several in random order.
        let metadata = HashMap::from([("nnc".to_string(), serde_json::Value::from(about).to_string())]);
        let tensors = self.params.iter().map(|p| (p.name.as_str(), Tensor(p)));
        let bytes = safetensors::serialize(tensors, Some(metadata)).map_err(|e| failed(e.to_string()))?;
        atomic_file::write(path, &bytes).map_err(|e| failed(e.to_string()))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// A file that is missing, unreadable, cut short or of another format, or that holds other than f32 and f64.
    pub fn load(path: &Path) -> Result<Weights, WeightsError> {
        let bytes = std::fs::read(path).map_err(|e| WeightsError::Read { path: path.into(), reason: e.to_string() })?;
        let corrupt = |reason: String| WeightsError::Corrupt { path: path.into(), reason };
        let file = SafeTensors::deserialize(&bytes).map_err(|e| corrupt(e.to_string()))?;
        let mut params = vec![];
        for (name, tensor) in file.iter() {
            let values = match tensor.dtype() {
                Dtype::F32 => Values::F32(reals(tensor.data())),
                Dtype::F64 => Values::F64(reals(tensor.data())),
                other => {
                    return Err(WeightsError::Element {
                        param: name.into(),
                        expected: "f32 or f64",
                        given: format!("{other:?}"),
                    });
                }
            };
            params.push(Param { name: name.into(), shape: tensor.shape().to_vec(), values });
        }
        params.sort_by(|a, b| a.name.cmp(&b.name));
        let mut weights = Weights { params, ..Weights::default() };
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| corrupt(e.to_string()))?;
        if let Some(text) = header.metadata().as_ref().and_then(|m| m.get("nnc")) {
            let about: serde_json::Value = serde_json::from_str(text).map_err(|e| corrupt(e.to_string()))?;
            weights.version = about["version"].as_str().map(Into::into);
            weights.source_hash = about["source_hash"].as_str().and_then(|h| u64::from_str_radix(h, 16).ok());
            for (key, value) in about["statistics"].as_object().into_iter().flatten() {
                let text = value.as_str().ok_or_else(|| corrupt(format!("statistic `{key}` is not a text")))?;
                weights.statistics.insert(key.clone(), text.into());
            }
        }
        Ok(weights)
    }

    /// Checks that these are weights of the program: the same params, of the right element type and shape. Returns the
    /// sizes of open dims that follow from the shapes, by dim; 0 for those that do not.
    ///
    /// # Errors
    /// The first difference.
    pub fn check(&self, program: &Program) -> Result<Vec<usize>, WeightsError> {
        let graph = &program.graph;
        let declared: Vec<_> = program.ports.iter().filter(|p| matches!(p.role, Role::Param | Role::State)).collect();
        let name_of = |port: &crate::graph::ProgramPort| graph.port_info(port.id).name.clone();
        if let Some(extra) = self.params.iter().find(|p| !declared.iter().any(|d| name_of(d) == p.name)) {
            return Err(WeightsError::Unexpected { tensor: extra.name.clone() });
        }
        // One port per axis, so that each size is compared by itself.
        let mut axes: Vec<(Port, usize)> = vec![];
        for port in &declared {
            let info = graph.port_info(port.id);
            let param = self.param(&info.name).ok_or_else(|| WeightsError::Missing { param: info.name.clone() })?;
            let expected: Element = program.precision.into();
            let given = param.values.as_slice().element();
            if info.kind == PortKind::Real && given != expected {
                let (expected, given) = (expected.rust_type(), given.rust_type().into());
                return Err(WeightsError::Element { param: info.name.clone(), expected, given });
            }
            let shape = signature::shape(graph, &info.axes);
            if shape.len() != param.shape.len() {
                return Err(self.wrong_shape(program, &info.name));
            }
            for (size, given) in shape.into_iter().zip(&param.shape) {
                let port = Port {
                    name: info.name.clone(),
                    role: PortRole::Param,
                    element: expected,
                    labels: None,
                    shape: vec![size],
                };
                axes.push((port, *given));
            }
        }
        let (ports, lengths): (Vec<Port>, Vec<usize>) = axes.into_iter().unzip();
        let sizes = Sizes::new(&graph.extents, vec![], vec![]);
        let mut dims = vec![];
        match sizes.solve(&ports, &|i| lengths[i], &mut dims) {
            Ok(()) => Ok(dims.into_iter().map(|d| usize::try_from(d).unwrap_or(0)).collect()),
            Err(
                CallError::Length { port, .. } | CallError::Indivisible { port, .. } | CallError::Empty { port, .. },
            ) => Err(self.wrong_shape(program, &port)),
            // No other error is possible: nothing is needed but the shapes.
            Err(other) => Err(WeightsError::Missing { param: other.to_string() }),
        }
    }

    fn wrong_shape(&self, program: &Program, name: &str) -> WeightsError {
        let given = self.param(name).map_or(vec![], |p| p.shape.clone());
        let axes = program.port(name).map_or(&[][..], |p| &program.graph.port_info(p.id).axes);
        let sizes: Vec<String> = signature::shape(&program.graph, axes)
            .iter()
            .map(|s| match s.known {
                Some(n) if s.text != n.to_string() => format!("{} = {n}", s.text),
                _ => s.text.clone(),
            })
            .collect();
        WeightsError::Shape { param: name.into(), expected: format!("[{}]", sizes.join(", ")), given }
    }
}

fn reals<R: Real>(bytes: &[u8]) -> Vec<R> {
    bytes.chunks_exact(R::BYTES).filter_map(R::read_le).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Poly, Precision, ProgramPort};
    use crate::span::Span;

    fn weights() -> Weights {
        Weights {
            params: vec![
                Param {
                    name: "W".into(),
                    shape: vec![2, 3],
                    values: Values::F32(vec![1.0, -2.0, 0.1, f32::MIN, 0.0, 4.0]),
                },
                Param { name: "b".into(), shape: vec![], values: Values::F32(vec![0.5]) },
            ],
            statistics: [("x.mean".to_string(), "1 2.5".to_string())].into(),
            source_hash: Some(0x0123_4567_89ab_cdef),
            version: Some("0.1.0".into()),
        }
    }

    /// `param W: [D, 3]` with open D, `param b`.
    fn program() -> Program {
        let mut program = Program { precision: Precision::F32, ..Program::default() };
        let graph = &mut program.graph;
        let d = graph.extents.declare("D", None);
        let shape = [graph.extents.intern(Poly::dim(d)), graph.extents.intern(Poly::constant(3))];
        for id in [graph.declare_port("W", PortKind::Real, &shape), graph.declare_port("b", PortKind::Real, &[])] {
            program.ports.push(ProgramPort {
                id,
                role: Role::Param,
                initial: None,
                constraint: None,
                family: 0,
                span: Span::default(),
            });
        }
        program
    }

    #[test]
    fn what_is_saved_is_loaded_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        weights().save(&path).unwrap();
        assert_eq!(Weights::load(&path).unwrap(), weights());
        let first = std::fs::read(&path).unwrap();
        weights().save(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), first);
    }

    #[test]
    fn the_file_is_plain_safetensors() {
        // The layout by the format's specification: length of the header, header, data in its order.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        weights().save(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
        assert_eq!(header["W"]["dtype"], "F32");
        assert_eq!(header["W"]["shape"], serde_json::json!([2, 3]));
        let start = 8 + length + header["b"]["data_offsets"][0].as_u64().unwrap() as usize;
        assert_eq!(bytes[start..start + 4], 0.5f32.to_le_bytes());
        let about: serde_json::Value = serde_json::from_str(header["__metadata__"]["nnc"].as_str().unwrap()).unwrap();
        assert_eq!(about["source_hash"], "0123456789abcdef");
    }

    #[test]
    fn damaged_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        assert!(matches!(Weights::load(&path), Err(WeightsError::Read { .. })));
        weights().save(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for length in [0, 4, 8, 20, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..length]).unwrap();
            assert!(matches!(Weights::load(&path), Err(WeightsError::Corrupt { .. })), "cut to {length}");
        }
        std::fs::write(&path, [&bytes[..], b"x"].concat()).unwrap();
        assert!(matches!(Weights::load(&path), Err(WeightsError::Corrupt { .. })));
        std::fs::write(&path, b"x,y\n1,2\n").unwrap();
        assert!(matches!(Weights::load(&path), Err(WeightsError::Corrupt { .. })));
    }

    #[test]
    fn weights_of_another_model_are_refused() {
        let program = program();
        assert_eq!(weights().check(&program), Ok(vec![2]));
        let mut missing = weights();
        missing.params.pop();
        assert_eq!(missing.check(&program), Err(WeightsError::Missing { param: "b".into() }));
        let mut extra = weights();
        extra.params.push(Param { name: "c".into(), shape: vec![], values: Values::F32(vec![0.0]) });
        assert_eq!(extra.check(&program), Err(WeightsError::Unexpected { tensor: "c".into() }));
        let mut shape = weights();
        shape.params[0].shape = vec![3, 2];
        let expected = WeightsError::Shape { param: "W".into(), expected: "[D, 3]".into(), given: vec![3, 2] };
        assert_eq!(shape.check(&program), Err(expected));
        let mut rank = weights();
        rank.params[1].shape = vec![1];
        assert!(matches!(rank.check(&program), Err(WeightsError::Shape { param, .. }) if param == "b"));
        let mut element = weights();
        element.params[1].values = Values::F64(vec![0.5]);
        assert!(matches!(element.check(&program), Err(WeightsError::Element { param, .. }) if param == "b"));
    }

    #[test]
    fn a_failed_save_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let error = Weights::check_writable(folder.path()).unwrap_err();
        assert!(error.to_string().contains("it is a folder"), "{error}");
        assert!(weights().save(&folder.path().join("missing").join("w")).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
