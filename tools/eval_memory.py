"""Peak memory of `infer eval` over data sets of different sizes.

    cargo build --release -p infer
    python3 tools/eval_memory.py MODEL [--images 1000 60000] [--infer PROGRAM]

Makes a folder of pictures for each number of images, in the model's classes and
at its input size: a few files, linked as often as needed, so that 60 000 pictures
take no room. A tenth of them is the validation split, which a temperature is
fitted on. All are evaluated with --predictions, since that file has a line for each
image. Prints peak resident memory and its growth.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Different pictures in a class; more are links to them.
PICTURES = 4
# Growth from the fewest to the most images, as a share, that counts as flat.
FLAT = 0.10


def fail(line, hint):
    print(f"error: {line}\nhint: {hint}", file=sys.stderr)
    sys.exit(1)


def contract(program, model):
    """The model's contract, as `infer inspect` prints it."""
    try:
        output = subprocess.run([program, "inspect", "--json", model], stdout=subprocess.PIPE)
    except OSError as error:
        fail(f"cannot run {program}: {error.strerror}", "cargo build --release -p infer")
    if output.returncode != 0:
        sys.exit(1)
    return json.loads(output.stdout)["contract"]


def write_picture(path, height, width, seed):
    """A binary PPM file of a fixed pattern."""
    pixels = bytes((i * 31 + i // 97 * seed) % 251 for i in range(height * width * 3))
    path.write_bytes(b"P6 %d %d 255\n" % (width, height) + pixels)


def fill(folder, contract, images):
    """A folder with `train`, `val` and `test`; `images` of them in `test`."""
    height, width = contract["input"]["height"], contract["input"]["width"]
    classes = contract["classes"]
    for split, count in [("train", len(classes)), ("val", images // 10), ("test", images)]:
        for number, name in enumerate(classes):
            place = folder / split / name
            place.mkdir(parents=True)
            share = max(1, count * (number + 1) // len(classes) - count * number // len(classes))
            for i in range(share):
                path = place / f"{i}.ppm"
                if i < PICTURES:
                    write_picture(path, height, width, number * PICTURES + i)
                else:
                    os.link(place / f"{i % PICTURES}.ppm", path)


def peak_mebibytes(program, model, folder):
    """Evaluates the folder in a process of its own."""
    command = [program, "eval", "--quiet", "--json", "--device", "cpu", "--model", model]
    command += ["--dataset", folder, "--predictions", folder / "predictions.csv"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        fail(f"infer eval ended with {process.returncode}: {errors.strip()}", "see its message")
    return usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--images", type=int, nargs="+", default=[1000, 60_000])
    parser.add_argument("--infer", type=Path, default=ROOT / "target/release/infer")
    arguments = parser.parse_args()

    described = contract(arguments.infer, arguments.model)
    peaks = []
    for images in sorted(arguments.images):
        with tempfile.TemporaryDirectory() as folder:
            fill(Path(folder), described, images)
            peak = peak_mebibytes(arguments.infer, arguments.model, Path(folder))
        peaks.append(peak)
        print(f"{images:>8} images: {peak:8.1f} MiB", flush=True)
    growth = peaks[-1] / peaks[0] - 1
    verdict = "flat" if growth <= FLAT else f"not flat: more than {FLAT:.0%}"
    print(f"growth: {peaks[-1] - peaks[0]:.1f} MiB, {growth:.1%} ({verdict})")
    return 0 if growth <= FLAT else 1


if __name__ == "__main__":
    sys.exit(main())
