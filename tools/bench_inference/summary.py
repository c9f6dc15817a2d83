"""Medians, ratios and bars, as a page of Markdown."""

import statistics

from rivals import BARE, EVAL, PYTHON

# What is to be reached: of the bare loop, of Python, of Python's start.
OF_BARE, OF_PYTHON, OF_PYTHONS_START = 0.97, 1.05, 1 / 3


def ratio(runs: dict[str, list[float]], name: str, other: str) -> float:
    """Median over rounds of how many times `other` it is."""
    return statistics.median(own / theirs for own, theirs in zip(runs[name], runs[other]))


def fastest_python(speeds: dict[str, list[float]]) -> str:
    """Python at the batch size that it is fastest with."""
    rivals = [name for name in speeds if name.startswith(PYTHON)]
    return max(rivals, key=lambda name: statistics.median(speeds[name]))


def speeds(title: str, of: dict[str, list[float]], references: list[str]) -> list[str]:
    """A row for each rival, with its speed relative to each of `references`."""
    header = [title, "images/s", "slowest to fastest round"]
    header += [f"times {reference}" for reference in references]
    rows = [
        [
            name,
            f"{statistics.median(values):.1f}",
            f"{min(values):.1f} to {max(values):.1f}",
            *(f"{ratio(of, name, reference):.3f}" for reference in references),
        ]
        for name, values in of.items()
    ]
    return table(header, rows)


def markdown(
    runs: dict[str, list[float]],
    programs: dict[str, list[float]],
    starts: dict[str, list[float]],
    notes: list[str],
) -> str:
    best, best_program = fastest_python(runs), fastest_python(programs)
    of_bare, of_python = ratio(runs, EVAL, BARE), ratio(runs, EVAL, best)
    of_program = ratio(programs, EVAL, best_program)
    first = next(name for name in starts if name != PYTHON)
    of_start = ratio(starts, first, PYTHON)

    lines = ["# Inference", ""]
    lines += speeds("", runs, [BARE, best])
    lines += speeds("whole program", programs, [best_program])
    header = ["start to first prediction", "seconds", "times Python"]
    lines += table(
        header,
        [
            [name, f"{statistics.median(values):.3f}", f"{ratio(starts, name, PYTHON):.3f}"]
            for name, values in starts.items()
        ],
    )
    bars = [
        (f"{EVAL} / {BARE}", of_bare, f"at least {OF_BARE}", of_bare >= OF_BARE),
        (
            f"{EVAL} / {best_program}, whole program",
            of_program,
            f"at least {OF_PYTHON}",
            of_program >= OF_PYTHON,
        ),
        (
            f"{EVAL} / {best}, first image to last answer",
            of_python,
            f"at least {OF_PYTHON}",
            of_python >= OF_PYTHON,
        ),
        (
            f"start of {first} / {PYTHON}",
            of_start,
            "at most 1/3",
            of_start <= OF_PYTHONS_START,
        ),
    ]
    lines += table(
        ["to be reached", "measured", "bar", ""],
        [
            [name, f"{value:.3f}", bar, "reached" if reached else "**not reached**"]
            for name, value, bar, reached in bars
        ],
    )
    rounds = len(runs[EVAL])
    lines += [f"- {note}" for note in [*notes, f"rounds, in turn: {rounds}"]]
    return "\n".join(lines) + "\n"


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(line)} |" for line in lines] + [""]
