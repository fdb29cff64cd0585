//! The tour as a reader takes it: each model of `docs/tour.md` in a file, the commands that the page names, and the numbers
//! that it promises.

use nnc::model::{Model, Options};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The models of the page, in order.
fn models() -> Vec<String> {
    let page = std::fs::read_to_string(root().join("docs/tour.md")).unwrap();
    page.split("```nn\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_string()).collect()
}

/// Runs a command on a model of its own, as a reader does in the folder of the examples.
fn nnc(command: &[&str], model: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file: PathBuf = folder.path().join("model.nn");
    let data = root().join("examples/data");
    std::fs::write(&file, model.replace("\"data/", &format!("\"{}/", data.display()))).unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_nnc"));
    run.arg(command[0]).arg(&file).args(&command[1..]).current_dir(folder.path()).output().unwrap()
}

#[track_caller]
fn succeeded(output: &Output, model: &str) -> String {
    assert!(output.status.success(), "{}\n{model}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn every_model_can_be_checked_differentiated_and_confirmed() {
    let models = models();
    assert_eq!(models.len(), 8);
    for model in &models {
        succeeded(&nnc(&["check"], model), model);
        if model.contains("\nloss ") {
            let printed = succeeded(&nnc(&["grad"], model), model);
            succeeded(&nnc(&["check"], &printed), &printed);
            succeeded(&nnc(&["gradcheck"], model), model);
        }
    }
}

#[test]
fn the_gradient_by_hand_is_that_of_nnc() {
    let model = Model::from_source(&models()[1]).unwrap();
    let f = model.compile(&Options::values(["difference"])).unwrap();
    // Nothing is left to read.
    assert!(f.signature().inputs.is_empty());
    assert_eq!(f.evaluate(&[]).unwrap()[0].values.to_f64(), [0.0]);
}

#[test]
fn ten_steps_go_where_the_page_says() {
    let model = Model::from_source(&models()[2]).unwrap();
    let f = model.compile(&Options::default()).unwrap();
    let place = f.evaluate(&[("start", (&[0.0]).into())]).unwrap()[0].values.to_f64()[0];
    assert!((place - 3.0 * (1.0 - 0.8f64.powi(10))).abs() < 1e-14);
}

/// Guessing would be right for a tenth of the digits.
#[test]
fn the_models_with_data_learn() {
    let with_data: Vec<String> = models().into_iter().filter(|m| m.contains("\ntrain ")).collect();
    assert_eq!(with_data.len(), 3);
    for model in with_data {
        let table = succeeded(&nnc(&["run"], &model), &model);
        let test = table.lines().find(|l| l.starts_with("test")).unwrap();
        let accuracy: f64 = test.split_whitespace().last().unwrap().parse().unwrap();
        assert!(accuracy > 0.9, "{table}");
    }
}
