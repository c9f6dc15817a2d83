"""How much of what is wrong with a data set `trainer data check` finds, beside cleanlab.

    tools/python_env.sh labels
    PYTHONPATH=.venv-labels/packages python3 tools/bench_suspects.py FLOWERS

FLOWERS is a folder of class folders. Of it are made, for each seed:

- a training and a test split with 3 % of the training labels moved to another class at random,
  and 40 training pictures copied into the test split;
- 40 more pictures of the training split in the test split, each recompressed (JPEG 60), scaled
  to 90 % and cropped by 5 %: 120 near copies.

`trainer data check --json` looks at it; cleanlab gets the features that it kept, and
probabilities by scikit-learn's cross-validated logistic regression. Labels that are wrong in
FLOWERS itself count as false alarms, of both. Uses trainer as it was built and the weights that
it finds by itself. Prints Markdown.
"""

import argparse
import json
import pathlib
import random
import shutil
import subprocess
import sys
import time
import warnings

import numpy as np
from cleanlab.filter import find_label_issues
from PIL import Image
from safetensors.numpy import load_file
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

ROOT = pathlib.Path(__file__).parents[1]
MOVED, COPIES, NEAR, TEST = 0.03, 40, 40, 0.2


def near_copies(picture, rng):
    """A picture recompressed, scaled and cropped, by a name for each."""
    picture = picture.convert("RGB")
    width, height = picture.size
    side = 0.95
    left, top = (rng.random() * length * (1 - side) for length in (width, height))
    box = [round(v) for v in (left, top, left + width * side, top + height * side)]
    scaled = picture.resize((round(width * 0.9), round(height * 0.9)), Image.BICUBIC)
    return {"recompressed": (picture, 60), "scaled": (scaled, 95), "cropped": (picture.crop(box), 95)}


def make(flowers, out, seed):
    """Writes the data set; what was done to it."""
    rng = random.Random(seed)
    classes = sorted(p.name for p in flowers.iterdir() if p.is_dir())
    shutil.rmtree(out, ignore_errors=True)
    done = {"moved": set(), "copies": [], "near": []}
    train = []
    for label in classes:
        for split in ("train", "test"):
            (out / split / label).mkdir(parents=True)
        files = sorted((flowers / label).iterdir())
        rng.shuffle(files)
        cut = round(len(files) * TEST)
        for file in files[:cut]:
            (out / "test" / label / file.name).symlink_to(file.resolve())
        train += [(file, label) for file in files[cut:]]
    moved = set(rng.sample(range(len(train)), round(len(train) * MOVED)))
    for number, (file, label) in enumerate(train):
        to = rng.choice([c for c in classes if c != label]) if number in moved else label
        name = f"train/{to}/{label[:2]}_{file.name}"
        (out / name).symlink_to(file.resolve())
        if number in moved:
            done["moved"].add(name)
    kept = [t for i, t in enumerate(train) if i not in moved]
    picked = rng.sample(kept, COPIES + NEAR)
    for file, label in picked[:COPIES]:
        name = f"test/{label}/copy_{file.name}"
        shutil.copy(file, out / name)
        done["copies"].append((f"train/{label}/{label[:2]}_{file.name}", name))
    for file, label in picked[COPIES:]:
        for kind, (picture, quality) in near_copies(Image.open(file), rng).items():
            name = f"test/{label}/{kind}_{file.stem}.jpg"
            picture.save(out / name, quality=quality)
            done["near"].append((kind, f"train/{label}/{label[:2]}_{file.name}", name))
    return done


def cleanlab_ranking(data, check, seed):
    """Files that cleanlab doubts, surest first, from the features that were kept."""
    kept = sorted((data / "features").glob("*.safetensors"), key=lambda p: p.stat().st_mtime)
    features = load_file(kept[-1])["features"]
    files, labels = check["files"], np.array(check["labels"])
    assert len(features) == len(files)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1e-3, max_iter=1000))
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    probabilities = cross_val_predict(model, features, labels, cv=folds, method="predict_proba")
    issues = find_label_issues(labels, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1)
    return [files[i] for i in issues]


def listing(out):
    """Files and labels in trainer's order: split by split, class by class."""
    classes = sorted(p.name for p in (out / "train").iterdir())
    files, labels = [], []
    for split in ("train", "test"):
        for label, name in enumerate(classes):
            found = sorted((out / split / name).iterdir(), key=lambda p: p.name.encode())
            files += [f"{split}/{name}/{p.name}" for p in found]
            labels += [label] * len(found)
    return {"files": files, "labels": labels}


def found_at(ranking, moved, most):
    """Of the first `most` files, those that were moved."""
    return len(moved.intersection(ranking[:most]))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("flowers", type=pathlib.Path)
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "target/bench_suspects")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    columns = [
        "seed",
        "labels moved",
        "trainer: suspects, moved among them",
        "cleanlab: suspects, moved among them",
        "moved among as many of cleanlab's first ones",
        "copies",
        "near copies",
        "other near pairs",
        "check",
    ]
    print("| " + " | ".join(columns) + " |")
    print("|---" * len(columns) + "|")
    for seed in arguments.seeds:
        work = (arguments.work / str(seed)).absolute()
        out = work / "set"
        done = make(arguments.flowers, out, seed)
        data = work / "data"
        shutil.rmtree(data, ignore_errors=True)
        command = [ROOT / "target/release/trainer", "data", "check", out, "--data-dir", data, "--json"]
        start = time.monotonic()
        run = subprocess.run(command, stdout=subprocess.PIPE, cwd=ROOT, check=False)
        seconds = time.monotonic() - start
        assert run.returncode == 1, "copies across splits were not found"
        check = json.loads(run.stdout)
        ours = [issue["file"] for issue in check["suspect_labels"]]
        theirs = cleanlab_ranking(data, listing(out), seed)
        moved = done["moved"]
        pairs = {frozenset(pair) for pair in check["copies"]["across_splits"]}
        copies = sum(frozenset(pair) in pairs for pair in done["copies"])
        near = [frozenset(pair["files"]) for pair in check["near_copies"]]
        made = {frozenset((a, b)): kind for kind, a, b in done["near"]}
        by_kind = {}
        for pair, kind in made.items():
            hit = pair in near
            by_kind.setdefault(kind, []).append(hit)
        recall = ", ".join(f"{kind} {sum(hits)}/{len(hits)}" for kind, hits in by_kind.items())
        sources = {a for _, a, _ in done["near"]} | {b for _, _, b in done["near"]}
        other = [pair for pair in near if not pair <= sources and pair not in pairs]
        print(
            f"| {seed} | {len(moved)} | {len(ours)}, {len(moved.intersection(ours))} "
            f"| {len(theirs)}, {len(moved.intersection(theirs))} "
            f"| {found_at(theirs, moved, len(ours))} | {copies}/{COPIES} | {recall} | {len(other)} | {seconds:.0f} s |",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
