"""Train voices: the methods a user can choose from."""

from vc_core.engine import by_name
from vc_core.training import gan, instant, so_vits
from vc_core.training.base import TrainingEngine

__all__ = ["TRAINING_METHODS", "TrainingEngine"]

TRAINING_METHODS: dict[str, TrainingEngine] = by_name(
    instant.ENGINE, so_vits.ENGINE, so_vits.KMEANS, so_vits.RETRIEVAL, so_vits.DIFFUSION, gan.RELGAN, gan.CYCLEGAN
)
"""Another method is one file, and one line here."""
