"""Cases of single layers."""

import torch
from case import Case, randomize
from layout import channels_last, parameter
from timm.layers import create_conv2d, get_same_padding
from torch.nn import functional as F

NORM = {"eps": 1e-3, "momentum": 0.1}  # EfficientNet's eps, PyTorch's momentum
TIMM_PADDING = {"same": "same", "symmetric": ""}


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
    name: str,  # "depthwise" or "pointwise" (1x1)
    shape: tuple[int, ...],
    channels_out: int,
    kernel: int,
    stride: int,
    padding: str,
) -> Case:
    """A case of timm's convolution layer."""
    n, h, w, c = shape
    depthwise = name == "depthwise"
    sizes = f"{n}x{h}x{w}x{c}"
    case = Case(
        f"pointwise_{sizes}_to_{channels_out}"
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
        groups=c if depthwise else 1,
    ).double()
    randomize(case, layer)
    x = case.normal(n, c, h, w)
    output = layer(x)
    gradient = case.backward(output)
    case.add(
        input=channels_last(x),
        weight=parameter(layer.weight, depthwise),
        output=channels_last(output),
        grad_output=channels_last(gradient),
        grad_input=channels_last(x.grad),
        grad_weight=parameter(layer.weight.grad, depthwise),
    )
    return case


def zeros_before(size: int, kernel: int, stride: int, padding: str) -> int:
    if padding == "symmetric":
        return (kernel - 1) // 2
    return get_same_padding(size, kernel, stride, 1) // 2
