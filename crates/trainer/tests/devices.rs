//! A run on two devices: the losses of one device with the joint batch, and a
//! run that was stopped goes on as if nothing had happened.
//!
//! The devices are the processor twice, each with a thread, a share of the
//! batch and gradients of its own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/run.rs"]
mod common;

use std::sync::PoisonError;

use burn::tensor::Device;
use trainer::train::{ClassWeighting, Recipe, SamplerKind};

use common::{GENERATOR, STEPS, assert_same_losses, recipe, run};

fn processor(times: usize) -> Vec<Device> {
    vec![Device::flex(); times]
}

#[test]
fn the_losses_are_those_of_one_device_with_the_joint_batch() {
    let _alone = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    let recipe = recipe(true);
    let folder = tempfile::tempdir().unwrap();
    let one = run(&recipe, &processor(1), &folder.path().join("one"), |_| {
        false
    })
    .unwrap();
    for devices in [2, 3] {
        let path = folder.path().join(devices.to_string());
        let several = run(&recipe, &processor(devices), &path, |_| false).unwrap();
        assert_same_losses(&format!("{devices} devices"), &several, &one);
    }
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    let (first, second) = one.losses.split_at(STEPS / 2);
    let (first, second) = (mean(first), mean(second));
    assert!(
        second < 0.985 * first,
        "nothing was learnt: {first}, then {second}"
    );
}

#[test]
fn a_stopped_run_goes_on_as_if_nothing_had_happened() {
    let _alone = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    let recipe = Recipe {
        sampler: SamplerKind::Balanced,
        class_weights: ClassWeighting::Balanced,
        ..recipe(false)
    };
    let devices = processor(2);
    let folder = tempfile::tempdir().unwrap();
    let unbroken = run(&recipe, &devices, &folder.path().join("unbroken"), |_| {
        false
    })
    .unwrap();
    let path = folder.path().join("stopped");
    let before = run(&recipe, &devices, &path, |steps| steps == 13).unwrap();
    assert_eq!(before.losses, unbroken.losses[..13]);
    let after = run(&recipe, &devices, &path, |_| false).unwrap();
    assert_eq!(after.losses, unbroken.losses[13..]);
    assert_eq!(after.history, unbroken.history);
}
