//! McNemar's test for two classifiers on the same images.

use serde::Serialize;

/// Below this many discordant images the exact test is used, as textbooks and
/// statsmodels' documentation advise.
const EXACT_BELOW: u64 = 25;

/// The outcome of [`mcnemar`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct McNemar {
    /// Images that only the first classifier got right.
    pub only_first: u64,
    /// Images that only the second classifier got right.
    pub only_second: u64,
    /// Whether the exact binomial test was used, or the chi-squared
    /// approximation.
    pub exact: bool,
    /// The smaller of the two counts for the exact test, else the chi-squared
    /// statistic with one degree of freedom.
    pub statistic: f64,
    /// Probability, in `[0, 1]`, of a difference at least as large between
    /// two classifiers that are equally good.
    pub p_value: f64,
}

/// McNemar's test (Q. McNemar, 1947) of whether two classifiers are equally
/// good, from the images that only one of them got right; two-sided.
///
/// With fewer than 25 such images the exact binomial test, else chi-squared
/// with continuity correction (A. Edwards, 1948): equal to statsmodels'
/// `mcnemar(table, exact=True)` and `mcnemar(table, exact=False,
/// correction=True)`. No such images at all give a p-value of 1.
///
/// ```
/// let test = metrics::mcnemar(5, 15);
/// assert!(test.exact && (test.p_value - 0.041_389_465).abs() < 1e-8);
/// ```
pub fn mcnemar(only_first: u64, only_second: u64) -> McNemar {
    let discordant = only_first + only_second;
    let exact = discordant < EXACT_BELOW;
    let (statistic, p_value) = if exact {
        let smaller = only_first.min(only_second);
        (smaller as f64, two_sided_binomial(smaller, discordant))
    } else {
        let excess = only_first.abs_diff(only_second) as f64 - 1.0;
        let statistic = excess * excess / discordant as f64;
        // A chi-squared variable of one degree of freedom is a squared normal one.
        (statistic, libm::erfc((statistic / 2.0).sqrt()))
    };
    McNemar {
        only_first,
        only_second,
        exact,
        statistic,
        p_value,
    }
}

/// Twice the probability of at most `successes` heads in `tosses` of a fair
/// coin, at most 1.
fn two_sided_binomial(successes: u64, tosses: u64) -> f64 {
    let mut ways = 1.0;
    let mut at_most = 1.0;
    for k in 1..=successes {
        ways *= (tosses - k + 1) as f64 / k as f64;
        at_most += ways;
    }
    (2.0 * at_most / (tosses as f64).exp2()).min(1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_difference_is_no_evidence() {
        assert_eq!(mcnemar(0, 0).p_value, 1.0);
        assert_eq!(mcnemar(7, 7).p_value, 1.0);
    }

    proptest! {
        #[test]
        fn is_a_symmetric_probability(first in 0_u64..2000, second in 0_u64..2000) {
            let (test, swapped) = (mcnemar(first, second), mcnemar(second, first));
            prop_assert!((0.0..=1.0).contains(&test.p_value));
            prop_assert_eq!(test.p_value, swapped.p_value);
        }

        #[test]
        fn a_larger_difference_is_stronger_evidence(half in 1_u64..12, shift in 0_u64..11) {
            prop_assume!(shift < half);
            let weaker = mcnemar(half + shift, half - shift);
            let stronger = mcnemar(half + shift + 1, half - shift - 1);
            prop_assert!(stronger.p_value < weaker.p_value || weaker.p_value == 1.0);
        }
    }
}
