"""What can be chosen when clusters are trained; light, so that the shell's help can read it."""

from dataclasses import dataclass

from vc_core.errors import UserError
from vc_core.pitch_methods import DEFAULT_METHOD
from vc_core.training.so_vits_settings import Template


@dataclass(frozen=True)
class KMeansSettings:
    steps: int = 200
    seed: int = 0
    template: Template = "so-vits-svc-4.0v1"
    """Of the voice that the clusters are for."""
    clusters: int = 2000
    batch_size: int = 4096
    """Moments in a step."""
    pitch_method: str = DEFAULT_METHOD
    """The same as the voice's, so that what was heard for it can be used again."""

    def __post_init__(self) -> None:
        if not 1 <= self.clusters <= 50_000 or self.batch_size < 1:
            raise UserError("There can be 1 to 50,000 clusters, and a step needs at least one moment.")
