"""Training of GANs on spectral envelopes: RelGAN and CycleGAN.

Trainers are imported inside functions: torch is slow to import, and the shell's help does not need it.
"""

from typing import Any

from vc_core.training.base import PrepareTrainer, TrainingEngine
from vc_core.training.gan.settings import CycleganSettings, RelganSettings
from vc_core.training.recordings.corpora import read_emotions, read_two_speakers


def _load_relgan(settings: Any, device: str) -> PrepareTrainer:
    from vc_core.training.gan.relgan import prepare_relgan

    return lambda clips, folder, progress: prepare_relgan(clips, settings, folder, device, progress)


RELGAN = TrainingEngine(
    "relgan",
    "RelGAN, for emotions",
    load=_load_relgan,
    notice="From folders named neutral, happy, sad …, or from ESD, RAVDESS or CREMA-D, whose licences hold for what is "
    "made of them. Hours on a graphics card, and days without.",
    settings=RelganSettings,
    sort=read_emotions,
    library="emotions",
)


def _load_cyclegan(settings: Any, device: str) -> PrepareTrainer:
    from vc_core.training.gan.cyclegan import prepare_cyclegan

    return lambda clips, folder, progress: prepare_cyclegan(clips, settings, folder, device, progress)


CYCLEGAN = TrainingEngine(
    "cyclegan",
    "CycleGAN, from one speaker to another",
    load=_load_cyclegan,
    notice="From two folders, one for each speaker, who need not say the same. Hours on a graphics card, or days.",
    settings=CycleganSettings,
    sort=read_two_speakers,
)
