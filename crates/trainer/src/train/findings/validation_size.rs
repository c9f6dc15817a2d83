//! Validation images that are too few to choose an epoch by.

use metrics::wilson_interval;

use super::{Finding, FinishedRun, percent};

/// Half an interval that is worth a word.
const WIDE: f64 = 0.02;

/// The interval of the best epoch's accuracy is wide and holds other epochs' accuracies.
pub(super) fn find(run: &FinishedRun<'_>) -> Option<Finding> {
    let best = run.best()?;
    let images = run.validation.images;
    let interval = wilson_interval(run.hits(best), images);
    let others = run.history.epochs.len() - 1;
    let alike = run
        .history
        .epochs
        .iter()
        .filter(|epoch| (interval.low..=interval.high).contains(&epoch.val_top1))
        .count()
        .saturating_sub(1);
    let reach = (interval.high - interval.low) / 2.0;
    if reach < WIDE || alike == 0 {
        return None;
    }
    let alike = match (alike, others) {
        (1, 1) => "the other epoch".to_owned(),
        (alike, others) if alike == others => format!("the {others} other epochs"),
        (alike, others) => format!("{alike} of the {others} other epochs"),
    };
    let more = match run.held_out {
        true => format!(
            "--val-fraction holds out more, now {}",
            run.recipe.val_fraction
        ),
        false => "more images in val/ would tell".to_owned(),
    };
    Some(Finding {
        observation: format!(
            "validation is small: {} of {images} images may be {} to {} of many, so {alike} may be as good as epoch {}",
            percent(best.val_top1),
            percent(interval.low),
            percent(interval.high),
            best.epoch,
        ),
        advice: format!(
            "differences of less than {:.0} points, between epochs or runs, may be chance; {more}",
            100.0 * reach
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::{
        super::example::{Example, validation},
        find,
    };

    fn example(val_top1: &[f64], images: usize) -> Example {
        let validation = validation(images);
        let top1: Vec<(f64, f64)> = val_top1.iter().map(|&val| (val, val)).collect();
        Example::new(&top1, &validation.each_ref().map(Vec::as_slice))
    }

    #[test]
    fn few_images_do_not_tell_epochs_apart() {
        let mut run = example(&[0.5, 0.9, 46.0 / 48.0, 0.92], 48);
        let text = run.find(find).unwrap();
        assert!(
            text.contains("95.8 % of 48 images may be 86.0 % to 98.8 % of many"),
            "{text}"
        );
        assert!(
            text.contains("2 of the 3 other epochs may be as good as epoch 3"),
            "{text}"
        );
        assert!(text.contains("less than 6 points"), "{text}");
        assert!(
            text.contains("--val-fraction holds out more, now 0.2"),
            "{text}"
        );
        run.held_out = false;
        assert!(run.find(find).unwrap().contains("more images in val/"));
    }

    #[test]
    fn many_images_or_a_clear_winner_need_no_word() {
        assert_eq!(example(&[0.95, 0.955, 0.96], 4000).find(find), None);
        assert_eq!(example(&[0.3, 0.9], 48).find(find), None);
        assert_eq!(example(&[0.9], 48).find(find), None);
    }
}
