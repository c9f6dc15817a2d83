//! `evaluate` on the embedded digits.

use std::sync::Mutex;

use dataset::Split;
use infer::{Classifier, EvaluateOptions, EvaluationOutcome, InferError, evaluate};

use crate::{open, tiny};

fn run(
    sessions: usize,
    split: &Split,
    options: &EvaluateOptions,
) -> Result<EvaluationOutcome, InferError> {
    evaluate(
        &open(Classifier::builder().sessions(sessions)),
        split,
        options,
        &|_| (),
    )
}

#[test]
fn the_nearest_mean_recognises_most_digits() {
    let test = tiny::digits().test.unwrap();
    let outcome = run(2, &test, &EvaluateOptions::default()).unwrap();
    assert_eq!(outcome.evaluation.images, test.len() as u64);
    assert!(outcome.evaluation.top1 > 0.8, "{}", outcome.evaluation.top1);
    assert!(outcome.evaluation.top5 >= outcome.evaluation.top1);
    assert!(outcome.images_per_second() > 0.0);

    let hits = outcome
        .predictions
        .iter()
        .filter(|p| p.predicted == p.label)
        .count();
    assert_eq!(hits as u64, outcome.evaluation.confusion.correct());
    for (i, prediction) in outcome.predictions.iter().enumerate() {
        assert_eq!((prediction.index, prediction.label), (i, test.label(i)));
        assert!((0.0..=1.0).contains(&prediction.probability));
    }
}

#[test]
fn the_outcome_does_not_depend_on_the_number_of_sessions() {
    let test = tiny::digits().test.unwrap();
    // No multiple of the batch size, so that the last batch is short.
    let options = EvaluateOptions {
        batch_size: Some(7),
        ..EvaluateOptions::default()
    };
    let one = run(1, &test, &options).unwrap();
    let two = run(2, &test, &options).unwrap();
    assert_eq!(one.evaluation, two.evaluation);
    assert_eq!(one.predictions, two.predictions);
    assert_eq!(one.evaluation.loss.to_bits(), two.evaluation.loss.to_bits());
}

#[test]
fn the_batch_size_changes_no_prediction() {
    let test = tiny::digits().test.unwrap();
    let classes = |batch_size| {
        let options = EvaluateOptions {
            batch_size: Some(batch_size),
            ..EvaluateOptions::default()
        };
        let outcome = run(2, &test, &options).unwrap();
        outcome
            .predictions
            .iter()
            .map(|p| p.predicted)
            .collect::<Vec<_>>()
    };
    assert_eq!(classes(1), classes(64));
}

#[test]
fn a_limit_takes_images_from_the_whole_split_and_progress_reaches_it() {
    let test = tiny::digits().test.unwrap();
    let classifier = open(Classifier::builder().sessions(2));
    let options = EvaluateOptions {
        limit: Some(30),
        ..EvaluateOptions::default()
    };
    let progress = Mutex::new(Vec::new());
    let outcome = evaluate(&classifier, &test, &options, &|done| {
        progress.lock().unwrap().push(done)
    })
    .unwrap();
    assert_eq!(outcome.predictions.len(), 30);
    assert!(outcome.predictions.last().unwrap().index > test.len() / 2);
    let progress = progress.into_inner().unwrap();
    assert_eq!(progress.last(), Some(&30));
    assert!(progress.is_sorted());
}

#[test]
fn images_of_other_sizes_are_fitted() {
    let test = tiny::digits().test.unwrap();
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for i in 0..50 {
        let small = test.pixels(i).unwrap();
        let enlarged = (0..24 * 24).flat_map(|p| &small[(p / 24 / 3 * 8 + p % 24 / 3) * 3..][..3]);
        pixels.extend(enlarged);
        labels.push(test.label(i));
    }
    let large = Split::in_memory("large", [24, 24], pixels, labels);
    let outcome = run(2, &large, &EvaluateOptions::default()).unwrap();
    assert!(outcome.evaluation.top1 > 0.7, "{}", outcome.evaluation.top1);
}

#[test]
fn no_images_are_no_error() {
    let empty = tiny::digits().train.subset(&[]);
    let outcome = run(1, &empty, &EvaluateOptions::default()).unwrap();
    assert_eq!(outcome.evaluation.images, 0);
}

#[test]
fn a_label_without_class_is_named() {
    let split = Split::in_memory("odd", [8, 8], vec![0; 2 * 192], vec![3, 10]);
    let error = run(1, &split, &EvaluateOptions::default()).unwrap_err();
    assert!(
        matches!(
            error,
            InferError::Label {
                label: 10,
                classes: 10,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("odd #1"), "{error}");
}

#[test]
fn a_broken_image_file_ends_the_evaluation_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("broken.png"), b"not a picture").unwrap();
    let split = Split::from_files(folder.path(), vec!["broken.png".into(); 40], vec![0; 40]);
    let error = run(2, &split, &EvaluateOptions::default()).unwrap_err();
    assert!(matches!(error, InferError::Dataset(_)), "{error}");
    assert!(error.to_string().contains("broken.png"), "{error}");
}
