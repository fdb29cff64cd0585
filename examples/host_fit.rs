//! A host program that fits a curve with its own loop: it compiles a model once, then calls the native function for
//! value and gradient as often as it likes. Run it with `cargo run --example host_fit`.
//!
//! The model says what is fitted, the host says how: here by gradient descent with a step length that shrinks until the
//! loss falls (Armijo 1966). The data are damped vibrations, y = exp(-d t) cos(w t), without noise, so that the right
//! answer is known: d = 0.3, w = 2.

use nnc::model::{Model, Options, Slice};

const MODEL: &str = "
precision f64
dim N
input  t: [N]
target y: [N]
param d = 0.1
param w = 1.8
loss mean((exp(-d * t) * cos(w * t) - y)^2)
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = Model::from_source(MODEL)?;
    let f = model.compile(&Options::gradient("loss"))?;
    println!("inputs:  {}", f.signature().inputs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    println!("results: {}", f.signature().results.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));

    let t: Vec<f64> = (0..60).map(|i| f64::from(i) * 0.1).collect();
    let y: Vec<f64> = t.iter().map(|t| (-0.3 * t).exp() * (2.0 * t).cos()).collect();

    // All memory of the calls: no call below allocates.
    let mut workspace = f.workspace();
    let mut value_and_gradient = |point: [f64; 2]| {
        let (mut by_d, mut by_w) = ([0.0], [0.0]);
        let [d, w] = [[point[0]], [point[1]]];
        let inputs = [Slice::from(&t), (&y).into(), (&d).into(), (&w).into()];
        let loss = f.value_and_grad(&inputs, &mut [(&mut by_d).into(), (&mut by_w).into()], &mut workspace)?;
        Ok::<_, nnc::model::CallError>((loss, [by_d[0], by_w[0]]))
    };

    let mut point = [0.1, 1.8];
    let (mut loss, mut gradient) = value_and_gradient(point)?;
    let mut calls = 1;
    for step in 0..500 {
        let slope = gradient[0] * gradient[0] + gradient[1] * gradient[1];
        if slope < 1e-24 {
            println!("step {step}: the gradient is 0 to rounding");
            break;
        }
        let mut length = 8.0;
        let next = loop {
            let candidate = [point[0] - length * gradient[0], point[1] - length * gradient[1]];
            let (loss_there, gradient_there) = value_and_gradient(candidate)?;
            calls += 1;
            if loss_there <= loss - 0.5 * length * slope || length < 1e-12 {
                break (candidate, loss_there, gradient_there);
            }
            length /= 2.0;
        };
        (point, loss, gradient) = next;
        if step % 5 == 0 {
            println!("step {step:>3}: loss {loss:.3e}, d = {:.6}, w = {:.6}", point[0], point[1]);
        }
    }
    println!("after {calls} calls: d = {:.9}, w = {:.9}, loss {loss:.1e}", point[0], point[1]);
    assert!((point[0] - 0.3).abs() < 1e-6 && (point[1] - 2.0).abs() < 1e-6, "the known answer was not found");
    Ok(())
}
