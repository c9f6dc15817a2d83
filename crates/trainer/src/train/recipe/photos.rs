//! The recipe for a folder of photos, by how many there are.

use augment::{
    Transform,
    transforms::{HorizontalFlip, RandomResizedCrop},
};

use super::{Amount, Recipe, Selection};

/// Steps of the last layer on its own: features are short, so these cost seconds, and fewer
/// leave a small set's last layer unfinished.
const HEAD_STEPS: usize = 400;
/// Images in such a step.
const HEAD_BATCH: usize = 256;

/// Training images below which the validation split, a quarter of them, is too small to choose
/// an epoch by, and fine-tuning forgets more than it learns: the last epoch is averaged with
/// the network that it began with.
const FEW_IMAGES: usize = 800;

/// Steps of fine-tuning that are worth more epochs.
const STEPS: usize = 200;

/// Training images from which on fewer epochs do.
const MANY_IMAGES: usize = 4000;

/// The last layer first, which is the floor; then all layers at low, layer-wise rates.
pub(super) fn recipe(amount: Amount) -> Recipe {
    let images = amount.images.max(1);
    let batch_size = match images {
        ..=256 => 16,
        _ => 32,
    };
    let steps_of_an_epoch = (images / batch_size).max(1);
    // Small sets lack steps, large ones have them in few epochs.
    let fewest = if images < MANY_IMAGES { 8 } else { 6 };
    let epochs = (STEPS / steps_of_an_epoch).clamp(fewest, 12);
    Recipe {
        image_size: 224,
        // 176 of 224 pixels.
        train_image_scale: 0.8,
        epochs,
        head_epochs: (HEAD_STEPS / images.div_ceil(HEAD_BATCH)).clamp(20, 100),
        head_learning_rate: 3e-3,
        batch_size,
        learning_rate: 3e-4,
        layer_decay: 0.85,
        weight_decay: 0.05,
        warmup_epochs: 1.0,
        clip_norm: 1.0,
        ema: 0.99,
        freeze_batch_norm: true,
        label_smoothing: 0.1,
        dropout: 0.2,
        select: match images {
            ..FEW_IMAGES => Selection::Averaged,
            _ => Selection::Best,
        },
        augment: vec![
            Transform::RandomResizedCrop(RandomResizedCrop {
                scale: [0.5, 1.0],
                ..RandomResizedCrop::default()
            }),
            Transform::HorizontalFlip(HorizontalFlip::default()),
        ],
        ..Recipe::default()
    }
}
