//! How long a training step of the digits network takes: gather a batch, loss and all gradients, Adam.
//!
//! `cargo bench --bench train_step` prints what was measured and, as its last line, JSON that
//! `benches/peers/train_step.py --nnc` reads. Times are between the ends of steps of one epoch.

use nnc::data::Overrides;
use nnc::fit::{Observer, Settings, Stepped, fit, load};
use nnc::model::{Backend, Model};
use std::error::Error;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Keeps the time between full batches, in microseconds.
struct Clock {
    last: Option<Instant>,
    steps: Vec<f64>,
}

impl Observer for Clock {
    fn stepped(&mut self, step: &Stepped) {
        let now = Instant::now();
        // The first step of an epoch follows a shuffle and a validation, the last batch is shorter.
        if let Some(last) = self.last
            && (2..44).contains(&step.step)
        {
            self.steps.push((now - last).as_secs_f64() * 1e6);
        }
        self.last = Some(Instant::now());
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/digits.nn");
    let model = Model::from_file(&path)?;
    let settings = Settings::new(model.program(), model.train_blocks(), None, &[]).map_err(|_| "bad settings")?;
    let (data, _) = load(&model, &Overrides::default(), settings.seed)?;
    let mut clock = Clock { last: None, steps: vec![] };
    fit(&model, &data, &settings, Backend::Auto, &mut clock, &AtomicBool::new(false))?;
    let mut steps = clock.steps;
    steps.sort_by(f64::total_cmp);
    let at = |q: f64| steps[((steps.len() - 1) as f64 * q) as usize];
    println!(
        "{} steps: median {:.1} µs, 10 % below {:.1} µs, 90 % below {:.1} µs",
        steps.len(),
        at(0.5),
        at(0.1),
        at(0.9)
    );
    println!("{{\"median_step_us\": {:.3}}}", at(0.5));
    Ok(())
}
