#!/usr/bin/env python3
"""Writes the golden files that the tests of `augment` read: what albumentations,
torchvision (on PIL images) and timm make of given images with given parameters,
and statistics of the parameters that they draw.

    pip install albumentations==1.1.0 opencv-python-headless==4.5.5.64 "numpy<2" \\
        pillow==13.0.0 torchvision==0.29.2 timm==1.0.31
    python tools/golden/augmentations.py path/to/cifar-100-binary.tar.gz

albumentations 1.1.0 is of November 2021: the definitions of GridDistortion and
ElasticTransform that the blog post's recipe names.
"""

import argparse
import gzip
import json
import math
import random
import tarfile
from pathlib import Path

import albumentations
import cv2
import numpy as np
import PIL
import scipy
import timm
import torch
import torchvision
from albumentations.augmentations import functional
from albumentations.augmentations.geometric.functional import elastic_transform
from PIL import Image
from timm.data.mixup import FastCollateMixup, cutmix_bbox_and_lam
from timm.data.random_erasing import RandomErasing
from torchvision.transforms import autoaugment
from torchvision.transforms import functional as F
from torchvision.transforms.transforms import (
    ColorJitter,
    RandomAffine,
    RandomResizedCrop,
)

FIXTURES = Path(__file__).resolve().parents[2] / "crates/augment/tests/fixtures"
RECORD = 2 + 3 * 32 * 32  # coarse label, fine label, planar RGB
INTERPOLATIONS = {
    "nearest": F.InterpolationMode.NEAREST,
    "bilinear": F.InterpolationMode.BILINEAR,
}
DRAWS = 20_000


def read_images(archive: Path, count: int) -> np.ndarray:
    """The first `count` test images, [count, 32, 32, 3]."""
    with tarfile.open(archive) as tar:
        member = tar.extractfile("cifar-100-binary/test.bin")
        records = np.frombuffer(member.read(count * RECORD), np.uint8)
    planar = records.reshape(count, RECORD)[:, 2:].reshape(count, 3, 32, 32)
    return planar.transpose(0, 2, 3, 1)


class Fixtures:
    """Cases as JSON, and the bytes of their images one after the other."""

    def __init__(self, sources: dict[str, np.ndarray]):
        self.sources = sources
        self.cases = []
        self.bytes = bytearray()
        for image in sources.values():
            self.bytes += image.tobytes()

    def add(self, source: str, output, transform: str, **parameters):
        output = np.ascontiguousarray(np.asarray(output))
        assert output.dtype == np.uint8 and output.shape[2] == 3
        self.bytes += output.tobytes()
        case = {"transform": transform, **parameters}
        size = list(output.shape[:2])
        self.cases.append({"source": source, "size": size, **case})

    def write(self):
        sources = [
            {"name": name, "size": list(image.shape[:2])}
            for name, image in self.sources.items()
        ]
        write_json("cases.json", {"sources": sources, "cases": self.cases})
        path = FIXTURES / "images.bin.gz"
        path.write_bytes(gzip.compress(bytes(self.bytes), 9, mtime=0))
        print(f"{path.name}: {path.stat().st_size} bytes, {len(self.cases)} cases")


def write_json(name: str, value):
    text = json.dumps(value, indent=1)
    (FIXTURES / name).write_text(text + "\n")


class Noise:
    """Stands in for the RandomState of albumentations: a linear congruential
    generator (Numerical Recipes), which the tests have too."""

    def __init__(self):
        self.state = 1
        self.point_shifts = None

    def uniform(self, low, high, size):
        values = low + (high - low) * self.rand(*size)
        self.point_shifts = values.astype(np.float32)
        return values

    def rand(self, *size):
        values = np.empty(math.prod(size))
        for index in range(values.size):
            self.state = (self.state * 1664525 + 1013904223) % 2**32
            values[index] = (self.state >> 8) / 2**24
        return values.reshape(size)


def albumentations_cases(fixtures: Fixtures):
    sources = fixtures.sources
    for source, image in sources.items():
        fixtures.add(source, functional.hflip(image), "horizontal_flip")
        fixtures.add(source, functional.vflip(image), "vertical_flip")

    for seed, source in enumerate(["photo", "square", "noise"]):
        generator = np.random.RandomState(seed)
        x, y = (list(1 + generator.uniform(-0.3, 0.3, 6)) for _ in range(2))
        output = functional.grid_distortion(sources[source], 5, x, y)
        fixtures.add(source, output, "grid_distortion", x_steps=x, y_steps=y)

    for source, alpha, sigma, alpha_affine in [
        ("photo", 1, 50, 50),
        ("square", 1, 50, 10),
        ("photo", 80, 4, 3),
        ("noise", 30, 2, 0),
    ]:
        noise = Noise()
        output = elastic_transform(
            sources[source], alpha, sigma, alpha_affine, random_state=noise
        )
        fixtures.add(
            source,
            output,
            "elastic_transform",
            alpha=alpha,
            sigma=sigma,
            point_shifts=noise.point_shifts.tolist(),
        )


def torchvision_cases(fixtures: Fixtures):
    images = {name: Image.fromarray(image) for name, image in fixtures.sources.items()}

    for interpolation, flag in [
        ("bicubic", cv2.INTER_CUBIC),
        ("bilinear", cv2.INTER_LINEAR),
    ]:
        for source, crop, size in [
            ("photo", (3, 7, 29, 31), (40, 40)),
            ("square", (0, 0, 32, 32), (48, 48)),
            ("square", (10, 4, 9, 12), (32, 32)),
            ("photo", (0, 0, 40, 48), (32, 30)),
        ]:
            cut = np.asarray(F.crop(images[source], *crop))
            output = cv2.resize(cut, size[::-1], interpolation=flag)
            fixtures.add(
                source,
                output,
                "random_resized_crop",
                crop=crop,
                interpolation=interpolation,
            )

    for interpolation, mode in INTERPOLATIONS.items():
        for source, angle, translate, scale, shear in [
            ("photo", 25.0, [3, -5], 1.2, [8.0, -4.0]),
            ("square", -140.0, [0, 0], 0.7, [0.0, 0.0]),
            ("noise", 0.0, [-2, 1], 1.0, [0.0, 30.0]),
            ("photo", 0.0, [0, 0], 1.5, [0.0, 0.0]),
        ]:
            output = F.affine(
                images[source], angle, translate, scale, shear, mode, fill=[10, 20, 30]
            )
            fixtures.add(
                source,
                output,
                "affine",
                angle=angle,
                translate=translate,
                scale=scale,
                shear=shear,
                interpolation=interpolation,
            )

    for source, adjustments in [
        ("photo", [("brightness", 0.6)]),
        ("photo", [("brightness", 1.7)]),
        ("photo", [("contrast", 0.3)]),
        ("square", [("contrast", 1.9)]),
        ("photo", [("saturation", 0.4)]),
        ("noise", [("saturation", 1.8)]),
        ("photo", [("hue", 0.0)]),
        ("photo", [("hue", 0.13)]),
        ("noise", [("hue", -0.42)]),
        ("colours", [("hue", 0.0)]),
        ("colours", [("hue", 0.5)]),
        (
            "square",
            [("saturation", 1.2), ("hue", 0.05), ("brightness", 0.9), ("contrast", 1.1)],
        ),
    ]:
        output = images[source]
        for name, factor in adjustments:
            output = getattr(F, f"adjust_{name}")(output, factor)
        fixtures.add(source, output, "color_jitter", adjustments=adjustments)

    # Each operation of RandAugment, both ways, and some of TrivialAugment's strength.
    space = autoaugment.RandAugment()._augmentation_space(31, (40, 48))
    wide = autoaugment.TrivialAugmentWide()._augmentation_space(31)
    for interpolation, mode in INTERPOLATIONS.items():
        moves = {"ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate"}
        for source, space_, bins in [("photo", space, (9, 30)), ("noise", wide, (13,))]:
            for name, (magnitudes, signed) in space_.items():
                if interpolation == "bilinear" and name not in moves:
                    continue
                for at in bins if magnitudes.ndim else bins[:1]:
                    value = magnitudes[at].item() if magnitudes.ndim else 0.0
                    for magnitude in sorted({value, -value}) if signed else [value]:
                        output = autoaugment._apply_op(
                            images[source], name, magnitude, mode, [128, 64, 0]
                        )
                        fixtures.add(
                            source,
                            output,
                            "operation",
                            name=name,
                            magnitude=magnitude,
                            interpolation=interpolation,
                        )


def timm_cases(fixtures: Fixtures):
    """Batches of two: the first of them is kept."""
    batch = [fixtures.sources["square"], fixtures.sources["square2"]]
    planar = [(image.transpose(2, 0, 1).copy(), label) for label, image in enumerate(batch)]

    def mixed(mixup: FastCollateMixup) -> np.ndarray:
        output = torch.zeros((2, 3, 32, 32), dtype=torch.uint8)
        mixup._mix_batch_collate(output, planar)
        return output[0].numpy().transpose(1, 2, 0)

    for lam in [0.25, 0.7071]:
        mixup = FastCollateMixup(mixup_alpha=1.0)
        mixup._params_per_batch = lambda lam=lam: (lam, False)
        fixtures.add("square", mixed(mixup), "mixup", other="square2", lam=lam)

    np.random.seed(3)
    for lam in [0.3, 0.8]:
        mixup = FastCollateMixup(mixup_alpha=0.0, cutmix_alpha=1.0)
        mixup._params_per_batch = lambda lam=lam: (lam, True)
        state = np.random.get_state()
        box, share = cutmix_bbox_and_lam((2, 3, 32, 32), lam)
        np.random.set_state(state)
        top, bottom, left, right = (int(side) for side in box)
        fixtures.add(
            "square",
            mixed(mixup),
            "cutmix",
            other="square2",
            rectangle=[top, left, bottom - top, right - left],
            lam=share,
        )

    mean = torch.tensor([0.485, 0.456, 0.406]).reshape(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).reshape(3, 1, 1)
    random.seed(1)
    for source in ["square", "photo"]:
        image = torch.from_numpy(fixtures.sources[source].transpose(2, 0, 1).copy())
        erased = RandomErasing(probability=1.0, device="cpu")((image / 255 - mean) / std)
        rows, columns = np.nonzero((erased == 0).all(0).numpy())
        output = ((erased * std + mean) * 255).round().byte().numpy().transpose(1, 2, 0)
        rectangle = [rows.min(), columns.min(), np.ptp(rows) + 1, np.ptp(columns) + 1]
        fixtures.add(
            source, output, "random_erasing", rectangle=[int(side) for side in rectangle]
        )


def augmentation_spaces():
    """Magnitude of every operation at every strength."""

    def table(space):
        return {
            name: magnitudes.tolist() if magnitudes.ndim else []
            for name, (magnitudes, _) in space.items()
        }

    rand_augment = autoaugment.RandAugment()._augmentation_space(31, (40, 48))
    trivial = autoaugment.TrivialAugmentWide()._augmentation_space(31)
    spaces = {"rand_augment": table(rand_augment), "trivial_augment_wide": table(trivial)}
    write_json("augmentation_spaces.json", spaces)


def erased_rectangle(size) -> list[float] | None:
    """The rectangle that timm's RandomErasing draws for an image of ones."""
    image = torch.ones((1, *size))
    RandomErasing(probability=1.0, device="cpu")._erase(image, 1, *size, torch.float32)
    rows, columns = np.nonzero(image[0].numpy() == 0)
    if not rows.size:
        return None
    return [rows.min(), columns.min(), np.ptp(rows) + 1, np.ptp(columns) + 1]


def statistics():
    """Mean and standard deviation of what the libraries draw."""
    torch.manual_seed(0)
    np.random.seed(0)
    random.seed(0)
    found = {}

    def add(name: str, keys: list[str], draws: list):
        values = np.array(draws, float)
        found[name] = {
            key: {"mean": mean, "std": std, "draws": len(draws)}
            for key, mean, std in zip(keys, values.mean(0), values.std(0))
        }

    rectangle = ["top", "left", "height", "width"]
    for size in [(32, 32), (40, 48), (224, 224)]:
        image = torch.empty((3, *size))
        crop = RandomResizedCrop(224)
        draws = [crop.get_params(image, crop.scale, crop.ratio) for _ in range(DRAWS)]
        add(f"random_resized_crop {size[0]}x{size[1]}", rectangle, draws)
    for size in [(32, 32), (40, 48)]:
        draws = [erased_rectangle(size) for _ in range(DRAWS)]
        draws = [draw for draw in draws if draw]
        add(f"random_erasing {size[0]}x{size[1]}", rectangle, draws)
        boxes = []
        for _ in range(DRAWS):
            lam = np.random.beta(0.7, 0.7)
            (top, bottom, left, right), lam = cutmix_bbox_and_lam((1, 3, *size), lam)
            boxes.append([top, left, bottom - top, right - left, lam])
        add(f"cutmix {size[0]}x{size[1]}", [*rectangle, "lambda"], boxes)
    draws = [
        (angle, *translate, scale, *shear)
        for angle, translate, scale, shear in (
            RandomAffine.get_params(
                [-30, 30], (0.1, 0.2), (0.5, 2.0), [-10, 10, -5, 5], [48, 40]
            )
            for _ in range(DRAWS)
        )
    ]
    keys = ["angle", "translate_x", "translate_y", "scale", "shear_x", "shear_y"]
    add("affine 40x48", keys, draws)
    jitter = ColorJitter(0.4, 2.0, 0.2, 0.1)
    ranges = (jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue)
    draws = [
        (*factors, (order == 3).nonzero().item())
        for order, *factors in (ColorJitter.get_params(*ranges) for _ in range(DRAWS))
    ]
    keys = ["brightness", "contrast", "saturation", "hue", "place_of_hue"]
    add("color_jitter", keys, draws)
    write_json("statistics.json", found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path, help="CIFAR-100's binary archive")
    images = read_images(parser.parse_args().archive, 6)
    montage = np.vstack([np.hstack(images[:2]), np.hstack(images[2:4])])
    fixtures = Fixtures(
        {
            "photo": np.ascontiguousarray(montage[12:52, 8:56]),
            "square": images[4],
            "square2": images[5],
            "noise": np.random.RandomState(0).randint(0, 256, (17, 23, 3), np.uint8),
            # Nine levels of each channel in all combinations.
            "colours": np.array(
                [[r, g, b] for r in LEVELS for g in LEVELS for b in LEVELS], np.uint8
            ).reshape(27, 27, 3),
        }
    )
    FIXTURES.mkdir(parents=True, exist_ok=True)
    albumentations_cases(fixtures)
    torchvision_cases(fixtures)
    timm_cases(fixtures)
    fixtures.write()
    augmentation_spaces()
    statistics()
    for library in [albumentations, cv2, np, PIL, scipy, timm, torchvision]:
        print(library.__name__, library.__version__)


LEVELS = [0, 1, 40, 77, 128, 150, 201, 254, 255]

if __name__ == "__main__":
    main()
