"""Training of so-vits voices, and of what is added to one: clusters, a table for retrieval, shallow diffusion.

Trainers are imported inside functions: torch is slow to import, and the shell's help does not need it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vc_core.training.base import PrepareTrainer, TrainingEngine, VoiceExtension
from vc_core.training.so_vits.settings import DiffusionSettings, KMeansSettings, RetrievalSettings, SoVitsSettings
from vc_core.voices.library import Voice
from vc_core.voices.so_vits_files import (
    CLUSTERS_FILE,
    ENGINE_NAME,
    FEATURES_FILE,
    add_table,
    choose_speaker,
    read_content_width,
)


def _load(settings: Any, device: str) -> PrepareTrainer:
    from vc_core.training.so_vits.trainer import prepare_so_vits

    return lambda clips, folder, progress: prepare_so_vits(clips, settings, folder, device, progress)


ENGINE = TrainingEngine(
    "so-vits",
    "so-vits-svc",
    load=_load,
    notice="The fullest likeness, from ten minutes of recordings or more: hours on a graphics card, and days without. "
    "Downloads 1.5 GB the first time.",
    settings=SoVitsSettings,
)


def _fit_template(voice: Voice) -> dict[str, Any]:
    """A template with the content features of the voice; nothing else of it matters for what is added."""
    return {"template": "so-vits-svc-4.0v1-legacy" if read_content_width(voice) == 256 else "so-vits-svc-4.0v1"}


def _fit_table(voice: Voice, settings: Any) -> Mapping[str, Any]:
    return _fit_template(voice) | {"speaker": choose_speaker(voice, settings.speaker)}


def _load_kmeans(settings: Any, device: str) -> PrepareTrainer:
    from vc_core.training.so_vits.kmeans import prepare_kmeans

    return lambda clips, folder, progress: prepare_kmeans(clips, settings, folder, device, progress)


KMEANS = TrainingEngine(
    "kmeans",
    "Clusters for so-vits",
    load=_load_kmeans,
    notice="What a so-vits voice can be drawn towards for a clearer likeness.",
    settings=KMeansSettings,
    extends=VoiceExtension(ENGINE_NAME, _fit_table, lambda made, voice: add_table(made / CLUSTERS_FILE, voice)),
)


def _load_retrieval(settings: Any, device: str) -> PrepareTrainer:
    from vc_core.training.so_vits.kmeans import prepare_retrieval

    return lambda clips, folder, progress: prepare_retrieval(clips, settings, folder, device, progress)


RETRIEVAL = TrainingEngine(
    "retrieval",
    "Retrieval for so-vits",
    load=_load_retrieval,
    notice="Frames of the recordings, from which a so-vits voice can take the nearest for a clearer likeness.",
    settings=RetrievalSettings,
    extends=VoiceExtension(ENGINE_NAME, _fit_table, lambda made, voice: add_table(made / FEATURES_FILE, voice)),
)


def _fit_diffusion(voice: Voice, settings: Any) -> Mapping[str, Any]:
    from vc_core.voices.diffusion_files import find_vocoder

    find_vocoder(voice.folder)
    return _fit_template(voice)


def _add_diffusion(made: Path, voice: Path) -> None:
    from vc_core.voices.diffusion_files import add_diffusion

    add_diffusion(made, voice)


def _load_diffusion(settings: Any, device: str) -> PrepareTrainer:
    from vc_core.training.so_vits.diffusion import prepare_diffusion

    return lambda clips, folder, progress: prepare_diffusion(clips, settings, folder, device, progress)


DIFFUSION = TrainingEngine(
    "diffusion",
    "Diffusion for so-vits",
    load=_load_diffusion,
    notice="Draws what a so-vits voice sings anew, more finely: hours on a graphics card.",
    settings=DiffusionSettings,
    extends=VoiceExtension(ENGINE_NAME, _fit_diffusion, _add_diffusion),
)
