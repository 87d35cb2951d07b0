"""Train voices: the methods a person can choose from."""

from pathlib import Path
from typing import Any

from vc_core.progress import Progress
from vc_core.training.base import Clips, Trainer, TrainingMethod
from vc_core.training.corpora import read_emotions, read_two_speakers
from vc_core.training.diffusion_settings import DiffusionSettings
from vc_core.training.gan_settings import CycleganSettings, RelganSettings
from vc_core.training.instant_settings import InstantSettings
from vc_core.training.kmeans_settings import KMeansSettings
from vc_core.training.so_vits_settings import SoVitsSettings

__all__ = ["TRAINING_METHODS", "TrainingMethod"]


def _instant(clips: Clips, settings: Any, folder: Path, device: str, progress: Progress) -> Trainer:
    # Not at the top: torch is slow to import, and the shell's help needs none of it.
    from vc_core.training.instant import prepare_instant

    return prepare_instant(clips, settings, folder, device, progress)


def _so_vits(clips: Clips, settings: Any, folder: Path, device: str, progress: Progress) -> Trainer:
    from vc_core.training.so_vits import prepare_so_vits

    return prepare_so_vits(clips, settings, folder, device, progress)


def _kmeans(clips: Clips, settings: Any, folder: Path, device: str, progress: Progress) -> Trainer:
    from vc_core.training.kmeans import prepare_kmeans

    return prepare_kmeans(clips, settings, folder, device, progress)


def _relgan(clips: Clips, settings: Any, folder: Path, device: str, progress: Progress) -> Trainer:
    from vc_core.training.relgan import prepare_relgan

    return prepare_relgan(clips, settings, folder, device, progress)


def _cyclegan(clips: Clips, settings: Any, folder: Path, device: str, progress: Progress) -> Trainer:
    from vc_core.training.cyclegan import prepare_cyclegan

    return prepare_cyclegan(clips, settings, folder, device, progress)


def _diffusion(clips: Clips, settings: Any, folder: Path, device: str, progress: Progress) -> Trainer:
    from vc_core.training.diffusion import prepare_diffusion

    return prepare_diffusion(clips, settings, folder, device, progress)


TRAINING_METHODS: dict[str, TrainingMethod] = {
    "instant": TrainingMethod("Instant", InstantSettings, _instant),
    "so-vits": TrainingMethod(
        "so-vits-svc",
        SoVitsSettings,
        _so_vits,
        "The fullest likeness, from ten minutes of recordings or more: hours on a graphics card, and days without. "
        "Downloads 1.5 GB the first time.",
    ),
    "kmeans": TrainingMethod(
        "Clusters for so-vits",
        KMeansSettings,
        _kmeans,
        "What a so-vits voice can be drawn towards for a clearer likeness.",
        library="clusters",
    ),
    "diffusion": TrainingMethod(
        "Diffusion for so-vits",
        DiffusionSettings,
        _diffusion,
        "Draws what a so-vits voice sings anew, more finely: hours on a graphics card.",
        library="diffusions",
    ),
    "relgan": TrainingMethod(
        "RelGAN, for emotions",
        RelganSettings,
        _relgan,
        "From folders named neutral, happy, sad …, or from ESD, RAVDESS or CREMA-D, whose licences hold for what is "
        "made of them. Hours on a graphics card, and days without.",
        sort=read_emotions,
        library="emotions",
    ),
    "cyclegan": TrainingMethod(
        "CycleGAN, from one speaker to another",
        CycleganSettings,
        _cyclegan,
        "From two folders, one for each speaker, who need not say the same. Hours on a graphics card, or days.",
        sort=read_two_speakers,
    ),
}
"""Another method is one file and one entry here, with its heavy imports inside a function."""
