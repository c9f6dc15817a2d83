"""Times training steps of timm's EfficientNet-B0 on one fixed random batch.

The counterpart of trainer's example `training_step`: the same network,
regularisation, optimiser and step (forward, loss read out, backward, update), and
the same line of JSON on stdout:

    {"steps": [seconds, ...], "losses": [...], "peak_rss_mb": MiB or null}

Needs torch and timm. Weights are random: their values do not change the time.
"""

import argparse
import json
import time
import tomllib
from pathlib import Path

import timm
import torch
from torch import nn

RECIPE = Path(__file__).resolve().parents[2] / "crates/trainer/recipes/cpu.toml"
CLASSES = 100
LAYOUTS = {
    "contiguous": torch.contiguous_format,
    "channels_last": torch.channels_last,
}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=96, help="side of the images")
    parser.add_argument("--batch", type=int, default=32, help="images in a batch")
    parser.add_argument("--warmup", type=int, default=2, help="steps before the clock")
    parser.add_argument("--steps", type=int, default=5, help="timed steps")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--versions", action="store_true", help="print what was imported and end"
    )
    parser.add_argument(
        "--layout",
        choices=LAYOUTS,
        default="contiguous",
        help="of activations and weights in memory",
    )
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument(
        "--amp", action="store_true", help="forward and loss in bfloat16 where PyTorch does"
    )
    return parser.parse_args()


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Biases and batch norms are not decayed, as in trainer."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]


def peak_resident_mebibytes() -> float | None:
    """The process's high-water mark, where the system tells it."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    kibibytes = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(kibibytes[0]) / 1024 if kibibytes else None


def main() -> None:
    arguments = parse_arguments()
    if arguments.versions:
        print(
            f"PyTorch {torch.__version__}, timm {timm.__version__}; importing them alone "
            f"takes {peak_resident_mebibytes() or 0:.0f} MiB at its peak"
        )
        return
    recipe = tomllib.loads(RECIPE.read_text())
    torch.manual_seed(1)
    torch.set_num_threads(arguments.threads)
    layout = LAYOUTS[arguments.layout]

    model = timm.create_model(
        "tf_efficientnet_b0",
        pretrained=False,
        num_classes=CLASSES,
        drop_rate=recipe["dropout"],
        drop_path_rate=recipe["stochastic_depth"],
    )
    model = model.to(arguments.device, memory_format=layout).train()
    images = torch.randn(arguments.batch, 3, arguments.size, arguments.size)
    images = images.to(arguments.device, memory_format=layout)
    labels = (torch.arange(arguments.batch) % CLASSES).to(arguments.device)
    criterion = nn.CrossEntropyLoss(label_smoothing=recipe["label_smoothing"])
    optimizer = torch.optim.AdamW(
        parameter_groups(model, recipe["weight_decay"]),
        lr=recipe["learning_rate"],
        fused=True,  # PyTorch's fastest
    )

    seconds, losses = [], []
    for step in range(arguments.warmup + arguments.steps):
        started = time.perf_counter()
        with torch.autocast(arguments.device, torch.bfloat16, enabled=arguments.amp):
            loss = criterion(model(images), labels)
        # Waits for the device, which by then has done the step before.
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step >= arguments.warmup:
            seconds.append(time.perf_counter() - started)
    peak = peak_resident_mebibytes()
    print(json.dumps({"steps": seconds, "losses": losses, "peak_rss_mb": peak}))


if __name__ == "__main__":
    main()
