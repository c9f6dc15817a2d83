#!/usr/bin/env python3
"""Writes the golden files of Pillow's Image.resize that the tests of `contract` read:
what Pillow makes of pictures that the tests compute too, by the formulas below.

    pip install pillow==13.0.0 numpy==2.4.6
    python tools/golden/pillow_resize.py

torchvision's transforms on PIL images call the same function.
"""

import gzip
import json
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

FIXTURES = Path(__file__).resolve().parents[2] / "crates/contract/tests/fixtures"
FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


def picture(kind: str, height: int, width: int) -> np.ndarray:
    """[height, width, 3]: noise, black and white noise, or noisy waves."""
    y, x, channel = np.ogrid[:height, :width, :3]
    # Sums and products modulo 2^32.
    y, x, channel = (axis.astype(np.uint32) for axis in (y, x, channel))
    mixed = (
        y * np.uint32(0x9E3779B1)
        + x * np.uint32(0x85EBCA77)
        + channel * np.uint32(0xC2B2AE3D)
    )
    mixed ^= mixed >> np.uint32(15)
    mixed *= np.uint32(0x2C1B3C6D)
    noise = mixed >> np.uint32(24)
    if kind == "noise":
        pixels = noise
    elif kind == "edges":
        pixels = np.where(noise < 128, 0, 255)
    else:
        place = (3 * x + 5 * y + 97 * channel) % 510
        wave = np.where(place < 255, place, 510 - place)
        pixels = (3 * wave + noise) // 4
    return pixels.astype(np.uint8)


def resizes():
    """Picture, size, part (top, left, height, width), target, filter."""
    for name in FILTERS:
        yield "noise", (61, 47), (0, 0, 61, 47), (97, 75), name
        yield "edges", (33, 50), (0, 0, 33, 50), (64, 64), name
        yield "edges", (150, 90), (0, 0, 150, 90), (48, 48), name
        yield "noise", (300, 400), (0, 0, 300, 400), (47, 65), name
        yield "waves", (3000, 4000), (0, 0, 3000, 4000), (42, 56), name
        # A crop, then a resize: random_resized_crop.
        yield "noise", (120, 160), (11, 7, 90, 131), (40, 40), name
        yield "edges", (120, 160), (101, 140, 19, 20), (40, 40), name
        yield "waves", (1200, 1600), (3, 500, 1197, 903), (40, 40), name
    for size, to in [
        ((7, 13), (31, 29)),
        ((20, 90), (37, 41)),
        ((90, 20), (41, 37)),
        ((1, 1), (9, 7)),
        ((2, 2), (65, 3)),
        ((1, 30), (8, 5)),
        ((30, 1), (5, 8)),
        ((40, 50), (40, 20)),
        ((40, 50), (20, 50)),
        ((37, 23), (1, 1)),
        ((8, 1000), (6, 750)),
        ((1000, 8), (1250, 10)),
    ]:
        yield "noise", size, (0, 0, *size), to, "bicubic"


def centre_crops():
    """Picture, size, shorter side, input size."""
    yield "noise", (90, 161), 48, (48, 48)
    yield "edges", (90, 161), 64, (56, 57)
    yield "edges", (33, 20), 64, (56, 56)
    # Tall: Pillow 13 resizes along the height first.
    yield "edges", (400, 90), 48, (48, 48)
    yield "noise", (20, 1000), 32, (31, 24)
    yield "noise", (1000, 20), 32, (24, 31)
    yield "noise", (1, 300), 16, (16, 16)
    yield "noise", (300, 1), 16, (16, 16)
    yield "waves", (4000, 3000), 56, (48, 48)
    yield "waves", (200, 9000), 56, (56, 56)


def resize_and_crop(image: Image.Image, shorter_side: int, size) -> Image.Image:
    """As `Fit::CenterCrop`: the longer side is rounded, of an odd margin the larger
    half is at the bottom and at the right."""
    shorter = min(image.size)
    width, height = (
        (side * shorter_side + shorter // 2) // shorter for side in image.size
    )
    top, left = (height - size[0]) // 2, (width - size[1]) // 2
    resized = image.resize((width, height), FILTERS["bicubic"])
    return resized.crop((left, top, left + size[1], top + size[0]))


def main() -> None:
    cases, expected = [], bytearray()

    def add(kind, size, output: Image.Image, **parameters):
        expected.extend(output.tobytes())
        to = [output.height, output.width]
        cases.append({"picture": kind, "size": size, "to": to, **parameters})

    for kind, size, part, to, name in resizes():
        image = Image.fromarray(picture(kind, *size))
        top, left, height, width = part
        cut = image.crop((left, top, left + width, top + height))
        output = cut.resize(to[::-1], FILTERS[name])
        add(kind, size, output, part=part, filter=name)
    for kind, size, shorter_side, to in centre_crops():
        image = Image.fromarray(picture(kind, *size))
        output = resize_and_crop(image, shorter_side, to)
        add(kind, size, output, shorter_side=shorter_side)

    lines = ",\n".join(json.dumps(case) for case in cases)
    (FIXTURES / "pillow.json").write_text(f"[\n{lines}\n]\n")
    path = FIXTURES / "pillow.bin.gz"
    path.write_bytes(gzip.compress(bytes(expected), 9, mtime=0))
    print(f"{path.name}: {path.stat().st_size} bytes, {len(cases)} cases")
    print(f"Pillow {PIL.__version__}, NumPy {np.__version__}")


if __name__ == "__main__":
    main()
