//! Agreement with cleanlab, see `golden/README.md`.

use metrics::label_issues;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    classes: usize,
    labels: Vec<usize>,
    probabilities: Vec<f32>,
    issues: Vec<usize>,
}

#[test]
fn issues_are_cleanlab_s_in_its_order() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("golden/label_issues.json")).expect("the fixture parses");
    for case in cases {
        let found = label_issues(&case.labels, &case.probabilities, case.classes);
        let found: Vec<usize> = found.iter().map(|issue| issue.image).collect();
        assert!(!found.is_empty());
        assert_eq!(found, case.issues);
    }
}
