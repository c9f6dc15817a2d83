"""Starts a service for a script, and ends it."""

import contextlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INFER = ROOT / "target/release/infer"
DIGITS = ROOT / "crates/infer/tests/fixtures/digits.onnx"


def fail(error, hint):
    """Ends the script with one line and a hint."""
    print(f"error: {error}\nhint: {hint}", file=sys.stderr)
    sys.exit(1)


@contextlib.contextmanager
def infer_serve(infer, model, *arguments):
    """Runs `infer serve` on a free port; gives host:port, and ends it with SIGTERM."""
    if not infer.exists():
        fail(f"{infer} does not exist", "cargo build --release -p infer")
    command = [infer, "serve", "--quiet", "--listen", "127.0.0.1:0", "--model", f"model={model}"]
    process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True)
    try:
        url = process.stdout.readline().strip()
        if not url:
            fail("infer serve did not start", "see its lines above")
        yield url.removeprefix("http://")
    finally:
        process.terminate()
        if process.wait(timeout=60) != 0:
            fail(f"infer serve ended with {process.returncode}", "SIGTERM is to end it with 0")
