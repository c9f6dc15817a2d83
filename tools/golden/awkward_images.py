"""Awkward image files for `infer predict`, made by Pillow and by hand.

    python3 -m venv venv && venv/bin/pip install pillow==13.0.0 numpy==2.4.6
    venv/bin/python tools/golden/awkward_images.py

Writes crates/infer/tests/fixtures/awkward/: the files and expected.json. The
same versions write the same files.

Every picture that can be read shows one scene (`scene`), so that a wrong
orientation, swapped channels or an inverted colour model shows. expected.json
has for each file the mean RGB of each cell of a 4 x 4 grid over the upright
picture (of lossy files as Pillow reads them), or words of the reason for its
refusal.
"""

import io
import json
import pathlib
import struct
import zlib

import numpy as np
import PIL
from PIL import Image, ImageOps

OUT = pathlib.Path(__file__).parents[2] / "crates/infer/tests/fixtures/awkward"
GRID = 4
SIZE = (48, 32)
# The tag's value for each orientation, and what turns an upright picture into
# the stored one (the inverse of what a viewer does).
ORIENTATION_TAG = 0x0112
STORED = {
    3: Image.Transpose.ROTATE_180,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    8: Image.Transpose.ROTATE_270,
}


def scene():
    """A picture without symmetry: gradients and a bright corner, top left."""
    x, y = np.meshgrid(np.linspace(0, 1, SIZE[0]), np.linspace(0, 1, SIZE[1]))
    pixels = np.stack([40 + 180 * x, 30 + 160 * y, 60 + 100 * (1 - x) * y], axis=2)
    pixels[: SIZE[1] // 4, : SIZE[0] // 4] = [250, 230, 40]
    return Image.fromarray(pixels.round().astype(np.uint8))


def cells(image):
    """Mean RGB of each cell of the grid, row by row."""
    pixels = np.asarray(image.convert("RGB"), dtype=np.float64)
    height, width = pixels.shape[:2]
    rows = [slice(height * i // GRID, max(height * (i + 1) // GRID, height * i // GRID + 1)) for i in range(GRID)]
    columns = [slice(width * i // GRID, max(width * (i + 1) // GRID, width * i // GRID + 1)) for i in range(GRID)]
    return [[round(v, 2) for v in pixels[r, c].mean(axis=(0, 1))] for r in rows for c in columns]


def encoded(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def chunk(kind, data):
    """A PNG chunk."""
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png(width, height, depth, colour, data, before=b""):
    """A PNG file of raw scan lines, compressed; the sizes need not be true."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b"")


def sixteen_bit(pixels, colour):
    """A 16-bit PNG whose values are the bytes times 257."""
    values = pixels.astype(np.uint16) * 257
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return png(pixels.shape[1], pixels.shape[0], 16, colour, rows)


def exif(orientation):
    data = Image.Exif()
    data[ORIENTATION_TAG] = orientation
    return data


def readable(image):
    """name -> (bytes, the upright picture, None for what Pillow reads back)"""
    rgb = np.asarray(image)
    grey = image.convert("L")
    alpha = image.copy()
    ramp = np.tile(np.linspace(0, 255, SIZE[0]).astype(np.uint8), (SIZE[1], 1))
    alpha.putalpha(Image.fromarray(ramp))
    other = Image.new("RGB", SIZE, (5, 5, 5))
    jpeg = encoded(image, "JPEG", quality=92)
    palette = image.quantize(64)
    files = {
        "plain.png": (encoded(image, "PNG"), image),
        "plain.jpg": (jpeg, None),
        "PROGRESSIVE.JPG": (encoded(image, "JPEG", quality=92, progressive=True), None),
        "grey.jpg": (encoded(grey, "JPEG", quality=92), None),
        "grey-16-bit.png": (sixteen_bit(np.asarray(grey), 0), grey),
        "rgb-16-bit.png": (sixteen_bit(rgb, 2), image),
        "alpha.png": (encoded(alpha, "PNG"), image),
        "grey-alpha.png": (encoded(Image.merge("LA", [grey, alpha.getchannel("A")]), "PNG"), grey),
        "palette-transparent.png": (encoded(palette, "PNG", transparency=0), palette),
        "one-bit.png": (encoded(grey.point(lambda v: 255 * (v > 100), "1"), "PNG"), grey.point(lambda v: 255 * (v > 100), "1")),
        "cmyk.jpg": (encoded(image.convert("CMYK"), "JPEG", quality=92), None),
        "lossy.webp": (encoded(image, "WEBP", quality=92), None),
        "lossless-alpha.webp": (encoded(alpha, "WEBP", lossless=True, exact=True), image),
        "animated.gif": (encoded(palette, "GIF", save_all=True, append_images=[other], duration=50), palette),
        "animated.webp": (encoded(image, "WEBP", lossless=True, save_all=True, append_images=[other], duration=50), image),
        "animated.png": (encoded(image, "PNG", save_all=True, append_images=[other], duration=50), image),
        "still.gif": (encoded(palette, "GIF"), palette),
        "plain.bmp": (encoded(image, "BMP"), image),
        "plain.ppm": (encoded(image, "PPM"), image),
        "lzw.tif": (encoded(image, "TIFF", compression="tiff_lzw"), image),
        "cmyk.tif": (encoded(image.convert("CMYK"), "TIFF"), image),
        "really-a-jpeg.png": (jpeg, None),
        "no-extension": (encoded(image, "PNG"), image),
        "sp ace-ünïcode-[1].png": (encoded(image, "PNG"), image),
        "one-pixel.png": (encoded(Image.new("RGB", (1, 1), (200, 100, 50)), "PNG"), Image.new("RGB", (1, 1), (200, 100, 50))),
        "panorama.png": (encoded(image.resize((3000, 2), Image.Resampling.NEAREST), "PNG"), image.resize((3000, 2), Image.Resampling.NEAREST)),
        "trailing-bytes.jpg": (jpeg + b"\0" * 100, None),
    }
    for orientation, transpose in STORED.items():
        stored = image.transpose(transpose)
        files[f"orientation-{orientation}.jpg"] = (encoded(stored, "JPEG", quality=92, exif=exif(orientation)), None)
    files["orientation-6.png"] = (encoded(image.transpose(STORED[6]), "PNG", exif=exif(6)), image)
    # What Pillow itself reads back, for the kinds whose encoder changes the colours.
    return {
        name: (data, ImageOps.exif_transpose(Image.open(io.BytesIO(data))) if upright is None else upright)
        for name, (data, upright) in files.items()
    }


def refused(image):
    """name -> (bytes, words of the reason)"""
    whole, jpeg = encoded(image, "PNG"), encoded(image, "JPEG", quality=92)
    # Large enough that its end falls into the picture, not into the tables.
    large = encoded(image.resize((300, 200)), "JPEG", quality=95)
    progressive = encoded(image.resize((300, 200)), "JPEG", quality=95, progressive=True)
    wrong_crc = bytearray(whole)
    wrong_crc[29] ^= 1
    return {
        "empty.jpg": (b"", "empty"),
        "text.jpg": (b"This is no picture.\n", "format"),
        "vector.svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>\n', "format"),
        "iphone.heic": (b"\0\0\0\x18ftypheic\0\0\0\0heicmif1", "format"),
        "truncated.png": (whole[: len(whole) // 2], "end"),
        "truncated.jpg": (large[: len(large) * 3 // 4], "end"),
        "truncated-progressive.jpg": (progressive[: len(progressive) * 3 // 4], "end"),
        "truncated-header.jpg": (jpeg[:20], "end"),
        "truncated.gif": (encoded(image.quantize(64), "GIF")[:300], "end"),
        "wrong-crc.png": (bytes(wrong_crc), "crc"),
        "no-columns.png": (png(0, 10, 8, 2, b""), ""),
        "bomb-side.png": (png(1 << 16, 1 << 16, 8, 2, b"\0"), "limit"),
        "bomb-memory.png": (png(30_000, 30_000, 8, 2, b"\0" * 1000), "limit"),
        "bomb.gif": (b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + b"," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\2\2\4\1\0;", "limit"),
    }


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    expected = {}
    for name, (data, upright) in readable(scene()).items():
        (OUT / name).write_bytes(data)
        expected[name] = {"cells": cells(upright), "animated": name.startswith("animated")}
    for name, (data, words) in refused(scene()).items():
        (OUT / name).write_bytes(data)
        expected[name] = {"refused": words}
    lines = [f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(expected[name])}" for name in sorted(expected)]
    (OUT / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(len(expected), "files,", sum((OUT / name).stat().st_size for name in expected), "bytes", PIL.__version__, np.__version__)


if __name__ == "__main__":
    main()
