"""What must be known of a whole song before its first moment can be converted: its pitch, and how loud it is where."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio, Samples, resample_blocks, resampled_frames
from vc_core.conversion.placing import Placement, Placer
from vc_core.pitch import Pitch, PitchSearch, find_pitch_in_blocks, voiced_stretches, without_octave_errors
from vc_core.progress import Progress, silent
from vc_core.reading import AudioFile

RATE = 16_000
"""A voice's pitch and loudness are all below 8 kHz."""
MOMENTS_PER_SECOND = 100
SHORTEST_VOICED_SECONDS = 0.03
LOWEST_HZ, HIGHEST_HZ = 50.0, 1100.0
_CELL = 40
"""Power is summed over so many frames first: a moment lasts 10 cells, and the next comes 4 cells later."""


@dataclass(frozen=True, eq=False)
class Heard:
    """Small beside the song: some hundred numbers for each second."""

    pitch: Pitch
    """As it is sung, without what is surely found wrongly."""
    power: npt.NDArray[np.float32]
    """Of the middle of all channels, over the 25 ms around each 10th millisecond."""
    placement: Placement
    frames: int
    sample_rate: int


def listen(song: Audio | AudioFile, method: str = "dio", *, progress: Progress = silent) -> Heard:
    """Read through a song once; memory beside the result does not depend on its length."""
    placer, ear = Placer(), _Ear()
    blocks = [song] if isinstance(song, Audio) else song.blocks()
    low = ear.low(resample_blocks(placer.middle(ear.all(blocks)), RATE))
    frames = None if song.frames is None else resampled_frames(song.frames, song.sample_rate, RATE)
    search = PitchSearch(lowest_hz=LOWEST_HZ, highest_hz=HIGHEST_HZ)
    found = find_pitch_in_blocks(low, method, search, frames=frames, progress=progress)
    return Heard(_repaired(found), ear.power(), placer.placement(), ear.frames, song.sample_rate)


def _repaired(found: Pitch) -> Pitch:
    pitch = without_octave_errors(found)
    hertz = pitch.hertz.copy()
    for first, last in voiced_stretches(pitch):
        if (last - first) * pitch.hop_seconds < SHORTEST_VOICED_SECONDS:
            hertz[first:last] = 0.0
    return Pitch(hertz, pitch.confidence, pitch.hop_seconds)


class _Ear:
    """Adds up what passes by."""

    def __init__(self) -> None:
        self.frames = 0
        self._cells: list[npt.NDArray[np.float64]] = []
        self._rest: Samples = np.zeros(0, np.float32)

    def all(self, blocks: Iterable[Audio]) -> Iterator[Audio]:
        for block in blocks:
            self.frames += block.frames
            yield block

    def low(self, blocks: Iterable[Audio]) -> Iterator[Audio]:
        for block in blocks:
            samples = np.concatenate([self._rest, block.samples[0]])
            whole = len(samples) // _CELL * _CELL
            self._cells.append(np.square(samples[:whole], dtype=np.float64).reshape(-1, _CELL).sum(axis=1))
            self._rest = samples[whole:]
            yield block
        if not self._cells:  # shorter than one frame at this rate
            yield Audio(np.zeros((1, 1), np.float32), RATE)

    def power(self) -> npt.NDArray[np.float32]:
        rest = np.square(self._rest, dtype=np.float64).sum(keepdims=True)
        sums = np.concatenate([np.zeros(6), *self._cells, rest, np.zeros(10)]).cumsum()
        frames = sum(map(len, self._cells)) * _CELL + len(self._rest)
        firsts = 4 * np.arange(frames * MOMENTS_PER_SECOND // RATE + 1)
        power: npt.NDArray[np.float32] = ((sums[firsts + 10] - sums[firsts]) / (10 * _CELL)).astype(np.float32)
        return power
