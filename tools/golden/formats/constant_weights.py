"""Writes EfficientNet-B0 weights whose tensors are constant, so that files made from
them pack to next to nothing.

    python3 constant_weights.py LIKE.safetensors OUT.safetensors

Takes names and shapes from LIKE, an EfficientNet-B0 under timm's or torchvision's names.
"""

import json
import math
import struct
import sys


def value(name: str, shape: list[int]) -> float:
    """A batch norm that changes nothing, convolutions that average."""
    if name.endswith("running_var"):
        return 1.0
    if len(shape) == 1:
        return 1.0 if name.endswith("weight") else 0.0
    return 1.0 / math.prod(shape[1:])


def main() -> None:
    like, out = sys.argv[1:]
    with open(like, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    header.pop("__metadata__", None)
    tensors, body = {}, bytearray()
    for name, entry in sorted(header.items()):
        count = math.prod(entry["shape"])
        begin = len(body)
        body += struct.pack("<f", value(name, entry["shape"])) * count
        tensors[name] = {
            "dtype": "F32",
            "shape": entry["shape"],
            "data_offsets": [begin, len(body)],
        }
    text = json.dumps(tensors).encode()
    text += b" " * (-len(text) % 8)
    with open(out, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + body)


if __name__ == "__main__":
    main()
