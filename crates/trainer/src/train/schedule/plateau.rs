//! Epochs without improvement: what early stopping and the `plateau` schedule
//! wait for.

use serde::{Deserialize, Serialize};

use crate::train::Monitor;

/// Counts epochs in a row without a better figure, as Keras' `EarlyStopping`
/// and `ReduceLROnPlateau` do.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Patience {
    best: Option<f64>,
    waited: usize,
}

impl Patience {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self {
            best: None,
            waited: 0,
        }
    }

    /// Sees an epoch's figure; `true` after `patience` epochs in a row without
    /// one that is better by more than `min_delta`, and the count starts anew.
    /// Never with a patience of 0.
    pub fn is_over(
        &mut self,
        monitor: Monitor,
        value: f64,
        min_delta: f64,
        patience: usize,
    ) -> bool {
        let best = self.best;
        if best.is_none_or(|best| monitor.is_better_by(min_delta, value, best)) {
            self.best = Some(value);
            self.waited = 0;
            return false;
        }
        self.waited += 1;
        if patience > 0 && self.waited >= patience {
            self.waited = 0;
            return true;
        }
        false
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_epochs_in_a_row_count() {
        let mut patience = Patience::new();
        let mut see = |value| patience.is_over(Monitor::ValLoss, value, 0.0, 2);
        assert_eq!(
            [1.0, 1.1, 0.9, 0.9, 0.95].map(&mut see),
            [false, false, false, false, true]
        );
        assert_eq!([0.99, 0.9].map(&mut see), [false, true]);
        let mut never = Patience::new();
        assert!(!(0..50).any(|_| never.is_over(Monitor::ValTop1, 0.5, 0.0, 0)));
    }
    #[test]
    fn a_little_better_is_not_better() {
        let mut patience = Patience::new();
        let mut see = |value| patience.is_over(Monitor::ValLoss, value, 0.1, 2);
        assert_eq!(
            [1.0, 0.95, 0.91, 0.85].map(&mut see),
            [false, false, true, false]
        );
        assert_eq!([0.8, 0.7].map(&mut see), [false, false]);
    }
}
