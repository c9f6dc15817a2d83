#!/usr/bin/env python3
"""Writes the golden files of cv2.INTER_CUBIC that the tests of `contract` read.

Each file is gzip of the source picture's bytes followed by the bytes that
OpenCV resizes it to, both height x width x RGB. The pictures are test images of
CIFAR-100 (or cuts and montages of them), taken by their index in test.bin of
the given archive and stored in the file, so the tests do not need the archive.

    pip install opencv-python-headless==5.0.0.93
    python tools/golden/opencv_bicubic.py path/to/cifar-100-binary.tar.gz
"""

import argparse
import gzip
import tarfile
from pathlib import Path

import cv2
import numpy as np

FIXTURES = Path(__file__).resolve().parents[2] / "crates/contract/tests/fixtures"
RECORD = 2 + 3 * 32 * 32  # coarse label, fine label, planar RGB


def read_images(archive: Path, count: int) -> np.ndarray:
    """The first `count` test images, [count, 32, 32, 3]."""
    with tarfile.open(archive) as tar:
        member = tar.extractfile("cifar-100-binary/test.bin")
        records = np.frombuffer(member.read(count * RECORD), np.uint8)
    planar = records.reshape(count, RECORD)[:, 2:].reshape(count, 3, 32, 32)
    return planar.transpose(0, 2, 3, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path, help="CIFAR-100's binary archive")
    images = read_images(parser.parse_args().archive, 6)
    montage = np.vstack([np.hstack(images[:3]), np.hstack(images[3:])])

    cases = [
        # file name, source, target height and width
        ("first", images[0], 224, 224),
        ("second", images[1], 224, 224),
        ("cut", images[2][12:20, 12:20], 64, 64),
        ("odd", images[3][8:21, 10:17], 29, 31),
        ("smaller", montage[:50, :40], 24, 24),
        ("mixed", montage[:20, :90], 37, 41),  # taller and narrower
    ]
    FIXTURES.mkdir(parents=True, exist_ok=True)
    for name, source, height, width in cases:
        source = np.ascontiguousarray(source)
        resized = cv2.resize(source, (width, height), interpolation=cv2.INTER_CUBIC)
        size = f"{source.shape[0]}x{source.shape[1]}-{height}x{width}"
        path = FIXTURES / f"{name}-{size}.gz"
        path.write_bytes(
            gzip.compress(source.tobytes() + resized.tobytes(), 9, mtime=0)
        )
        print(f"{path.name}: {path.stat().st_size} bytes")
    print(f"OpenCV {cv2.__version__}, NumPy {np.__version__}")


if __name__ == "__main__":
    main()
