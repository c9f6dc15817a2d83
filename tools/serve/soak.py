"""Whether the memory of `infer serve` stays flat under minutes of load.

    cargo build --release -p infer && cargo build --release -p infer --example serve_load
    python3 tools/serve/soak.py MODEL DATASET [--minutes M] [--connections N]

Half of the connections send tensors, the others PNG files; every answer is
compared with the library's. Resident memory is looked at every second. The first
fifth of the time is for the allocator to warm up: `first` and the slope (least
squares) are of what comes after it. Ends with 1 if an answer was wrong or lost,
or the last tenth of the time took over a twentieth more memory than the first
tenth after the warm-up.
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

from service import INFER, fail, infer_serve, metrics, serve_load, total

WARM_UP = 0.2
TENTH = 0.1
MOST_GROWTH = 1.05
MIB = 2**20


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("dataset")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--infer", type=Path, default=INFER)
    args = parser.parse_args()
    tool = serve_load(args.infer)
    seconds = 60 * args.minutes
    with infer_serve(args.infer, args.model, "--device", "cpu") as address:
        idle = memory(address)
        loads = [
            subprocess.Popen(
                [tool, kind, address, args.model, args.dataset, str(seconds), str(args.connections // 2)],
                stdout=subprocess.PIPE,
                text=True,
            )
            for kind in ("tensor", "file")
        ]
        try:
            samples = sample(address, loads)
        finally:
            outputs = [load.communicate()[0] for load in loads]
        for load, output in zip(loads, outputs):
            print(output, end="")
            if load.returncode != 0:
                fail("answers were wrong or lost", "see the lines above")
    return verdict(idle, samples)


def memory(address):
    return total(metrics(address), "process_resident_memory_bytes") / MIB


def sample(address, loads):
    """(seconds, MiB) until the loads have ended."""
    begin = time.monotonic()
    samples = []
    while any(load.poll() is None for load in loads):
        samples.append((time.monotonic() - begin, memory(address)))
        time.sleep(1)
    return samples


def verdict(idle, samples):
    """Prints what was seen; 1 if memory grew."""
    warm = samples[int(WARM_UP * len(samples)) :]
    tenth = max(1, int(TENTH * len(samples)))
    first = statistics.median(mib for _, mib in warm[:tenth])
    last = statistics.median(mib for _, mib in warm[-tenth:])
    slope, _ = statistics.linear_regression(*zip(*warm))
    print(
        f"resident MiB: {idle:.1f} before, first {first:.1f}, last {last:.1f}, "
        f"most {max(mib for _, mib in samples):.1f}; slope {60 * slope:+.3f} MiB a minute "
        f"({len(samples)} samples)"
    )
    if last > MOST_GROWTH * first:
        print(f"error: memory grew by {last - first:.1f} MiB", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
