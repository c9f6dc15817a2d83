//! Agreement with SciPy; `tools/golden/wilson.py` makes the values.

use metrics::wilson_interval;

#[test]
fn equals_scipy() {
    let rows: Vec<(u64, u64, f64, f64)> =
        serde_json::from_str(include_str!("golden/wilson.json")).expect("the fixture parses");
    for (hits, images, low, high) in rows {
        let interval = wilson_interval(hits, images);
        let context = format!("{interval:?}, SciPy has {low} and {high}");
        assert!((interval.low - low).abs() < 1e-12, "{context}");
        assert!((interval.high - high).abs() < 1e-12, "{context}");
    }
}
