#!/usr/bin/env python3
"""Trains timm's EfficientNet-B0 on given batches and prints every step's loss.

PyTorch's half of a comparison: trainer writes the batches it has trained on and
the head it began with, this script does the same steps from the same weights, in
float32 on the processor. No dropout, no stochastic depth, no augmentation, batch
norms in train mode; biases and batch norms are not decayed, as in trainer.

    tools/python_env.sh torch
    PYTHONPATH=.venv-torch/packages python3 tools/side_by_side/pytorch_losses.py \\
        weights.safetensors batches.safetensors > pytorch.json

weights: all tensors but the classifier's, under timm's or torchvision's names.

batches, a safetensors file:
    images       [steps, batch, height, width, 3]  float32, normalised for the network
    labels       [steps, batch]                    int64
    head_weight  [classes, 1280]                   float32, the classifier to begin with
    head_bias    [classes]                         float32

--eval, a safetensors file that is looked at after the last step, in eval mode:
    images       [count, height, width, 3]         float32, normalised for the network
    labels       [count]                           int64

Prints one line of JSON: {"losses": [one a step]}, with --eval also "accuracy",
in [0, 1].
"""

import argparse
import json
import sys
from pathlib import Path

import timm
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

HINT = "`--help` says what each file holds"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weights", type=Path)
    parser.add_argument("batches", type=Path)
    parser.add_argument("--eval", type=Path, metavar="FILE")
    parser.add_argument("--learning-rate", type=float, default=1e-3, help="(1e-3)")
    parser.add_argument("--weight-decay", type=float, default=0.01, help="(0.01)")
    parser.add_argument("--betas", type=float, nargs=2, default=[0.9, 0.999])
    parser.add_argument("--epsilon", type=float, default=1e-8, help="(1e-8)")
    parser.add_argument("--label-smoothing", type=float, default=0.0, help="(0)")
    parser.add_argument("--threads", type=int, default=2, help="(2)")
    return parser.parse_args()


def load_model(weights: Path, head_weight: Tensor, head_bias: Tensor) -> nn.Module:
    model = timm.create_model(
        "tf_efficientnet_b0",
        pretrained=False,
        num_classes=len(head_bias),
        drop_rate=0.0,
        drop_path_rate=0.0,
    )
    tensors = load_file(weights)
    if "conv_stem.weight" not in tensors:
        tensors = with_timm_names(tensors, model)
    tensors |= {"classifier.weight": head_weight, "classifier.bias": head_bias}
    loaded = model.load_state_dict(tensors, strict=False)
    missing = [n for n in loaded.missing_keys if not n.endswith("num_batches_tracked")]
    if missing or loaded.unexpected_keys:
        raise ValueError(
            f"{weights}: missing {missing[:3]}, unexpected {loaded.unexpected_keys[:3]}"
        )
    return model


def with_timm_names(tensors: dict[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """Renames torchvision's tensors: both networks name theirs in the same order."""
    from torchvision.models import efficientnet_b0

    def names(network: nn.Module) -> list[str]:
        return [n for n in network.state_dict() if not n.endswith("batches_tracked")]

    return {
        timm_name: tensors[torchvision_name]
        for timm_name, torchvision_name in zip(
            names(model), names(efficientnet_b0()), strict=True
        )
    }


def channels_first(images: Tensor) -> Tensor:
    """[N, H, W, C] to [N, C, H, W] as a view, which is PyTorch's channels_last."""
    return images.permute(0, 3, 1, 2)


def train(model: nn.Module, batches, arguments: argparse.Namespace) -> list[float]:
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed}, {"params": others, "weight_decay": 0.0}],
        lr=arguments.learning_rate,
        betas=tuple(arguments.betas),
        eps=arguments.epsilon,
        weight_decay=arguments.weight_decay,
    )
    criterion = nn.CrossEntropyLoss(label_smoothing=arguments.label_smoothing)
    labels = batches.get_tensor("labels")
    images = batches.get_slice("images")  # not read at once: a set can be large
    model.train()
    losses = []
    for step, of_step in enumerate(labels):
        loss = criterion(model(channels_first(images[step])), of_step)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        show_progress(f"step {step + 1} of {len(labels)}, loss {losses[-1]:.4f}")
    return losses


@torch.inference_mode()
def accuracy(model: nn.Module, path: Path) -> float:
    model.eval()
    correct = 0
    with safe_open(path, "pt") as file:
        labels = file.get_tensor("labels")
        images = file.get_slice("images")
        for start in range(0, len(labels), 64):
            logits = model(channels_first(images[start : start + 64]))
            correct += (logits.argmax(1) == labels[start : start + 64]).sum().item()
            show_progress(f"evaluated {start} of {len(labels)}")
    return correct / len(labels)


def show_progress(line: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{line}\033[K", end="", file=sys.stderr, flush=True)


def main() -> int:
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    try:
        with safe_open(arguments.batches, "pt") as batches:
            head = [batches.get_tensor(f"head_{name}") for name in ("weight", "bias")]
            model = load_model(arguments.weights, *head)
            result = {"losses": train(model, batches, arguments)}
        if arguments.eval:
            result["accuracy"] = accuracy(model, arguments.eval)
    except (OSError, SafetensorError, ValueError, KeyError, RuntimeError) as error:
        print(f"error: {' '.join(str(error).split())}\nhint: {HINT}", file=sys.stderr)
        return 1
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
