//! A network that knows its training images far better than others.

use metrics::wilson_interval;

use super::{Finding, FinishedRun, percent};

/// Difference of accuracies that is worth a word.
const FAR: f64 = 0.1;

/// In the last epoch, training accuracy lies above the validation accuracy's interval, and
/// far above the validation accuracy.
pub(super) fn find(run: &FinishedRun<'_>) -> Option<Finding> {
    let last = run.history.epochs.last()?;
    let images = run.validation.images;
    let interval = wilson_interval(run.hits(last), images);
    if last.train_top1 <= interval.high || last.train_top1 - last.val_top1 <= FAR {
        return None;
    }
    let recipe = run.recipe;
    let mut remedies = vec!["more training images"];
    if recipe.label_smoothing == 0.0 {
        remedies.push("--label-smoothing 0.1");
    }
    if recipe.augment.len() < 2 {
        remedies.push("more augmentation (--augment)");
    }
    if recipe.freeze == 0 {
        remedies.push("fewer layers that learn (--freeze)");
    }
    remedies.push("a lower --learning-rate");
    Some(Finding {
        observation: format!(
            "overfitting: {} of the training images are right in the last epoch, {} of {images} validation images ({} to {})",
            percent(last.train_top1),
            percent(last.val_top1),
            percent(interval.low),
            percent(interval.high),
        ),
        advice: format!("what helps: {}", remedies.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::{
        super::example::{Example, validation},
        find,
    };

    fn run(top1: &[(f64, f64)], images: usize) -> Option<String> {
        let validation = validation(images);
        Example::new(top1, &validation.each_ref().map(Vec::as_slice)).find(find)
    }

    #[test]
    fn far_above_validation_is_told_with_its_interval() {
        let text = run(&[(0.9, 0.6), (0.984, 0.65)], 48).unwrap();
        assert!(
            text.contains("overfitting: 98.4 % of the training"),
            "{text}"
        );
        assert!(
            text.contains("65.0 % of 48 validation images (50.4 % to 76.6 %)"),
            "{text}"
        );
        assert!(text.contains("--label-smoothing 0.1"), "{text}");
    }

    #[test]
    fn little_or_what_chance_explains_is_not() {
        // 13 points, and of twenty images no more than chance.
        assert_eq!(run(&[(0.88, 0.75)], 20), None);
        assert!(run(&[(0.88, 0.75)], 2000).is_some());
        // Certain, and small.
        assert_eq!(run(&[(0.95, 0.87)], 20_000), None);
        // Only the last epoch counts.
        assert_eq!(run(&[(0.99, 0.5), (0.9, 0.95)], 2000), None);
    }

    #[test]
    fn what_the_recipe_does_already_is_no_advice() {
        let validation = validation(200);
        let slices = validation.each_ref().map(Vec::as_slice);
        let mut example = Example::new(&[(0.99, 0.6)], &slices);
        example.recipe.label_smoothing = 0.1;
        example.recipe.freeze = 3;
        let text = example.find(find).unwrap();
        assert!(
            !text.contains("--label-smoothing") && !text.contains("--freeze"),
            "{text}"
        );
        assert!(text.contains("--augment"), "{text}");
    }
}
