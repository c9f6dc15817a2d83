"""Recall of a rare class with and without a remedy: 44 ants and 4 bees to learn from.

    python3 tools/bench_imbalance.py HYMENOPTERA

HYMENOPTERA is PyTorch's folder `hymenoptera_data` (train/ and val/, ants and bees).
For each of three seeds, 44 ants and 4 bees of train/ are drawn for training, the rest of
train/ validates and val/ tests; then `trainer fit --dataset` trains with each remedy and
nothing else said. Uses trainer as it was built and the weights that it takes by itself.
Prints a table in Markdown.
"""

import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[1]
COUNTS = {"ants": 44, "bees": 4}
SEEDS = [0, 1, 2]
# A picture that says "not found".
PLACEHOLDER = "imageNotFound.gif"
BY_CLASS = ["--monitor", "val_balanced_accuracy"]
REMEDIES = {
    "none": [],
    "`--monitor val_balanced_accuracy`": BY_CLASS,
    "`--class-weights balanced`, monitor": ["--class-weights", "balanced", *BY_CLASS],
    "`--class-weights effective`, monitor": ["--class-weights", "effective", *BY_CLASS],
    "`--sampler balanced`, monitor": ["--sampler", "balanced", *BY_CLASS],
}


def link(images, folder):
    """Links `images` into a new folder."""
    folder.mkdir(parents=True)
    for image in images:
        (folder / image.name).symlink_to(image.resolve())


def split(source, folder, seed):
    """Makes the data set of one seed."""
    for name, count in COUNTS.items():
        images = sorted(p for p in (source / "train" / name).iterdir() if p.name != PLACEHOLDER)
        random.Random(f"{seed} {name}").shuffle(images)
        link(images[:count], folder / "train" / name)
        link(images[count:], folder / "val" / name)
        link(sorted((source / "val" / name).iterdir()), folder / "test" / name)


def scores(data, seed, flags, out):
    """Trains once; top-1, mean recall, and recall of ants and bees on test, in percent."""
    command = [ROOT / "target/release/trainer", "fit", "--quiet", "--dataset", data]
    command += ["--seed", str(seed), "--out", out, *flags]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=sys.stderr)
    test = json.loads((out / "test.json").read_text())
    recall = [entry["recall"] for entry in test["report"]["classes"]]
    return [100 * value for value in (test["top1"], statistics.mean(recall), *recall)]


def main():
    source = pathlib.Path(sys.argv[1])
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for seed in SEEDS:
            split(source, folder / str(seed), seed)
        for number, (remedy, flags) in enumerate(REMEDIES.items()):
            found = [
                scores(folder / str(seed), seed, flags, folder / f"run-{number}-{seed}")
                for seed in SEEDS
            ]
            columns = [
                f"{statistics.mean(column):.1f} ({', '.join(f'{value:.1f}' for value in column)})"
                for column in zip(*found)
            ]
            rows.append(f"| {remedy} | {' | '.join(columns)} |")
    print("| remedy | top-1 | mean recall | recall of ants | recall of bees |\n|---|---|---|---|---|")
    print("\n".join(rows))


main()
