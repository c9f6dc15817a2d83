"""The runs as Markdown tables."""

import statistics

from photo_sets import Row
from results import Difference, Result, Results
from rivals import HEAD, PYTORCH, TRAINER

# How many times as fast as PyTorch trainer is to be.
SPEED = 1.5


def markdown(rows: list[Row], rivals: list[str], results: Results) -> str:
    lines = accuracies(rows, rivals, results)
    for other in (PYTORCH, HEAD):
        if TRAINER in rivals and other in rivals:
            lines += differences(rows, other, results)
    return "\n".join(lines)


def accuracies(rows: list[Row], rivals: list[str], results: Results) -> list[str]:
    header = ["row", "trained on"]
    header += [f"{rival}, top-1 (each seed)" for rival in rivals]
    header += [f"{rival}, seconds" for rival in rivals]
    body = []
    for row in rows:
        found = {rival: results.of(row.name, rival) for rival in rivals}
        images = {result.images for runs in found.values() for result in runs.values()}
        line = [row.name, ", ".join(map(str, sorted(images)))]
        line += [top1(list(found[rival].values())) for rival in rivals]
        line += [seconds(list(found[rival].values())) for rival in rivals]
        body.append(line)
    return table(header, body)


def differences(rows: list[Row], other: str, results: Results) -> list[str]:
    header = [f"{TRAINER} − {other}", "points", "95 %, test images", "95 %, seeds", ""]
    header += ["times as fast", ""]
    body = []
    for row in rows:
        own, theirs = results.of(row.name, TRAINER), results.of(row.name, other)
        difference = Difference.of(own, theirs)
        if difference is None:
            body.append([row.name, "no runs of both", *[""] * 5])
            continue
        faster = statistics.median(
            theirs[seed].seconds / own[seed].seconds for seed in own.keys() & theirs.keys()
        )
        line = [row.name, f"{100 * difference.mean:+.2f}", plus_minus(difference.over_images)]
        line += [plus_minus(difference.over_seeds)]
        line += [verdict(difference.mean + difference.over_images >= 0, "at least as accurate, within the interval")]
        line += [f"{faster:.2f}"]
        # The head alone is a part of the default, which takes longer.
        line += [verdict(faster >= SPEED, f"at least {SPEED}") if other == PYTORCH else ""]
        body.append(line)
    return table(header, body)


def top1(runs: list[Result]) -> str:
    if not runs:
        return ""
    each = [100 * run.top1 for run in sorted(runs, key=lambda run: run.seed)]
    values = ", ".join(f"{value:.1f}" for value in each)
    return f"{statistics.mean(each):.2f} % ({values})"


def seconds(runs: list[Result]) -> str:
    return f"{statistics.median(run.seconds for run in runs):.1f}" if runs else ""


def plus_minus(half: float | None) -> str:
    return "" if half is None else f"± {100 * half:.2f}"


def verdict(reached: bool, bar: str) -> str:
    return bar if reached else f"**not** {bar}"


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(line)} |" for line in lines] + [""]
