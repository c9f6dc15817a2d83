"""Times training steps of trainer and of PyTorch in turn on this machine.

    python3 tools/bench_training
    python3 tools/bench_training --sizes 96:32 224:16 --rounds 5
    python3 tools/bench_training --device cuda

Builds trainer's example `training_step`, installs PyTorch and timm into
.venv-torch (5 GB; git ignores it), runs every rival in turn for several rounds,
each time in a process of its own, and prints Markdown on stdout: images a second,
each rival's speed relative to PyTorch's, peak memory, and the machine.

Medians over rounds, because a machine's speed wanders; ratios are medians of each
round's ratio, because it wanders slower than a round takes. Leave the machine
alone meanwhile.
"""

import argparse
import sys
from pathlib import Path

import machine
from failure import Failure
from rivals import Rival, Size, available
from summary import Runs, markdown

RIVALS = {
    "cpu": ["native", "contiguous", "channels_last"],
    "cuda": ["burn", "burn_amp", "contiguous", "channels_last", "channels_last_amp"],
}
SIZES = {
    "cpu": [Size(64, 64), Size(96, 32), Size(128, 32), Size(224, 16)],
    "cuda": [Size(64, 512), Size(96, 256), Size(224, 128)],
}
# Steps of warm-up: burn and cuDNN try their kernels in the first ones.
WARMUP = {"cpu": 2, "cuda": 10}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 tools/bench_training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--sizes",
        nargs="+",
        type=Size.parse,
        metavar="PIXELS:BATCH",
        help="sides of the images and batch sizes (64:64 96:32 128:32 224:16; "
        "64:512 96:256 224:128 on CUDA)",
    )
    parser.add_argument("--rounds", type=positive, default=5, help="(5)")
    parser.add_argument("--warmup", type=positive, help="steps (2; 10 on CUDA)")
    parser.add_argument("--steps", type=positive, default=5, help="timed steps (5)")
    parser.add_argument("--threads", type=positive, default=2, help="(2)")
    parser.add_argument(
        "--rivals",
        nargs="+",
        choices=[
            "native",
            "burn",
            "burn_amp",
            "contiguous",
            "channels_last",
            "channels_last_amp",
        ],
        help="trainer with its own operators (on the CPU) or burn's, PyTorch in either "
        "layout, with _amp in mixed precision, bfloat16 (all that the device has)",
    )
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="(cpu)")
    parser.add_argument(
        "--python",
        type=Path,
        help="an interpreter that has torch and timm (else: .venv-torch)",
    )
    parser.add_argument(
        "--training-step",
        type=Path,
        help="the example, already built (else: cargo builds it)",
    )
    arguments = parser.parse_args()
    arguments.sizes = arguments.sizes or SIZES[arguments.device]
    arguments.rivals = arguments.rivals or RIVALS[arguments.device]
    arguments.warmup = arguments.warmup or WARMUP[arguments.device]
    return arguments


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def measure(rivals: list[Rival], arguments: argparse.Namespace) -> list[Runs]:
    """Every rival once a round, at one size after the other."""
    measured = []
    for size in arguments.sizes:
        runs = Runs(size, {rival.name: [] for rival in rivals})
        for turn in range(1, arguments.rounds + 1):
            for rival in rivals:
                run = rival.run(
                    size, arguments.warmup, arguments.steps, arguments.threads
                )
                runs.of[rival.name].append(run)
                print(
                    f"{size}, round {turn} of {arguments.rounds}, {rival.name}: "
                    f"{run.images_per_second(size):.1f} images/s",
                    file=sys.stderr,
                )
        measured.append(runs)
    return measured


def main() -> int:
    arguments = parse_arguments()
    try:
        rivals = available(
            arguments.rivals,
            arguments.device,
            arguments.python,
            arguments.training_step,
        )
        others = machine.OtherPrograms()
        measured = measure(rivals, arguments)
        notes = [*machine.describe(), others.describe()]
    except Failure as failure:
        print(f"error: {failure}\nhint: {failure.hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(markdown(measured))
    notes += [f"{rival.name}: {rival.version}" for rival in rivals]
    notes.append(
        f"rounds, in turn: {arguments.rounds}; each run a process of its own: "
        f"{arguments.threads} threads, {arguments.warmup} steps of warm-up and "
        f"{arguments.steps} timed steps"
    )
    print("\n".join(f"- {note}" for note in notes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
