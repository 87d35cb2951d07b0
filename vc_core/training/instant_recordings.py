"""Recordings of one voice, prepared for its decoder: what is said, at which pitch, how loudly, and how it sounded."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from vc_core.audio import Audio
from vc_core.models import units
from vc_core.models.ddsp import hop_of
from vc_core.models.units import Units
from vc_core.pitch import find_pitch

LOWEST_RATE, LOW_RATE, FULL_RATE = 16_000, 24_000, 44_100
"""A voice has the first that has room for what there is to hear."""
HEARINGS = 4
"""In so many throats a recording is heard: the decoder must know the voice from its code, not from the units."""
BAND_HZ = 250.0
NOTHING_DB = -70.0
"""Beside the strength between 1 and 4 kHz: what is fainter is the rounding of 16 bits."""
EDGE = 0.98
"""Of half a rate: below it the filters of resampling leave everything as it was."""


@dataclass(frozen=True)
class Prepared:
    units: Tensor
    """Shape (hearings, moments, UNITS)."""
    hertz: Tensor
    energy: Tensor
    """Shape (hearings, moments)."""
    sound: Tensor
    """Levelled; shape (moments · hop,)."""
    rate: int
    bandwidth_hz: float
    """Above it the recording is silent because of how it was made, and nothing is to be learned."""

    @property
    def moments(self) -> int:
        return len(self.hertz)


def prepare(
    audio: Audio, encoder: Units, generator: np.random.Generator, rate: int = LOW_RATE, hearings: int = HEARINGS
) -> Prepared:
    heard = torch.from_numpy(audio.mono().resampled(units.RATE).samples)
    levels = units.slow_levels(units.power_of(heard))
    flat = heard / units.at_frames(levels, heard.shape[1])
    spectrum = units.power_spectrum(flat)
    moments = spectrum.shape[1]
    with torch.inference_mode():
        said = torch.cat([encoder(_hearing(spectrum, generator, plain=at == 0)) for at in range(hearings)])
    found = find_pitch(audio, hop_seconds=1 / units.MOMENTS_PER_SECOND).hertz[:moments]
    hertz = torch.from_numpy(np.pad(found, (0, moments - len(found))).astype(np.float32))
    full = torch.from_numpy(audio.mono().resampled(rate).samples)
    frames = (moments - 1) * hop_of(rate)
    sound = functional.pad(full, (0, max(0, frames - full.shape[1])))[:, :frames]
    sound = sound / units.at_frames(levels, frames, hop_of(rate))
    energy = units.energy_of(flat)[:, :moments].repeat(hearings, 1)
    limit = EDGE * min(audio.sample_rate, rate) / 2
    return Prepared(said.clone(), hertz, energy, sound[0].clone(), rate, limit)


def _hearing(spectrum: Tensor, generator: np.random.Generator, *, plain: bool) -> Tensor:
    if plain:
        return units.log_mel(spectrum)
    warp = round(float(np.exp(generator.uniform(np.log(0.84), np.log(1.19)))) / 0.02) * 0.02
    noise = 10 ** generator.uniform(-6, -2)
    return units.log_mel(spectrum + noise, warp) + torch.from_numpy(microphone(generator))


def microphone(generator: np.random.Generator) -> npt.NDArray[np.float32]:
    """What is added to each band: a smooth curve."""
    points = np.linspace(0, units.MELS - 1, 6)
    return np.interp(np.arange(units.MELS), points, generator.normal(0, 0.7, 6)).astype(np.float32)


def bandwidth_hz(audio: Audio) -> float:
    """Up to where there is anything in a recording: many a file has room above what was recorded."""
    size = 2048
    samples = audio.mono().samples[0]
    pieces = np.lib.stride_tricks.sliding_window_view(np.pad(samples, (0, size)), size)[:: size // 2]
    # Hissing is seldom, but not as seldom as a click, which has all frequencies.
    power = np.quantile(np.abs(np.fft.rfft(pieces * np.hanning(size))) ** 2, 0.95, axis=0)
    width = max(1, round(BAND_HZ * size / audio.sample_rate))
    bands = power[: len(power) // width * width].reshape(-1, width).mean(1)
    upper_hz = (np.arange(len(bands)) + 1) * width * audio.sample_rate / size
    middle = bands[(upper_hz > 1_000) & (upper_hz <= 4_000)].mean()
    audible = np.flatnonzero(bands > middle * 10 ** (NOTHING_DB / 10))
    return float(upper_hz[audible[-1]]) if len(audible) else 0.0


def choose_rate(highest_hz: float) -> int:
    return next((rate for rate in (LOWEST_RATE, LOW_RATE) if highest_hz < rate / 2 + BAND_HZ), FULL_RATE)


def pitch_range_of(recordings: list[Prepared]) -> tuple[float, float] | None:
    """Nearly the lowest and highest that was sung; `None` where nothing was."""
    hertz = torch.cat([recording.hertz for recording in recordings]).numpy()
    if not (hertz > 0).any():
        return None
    low, high = np.percentile(hertz[hertz > 0], (5, 95))
    return round(float(low), 1), round(float(high), 1)
