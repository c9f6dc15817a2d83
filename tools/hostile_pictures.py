#!/usr/bin/env python3
"""Memory that `infer predict` takes for picture files made to take much of it.

    cargo build --release -p infer
    python3 tools/hostile_pictures.py [--model FILE] [--infer FILE]

Makes the files in a temporary folder and classifies each in a process of its own.
Prints the peak of its memory and what it said. Ends with 1 if one took more than the
documented bound for a picture (1 GiB) on top of the program's own memory, or if the
program ended otherwise than with an answer (0) or a refusal (3).
"""

import argparse
import os
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BOUND_MIB = 1024
# The program, ONNX Runtime and the model.
PROGRAM_MIB = 100


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=ROOT / "crates/infer/tests/fixtures/digits.onnx")
    parser.add_argument("--infer", type=Path, default=ROOT / "target/release/infer")
    args = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for name, contents, length in files():
            path = Path(folder) / name
            with path.open("wb") as file:
                file.write(contents)
                if length:
                    # Zeros that take no place on the disk.
                    file.truncate(length)
            peak, code, said = classify(args.infer, args.model, path)
            ok = code in (0, 3) and peak <= BOUND_MIB + PROGRAM_MIB
            failed |= not ok
            print(f"{'ok' if ok else 'FAILED':6} {name:24} {peak:5} MiB, exit code {code}: {said}", flush=True)
            path.unlink()
    sys.exit(1 if failed else 0)


def classify(infer, model, picture):
    """Peak in MiB, exit code and the first line that says something of the picture."""
    command = [infer, "predict", "--device", "cpu", "--sessions", "1", "--model", model, picture.name]
    process = subprocess.Popen(
        command, cwd=picture.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines = process.stdout.read().splitlines()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    said = [line for line in lines if picture.name in line or "panicked" in line]
    return usage.ru_maxrss // 1024, process.returncode, (said or lines or [""])[0]


def files():
    """Name, contents and, where it is longer, the length of each file."""
    yield "empty.ppm", b"P6 0 1 255\n", None
    yield "empty.gif", gif((4, 0), (1, 1)), None
    yield "canvas.gif", gif((16_000, 16_000), (1, 1)), None
    yield "frame.gif", gif((1, 1), (60_000, 60_000)), None
    yield "profile.png", png((1, 1), 8, 2, png_chunk(b"iCCP", b"b\0\0" + zeros(950 << 20))), None
    yield "rgb.png", png((8000, 8000), 8, 2), None
    yield "rgba16.png", png((8000, 8000), 16, 6), None
    yield "rgba16-100mp.png", png((10_000, 10_000), 16, 6), None
    yield "baseline.jpg", jpeg(0xC0, (8000, 8000)), None
    yield "progressive.jpg", jpeg(0xC2, (8000, 8000)), None
    yield "progressive-160mp.jpg", jpeg(0xC2, (16_000, 10_000)), None
    for side in (5000, 5700):
        yield f"rgba16-{side}.tiff", tiff(side), len(tiff(side)) + side * side * 8
    yield "sparse.jpg", b"", 4 << 30


def zeros(length):
    """Compressed zeros."""
    compress = zlib.compressobj(9)
    parts = [compress.compress(bytes(min(1 << 20, length - at))) for at in range(0, length, 1 << 20)]
    return b"".join(parts) + compress.flush()


def png_chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(size, bits, colours, more=b""):
    width, height = size
    row = 1 + width * {2: 3, 6: 4}[colours] * bits // 8
    header = struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + more
        + png_chunk(b"IDAT", zeros(row * height)) + png_chunk(b"IEND", b"")
    )


def gif(canvas, frame):
    return (
        b"GIF89a" + struct.pack("<HH", *canvas) + b"\x80\0\0" + bytes(6)
        + b"\x2c" + struct.pack("<HHHH", 0, 0, *frame) + b"\0" + b"\x02\x02\x4c\x01\0\x3b"
    )


def jpeg(start_of_frame, size):
    """A header of three components and a scan of zeros, which end early."""
    width, height = size
    quantisation = b"\xff\xdb\0\x43\0" + b"\1" * 64
    codes = [b"\xff\xc4" + struct.pack(">H", 20) + bytes([kind]) + b"\1" + bytes(16) for kind in (0, 0x10)]
    components = b"".join(bytes([number, 0x11, 0]) for number in (1, 2, 3))
    frame = b"\xff" + bytes([start_of_frame]) + struct.pack(">HBHHB", 17, 8, height, width, 3) + components
    last = b"\0" if start_of_frame == 0xC2 else b"\x3f"
    scan = b"\xff\xda\0\x0c\x03\x01\0\x02\0\x03\0\0" + last + b"\0" + bytes(100)
    return b"\xff\xd8" + quantisation + frame + b"".join(codes) + scan + b"\xff\xd9"


def tiff(side):
    """Four channels of 16 bits, in one strip that follows."""
    behind = 8 + 2 + 10 * 12 + 4
    entries = [
        (256, 3, 1, side), (257, 3, 1, side), (258, 3, 4, behind), (259, 3, 1, 1), (262, 3, 1, 2),
        (273, 4, 1, behind + 8), (277, 3, 1, 4), (278, 3, 1, side), (279, 4, 1, side * side * 8), (338, 3, 1, 2),
    ]
    directory = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II\x2a\0\x08\0\0\0" + struct.pack("<H", len(entries)) + directory + bytes(4) + b"\x10\0" * 4


if __name__ == "__main__":
    main()
