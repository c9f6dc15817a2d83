"""Pictures as pixels and PNG files, with the standard library alone."""

import random
import struct
import zlib


def pixels(seed, height, width):
    """Slopes of colour with a little noise, uint8 RGB: no two seeds look alike."""
    draw = random.Random(seed)
    slopes = [[draw.uniform(-1, 1) for _ in range(2)] + [draw.uniform(0, 255)] for _ in range(3)]
    values = bytearray()
    for y in range(height):
        for x in range(width):
            for down, right, level in slopes:
                value = level + 255 * (down * y / height + right * x / width) + draw.uniform(-20, 20)
                values.append(min(255, max(0, round(value))))
    return bytes(values)


def png(values, height, width):
    """A PNG file of uint8 RGB pixels."""
    rows = b"".join(
        b"\0" + values[y * width * 3 : (y + 1) * width * 3] for y in range(height)
    )
    return _file(height, width, zlib.compress(rows))


def bomb(side):
    """A PNG file of `side` times `side` black pixels, a thousandth as large as they are."""
    row = zlib.compressobj(9)
    data = b"".join(row.compress(bytes(1 + 3 * side)) for _ in range(side)) + row.flush()
    return _file(side, side, data)


def _file(height, width, data):
    def chunk(kind, content):
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )
