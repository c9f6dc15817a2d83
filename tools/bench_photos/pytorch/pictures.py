"""Pictures from a folder with a folder for each class, as the network sees them."""

from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import InterpolationMode, v2

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
BICUBIC = {"interpolation": InterpolationMode.BICUBIC, "antialias": True}


@dataclass(frozen=True)
class Split:
    """Decoded pictures and their labels, sorted by class and file name."""

    classes: list[str]
    pictures: list[Image.Image]  # a few thousand small ones: decoded once, kept
    labels: Tensor

    @classmethod
    def read(cls, folder: Path) -> "Split":
        classes = sorted(path.name for path in folder.iterdir())
        pictures, labels = [], []
        for label, name in enumerate(classes):
            for path in sorted((folder / name).iterdir()):
                with Image.open(path) as picture:
                    pictures.append(picture.convert("RGB"))
                labels.append(label)
        return cls(classes, pictures, torch.tensor(labels))

    def centre(self, size: int) -> Tensor:
        """Every picture without augmentation, uint8 [N, 3, size, size]."""
        transform = v2.Compose(
            [v2.Resize(size, **BICUBIC), v2.CenterCrop(size), v2.PILToTensor()]
        )
        return torch.stack([transform(picture) for picture in self.pictures])


class Augmented(Dataset):
    """Random crops and flips of a split, other ones each time."""

    def __init__(self, split: Split, size: int, crop_min: float):
        self.split = split
        self.transform = v2.Compose(
            [
                v2.RandomResizedCrop(size, scale=(crop_min, 1.0), **BICUBIC),
                v2.RandomHorizontalFlip(),
                v2.PILToTensor(),
            ]
        )

    def __len__(self) -> int:
        return len(self.split.pictures)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.transform(self.split.pictures[index]), self.split.labels[index]


def shuffled_batches(split: Augmented, size: int, workers: int) -> DataLoader:
    images = len(split)
    return DataLoader(
        split,
        batch_size=min(size, images),
        shuffle=True,
        drop_last=images > size and images % size == 1,  # batch norms need two
        num_workers=workers,
        persistent_workers=workers > 0,
    )


def normalised(pixels: Tensor) -> Tensor:
    """uint8 pixels as the network takes them, in channels_last."""
    mean, std = (torch.tensor(values).view(3, 1, 1) * 255 for values in (MEAN, STD))
    return ((pixels - mean) / std).contiguous(memory_format=torch.channels_last)
