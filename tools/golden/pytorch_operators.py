#!/usr/bin/env python3
"""Writes the golden files of EfficientNet's operators that `kernels` is tested with.

Each file is a case: what goes in, what comes out, and the gradients that
PyTorch's autograd gives for a random gradient of the output. Inputs are numbers
that float32 holds; everything is computed in float64 and rounded to float32 once,
at the end. The fixtures' README, which this script writes too, says what is in
each file, in which layout.

    pip install torch==2.15.0 timm==1.0.31 safetensors==0.8.0 numpy==2.4.6
    python tools/golden/pytorch_operators.py
"""

import functools
import itertools
import json
from pathlib import Path

import numpy as np
import safetensors
import timm
import torch
from safetensors.numpy import save_file
from timm.layers import create_conv2d, get_same_padding
from timm.models._efficientnet_blocks import (
    DepthwiseSeparableConv,
    InvertedResidual,
    SqueezeExcite,
)
from torch import Tensor, nn
from torch.nn import functional as F

FIXTURES = Path(__file__).resolve().parents[2] / "crates/kernels/tests/fixtures"
NORM = {"eps": 1e-3, "momentum": 0.1}  # EfficientNet's eps, PyTorch's momentum
TIMM_PADDING = {"same": "same", "symmetric": ""}


class Case:
    """A golden file: its name, its tensors and the numbers that describe it."""

    def __init__(self, name: str, **description):
        self.name = name
        self.description = description
        self.tensors: dict[str, np.ndarray] = {}
        # The name as seed: adding a case changes no other.
        self.random = np.random.default_rng(list(name.encode()))

    def normal(self, *shape: int, scale: float = 1.0, offset: float = 0.0) -> Tensor:
        """Random numbers that float32 holds, as a float64 leaf of the graph."""
        values = self.random.normal(offset, scale, shape).astype(np.float32)
        return torch.from_numpy(values).double().requires_grad_()

    def add(self, **tensors: Tensor) -> None:
        for name, tensor in tensors.items():
            values = tensor.detach().numpy()
            self.tensors[name] = np.ascontiguousarray(values, np.float32)

    def backward(self, output: Tensor) -> Tensor:
        """Runs the backward pass from a random gradient of `output`, which it returns."""
        gradient = self.normal(*output.shape).detach()
        output.backward(gradient)
        return gradient

    def write(self) -> None:
        # One key: a header of several has no fixed order.
        header = {"case": json.dumps(self.description)}
        save_file(self.tensors, FIXTURES / f"{self.name}.safetensors", header)


def channels_last(x: Tensor) -> Tensor:
    """[N, C, H, W] to [N, H, W, C]."""
    return x.permute(0, 2, 3, 1)


def window_last(weight: Tensor) -> Tensor:
    """Depthwise weights, [C, 1, K, K] to [K, K, C]."""
    return weight[:, 0].permute(1, 2, 0)


def matrix(weight: Tensor) -> Tensor:
    """Weights of a 1x1 convolution, [Cout, Cin, 1, 1] to [Cout, Cin]."""
    return weight[:, :, 0, 0]


def zeros_before(size: int, kernel: int, stride: int, padding: str) -> int:
    if padding == "symmetric":
        return (kernel - 1) // 2
    return get_same_padding(size, kernel, stride, 1) // 2


def activations() -> Case:
    case = Case("activations")
    magnitudes = [0, 1e-4, 0.5, 1, 5, 20, 60, 88, 100, 1000]
    values = [sign * value for value in magnitudes for sign in (1.0, -1.0)]
    x = torch.tensor(values, dtype=torch.float32).double().requires_grad_()
    silu = F.silu(x)
    silu.sum().backward()
    case.add(input=x, sigmoid=x.sigmoid(), silu=silu, silu_derivative=x.grad)
    return case


def batch_norm(shape: tuple[int, ...], activation: str, offset: float) -> Case:
    n, h, w, c = shape
    suffix = "_offset" if offset else ""
    case = Case(
        f"batch_norm_train_{activation}_{n}x{h}x{w}x{c}{suffix}",
        activation=activation,
        **NORM,
    )
    x = case.normal(n, c, h, w, offset=offset)
    weight = case.normal(c, offset=1.0, scale=0.3)
    bias = case.normal(c, scale=0.3)
    mean_before = case.normal(c).detach()
    var_before = case.normal(c).detach().abs().float().double()
    mean_after, var_after = mean_before.clone(), var_before.clone()
    output = F.batch_norm(x, mean_after, var_after, weight, bias, training=True, **NORM)
    if activation == "silu":
        output = F.silu(output)
    gradient = case.backward(output)
    case.add(
        input=channels_last(x),
        weight=weight,
        bias=bias,
        running_mean_before=mean_before,
        running_var_before=var_before,
        mean=x.mean((0, 2, 3)),
        var=x.var((0, 2, 3), correction=0),
        running_mean_after=mean_after,
        running_var_after=var_after,
        output=channels_last(output),
        grad_output=channels_last(gradient),
        grad_input=channels_last(x.grad),
        grad_weight=weight.grad,
        grad_bias=bias.grad,
    )
    return case


def convolution(
    name: str,
    shape: tuple[int, ...],
    channels_out: int,
    kernel: int,
    stride: int,
    padding: str,
) -> Case:
    """A case of timm's convolution layer: depthwise, or 1x1 (pointwise)."""
    n, h, w, c = shape
    layout = {"depthwise": window_last, "pointwise": matrix}.get(
        name, lambda weight: weight
    )
    sizes = f"{n}x{h}x{w}x{c}"
    case = Case(
        f"{name}_{sizes}_to_{channels_out}"
        if name == "pointwise"
        else f"{name}_k{kernel}_s{stride}_{padding}_{sizes}",
        kernel=kernel,
        stride=stride,
        padding=padding,
        zeros_top=zeros_before(h, kernel, stride, padding),
        zeros_left=zeros_before(w, kernel, stride, padding),
    )
    layer = create_conv2d(
        c,
        channels_out,
        kernel,
        stride=stride,
        padding=TIMM_PADDING[padding],
        groups=c if name == "depthwise" else 1,
    ).double()
    randomize(case, layer)
    x = case.normal(n, c, h, w)
    output = layer(x)
    gradient = case.backward(output)
    case.add(
        input=channels_last(x),
        weight=layout(layer.weight),
        output=channels_last(output),
        grad_output=channels_last(gradient),
        grad_input=channels_last(x.grad),
        grad_weight=layout(layer.weight.grad),
    )
    return case


def squeeze_excitation(shape: tuple[int, ...], reduced: int) -> Case:
    n, h, w, c = shape
    case = Case(f"squeeze_excitation_{n}x{h}x{w}x{c}_r{reduced}")
    layer = SqueezeExcite(c, rd_channels=reduced, act_layer=nn.SiLU).double()
    randomize(case, layer)
    x = case.normal(n, c, h, w)
    output = layer(x)
    gradient = case.backward(output)
    case.add(
        input=channels_last(x),
        output=channels_last(output),
        grad_output=channels_last(gradient),
        grad_input=channels_last(x.grad),
    )
    add_parameters(case, layer)
    return case


def randomize(case: Case, module: nn.Module) -> None:
    """Random parameters and statistics, about as large as a trained network's."""
    for name, parameter in module.named_parameters():
        if parameter.ndim == 1:  # a bias, or a batch norm's weight
            offset = 1.0 if "bn" in name and name.endswith("weight") else 0.0
            values = case.normal(*parameter.shape, offset=offset, scale=0.3)
        else:
            fan_in = parameter[0].numel()
            values = case.normal(*parameter.shape, scale=fan_in**-0.5)
        parameter.data = values.detach()
    for name, buffer in module.named_buffers():
        if name.endswith("running_mean"):
            buffer.data = case.normal(*buffer.shape).detach()
        elif name.endswith("running_var"):
            buffer.data = case.normal(*buffer.shape).detach().abs().float().double()


def add_parameters(case: Case, module: nn.Module) -> None:
    """Parameters under timm's names, and their gradients with `grad_` before."""
    for name, parameter in module.named_parameters():
        layout = lambda weight: weight
        if parameter.ndim == 4 and parameter.shape[-2:] == (1, 1):
            layout = matrix
        elif name == "conv_dw.weight":
            layout = window_last
        case.add(**{name: layout(parameter), f"grad_{name}": layout(parameter.grad)})


def module_case(case: Case, module: nn.Module, shape: tuple[int, ...]) -> Case:
    """Forward and backward pass in train mode, with every batch norm's statistics."""
    n, h, w, c = shape
    module = module.double().train()
    randomize(case, module)
    norms = {k: m for k, m in module.named_modules() if isinstance(m, nn.BatchNorm2d)}

    def add_statistics(name, _norm, arguments) -> None:
        (x,) = arguments
        case.add(
            **{
                f"{name}.mean": x.mean((0, 2, 3)),
                f"{name}.var": x.var((0, 2, 3), correction=0),
            }
        )

    for name, norm in norms.items():
        norm.register_forward_pre_hook(functools.partial(add_statistics, name))
        for buffer in ("running_mean", "running_var"):
            case.add(**{f"{name}.{buffer}_before": getattr(norm, buffer)})
    x = case.normal(n, c, h, w)
    output = module(x)
    gradient = case.backward(output)
    last = channels_last if output.ndim == 4 else lambda pooled: pooled
    case.add(
        input=channels_last(x),
        output=last(output),
        grad_output=last(gradient),
        grad_input=channels_last(x.grad),
    )
    for name, norm in norms.items():
        for buffer in ("running_mean", "running_var"):
            case.add(**{f"{name}.{buffer}_after": getattr(norm, buffer)})
    add_parameters(case, module)
    return case


def mbconv(
    shape: tuple[int, ...],
    channels_out: int,
    expand: int,
    kernel: int,
    stride: int,
    padding: str,
) -> Case:
    n, h, w, c = shape
    sizes = f"{n}x{h}x{w}x{c}_to_{channels_out}"
    case = Case(
        f"mbconv_e{expand}_k{kernel}_s{stride}_{padding}_{sizes}",
        expand=expand,
        kernel=kernel,
        stride=stride,
        padding=padding,
        residual=stride == 1 and c == channels_out,
        **NORM,
    )
    block, expansion = (DepthwiseSeparableConv, {})
    if expand != 1:
        block, expansion = (InvertedResidual, {"exp_ratio": expand})
    module = block(
        c,
        channels_out,
        kernel,
        stride,
        pad_type=TIMM_PADDING[padding],
        act_layer=nn.SiLU,
        norm_layer=functools.partial(nn.BatchNorm2d, **NORM),
        # A quarter of the block's own input, as timm's builder has it.
        se_layer=functools.partial(SqueezeExcite, rd_ratio=0.25 / expand),
        **expansion,
    )
    return module_case(case, module, shape)


class Stem(nn.Module):
    """The first layers of the network, with timm's names."""

    def __init__(self, channels_in: int, channels_out: int, padding: str):
        super().__init__()
        self.conv_stem = create_conv2d(
            channels_in, channels_out, 3, stride=2, padding=TIMM_PADDING[padding]
        )
        self.bn1 = nn.BatchNorm2d(channels_out, **NORM)

    def forward(self, x: Tensor) -> Tensor:
        return F.silu(self.bn1(self.conv_stem(x)))


class Head(nn.Module):
    """The last layers before the classifier, with timm's names."""

    def __init__(self, channels_in: int, channels_out: int):
        super().__init__()
        self.conv_head = create_conv2d(channels_in, channels_out, 1)
        self.bn2 = nn.BatchNorm2d(channels_out, **NORM)

    def forward(self, x: Tensor) -> Tensor:
        return F.silu(self.bn2(self.conv_head(x))).mean((2, 3))


def stem(shape: tuple[int, ...], padding: str) -> Case:
    sizes = "x".join(map(str, shape))
    case = Case(f"stem_{padding}_{sizes}", kernel=3, stride=2, padding=padding, **NORM)
    return module_case(case, Stem(shape[3], 32, padding), shape)


def head(shape: tuple[int, ...], channels_out: int) -> Case:
    sizes = "x".join(map(str, shape))
    case = Case(f"head_{sizes}_to_{channels_out}", **NORM)
    return module_case(case, Head(shape[3], channels_out), shape)


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


README = """\
# Golden files of PyTorch's operators

Written by `tools/golden/pytorch_operators.py` with VERSIONS:

    pip install torch timm safetensors numpy
    python tools/golden/pytorch_operators.py

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


def main() -> None:
    FIXTURES.mkdir(parents=True, exist_ok=True)
    for old in FIXTURES.glob("*.safetensors"):
        old.unlink()
    written = cases()
    for case in written:
        for name, values in case.tensors.items():
            assert np.isfinite(values).all(), f"{case.name}: {name} is not finite"
        case.write()
    versions = ", ".join(
        f"{module.__name__} {module.__version__.split('+')[0]}"
        for module in (torch, timm, safetensors, np)
    )
    (FIXTURES / "README.md").write_text(readme(written, versions))
    total = sum(file.stat().st_size for file in FIXTURES.glob("*.safetensors"))
    print(f"{len(written)} files, {total} bytes; {versions}")


if __name__ == "__main__":
    main()
