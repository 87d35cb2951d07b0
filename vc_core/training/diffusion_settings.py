"""What can be chosen when a shallow diffusion is trained; light, so that the shell's help can read it."""

from dataclasses import dataclass

from vc_core.errors import UserError
from vc_core.pitch_methods import DEFAULT_METHOD
from vc_core.training.so_vits_settings import Template


@dataclass(frozen=True)
class DiffusionSettings:
    steps: int = 20_000
    seed: int = 0
    template: Template = "so-vits-svc-4.0v1"
    """Of the voice that it is for."""
    batch_size: int = 16
    excerpt_seconds: float = 2.0
    learning_rate: float = 2e-4
    deepest: int = 1000
    """From how far back it learns to lead here; with 200 it learns sooner, and can only be used as far."""
    layers: int = 20
    channels: int = 512
    pitch_method: str = DEFAULT_METHOD
    """The same as the voice's, so that what was heard for it can be used again."""

    def __post_init__(self) -> None:
        if not 1 <= self.deepest <= 1000:
            raise UserError("It learns to lead here from 1 to 1000 steps back.")
        if not 0.2 <= self.excerpt_seconds <= 20 or self.batch_size < 1:
            raise UserError("Excerpts last 0.2 to 20 seconds, and a step hears at least one.")
        if not (1 <= self.layers <= 100 and 8 <= self.channels <= 4096 and self.channels % 2 == 0):
            raise UserError("There are 1 to 100 layers, with an even number of channels from 8 to 4096.")
