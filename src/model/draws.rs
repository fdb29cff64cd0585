//! Random inputs of functions: how many numbers they need, and the numbers for a seed and a step.
//!
//! Reads signatures and sizes. Must not know training.

use super::Real;
use super::error::CallError;
use super::function::{Function, NamedValue};
use super::signature::{Port, PortRole};
use super::slice::{Slice, SliceMut, Values};
use crate::graph::Initializer;
use crate::random::Stream;

impl Function {
    /// Fills a random input, by its place in the signature, with the numbers of a seed and a step. The same seed, step and
    /// name of the input give the same bits, whatever else is drawn; other steps give other numbers. Training counts its
    /// steps from 1; evaluation and prediction draw with seed 0 and step 0.
    ///
    /// # Errors
    /// [`CallError::NotRandom`] for an input that is not random, [`CallError::Element`] for an array of another type.
    pub fn draw(&self, input: usize, seed: u64, step: u64, out: SliceMut) -> Result<(), CallError> {
        let port = self.signature().inputs.get(input);
        let distribution = port.and_then(|_| self.distribution(input));
        let (Some(port), Some(distribution)) = (port, distribution) else {
            let name = port.map_or(String::new(), |p| p.name.clone());
            return Err(CallError::NotRandom { name });
        };
        match out {
            SliceMut::F32(out) => fill(distribution, &port.name, seed, step, out),
            SliceMut::F64(out) => fill(distribution, &port.name, seed, step, out),
            SliceMut::Index(_) | SliceMut::Bool(_) => {
                let given = if matches!(out, SliceMut::Bool(_)) { "u8" } else { "u32" };
                let (port, expected) = (port.name.clone(), port.element.rust_type());
                return Err(CallError::Element { port, expected, given });
            }
        }
        Ok(())
    }

    /// The values of all random inputs for a seed and a step, by name; their sizes follow from the other inputs. For hosts
    /// that call seldom.
    ///
    /// # Errors
    /// Sizes that do not follow from what is given.
    pub fn random_inputs(&self, given: &[(&str, Slice)], seed: u64, step: u64) -> Result<Vec<NamedValue>, CallError> {
        let inputs = &self.signature().inputs;
        let length = |i: usize| given.iter().find(|(n, _)| *n == inputs[i].name).map(|(_, s)| s.len());
        let mut found = vec![];
        for (place, shape) in self.random_shapes(&length)? {
            let port = &inputs[place];
            let mut values = Values::zeros(port.element, shape.iter().product());
            self.draw(place, seed, step, values.as_slice_mut())?;
            found.push(NamedValue { name: port.name.clone(), role: port.role, shape, values });
        }
        Ok(found)
    }

    /// The places and shapes of the random inputs, for these lengths of others.
    pub(crate) fn random_shapes(
        &self,
        length: &dyn Fn(usize) -> Option<usize>,
    ) -> Result<Vec<(usize, Vec<usize>)>, CallError> {
        let inputs = &self.signature().inputs;
        let known: Vec<(usize, Port)> = inputs
            .iter()
            .enumerate()
            .filter(|(i, p)| p.role != PortRole::Random && length(*i).is_some())
            .map(|(i, p)| (i, p.clone()))
            .collect();
        let random: Vec<usize> = (0..inputs.len()).filter(|i| inputs[*i].role == PortRole::Random).collect();
        if random.is_empty() {
            return Ok(vec![]);
        }
        let ports: Vec<Port> = known.iter().map(|k| k.1.clone()).collect();
        let mut dims = vec![];
        self.sizes().solve(&ports, &|i| length(known[i].0).unwrap_or(0), &mut dims)?;
        let shape = |place: usize| {
            let size = |s| self.sizes().size(s, &dims).and_then(|n| usize::try_from(n).ok());
            let sizes = inputs[place].shape.iter().map(size).collect::<Option<Vec<usize>>>();
            let open = || CallError::Size { size: inputs[place].shape_text() };
            Ok((place, sizes.ok_or_else(open)?))
        };
        random.into_iter().map(shape).collect()
    }
}

fn fill<R: Real>(distribution: &Initializer, name: &str, seed: u64, step: u64, out: &mut [R]) {
    let mut stream = Stream::draws(seed, name, step);
    match distribution {
        Initializer::Normal { std } => out.iter_mut().for_each(|x| *x = R::from_f64(std * stream.normal())),
        // As many digits as the precision holds, so that no number is rounded up to the end.
        _ => {
            let digits = if R::BYTES == 4 { f64::from(1u32 << 24) } else { (1u64 << 53) as f64 };
            out.iter_mut().for_each(|x| *x = R::from_f64((stream.uniform() * digits).floor() / digits));
        }
    }
}
