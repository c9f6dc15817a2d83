"""The machine that the figures are from."""

import os
import platform
import time
from pathlib import Path

BUSY = 0.1  # share of all cores; more than an idle system's own doings


def describe(threads: int) -> str:
    """Markdown: processor, cores, memory, system, and how busy others keep it."""
    busy = busy_share()
    lines = [
        f"{processor()}, {os.cpu_count()} logical cores, {memory_gib():.0f} GiB",
        f"{platform.system()} {platform.machine()}, {threads} threads a rival",
    ]
    if busy is not None:
        warning = ": not idle, do not trust these figures" if busy > BUSY else ""
        lines.append(f"before the first round {busy:.0%} busy{warning}")
    return "\n".join(f"- {line}" for line in lines)


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = [line.split(":", 1)[1] for line in lines if line.startswith("model name")]
    return names[0].strip() if names else platform.machine()


def memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def busy_share(seconds: float = 2.0) -> float | None:
    """Share of all cores' time that is used while this program sleeps.

    Not the load average, which still counts the build before the benchmark.
    """
    before = idle_and_total()
    time.sleep(seconds)
    after = idle_and_total()
    if before is None or after is None:
        return None
    idle, total = (new - old for new, old in zip(after, before))
    return 1 - idle / total


def idle_and_total() -> tuple[int, int] | None:
    """Clock ticks of all cores since the system started (proc(5), `stat`)."""
    try:
        line = Path("/proc/stat").read_text().splitlines()[0]
    except OSError:
        return None
    ticks = [int(word) for word in line.split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)
