"""Spectrograms of so-vits-svc: an FFT size of 2048 samples, a hop of 512, reflection padding."""

from functools import lru_cache

import torch
from librosa.filters import mel
from torch import Tensor
from torch.nn import functional

from vc_core.training.so_vits.config import FFT_SIZE, HOP_SAMPLES, MELS, SAMPLE_RATE

POWER_FLOOR, MEL_FLOOR = 1e-6, 1e-5


def compute_spectrum(sound: Tensor) -> Tensor:
    """Magnitudes of samples of shape (B, N), Tensor of shape (B, bins, T)."""
    padding = (FFT_SIZE - HOP_SAMPLES) // 2
    padded = functional.pad(sound[:, None], (padding, padding), mode="reflect")[:, 0]
    window = torch.hann_window(FFT_SIZE, device=sound.device)
    parts = torch.stft(padded, FFT_SIZE, HOP_SAMPLES, window=window, center=False, return_complex=True)
    return (torch.view_as_real(parts).square().sum(-1) + POWER_FLOOR).sqrt()


def compute_log_mel(spectrum: Tensor) -> Tensor:
    """Log-mel spectrogram, Tensor of shape (B, mels, T)."""
    return torch.log((_build_mel_filters(spectrum.device) @ spectrum).clamp_min(MEL_FLOOR))


@lru_cache(maxsize=2)
def _build_mel_filters(device: torch.device) -> Tensor:
    return torch.from_numpy(mel(sr=SAMPLE_RATE, n_fft=FFT_SIZE, n_mels=MELS)).to(device)
