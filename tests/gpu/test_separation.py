"""Separators give the same stems on a GPU as on the CPU."""

import numpy as np
import pytest
from measures import snr_db

from vc_core.audio import Audio
from vc_core.separation import SeparatorOptions, load_separator
from vc_core.separation.spleeter.separator import Spleeter

pytestmark = pytest.mark.gpu


def check_parity(load, song: Audio, device: str) -> None:
    reference, stems = load("cpu").separate(song), load(device).separate(song)
    for name, stem in reference.items():
        assert snr_db(stem.samples, stems[name].samples) >= 60, name


def test_the_starter_model(gpu, song):
    """Long enough for a batch after the first window."""
    check_parity(lambda device: load_separator("starter", device, SeparatorOptions()), repeat(song, 60), gpu)


def test_spleeter(gpu, song):
    """Four untrained networks of the published size."""
    import torch

    from vc_core.models.unet import StemNets

    torch.manual_seed(0)
    nets = StemNets(("vocals", "drums", "bass", "other"), activation="elu", exclusive=True)
    check_parity(lambda device: Spleeter(nets, device), repeat(song, 40), gpu)


def test_demucs(gpu, song):
    pytest.importorskip("demucs", reason="the extra `demucs` is not installed")
    from separation.tiny_demucs import SOURCES, make_network

    from vc_core.separation.demucs.separator import Demucs

    network = make_network()
    check_parity(lambda device: Demucs([(network, tuple(SOURCES))], 4, device), repeat(song, 12), gpu)


def repeat(song: Audio, seconds: float) -> Audio:
    frames = round(seconds * song.sample_rate)
    return song.with_samples(np.tile(song.samples, -(-frames // song.frames))[:, :frames])
