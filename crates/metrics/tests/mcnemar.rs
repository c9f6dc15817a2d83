//! Agreement with statsmodels; `tools/golden/mcnemar.py` makes the values.

use metrics::mcnemar;

#[test]
fn equals_statsmodels() {
    let rows: Vec<(u64, u64, bool, f64, f64)> =
        serde_json::from_str(include_str!("golden/mcnemar.json")).expect("the fixture parses");
    for (first, second, exact, statistic, p_value) in rows {
        let test = mcnemar(first, second);
        let context = format!("{test:?}, statsmodels has {statistic} and {p_value}");
        assert_eq!(test.exact, exact, "{context}");
        assert!((test.statistic - statistic).abs() < 1e-12, "{context}");
        let relative = (test.p_value - p_value).abs() / p_value;
        assert!(relative < 1e-9, "{context}");
    }
}
