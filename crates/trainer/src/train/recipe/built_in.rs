//! The recipes that come with the program, and which of them a data set gets.

use dataset::Source;

use super::{Recipe, photos};

/// How much there is to learn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// Images of the training split.
    pub images: usize,
    /// Classes that they show.
    pub classes: usize,
}

impl Amount {
    /// What `trainer recipes` shows of a recipe that depends on it.
    pub const EXAMPLE: Self = Self {
        images: 1000,
        classes: 10,
    };
}

/// A recipe that comes with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuiltIn {
    /// The accuracy of published fine-tunings of CIFAR-100, on a GPU.
    Best,
    /// The blog post that this project started from.
    Blog,
    /// The best accuracy on CIFAR-100 that a processor reaches in two hours.
    Cpu,
    /// The embedded digits.
    Digits,
    /// A folder of photos, from 10 to 10 000 of a class.
    Photos,
}

impl BuiltIn {
    /// All of them, by name.
    pub const ALL: [Self; 5] = [
        Self::Best,
        Self::Blog,
        Self::Cpu,
        Self::Digits,
        Self::Photos,
    ];

    /// The recipe of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|recipe| recipe.name() == name)
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Best => "best",
            Self::Blog => "blog",
            Self::Cpu => "cpu",
            Self::Digits => "digits",
            Self::Photos => "photos",
        }
    }

    /// The recipe for a data set that is used without one; `on_gpu` tells whether a GPU trains.
    pub fn for_dataset(source: &Source, on_gpu: bool) -> Self {
        match source {
            Source::Digits => Self::Digits,
            Source::Cifar100 if on_gpu => Self::Best,
            Source::Cifar100 => Self::Cpu,
            Source::Path(_) => Self::Photos,
        }
    }

    /// As TOML with its comments; `None` where the values depend on the data.
    pub fn text(self) -> Option<&'static str> {
        match self {
            Self::Best => Some(include_str!("../../../recipes/best.toml")),
            Self::Blog => Some(include_str!("../../../recipes/blog.toml")),
            Self::Cpu => Some(include_str!("../../../recipes/cpu.toml")),
            Self::Digits => Some(include_str!("../../../recipes/digits.toml")),
            Self::Photos => None,
        }
    }

    /// Its values for a data set of `amount`.
    ///
    /// # Errors
    /// Never in a build whose tests pass: its TOML is read.
    pub fn recipe(self, amount: Amount) -> Result<Recipe, crate::error::TrainError> {
        match self.text() {
            Some(text) => Recipe::parse(text, self.name()),
            None => Ok(photos::recipe(amount)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_recipes_are_valid() {
        for built_in in BuiltIn::ALL {
            for (images, classes) in [(4, 2), (50, 5), (1000, 10), (100_000, 1000)] {
                let recipe = built_in.recipe(Amount { images, classes }).unwrap();
                recipe.validate().unwrap();
            }
            assert_eq!(BuiltIn::named(built_in.name()), Some(built_in));
        }
    }

    #[test]
    fn the_data_set_decides() {
        let name = |source: &str, on_gpu| {
            let Ok(source) = source.parse();
            BuiltIn::for_dataset(&source, on_gpu).name()
        };
        assert_eq!(name("digits", false), "digits");
        assert_eq!(name("cifar100", false), "cpu");
        assert_eq!(name("cifar100", true), "best");
        assert_eq!(name("photos/", true), "photos");
    }
}
