"""Training of voices for the instant engine.

Trainers are imported inside functions: torch is slow to import, and the shell's help does not need it.
"""

from typing import Any

from vc_core.training.base import PrepareTrainer, TrainingEngine
from vc_core.training.instant.settings import InstantSettings


def _load(settings: Any, device: str) -> PrepareTrainer:
    from vc_core.training.instant.trainer import prepare_instant

    return lambda clips, folder, progress: prepare_instant(clips, settings, folder, device, progress)


ENGINE = TrainingEngine(
    "instant",
    "Instant",
    load=_load,
    settings=InstantSettings,
)
