"""Cases of modules: parameters under timm's names, all batch norms in train mode."""

import functools

from case import Case, randomize
from layers import NORM, TIMM_PADDING
from layout import channels_last, parameter
from timm.layers import create_conv2d
from timm.models._efficientnet_blocks import (
    DepthwiseSeparableConv,
    InvertedResidual,
    SqueezeExcite,
)
from torch import Tensor, nn
from torch.nn import functional as F


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


def stem(shape: tuple[int, ...], padding: str) -> Case:
    sizes = "x".join(map(str, shape))
    case = Case(f"stem_{padding}_{sizes}", kernel=3, stride=2, padding=padding, **NORM)
    return module_case(case, Stem(shape[3], 32, padding), shape)


def head(shape: tuple[int, ...], channels_out: int) -> Case:
    sizes = "x".join(map(str, shape))
    case = Case(f"head_{sizes}_to_{channels_out}", **NORM)
    return module_case(case, Head(shape[3], channels_out), shape)


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
    case.add(
        input=channels_last(x),
        output=channels_last(output),
        grad_output=channels_last(gradient),
        grad_input=channels_last(x.grad),
    )
    for name, norm in norms.items():
        for buffer in ("running_mean", "running_var"):
            case.add(**{f"{name}.{buffer}_after": getattr(norm, buffer)})
    add_parameters(case, module)
    return case


def add_parameters(case: Case, module: nn.Module) -> None:
    """Parameters under timm's names, and their gradients with `grad_` before."""
    for name, values in module.named_parameters():
        depthwise = name == "conv_dw.weight"
        tensors = {
            name: parameter(values, depthwise),
            f"grad_{name}": parameter(values.grad, depthwise),
        }
        case.add(**tensors)
