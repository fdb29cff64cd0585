//! Machine code lives as long as something can call it, and no longer. Alone in its file, because it looks at the
//! memory of the whole process.

#![cfg(all(feature = "jit", target_os = "linux"))]

use nnc::model::{Function, Model, Options, Slice};

/// Bytes of executable memory that belongs to no file.
fn executable_bytes() -> u64 {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace();
            let (range, rights) = (fields.next()?, fields.next()?);
            let file = fields.nth(3);
            if !rights.contains('x') || file.is_some() {
                return None;
            }
            let (from, to) = range.split_once('-')?;
            Some(u64::from_str_radix(to, 16).ok()? - u64::from_str_radix(from, 16).ok()?)
        })
        .sum()
}

#[test]
fn code_is_freed_with_the_last_handle() {
    let model = Model::from_source("dim N\ninput x: [N]\nparam a\noutput y = exp(a * x)\n").unwrap();
    let compile = || model.compile(&Options::values(["y"])).unwrap();
    let before = executable_bytes();
    let functions: Vec<Function> = (0..50).map(|_| compile()).collect();
    let held = executable_bytes();
    assert!(held > before, "50 functions need memory: {before} bytes before, {held} now");
    // A clone keeps the code alive after the original and the model's other functions are gone.
    let kept = functions[0].clone();
    drop(functions);
    let one = executable_bytes();
    assert!(one > before && one < held, "{before}, {held}, then {one} with one handle");
    let result = kept.evaluate(&[("x", Slice::F32(&[0.0])), ("a", Slice::F32(&[3.0]))]).unwrap();
    assert_eq!(result[0].values.to_f64(), [1.0]);
    drop(kept);
    assert_eq!(executable_bytes(), before);
}
