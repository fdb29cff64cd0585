//! What differs between single and double precision: limits, constants and polynomials.
//!
//! `tests/reference/kernels/coefficients.py` prints the polynomials. Must not know widths of registers.

use super::lanes::Lanes;
use std::ops::{Add, Neg};

/// A floating-point format, with the constants of the algorithms in it.
pub(super) trait Precision:
    Copy + Default + PartialEq + Add<Output = Self> + Neg<Output = Self> + 'static
{
    /// Every bit but the sign.
    const NOT_SIGN: Self;
    /// The bits of the fraction alone.
    const FRACTION: Self;
    /// 1.5 * 2^fraction bits: adding it to a small number leaves the nearest integer in the lowest bits.
    const ROUND: f64;
    /// 2^fraction bits: or-ing a small integer into it gives the sum of the two.
    const INTEGER: f64;
    /// Number of bits in the fraction.
    const FRACTION_BITS: f64;
    /// Exponent bias.
    const BIAS: f64;
    /// Smallest normal number.
    const SMALLEST_NORMAL: f64;
    /// e^x is 0 below this.
    const EXP_LOW: f64;
    /// e^x is infinite above this.
    const EXP_HIGH: f64;
    /// e^x - 1 is -1 below this.
    const EXPM1_LOW: f64;
    /// sinh(x) is infinite above this.
    const SINH_HIGH: f64;
    /// expm1(x) and log1p(x) are x below this magnitude.
    const TINY: f64;
    /// Sines, cosines and tangents of larger magnitudes need more digits of π than [`PI`](Self::PI) has.
    const REDUCIBLE: f64;
    /// erf(x) is 1 above this.
    const ERF_HIGH: f64;
    /// erfc(x) is 0 above this.
    const ERFC_HIGH: f64;
    /// log 2 as a sum.
    const LOG_2: [Self; 2];
    /// 1 / log 2 as a sum.
    const LOG2_E: [Self; 2];
    /// 1 / log 10 as a sum.
    const LOG10_E: [Self; 2];
    /// log 2 / log 10 as a sum.
    const LOG10_2: [Self; 2];
    /// π as a sum.
    const PI: [Self; 3];
    /// p in e^r = 1 + r + r² p(r) for |r| <= log(2) / 2.
    const EXP: &'static [Self];
    /// p in sinh(x) = x + x³ p(x²) for |x| <= 1.
    const SINH: &'static [Self];
    /// p in sin(r) = r + r³ p(r²) for |r| <= π / 2.
    const SIN: &'static [Self];
    /// p in tan(r) = r + r³ p(r²) for |r| <= π / 4.
    const TAN: &'static [Self];
    /// p in erf(x) = x + x p(x²) for |x| <= 1.
    const ERF: &'static [Self];
    /// p in erf(x) = 1 - e^p(x - 1) for 1 <= x.
    const ERF_TAIL: &'static [Self];

    /// 2 e⁴ erfc(2) as a sum.
    const ERFC_2: [Self; 2];
    /// p in erfc(x) = e^-x² (2 e⁴ erfc(2) + t p(t)) / x for ½ <= x, with t = (x - 2) / (x + 2).
    const ERFC: &'static [Self];

    /// Rounds a constant.
    fn from_f64(value: f64) -> Self;
    /// log(1 + f) - f for √½ <= 1 + f <= √2.
    fn log_tail<V: Lanes<Element = Self>>(f: V) -> V;
    /// Sine with all the digits of π that are needed, for magnitudes above [`REDUCIBLE`](Self::REDUCIBLE).
    fn sin(self) -> Self;
    /// Cosine with all the digits of π that are needed, for magnitudes above [`REDUCIBLE`](Self::REDUCIBLE).
    fn cos(self) -> Self;
    /// Tangent with all the digits of π that are needed, for magnitudes above [`REDUCIBLE`](Self::REDUCIBLE).
    fn tan(self) -> Self;
}

/// p in log(1 + f) = f - f²/2 + f³ p(f).
const LOG_F32: &[f32] =
    &[0.3333333, -0.25000843, 0.20001034, -0.16622466, 0.14207241, -0.13174821, 0.1272441, -0.07546305];

/// p in log(1 + f) = 2 s + s³ p(s²), with s = f / (2 + f).
const LOG_F64: &[f64] = &[
    0.6666666666666734,
    0.39999999999417124,
    0.28571428741864646,
    0.22222198625218192,
    0.18183561693315844,
    0.15314116294876173,
    0.14795306567772457,
];

impl Precision for f32 {
    const NOT_SIGN: f32 = f32::from_bits(0x7fff_ffff);
    const FRACTION: f32 = f32::from_bits(0x007f_ffff);
    const ROUND: f64 = 12_582_912.0;
    const INTEGER: f64 = 8_388_608.0;
    const FRACTION_BITS: f64 = 23.0;
    const BIAS: f64 = 127.0;
    const SMALLEST_NORMAL: f64 = f32::MIN_POSITIVE as f64;
    const EXP_LOW: f64 = -104.0;
    const EXP_HIGH: f64 = 89.0;
    const EXPM1_LOW: f64 = -18.0;
    const SINH_HIGH: f64 = 90.0;
    const TINY: f64 = 1.0 / 67_108_864.0; // 2^-26
    const REDUCIBLE: f64 = 32_768.0;
    const ERF_HIGH: f64 = 4.0;
    const ERFC_HIGH: f64 = 10.5;
    const LOG_2: [f32; 2] = [std::f32::consts::LN_2, -1.904_654_2e-9];
    const LOG2_E: [f32; 2] = [std::f32::consts::LOG2_E, 1.925963e-08];
    const LOG10_E: [f32; 2] = [std::f32::consts::LOG10_E, -1.010305e-08];
    const LOG10_2: [f32; 2] = [std::f32::consts::LOG10_2, -1.4320989e-08];
    const PI: [f32; 3] = [std::f32::consts::PI, -8.742_278e-8, -3.430_249e-15];
    const EXP: &'static [f32] = &[0.49999997, 0.16666542, 0.04166753, 0.008366693, 0.0013862157];
    const SINH: &'static [f32] = &[0.16666716, 0.008330274, 0.00020372833];
    const SIN: &'static [f32] = &[-0.16666667, 0.008333348, -0.00019842603, 2.759997e-06, -2.5025216e-08];
    const TAN: &'static [f32] =
        &[0.3333335, 0.1333268, 0.05405822, 0.021290092, 0.010817371, 0.00011052191, 0.0043670125];
    const ERF: &'static [f32] =
        &[0.12837917, -0.37612626, 0.112835824, -0.026853643, 0.0051879627, -0.0008006793, 7.842288e-05];
    const ERF_TAIL: &'static [f32] = &[-1.8496056, -2.6389604, -0.84321225, -0.041066915, 0.009070484, -0.0011664473];
    const ERFC_2: [f32; 2] = [0.51079136, -8.710928e-09];
    const ERFC: &'static [f32] = &[
        0.16721103,
        -0.2038445,
        0.12151405,
        -0.028971909,
        -0.0075043286,
        0.004752941,
        0.001070491,
        -0.0006594364,
        -0.00019867961,
    ];

    #[inline(always)]
    fn from_f64(value: f64) -> f32 {
        value as f32
    }
    #[inline(always)]
    fn log_tail<V: Lanes<Element = f32>>(f: V) -> V {
        f.square() * f.polynomial(LOG_F32).mul_add(f, V::of(-0.5))
    }
    fn sin(self) -> f32 {
        libm::sin(self.into()) as f32
    }
    fn cos(self) -> f32 {
        libm::cos(self.into()) as f32
    }
    fn tan(self) -> f32 {
        libm::tan(self.into()) as f32
    }
}

impl Precision for f64 {
    const NOT_SIGN: f64 = f64::from_bits(0x7fff_ffff_ffff_ffff);
    const FRACTION: f64 = f64::from_bits(0x000f_ffff_ffff_ffff);
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const INTEGER: f64 = 4_503_599_627_370_496.0;
    const FRACTION_BITS: f64 = 52.0;
    const BIAS: f64 = 1023.0;
    const SMALLEST_NORMAL: f64 = f64::MIN_POSITIVE;
    const EXP_LOW: f64 = -746.0;
    const EXP_HIGH: f64 = 710.0;
    const EXPM1_LOW: f64 = -38.0;
    const SINH_HIGH: f64 = 711.0;
    const TINY: f64 = 1.0 / 36_028_797_018_963_968.0; // 2^-55
    const REDUCIBLE: f64 = 1_073_741_824.0;
    const ERF_HIGH: f64 = 6.0;
    const ERFC_HIGH: f64 = 28.0;
    const LOG_2: [f64; 2] = [std::f64::consts::LN_2, 2.319_046_813_846_299_6e-17];
    const LOG2_E: [f64; 2] = [std::f64::consts::LOG2_E, 2.0355273740931033e-17];
    const LOG10_E: [f64; 2] = [std::f64::consts::LOG10_E, 1.098319650216765e-17];
    const LOG10_2: [f64; 2] = [std::f64::consts::LOG10_2, -2.8037281277851704e-18];
    const PI: [f64; 3] = [std::f64::consts::PI, 1.224_646_799_147_353_2e-16, -2.994_769_809_718_339_7e-33];
    const EXP: &'static [f64] = &[
        0.5,
        0.16666666666666677,
        0.0416666666666666,
        0.008333333333321443,
        0.0013888888888928337,
        0.00019841269886570426,
        2.4801587227621047e-05,
        2.7557243776384498e-06,
        2.755736178023577e-07,
        2.5109185938735996e-08,
        2.0886684693563505e-09,
    ];
    const SINH: &'static [f64] = &[
        0.16666666666666669,
        0.00833333333333297,
        0.00019841269841531245,
        2.7557319130352524e-06,
        2.5052126861989364e-08,
        1.6056999965204122e-10,
        7.765916630596675e-13,
    ];
    const SIN: &'static [f64] = &[
        -0.16666666666666666,
        0.008333333333333207,
        -0.00019841269841212484,
        2.755731921157145e-06,
        -2.5052106904687633e-08,
        1.6058941018999325e-10,
        -7.643019870609112e-13,
        2.721425249467407e-15,
    ];
    const TAN: &'static [f64] = &[
        0.3333333333333338,
        0.13333333333325517,
        0.05396825397275961,
        0.021869488404021194,
        0.008863237838340058,
        0.003592101813759004,
        0.001456038656636876,
        0.0005888998271540368,
        0.0002436236073253327,
        8.388768515790612e-05,
        6.662065089388515e-05,
        -2.487203449653552e-05,
        4.800017815922483e-05,
        -2.3959559074955007e-05,
        9.729280613249733e-06,
    ];
    const ERF: &'static [f64] = &[
        0.12837916709551256,
        -0.37612638903183454,
        0.11283791670942442,
        -0.02686617064289931,
        0.005223977604689966,
        -0.0008548325870703971,
        0.00012055292035174393,
        -1.4924685750072198e-05,
        1.6446833684025832e-06,
        -1.6204216644959769e-07,
        1.370256913134439e-08,
        -7.764805895007783e-10,
    ];
    const ERF_TAIL: &'static [f64] = &[
        -1.8496055099332482,
        -2.6389675142347824,
        -0.8431072563591856,
        -0.04156109802856596,
        0.010033825208465514,
        -0.0019779013675949794,
        0.0002373169526498454,
        2.6295106117200125e-05,
        -2.719692131811655e-05,
        9.668869438393569e-06,
        -2.1296836576050526e-06,
        2.0331175000304943e-07,
        5.874565368191518e-08,
        -3.365182458844437e-08,
        8.583953675549194e-09,
        -1.32998646008604e-09,
        1.2041372447780447e-10,
        -4.914218104787271e-12,
    ];
    const ERFC_2: [f64; 2] = [0.5107913526210115, -8.552044580331892e-18];
    const ERFC: &'static [f64] = &[
        0.1672110104141062,
        -0.20384429592887754,
        0.12151493052459056,
        -0.028976446698227385,
        -0.007515738411054753,
        0.004784898565297955,
        0.001126658003159613,
        -0.0007501848212905077,
        -0.0003143510981099497,
        8.942153489851046e-05,
        8.931026634613053e-05,
        6.223059890872495e-06,
        -1.8910002641069265e-05,
        -8.607531512625116e-06,
        1.258554981145752e-06,
        2.7743062654875056e-06,
        1.0233638435887286e-06,
        -1.9220808416208445e-07,
        -5.228619152739304e-07,
        -2.582950819431489e-07,
        1.721378831776533e-07,
        1.1425701253312973e-07,
        -5.6204923155596165e-08,
    ];

    #[inline(always)]
    fn from_f64(value: f64) -> f64 {
        value
    }
    #[inline(always)]
    fn log_tail<V: Lanes<Element = f64>>(f: V) -> V {
        // 2 s = f - s f, so log(1 + f) - f = s (s² p - f): the dominant part, f²/2, is taken out exactly.
        let s = f / (f + V::of(2.0));
        let z = s.square();
        let half_square = V::of(0.5) * f.square();
        s.mul_add(z.mul_add(z.polynomial(LOG_F64), half_square), V::of(0.0) - half_square)
    }
    fn sin(self) -> f64 {
        libm::sin(self)
    }
    fn cos(self) -> f64 {
        libm::cos(self)
    }
    fn tan(self) -> f64 {
        libm::tan(self)
    }
}
