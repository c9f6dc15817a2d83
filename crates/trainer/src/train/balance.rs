//! How unevenly the training images are spread over the classes, in words.

use super::{ClassWeighting, Monitor, Recipe, SamplerKind, class_counts, class_weights};

/// A class is rare if the most frequent one has more than so many times its images.
const FEW_TIMES: usize = 3;
/// Rare classes that are named.
const NAMED: usize = 3;
/// Before every line but the first.
const INDENT: &str = "\n         ";

/// The training images of each class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassBalance<'a> {
    /// The classes' names.
    pub classes: &'a [String],
    /// How many images each has.
    pub counts: Vec<usize>,
}

impl<'a> ClassBalance<'a> {
    /// Counts the `labels` of the training images.
    ///
    /// # Panics
    /// If a label is not a class.
    pub fn new(classes: &'a [String], labels: &[usize]) -> Self {
        Self {
            counts: class_counts(labels, classes.len()),
            classes,
        }
    }

    /// The rare classes, the rarest first: those that the most frequent class has more
    /// than three times the images of. Classes without any are left out.
    pub fn rare(&self) -> Vec<usize> {
        let most = self.most();
        let is_rare = |class: &usize| {
            let count = self.counts[*class];
            count > 0 && count.saturating_mul(FEW_TIMES) < most
        };
        let mut rare: Vec<usize> = (0..self.counts.len()).filter(is_rare).collect();
        rare.sort_by_key(|class| self.counts[*class]);
        rare
    }

    /// Two lines where there are rare classes: how many images those and the most frequent
    /// class have, and what `recipe` does about it or could do.
    pub fn describe(&self, recipe: &Recipe) -> Option<String> {
        let rare = self.rare();
        let rarest = *rare.first()?;
        let most = self.most();
        let frequent = self.counts.iter().position(|count| *count == most)?;
        let named: Vec<String> = rare
            .iter()
            .take(NAMED)
            .map(|&class| format!("{} {}", self.classes[class], self.counts[class]))
            .collect();
        let times = most as f64 / self.counts[rarest] as f64;
        Some(format!(
            "classes  rarest: {}; most frequent: {} {most} training images, {times:.0} times as many{INDENT}{}",
            named.join(", "),
            self.classes[frequent],
            self.remedy(recipe, rarest, frequent),
        ))
    }

    fn remedy(&self, recipe: &Recipe, rarest: usize, frequent: usize) -> String {
        let by_classes = matches!(
            recipe.monitor,
            Monitor::ValMacroF1 | Monitor::ValBalancedAccuracy
        );
        let remedy = match (recipe.class_weights, recipe.sampler) {
            (ClassWeighting::None, SamplerKind::Shuffle) => {
                "a rare class is easily never predicted: --class-weights balanced or --sampler balanced make all classes count".to_owned()
            }
            (ClassWeighting::None, SamplerKind::Balanced) => {
                "every epoch draws as many images of each class".to_owned()
            }
            (weighting, SamplerKind::Shuffle) => {
                let labels: Vec<usize> = self.labels().collect();
                let weights = class_weights(&labels, self.classes.len(), weighting);
                format!(
                    "an image of {} counts {:.2} in the loss, one of {} {:.2}",
                    self.classes[rarest],
                    weights[rarest],
                    self.classes[frequent],
                    weights[frequent],
                )
            }
            (_, SamplerKind::Balanced) => {
                "class weights and the balanced sampler make rare classes count twice over: one of them is enough".to_owned()
            }
        };
        match by_classes {
            true => remedy,
            false => format!(
                "{remedy}; --monitor val_balanced_accuracy chooses the epoch by all classes alike"
            ),
        }
    }

    fn labels(&self) -> impl Iterator<Item = usize> {
        let classes = self.counts.iter().enumerate();
        classes.flat_map(|(class, &count)| std::iter::repeat_n(class, count))
    }

    fn most(&self) -> usize {
        self.counts.iter().copied().max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn balance<'a>(classes: &'a [String], counts: &[usize]) -> ClassBalance<'a> {
        ClassBalance {
            classes,
            counts: counts.to_vec(),
        }
    }

    #[test]
    fn only_more_than_a_few_times_is_worth_a_word() {
        let classes = names(&["a", "b"]);
        let recipe = Recipe::default();
        for even in [[30, 10], [7, 7], [1, 3], [0, 5], [0, 0]] {
            assert_eq!(balance(&classes, &even).describe(&recipe), None, "{even:?}");
        }
        assert!(balance(&classes, &[31, 10]).describe(&recipe).is_some());
        let labels = [1, 1, 0, 1, 1];
        assert_eq!(
            ClassBalance::new(&classes, &labels),
            balance(&classes, &[1, 4])
        );
    }

    #[test]
    fn counts_and_remedies_are_named() {
        let classes = names(&["ants", "bees"]);
        let balance = balance(&classes, &[44, 4]);
        let described = |recipe: Recipe| balance.describe(&recipe).unwrap();
        let text = described(Recipe::default());
        assert!(
            text.starts_with(
                "classes  rarest: bees 4; most frequent: ants 44 training images, 11 times as many\n         a rare"
            ),
            "{text}"
        );
        for flag in [
            "--class-weights balanced",
            "--sampler balanced",
            "--monitor val_balanced_accuracy",
        ] {
            assert!(text.contains(flag), "{flag} in {text}");
        }
        let weighted = Recipe {
            class_weights: ClassWeighting::Balanced,
            monitor: Monitor::ValMacroF1,
            ..Recipe::default()
        };
        let text = described(weighted.clone());
        assert!(
            text.ends_with("an image of bees counts 6.00 in the loss, one of ants 0.55"),
            "{text}"
        );
        let sampled = Recipe {
            sampler: SamplerKind::Balanced,
            ..Recipe::default()
        };
        assert!(described(sampled.clone()).contains("as many images of each class; --monitor"));
        let both = Recipe {
            class_weights: ClassWeighting::Effective,
            ..sampled
        };
        assert!(described(both).contains("twice over"));
    }

    #[test]
    fn the_rarest_come_first() {
        let classes = names(&["a", "b", "c", "d", "e", "f"]);
        let balance = balance(&classes, &[500, 9, 0, 3, 200, 12]);
        assert_eq!(balance.rare(), [3, 1, 5]);
        let text = balance.describe(&Recipe::default()).unwrap();
        assert!(text.contains("rarest: d 3, b 9, f 12; most frequent: a 500 training images, 167"));
    }
}
