"""Spleeter in torch: STFT, U-Net masks and iSTFT segment by segment, with the same stems as the original.

The original holds the whole song in memory; but its segments of 512 frames are independent of one another, and only
their edges overlap. So windows are segments, joined by overlap-add.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from vc_core.audio import Audio
from vc_core.device import download, upload
from vc_core.separation.base import Separator, Stems
from vc_core.signal.windows import Windows

if TYPE_CHECKING:
    from torch import Tensor, nn

    from vc_core.models.unet import ForEach, StemNets

SAMPLE_RATE = 44_100
FFT_SIZE = 4096
HOP_SAMPLES = 1024
OVERLAPPING_FRAMES = FFT_SIZE // HOP_SAMPLES
SEGMENT_FRAMES = 512
SEGMENT_SAMPLES = SEGMENT_FRAMES * HOP_SAMPLES
LOW_BINS, HIGH_BINS = 1024, 1536
"""Bins that the networks process: up to 11 kHz, or to 16.5 kHz."""
MASK_FLOOR = 1e-10
"""Where all masks are 0, the bin is shared equally."""


class Spleeter(Separator):
    sample_rate = SAMPLE_RATE
    requires_stereo = True
    windows = Windows(
        seconds=SEGMENT_SAMPLES / SAMPLE_RATE,
        context_seconds=FFT_SIZE / SAMPLE_RATE,
        fade_seconds=2 * FFT_SIZE / SAMPLE_RATE,
        overlap_add=True,
        leading_silence=True,
    )

    def __init__(self, nets: "StemNets", device: str, *, treble: bool = False) -> None:
        self.stem_names = tuple(nets.nets)
        self._nets = nets.eval().to(device)
        self.device = device
        self._bins = HIGH_BINS if treble else LOW_BINS
        self._each = map if device != "cpu" else _map_in_threads(len(self.stem_names))

    def split(self, window: Audio) -> Stems:
        return self.split_batch([window])[0]

    def split_batch(self, windows: Sequence[Audio]) -> list[Stems]:
        import torch

        frames = windows[0].frames
        with torch.inference_mode():
            samples = upload(np.concatenate([window.samples for window in windows]), self.device)
            spectrum = compute_stft(samples, self._count_frames(windows[0]))
            masks = torch.cat(
                [self._compute_masks(segment) for segment in torch.split(spectrum, SEGMENT_FRAMES, dim=1)], dim=2
            )
            stems = [np.split(download(_apply_mask(spectrum, mask, frames)), len(windows)) for mask in masks]
        return [
            {name: window.with_samples(stem[at]) for name, stem in zip(self.stem_names, stems, strict=True)}
            for at, window in enumerate(windows)
        ]

    def _count_frames(self, window: Audio) -> int:
        """A whole window is one segment; the rest of the song in the last window may need a second one."""
        if window.frames == SEGMENT_SAMPLES + 2 * FFT_SIZE:
            return SEGMENT_FRAMES
        return -(-window.frames // HOP_SAMPLES)

    def _compute_masks(self, spectrum: "Tensor") -> "Tensor":
        """Soft mask of each stem, shape (stems, channels, frames, bins); each window has two channels."""
        from torch.nn import functional

        frames = spectrum.shape[1]
        magnitudes = functional.pad(spectrum[..., : self._bins].abs(), (0, 0, 0, SEGMENT_FRAMES - frames))
        masked: Tensor = self._nets(magnitudes.unflatten(0, (-1, 2)), self._each)  # type: ignore[no-untyped-call]
        powers = masked.flatten(1, 2)[:, :, :frames] ** 2
        return (powers + MASK_FLOOR / len(powers)) / (powers.sum(dim=0) + MASK_FLOOR)


def _map_in_threads(nets: int) -> "ForEach":
    """A map that runs the networks in parallel with fewer threads each.

    With all threads in one network they wait for the slowest at each layer: on a busy machine that takes several times
    as long, and on an idle one a little longer.
    """
    import torch

    threads = max(1, torch.get_num_threads() // nets)
    pool = ThreadPoolExecutor(
        min(nets, torch.get_num_threads()), "spleeter", initializer=torch.set_num_threads, initargs=(threads,)
    )

    def each(run: "Callable[[nn.Module], Tensor]", modules: "Iterable[nn.Module]") -> "Iterable[Tensor]":
        return pool.map(torch.inference_mode()(run), modules)

    return each


def compute_stft(samples: "Tensor", frames: int) -> "Tensor":
    """STFT of (channels, samples), shape (channels, frames, bins); training uses it as well."""
    import torch
    from torch.nn import functional

    length = (frames - 1) * HOP_SAMPLES + FFT_SIZE
    padded = functional.pad(samples, (0, max(0, length - samples.shape[1])))[:, :length]
    window = torch.hann_window(FFT_SIZE, device=samples.device)
    spectrum: Tensor = torch.fft.rfft(padded.unfold(1, FFT_SIZE, HOP_SAMPLES) * window)
    return spectrum


def compute_istft(spectrum: "Tensor") -> "Tensor":
    """Inverse of `compute_stft` where all frames overlap, by overlap-add; bins that are missing at the top are 0."""
    import torch
    from torch.nn import functional

    padded = functional.pad(spectrum, (0, FFT_SIZE // 2 + 1 - spectrum.shape[-1]))
    segments = torch.fft.irfft(padded) * torch.hann_window(FFT_SIZE, device=spectrum.device)
    channels, frames, _ = segments.shape
    hops = segments.new_zeros(channels, frames + OVERLAPPING_FRAMES - 1, HOP_SAMPLES)
    for hop in range(OVERLAPPING_FRAMES):
        hops[:, hop : hop + frames] += segments[:, :, hop * HOP_SAMPLES : (hop + 1) * HOP_SAMPLES]
    samples: Tensor = hops.flatten(1) * (2 / 3)  # squared Hann windows at a quarter of their length sum to 3/2
    return samples


def _apply_mask(spectrum: "Tensor", mask: "Tensor", samples: int) -> "Tensor":
    """iSTFT of the masked spectrum, shape (channels, samples); 0 above the mask's bins."""
    from torch.nn import functional

    audio = compute_istft(spectrum[..., : mask.shape[-1]] * mask)
    return functional.pad(audio, (0, max(0, samples - audio.shape[1])))[:, :samples]
