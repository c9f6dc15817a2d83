//! What the report's script reads.

use contract::Superclasses;
use metrics::Evaluation;
use serde::Serialize;

/// The data of the confusion matrix.
#[derive(Serialize)]
struct ScriptData<'a> {
    classes: Vec<&'a str>,
    /// `[label, prediction, images]` wherever there are images.
    confusion: Vec<[u64; 3]>,
    superclasses: Option<&'a Superclasses>,
}

/// JSON to stand inside a `<script>` element: whatever the class names hold,
/// it neither ends the element nor begins another.
pub(super) fn json(
    evaluation: &Evaluation,
    superclasses: Option<&Superclasses>,
) -> Result<String, serde_json::Error> {
    let names = evaluation.report.classes.iter();
    let matrix = &evaluation.confusion;
    let classes = matrix.classes();
    let counts = (0..classes).flat_map(|label| {
        (0..classes).map(move |predicted| {
            let images = matrix.get(label, predicted);
            [label as u64, predicted as u64, images]
        })
    });
    let data = ScriptData {
        classes: names.map(|class| class.name.as_str()).collect(),
        confusion: counts.filter(|count| count[2] > 0).collect(),
        superclasses,
    };
    // `<` can only be in a string; `\u003c` is the same there.
    Ok(serde_json::to_string(&data)?.replace('<', "\\u003c"))
}

#[cfg(test)]
mod tests {
    use metrics::RunningEvaluation;

    use super::*;

    #[test]
    fn a_class_name_cannot_leave_the_script_element() {
        let names = ["</script><b>", "<!--<script>"].map(String::from);
        let mut running = RunningEvaluation::new(&names);
        running.add(&[0.0, 1.0], 0);
        let json = json(&running.finish(), None).unwrap();
        assert!(!json.contains('<'), "{json}");
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["classes"][0], "</script><b>");
        assert_eq!(read["confusion"], serde_json::json!([[0, 1, 1]]));
    }
}
