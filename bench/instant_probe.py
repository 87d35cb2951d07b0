"""Is it heard that a decoder made it? Spectra at several resolutions, and a probe that learns to tell them apart."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from vc_core.audio import Audio

RATE = 16_000
SIZES = (320, 640, 1280, 2560)
"""None of those that the decoders learn with."""
PATCH_SECONDS, STEPS = 0.4, 250
SEED = 5


def spectral_distance(made: Audio, wanted: Audio) -> float:
    """Mean difference in decibels over all of SIZES, plus a tenth of the error in per cent of the size."""
    mine, theirs = (_flat(audio) for audio in (made, wanted))
    frames = min(len(mine), len(theirs))
    totals = []
    for size in SIZES:
        first, second = (_magnitudes(sound[:frames], size) for sound in (mine, theirs))
        in_db = 20 * torch.log10((first + 1e-3) / (second + 1e-3))
        off = ((first - second).square().sum() / second.square().sum()).sqrt()
        totals.append(in_db.abs().mean() + 10 * off)
    return float(torch.stack(totals).mean())


def _flat(audio: Audio) -> Tensor:
    samples = torch.from_numpy(audio.mono().resampled(RATE).samples[0])
    return samples / samples.square().mean().sqrt()


def _magnitudes(sound: Tensor, size: int) -> Tensor:
    window = torch.hann_window(size)
    spectrum = torch.stft(sound, size, size // 4, window=window, return_complex=True)
    return spectrum.abs() / float(window.square().sum()) ** 0.5


def told_apart(real: Sequence[Audio], made: Sequence[Audio]) -> float:
    """How many of the patches of the last third a probe tells rightly that learned from the others; 0.5 is none."""
    torch.manual_seed(SEED)
    generator = np.random.default_rng(SEED)
    kept = len(real) * 2 // 3
    probe = nn.Sequential(
        *(layer for width in ((1, 16), (16, 32), (32, 32)) for layer in (nn.Conv2d(*width, 3, 2), nn.LeakyReLU(0.1))),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 1),
    )
    optimizer = torch.optim.AdamW(probe.parameters(), 2e-3, weight_decay=1e-2)
    for _ in range(STEPS):
        pictures, truths = _patches(real[:kept], made[:kept], 16, generator)
        loss = functional.binary_cross_entropy_with_logits(probe(pictures)[:, 0], truths)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.inference_mode():
        pictures, truths = _patches(real[kept:], made[kept:], 600, generator)
        return float(((probe(pictures)[:, 0] > 0) == (truths > 0.5)).float().mean())


def _patches(
    real: Sequence[Audio], made: Sequence[Audio], count: int, generator: np.random.Generator
) -> tuple[Tensor, Tensor]:
    rows, truths = [], []
    for at in range(count):
        which = (real, made)[at % 2]
        sound = _flat(which[generator.integers(len(which))])
        size = round(PATCH_SECONDS * RATE)
        start = int(generator.integers(0, len(sound) - size))
        rows.append(torch.log(_magnitudes(sound[start : start + size], 512) + 1e-3)[None])
        truths.append(1.0 - at % 2)
    return torch.stack(rows), torch.tensor(truths)
