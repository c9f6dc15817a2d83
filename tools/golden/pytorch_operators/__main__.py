"""Writes the golden files of EfficientNet's operators that `kernels` is tested with.

Each file is a case: what goes in, what comes out, and the gradients that
PyTorch's autograd gives for a random gradient of the output. Inputs are numbers
that float32 holds; everything is computed in float64 and rounded to float32 once,
at the end. The fixtures' README, which this script writes too, says what is in
each file, in which layout.

    pip install torch==2.15.0 timm==1.0.31 safetensors==0.8.0 numpy==2.4.6
    python tools/golden/pytorch_operators
"""

import itertools
from pathlib import Path

import numpy as np
import safetensors
import timm
import torch
from case import Case
from layers import TIMM_PADDING, activations, batch_norm, convolution
from modules import head, mbconv, squeeze_excitation, stem
from readme import readme

FIXTURES = Path(__file__).resolve().parents[3] / "crates/kernels/tests/fixtures"


def cases() -> list[Case]:
    norms = [
        batch_norm(shape, activation, 0.0)
        for shape in [(3, 5, 7, 24), (1, 5, 3, 17)]
        for activation in ("identity", "silu")
    ]
    # A mean far from zero: a variance from the mean of squares loses its digits.
    norms.append(batch_norm((2, 4, 5, 9), "identity", 100.0))

    sizes = {
        # kernel, stride: odd and even sides, batches of one, sides that the
        # kernel is larger than; channels that no vector width divides
        (3, 1): [(2, 5, 6, 16), (1, 5, 9, 19), (1, 1, 2, 40)],
        (3, 2): [(2, 6, 7, 16), (1, 9, 6, 19), (1, 2, 1, 40)],
        (5, 1): [(1, 6, 7, 16), (2, 4, 5, 19), (1, 3, 2, 40)],
        (5, 2): [(1, 6, 9, 16), (2, 7, 6, 19), (1, 4, 3, 40)],
    }
    depthwise = [
        convolution("depthwise", shape, shape[3], kernel, stride, padding)
        for (kernel, stride), shapes in sizes.items()
        for shape, padding in itertools.product(shapes, TIMM_PADDING)
        # With stride 1 both paddings are the same.
        if stride == 2 or padding == "same"
    ]
    pointwise = [
        convolution("pointwise", shape, channels_out, 1, 1, "same")
        for shape, channels_out in [((2, 3, 4, 24), 40), ((1, 3, 3, 17), 19)]
    ]
    blocks = [
        mbconv((2, 5, 6, 8), 12, expand=6, kernel=3, stride=2, padding="same"),
        mbconv((2, 6, 5, 8), 12, expand=6, kernel=5, stride=2, padding="symmetric"),
        mbconv((2, 4, 5, 8), 8, expand=6, kernel=5, stride=1, padding="same"),
        mbconv((2, 5, 6, 8), 4, expand=1, kernel=3, stride=1, padding="same"),
        mbconv((1, 8, 8, 8), 12, expand=1, kernel=3, stride=2, padding="same"),
        mbconv((1, 5, 5, 8), 8, expand=1, kernel=5, stride=1, padding="same"),
    ]
    ends = [stem((2, 6, 5, 3), padding) for padding in TIMM_PADDING]
    ends.append(head((2, 3, 4, 10), 24))
    gates = [squeeze_excitation((2, 3, 4, 24), 4), squeeze_excitation((1, 3, 3, 17), 1)]
    return [
        activations(),
        *norms,
        *depthwise,
        *pointwise,
        *gates,
        *blocks,
        *ends,
    ]


def main() -> None:
    FIXTURES.mkdir(parents=True, exist_ok=True)
    written = cases()
    for old in FIXTURES.glob("*.safetensors"):
        old.unlink()
    for case in written:
        for name, values in case.tensors.items():
            assert np.isfinite(values).all(), f"{case.name}: {name} is not finite"
        case.write(FIXTURES)
    versions = ", ".join(
        f"{module.__name__} {module.__version__.split('+')[0]}"
        for module in (torch, timm, safetensors, np)
    )
    (FIXTURES / "README.md").write_text(readme(written, versions))
    total = sum(file.stat().st_size for file in FIXTURES.glob("*.safetensors"))
    print(f"{len(written)} files, {total} bytes; {versions}")


if __name__ == "__main__":
    main()
