//! Checks of a contract's values.

use std::collections::HashMap;

use crate::{
    Contract, ContractError, Fit, Input, Preprocessing, Resize, Superclasses, Training, VERSION,
    oldest_version,
};

/// Largest height or width that a contract may ask for, in pixels: a guard
/// against documents that would make a reader allocate without bound.
pub const MAX_SIDE: usize = 16_384;

impl Contract {
    /// Checks every value that a reader relies on: the version is one that this
    /// crate reads and that has the document's kernel; names are not empty, those
    /// of classes and superclasses unique; each class has a superclass, if there
    /// are any; sizes are 1 to [`MAX_SIDE`], with 3 channels; a crop is no larger
    /// than the resized picture; a graph that resizes does so by OpenCV's kernel;
    /// the numbers of the normalisation are finite, `scale` and `std` above 0;
    /// metrics are finite; a split's share is between 0 and 1.
    ///
    /// # Errors
    /// [`ContractError::Invalid`] with the first field found wrong.
    pub fn validate(&self) -> Result<(), ContractError> {
        let input = &self.input;
        let oldest = oldest_version(self.preprocessing.resize, &self.training.dataset);
        check(
            (oldest..=VERSION).contains(&self.version),
            "version",
            || {
                let (kernel, version) = (self.preprocessing.resize, self.version);
                format!("expected {oldest} to {VERSION} with {kernel}, got {version}")
            },
        )?;
        named("architecture", &self.architecture)?;
        check(self.parameters > 0, "parameters", || "0".into())?;
        unique_names("classes", &self.classes)?;
        if let Some(superclasses) = &self.superclasses {
            superclasses.validate(self.classes.len())?;
        }
        named("input.name", &input.name)?;
        side("input.height", input.height)?;
        side("input.width", input.width)?;
        check(input.channels == 3, "input.channels", || {
            format!("expected 3, got {}", input.channels)
        })?;
        if let Fit::CenterCrop { shorter_side } = self.fit {
            side("fit.shorter_side", shorter_side)?;
            let needed = input.height.max(input.width);
            check(shorter_side >= needed, "fit.shorter_side", || {
                format!("expected at least the input's {needed} pixels, got {shorter_side}")
            })?;
        }
        self.preprocessing.validate(input)?;
        named("output.logits", &self.output.logits)?;
        named("output.probabilities", &self.output.probabilities)?;
        let names = [&input.name, &self.output.logits, &self.output.probabilities];
        check(
            names[0] != names[1] && names[0] != names[2] && names[1] != names[2],
            "output",
            || format!("input and outputs must differ in name, got {names:?}"),
        )?;
        self.training.validate()
    }
}

impl Superclasses {
    fn validate(&self, classes: usize) -> Result<(), ContractError> {
        unique_names("superclasses.names", &self.names)?;
        check(
            self.of_class.len() == classes,
            "superclasses.of_class",
            || {
                format!(
                    "expected one entry for each of {classes} classes, got {}",
                    self.of_class.len()
                )
            },
        )?;
        let count = self.names.len();
        match self.of_class.iter().position(|&index| index >= count) {
            None => Ok(()),
            Some(class) => Err(invalid(
                format!("superclasses.of_class[{class}]"),
                format!(
                    "index {} of {count} superclasses (counted from 0)",
                    self.of_class[class]
                ),
            )),
        }
    }
}

impl Preprocessing {
    fn validate(&self, input: &Input) -> Result<(), ContractError> {
        side("preprocessing.height", self.height)?;
        side("preprocessing.width", self.width)?;
        let in_graph = [input.height, input.width] != [self.height, self.width];
        check(
            !in_graph || self.resize == Resize::OpencvCubic,
            "preprocessing.resize",
            || {
                let (height, width) = (input.height, input.width);
                format!("a graph cannot resize {height}x{width} by {}", self.resize)
            },
        )?;
        check(
            self.scale.is_finite() && self.scale > 0.0,
            "preprocessing.scale",
            || format!("expected a number above 0, got {}", self.scale),
        )?;
        for channel in 0..3 {
            let (mean, std) = (self.mean[channel], self.std[channel]);
            check(
                mean.is_finite(),
                &format!("preprocessing.mean[{channel}]"),
                || format!("expected a number, got {mean}"),
            )?;
            // A tiny `std` is above 0 and yet makes the graph's constants infinite.
            let (multiplier, offset) = self.multiplier_and_offset(channel);
            check(
                std.is_finite() && std > 0.0 && multiplier.is_finite() && offset.is_finite(),
                &format!("preprocessing.std[{channel}]"),
                || format!("expected a number above 0 that can be divided by, got {std}"),
            )?;
        }
        Ok(())
    }
}

impl Training {
    fn validate(&self) -> Result<(), ContractError> {
        named("training.dataset.name", &self.dataset.name)?;
        if let Some(split) = &self.dataset.split {
            check(
                split.val_fraction > 0.0 && split.val_fraction < 1.0,
                "training.dataset.split.val_fraction",
                || {
                    let fraction = split.val_fraction;
                    format!("expected a number between 0 and 1, got {fraction}")
                },
            )?;
        }
        for (name, value) in &self.metrics {
            check(
                value.is_finite(),
                &format!("training.metrics.{name}"),
                || format!("expected a number, got {value}"),
            )?;
        }
        Ok(())
    }
}

fn invalid(field: String, reason: String) -> ContractError {
    ContractError::Invalid { field, reason }
}

fn check(holds: bool, field: &str, reason: impl FnOnce() -> String) -> Result<(), ContractError> {
    if holds {
        Ok(())
    } else {
        Err(invalid(field.into(), reason()))
    }
}

fn named(field: &str, name: &str) -> Result<(), ContractError> {
    check(!name.trim().is_empty(), field, || {
        "the name is empty".into()
    })
}

fn side(field: &str, pixels: usize) -> Result<(), ContractError> {
    check((1..=MAX_SIDE).contains(&pixels), field, || {
        format!("expected 1 to {MAX_SIDE} pixels, got {pixels}")
    })
}

fn unique_names(field: &str, names: &[String]) -> Result<(), ContractError> {
    check(!names.is_empty(), field, || "there are none".into())?;
    let mut seen = HashMap::new();
    for (index, name) in names.iter().enumerate() {
        named(&format!("{field}[{index}]"), name)?;
        if let Some(first) = seen.insert(name, index) {
            return Err(invalid(
                format!("{field}[{index}]"),
                format!("{name:?} is there already, at index {first}"),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::contract;

    /// The field that `validate` finds wrong after `change`.
    fn wrong_field(change: impl FnOnce(&mut Contract)) -> String {
        let mut contract = contract();
        change(&mut contract);
        match contract.validate() {
            Err(ContractError::Invalid { field, .. }) => field,
            other => panic!("expected an invalid field, got {other:?}"),
        }
    }

    #[test]
    fn the_example_is_valid() {
        contract().validate().unwrap();
    }

    #[test]
    fn each_wrong_value_is_named() {
        type Change = fn(&mut Contract);
        let cases: &[(&str, Change)] = &[
            ("version", |c| c.version = 0),
            ("version", |c| c.version = VERSION + 1),
            // Written before there was this kernel: nobody knows what is meant.
            ("version", |c| {
                c.preprocessing.resize = Resize::PillowBicubic;
            }),
            ("preprocessing.resize", |c| {
                c.preprocessing.resize = Resize::PillowBicubic;
                c.version = 2;
            }),
            ("architecture", |c| c.architecture = " ".into()),
            ("parameters", |c| c.parameters = 0),
            ("classes", |c| c.classes.clear()),
            ("classes[2]", |c| c.classes[2] = c.classes[0].clone()),
            ("classes[1]", |c| c.classes[1].clear()),
            ("superclasses.names[1]", |c| {
                let superclasses = c.superclasses.as_mut().unwrap();
                superclasses.names[1] = superclasses.names[0].clone();
            }),
            ("superclasses.of_class", |c| {
                c.superclasses.as_mut().unwrap().of_class.pop();
            }),
            ("superclasses.of_class[1]", |c| {
                c.superclasses.as_mut().unwrap().of_class[1] = 2;
            }),
            ("input.name", |c| c.input.name.clear()),
            ("input.height", |c| c.input.height = 0),
            ("input.width", |c| c.input.width = usize::MAX),
            ("input.channels", |c| c.input.channels = 1),
            ("fit.shorter_side", |c| {
                c.fit = Fit::CenterCrop { shorter_side: 31 };
            }),
            ("preprocessing.height", |c| c.preprocessing.height = 0),
            ("preprocessing.width", |c| c.preprocessing.width = 0),
            ("preprocessing.scale", |c| c.preprocessing.scale = f32::NAN),
            ("preprocessing.mean[0]", |c| {
                c.preprocessing.mean[0] = f32::INFINITY;
            }),
            ("preprocessing.std[1]", |c| c.preprocessing.std[1] = 0.0),
            ("preprocessing.std[2]", |c| c.preprocessing.std[2] = 1e-42),
            ("output.logits", |c| c.output.logits.clear()),
            ("output", |c| {
                c.output.logits = c.output.probabilities.clone()
            }),
            ("training.dataset.name", |c| c.training.dataset.name.clear()),
            ("training.dataset.split.val_fraction", |c| {
                c.training.dataset.split.as_mut().unwrap().val_fraction = 1.0;
            }),
            ("training.metrics.val_top1", |c| {
                c.training.metrics.insert("val_top1".into(), f64::NAN);
            }),
        ];
        for (field, change) in cases {
            assert_eq!(wrong_field(change), *field);
        }
    }

    #[test]
    fn a_duplicate_says_where_the_first_is() {
        let mut contract = contract();
        contract.classes[2] = contract.classes[0].clone();
        assert_eq!(
            contract.validate().unwrap_err().to_string(),
            "the model's contract is invalid: classes[2]: \"apple\" is there already, at index 0"
        );
    }
}
