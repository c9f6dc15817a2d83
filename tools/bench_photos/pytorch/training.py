"""The head alone, then all layers."""

import copy
import math

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

import network
from pictures import Augmented, Split, normalised, shuffled_batches
from settings import Settings


def train_head(head: nn.Linear, features: Tensor, labels: Tensor, settings: Settings) -> None:
    """Trains the last layer on features, the same in every step."""
    optimizer = torch.optim.AdamW(
        head.parameters(), lr=settings.head_learning_rate, weight_decay=0.0
    )
    schedule = cosine(optimizer, settings.head_steps, settings.warmup)
    step = 0
    while step < settings.head_steps:
        for chosen in torch.randperm(len(labels)).split(settings.head_batch_size):
            kept = nn.functional.dropout(features[chosen], settings.dropout)
            update(head(kept), labels[chosen], optimizer, schedule, settings)
            step += 1


def train_all(
    model: nn.Module,
    train: Split,
    val: tuple[Tensor, Tensor],
    settings: Settings,
    workers: int,
) -> list[dict]:
    """Trains every layer and leaves the model at its best epoch, of which the state
    it came in is one. Gives each epoch's validation figures."""
    pixels = Augmented(train, settings.image_size, settings.crop_min)
    batches = shuffled_batches(pixels, settings.batch_size, workers)
    epochs = settings.epochs(len(pixels))
    optimizer = torch.optim.AdamW(groups(model, settings), fused=True)
    schedule = cosine(optimizer, epochs * len(batches), settings.warmup)

    history = [validate(model, val)]
    best = copy.deepcopy(model.state_dict())
    for _ in range(epochs):
        model.train()
        if settings.freeze_batch_norm:
            for norm in network.batch_norms(model):
                norm.eval()
        for images, labels in batches:
            update(model(normalised(images)), labels, optimizer, schedule, settings)
        model.eval()
        history.append(validate(model, val))
        if rank(history[-1]) > max(map(rank, history[:-1])):
            best = copy.deepcopy(model.state_dict())
    model.load_state_dict(best)
    return history


def rank(epoch: dict) -> tuple[float, float]:
    """Accuracy decides, and loss where it is equal."""
    return epoch["top1"], -epoch["loss"]


def validate(model: nn.Module, val: tuple[Tensor, Tensor]) -> dict:
    images, labels = val
    logits = network.logits(model, images)
    return {
        "top1": (logits.argmax(1) == labels).float().mean().item(),
        "loss": cross_entropy(logits, labels).item(),
    }


def update(
    logits: Tensor,
    labels: Tensor,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    settings: Settings,
) -> None:
    loss = cross_entropy(logits, labels, label_smoothing=settings.label_smoothing)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()


def groups(model: nn.Module, settings: Settings) -> list[dict]:
    """Two rates, and no weight decay of biases and batch norms."""
    head = {id(parameter) for parameter in model.classifier.parameters()}
    rates = {True: settings.head_learning_rate_after, False: settings.learning_rate}
    return [
        {
            "params": [
                parameter
                for parameter in model.parameters()
                if (id(parameter) in head) == in_head and (parameter.ndim > 1) == decayed
            ],
            "lr": rate,
            "weight_decay": settings.weight_decay if decayed else 0.0,
        }
        for in_head, rate in rates.items()
        for decayed in (True, False)
    ]


def cosine(
    optimizer: torch.optim.Optimizer, steps: int, warmup: float
) -> torch.optim.lr_scheduler.LRScheduler:
    """A linear rise and half a cosine down to nothing."""
    rise = max(1, round(steps * warmup))

    def factor(step: int) -> float:
        if step < rise:
            return (step + 1) / rise
        return (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise))) / 2

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
