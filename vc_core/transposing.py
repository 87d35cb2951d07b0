"""Music in another key at the same speed, by the Signalsmith Stretch library.

It is a phase vocoder that tells tones from noise and moves each tone as a whole; held notes stay pure, and the beat
stays where it is. Singing is not moved by this: a voice has formants, which the converters keep.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.progress import Progress, silent
from vc_core.slicing import Windows, stream_in_windows

HIGHEST_SEMITONES = 12.0
SEED = 7
BLOCK_SECONDS, OVERLAP = 0.2, 8
"""Longer and closer than the library's own: with those, a low bass was out of tune by up to half a semitone."""
# Where windows meet, their tones are in another phase, so these are long and seams are few.
WINDOWS = Windows(seconds=60.0, context_seconds=1.0, fade_seconds=0.05, align_seconds=0.02)


def transposed(
    blocks: Iterable[Audio], semitones: float, *, frames: int | None = None, progress: Progress = silent
) -> Iterator[Audio]:
    """As many frames as went in; 0 semitones give the very samples."""
    if not abs(semitones) <= HIGHEST_SEMITONES:
        raise UserError(f"Music can be moved by up to {HIGHEST_SEMITONES:g} semitones.")
    if semitones == 0:
        return iter(blocks)
    return stream_in_windows(blocks, lambda piece: _moved(piece, semitones), WINDOWS, frames=frames, progress=progress)


def _moved(piece: Audio, semitones: float) -> Audio:
    from python_stretch.Signalsmith import Stretch  # here, for the Spaces that move no music

    stretch = Stretch(SEED)
    block = round(BLOCK_SECONDS * piece.sample_rate)
    stretch.configure(piece.channels, block, block // OVERLAP)
    stretch.setTransposeSemitones(semitones)
    # Its own spectra are longer than a very short sound.
    silence = max(0, 2 * block - piece.frames)
    moved = np.asarray(stretch.process(np.pad(piece.samples, ((0, 0), (0, silence)))), np.float32)
    return piece.with_samples(np.ascontiguousarray(moved[:, : piece.frames]))
