//! The learning curves of the run that a model comes from.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use report::{Curve, CurvePlot};
use serde::Deserialize;

/// What `trainer` writes beside the model, as far as it is shown.
#[derive(Deserialize)]
struct History {
    epochs: Vec<Epoch>,
}

#[derive(Deserialize)]
struct Epoch {
    epoch: f64,
    train_loss: f64,
    train_top1: f64,
    val_loss: f64,
    val_top1: f64,
}

/// The curves in the `history.json` beside `model`; none where there is no such
/// file. An error says why the file cannot be used.
pub fn learning_curves(model: &Path) -> Result<Vec<CurvePlot>, String> {
    let path = model.with_file_name("history.json");
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(|error| format!("cannot read {}: {error}", path.display()))?,
    };
    let history: History = serde_json::from_str(&text)
        .map_err(|error| format!("{} is no training history: {error}", path.display()))?;
    if history.epochs.is_empty() {
        return Ok(Vec::new());
    }
    let plot = |title: &str, y_label: &str, train: fn(&Epoch) -> f64, val: fn(&Epoch) -> f64| {
        let curve = |label: &str, value: fn(&Epoch) -> f64| Curve {
            label: label.to_owned(),
            points: history.epochs.iter().map(|e| (e.epoch, value(e))).collect(),
        };
        CurvePlot {
            title: title.to_owned(),
            y_label: y_label.to_owned(),
            curves: vec![curve("training", train), curve("validation", val)],
        }
    };
    Ok(vec![
        plot("Loss", "cross-entropy", |e| e.train_loss, |e| e.val_loss),
        plot(
            "Top-1 accuracy",
            "share of images",
            |e| e.train_top1,
            |e| e.val_top1,
        ),
    ])
}
