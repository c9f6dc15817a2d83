"""The README beside the golden files."""

from case import Case

README = """\
# Golden files of PyTorch's operators

Written by `tools/golden/pytorch_operators` with VERSIONS:

    pip install torch timm safetensors numpy
    python tools/golden/pytorch_operators

Each `.safetensors` file is a case: inputs and parameters, outputs, and the
gradients of all of them for the random gradient `grad_output` of the output, by
PyTorch's autograd. Blocks and squeeze-and-excitation are timm's own modules in
train mode, under timm's names. Inputs are numbers that float32 holds, the rest
was computed in float64 and rounded to float32 once.

| what | layout |
|---|---|
| activations | `[N, H, W, C]` |
| depthwise weights | `[K, K, C]` |
| weights of 1x1 convolutions | `[C_out, C_in]` |
| other convolutions' weights | `[C_out, C_in, K, K]` |
| output of `head` | `[N, C]`, after SiLU and the mean over H and W |
| `mean`, `var` | statistics of the batch; `var` is biased (divided by N H W) |
| `running_*_before`, `running_*_after` | running statistics; PyTorch's momentum 0.1 is the new value's share, and the variance that goes in is the unbiased one |

`same` is TensorFlow's padding (in all max((ceil(size / stride) - 1) * stride +
kernel - size, 0) zeros a side, an odd one at the bottom and right), `symmetric`
is (kernel - 1) / 2 zeros on every side. The numbers under each name are in the
file's metadata, as JSON under the key `case`. Everything is normally
distributed: inputs with deviation 1, weights as large as in a trained network.

`activations` holds SiLU, its derivative and the sigmoid at
0, 1e-4, 0.5, 1, 5, 20, 60, 88, 100 and 1000 with both signs. Their smallest
values are subnormal or 0 in float32.

## Files

`*`: the gradient is there too, under the name with `grad_` before it.
"""


def readme(written: list[Case], versions: str) -> str:
    sections = []
    for case in written:
        numbers = ", ".join(f"{k} {v}" for k, v in case.description.items())
        shapes = [
            f"`{name}` {list(values.shape)}"
            + ("*" if f"grad_{name}" in case.tensors else "")
            for name, values in sorted(case.tensors.items())
            if not name.startswith("grad_")
        ]
        sections.append(
            f"\n### `{case.name}`\n\n"
            + (f"{numbers}\n\n" if numbers else "")
            + ", ".join(shapes)
            + "\n"
        )
    return README.replace("VERSIONS", versions) + "".join(sections)
