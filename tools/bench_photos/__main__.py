"""Compares trainer's default on photos with a strong PyTorch and timm baseline.

    python3 tools/bench_photos
    python3 tools/bench_photos --rows flowers-30 hymenoptera-20 --seeds 0 1
    python3 tools/bench_photos --rivals trainer head --trainer target/release/trainer

For every row (a set of photos, cut to so many pictures a class) and seed, each rival
trains on the same folder from the same weights and is tested on the same pictures, in
turn, each a process of its own that is timed from its start to its end:

    trainer   `trainer fit --dataset ROW --seed SEED` and nothing else
    head      trainer's last layer alone
    pytorch   timm's EfficientNet-B0, see the folder pytorch and tuning.md

Installs PyTorch and timm into .venv-torch (5 GB; git ignores it). Uses trainer and
infer as they were built (`cargo build --release --locked -p trainer -p infer`).

Every run that ends is a line of --out, and is not run again: a benchmark that was
interrupted goes on. A run of another trainer or of other settings does not count.
Prints Markdown on stdout. Leave the machine alone meanwhile: accuracy does not mind
other programs, the seconds do.
"""

import argparse
import sys
from pathlib import Path

# What the benchmarks have in common.
sys.path.append(str(Path(__file__).resolve().parents[1] / "bench_training"))

import machine
import photo_sets
import rivals
from failure import Failure
from results import Results
from summary import markdown


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 tools/bench_photos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--flowers",
        type=Path,
        default=photo_sets.SHARED / "flowers",
        help="a folder with a folder for each class (../shared/photos/flowers)",
    )
    parser.add_argument(
        "--hymenoptera",
        type=Path,
        default=photo_sets.SHARED / "hymenoptera",
        help="a folder with train/ and val/ (../shared/photos/hymenoptera)",
    )
    parser.add_argument("--rows", nargs="+", choices=photo_sets.ROWS, help="(all)")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="(0 1 2)")
    parser.add_argument("--rivals", nargs="+", choices=rivals.NAMES, default=rivals.NAMES)
    parser.add_argument(
        "--trainer",
        type=Path,
        default=rivals.ROOT / "target/release/trainer",
        help="built already, infer beside it (target/release/trainer)",
    )
    parser.add_argument(
        "--weights",
        type=Path,
        help="TensorFlow's EfficientNet-B0 (else: what trainer takes by itself, "
        "models/tf_efficientnet_b0_imagenet.safetensors)",
    )
    parser.add_argument("--python", type=Path, help="one that has torch and timm (.venv-torch)")
    parser.add_argument("--out", type=Path, help="the runs (target/bench_photos/results.jsonl)")
    parser.add_argument(
        "--work",
        type=Path,
        default=rivals.ROOT / "target/bench_photos",
        help="data sets and the latest run (target/bench_photos)",
    )
    arguments = parser.parse_args()
    arguments.rows = [photo_sets.ROWS[name] for name in arguments.rows or photo_sets.ROWS]
    arguments.work = arguments.work.absolute()
    arguments.trainer = arguments.trainer.absolute()
    arguments.out = arguments.out or arguments.work / "results.jsonl"
    return arguments


def measure(
    arguments: argparse.Namespace, entrants: list[rivals.Rival], results: Results
) -> None:
    """Every rival on every row and seed, as far as it is not done."""
    photos = {
        name: photo_sets.read(name, getattr(arguments, name))
        for name in {row.photos for row in arguments.rows}
    }
    for row in arguments.rows:
        for seed in arguments.seeds:
            missing = [
                rival
                for rival in entrants
                if (row.name, seed, rival.name) not in results.done
            ]
            if not missing:
                continue
            splits = photos[row.photos].cut(row, seed)
            dataset = photo_sets.write(splits, arguments.work / row.name)
            for rival in missing:
                result = rival.run(row.name, seed, dataset, arguments.work)
                results.add(result)
                print(
                    f"{row.name}, seed {seed}, {rival.name}: {result.top1:.2%}, "
                    f"{result.seconds:.1f} s, {machine.describe_others(result.others)}",
                    file=sys.stderr,
                )


def notes(
    arguments: argparse.Namespace, entrants: list[rivals.Rival], results: Results
) -> list[str]:
    """What the figures are of."""
    names = {row.name for row in arguments.rows}
    shares = [
        result.others
        for result in results.done.values()
        if result.row in names and result.others is not None
    ]
    return [
        *machine.describe(),
        f"in the busiest run, {machine.describe_others(max(shares, default=None))}",
        *(f"{rival.name}: {rival.version}" for rival in entrants),
        f"weights: {arguments.weights.path.name}; {rivals.CORES} threads",
        "points: mean over seeds, paired; ± test images: normal interval over the test "
        "images of each one's mean over the seeds (other photos to test on), which "
        "decides; ± seeds: Student's t over the seeds (other photos to train on)",
        "seconds: median over seeds, from the start of the process to its end: imports, "
        "training, validation, test, and trainer's checked export",
    ]


def main() -> int:
    arguments = parse_arguments()
    try:
        arguments.work.mkdir(parents=True, exist_ok=True)
        arguments.weights = rivals.Weights.of(arguments.weights)
        entrants = rivals.available(arguments)
        versions = {rival.name: rival.version for rival in entrants}
        results = Results(arguments.out, versions, arguments.seeds)
        measure(arguments, entrants, results)
        page = markdown(arguments.rows, list(versions), results)
    except Failure as failure:
        print(f"error: {failure}\nhint: {failure.hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(page)
    print("\n".join(f"- {note}" for note in notes(arguments, entrants, results)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
