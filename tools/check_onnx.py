#!/usr/bin/env python3
"""Checks an exported model with Python's onnx and onnxruntime.

    tools/check_onnx.py MODEL.onnx IMAGES.bin

IMAGES.bin holds raw uint8 RGB images of the model's input size, back to back.
The model must pass onnx.checker with full shape inference, and give the same at
batch 1 as for all images at once. Prints one JSON document: for each image the
predicted class and its logits.

Needs onnx, onnxruntime and numpy; tools/python_env.sh puts them into .venv/packages (PYTHONPATH).
"""

import json
import sys

import numpy
import onnx
import onnxruntime

TOLERANCE = 1e-4


def fail(line: str, hint: str) -> None:
    print(f"error: {line}", file=sys.stderr)
    print(f"hint: {hint}", file=sys.stderr)
    sys.exit(1)


def main() -> None:
    if len(sys.argv) != 3:
        print(f"error: expected 2 arguments, got {len(sys.argv) - 1}", file=sys.stderr)
        print(f"hint: usage: {sys.argv[0]} MODEL.onnx IMAGES.bin", file=sys.stderr)
        sys.exit(2)
    model_path, images_path = sys.argv[1:]

    model = onnx.load(model_path)
    onnx.checker.check_model(model, full_check=True)

    session = onnxruntime.InferenceSession(model_path, providers=["CPUExecutionProvider"])
    (image,) = session.get_inputs()
    batch, *size = image.shape
    if image.type != "tensor(uint8)" or not isinstance(batch, str) or len(size) != 3:
        fail(
            f"input {image.name} is {image.type} {image.shape}, expected uint8 NHWC with a free batch",
            "export the model again with `trainer export`",
        )
    pixels = numpy.fromfile(images_path, dtype=numpy.uint8)
    if pixels.size == 0 or pixels.size % numpy.prod(size):
        fail(
            f"{images_path} holds {pixels.size} bytes, expected a multiple of {numpy.prod(size)}",
            f"write {'x'.join(map(str, size))} uint8 images",
        )
    pixels = pixels.reshape(-1, *size)

    def run(images: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
        return tuple(session.run(["logits", "probabilities"], {image.name: images}))

    logits, probabilities = run(pixels)
    singles = [run(pixels[i : i + 1]) for i in range(len(pixels))]
    for name, together, alone in (
        ("logits", logits, numpy.concatenate([single[0] for single in singles])),
        ("probabilities", probabilities, numpy.concatenate([single[1] for single in singles])),
    ):
        if not numpy.allclose(together, alone, rtol=TOLERANCE, atol=TOLERANCE):
            fail(
                f"{name} at batch {len(pixels)} differ from those at batch 1 by {abs(together - alone).max():.2e}",
                "the graph mixes images of a batch",
            )
    shifted = numpy.exp(logits - logits.max(axis=1, keepdims=True))
    softmax = shifted / shifted.sum(axis=1, keepdims=True)
    if not numpy.allclose(softmax, probabilities, atol=1e-6):
        fail("probabilities are not the softmax of the logits", "export the model again")

    json.dump(
        {
            "classes": logits.argmax(axis=1).tolist(),
            "logits": logits.tolist(),
        },
        sys.stdout,
    )
    print()


if __name__ == "__main__":
    main()
