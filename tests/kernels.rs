//! Every bulk function: accuracy in both precisions, special values, independence of position.

use nnc::kernel::{ALL, Kernel};

/// Runs a kernel in single precision; `b` is ignored by kernels of one argument.
fn run_f32(kernel: &Kernel, a: &[f32], b: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; a.len()];
    // SAFETY: every slice has `a.len()` numbers, and the output is its own allocation.
    match *kernel {
        Kernel::One { f32: f, .. } => unsafe { f(out.as_mut_ptr(), a.as_ptr(), a.len()) },
        Kernel::Two { f32: f, .. } => {
            assert_eq!(a.len(), b.len());
            unsafe { f(out.as_mut_ptr(), a.as_ptr(), b.as_ptr(), a.len()) }
        }
    }
    out
}

/// Runs a kernel in double precision; `b` is ignored by kernels of one argument.
fn run_f64(kernel: &Kernel, a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; a.len()];
    // SAFETY: every slice has `a.len()` numbers, and the output is its own allocation.
    match *kernel {
        Kernel::One { f64: f, .. } => unsafe { f(out.as_mut_ptr(), a.as_ptr(), a.len()) },
        Kernel::Two { f64: f, .. } => {
            assert_eq!(a.len(), b.len());
            unsafe { f(out.as_mut_ptr(), a.as_ptr(), b.as_ptr(), a.len()) }
        }
    }
    out
}

fn named(name: &str) -> &'static Kernel {
    ALL.iter().find(|k| k.name() == name).unwrap_or_else(|| panic!("no kernel {name}"))
}

/// The kernels of one argument.
fn of_one() -> impl Iterator<Item = &'static Kernel> {
    ALL.iter().copied().filter(|k| matches!(k, Kernel::One { .. }))
}

/// The function of a kernel in double precision, from the standard library or `libm`: the reference for single
/// precision, whose ulp is 2^29 times as large.
fn reference(name: &str, a: f64, b: f64) -> f64 {
    match name {
        "exp" => a.exp(),
        "exp2" => a.exp2(),
        "expm1" => a.exp_m1(),
        "log" => a.ln(),
        "log2" => a.log2(),
        "log10" => a.log10(),
        "log1p" => a.ln_1p(),
        "sin" => a.sin(),
        "cos" => a.cos(),
        "tan" => a.tan(),
        "asin" => a.asin(),
        "acos" => a.acos(),
        "atan" => a.atan(),
        "sinh" => a.sinh(),
        "tanh" => a.tanh(),
        "sigmoid" if a < 0.0 => a.exp() / (1.0 + a.exp()),
        "sigmoid" => 1.0 / (1.0 + (-a).exp()),
        "softplus" if a < 0.0 => a.exp().ln_1p(),
        "softplus" => a + (-a).exp().ln_1p(),
        "erf" => libm::erf(a),
        "erfc" => libm::erfc(a),
        "cbrt" => libm::cbrt(a),
        "pow" => a.powf(b),
        "atan2" => a.atan2(b),
        "hypot" => a.hypot(b),
        // The threshold is that of single precision.
        "reciprocal_or_zero" if a.abs() <= 64.0 * f64::from(f32::EPSILON) * b.abs() => 0.0,
        "reciprocal_or_zero" => 1.0 / a,
        _ => panic!("no reference for {name}"),
    }
}

/// How far a single-precision result is from the true value, in ulp of the true value.
fn error_f32(got: f32, want: f64) -> f64 {
    let rounded = want as f32;
    if got.to_bits() == rounded.to_bits() || (got.is_nan() && want.is_nan()) {
        return 0.0;
    }
    if got.is_nan() || want.is_nan() || (rounded == 0.0 && got == 0.0) {
        return f64::INFINITY; // one of them NaN, or the wrong zero
    }
    // Infinity stands where the next power of two would be.
    let finite = |x: f64| if x.is_infinite() { 2.0_f64.powi(128).copysign(x) } else { x };
    let size = want.abs().clamp(f32::MIN_POSITIVE.into(), f32::MAX.into());
    let ulp = 2.0_f64.powi(size.log2().floor() as i32 - 23);
    (finite(got.into()) - if rounded.is_infinite() { finite(rounded.into()) } else { want }).abs() / ulp
}

/// How many f64 lie between two of them; a lot if one is NaN and the other not, or if zeros differ in sign.
fn distance_f64(a: f64, b: f64) -> u64 {
    if a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()) {
        return 0;
    }
    if a.is_nan() || b.is_nan() || a.is_sign_negative() != b.is_sign_negative() {
        return u64::MAX;
    }
    a.to_bits().abs_diff(b.to_bits())
}

/// Bit patterns that cover every exponent and sign, NaN and infinities among them.
fn patterns(step: usize) -> Vec<f32> {
    (0..=u32::MAX).step_by(step).map(f32::from_bits).collect()
}

/// Repeatable integers: a linear congruential generator with Knuth's constants.
fn integers(seed: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(seed), |s| {
        Some(s.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
    })
    .skip(1)
    .map(|s| s >> 11)
}

#[test]
fn single_precision_is_within_2_ulp_over_all_bit_patterns() {
    // A step that is coprime to powers of two, so that low bits vary.
    let x = patterns(16_411);
    for kernel in of_one() {
        let y = run_f32(kernel, &x, &[]);
        for (&x, &y) in x.iter().zip(&y) {
            let want = reference(kernel.name(), x.into(), 0.0);
            let error = error_f32(y, want);
            assert!(error <= 2.0, "{}({x:e}) = {y:e}, not {want:e}: {error} ulp", kernel.name());
        }
    }
}

#[test]
fn single_precision_is_within_2_ulp_where_models_work() {
    let x: Vec<f32> = (-60_000..=60_000).map(|i| i as f32 * (20.0 / 60_000.0)).collect();
    for kernel in of_one() {
        let y = run_f32(kernel, &x, &[]);
        for (&x, &y) in x.iter().zip(&y) {
            let want = reference(kernel.name(), x.into(), 0.0);
            let error = error_f32(y, want);
            assert!(error <= 2.0, "{}({x:e}) = {y:e}, not {want:e}: {error} ulp", kernel.name());
        }
    }
}

#[test]
fn single_precision_of_two_arguments_is_within_2_ulp() {
    let mut random = integers(1);
    let mut any = || random.next().unwrap_or_default() as u32;
    let (mut a, mut b): (Vec<f32>, Vec<f32>) =
        (0..100_000).map(|_| (f32::from_bits(any()), f32::from_bits(any()))).unzip();
    for _ in 0..100_000 {
        a.push((any() >> 8) as f32 / (1 << 24) as f32 * 8.0);
        b.push((any() >> 8) as f32 / (1 << 24) as f32 * 16.0 - 8.0);
    }
    for kernel in ALL.iter().filter(|k| matches!(k, Kernel::Two { .. })) {
        let y = run_f32(kernel, &a, &b);
        for ((&a, &b), &y) in a.iter().zip(&b).zip(&y) {
            let want = reference(kernel.name(), a.into(), b.into());
            let error = error_f32(y, want);
            assert!(error <= 2.0, "{}({a:e}, {b:e}) = {y:e}, not {want:e}: {error} ulp", kernel.name());
        }
    }
}

/// The rows of `values.csv`, made by `values.py` with mpmath: kernel, arguments, value.
fn rows() -> Vec<(&'static str, f64, f64, f64)> {
    let number = |text: &str| text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
    let rows = include_str!("reference/kernels/values.csv").lines().skip(1);
    rows.map(|row| {
        let fields: Vec<&str> = row.split(',').collect();
        let &[kernel, a, b, value] = fields.as_slice() else { panic!("not four fields: {row}") };
        (kernel, number(a), if b.is_empty() { 0.0 } else { number(b) }, number(value))
    })
    .collect()
}

#[test]
fn double_precision_is_within_2_ulp_of_mpmath() {
    let rows = rows();
    for kernel in ALL {
        let mine: Vec<_> = rows.iter().filter(|r| r.0 == kernel.name()).collect();
        assert!(mine.len() > 100, "{} has {} reference values", kernel.name(), mine.len());
        let a: Vec<f64> = mine.iter().map(|r| r.1).collect();
        let b: Vec<f64> = mine.iter().map(|r| r.2).collect();
        for (got, &&(name, a, b, want)) in run_f64(kernel, &a, &b).into_iter().zip(&mine) {
            let distance = distance_f64(got, want);
            assert!(distance <= 2, "{name}({a:e}, {b:e}) = {got:e}, not {want:e}: {distance} apart");
        }
    }
}

#[test]
fn special_values() {
    use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let rows: &[(&str, &[(f64, f64)])] = &[
        ("exp", &[(0.0, 1.0), (-0.0, 1.0), (inf, inf), (-inf, 0.0), (1e4, inf), (-1e4, 0.0)]),
        ("exp2", &[(0.0, 1.0), (-0.0, 1.0), (inf, inf), (-inf, 0.0), (10.0, 1024.0), (-1.0, 0.5)]),
        ("expm1", &[(0.0, 0.0), (-0.0, -0.0), (inf, inf), (-inf, -1.0), (1e4, inf), (-1e4, -1.0)]),
        ("log", &[(0.0, -inf), (-0.0, -inf), (1.0, 0.0), (-1.0, nan), (-inf, nan), (inf, inf)]),
        (
            "log2",
            &[(0.0, -inf), (-0.0, -inf), (1.0, 0.0), (-1.0, nan), (-inf, nan), (inf, inf), (8.0, 3.0), (0.25, -2.0)],
        ),
        ("log10", &[(0.0, -inf), (-0.0, -inf), (1.0, 0.0), (-1.0, nan), (-inf, nan), (inf, inf), (1000.0, 3.0)]),
        ("log1p", &[(0.0, 0.0), (-0.0, -0.0), (-1.0, -inf), (-1.5, nan), (-inf, nan), (inf, inf)]),
        ("sin", &[(0.0, 0.0), (-0.0, -0.0), (inf, nan), (-inf, nan)]),
        ("cos", &[(0.0, 1.0), (-0.0, 1.0), (inf, nan), (-inf, nan)]),
        ("tan", &[(0.0, 0.0), (-0.0, -0.0), (inf, nan), (-inf, nan)]),
        ("asin", &[(0.0, 0.0), (-0.0, -0.0), (1.0, FRAC_PI_2), (-1.0, -FRAC_PI_2), (1.5, nan), (-inf, nan)]),
        ("acos", &[(1.0, 0.0), (0.0, FRAC_PI_2), (-1.0, PI), (1.5, nan), (inf, nan)]),
        ("atan", &[(0.0, 0.0), (-0.0, -0.0), (1.0, FRAC_PI_4), (inf, FRAC_PI_2), (-inf, -FRAC_PI_2)]),
        ("sinh", &[(0.0, 0.0), (-0.0, -0.0), (inf, inf), (-inf, -inf), (1e4, inf), (-1e4, -inf)]),
        ("tanh", &[(0.0, 0.0), (-0.0, -0.0), (inf, 1.0), (-inf, -1.0), (1e4, 1.0), (-1e4, -1.0)]),
        ("sigmoid", &[(0.0, 0.5), (-0.0, 0.5), (inf, 1.0), (-inf, 0.0), (1e4, 1.0), (-1e4, 0.0)]),
        ("softplus", &[(inf, inf), (-inf, 0.0), (100.0, 100.0), (-1e4, 0.0)]),
        ("erf", &[(0.0, 0.0), (-0.0, -0.0), (inf, 1.0), (-inf, -1.0), (1e4, 1.0), (-1e4, -1.0)]),
        ("erfc", &[(0.0, 1.0), (-0.0, 1.0), (inf, 0.0), (-inf, 2.0), (1e4, 0.0), (-1e4, 2.0)]),
        ("cbrt", &[(0.0, 0.0), (-0.0, -0.0), (inf, inf), (-inf, -inf), (27.0, 3.0), (-8.0, -2.0)]),
    ];
    assert_eq!(rows.len(), of_one().count());
    for &(name, cases) in rows {
        for &(x, want) in cases.iter().chain(&[(nan, nan), (-nan, nan)]) {
            // Alone and in every lane of a full vector.
            for n in [1, 16] {
                for got in run_f64(named(name), &vec![x; n], &[]) {
                    assert_eq!(distance_f64(got, want), 0, "{name}({x}) = {got}, not {want}");
                }
                for got in run_f32(named(name), &vec![x as f32; n], &[]) {
                    assert_eq!(distance_f64(got.into(), (want as f32).into()), 0, "{name}({x}f32) = {got}, not {want}");
                }
            }
        }
    }
}

/// C99, annex F.9.4.4 (pow), F.9.1.4 (atan2) and F.9.4.3 (hypot).
#[test]
fn special_values_of_two_arguments() {
    use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};
    type Case = (f64, f64, f64);
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let rows: &[(&str, &[Case])] = &[
        (
            "pow",
            &[
                (0.0, -3.0, inf),
                (-0.0, -3.0, -inf),
                (0.0, -2.5, inf),
                (-0.0, -2.0, inf),
                (0.0, 3.0, 0.0),
                (-0.0, 3.0, -0.0),
                (-0.0, 2.0, 0.0),
                (-0.0, 0.5, 0.0),
                (-1.0, inf, 1.0),
                (-1.0, -inf, 1.0),
                (1.0, nan, 1.0),
                (1.0, inf, 1.0),
                (nan, 0.0, 1.0),
                (inf, -0.0, 1.0),
                (-2.0, 0.5, nan),
                (0.5, -inf, inf),
                (2.0, -inf, 0.0),
                (0.5, inf, 0.0),
                (2.0, inf, inf),
                (-inf, -3.0, -0.0),
                (-inf, -2.0, 0.0),
                (-inf, 3.0, -inf),
                (-inf, 2.0, inf),
                (inf, -1.0, 0.0),
                (inf, 1.0, inf),
                (nan, 1.0, nan),
                (2.0, nan, nan),
                (-2.0, 3.0, -8.0),
                (-2.0, 2.0, 4.0),
                (0.0, inf, 0.0),
                (0.0, -inf, inf),
            ],
        ),
        (
            "atan2",
            &[
                (0.0, -0.0, PI),
                (-0.0, -0.0, -PI),
                (0.0, 0.0, 0.0),
                (-0.0, 0.0, -0.0),
                (0.0, -1.0, PI),
                (-0.0, -1.0, -PI),
                (0.0, 1.0, 0.0),
                (-1.0, 0.0, -FRAC_PI_2),
                (1.0, -0.0, FRAC_PI_2),
                (1.0, -inf, PI),
                (1.0, inf, 0.0),
                (-1.0, inf, -0.0),
                (inf, 1.0, FRAC_PI_2),
                (-inf, 1.0, -FRAC_PI_2),
                (inf, -inf, 3.0 * FRAC_PI_4),
                (inf, inf, FRAC_PI_4),
                (nan, 1.0, nan),
                (1.0, nan, nan),
            ],
        ),
        (
            "hypot",
            &[
                (3.0, -4.0, 5.0),
                (0.0, -0.0, 0.0),
                (-2.0, 0.0, 2.0),
                (inf, nan, inf),
                (nan, -inf, inf),
                (inf, 1.0, inf),
                (nan, 1.0, nan),
                (1.0, nan, nan),
            ],
        ),
        (
            "reciprocal_or_zero",
            &[
                (0.0, 0.0, 0.0),
                (-0.0, 1.0, 0.0),
                (4.0, 0.0, 0.25),
                (1e-18, -1.0, 0.0),
                (1.0, inf, 0.0),
                (-inf, 1.0, -0.0),
                (nan, 1.0, nan),
                (2.0, nan, 0.5),
            ],
        ),
    ];
    for &(name, cases) in rows {
        for &(a, b, want) in cases {
            for n in [1, 16] {
                for got in run_f64(named(name), &vec![a; n], &vec![b; n]) {
                    assert_eq!(distance_f64(got, want), 0, "{name}({a}, {b}) = {got}, not {want}");
                }
                for got in run_f32(named(name), &vec![a as f32; n], &vec![b as f32; n]) {
                    let want = want as f32;
                    assert_eq!(distance_f64(got.into(), want.into()), 0, "{name}({a}, {b})f32 = {got}, not {want}");
                }
            }
        }
    }
}

/// Values from mpmath.
#[test]
fn tails_of_sigmoid_and_softplus_do_not_vanish_early() {
    let near = |got: f32, want: f64| error_f32(got, want) <= 2.0;
    let [a, b] = run_f32(named("sigmoid"), &[-88.0, -100.0], &[])[..] else { panic!("two values") };
    assert!(near(a, 6.054_601_895_401_186e-39) && near(b, 3.720_075_976_020_836e-44), "{a:e} {b:e}");
    let [a, b] = run_f32(named("softplus"), &[-88.0, -100.0], &[])[..] else { panic!("two values") };
    assert!(near(a, 6.054_601_895_401_186e-39) && near(b, 3.720_075_976_020_836e-44), "{a:e} {b:e}");
    let [a, b] = run_f64(named("softplus"), &[-100.0, 100.0], &[])[..] else { panic!("two values") };
    assert!(distance_f64(a, 3.720_075_976_020_836e-44) <= 2 && b == 100.0, "{a:e} {b}");
}

#[test]
fn powers_of_ten_and_two_have_exact_logarithms() {
    let tens: Vec<f64> = (0..=22).map(|k| 10.0_f64.powi(k)).collect();
    assert_eq!(run_f64(named("log10"), &tens, &[]), (0..=22).map(f64::from).collect::<Vec<_>>());
    let twos: Vec<f64> =
        (-1074..1024).map(|k| if k < -1022 { f64::from_bits(1 << (k + 1074)) } else { 2.0_f64.powi(k) }).collect();
    assert_eq!(run_f64(named("log2"), &twos, &[]), (-1074..1024).map(f64::from).collect::<Vec<_>>());
    assert_eq!(run_f64(named("exp2"), &(-1074..1024).map(f64::from).collect::<Vec<_>>(), &[]), twos);
}

/// A result may depend neither on its position, nor on its neighbours, nor on whether the output is the input; nothing
/// beyond the end is written.
#[test]
fn results_do_not_depend_on_position() {
    let mut random = integers(7);
    let mut values = |n: usize| -> Vec<f32> {
        // Half of ordinary size, half of any bit pattern.
        let mut one = |i: usize| {
            let bits = random.next().unwrap_or_default() as u32;
            if i.is_multiple_of(2) { (bits >> 8) as f32 / (1 << 22) as f32 - 1.5 } else { f32::from_bits(bits) }
        };
        (0..n).map(&mut one).collect()
    };
    for kernel in ALL {
        let (a, b) = (values(100), values(100));
        let alone: Vec<u32> = (0..a.len()).map(|i| run_f32(kernel, &a[i..=i], &b[i..=i])[0].to_bits()).collect();
        let (a64, b64): (Vec<f64>, Vec<f64>) = a.iter().zip(&b).map(|(&a, &b)| (f64::from(a), f64::from(b))).unzip();
        let alone64: Vec<u64> = (0..a.len()).map(|i| run_f64(kernel, &a64[i..=i], &b64[i..=i])[0].to_bits()).collect();
        for start in [0, 1, 3, 29] {
            for n in 0..=40 {
                let range = start..start + n;
                let mut out = a[start..start + n + 1].to_vec();
                let mut out64 = a64[start..start + n + 1].to_vec();
                // SAFETY: both outputs have `n + 1` numbers, and the second arguments at least `n`.
                unsafe {
                    let (p, p64) = (out.as_mut_ptr(), out64.as_mut_ptr());
                    match *kernel {
                        Kernel::One { f32: f, f64: g, .. } => {
                            f(p, p, n);
                            g(p64, p64, n);
                        }
                        Kernel::Two { f32: f, f64: g, .. } => {
                            f(p, p, b[start..].as_ptr(), n);
                            g(p64, p64, b64[start..].as_ptr(), n);
                        }
                    }
                }
                let same = |x: f32, bits: u32| x.to_bits() == bits || (x.is_nan() && f32::from_bits(bits).is_nan());
                let same64 = |x: f64, bits: u64| x.to_bits() == bits || (x.is_nan() && f64::from_bits(bits).is_nan());
                for (i, index) in range.enumerate() {
                    assert!(same(out[i], alone[index]), "{}({:e}) at {i} of {n}", kernel.name(), a[index]);
                    assert!(same64(out64[i], alone64[index]), "{}({:e}) at {i} of {n}", kernel.name(), a[index]);
                }
                assert_eq!(out[n].to_bits(), a[start + n].to_bits(), "{} wrote beyond {n}", kernel.name());
                assert_eq!(out64[n].to_bits(), a64[start + n].to_bits(), "{} wrote beyond {n}", kernel.name());
            }
        }
    }
}

#[test]
fn every_kernel_has_a_name_of_its_own() {
    let mut names: Vec<&str> = ALL.iter().map(|k| k.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 24);
}
