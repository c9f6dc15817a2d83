"""The data sets: rows of the table, cut from two public sets of photos.

A data set is a folder with train/, val/ and test/. Which pictures are in it is
decided by its row and seed alone: names, sorted and then shuffled by a generator
of their own, so that it is the same on every machine.
"""

import hashlib
import os
import random
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from failure import Failure

# Where the photos lie if nothing else is said.
SHARED = Path(__file__).resolve().parents[3] / "shared/photos"
# Pictures of each class of flowers that nothing is trained on.
FLOWERS_TEST = 100
# Decides which these are.
TEST_SEED = 16
VAL_SHARE = 0.2
# A picture that says "not found" where there should be ants.
PLACEHOLDER = "imageNotFound.gif"
EXTENSIONS = {".jpg", ".jpeg", ".png", ".gif"}

# Pictures by class.
Pictures = dict[str, list[Path]]


@dataclass(frozen=True)
class Row:
    """How many pictures of a set are trained on."""

    photos: str
    per_class: int | None  # to be split into train and val; None: all

    @property
    def name(self) -> str:
        return f"{self.photos}-{self.per_class or 'all'}"


ROWS = {
    row.name: row
    for row in [
        Row("flowers", 10),
        Row("flowers", 30),
        Row("flowers", 100),
        Row("flowers", None),
        Row("hymenoptera", 20),
        Row("hymenoptera", None),
    ]
}


@dataclass(frozen=True)
class Photos:
    """A set: what may be trained on, and what is tested on."""

    pool: Pictures
    test: Pictures

    def cut(self, row: Row, seed: int) -> dict[str, Pictures]:
        """The splits of a row. At least one picture of a class is for validation."""
        train, val = {}, {}
        for name, files in self.pool.items():
            chosen = shuffled(files, f"{row.photos} {name} {seed}")[: row.per_class]
            held_out = max(1, round(len(chosen) * VAL_SHARE))
            train[name], val[name] = chosen[held_out:], chosen[:held_out]
        return {"train": train, "val": val, "test": self.test}

    def without_test(self, per_class: int, seed: int) -> "Photos":
        """A set to tune on: tested on others of the pool, so that nothing is chosen
        by looking at the test split."""
        pool, test = {}, {}
        for name, files in self.pool.items():
            files = shuffled(files, f"tune {name} {seed}")
            test[name], pool[name] = files[:per_class], files[per_class:]
        return Photos(pool, test)


def read(photos: str, root: Path) -> Photos:
    """The set called `photos` that lies at `root`."""
    if photos == "hymenoptera":
        return Photos(classes(root / "train"), classes(root / "val"))
    pool, test = {}, {}
    for name, files in classes(root).items():
        files = shuffled(files, f"{photos} {name} test {TEST_SEED}")
        test[name], pool[name] = files[:FLOWERS_TEST], files[FLOWERS_TEST:]
    return Photos(pool, test)


def classes(root: Path) -> Pictures:
    """The pictures in each folder of `root`: each once where a class has copies of
    it, and none that two classes claim."""
    claims: dict[bytes, dict[str, Path]] = {}
    for path in pictures(root):
        digest = hashlib.sha256(path.read_bytes()).digest()
        claims.setdefault(digest, {}).setdefault(path.parent.name, path)
    found: Pictures = {}
    for claim in claims.values():
        if len(claim) == 1:
            ((name, path),) = claim.items()
            found.setdefault(name, []).append(path)
    if len(found) < 2:
        raise Failure(
            f"{root} does not hold two or more folders of pictures",
            "--flowers is a folder with a folder for each class, --hymenoptera one with "
            "train/ and val/, each with a folder for each class",
        )
    return found


def pictures(root: Path) -> Iterable[Path]:
    for path in sorted(root.glob("*/*")):
        if path.suffix.lower() in EXTENSIONS and path.name != PLACEHOLDER:
            yield path


def shuffled(files: list[Path], seed: str) -> list[Path]:
    files = sorted(files, key=lambda path: path.name)
    random.Random(seed).shuffle(files)
    return files


def write(splits: dict[str, Pictures], folder: Path) -> Path:
    """Makes the folder, in place of one that is there."""
    shutil.rmtree(folder, ignore_errors=True)
    for split, of_classes in splits.items():
        for name, files in of_classes.items():
            (folder / split / name).mkdir(parents=True)
            for file in files:
                link_or_copy(file, folder / split / name / file.name)
    return folder


def link_or_copy(file: Path, to: Path) -> None:
    try:
        os.link(file.resolve(), to)
    except OSError:  # another file system, or one without links
        shutil.copyfile(file, to)
