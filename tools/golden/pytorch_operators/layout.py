"""From PyTorch's layouts to those of the golden files."""

from torch import Tensor


def channels_last(x: Tensor) -> Tensor:
    """[N, C, H, W] to [N, H, W, C]; what is pooled, [N, C], stays as it is."""
    return x.permute(0, 2, 3, 1) if x.ndim == 4 else x


def parameter(values: Tensor, depthwise: bool = False) -> Tensor:
    """A parameter or its gradient.

    Depthwise weights [C, 1, K, K] become [K, K, C], those of 1x1 convolutions
    [Cout, Cin, 1, 1] become [Cout, Cin]; others stay as they are.
    """
    if depthwise:
        return values[:, 0].permute(1, 2, 0)
    if values.ndim == 4 and values.shape[-2:] == (1, 1):
        return values[:, :, 0, 0]
    return values
