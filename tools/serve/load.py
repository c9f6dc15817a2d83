"""Load on `infer serve` from a second process, beside the bare session loop.

    cargo build --release -p infer && cargo build --release -p infer --example serve_load
    python3 tools/serve/load.py MODEL DATASET [--seconds S] [--rounds N] [--connections N,N,...]

The service and a bare loop run in turn, in rounds, each when the machine is
otherwise idle (Linux). The bare loop has a session a core, batches of 8 and
nothing around them, on the same pixels. One connection sends its images one
after the other, so that only one session can work at a time: its bound is one
session, one image a run (`sessions` says which bare loop a row has). Prints
medians over the rounds: throughput, its ratio to the bare loop, latencies,
refusals, the service's resident memory.

The load runs on the same cores. `client %` is its share of all cores; `of rest`
is the ratio to what the bare loop would do on the others, where the connections
keep all sessions busy.

Every answer is compared with the library's; a wrong, lost or unexpected one ends
the script with 1. DATASET is as for `infer eval` (CIFAR100_PATH names cifar100's
archive).
"""

import argparse
import os
import statistics
import subprocess
from pathlib import Path

from quiet import quiet_rounds
from service import INFER, fail, infer_serve, metrics, serve_load, total

CORES = len(os.sched_getaffinity(0))
BARE_IMAGES = 4000
# What a 96 px network is fastest with.
BATCH = 8
# Columns of serve_load that are counts; of the others the median is shown.
COUNTS = {"answers", "503", "wrong", "errors", "lost"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("dataset")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", default="1,8,64,512")
    parser.add_argument("--queue", default="256")
    parser.add_argument("--infer", type=Path, default=INFER)
    args = parser.parse_args()
    tool = serve_load(args.infer)

    def bare(sessions, batch):
        command = [tool, "bare", args.model, args.dataset, str(BARE_IMAGES), str(sessions), str(batch)]
        return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)

    def load(address, connections):
        command = [tool, "tensor", address, args.model, args.dataset, str(args.seconds), connections]
        output = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if output.returncode != 0:
            fail("answers were wrong or lost", output.stdout.replace("\n", " | "))
        header, line = output.stdout.splitlines()
        names = [name.strip() for name in header.split("  ") if name.strip()]
        return dict(zip(names, map(float, line.split())))

    every_row = []
    with infer_serve(args.infer, args.model, "--device", "cpu", "--queue", args.queue) as address:
        for number, connections in enumerate(args.connections.split(",")):
            is_alone = connections == "1"

            def measure():
                row = load(address, connections)
                client = row.pop("client s") / args.seconds / CORES
                row["sessions"] = 1 if is_alone else CORES
                row["bare/s"] = bare(row["sessions"], 1 if is_alone else BATCH)
                row["ratio"] = row["answers/s"] / row["bare/s"]
                row["client %"] = 100 * client
                # A single connection leaves cores idle, and the client takes of those.
                row["of rest"] = row["ratio"] / (1 if is_alone else 1 - client)
                row["MiB"] = total(metrics(address), "process_resident_memory_bytes") / 2**20
                every_row.append(row)
                return row

            rows, disturbed = quiet_rounds(measure, args.rounds)
            if number == 0:
                print("  ".join(f"{name:>10}" for name in rows[0]))
            shown = [
                (sum if name in COUNTS else statistics.median)([row[name] for row in rows])
                for name in rows[0]
            ]
            print("  ".join(f"{value:10.3f}".rstrip("0").rstrip(".").rjust(10) for value in shown), flush=True)
            if disturbed:
                print(f"  (other programs ran during {disturbed} of {args.rounds} rounds)", flush=True)
        answered = sum(row["answers"] + row["503"] for row in every_row)
        counted = total(metrics(address), "infer_requests_total")
        print(f"answered or refused: {answered:.0f} seen by the clients, {counted:.0f} counted by the service")
        if answered != counted:
            fail("the counts differ", "compare the table with /metrics")


if __name__ == "__main__":
    main()
