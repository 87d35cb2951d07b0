"""Harmonic source and noise of neural source-filter voices (so-vits, RVC), deterministic in song time.

Overlapping windows get identical excitation, so the result does not depend on how the song is cut.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import pi

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vc_core.device import upload
from vc_core.signal.pitch import Pitch

Values = npt.NDArray[np.float32]
SINE_LEVEL, VOICED_NOISE, UNVOICED_NOISE = 0.1, 0.003, 0.1 / 3
BLOCK_HOPS = 128


@dataclass(frozen=True, eq=False)
class F0Contour:
    """Target F0 and phases of its harmonics at each hop of a song; of a batch of windows, B comes first."""

    hertz: Values
    """Of a so-vits voice interpolated through unvoiced hops, of an RVC voice 0 there."""
    voiced: npt.NDArray[np.bool_]
    cycles: npt.NDArray[np.float64]
    """Shape (hops, harmonics): the phase at the start of each hop, in periods."""


@dataclass(frozen=True)
class HopGrid:
    """Hops of a network in a song."""

    hops: int
    hop: int
    """In samples."""
    sample_rate: int


def compute_f0_contour(
    pitch: Pitch, ratio: float, grid: HopGrid, harmonics: int, *, interpolates_unvoiced: bool
) -> F0Contour:
    at = np.arange(grid.hops) * grid.hop / grid.sample_rate / pitch.hop_seconds
    voiced_frames = np.flatnonzero(pitch.voiced)
    if not len(voiced_frames):
        flat = np.zeros(grid.hops, np.float32)
        return F0Contour(flat, flat > 0, np.zeros((grid.hops, harmonics)))
    voiced_hertz = pitch.hertz[voiced_frames].astype(np.float64)
    hertz = (np.interp(at, voiced_frames, voiced_hertz) * ratio).astype(np.float32)
    voiced = pitch.voiced[np.minimum(np.round(at).astype(int), pitch.frames - 1)]
    if not interpolates_unvoiced:
        hertz[~voiced] = 0.0
    return F0Contour(hertz, voiced, compute_phase_cycles(hertz, grid.hop, grid.sample_rate, harmonics))


def compute_phase_cycles(hertz: Values, hop: int, sample_rate: int, harmonics: int) -> npt.NDArray[np.float64]:
    """Accumulated phase at the start of each hop; F0 is held within a hop (zero-order hold)."""
    per_hop = hop * _compute_phase_steps(hertz, sample_rate, harmonics).astype(np.float64)
    return np.concatenate([np.zeros((1, harmonics)), np.cumsum(per_hop, axis=0)[:-1]]) % 1.0


def _compute_phase_steps(hertz: Values, sample_rate: int, count: int) -> Values:
    """Periods per sample, in single precision as in training: the rounding accumulates."""
    harmonics = hertz[..., None] * np.arange(1, count + 1, dtype=np.float32)
    return np.asarray((harmonics / np.float32(sample_rate)) % np.float32(1.0), np.float32)


def draw_initial_phases(seed: int, harmonics: int) -> npt.NDArray[np.float64]:
    """Random initial phases of the overtones; 0 for the fundamental."""
    phases = np.random.default_rng([seed, 1]).random(harmonics, dtype=np.float32).astype(np.float64)
    phases[0] = 0.0
    return phases


def synthesise_harmonics(
    hertz: Values, cycles: npt.NDArray[np.float64], noise: Tensor, hop: int, sample_rate: int
) -> Tensor:
    """Sines of F0 and its overtones plus noise, Tensor of shape (B, samples, harmonics), with F0 held within a hop.

    `hertz` has shape (B, hops), `cycles` (B, hops, harmonics), `noise` as many values as the result.
    """
    # Phases need double precision, which MPS lacks.
    device = noise.device if noise.is_cuda else torch.device("cpu")
    steps = _compute_phase_steps(hertz, sample_rate, cycles.shape[-1]).astype(np.float64)
    within = torch.arange(1, hop + 1, dtype=torch.float64, device=device)[:, None]
    phase = torch.addcmul(upload(cycles, device)[:, :, None], within, upload(steps, device)[:, :, None])
    sines = (2 * pi * phase.frac_()).float().sin_().to(noise.device)
    voiced = upload(hertz > 0, noise.device)[:, :, None, None]
    noise = noise.reshape(sines.shape)
    source = torch.where(voiced, SINE_LEVEL * sines + VOICED_NOISE * noise, UNVOICED_NOISE * noise)
    return source.flatten(1, 2)


def draw_noise(seed: int, kind: int, first: int, last: int, width: int) -> Values:
    """Gaussian noise of shape (last - first, width) for these hops of a song, whatever window asks."""
    blocks = [
        np.random.default_rng([seed, kind, block]).standard_normal((BLOCK_HOPS, width), dtype=np.float32)
        for block in range(first // BLOCK_HOPS, -(-last // BLOCK_HOPS))
    ]
    begin = first // BLOCK_HOPS * BLOCK_HOPS
    return np.concatenate(blocks)[first - begin : last - begin]


def draw_noise_of_windows(
    seed: int, kind: int, firsts: Sequence[int], hops: int, width: int, device: torch.device
) -> Tensor:
    """Noise of shape (B, hops, width) for windows that begin at these hops of a song.

    Drawn on the CPU, for all windows at once, so that a seed gives the same noise on every device.
    """

    def draw(first: int) -> Tensor:
        return upload(draw_noise(seed, kind, first, first + hops, width), device)

    if len(firsts) == 1:
        return draw(firsts[0])[None]
    with ThreadPoolExecutor(min(len(firsts), torch.get_num_threads())) as threads:
        return torch.stack(list(threads.map(draw, firsts)))


def stack_contours(contours: Sequence[F0Contour]) -> F0Contour:
    """The contours of a batch of windows of equal length."""
    return F0Contour(
        np.stack([contour.hertz for contour in contours]),
        np.stack([contour.voiced for contour in contours]),
        np.stack([contour.cycles for contour in contours]),
    )


def stretch_contour(contour: F0Contour, first: int, hops: int, factor: float, hop_seconds: float) -> F0Contour:
    """Formant shift by resampling: `hops` of `1 / factor` hop each from hop `first` on, at F0 divided by `factor`.

    Synthesised slower and lower, then resampled, the voice keeps F0 and timing while its formants move.
    """
    at = first + np.arange(hops) / factor
    whole = np.minimum(at.astype(int), len(contour.hertz) - 1)
    hertz = (contour.hertz[whole] / factor).astype(np.float32)
    multiples = np.arange(1, contour.cycles.shape[1] + 1)
    begun = contour.cycles[whole[0]] + (at[0] - whole[0]) * contour.hertz[whole[0]] * hop_seconds * multiples
    within = np.cumsum(hertz[:-1, None].astype(np.float64) * hop_seconds * multiples, axis=0)
    cycles = begun + np.concatenate([np.zeros((1, len(multiples))), within])
    return F0Contour(hertz, contour.voiced[whole], cycles % 1.0)


def slice_contour(contour: F0Contour, first: int, hops: int) -> F0Contour:
    """`hops` of it; the last one is repeated past the end."""
    at = np.minimum(np.arange(first, first + hops), len(contour.hertz) - 1)
    return F0Contour(contour.hertz[at], contour.voiced[at], contour.cycles[at])
