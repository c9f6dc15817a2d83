"""What is timed: `infer` and `pipeline.py`, built and installed."""

import json
import os
import statistics
import subprocess
import sys
import time
from argparse import Namespace
from pathlib import Path

from failure import Failure

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
CORES = len(os.sched_getaffinity(0))

EVAL = "infer eval"
BARE = "bare session loop"
PYTHON = "Python"
# Starts of each program in a round; the median counts.
STARTS = 5


class Bench:
    """The rivals, and what they did in each round."""

    def __init__(self, arguments: Namespace, folder: Path):
        gpu = arguments.device != "cpu"
        self.arguments = arguments
        # What `infer eval` takes, if it was not told.
        self.batch: int | None = arguments.batch
        batches = arguments.python_batches or ([64] if gpu else [1, 2, 4, 8, 16])
        self.python_batches = sorted(set(batches))
        self.infer = str((arguments.infer or build_infer()).absolute())
        self.python, self.environment = python(arguments.python, gpu)
        described = json.loads(run([self.infer, "inspect", "--json", arguments.model]))
        self.contract = described["contract"]
        self.model_bytes, self.model_sha256 = described["bytes"], described["sha256"]
        self.contract_file = folder / "contract.json"
        self.contract_file.write_text(json.dumps(self.contract))
        made_up = self.make_images(folder / "images")
        self.dataset = arguments.dataset or made_up
        # For the first prediction.
        self.file = next((made_up / "test").glob("*/*"))
        if not self.dataset.is_file() and not (self.dataset / "test").is_dir():
            raise Failure(
                f"there is no folder {self.dataset}/test",
                "pass a folder with test/CLASS/IMAGE or CIFAR-100's archive, or leave --dataset out",
            )
        # Images a second and seconds, by rival, a value a round: of the loop, and of
        # the whole program from its start to its end.
        self.runs: dict[str, list[float]] = {EVAL: [], BARE: []}
        self.runs |= {f"{PYTHON}, batch {batch}": [] for batch in self.python_batches}
        self.programs: dict[str, list[float]] = {
            name: [] for name in self.runs if name != BARE
        }
        self.starts: dict[str, list[float]] = {"infer predict": [], PYTHON: []}
        self.accuracies: dict[str, float] = {}
        self.images = 0

    def make_images(self, folder: Path) -> Path:
        """A folder of images; of one a class where another data set is timed."""
        side = self.arguments.side or 2 * self.contract["input"]["height"]
        images = 1 if self.arguments.dataset else self.arguments.images
        options = ["--images", images, "--side", side]
        contract = ["--contract", self.contract_file]
        command = [self.python, HERE / "make_images.py", folder, *contract, *options]
        run(command, self.environment)
        return folder

    def round(self):
        """Every rival once; gives each one's name and result as it comes."""
        for name in self.runs:
            begin = time.perf_counter()
            if name == EVAL:
                speed = self.evaluate()
            elif name == BARE:
                speed = self.bare_loop()
            else:
                speed = self.pipeline(name, int(name.rsplit(" ", 1)[1]))
            seconds = time.perf_counter() - begin
            self.runs[name].append(speed)
            result = f"{speed:.1f} images/s"
            if name in self.programs:
                self.programs[name].append(self.images / seconds)
                result += f", {seconds:.2f} s from start to end"
            yield name, result
        seconds: dict[str, list[float]] = {name: [] for name in self.starts}
        for _ in range(STARTS):
            for name in self.starts:
                seconds[name].append(self.start(name))
        for name, values in seconds.items():
            self.starts[name].append(statistics.median(values))
            yield f"first prediction of {name}", f"{self.starts[name][-1]:.3f} s"

    def evaluate(self) -> float:
        command = [self.infer, "eval", "--quiet", "--json", "--no-temperature"]
        command += ["--model", self.arguments.model]
        if self.dataset.is_file():
            command += ["--dataset", "cifar100", "--data-path", self.dataset]
        else:
            command += ["--dataset", self.dataset]
        command += ["--device", self.arguments.device]
        if self.batch:
            command += ["--batch-size", self.batch]
        result = json.loads(run(command))
        self.batch = result["batch_size"]
        self.accuracies[EVAL] = result["top1"]
        self.images = result["images"]
        return result["images_per_second"]

    def bare_loop(self) -> float:
        sessions = CORES if self.arguments.device == "cpu" else 1
        document = self.contract_file.with_name("bench.json")
        command = [self.infer, "bench", "--quiet", self.arguments.model, "--json", document]
        command += ["--device", self.arguments.device, "--batch-sizes", self.batch]
        command += ["--sessions", sessions, "--threads", 1, "--seconds", self.arguments.seconds]
        run(command)
        (point,) = json.loads(document.read_text())["throughput"]
        return point["images_per_second"]

    def pipeline(self, name: str, batch: int) -> float:
        images = self.dataset if self.dataset.is_file() else self.dataset / "test"
        command = [self.python, HERE / "pipeline.py", self.arguments.model, images]
        command += ["--contract", self.contract_file, "--batch", batch]
        command += ["--device", self.arguments.device]
        result = json.loads(run(command, self.environment))
        self.accuracies[name] = result["correct"] / result["images"]
        return result["images"] / result["seconds"]

    def start(self, name: str) -> float:
        file, device = self.file, ["--device", self.arguments.device]
        if name == PYTHON:
            command = [self.python, HERE / "pipeline.py", "--first", self.arguments.model, file]
            command += ["--contract", self.contract_file]
        else:
            command = [self.infer, "predict", "--quiet", "--model", self.arguments.model, file]
        begin = time.perf_counter()
        run(command + device, self.environment)
        return time.perf_counter() - begin

    def notes(self) -> list[str]:
        """What the figures are of."""
        versions = "import cv2, onnxruntime as o; print(f'OpenCV {cv2.__version__}, onnxruntime {o.__version__}')"
        bytes_each = self.model_bytes / max(1, self.contract["parameters"])
        size = self.contract["preprocessing"]
        accuracies = [f"{name} {value:.2%}" for name, value in self.accuracies.items()]
        kind = "CIFAR-100's test split" if self.dataset.is_file() else "files"
        if not self.arguments.dataset:
            kind += " (made up: the accuracy means nothing)"
        sessions = f"{CORES} sessions of 1 thread" if self.arguments.device == "cpu" else "1 session"
        sessions += f" and batch size {self.batch}, but for Python's one session"
        return [
            f"model: {self.contract['architecture']} at {size['height']}x{size['width']}, "
            f"SHA-256 {self.model_sha256[:12]}, {bytes_each:.1f} bytes a parameter "
            f"({'float32' if bytes_each > 3 else 'float16'})",
            f"images: {self.images}, {kind}",
            f"device: {self.arguments.device}, {sessions}",
            f"Python {sys.version.split()[0]}, " + run([self.python, "-c", versions], self.environment).strip(),
            run([self.infer, "--version"]).strip() + f", commit {commit()}",
            "images/s: from the first image to the last answer; for infer eval and Python "
            "reading, decoding, resizing and running, for the bare loop running alone",
            "whole program: images over the seconds from its start to its end; imports, "
            "opening the model, reading the archive and, of infer eval, the report are in it",
            "first prediction: from the start of the program to its end, one file; median "
            f"of {STARTS} starts in each round",
            "top-1, to see that the same is computed: " + ", ".join(accuracies),
        ]


def build_infer() -> Path:
    """Builds `infer`; where the binary is depends on cargo's settings."""
    cargo = ["cargo", "build", "--release", "--locked", "--package", "infer"]
    output = run([*cargo, "--bin", "infer", "--message-format", "json"])
    messages = [json.loads(line) for line in output.splitlines()]
    return next(
        Path(message["executable"])
        for message in messages
        if message["reason"] == "compiler-artifact" and message.get("executable")
    )


def python(interpreter: Path | None, gpu: bool) -> tuple[str, dict[str, str]]:
    """An interpreter that has cv2 and onnxruntime, and its environment variables."""
    if interpreter:
        return str(interpreter.absolute()), {}
    name = "bench-gpu" if gpu else "bench"
    run([ROOT / "tools/python_env.sh", name])
    return sys.executable, {"PYTHONPATH": str(ROOT / f".venv-{name}/packages")}


def commit() -> str:
    try:
        return run(["git", "-C", ROOT, "describe", "--always", "--dirty"]).strip()
    except Failure:
        return "unknown"


def run(command: list, environment: dict[str, str] | None = None) -> str:
    """Standard output; standard error goes to the user."""
    words = [str(word) for word in command]
    program = Path(words[0]).name
    try:
        finished = subprocess.run(
            words,
            env=os.environ | (environment or {}),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
    except OSError as error:
        raise Failure(
            f"cannot run '{words[0]}': {error.strerror}",
            f"check that '{program}' is installed and can be run",
        ) from None
    if finished.returncode:
        raise Failure(
            f"'{program}' ended with status {finished.returncode}",
            f"what it said is above; it was run as: {' '.join(words)}",
        )
    return finished.stdout
