"""Spectra as so-vits-svc hears them: 2048 frames every 512, each centred within its hop."""

from functools import lru_cache

import torch
from librosa.filters import mel
from torch import Tensor
from torch.nn import functional

from vc_core.training.so_vits_config import HOP, MELS, RATE, SPECTRUM

LEAST_POWER, LEAST_MEL = 1e-6, 1e-5


def spectrum_of(sound: Tensor) -> Tensor:
    """From (batch, frames) to (batch, bins, hops)."""
    padding = (SPECTRUM - HOP) // 2
    padded = functional.pad(sound[:, None], (padding, padding), mode="reflect")[:, 0]
    window = torch.hann_window(SPECTRUM, device=sound.device)
    parts = torch.stft(padded, SPECTRUM, HOP, window=window, center=False, return_complex=True)
    return (torch.view_as_real(parts).square().sum(-1) + LEAST_POWER).sqrt()


def mels_of(spectrum: Tensor) -> Tensor:
    """Logarithmic, of shape (batch, mels, hops)."""
    return torch.log((_bands(spectrum.device) @ spectrum).clamp_min(LEAST_MEL))


@lru_cache(maxsize=2)
def _bands(device: torch.device) -> Tensor:
    return torch.from_numpy(mel(sr=RATE, n_fft=SPECTRUM, n_mels=MELS)).to(device)
