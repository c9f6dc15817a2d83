"""Photos of 12 megapixels with and without antialiasing: accuracy and speed.

    python3 tools/bench_resize.py HYMENOPTERA --work FOLDER

HYMENOPTERA is PyTorch's folder `hymenoptera_data` (train/ and val/, ants and bees). Makes
its pictures 4000 pixels wide: enlarged, which adds no detail, with noise of a sensor on top,
which a kernel without antialiasing takes for detail; saved as JPEG of quality 90. For each
of three seeds 25 of a class are drawn from train/, 20 to train and 5 to validate, and val/
tests. `trainer fit --dataset` then trains with Pillow's antialiased bicubic (the default) and
with cv2's cubic, and nothing else said; `infer predict` classifies the test pictures with
both models in turn. Needs tools/python_env.sh serve (Pillow, NumPy), and trainer and infer
as they were built. Prints Markdown. The pictures stay in FOLDER (0.8 GB).
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / ".venv-serve/packages"))
# The data sets of the other benchmarks, and their one kind of error.
sys.path += [str(ROOT / "tools" / name) for name in ("bench_photos", "bench_training")]

import numpy
import photo_sets
from PIL import Image

SEEDS = [0, 1, 2]
WIDTH = 4000
NOISE = 12.0  # standard deviation in levels, as of a phone indoors
KERNELS = {"Pillow's, antialiased": "pillow_bicubic", "cv2's": "opencv_cubic"}
ROUNDS = 3
PER_CLASS = 25


def enlarge(source, to):
    """Makes one picture; the noise is decided by its name."""
    if to.exists():
        return
    with Image.open(source) as picture:
        picture = picture.convert("RGB")
    height = round(picture.height * WIDTH / picture.width)
    pixels = numpy.asarray(picture.resize((WIDTH, height), Image.Resampling.BICUBIC), numpy.float32)
    generator = numpy.random.default_rng(list(source.name.encode()))
    pixels = pixels + NOISE * generator.standard_normal(pixels.shape, numpy.float32)
    to.parent.mkdir(parents=True, exist_ok=True)
    half = to.with_suffix(".part")
    Image.fromarray(pixels.round().clip(0, 255).astype(numpy.uint8)).save(half, "JPEG", quality=90)
    half.rename(to)


def dataset(source, large, folder, seed):
    """Makes the data set of one seed, of large pictures."""
    photos = photo_sets.read("hymenoptera", source)
    splits = photos.cut(photo_sets.Row("hymenoptera", PER_CLASS), seed)
    for part, classes in splits.items():
        for name, pictures in classes.items():
            places = [large / name / f"{picture.stem}.jpg" for picture in pictures]
            for picture, place in zip(pictures, places):
                enlarge(picture, place)
            splits[part][name] = places
    return photo_sets.write(splits, folder)


def run(*command):
    subprocess.run([str(word) for word in command], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("hymenoptera", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    arguments = parser.parse_args()
    work = arguments.work.absolute()
    top1 = {kernel: [] for kernel in KERNELS}
    for seed in SEEDS:
        folder = dataset(arguments.hymenoptera, work / "large", work / "sets" / str(seed), seed)
        for kernel, value in KERNELS.items():
            out = work / "runs" / f"{value}-{seed}"
            shutil.rmtree(out, ignore_errors=True)
            program = ROOT / "target/release/trainer"
            run(program, "fit", "--quiet", "--dataset", folder, "--seed", seed, "--out", out, "--resize", value)
            top1[kernel].append(100 * json.loads((out / "test.json").read_text())["top1"])

    speed = {kernel: [] for kernel in KERNELS}
    test = work / "sets/0/test"
    images = sum(1 for _ in test.glob("*/*"))
    for _ in range(ROUNDS):
        for kernel, value in KERNELS.items():
            model = work / "runs" / f"{value}-0" / "model.onnx"
            begin = time.perf_counter()
            run(ROOT / "target/release/infer", "predict", "--quiet", "--model", model, test)
            speed[kernel].append(images / (time.perf_counter() - begin))

    print("| kernel | test top-1, mean (each seed) | `infer predict`, images/s, median |\n|---|---|---|")
    for kernel in KERNELS:
        each = ", ".join(f"{value:.1f}" for value in top1[kernel])
        print(f"| {kernel} | {statistics.mean(top1[kernel]):.1f} % ({each}) | {statistics.median(speed[kernel]):.1f} |")


main()
