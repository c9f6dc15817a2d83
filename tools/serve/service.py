"""Starts a service for a script, asks for its metrics, and ends it."""

import contextlib
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INFER = ROOT / "target/release/infer"
DIGITS = ROOT / "crates/infer/tests/fixtures/digits.onnx"


# As in packaging/infer.service: glibc gives a replaced model's memory back.
ENVIRONMENT = os.environ | {"MALLOC_TRIM_THRESHOLD_": "1048576"}


def fail(error, hint):
    """Ends the script with one line and a hint."""
    print(f"error: {error}\nhint: {hint}", file=sys.stderr)
    sys.exit(1)


def start(infer, model, *arguments):
    """Starts `infer serve` on a free port; gives the process and its host:port."""
    if not infer.exists():
        fail(f"{infer} does not exist", "cargo build --release -p infer")
    command = [infer, "serve", "--quiet", "--listen", "127.0.0.1:0", "--model", f"model={model}"]
    process = subprocess.Popen(
        [*command, *arguments], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    )
    url = process.stdout.readline().strip()
    if not url:
        process.wait(timeout=60)
        fail("infer serve did not start", "see its lines above")
    return process, url.removeprefix("http://")


@contextlib.contextmanager
def infer_serve(infer, model, *arguments):
    """Runs `infer serve` on a free port; gives host:port, and ends it with SIGTERM."""
    process, address = start(infer, model, *arguments)
    try:
        yield address
    finally:
        process.terminate()
        if process.wait(timeout=60) != 0:
            fail(f"infer serve ended with {process.returncode}", "SIGTERM is to end it with 0")


def metrics(address):
    """All series of /metrics: `name{labels}` to value."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=30) as response:
        lines = response.read().decode().splitlines()
    series = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {key: float(value) for key, value in series}


def total(series, name, *labels):
    """The sum of a metric's series that have these labels, as `key="value"`."""
    return sum(
        value
        for key, value in series.items()
        if key.split("{")[0] == name and all(label in key for label in labels)
    )


def serve_load(infer):
    """The program that makes load (an example of the crate `infer`)."""
    tool = infer.parent / "examples/serve_load"
    if not tool.exists():
        fail(f"{tool} does not exist", "cargo build --release -p infer --example serve_load")
    return tool
