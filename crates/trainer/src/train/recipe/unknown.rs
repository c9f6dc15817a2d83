//! Unknown keys and values, with the name that was probably meant.

/// serde's message in one line; one about an unknown name says which known one
/// is nearest instead of listing all.
pub(super) fn explain(message: &str) -> String {
    let message = message.replace('\n', " ");
    let kind = [("unknown field", "key"), ("unknown variant", "value")]
        .into_iter()
        .find_map(|(start, kind)| Some((message.strip_prefix(start)?, kind)));
    let Some((rest, kind)) = kind else {
        return message;
    };
    let mut names = rest.split('`').skip(1).step_by(2);
    let Some(given) = names.next() else {
        return message;
    };
    let nearest = names
        .map(|name| (strsim::damerau_levenshtein(given, name), name))
        .min()
        .filter(|(distance, _)| *distance <= 2 + given.len() / 4);
    match nearest {
        Some((_, name)) => format!("unknown {kind} '{given}', did you mean '{name}'?"),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_told() {
        let message = "unknown field `epoch`, expected one of `seed`, `epochs`, `ema`";
        assert_eq!(
            explain(message),
            "unknown key 'epoch', did you mean 'epochs'?"
        );
        let message = "unknown variant `cosin`, expected `cosine` or `step`";
        assert!(explain(message).contains("value 'cosin', did you mean 'cosine'"));
    }

    #[test]
    fn what_is_far_from_all_names_lists_them() {
        let message = "unknown field `colour`, expected `a` or `b`";
        assert_eq!(explain(message), message);
        assert_eq!(explain("expected\na number"), "expected a number");
    }
}
