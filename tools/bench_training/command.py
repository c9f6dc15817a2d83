"""Runs a program and says what went wrong; finds a Python that has PyTorch."""

import os
import subprocess
import sys
from pathlib import Path

from failure import Failure

ROOT = Path(__file__).resolve().parents[2]


def pytorch(python: Path | None) -> tuple[str, dict[str, str]]:
    """An interpreter that has PyTorch, and its environment variables."""
    if python:
        return str(python.absolute()), {}
    run_command([ROOT / "tools/python_env.sh", "torch"])
    return sys.executable, {"PYTHONPATH": str(ROOT / ".venv-torch/packages")}


def run_command(
    command: list, environment: dict[str, str] | None = None, log: Path | None = None
) -> str:
    """Standard output; standard error goes to the log, else to the user."""
    words = [str(word) for word in command]
    program = Path(words[0]).name
    said = f"what it said is {f'in {log}' if log else 'above'}"
    stderr = log.open("w") if log else None
    try:
        finished = subprocess.run(
            words,
            cwd=ROOT,
            env=os.environ | (environment or {}),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            check=False,
        )
    except OSError as error:
        raise Failure(
            f"cannot run '{words[0]}': {error.strerror}",
            f"check that '{program}' is installed and can be run",
        ) from None
    finally:
        if stderr:
            stderr.close()
    if finished.returncode:
        raise Failure(
            f"'{program}' ended with status {finished.returncode}",
            f"{said}; it was run as: {' '.join(words)}",
        )
    return finished.stdout
