"""Medians and ratios of the runs, as a Markdown table."""

import statistics
from dataclasses import dataclass

from rivals import Run, Size

REFERENCES = ["contiguous", "channels_last", "channels_last_amp"]  # PyTorch's


@dataclass(frozen=True)
class Runs:
    """Everything measured at one size: a run for each rival and round."""

    size: Size
    of: dict[str, list[Run]]

    def images_per_second(self, rival: str) -> list[float]:
        return [run.images_per_second(self.size) for run in self.of[rival]]

    def ratio(self, rival: str, reference: str) -> float | None:
        """Median over rounds of how many times as fast as `reference` it is."""
        if reference not in self.of:
            return None
        return statistics.median(
            own / other
            for own, other in zip(
                self.images_per_second(rival), self.images_per_second(reference)
            )
        )

    def peak_mb(self, rival: str) -> float | None:
        """Largest of all rounds, in MiB."""
        return max(
            (run.peak_rss_mb for run in self.of[rival] if run.peak_rss_mb), default=None
        )


def markdown(measured: list[Runs]) -> str:
    """A row for each size and rival."""
    references = [name for name in REFERENCES if any(name in runs.of for runs in measured)]
    header = ["size", "rival", "images/s", "slowest to fastest round"]
    header += [f"times {reference}" for reference in references] + ["peak MiB"]
    rows = [header, ["---"] * len(header)]
    for runs in measured:
        for rival in runs.of:
            speeds = runs.images_per_second(rival)
            row = [
                str(runs.size),
                rival,
                f"{statistics.median(speeds):.1f}",
                f"{min(speeds):.1f} to {max(speeds):.1f}",
            ]
            row += [number(runs.ratio(rival, other), 2) for other in references]
            rows.append([*row, number(runs.peak_mb(rival), 0)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
