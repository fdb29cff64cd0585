//! Indices that no inequality settles and whose sizes are open: they are tried at each call with other sizes.

use nnc::model::{CallError, Model, Options};
use nnc::plan::Slice;

#[test]
fn products_of_open_indices_are_checked_at_calls() {
    let text = "precision f64\ndim D, P\ninput s: [D]\ninput v: [P]\n\
                let L[r in D, c in D] = if c <= r then v[div(r * (r + 1), 2) + c] * s[r] else 0\noutput y = sum(L, axis = 1)\n";
    let model = Model::from_source(text).unwrap();
    let function = model.compile(&Options::values(["y"])).unwrap();
    let v = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let call = |s: &[f64], v: &[f64]| function.evaluate(&[("s", Slice::F64(s)), ("v", Slice::F64(v))]);
    assert_eq!(format!("{:?}", call(&[1.0, 10.0, 100.0], &v).unwrap()[0].values), "F64([1.0, 50.0, 1500.0])");
    assert_eq!(format!("{:?}", call(&[1.0, 10.0], &v).unwrap()[0].values), "F64([1.0, 50.0])");
    let error = call(&[1.0, 10.0, 100.0], &v[..5]).unwrap_err();
    assert!(matches!(&error, CallError::IndexOutside { place } if place.contains(":5:")), "{error:?}");
}
