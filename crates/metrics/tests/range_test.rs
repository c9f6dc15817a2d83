//! Agreement with fastai; `tools/golden/range_test.py` makes the values.

use metrics::RangeTest;

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    steps: usize,
    /// `None` stands for NaN.
    losses: Vec<Option<f64>>,
    rates: Vec<f64>,
    smoothed: Vec<f64>,
    valley: Option<f64>,
    steep: Option<f64>,
}

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-9 * expected.abs()
}

#[test]
fn equals_fastai() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("golden/range_test.json")).expect("the fixture parses");
    for case in cases {
        let mut test = RangeTest::new(1e-7, 10.0, case.steps);
        let mut losses = case.losses.iter();
        while test.next_rate().is_some() {
            let loss = losses.next().expect("no more losses than steps");
            test.add(loss.unwrap_or(f64::NAN));
        }
        let name = &case.name;
        let finite: Vec<_> = test
            .points()
            .iter()
            .filter(|point| !point.1.is_nan())
            .collect();
        assert_eq!(finite.len(), case.smoothed.len(), "{name}");
        for (point, (rate, smoothed)) in finite.iter().zip(case.rates.iter().zip(&case.smoothed)) {
            assert!(
                close(point.0, *rate) && close(point.1, *smoothed),
                "{name}: {point:?}"
            );
        }
        for (found, expected) in [(test.valley(), case.valley), (test.steep(), case.steep)] {
            match (found, expected) {
                (Some(found), Some(expected)) => assert!(close(found, expected), "{name}: {found}"),
                _ => assert_eq!(found, expected, "{name}"),
            }
        }
    }
}
