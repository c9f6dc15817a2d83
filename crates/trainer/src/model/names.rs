//! Tensor names: from this crate's module paths to timm's, which every
//! weights file and checkpoint uses.

/// The timm name of the tensor at a module path such as
/// `["stages", "1", "0", "expand", "norm", "gamma"]`.
pub(super) fn timm_name(path: &[String]) -> String {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["stem", layer, tensor] => named(stem(layer), tensor),
        ["head", layer, tensor] => named(head(layer), tensor),
        ["stages", stage, block, rest @ ..] => {
            let expands = *stage != "0";
            let inner = match rest {
                ["squeeze_excitation", conv, tensor] => format!("se.conv_{conv}.{tensor}"),
                [part, layer, tensor] => named(block_layer(part, layer, expands), tensor),
                other => other.join("."),
            };
            format!("blocks.{stage}.{block}.{inner}")
        }
        other => other.join("."),
    }
}

fn named(layer: &str, tensor: &str) -> String {
    let tensor = match tensor {
        "gamma" => "weight",
        "beta" => "bias",
        other => other,
    };
    format!("{layer}.{tensor}")
}

fn stem(layer: &str) -> &'static str {
    if layer == "conv" { "conv_stem" } else { "bn1" }
}

fn head(layer: &str) -> &'static str {
    if layer == "conv" { "conv_head" } else { "bn2" }
}

/// timm numbers a block's layers as they come, so the names shift by one in
/// blocks without expansion.
fn block_layer(part: &str, layer: &str, expands: bool) -> &'static str {
    match (part, layer, expands) {
        ("expand", "conv", _) => "conv_pw",
        ("expand", _, _) | ("depthwise", "norm", false) => "bn1",
        ("depthwise", "conv", _) => "conv_dw",
        ("depthwise", _, true) | ("project", "norm", false) => "bn2",
        ("project", "conv", true) => "conv_pwl",
        ("project", "conv", false) => "conv_pw",
        _ => "bn3",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(path: &str) -> String {
        timm_name(&path.split('.').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn module_paths_get_timm_names() {
        assert_eq!(name("stem.conv.weight"), "conv_stem.weight");
        assert_eq!(name("head.norm.running_var"), "bn2.running_var");
        assert_eq!(
            name("stages.0.0.depthwise.norm.gamma"),
            "blocks.0.0.bn1.weight"
        );
        assert_eq!(
            name("stages.0.0.project.conv.weight"),
            "blocks.0.0.conv_pw.weight"
        );
        assert_eq!(name("stages.2.1.project.norm.beta"), "blocks.2.1.bn3.bias");
        assert_eq!(
            name("stages.2.1.squeeze_excitation.reduce.bias"),
            "blocks.2.1.se.conv_reduce.bias"
        );
        assert_eq!(name("classifier.bias"), "classifier.bias");
    }
}
