"""timm's EfficientNet-B0 with pretrained weights, whichever names they have."""

from pathlib import Path

import timm
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torchvision.models import efficientnet_b0

from pictures import normalised

BATCH = 32


def pretrained(weights: Path, classes: int, dropout: float) -> nn.Module:
    """TensorFlow's variant: SAME padding, batch-norm epsilon 1e-3. A new head of zeros."""
    model = timm.create_model("tf_efficientnet_b0", num_classes=classes, drop_rate=dropout)
    tensors = load_file(weights)
    if "conv_stem.weight" not in tensors:
        tensors = with_timm_names(tensors, model)
    tensors = {
        name: tensor
        for name, tensor in tensors.items()
        if not name.startswith("classifier.")
    }
    loaded = model.load_state_dict(tensors, strict=False)
    missing = [
        name
        for name in loaded.missing_keys
        if not name.startswith("classifier.") and not name.endswith("batches_tracked")
    ]
    if missing or loaded.unexpected_keys:
        raise SystemExit(
            f"error: {weights}: missing {missing[:3]}, unexpected {loaded.unexpected_keys[:3]}"
        )
    nn.init.zeros_(model.classifier.weight)
    nn.init.zeros_(model.classifier.bias)
    return model.to(memory_format=torch.channels_last).eval()


def with_timm_names(tensors: dict[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """Renames torchvision's tensors: both networks name theirs in the same order."""

    def names(network: nn.Module) -> list[str]:
        return [name for name in network.state_dict() if not name.endswith("batches_tracked")]

    with torch.device("meta"):
        theirs = names(efficientnet_b0())
    return {
        timm_name: tensors[torchvision_name]
        for timm_name, torchvision_name in zip(names(model), theirs, strict=True)
    }


def batch_norms(model: nn.Module) -> list[nn.BatchNorm2d]:
    return [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]


@torch.no_grad()
def measure_batch_norms(model: nn.Module, images: Tensor) -> None:
    """Gives every batch norm the statistics that its inputs have on `images`, with
    weights and biases such that the network computes what it did.

    Weights may come with batch norms folded away, or with statistics of other data:
    a batch norm that is to learn would begin by computing something else.
    """
    counts: dict[nn.BatchNorm2d, int] = {}
    sums: dict[nn.BatchNorm2d, Tensor] = {}
    squares: dict[nn.BatchNorm2d, Tensor] = {}

    def add(norm: nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
        values = inputs[0].double()
        counts[norm] = counts.get(norm, 0) + values.numel() // values.shape[1]
        sums[norm] = sums.get(norm, 0) + values.sum((0, 2, 3))
        squares[norm] = squares.get(norm, 0) + values.square().sum((0, 2, 3))

    norms = batch_norms(model)
    hooks = [norm.register_forward_pre_hook(add) for norm in norms]
    for batch in images.split(BATCH):
        model.forward_features(normalised(batch))
    for hook in hooks:
        hook.remove()
    for norm in norms:
        mean = sums[norm] / counts[norm]
        variance = squares[norm] / counts[norm] - mean.square()
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        norm.bias.copy_(norm.bias + scale * (mean - norm.running_mean))
        norm.weight.copy_(scale * (variance + norm.eps).sqrt())
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)


@torch.inference_mode()
def features(model: nn.Module, images: Tensor) -> Tensor:
    """What the last layer gets."""
    return torch.cat(
        [
            model.forward_head(model.forward_features(normalised(batch)), pre_logits=True)
            for batch in images.split(BATCH)
        ]
    )


@torch.inference_mode()
def logits(model: nn.Module, images: Tensor) -> Tensor:
    return torch.cat([model(normalised(batch)) for batch in images.split(BATCH)])
