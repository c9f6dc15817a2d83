"""`infer serve` and FastAPI with onnxruntime in turn, on the same model and files.

    cargo build --release -p infer && cargo build --release -p infer --example serve_load
    python3 tools/serve/compare_fastapi.py MODEL DATASET [--seconds S] [--rounds N] [--connections N,N,...]

PNG files of the model's input size go to `POST /classify`; the best class of
each answer is compared with the library's. FastAPI (on uvicorn with uvloop and
httptools, onnxruntime of the same version) runs in three settings: as one first
writes it, with a session of one thread a core as `infer` has them, and with a
process a core. Each service is under load before the measurement begins. Prints
answers a second, median of the rounds. The Python packages come into the ignored
folder .venv-serve (`tools/python_env.sh serve`).
"""

import argparse
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

from quiet import wait_for_quiet
from service import INFER, ROOT, fail, infer_serve, serve_load

CORES = len(os.sched_getaffinity(0))
HERE = Path(__file__).resolve().parent
PACKAGES = ROOT / ".venv-serve/packages"
# Of the load before the measurement.
WARM_UP = str(4 * CORES)


@contextlib.contextmanager
def fastapi(model, sessions, threads, workers):
    """Runs the FastAPI service; gives host:port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "MODEL": str(model),
        "SESSIONS": str(sessions),
        "THREADS": str(threads),
        "PYTHONPATH": str(PACKAGES),
    }
    command = [sys.executable, "-m", "uvicorn", "--app-dir", HERE, "fastapi_service:app"]
    command += ["--port", str(port), "--workers", str(workers), "--no-access-log"]
    command += ["--log-level", "warning"]
    process = subprocess.Popen(command, env=environment)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.1)
        else:
            fail("the FastAPI service did not start", "see its lines above")
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=60)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("dataset")
    parser.add_argument("--seconds", default="5")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", default="1,8,64")
    parser.add_argument("--infer", type=Path, default=INFER)
    args = parser.parse_args()
    tool = serve_load(args.infer)
    subprocess.run([ROOT / "tools/python_env.sh", "serve"], check=True)

    connections = args.connections.split(",")
    services = {
        "infer serve": lambda: infer_serve(args.infer, args.model, "--device", "cpu"),
        "FastAPI, 1 session": lambda: fastapi(args.model, 1, 0, 1),
        f"FastAPI, {CORES} sessions of 1 thread": lambda: fastapi(args.model, CORES, 1, 1),
        f"FastAPI, {CORES} processes": lambda: fastapi(args.model, 1, 1, CORES),
    }
    speeds = {(name, count): [] for name in services for count in connections}
    for _ in range(args.rounds):
        for name, start in services.items():
            with start() as address:
                wait_for_quiet()
                command = [tool, "file", address, args.model, args.dataset, args.seconds, WARM_UP, *connections]
                output = subprocess.run(command, stdout=subprocess.PIPE, text=True)
            if output.returncode != 0:
                fail(f"{name}: answers were wrong or lost", output.stdout.replace("\n", " | "))
            for count, line in zip(connections, output.stdout.splitlines()[2:]):
                speeds[name, count].append(float(line.split()[2]))

    print("answers/s" + " " * 27 + "".join(f"{count + ' connections':>16}" for count in connections))
    for name in services:
        medians = [statistics.median(speeds[name, count]) for count in connections]
        print(f"{name:36}" + "".join(f"{speed:16.1f}" for speed in medians))
    rivals = list(services)[1:]
    ratios = [
        statistics.median(speeds["infer serve", count])
        / max(statistics.median(speeds[name, count]) for name in rivals)
        for count in connections
    ]
    print(f"{'infer serve / best FastAPI':36}" + "".join(f"{ratio:16.2f}" for ratio in ratios))


if __name__ == "__main__":
    main()
