"""What is timed: trainer's example and `pytorch_step.py`, built and installed."""

import argparse
import json
import re
import statistics
from dataclasses import dataclass, field
from pathlib import Path

from command import pytorch, run_command
from failure import Failure

# Who computes trainer's step.
OURS = ("native", "burn")
# Ending of the name of a rival in mixed precision.
AMP = "_amp"


@dataclass(frozen=True)
class Size:
    """What a step works on."""

    pixels: int
    batch: int

    @classmethod
    def parse(cls, text: str) -> "Size":
        match = re.fullmatch(r"([1-9]\d*):([1-9]\d*)", text)
        if not match:
            raise argparse.ArgumentTypeError(
                f"'{text}' is not PIXELS:BATCH, such as 96:32"
            )
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.pixels} px batch {self.batch}"


@dataclass(frozen=True)
class Run:
    """What one process measured."""

    steps: list[float]  # seconds
    peak_rss_mb: float | None  # MiB, where the system tells it

    def images_per_second(self, size: Size) -> float:
        return size.batch / statistics.median(self.steps)


@dataclass(frozen=True)
class Rival:
    """A command that times steps and prints a line of JSON."""

    name: str
    command: list[str]
    version: str
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, size: Size, warmup: int, steps: int, threads: int) -> Run:
        options = {
            "--size": size.pixels,
            "--batch": size.batch,
            "--warmup": warmup,
            "--steps": steps,
            "--threads": threads,
        }
        words = [str(word) for option in options.items() for word in option]
        output = run_command(self.command + words, self.environment)
        try:
            result = json.loads(output)
            return Run(result["steps"], result["peak_rss_mb"])
        except (ValueError, KeyError, TypeError):
            raise Failure(
                f"{self.name} printed no result but: {output.strip()[:200]!r}",
                f"run it alone: {' '.join(self.command + words)}",
            ) from None


def available(
    names: list[str], device: str, python: Path | None, training_step: Path | None
) -> list[Rival]:
    """The rivals of these names, after building or installing what they need."""
    rivals = {}
    ours = [name for name in names if name.removesuffix(AMP) in OURS]
    if ours:
        if training_step:
            example, version = training_step.absolute(), "a binary built before"
        else:
            example, version = build_example(device), commit()
        for name in ours:
            command = [str(example), "--operators", name.removesuffix(AMP)]
            command += ["--device", device]
            command += ["--precision", "bf16"] if name.endswith(AMP) else []
            rivals[name] = Rival(name, command, f"trainer, {version}")
    if len(ours) < len(names):
        interpreter, environment = pytorch(python)
        script = str(Path(__file__).with_name("pytorch_step.py"))
        # Fails here, before anything is timed, if PyTorch cannot be imported.
        versions = run_command([interpreter, script, "--versions"], environment).strip()
        for name in set(names) - set(ours):
            command = [interpreter, script, "--device", device]
            command += ["--layout", name.removesuffix(AMP)]
            command += ["--amp"] if name.endswith(AMP) else []
            rivals[name] = Rival(name, command, versions, environment)
    return [rivals[name] for name in dict.fromkeys(names)]


def build_example(device: str) -> Path:
    """Builds trainer's example; where the binary is depends on cargo's settings."""
    cargo = ["cargo", "build", "--release", "--locked", "--package", "trainer"]
    if device != "cpu":
        cargo += ["--features", device]
    output = run_command(
        [*cargo, "--example", "training_step", "--message-format", "json"]
    )
    messages = [json.loads(line) for line in output.splitlines()]
    return next(
        Path(message["executable"])
        for message in messages
        if message["reason"] == "compiler-artifact"
        and message["target"]["name"] == "training_step"
    )


def commit() -> str:
    try:
        return run_command(["git", "describe", "--always", "--dirty"]).strip()
    except Failure:
        return "unknown commit"
