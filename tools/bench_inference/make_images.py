"""Makes JPEG files, with cv2: smooth noise, about as hard to decode as photos.

    make_images.py FOLDER --contract CONTRACT.json --images N --side PIXELS

They lie in FOLDER/test/CLASS; FOLDER/train has one for each class, since a data
set needs them.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

QUALITY = 90


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--contract", type=Path, required=True)
    parser.add_argument("--images", type=int, required=True)
    parser.add_argument("--side", type=int, required=True)
    arguments = parser.parse_args()
    classes = json.loads(arguments.contract.read_text())["classes"]
    random = np.random.default_rng(1)

    def write(path):
        coarse = random.integers(0, 256, (8, 8, 3), np.uint8)
        size = (arguments.side, arguments.side)
        image = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC).astype(np.int16)
        image += random.integers(-16, 17, image.shape, np.int16)
        image = image.clip(0, 255).astype(np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])

    for name in classes:
        write(arguments.folder / "train" / name / "0.jpg")
    for i in range(max(arguments.images, len(classes))):
        write(arguments.folder / "test" / classes[i % len(classes)] / f"{i}.jpg")


if __name__ == "__main__":
    main()
