"""How the baseline trains. `../tuning.md` has what was tried for each value."""

from dataclasses import asdict, dataclass, replace


@dataclass(frozen=True)
class Settings:
    image_size: int = 224
    label_smoothing: float = 0.1
    dropout: float = 0.2
    # AdamW; biases and batch norms are not decayed.
    weight_decay: float = 0.05

    # The head alone first, on features that are computed once.
    head_steps: int = 300
    head_batch_size: int = 64
    head_learning_rate: float = 3e-3

    # Then all layers. Small sets lack steps, not epochs: `images_seen` in all, in no
    # fewer and no more epochs than these.
    batch_size: int = 16
    images_seen: int = 1200
    min_epochs: int = 5
    max_epochs: int = 30
    learning_rate: float = 1e-4  # of the body
    head_learning_rate_after: float = 5e-4
    warmup: float = 0.1  # share of all steps
    crop_min: float = 0.35  # smallest share of a picture that a crop has
    freeze_batch_norm: bool = False

    def epochs(self, images: int) -> int:
        """Passes over this many training images."""
        epochs = round(self.images_seen / images)
        return min(max(epochs, self.min_epochs), self.max_epochs)

    def with_texts(self, changes: list[str]) -> "Settings":
        """Puts in values given as NAME=VALUE."""
        values = {}
        for change in changes:
            name, _, text = change.partition("=")
            kind = type(asdict(self)[name])
            values[name] = text == "True" if kind is bool else kind(text)
        return replace(self, **values)
