"""What is compared: trainer's default, its head alone, and PyTorch."""

import csv
import hashlib
import json
import os
import shutil
import time
from abc import ABC, abstractmethod
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

import machine
from command import ROOT, pytorch, run_command
from failure import Failure
from results import Result

BASELINE = Path(__file__).with_name("pytorch")
CORES = len(os.sched_getaffinity(0))

TRAINER, HEAD, PYTORCH = "trainer", "head", "pytorch"
NAMES = [TRAINER, HEAD, PYTORCH]
# Our own head alone: what the default must not fall below.
HEAD_ALONE = ["--epochs", "0", "--head-epochs", "30", "--head-learning-rate", "3e-3"]


@dataclass(frozen=True)
class Rival(ABC):
    """A program that trains on a folder and is tested on it."""

    name: str
    version: str

    def run(self, row: str, seed: int, dataset: Path, work: Path) -> Result:
        """Trains; the clock runs from the start of the process to its end."""
        out = work / "run"
        shutil.rmtree(out, ignore_errors=True)
        others = machine.OtherPrograms()
        begin = time.perf_counter()
        output = self.train(dataset, seed, out)
        seconds = time.perf_counter() - begin
        share = others.share()
        correct, details = self.judge(output, dataset, out)
        return Result(
            row=row,
            seed=seed,
            rival=self.name,
            version=self.version,
            images=sum(1 for _ in (dataset / "train").glob("*/*")),
            seconds=seconds,
            correct=correct,
            others=share,
            details=details,
        )

    @abstractmethod
    def train(self, dataset: Path, seed: int, out: Path) -> str:
        """What the program prints."""

    @abstractmethod
    def judge(self, output: str, dataset: Path, out: Path) -> tuple[str, dict]:
        """1 or 0 for each test image, and what else is worth keeping."""


@dataclass(frozen=True)
class Trainer(Rival):
    """`trainer fit`, which also evaluates on the test split; `infer`, after the clock
    has stopped, says which images were right."""

    program: Path
    infer: Path
    arguments: list[str]

    def train(self, dataset: Path, seed: int, out: Path) -> str:
        command = [self.program, "fit", "--dataset", dataset, "--seed", seed, "--out", out]
        return run_command([*command, *self.arguments], log=out.with_suffix(".log"))

    def judge(self, output: str, dataset: Path, out: Path) -> tuple[str, dict]:
        predictions = out / "predictions.csv"
        command = [self.infer, "eval", "--quiet", "--no-temperature", "--dataset", dataset]
        command += ["--model", out / "model.onnx", "--predictions", predictions]
        run_command(command, log=out.with_suffix(".log"))
        with predictions.open(newline="") as file:
            lines = sorted(csv.DictReader(file), key=lambda line: Path(line["file"]).parts[-2:])
        correct = "".join(str(int(line["label"] == line["prediction"])) for line in lines)
        top1 = json.loads((out / "test.json").read_text())["top1"]
        if abs(top1 - correct.count("1") / len(correct)) > 1e-9:
            raise Failure(
                f"{out / 'test.json'} says {top1:.4f}, but {correct.count('1')} of "
                f"{len(correct)} predictions are right",
                f"compare it with {predictions}; trainer and infer must be of one build",
            )
        return correct, {}


@dataclass(frozen=True)
class Baseline(Rival):
    """PyTorch and timm, see the folder `pytorch`."""

    command: list[str]
    environment: dict[str, str]
    weights: Path

    def train(self, dataset: Path, seed: int, out: Path) -> str:
        words = [dataset, self.weights, "--seed", seed, "--threads", CORES]
        log = out.with_suffix(".log")
        return run_command([*self.command, *words], self.environment, log)

    def judge(self, output: str, dataset: Path, out: Path) -> tuple[str, dict]:
        details = json.loads(output)
        return details.pop("correct"), details


def available(arguments: Namespace) -> list[Rival]:
    """The rivals asked for, after installing what they need."""
    rivals: list[Rival] = []
    weights = arguments.weights
    for name in NAMES:
        if name not in arguments.rivals:
            continue
        if name == PYTORCH:
            interpreter, environment = pytorch(arguments.python)
            command = [interpreter, str(BASELINE)]
            # Fails here, before anything is timed, if PyTorch cannot be imported.
            version = run_command([*command, "--versions"], environment).strip()
            rivals.append(Baseline(name, version, command, environment, weights.path))
        else:
            words = [*weights.arguments, *(HEAD_ALONE if name == HEAD else [])]
            version = " ".join([trainer_version(arguments.trainer), *words])
            infer = arguments.trainer.with_name("infer")
            rivals.append(Trainer(name, version, arguments.trainer, infer, words))
    return rivals


def trainer_version(program: Path) -> str:
    text = run_command([program, "--version"]).strip()
    return f"{text}, SHA-256 {hashlib.sha256(program.read_bytes()).hexdigest()[:12]}"


@dataclass(frozen=True)
class Weights:
    """The pretrained weights that all rivals begin with."""

    path: Path
    arguments: list[str]  # that make trainer take them

    @classmethod
    def of(cls, given: Path | None) -> "Weights":
        """Those given, else the ones that trainer takes by itself."""
        path = ROOT / "models/tf_efficientnet_b0_imagenet.safetensors"
        path = given.absolute() if given else path
        if not path.is_file():
            raise Failure(
                f"there are no weights at {path}",
                "`trainer weights fetch npm` gets them, or pass a file: --weights FILE",
            )
        family = ["--weights-family", "tensorflow"]
        return cls(path, ["--weights", str(path), *family] if given else [])
