"""Who sings in the middle, and who to the sides: lead and backing vocals parted by where they stand in stereo.

A time-frequency mask of the panning, in the spirit of C. Avendano, “Frequency-domain source identification and
manipulation in stereo mixes”, WASPAA 2003: what both channels share is kept for the lead, all else is backing. So a
backing singer in the middle is taken for the lead, and the stereo echo of the lead for backing.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from vc_core.audio import Audio, Samples
from vc_core.progress import Progress, silent
from vc_core.slicing import Windows, stream_in_windows

FFT_SECONDS = 0.09
"""Long enough that the partials of two singers lie in bins of their own."""
WIDEST = 0.3
"""Sides as loud as this share of the middle, and louder, leave nothing of a bin to the lead."""
WINDOWS = Windows(seconds=10.0, context_seconds=0.5, fade_seconds=0.05)
SOFTEST_BACKING_DB = -40.0
"""Against all the vocals; what is softer is no singer, but the rounding of a file."""


def is_in_middle(vocals: Iterable[Audio]) -> bool:
    """Nobody stands to a side: there is nothing that could be parted."""
    whole = sides = 0.0
    for block in vocals:
        if block.channels == 1:
            return True
        whole += float(np.square(block.samples, dtype=np.float64).sum())
        sides += float(np.square(_halves(block.samples)[1], dtype=np.float64).sum() * 2)
    return sides <= whole * 10 ** (SOFTEST_BACKING_DB / 10)


def part_backing(
    vocals: Iterable[Audio], *, frames: int | None = None, progress: Progress = silent
) -> Iterator[tuple[Audio, Audio]]:
    """Stereo vocals as lead and backing, block by block; the two add up to what came in."""
    for both in stream_in_windows(vocals, _parted, WINDOWS, frames=frames, progress=progress):
        lead = both.with_samples(np.ascontiguousarray(both.samples[:2]))
        yield lead, both.with_samples(both.samples[2:] - lead.samples)


def _parted(piece: Audio) -> Audio:
    """The lead, and under it the vocals as they are: faded alike at the borders of windows, they stay in step."""
    import librosa

    if piece.channels != 2:
        raise ValueError(f"backing is parted in stereo, not in {piece.channels} channels")
    fft_frames = 2 ** round(np.log2(FFT_SECONDS * piece.sample_rate))
    padding = max(0, fft_frames - piece.frames)
    middle, sides = (
        librosa.stft(np.pad(half, (0, padding)), n_fft=fft_frames, hop_length=fft_frames // 4)
        for half in _halves(piece.samples)
    )
    breadth = np.abs(sides) / np.maximum(np.abs(middle), 1e-12)
    middle *= np.maximum(0.0, 1.0 - np.square(breadth / WIDEST))
    lead = librosa.istft(middle, n_fft=fft_frames, hop_length=fft_frames // 4, length=piece.frames + padding)
    lead = lead[: piece.frames].astype(np.float32)
    return piece.with_samples(np.concatenate([[lead, lead], piece.samples]))


def _halves(samples: Samples) -> tuple[Samples, Samples]:
    """Middle and sides of two channels."""
    return (samples[0] + samples[1]) / 2, (samples[0] - samples[1]) / 2
