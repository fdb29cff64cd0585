//! What must not grow, and what may: compiling the LSTM of sunspots.nn for 10 and for 10,000 steps, and a call for loss and
//! gradient of the graph network of karate.nn for 1,000, 10,000 and 100,000 edges at a constant degree.
//!
//! `cargo bench --bench growth` prints medians. Ratios count; absolute times are those of this machine.

use nnc::model::{Model, Options, SliceMut, Values};
use nnc::random::{Purpose, Stream};
use std::error::Error;
use std::path::Path;
use std::time::Instant;

fn example(name: &str) -> Result<String, std::io::Error> {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("examples/{name}.nn")))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Milliseconds from text to machine code.
fn compile_time(text: &str) -> Result<f64, Box<dyn Error>> {
    let mut times = vec![];
    for _ in 0..21 {
        let start = Instant::now();
        Model::from_source(text)?.compile(&Options::gradient("loss").training())?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(median(times))
}

/// Milliseconds of a call with this many edges, eight per node.
fn graph_time(edges: usize) -> Result<f64, Box<dyn Error>> {
    let nodes = edges / 8;
    let model = Model::from_source(&example("karate")?)?;
    let f = model.compile(&Options::gradient("loss").training().dim("N", nodes))?;
    let mut stream = Stream::new(0, Purpose::CheckPoint, 0);
    let mut held = vec![];
    for port in &f.signature().inputs {
        let size = |s: &nnc::model::Size| s.known.unwrap_or(edges);
        let count: usize = port.shape.iter().map(size).product();
        held.push(match port.name.as_str() {
            "src" | "dst" => Values::Index((0..count).map(|_| stream.below(nodes as u32)).collect()),
            "seen" => Values::Bool((0..count).map(|i| u8::from(i % 10 == 0)).collect()),
            "y" => Values::Index((0..count).map(|_| stream.below(2)).collect()),
            _ => Values::F32((0..count).map(|_| 0.3 * stream.normal() as f32).collect()),
        });
    }
    let inputs: Vec<_> = held.iter().map(Values::as_slice).collect();
    let mut workspace = f.workspace();
    let mut results = f.results_for(&inputs, &mut workspace)?;
    let mut times = vec![];
    for _ in 0..21 {
        let mut outputs: Vec<SliceMut> = results.iter_mut().map(|r| r.values.as_slice_mut()).collect();
        let start = Instant::now();
        f.call(&inputs, &mut outputs, &mut workspace)?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(median(times))
}

fn main() -> Result<(), Box<dyn Error>> {
    let text = example("sunspots")?;
    let few = compile_time(&text.replace("T = 20", "T = 10"))?;
    let many = compile_time(&text.replace("T = 20", "T = 10000"))?;
    println!("LSTM, text to machine code: {few:.2} ms for 10 steps, {many:.2} ms for 10,000 (ratio {:.2})", many / few);
    let mut before = None;
    for edges in [1_000, 10_000, 100_000] {
        let time = graph_time(edges)?;
        let ratio = before.map_or(String::new(), |b: f64| format!(", {:.1} times that of a tenth", time / b));
        println!("graph convolution, loss and gradient, {edges} edges: {time:.3} ms{ratio}");
        before = Some(time);
    }
    Ok(())
}
