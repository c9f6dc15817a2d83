"""A golden file: tensors under names, and the numbers that describe the case."""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from torch import Tensor, nn


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

    def write(self, folder: Path) -> None:
        # One key: a header of several has no fixed order.
        header = {"case": json.dumps(self.description)}
        save_file(self.tensors, folder / f"{self.name}.safetensors", header)


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
