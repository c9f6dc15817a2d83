"""Times `infer` and Python's onnxruntime in turn on this machine.

    python3 tools/bench_inference MODEL
    python3 tools/bench_inference MODEL --dataset photos/ --rounds 5 --out bench.md
    python3 tools/bench_inference MODEL --dataset cifar-100-binary.tar.gz

Three rivals on the same images, in turn for several rounds, each time in a process
of its own: `infer eval`, which decodes, prepares and runs them; the bare session
loop (`infer bench`), which runs prepared pixels and nothing else; and the best that
Python does (`pipeline.py`: cv2 and onnxruntime, a thread a core), at several batch
sizes. Then the time from the start of a program to its first
prediction. Prints a page of Markdown.

Builds `infer`, and installs OpenCV and onnxruntime into .venv-bench (200 MB; git
ignores it). Two clocks run: one from the first image to the last answer, and one
round the whole program, which its user waits for. Of CIFAR-100 nothing is decoded; of
files, decoding is part of what is timed, which the bare loop does not do. Without
--dataset, JPEG files are made up: noise in the classes of the model, so the
accuracy means nothing then.

Medians over rounds, because a machine's speed wanders; ratios are medians of each
round's ratio, because it wanders slower than a round takes. Leave the machine
alone meanwhile.
"""

import argparse
import sys
import tempfile
from pathlib import Path

# What the two benchmarks have in common.
sys.path.append(str(Path(__file__).resolve().parents[1] / "bench_training"))

import machine
from failure import Failure
from rivals import Bench
from summary import markdown


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 tools/bench_inference",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", type=Path, help="ONNX file exported by trainer")
    parser.add_argument(
        "--dataset",
        type=Path,
        help="a folder with test/CLASS/IMAGE in the model's classes, or CIFAR-100's "
        "archive (else: made up)",
    )
    parser.add_argument("--images", type=positive, default=2000, help="to make up (2000)")
    parser.add_argument(
        "--side", type=positive, help="of the images made up (twice the model's input)"
    )
    parser.add_argument("--rounds", type=positive, default=5, help="(5)")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="(cpu)")
    parser.add_argument(
        "--batch", type=positive, help="of infer eval and the bare loop (infer's own choice)"
    )
    parser.add_argument(
        "--python-batches",
        type=positive,
        nargs="+",
        help="tried for Python (1 2 4 8 16; 64 on CUDA)",
    )
    parser.add_argument(
        "--seconds", type=positive, default=10, help="of a run of the bare loop (10)"
    )
    parser.add_argument("--infer", type=Path, help="built already (else: cargo builds it)")
    parser.add_argument("--python", type=Path, help="one that has cv2 and onnxruntime")
    parser.add_argument("--out", type=Path, help="write the page there (else: stdout)")
    return parser.parse_args()


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def main() -> int:
    arguments = parse_arguments()
    try:
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(arguments, Path(folder))
            others = machine.OtherPrograms()
            for turn in range(1, arguments.rounds + 1):
                for name, value in bench.round():
                    progress = f"round {turn} of {arguments.rounds}, {name}: {value}"
                    print(progress, file=sys.stderr)
            notes = [*machine.describe(), others.describe(), *bench.notes()]
    except Failure as failure:
        print(f"error: {failure}\nhint: {failure.hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    page = markdown(bench.runs, bench.programs, bench.starts, notes)
    if arguments.out:
        arguments.out.write_text(page)
    else:
        print(page, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
