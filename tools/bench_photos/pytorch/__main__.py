"""The baseline: fine-tunes timm's EfficientNet-B0 on photos, as a careful user does.

    PYTHONPATH=.venv-torch/packages python3 tools/bench_photos/pytorch DATASET WEIGHTS

DATASET has train/, val/ and test/, WEIGHTS are TensorFlow's B0 under timm's or
torchvision's names. Prints one line of JSON:

    {"top1": of the test split, "correct": "1011…", a digit for each test image,
     sorted by class and file name, "history": validation before and after each epoch,
     "phases": seconds, "images": trained on}
"""

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

STARTED = time.perf_counter()

import timm
import torch
import torchvision

import network
import training
from pictures import Split
from settings import Settings

# That batch norms are measured on.
MEASURED_ON = 256


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", type=Path, nargs="?")
    parser.add_argument("weights", type=Path, nargs="?")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2, help="that load images (2)")
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE")
    parser.add_argument(
        "--versions", action="store_true", help="print what is used and end"
    )
    arguments = parser.parse_args()
    if not arguments.versions and not arguments.weights:
        parser.error("DATASET and WEIGHTS are needed")
    return arguments


def main() -> None:
    arguments = parse_arguments()
    settings = Settings().with_texts(arguments.set)
    if arguments.versions:
        versions = f"PyTorch {torch.__version__}, torchvision {torchvision.__version__}"
        print(f"{versions}, timm {timm.__version__}, {json.dumps(asdict(settings))}")
        return
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    phases = Phases()

    train, val, test = (
        Split.read(arguments.dataset / name) for name in ("train", "val", "test")
    )
    size = settings.image_size
    images, val_images, test_images = (split.centre(size) for split in (train, val, test))
    phases.end("pictures")

    model = network.pretrained(arguments.weights, len(train.classes), settings.dropout)
    if not settings.freeze_batch_norm:
        chosen = torch.randperm(len(images))[:MEASURED_ON]
        network.measure_batch_norms(model, images[chosen])
        phases.end("batch norms")
    features = network.features(model, images)
    phases.end("features")
    # Inference mode's tensors take no part in a backward pass.
    training.train_head(model.classifier, features.clone(), train.labels, settings)
    phases.end("head")
    history = training.train_all(
        model, train, (val_images, val.labels), settings, arguments.workers
    )
    phases.end("all layers")
    correct = network.logits(model, test_images).argmax(1) == test.labels
    phases.end("test")
    print(
        json.dumps(
            {
                "top1": correct.float().mean().item(),
                "correct": "".join(str(int(one)) for one in correct),
                "history": history,
                "phases": phases.seconds,
                "images": len(images),
            }
        )
    )


class Phases:
    """What took how long, the imports first."""

    def __init__(self):
        self.seconds: dict[str, float] = {}
        self.last = STARTED
        self.end("imports")

    def end(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name] = round(now - self.last, 2)
        self.last = now


if __name__ == "__main__":
    main()
