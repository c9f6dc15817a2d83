//! Classes that no validation image is taken for.

use super::{Finding, FinishedRun};

/// Classes that are named.
const NAMED: usize = 5;
/// How improbable it must be that none of a class's images would have been predicted
/// right, were the class as easy as all together.
const CHANCE: f64 = 0.05;

/// Nothing is predicted as a class that has validation images: a rare class in training,
/// or one with so many images that this is no chance.
pub(super) fn find(run: &FinishedRun<'_>) -> Option<Finding> {
    let (confusion, rare) = (&run.validation.confusion, run.balance.rare());
    let wrong = 1.0 - run.validation.top1;
    let is_unpredicted = |class: &usize| {
        let images = confusion.labelled(*class);
        images > 0
            && confusion.predicted(*class) == 0
            && (rare.contains(class) || wrong.powf(images as f64) < CHANCE)
    };
    let unpredicted: Vec<usize> = (0..run.balance.classes.len())
        .filter(is_unpredicted)
        .collect();
    if unpredicted.is_empty() {
        return None;
    }
    let named: Vec<String> = unpredicted
        .iter()
        .take(NAMED)
        .map(|&class| {
            let trained = run.balance.counts[class];
            format!(
                "{} ({} there, {trained} in training)",
                run.balance.classes[class],
                confusion.labelled(class)
            )
        })
        .collect();
    let more = match unpredicted.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more classes"),
    };
    let advice = match unpredicted.iter().any(|class| rare.contains(class)) {
        true => {
            "--class-weights balanced or --sampler balanced make rare classes count, more images of them help most"
        }
        false => "see whether their images are labelled right and look unlike the others'",
    };
    Some(Finding {
        observation: format!(
            "no validation image is taken for {}{more}",
            named.join(", ")
        ),
        advice: advice.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::{super::example::Example, find};

    #[test]
    fn a_rare_class_that_nothing_predicts_is_named_with_the_remedy() {
        let mut run = Example::new(&[(0.9, 0.9)], &[&[0; 9], &[0; 1]]);
        run.counts = vec![35, 3];
        let text = run.find(find).unwrap();
        assert!(
            text.contains("no validation image is taken for class1 (1 there, 3 in training)"),
            "{text}"
        );
        assert!(text.contains("--sampler balanced"), "{text}");
    }

    #[test]
    fn a_frequent_class_is_named_if_it_is_no_chance() {
        let half = Example::new(&[(0.5, 0.5)], &[&[0; 6], &[0; 6]]);
        let text = half.find(find).unwrap();
        assert!(text.contains("class1 (6 there, 20 in training)"), "{text}");
        assert!(!text.contains("--sampler"), "{text}");
        // Two images of a class that every other image of would be right.
        let few = Example::new(&[(0.5, 0.5)], &[&[0; 2], &[0; 2]]);
        assert_eq!(few.find(find), None);
    }

    #[test]
    fn many_are_counted() {
        let mut labels: Vec<&[usize]> = vec![&[0; 40]; 9];
        labels[0] = &[0; 300];
        let text = Example::new(&[(0.5, 0.5)], &labels).find(find).unwrap();
        assert!(
            text.contains("class5") && !text.contains("class6"),
            "{text}"
        );
        assert!(text.contains("and 3 more classes"), "{text}");
    }

    #[test]
    fn a_class_without_images_or_with_predictions_is_no_finding() {
        let run = Example::new(&[(0.9, 0.9)], &[&[0, 0, 0, 2], &[], &[0; 9]]);
        assert_eq!(run.find(find), None);
    }
}
