"""Spleeter's way of separating, in torch: the same stems as the original's, segment after segment.

The original lays the whole song into memory; but its segments of 512 moments are independent of one
another, and only where they meet do their sounds overlap. So windows are segments, and are summed.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from vc_core.audio import Audio
from vc_core.separation.base import Separator, Stems
from vc_core.slicing import Windows

if TYPE_CHECKING:
    from torch import Tensor, nn

    from vc_core.models.unet import ForEach, StemNets

RATE = 44_100
FFT_FRAMES = 4096
HOP_FRAMES = 1024
OVERLAP = FFT_FRAMES // HOP_FRAMES
SEGMENT_MOMENTS = 512
SEGMENT_FRAMES = SEGMENT_MOMENTS * HOP_FRAMES
LOW_BINS, HIGH_BINS = 1024, 1536
"""How many of the spectrum's bins the networks hear: up to 11 kHz, or to 16.5 kHz."""
NO_CLAIM = 1e-10
"""Where no stem claims anything, all share alike."""


class Spleeter(Separator):
    sample_rate = RATE
    hears_stereo = True
    windows = Windows(
        seconds=SEGMENT_FRAMES / RATE,
        context_seconds=FFT_FRAMES / RATE,
        fade_seconds=2 * FFT_FRAMES / RATE,
        added=True,
        starts_in_silence=True,
    )

    def __init__(self, nets: "StemNets", device: str, *, treble: bool = False) -> None:
        self.stem_names = tuple(nets.nets)
        self._nets = nets.eval().to(device)
        self._device = device
        self._bins = HIGH_BINS if treble else LOW_BINS
        self._each = map if device != "cpu" else _side_by_side(len(self.stem_names))

    def split(self, piece: Audio) -> Stems:
        import torch

        with torch.inference_mode():
            samples = torch.from_numpy(np.ascontiguousarray(piece.samples)).to(self._device)
            spectrum = spectrum_of(samples, self._moments(piece))
            masks = torch.cat([self._masks(part) for part in torch.split(spectrum, SEGMENT_MOMENTS, dim=1)], dim=2)
            return {
                name: piece.with_samples(_sound(spectrum, mask, piece.frames).cpu().numpy())
                for name, mask in zip(self.stem_names, masks, strict=True)
            }

    def _moments(self, piece: Audio) -> int:
        """A whole window is one segment; the last one has all that is left, which may take a second one."""
        if piece.frames == SEGMENT_FRAMES + 2 * FFT_FRAMES:
            return SEGMENT_MOMENTS
        return -(-piece.frames // HOP_FRAMES)

    def _masks(self, spectrum: "Tensor") -> "Tensor":
        """Each stem's share of each point, of shape (stems, 2, moments, bins)."""
        from torch.nn import functional

        moments = spectrum.shape[1]
        magnitudes = functional.pad(spectrum[..., : self._bins].abs(), (0, 0, 0, SEGMENT_MOMENTS - moments))
        claims: Tensor = self._nets(magnitudes[None], self._each)[:, 0, :, :moments] ** 2
        return (claims + NO_CLAIM / len(claims)) / (claims.sum(dim=0) + NO_CLAIM)


def _side_by_side(nets: int) -> "ForEach":
    """A map that gives each network threads of its own.

    All threads in one network after the other wait for the slowest at each layer: on a busy machine that takes
    several times as long, and on an idle one a little longer.
    """
    import torch

    threads = max(1, torch.get_num_threads() // nets)
    pool = ThreadPoolExecutor(
        min(nets, torch.get_num_threads()), "spleeter", initializer=torch.set_num_threads, initargs=(threads,)
    )

    def each(run: "Callable[[nn.Module], Tensor]", modules: "Iterable[nn.Module]") -> "Iterable[Tensor]":
        return pool.map(torch.inference_mode()(run), modules)

    return each


def spectrum_of(samples: "Tensor", moments: int) -> "Tensor":
    """From shape (channels, frames) to (channels, moments, bins); training uses it as well."""
    import torch
    from torch.nn import functional

    frames = (moments - 1) * HOP_FRAMES + FFT_FRAMES
    padded = functional.pad(samples, (0, max(0, frames - samples.shape[1])))[:, :frames]
    window = torch.hann_window(FFT_FRAMES, device=samples.device)
    spectrum: Tensor = torch.fft.rfft(padded.unfold(1, FFT_FRAMES, HOP_FRAMES) * window)
    return spectrum


def _sound(spectrum: "Tensor", mask: "Tensor", frames: int) -> "Tensor":
    """What a mask keeps of a spectrum, as sound; above the mask's bins there is nothing."""
    import torch
    from torch.nn import functional

    kept = functional.pad(spectrum[..., : mask.shape[-1]] * mask, (0, spectrum.shape[-1] - mask.shape[-1]))
    pieces = torch.fft.irfft(kept) * torch.hann_window(FFT_FRAMES, device=kept.device)
    channels, moments, _ = pieces.shape
    hops = pieces.new_zeros(channels, moments + OVERLAP - 1, HOP_FRAMES)
    for part in range(OVERLAP):
        hops[:, part : part + moments] += pieces[:, :, part * HOP_FRAMES : (part + 1) * HOP_FRAMES]
    sound = hops.flatten(1) * (2 / 3)  # squared Hann windows a quarter apart add up to 3/2
    return functional.pad(sound, (0, max(0, frames - sound.shape[1])))[:, :frames]
