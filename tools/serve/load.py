"""Load on `infer serve` from a second process, beside the bare session loop.

    cargo build --release -p infer --example serve_load && cargo build --release -p infer
    python3 tools/serve/load.py MODEL DATASET [--seconds S] [--connections N,N,...] [--queue N]

Each number of connections is measured between two bare loops (one session a
core, no service). Prints throughput, latencies, refusals, and the service's
resident memory. Every answer is compared with the library's; a wrong, lost or
unexpected one ends the script with 1. DATASET is as for `infer eval`
(CIFAR100_PATH names the archive of cifar100).
"""

import argparse
import subprocess
import urllib.request
from pathlib import Path

from service import INFER, fail, infer_serve

BARE_IMAGES = 3000


def metric(address, name):
    """The sum of a metric's series."""
    with urllib.request.urlopen(f"http://{address}/metrics") as response:
        lines = response.read().decode().splitlines()
    series = (line.rsplit(" ", 1) for line in lines)
    return sum(float(value) for key, value in series if key.split("{")[0] == name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("dataset")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", default="1,8,64,512")
    parser.add_argument("--queue", default="256")
    parser.add_argument("--infer", type=Path, default=INFER)
    args = parser.parse_args()
    tool = args.infer.parent / "examples/serve_load"
    if not tool.exists():
        fail(f"{tool} does not exist", "cargo build --release -p infer --example serve_load")

    def bare():
        command = [tool, "bare", args.model, args.dataset, str(BARE_IMAGES)]
        return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)

    with infer_serve(args.infer, args.model, "--queue", args.queue) as address:
        before = bare()
        header = None
        sent = 0
        for connections in args.connections.split(","):
            command = [tool, "tensor", address, args.model, args.dataset, str(args.seconds), connections]
            output = subprocess.run(command, stdout=subprocess.PIPE, text=True)
            lines = output.stdout.splitlines()
            if not header:
                header = lines[0]
                print(f"{header}  bare img/s  ratio  memory MiB", flush=True)
            after = bare()
            loop = (before + after) / 2
            before = after
            columns = lines[1].split()
            ratio = float(columns[2]) / loop
            memory = metric(address, "process_resident_memory_bytes") / 2**20
            print(f"{lines[1]} {loop:11.1f} {ratio:6.3f} {memory:11.1f}", flush=True)
            if output.returncode != 0:
                fail("answers were wrong or lost", "see the table")
            sent += int(columns[1]) + int(columns[5])
        counted = metric(address, "infer_requests_total")
        print(f"answered and refused: {sent} seen by the clients, {counted:.0f} counted by the service")
        if sent != counted:
            fail("the counts differ", "compare the table with /metrics")


if __name__ == "__main__":
    main()
