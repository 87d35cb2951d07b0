"""Transpose music (pitch shifting at constant tempo) with the Signalsmith Stretch library.

A phase vocoder that separates tonal from noise-like content: held notes stay pure and beats stay in time. Not for
singing: a voice has formants, which the converters preserve.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.progress import Progress, silent
from vc_core.signal.windows import Windows, stream_in_windows

MAX_SEMITONES = 12.0
SEED = 7
FFT_BLOCK_SECONDS, FFT_OVERLAP = 0.2, 8
"""Longer blocks and more overlap than the library's defaults, which detune low bass by up to half a semitone."""
# The phase differs between windows, so windows are long and borders few.
WINDOWS = Windows(seconds=60.0, context_seconds=1.0, fade_seconds=0.05, align_seconds=0.02)


def transpose_blocks(
    blocks: Iterable[Audio], semitones: float, *, frames: int | None = None, progress: Progress = silent
) -> Iterator[Audio]:
    """As many frames as went in; 0 semitones pass the blocks through unchanged."""
    if not abs(semitones) <= MAX_SEMITONES:
        raise UserError("Music can be moved by up to {most:g} semitones.", most=MAX_SEMITONES)
    if semitones == 0:
        return iter(blocks)
    return stream_in_windows(
        blocks, lambda window: _transpose_window(window, semitones), WINDOWS, frames=frames, progress=progress
    )


def _transpose_window(window: Audio, semitones: float) -> Audio:
    from python_stretch.Signalsmith import Stretch  # optional: some Spaces don't install it

    stretch = Stretch(SEED)
    block_frames = round(FFT_BLOCK_SECONDS * window.sample_rate)
    stretch.configure(window.channels, block_frames, block_frames // FFT_OVERLAP)
    stretch.setTransposeSemitones(semitones)
    # The library needs more input than a very short window has.
    padding = max(0, 2 * block_frames - window.frames)
    shifted = np.asarray(stretch.process(np.pad(window.samples, ((0, 0), (0, padding)))), np.float32)
    return window.with_samples(np.ascontiguousarray(shifted[:, : window.frames]))
