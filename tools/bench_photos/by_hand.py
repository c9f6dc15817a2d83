"""Compares trainer's default on photos with settings picked by hand.

    python3 tools/bench_photos/by_hand.py

Flowers cut to 50 pictures a class, three seeds, tested on pictures that nothing was
trained on. The best of the settings is found by looking at the test pictures, which is
in its favour: the default has to come within a point of it all the same. Uses trainer
and infer as they were built and the weights that trainer takes by itself. A run that
is in --out is not run again. Prints Markdown.
"""

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "bench_training"))

import machine
import photo_sets
import rivals
from failure import Failure
from results import Results
from summary import seconds, table, top1

ROW = photo_sets.Row("flowers", 50)
SEEDS = [0, 1, 2]
DEFAULT = "the default"
SETTINGS = [
    "--epochs 10",
    "--epochs 30",
    "--freeze 9 --head-epochs 30 --head-learning-rate 3e-3 --epochs 1",
    "--head-epochs 20 --head-learning-rate 3e-3 --epochs 5 --learning-rate 2e-4 "
    "--layer-decay 0.8 --freeze-batch-norm true --label-smoothing 0.1",
    "--learning-rate 1e-4",
    "--learning-rate 1e-3 --layer-decay 0.7",
    "--select best --label-smoothing 0",
    "--image-size 224",
]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--flowers", type=Path, default=photo_sets.SHARED / "flowers")
    parser.add_argument("--trainer", type=Path, default=rivals.ROOT / "target/release/trainer")
    parser.add_argument("--work", type=Path, default=rivals.ROOT / "target/bench_photos")
    parser.add_argument("--out", type=Path, help="the runs (by_hand.jsonl in --work)")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    work = arguments.work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    try:
        version = rivals.trainer_version(arguments.trainer)
        entrants = [
            rivals.Trainer(
                name,
                f"{version} {name}",
                arguments.trainer.absolute(),
                arguments.trainer.absolute().with_name("infer"),
                name.split() if name != DEFAULT else [],
            )
            for name in [DEFAULT, *SETTINGS]
        ]
        versions = {rival.name: rival.version for rival in entrants}
        results = Results(arguments.out or work / "by_hand.jsonl", versions, SEEDS)
        photos = photo_sets.read(ROW.photos, arguments.flowers)
        for seed in SEEDS:
            dataset = photo_sets.write(photos.cut(ROW, seed), work / ROW.name)
            for rival in entrants:
                if (ROW.name, seed, rival.name) not in results.done:
                    result = rival.run(ROW.name, seed, dataset, work)
                    results.add(result)
                    print(f"seed {seed}, {rival.name}: {result.top1:.1%}", file=sys.stderr)
    except Failure as failure:
        print(f"error: {failure}\nhint: {failure.hint}", file=sys.stderr)
        return 1
    body = []
    for name in [DEFAULT, *SETTINGS]:
        runs = list(results.of(ROW.name, name).values())
        body.append([name if name == DEFAULT else f"`{name}`", top1(runs), seconds(runs)])
    print("\n".join(table(["settings", "top-1 (each seed)", "seconds"], body)))
    print("\n".join(f"- {line}" for line in [*machine.describe(), version]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
