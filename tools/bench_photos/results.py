"""The file of results: a line of JSON for each run that has ended."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from failure import Failure


@dataclass(frozen=True)
class Result:
    """What one run gave."""

    row: str
    seed: int
    rival: str
    version: str  # of the rival; a run of another one does not count
    images: int  # trained on
    seconds: float  # from the start of the process to its end
    correct: str  # 1 or 0 for each test image, sorted by class and file name
    others: float | None  # share of the cores that other programs used meanwhile
    details: dict  # whatever else the rival says

    @property
    def top1(self) -> float:
        return self.correct.count("1") / len(self.correct)

    @property
    def run(self) -> tuple[str, int, str]:
        return self.row, self.seed, self.rival


class Results:
    """The runs of the present rivals and seeds, as far as they are done."""

    def __init__(self, path: Path, versions: dict[str, str], seeds: list[int]):
        self.path = path
        self.done: dict[tuple[str, int, str], Result] = {}
        try:
            # Without the last line if the program was killed while it wrote it.
            lines = path.read_text().split("\n")[:-1] if path.exists() else []
            results = [Result(**json.loads(line)) for line in lines]
        except (OSError, ValueError, TypeError) as error:
            raise Failure(
                f"cannot read {path}: {error}",
                "pass a file that this program wrote, or a new one",
            ) from None
        self.lines = lines
        for result in results:
            if versions.get(result.rival) == result.version and result.seed in seeds:
                self.done[result.run] = result

    def add(self, result: Result) -> None:
        self.done[result.run] = result
        self.lines.append(json.dumps(asdict(result)))
        new = self.path.with_name(self.path.name + ".new")
        new.write_text("\n".join(self.lines) + "\n")
        new.replace(self.path)

    def of(self, row: str, rival: str) -> dict[int, Result]:
        """By seed."""
        return {
            result.seed: result
            for result in self.done.values()
            if (result.row, result.rival) == (row, rival)
        }


@dataclass(frozen=True)
class Difference:
    """How much more accurate one rival is than another, in [-1, 1]."""

    mean: float
    over_images: float  # half of the 95 % interval, were other images tested
    over_seeds: float | None  # the same, were other images trained on

    @classmethod
    def of(cls, own: dict[int, Result], other: dict[int, Result]) -> "Difference | None":
        """Paired by image and by seed."""
        seeds = sorted(own.keys() & other.keys())
        if not seeds:
            return None
        if any(len(own[seed].correct) != len(other[seed].correct) for seed in seeds):
            raise Failure(
                f"{own[seeds[0]].row} was tested on different pictures",
                "pass a new file with --out, or remove the lines of other data sets",
            )
        pairs = [zip(own[seed].correct, other[seed].correct) for seed in seeds]
        # An image is as hard for every seed: its seeds are no independent observations.
        of_images = [
            sum(int(mine) - int(theirs) for mine, theirs in of_image) / len(seeds)
            for of_image in zip(*pairs)
        ]
        of_seeds = [own[seed].top1 - other[seed].top1 for seed in seeds]
        return cls(
            mean=sum(of_seeds) / len(seeds),
            over_images=1.96 * standard_error(of_images),
            over_seeds=t_quantile(len(seeds) - 1) * standard_error(of_seeds)
            if len(seeds) > 1
            else None,
        )


def standard_error(values: list[float]) -> float:
    mean = sum(values) / len(values)
    squares = sum((value - mean) ** 2 for value in values)
    return math.sqrt(squares / (len(values) - 1) / len(values))


def t_quantile(freedom: int) -> float:
    """97.5 % quantile of Student's t distribution."""
    table = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
    return table[freedom - 1] if freedom <= len(table) else 1.96 + 2.5 / freedom
