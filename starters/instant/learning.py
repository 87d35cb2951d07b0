"""How a decoder learns: excerpts of recordings, a distance between sounds, and the loop; for all voices or for one."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from starters.instant.recordings import Prepared
from starters.separator.effects import Generator
from vc_core.models.ddsp import Decoder, cycles, hop_of, pulses, rendered
from vc_core.models.units import at_frames

FRAMES_OF_SPECTRA = (256, 512, 1024, 2048)
FAINT = 1e-3
"""Of the levelled sound: what is fainter counts as silence."""
REPORT_EVERY = 50


@dataclass(frozen=True)
class Schedule:
    steps: int
    rate: float
    seconds: float = 1e9
    """It ends after so many, if the steps aren't done."""
    excerpts: int = 8
    moments: int = 100
    seed: int = 1


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


def draw(speakers: Sequence[list[Prepared]], schedule: Schedule, generator: Generator) -> Excerpts:
    """Excerpts of recordings; every speaker is as likely as another."""
    rows = [_drawn(speakers, schedule.moments, generator) for _ in range(schedule.excerpts)]
    rate = speakers[0][0].rate
    units, hertz, energy, sources, sound, bandwidth, who = (torch.stack(column) for column in zip(*rows, strict=True))
    return Excerpts(units, hertz, energy, sources, sound, bandwidth, who, rate)


def _drawn(speakers: Sequence[list[Prepared]], moments: int, generator: Generator) -> tuple[Tensor, ...]:
    who = int(generator.integers(len(speakers)))
    lengths = np.array([len(recording.hertz) for recording in speakers[who]], float)
    recording = speakers[who][generator.choice(len(lengths), p=lengths / lengths.sum())]
    hop = hop_of(recording.rate)
    start = int(generator.integers(0, max(1, len(recording.hertz) - moments - 1)))
    here, frames = slice(start, start + moments + 1), slice(start * hop, (start + moments) * hop)
    missing = moments + 1 - len(recording.hertz[here])
    hearing = recording.units[generator.integers(len(recording.units))]
    units = functional.pad(hearing[here], (0, 0, 0, missing))
    hertz, energy = functional.pad(recording.hertz[here], (0, missing)), recording.energy[here]
    energy = functional.pad(energy, (0, missing), value=float(energy.min()))
    sound = functional.pad(recording.sound[frames], (0, moments * hop - len(recording.sound[frames])))
    sources = sources_of(hertz, moments * hop, recording.rate, generator)
    return units, hertz, energy, sources, sound, torch.tensor(recording.bandwidth_hz), torch.tensor(who)


def sources_of(hertz: Tensor, frames: int, rate: int, generator: Generator) -> Tensor:
    """Pulses and noise at the frames, from the pitch at the moments."""
    pitch = pitch_at_frames(hertz, frames, hop_of(rate))
    noise = generator.standard_normal(frames)
    return torch.from_numpy(np.stack([pulses(pitch, cycles(pitch, rate), rate), noise]).astype(np.float32))


def pitch_at_frames(hertz: Tensor, frames: int, hop: int) -> np.ndarray:
    """0 where the nearest moment is unvoiced, and otherwise on a line between voiced moments."""
    voiced = hertz.numpy() > 0
    if not voiced.any():
        return np.zeros(frames)
    at = np.arange(len(hertz))
    filled = np.interp(at, at[voiced], hertz.numpy()[voiced]).astype(np.float32)
    pitch = at_frames(torch.from_numpy(filled)[None], frames, hop)[0].numpy().astype(np.float64)
    nearest = np.minimum((np.arange(frames) + hop // 2) // hop, len(voiced) - 1)
    return np.where(voiced[nearest], pitch, 0.0)


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
        return torch.fft.rfft(pieces)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        size = context.size
        halved = gradient * 0.5
        halved[..., 0], halved[..., -1] = gradient[..., 0], gradient[..., -1]
        return torch.fft.irfft(halved, size) * size


def magnitudes(sound: Tensor, size: int) -> Tensor:
    """(batch, frames) gives (batch, moments, bins); white sound of power 1 gives 1 on average."""
    window = torch.hann_window(size)
    spectrum = torch.view_as_real(_Spectrum.apply(sound.unfold(1, size, size // 3) * window))
    return (spectrum.square().sum(-1) / (window**2).sum() + 1e-9).sqrt()


def learn(
    decoder: Decoder, speakers: Sequence[list[Prepared]], schedule: Schedule, codes: nn.Embedding | None = None
) -> Decoder:
    """Trains the decoder as it is; with `codes`, each speaker's own, and the decoder's becomes their mean."""
    generator = np.random.default_rng(schedule.seed)
    parameters = [*decoder.parameters(), *(codes.parameters() if codes else ())]
    optimizer = torch.optim.AdamW(parameters, schedule.rate, betas=(0.8, 0.99), weight_decay=1e-4)
    losses, began = [], time.monotonic()
    for step in range(1, schedule.steps + 1):
        passed = max(step / schedule.steps, (time.monotonic() - began) / schedule.seconds)
        if passed > 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate * min(step / 20, 1.0) * (1 - passed) ** 0.7 + 1e-6
        excerpts = draw(speakers, schedule, generator)
        with torch.autocast("cpu", torch.bfloat16):
            code = codes(excerpts.speakers) if codes else None
            curves = decoder(excerpts.units, excerpts.hertz, excerpts.energy, code)
        made = rendered(curves.float(), excerpts.sources, excerpts.rate)
        loss = distance(made, excerpts.sound, excerpts.bandwidth_hz, excerpts.rate)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        losses.append(loss.item())
        if step % REPORT_EVERY == 0:
            print(f"{step} {np.mean(losses):.3f} after {time.monotonic() - began:.0f} s", flush=True)
            losses.clear()
    if codes:
        decoder.code.data = codes.weight.data.mean(0)
    return decoder
