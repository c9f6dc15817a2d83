//! A run that ended while it was still getting better.

use super::{Finding, FinishedRun, percent};
use crate::train::Monitor;

/// Parts of the run of which the last must have brought something.
const PARTS: usize = 4;
/// The least improvement that is worth a word: of a share, and of a loss in proportion.
const LEAST: f64 = 0.01;
const LEAST_OF_LOSS: f64 = 0.02;

/// The last epoch is the best, and better than all before the last quarter by more than
/// one standard error.
pub(super) fn find(run: &FinishedRun<'_>) -> Option<Finding> {
    let (recipe, monitor) = (run.recipe, run.recipe.monitor);
    let (last, before) = run.history.epochs.split_last()?;
    if last.epoch != recipe.epochs || run.best()?.epoch != last.epoch {
        return None;
    }
    let recent = recipe.epochs.div_ceil(PARTS).min(before.len()).max(1);
    let (earlier, _) = before.split_at((before.len() + 1).checked_sub(recent)?);
    let best = earlier
        .iter()
        .map(|epoch| epoch.monitored(monitor))
        .reduce(|best, figure| match monitor.is_better(figure, best) {
            true => figure,
            false => best,
        })?;
    let now = last.monitored(monitor);
    let least = match monitor {
        Monitor::ValLoss => LEAST_OF_LOSS * best,
        _ => LEAST.max((now * (1.0 - now) / run.validation.images.max(1) as f64).sqrt()),
    };
    if !monitor.is_better_by(least, now, best) {
        return None;
    }
    let shown = |figure: f64| match monitor {
        Monitor::ValLoss => format!("{figure:.4}"),
        _ => percent(figure),
    };
    let epochs = match recent {
        1 => "the last epoch".to_owned(),
        _ => format!("the last {recent} epochs"),
    };
    Some(Finding {
        observation: format!(
            "still improving: {epochs} brought {} from {} to {}",
            monitor.name(),
            shown(best),
            shown(now),
        ),
        advice: format!("for more: {} --epochs {}", run.go_on, 2 * recipe.epochs),
    })
}

#[cfg(test)]
mod tests {
    use super::{
        super::example::{Example, validation},
        *,
    };

    fn example(val_top1: &[f64], images: usize) -> Example {
        let validation = validation(images);
        let top1: Vec<(f64, f64)> = val_top1.iter().map(|&val| (val, val)).collect();
        Example::new(&top1, &validation.each_ref().map(Vec::as_slice))
    }

    #[test]
    fn a_rise_to_the_end_gets_the_command() {
        let text = example(&[0.5, 0.6, 0.7, 0.75, 0.8], 400)
            .find(find)
            .unwrap();
        assert_eq!(
            text,
            "finding  still improving: the last 2 epochs brought val_top1 from 70.0 % to 80.0 %\n         for more: trainer fit --resume runs/photos --epochs 10"
        );
        let text = example(&[0.5, 0.6], 400).find(find).unwrap();
        assert!(text.contains("the last epoch brought"), "{text}");
    }

    #[test]
    fn the_monitor_decides() {
        let mut run = example(&[0.5, 0.6, 0.7, 0.8], 400);
        run.recipe.monitor = Monitor::ValLoss;
        let text = run.find(find).unwrap();
        assert!(text.contains("val_loss from 0.3000 to 0.2000"), "{text}");
        run.history.epochs[3].val_loss = 0.299;
        assert_eq!(run.find(find), None);
        run.recipe.monitor = Monitor::ValBalancedAccuracy;
        assert!(run.find(find).unwrap().contains("val_balanced_accuracy"));
    }

    #[test]
    fn a_level_end_a_fall_and_noise_are_not_worth_it() {
        assert_eq!(example(&[0.5, 0.79, 0.795, 0.8], 400).find(find), None);
        assert_eq!(example(&[0.5, 0.7, 0.8, 0.79], 400).find(find), None);
        // Two points of fifty images are one image.
        assert_eq!(example(&[0.5, 0.7, 0.78, 0.8], 50).find(find), None);
        assert!(example(&[0.5, 0.7, 0.78, 0.8], 5000).find(find).is_some());
        // A single epoch is compared with nothing.
        assert_eq!(example(&[0.8], 400).find(find), None);
    }

    #[test]
    fn the_last_layer_alone_is_what_a_single_epoch_improves_on() {
        let mut run = example(&[0.6, 0.8], 400);
        for record in &mut run.history.epochs {
            record.epoch -= 1;
        }
        run.recipe.epochs = 1;
        assert!(run.find(find).unwrap().contains("--epochs 2"));
        // Stopped early, it has had enough.
        run.recipe.epochs = 9;
        assert_eq!(run.find(find), None);
    }
}
