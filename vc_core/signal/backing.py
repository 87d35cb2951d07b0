"""Separate lead from backing vocals by stereo panning: a mid/side mask in the STFT domain.

After C. Avendano, “Frequency-domain source identification and manipulation in stereo mixes”, WASPAA 2003:
time-frequency bins that both channels share go to the lead, the rest to the backing. So a backing singer panned to the
centre counts as lead, and stereo echo of the lead counts as backing.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from vc_core.audio import Audio, Samples
from vc_core.progress import Progress, silent
from vc_core.signal.windows import Windows, stream_in_windows

FFT_SECONDS = 0.09
"""Long enough to resolve the partials of two singers into separate bins."""
MAX_SIDE_TO_MID = 0.3
"""A bin whose side/mid magnitude ratio is this or higher contributes nothing to the lead."""
WINDOWS = Windows(seconds=10.0, context_seconds=0.5, fade_seconds=0.05)
MIN_BACKING_DB = -40.0
"""Relative to all vocals; a softer side signal is rounding error of the file, not a singer."""


def is_centre_panned(vocals: Iterable[Audio]) -> bool:
    """Whether the side signal is empty, so that there is no backing to separate."""
    total_energy = side_energy = 0.0
    for block in vocals:
        if block.channels == 1:
            return True
        total_energy += float(np.square(block.samples, dtype=np.float64).sum())
        side_energy += float(np.square(_to_mid_side(block.samples)[1], dtype=np.float64).sum() * 2)
    return side_energy <= total_energy * 10 ** (MIN_BACKING_DB / 10)


def split_lead_and_backing(
    vocals: Iterable[Audio], *, frames: int | None = None, progress: Progress = silent
) -> Iterator[tuple[Audio, Audio]]:
    """Yield (lead, backing) for stereo vocals, block by block; their sum equals the input."""
    for stacked in stream_in_windows(vocals, _stack_lead_and_vocals, WINDOWS, frames=frames, progress=progress):
        lead = stacked.with_samples(np.ascontiguousarray(stacked.samples[:2]))
        yield lead, stacked.with_samples(stacked.samples[2:] - lead.samples)


def _stack_lead_and_vocals(window: Audio) -> Audio:
    """Shape (4, frames): lead left and right, then the input; stacked so that both get the same cross-fades."""
    return window.with_samples(np.concatenate([extract_lead(window).samples, window.samples]))


def extract_lead(window: Audio) -> Audio:
    import librosa

    if window.channels != 2:
        raise ValueError(f"lead and backing are separated in stereo, not in {window.channels} channels")
    fft_frames = 2 ** round(np.log2(FFT_SECONDS * window.sample_rate))
    padding = max(0, fft_frames - window.frames)
    mid, side = (
        librosa.stft(np.pad(channel, (0, padding)), n_fft=fft_frames, hop_length=fft_frames // 4)
        for channel in _to_mid_side(window.samples)
    )
    side_to_mid = np.abs(side) / np.maximum(np.abs(mid), 1e-12)
    mid *= np.maximum(0.0, 1.0 - np.square(side_to_mid / MAX_SIDE_TO_MID))
    lead = librosa.istft(mid, n_fft=fft_frames, hop_length=fft_frames // 4, length=window.frames + padding)
    lead = lead[: window.frames].astype(np.float32)
    return window.with_samples(np.stack([lead, lead]))


def _to_mid_side(samples: Samples) -> tuple[Samples, Samples]:
    return (samples[0] + samples[1]) / 2, (samples[0] - samples[1]) / 2
