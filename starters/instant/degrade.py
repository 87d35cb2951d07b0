"""Augmentation of speech for the content encoder: other throats, pitches and tempos, rooms, microphones, noise, codecs.

What separation leaves in a vocal is imitated, too: tones of instruments, and holes in the spectrum.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr
import torch
from scipy.signal import fftconvolve
from torch import Tensor

from starters.separator.effects import Generator, log_uniform
from vc_core.models import content_encoder

SAMPLE_RATE = content_encoder.SAMPLE_RATE
WARP_STEP = 0.02
"""Filter banks are cached for each warp, so it is quantised."""
Wave = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Degraded:
    log_mel: Tensor
    """Shape (T, mels), 100 frames per second."""
    speed: float
    """Frames of the original for one of these."""


def degrade(
    speech: Wave,
    others: Sequence[Wave],
    generator: Generator,
    *,
    changes_speed: bool = True,
    changes_throat: bool = True,
) -> Degraded:
    """`others` are recordings that may be heard in the background."""
    speed = log_uniform(generator, 0.72, 1.38) if changes_speed and generator.random() < 0.6 else 1.0
    sound = speech
    if speed != 1:
        sound = np.asarray(soxr.resample(speech, SAMPLE_RATE * speed, SAMPLE_RATE, quality="LQ"), np.float32)
    sound = add_noise(add_room(sound, generator), others, generator)
    normalised = content_encoder.normalise_level(torch.from_numpy(change_level(sound, generator))[None])
    spectrum = filter_bands(content_encoder.compute_power_spectrum(normalised)[0], generator)
    log_mel = content_encoder.compute_log_mel(spectrum, choose_warp(speed, generator) if changes_throat else 1.0)
    return Degraded(log_mel, speed)


def add_room(sound: Wave, generator: Generator) -> Wave:
    if generator.random() > 0.35:
        return sound
    length = round(log_uniform(generator, 0.08, 0.6) * SAMPLE_RATE)
    tail = generator.standard_normal(length) * np.exp(-6.9 * np.arange(length) / length)
    tail *= log_uniform(generator, 0.05, 0.9) / np.sqrt((tail**2).sum())
    tail[0] += 1
    return np.asarray(fftconvolve(sound, tail)[: len(sound)], np.float32)


def add_noise(sound: Wave, others: Sequence[Wave], generator: Generator) -> Wave:
    """Hiss, hum and tones, or other people, 0 to 60 dB below."""
    noise = generator.standard_normal(len(sound)).astype(np.float32)
    if generator.random() < 0.5:
        noise = (noise + np.roll(noise, 1) + np.roll(noise, 2)) / 2
    if generator.random() < 0.2:
        noise = noise + 3 * make_chord(len(sound), generator)
    if others and generator.random() < 0.15:
        voices = sum(np.resize(other, len(sound)) / (other.std() + 1e-6) for other in others)
        noise = noise + 3 * np.asarray(voices, np.float32)
    below_db = generator.uniform(5, 30) if generator.random() < 0.5 else generator.uniform(30, 60)
    return np.asarray(sound + noise * (sound.std() / (noise.std() + 1e-9)) * 10 ** (-below_db / 20), np.float32)


def make_chord(samples: int, generator: Generator) -> Wave:
    """Held tones with overtones, as an instrument that leaks."""
    seconds = np.arange(samples) / SAMPLE_RATE
    tones = np.zeros(samples)
    for _ in range(int(generator.integers(1, 4))):
        hertz = log_uniform(generator, 80, 900)
        for overtone in range(1, 9):
            if hertz * overtone < SAMPLE_RATE / 2:
                tones += np.sin(2 * np.pi * (hertz * overtone * seconds + generator.random())) / overtone
    return np.asarray(tones, np.float32)


def change_level(sound: Wave, generator: Generator) -> Wave:
    """Slow changes of the level, and now and then an overload."""
    if generator.random() < 0.4:
        points = np.linspace(0, len(sound), 6)
        sound = sound * 10 ** (np.interp(np.arange(len(sound)), points, generator.normal(0, 4, 6)) / 20)
    if generator.random() < 0.1:
        limit = generator.uniform(1.5, 4) * sound.std()
        sound = np.clip(sound, -limit, limit)
    return np.asarray(sound, np.float32)


def filter_bands(spectrum: Tensor, generator: Generator) -> Tensor:
    """The microphone's response, a codec's upper limit, and holes as separation leaves them; (T, bins) each."""
    frames, bins = spectrum.shape
    points = generator.normal(0, 5, 7)
    gains_db = np.interp(np.linspace(0, 6, bins), np.arange(7), points)
    if generator.random() < 0.2:
        gains_db[round(generator.uniform(0.42, 0.95) * bins) :] -= 60
    gains = torch.from_numpy((10 ** (gains_db / 10)).astype(np.float32))
    if generator.random() < 0.25:
        coarse = torch.from_numpy(generator.random((1, 1, frames // 12 + 2, 20)).astype(np.float32))
        fine = torch.nn.functional.interpolate(coarse, (frames, bins), mode="bilinear")[0, 0]
        gains = gains * torch.where(fine < generator.uniform(0.15, 0.35), 0.01, 1.0)
    return spectrum * gains


def choose_warp(speed: float, generator: Generator) -> float:
    """The frequency warp that undoes the resampling up to a fifth."""
    warp = speed / log_uniform(generator, 0.82, 1.22)
    return round(float(np.clip(warp, 0.5, 2.0)) / WARP_STEP) * WARP_STEP
