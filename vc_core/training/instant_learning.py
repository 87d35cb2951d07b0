"""How a decoder learns: excerpts of recordings with their sources, and a distance between sounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vc_core.models.ddsp import Curve, Decoder, cycles, hop_of, pulses, rendered
from vc_core.models.units import at_frames
from vc_core.training.instant_recordings import Prepared

FRAMES_OF_SPECTRA = (256, 512, 1024, 2048)
FAINT = 1e-3
"""Of the levelled sound: what is fainter counts as silence."""
WARM_UP_STEPS, WARM_UP_SHARE = 20, 0.1
"""Whichever is less: of fifty steps, twenty would be wasted."""
LOWEST_RATE = 1e-6


@dataclass(frozen=True)
class Excerpts:
    units: Tensor
    hertz: Tensor
    energy: Tensor
    sources: Tensor
    sound: Tensor
    bandwidth_hz: Tensor
    speakers: Tensor
    rate: int


def draw(
    speakers: Sequence[Sequence[Prepared]], excerpts: int, moments: int, generator: np.random.Generator
) -> Excerpts:
    """Excerpts of recordings; every speaker is as likely as another."""
    rows = [_drawn(speakers, moments, generator) for _ in range(excerpts)]
    units, hertz, energy, sources, sound, bandwidth, who = (torch.stack(column) for column in zip(*rows, strict=True))
    return Excerpts(units, hertz, energy, sources, sound, bandwidth, who, speakers[0][0].rate)


def _drawn(speakers: Sequence[Sequence[Prepared]], moments: int, generator: np.random.Generator) -> tuple[Tensor, ...]:
    who = int(generator.integers(len(speakers)))
    lengths = np.array([recording.moments for recording in speakers[who]], float)
    recording = speakers[who][generator.choice(len(lengths), p=lengths / lengths.sum())]
    hop = hop_of(recording.rate)
    start = int(generator.integers(0, max(1, recording.moments - moments - 1)))
    here, frames = slice(start, start + moments + 1), slice(start * hop, (start + moments) * hop)
    missing = moments + 1 - len(recording.hertz[here])
    hearing = int(generator.integers(len(recording.units)))
    units = functional.pad(recording.units[hearing, here], (0, 0, 0, missing))
    hertz, energy = functional.pad(recording.hertz[here], (0, missing)), recording.energy[hearing, here]
    energy = functional.pad(energy, (0, missing), value=float(energy.min()))
    sound = functional.pad(recording.sound[frames], (0, moments * hop - len(recording.sound[frames])))
    sources = sources_of(hertz, moments * hop, recording.rate, generator)
    return units, hertz, energy, sources, sound, torch.tensor(recording.bandwidth_hz), torch.tensor(who)


def sources_of(hertz: Tensor, frames: int, rate: int, generator: np.random.Generator) -> Tensor:
    """Pulses and noise at the frames, from the pitch at the moments."""
    pitch = pitch_at_frames(hertz, frames, hop_of(rate))
    noise = generator.standard_normal(frames)
    return torch.from_numpy(np.stack([pulses(pitch, cycles(pitch, rate), rate), noise]).astype(np.float32))


def pitch_at_frames(hertz: Tensor, frames: int, hop: int) -> Curve:
    """0 where the nearest moment is unvoiced, and otherwise on a line between voiced moments."""
    voiced = hertz.numpy() > 0
    if not voiced.any():
        return np.zeros(frames)
    at = np.arange(len(hertz))
    filled = np.interp(at, at[voiced], hertz.numpy()[voiced]).astype(np.float32)
    pitch = at_frames(torch.from_numpy(filled)[None], frames, hop)[0].numpy().astype(np.float64)
    nearest = np.minimum((np.arange(frames) + hop // 2) // hop, len(voiced) - 1)
    return np.where(voiced[nearest], pitch, 0.0)


def sung_by(decoder: Decoder, excerpts: Excerpts, codes: Tensor | None = None) -> Tensor:
    """What the decoder makes of them; the network in half precision, the sound in full."""
    with torch.autocast("cpu", torch.bfloat16):
        curves = decoder(excerpts.units, excerpts.hertz, excerpts.energy, codes)
    return rendered(curves.float(), excerpts.sources, excerpts.rate)


def learning_rate(highest: float, step: int, steps: int) -> float:
    """Of this step, counted from 1: it rises quickly, falls to the end, and stays low beyond."""
    left, rising = max(0.0, 1 - step / steps), max(1.0, min(WARM_UP_STEPS, WARM_UP_SHARE * steps))
    return float(highest * min(step / rising, 1.0) * left**0.7 + LOWEST_RATE)


def distance(made: Tensor, wanted: Tensor, bandwidth_hz: Tensor, rate: int) -> Tensor:
    """In decibels, and in size where it is loud, over several widths of the window."""
    total = torch.zeros(())
    for size in FRAMES_OF_SPECTRA:
        mine, theirs = magnitudes(torch.cat([made, wanted]), size).chunk(2)
        heard = (torch.arange(size // 2 + 1) * rate / size < bandwidth_hz[:, None])[:, None].float()
        share = heard.sum() / heard.numel()
        in_db = (torch.log(mine + FAINT) - torch.log(theirs + FAINT)).abs() * heard
        off, size_of_it = (((part * heard) ** 2).sum((1, 2)).sqrt() for part in (mine - theirs, theirs))
        total = total + in_db.mean() / share + 0.5 * (off / size_of_it.clamp_min(1.0)).mean()
    return total / len(FRAMES_OF_SPECTRA)


class _Spectrum(torch.autograd.Function):
    """`rfft`, whose gradient torch finds by way of a complex transform of the full size, at thrice the cost."""

    @staticmethod
    def forward(context: Any, pieces: Tensor) -> Tensor:
        context.size = pieces.shape[-1]
        spectrum: Tensor = torch.fft.rfft(pieces)
        return spectrum

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        size: int = context.size
        halved = gradient * 0.5
        halved[..., 0], halved[..., -1] = gradient[..., 0], gradient[..., -1]
        whole: Tensor = torch.fft.irfft(halved, size) * size
        return whole


def magnitudes(sound: Tensor, size: int) -> Tensor:
    """(batch, frames) gives (batch, moments, bins); white sound of power 1 gives 1 on average."""
    window = torch.hann_window(size)
    pieces = sound.unfold(1, size, size // 3) * window
    spectrum = torch.view_as_real(_Spectrum.apply(pieces))  # type: ignore[no-untyped-call]
    power: Tensor = spectrum.square().sum(-1) / (window**2).sum()
    return (power + 1e-9).sqrt()
