"""The machine that the figures are from."""

import os
import platform
import subprocess
from pathlib import Path

BUSY = 0.05  # share of all cores; more than an idle system's own doings


def describe() -> list[str]:
    """Processor, cores, memory, system."""
    return [
        f"{processor()}, {os.cpu_count()} logical cores, {memory_gib():.0f} GiB",
        f"{platform.system()} {platform.machine()}",
        *cards(),
    ]


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = [line.split(":", 1)[1] for line in lines if line.startswith("model name")]
    return names[0].strip() if names else platform.machine()


def cards() -> list[str]:
    """NVIDIA GPUs with driver and memory; none where there is no nvidia-smi."""
    query = ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    try:
        command = ["nvidia-smi", *query]
        found = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return found.stdout.splitlines()


def memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


class OtherPrograms:
    """How busy programs that this one did not start keep the machine, from now on."""

    def __init__(self):
        self.before = busy_and_total()

    def share(self) -> float | None:
        """Of all cores, in [0, 1]; none where the system does not tell it."""
        after = busy_and_total()
        if self.before is None or after is None:
            return None
        busy, total = (new - old for new, old in zip(after, self.before))
        return busy / total

    def describe(self) -> str:
        return describe_others(self.share())


def describe_others(share: float | None) -> str:
    """How far figures can be trusted that were measured beside other programs."""
    if share is None:
        return "how busy other programs kept the machine is unknown"
    warning = ": not idle, do not trust these figures" if share > BUSY else ""
    return f"other programs used {share:.0%} of the cores{warning}"


def busy_and_total() -> tuple[float, float] | None:
    """Seconds of all cores since the system started (proc(5), `stat`): used by
    others than this program and what it has started, and all there were."""
    try:
        line = Path("/proc/stat").read_text().splitlines()[0]
    except OSError:
        return None
    ticks = [int(word) for word in line.split()[1:9]]
    idle = ticks[3] + ticks[4]
    seconds = 1 / os.sysconf("SC_CLK_TCK")
    own = sum(os.times()[:4])
    return (sum(ticks) - idle) * seconds - own, sum(ticks) * seconds
