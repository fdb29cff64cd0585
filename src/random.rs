//! The random streams of splitting and training: one seeded, counter-based generator, split by purpose.
//!
//! Reads nothing. Must not know what is drawn for.
//!
//! Every stream is ChaCha with 8 rounds. Its 32-byte key is the seed (8 bytes, little end first) followed by the
//! ASCII name of the purpose, filled up with zeros; its 64-bit stream number tells apart the streams of one purpose.
//! So the start of one param does not depend on which others exist, and epoch 7 is shuffled the same way whether or
//! not epoch 6 was run.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// What a stream is for; the text is part of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The start of a param; the stream number is the 64-bit FNV-1a hash of its name in UTF-8.
    InitialValue,
    /// Which rows are for training, validation and test; the stream number is 0.
    Split,
    /// The order of rows in an epoch; the stream number is the epoch, from 0.
    Shuffle,
    /// Random numbers of a model; the stream number is the 64-bit FNV-1a hash of the name of the draw in UTF-8, followed by
    /// the number of the step in 8 bytes, little end first.
    Draw,
    /// The points at which `gradcheck` compares derivatives; the stream number is 0.
    CheckPoint,
}

/// One stream of random numbers.
#[derive(Clone, Debug)]
pub struct Stream {
    generator: ChaCha8Rng,
    /// The second value of the last pair that the normal distribution made.
    spare: Option<f64>,
}

impl Stream {
    /// The stream with this number, for this purpose.
    pub fn new(seed: u64, purpose: Purpose, number: u64) -> Stream {
        let tag: &[u8] = match purpose {
            Purpose::InitialValue => b"nnc initial value",
            Purpose::Split => b"nnc split",
            Purpose::Shuffle => b"nnc shuffle",
            Purpose::Draw => b"nnc draw",
            Purpose::CheckPoint => b"nnc check point",
        };
        let mut key = [0u8; 32];
        for (to, from) in key.iter_mut().zip(seed.to_le_bytes().iter().chain(tag)) {
            *to = *from;
        }
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(number);
        Stream { generator, spare: None }
    }

    /// The stream of a name: its number is the FNV-1a hash of the name.
    pub fn named(seed: u64, purpose: Purpose, name: &str) -> Stream {
        Stream::new(seed, purpose, fnv1a(name.as_bytes()))
    }

    /// The stream of a random draw of a model in a step.
    pub fn draws(seed: u64, name: &str, step: u64) -> Stream {
        let bytes: Vec<u8> = name.bytes().chain(step.to_le_bytes()).collect();
        Stream::new(seed, Purpose::Draw, fnv1a(&bytes))
    }

    /// Uniform on `[0, 1)`, a multiple of 2⁻⁵³.
    pub fn uniform(&mut self) -> f64 {
        (self.generator.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Normal with mean 0 and variance 1 (Box and Muller 1958: pairs √(−2 ln u) · (cos, sin)(2π v)).
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        // 1 - uniform() lies in (0, 1], so the logarithm is finite. libm, because it gives the same bits everywhere.
        let radius = (-2.0 * libm::log(1.0 - self.uniform())).sqrt();
        let (sin, cos) = libm::sincos(std::f64::consts::TAU * self.uniform());
        self.spare = Some(radius * sin);
        radius * cos
    }

    /// Uniform on `0..bound`, without bias (Lemire 2019). `bound` is at least 1.
    pub fn below(&mut self, bound: u32) -> u32 {
        let draw = |stream: &mut Stream| u64::from(stream.generator.next_u32()) * u64::from(bound);
        let mut product = draw(self);
        // The low half is short of uniform only below 2³² mod bound.
        let threshold = bound.wrapping_neg() % bound.max(1);
        while (product as u32) < threshold {
            product = draw(self);
        }
        (product >> 32) as u32
    }

    /// Puts the rows in random order (Fisher and Yates, from the last place down).
    pub fn shuffle(&mut self, rows: &mut [u32]) {
        for last in (1..rows.len()).rev() {
            let at = self.below(last as u32 + 1) as usize;
            rows.swap(last, at);
        }
    }
}

/// The 64-bit FNV-1a hash (Fowler, Noll, Vo).
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv1a() {
        // Vectors of the reference implementation's test suite (isthe.com/chongo/tech/comp/fnv).
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn the_generator_is_chacha_with_8_rounds() {
        // draft-strombergson-chacha-test-vectors-01, TC1: a 256-bit key of zeros, an IV of zeros, 8 rounds.
        let expected = [
            0x3e00_ef2f_895f_40d6u64,
            0x7f5b_b8e8_1f09_a5a1,
            0x2c84_0ec3_ce9a_7f3b,
            0x181b_e188_ef71_1a1e,
            0x984c_e172_b921_6f41,
            0x9f44_5367_456d_5619,
            0x314a_42a3_da86_b001,
            0x387b_fdb8_0e0c_fe42,
        ];
        let mut generator = ChaCha8Rng::from_seed([0; 32]);
        assert_eq!(expected.map(|_| generator.next_u64().swap_bytes()), expected);
    }

    #[test]
    fn streams_differ_by_seed_purpose_and_number() {
        let first = |mut s: Stream| s.uniform();
        let base = first(Stream::new(1, Purpose::Shuffle, 2));
        assert_eq!(base, first(Stream::new(1, Purpose::Shuffle, 2)));
        assert_ne!(base, first(Stream::new(2, Purpose::Shuffle, 2)));
        assert_ne!(base, first(Stream::new(1, Purpose::InitialValue, 2)));
        assert_ne!(base, first(Stream::new(1, Purpose::Shuffle, 3)));
    }

    #[test]
    fn uniform_and_normal_have_their_moments() {
        // Bounds are five standard errors of the sample moments of n independent draws: variance of the mean is σ²/n,
        // of the second moment (μ₄ - σ⁴)/n, with μ₄ = 1/80 for the uniform and 3 for the normal distribution.
        let n = 100_000;
        let mut stream = Stream::new(7, Purpose::CheckPoint, 0);
        let uniform: Vec<f64> = (0..n).map(|_| stream.uniform()).collect();
        let normal: Vec<f64> = (0..n).map(|_| stream.normal()).collect();
        let moment = |v: &[f64], centre: f64, k: i32| v.iter().map(|x| (x - centre).powi(k)).sum::<f64>() / n as f64;
        let close = |got: f64, expected: f64, variance: f64| {
            let bound = 5.0 * (variance / n as f64).sqrt();
            assert!((got - expected).abs() < bound, "{got} is not within {bound} of {expected}");
        };
        close(moment(&uniform, 0.5, 1), 0.0, 1.0 / 12.0);
        close(moment(&uniform, 0.5, 2), 1.0 / 12.0, 1.0 / 80.0 - 1.0 / 144.0);
        close(moment(&normal, 0.0, 1), 0.0, 1.0);
        close(moment(&normal, 0.0, 2), 1.0, 2.0);
        close(moment(&normal, 0.0, 4), 3.0, 96.0);
        assert!(uniform.iter().all(|u| (0.0..1.0).contains(u)));
        // Neighbours are independent: their product has mean 0 and variance 1.
        let products: Vec<f64> = normal.windows(2).map(|w| w[0] * w[1]).collect();
        close(products.iter().sum::<f64>() / n as f64, 0.0, 1.0);
    }

    #[test]
    fn shuffling_is_a_permutation_and_every_order_is_as_likely() {
        // 6 orders of 3 rows, 6000 times: each count is binomial with standard deviation √(6000 · 1/6 · 5/6) = 28.9.
        let mut counts = std::collections::BTreeMap::new();
        let mut stream = Stream::new(3, Purpose::Shuffle, 0);
        for _ in 0..6000 {
            let mut rows = [0, 1, 2];
            stream.shuffle(&mut rows);
            *counts.entry(rows).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|c| (1000i32 - c).abs() < 5 * 29), "{counts:?}");
        let mut rows: Vec<u32> = (0..1000).collect();
        stream.shuffle(&mut rows);
        assert_ne!(rows, (0..1000).collect::<Vec<u32>>());
        rows.sort_unstable();
        assert_eq!(rows, (0..1000).collect::<Vec<u32>>());
    }

    #[test]
    fn bounded_draws_stay_in_range() {
        let mut stream = Stream::new(0, Purpose::Shuffle, 0);
        for bound in [1, 2, 3, 7, 1 << 31, u32::MAX] {
            for _ in 0..100 {
                assert!(stream.below(bound) < bound);
            }
        }
    }
}
