//! Arrays of numbers in files: `.npy`, `.npz` and `.safetensors`.
//!
//! Reads bytes. Must not know ports or rows of tables.

use super::error::DataError;
use super::unpack::{Entry, zip_entries};
use safetensors::{Dtype, SafeTensors};

/// Numbers in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Array {
    /// All sizes; the first is that of the rows.
    pub shape: Vec<usize>,
    /// The numbers; a truth value is 0 or 1.
    pub values: Vec<f64>,
}

impl Array {
    /// The numbers of a row; none beyond the last.
    pub fn row(&self, row: usize) -> &[f64] {
        let width = self.width();
        self.values.get(row * width..(row + 1) * width).unwrap_or_default()
    }

    /// How many numbers a row has.
    pub fn width(&self) -> usize {
        self.shape.iter().skip(1).product()
    }
}

/// The array of a `.npy` file.
pub(super) fn from_npy(file: &str, bytes: &[u8]) -> Result<Array, DataError> {
    npy(bytes).map_err(|problem| DataError::Array { file: file.to_string(), problem })
}

/// An array of a `.npz` file; without a name the only one.
pub(super) fn from_npz(file: &str, bytes: &[u8], name: Option<&str>) -> Result<Array, DataError> {
    let wrong = |problem: String| DataError::Array { file: file.to_string(), problem };
    let entries = zip_entries(bytes).map_err(wrong)?;
    let names: Vec<&str> = entries.iter().filter_map(|entry| entry.name.strip_suffix(".npy")).collect();
    let name = chosen(file, &names, name)?;
    let is_it = |entry: &&Entry| entry.name.strip_suffix(".npy") == Some(name);
    let entry = entries.iter().find(is_it).ok_or_else(|| wrong("the array is gone".into()))?;
    entry.unpack(bytes).and_then(|bytes| npy(&bytes)).map_err(|problem| wrong(format!("array `{name}`: {problem}")))
}

/// An array of a `.safetensors` file; without a name the only one.
pub(super) fn from_safetensors(file: &str, bytes: &[u8], name: Option<&str>) -> Result<Array, DataError> {
    let wrong = |problem: String| DataError::Array { file: file.to_string(), problem };
    let tensors = SafeTensors::deserialize(bytes).map_err(|problem| wrong(problem.to_string()))?;
    let mut names = tensors.names();
    names.sort_unstable();
    let name = chosen(file, &names, name)?;
    let tensor = tensors.tensor(name).map_err(|problem| wrong(problem.to_string()))?;
    let kind = match tensor.dtype() {
        Dtype::F32 => Kind::Float(4),
        Dtype::F64 => Kind::Float(8),
        Dtype::I8 => Kind::Signed(1),
        Dtype::I16 => Kind::Signed(2),
        Dtype::I32 => Kind::Signed(4),
        Dtype::I64 => Kind::Signed(8),
        Dtype::U8 => Kind::Unsigned(1),
        Dtype::U16 => Kind::Unsigned(2),
        Dtype::U32 => Kind::Unsigned(4),
        Dtype::U64 => Kind::Unsigned(8),
        Dtype::BOOL => Kind::Unsigned(1),
        other => return Err(wrong(format!("array `{name}` has elements of type {other:?}, which are not read"))),
    };
    let shape = tensor.shape().to_vec();
    let values = numbers(tensor.data(), kind, true).map_err(wrong)?;
    Ok(Array { shape, values })
}

/// The array that is asked for, or the only one.
fn chosen<'a>(file: &str, names: &[&'a str], name: Option<&str>) -> Result<&'a str, DataError> {
    let found = match (name, names) {
        (None, [only]) => Some(*only),
        (None, _) => None,
        (Some(name), _) => names.iter().copied().find(|known| *known == name),
    };
    found.ok_or_else(|| DataError::UnknownArray {
        file: file.to_string(),
        name: name.map(String::from),
        known: names.iter().map(|name| name.to_string()).collect(),
    })
}

/// What an element is, with its bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Float(usize),
    Signed(usize),
    Unsigned(usize),
}

/// Reads the format of NumPy (numpy.lib.format, versions 1 to 3).
fn npy(bytes: &[u8]) -> Result<Array, String> {
    let cut = || "the file ends too early".to_string();
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or("this is no `.npy` file")?;
    let (version, rest) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
    let (length, rest) = match version[0] {
        1 => {
            let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        2 | 3 => {
            let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
            (u32::from_le_bytes(*length) as usize, rest)
        }
        other => return Err(format!("version {other} of the format is not known")),
    };
    let (header, data) = rest.split_at_checked(length).ok_or_else(cut)?;
    let header = std::str::from_utf8(header).map_err(|_| "the header is no text")?;
    let field = |key: &str| {
        let (_, rest) = header.split_once(&format!("'{key}':"))?;
        Some(rest.trim_start())
    };
    let no_field = |key: &str| format!("the header has no `{key}`");
    let descr = field("descr").ok_or_else(|| no_field("descr"))?;
    let descr = descr.strip_prefix('\'').and_then(|d| d.split_once('\'')).map(|(d, _)| d);
    let descr = descr.ok_or("a record of several columns is not read; store one array per column")?;
    let fortran = field("fortran_order").ok_or_else(|| no_field("fortran_order"))?.starts_with("True");
    let shape = field("shape").ok_or_else(|| no_field("shape"))?;
    let shape = shape.strip_prefix('(').and_then(|s| s.split_once(')')).map(|(s, _)| s);
    let shape = shape.ok_or_else(|| no_field("shape"))?;
    let sizes = shape.split(',').map(str::trim).filter(|size| !size.is_empty());
    let shape: Vec<usize> = sizes.map(str::parse).collect::<Result<_, _>>().map_err(|_| no_field("shape"))?;

    let mut characters = descr.chars();
    let (order, kind) = (characters.next().unwrap_or(' '), characters.next().unwrap_or(' '));
    let kind = match (kind, characters.as_str()) {
        ('f', size @ ("4" | "8")) => Kind::Float(size.parse().unwrap_or(8)),
        ('i', size @ ("1" | "2" | "4" | "8")) => Kind::Signed(size.parse().unwrap_or(8)),
        ('u', size @ ("1" | "2" | "4" | "8")) => Kind::Unsigned(size.parse().unwrap_or(8)),
        ('b', "1") => Kind::Unsigned(1),
        _ => return Err(format!("elements of type `{descr}` are not read; store numbers, `x.astype(float)`")),
    };
    let values = numbers(data, kind, order != '>')?;
    let count = shape.iter().try_fold(1usize, |count, size| count.checked_mul(*size));
    if count != Some(values.len()) {
        return Err(format!("the shape {shape:?} does not fit the {} numbers of the file", values.len()));
    }
    Ok(Array { values: if fortran { row_major(&shape, &values) } else { values }, shape })
}

/// The elements as doubles.
fn numbers(data: &[u8], kind: Kind, little: bool) -> Result<Vec<f64>, String> {
    let (Kind::Float(size) | Kind::Signed(size) | Kind::Unsigned(size)) = kind;
    if !data.len().is_multiple_of(size) {
        return Err("the file ends within a number".into());
    }
    let bits = |chunk: &[u8]| {
        let push = |bits: u64, byte: &u8| bits << 8 | u64::from(*byte);
        if little { chunk.iter().rev().fold(0, push) } else { chunk.iter().fold(0, push) }
    };
    let exact = |number: f64| match number.abs() <= 9_007_199_254_740_992.0 {
        true => Ok(number),
        false => Err(format!("the whole number {number} is too large to be exact")),
    };
    let number = |chunk: &[u8]| {
        let bits = bits(chunk);
        match kind {
            Kind::Float(4) => Ok(f64::from(f32::from_bits(bits as u32))),
            Kind::Float(_) => Ok(f64::from_bits(bits)),
            Kind::Unsigned(_) => exact(bits as f64),
            Kind::Signed(size) => {
                // The sign is that of the highest bit.
                let shift = 64 - 8 * size;
                let signed = ((bits << shift) as i64) >> shift;
                exact(signed as f64)
            }
        }
    };
    data.chunks_exact(size).map(number).collect()
}

/// From the order in which the first index runs fastest to that in which the last does.
fn row_major(shape: &[usize], values: &[f64]) -> Vec<f64> {
    let mut strides = vec![1usize; shape.len()];
    for axis in 1..shape.len() {
        strides[axis] = strides[axis - 1] * shape[axis - 1];
    }
    let mut index = vec![0usize; shape.len()];
    let mut out = Vec::with_capacity(values.len());
    for _ in 0..values.len() {
        let at: usize = index.iter().zip(&strides).map(|(i, stride)| i * stride).sum();
        out.extend(values.get(at));
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    out
}
