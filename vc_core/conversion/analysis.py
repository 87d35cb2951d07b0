"""Analysis pass over a whole song before conversion: F0, frame power and stereo image."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio, Samples, count_resampled_frames, resample_blocks
from vc_core.conversion.stereo import StereoAnalyser, StereoImage
from vc_core.files.reading import AudioFile
from vc_core.progress import Progress, silent
from vc_core.signal.pitch import (
    Pitch,
    PitchSettings,
    correct_octave_errors,
    estimate_pitch_of_blocks,
    find_voiced_segments,
)

ANALYSIS_SAMPLE_RATE = 16_000
"""F0 and loudness of a voice lie below 8 kHz."""
FRAMES_PER_SECOND = 100
SHORTEST_VOICED_SECONDS = 0.03
LOWEST_HZ, HIGHEST_HZ = 50.0, 1100.0
_CELL_SAMPLES, _WINDOW_CELLS, _HOP_CELLS = 40, 10, 4
"""Power is summed over cells first: a 25 ms window is 10 cells, the 10 ms hop 4."""


@dataclass(frozen=True, eq=False)
class SongAnalysis:
    """Small beside the song: a few hundred numbers per second."""

    pitch: Pitch
    """F0 of the singing, without octave errors and implausibly short voiced segments."""
    power: npt.NDArray[np.float32]
    """Of the mono mix, in windows of 25 ms with a hop of 10 ms; shape (frames,)."""
    stereo: StereoImage
    frames: int
    sample_rate: int


def analyse_song(song: Audio | AudioFile, method: str = "dio", *, progress: Progress = silent) -> SongAnalysis:
    """Read a song once, in memory that does not depend on its length."""
    stereo, meter = StereoAnalyser(), _PowerMeter()
    blocks = [song] if isinstance(song, Audio) else song.blocks()
    mono = stereo.downmix(meter.count_frames(blocks))
    low = meter.measure_power(resample_blocks(mono, ANALYSIS_SAMPLE_RATE))
    frames = (
        None if song.frames is None else count_resampled_frames(song.frames, song.sample_rate, ANALYSIS_SAMPLE_RATE)
    )
    search = PitchSettings(lowest_hz=LOWEST_HZ, highest_hz=HIGHEST_HZ)
    pitch = estimate_pitch_of_blocks(low, method, search, frames=frames, progress=progress)
    return SongAnalysis(
        _clean_pitch(pitch), meter.compute_frame_power(), stereo.estimate(), meter.frames, song.sample_rate
    )


def _clean_pitch(pitch: Pitch) -> Pitch:
    pitch = correct_octave_errors(pitch)
    hertz = pitch.hertz.copy()
    for first, last in find_voiced_segments(pitch):
        if (last - first) * pitch.hop_seconds < SHORTEST_VOICED_SECONDS:
            hertz[first:last] = 0.0
    return Pitch(hertz, pitch.confidence, pitch.hop_seconds)


class _PowerMeter:
    """Passes blocks on, counting their frames and summing their power."""

    def __init__(self) -> None:
        self.frames = 0
        self._cells: list[npt.NDArray[np.float64]] = []
        self._rest: Samples = np.zeros(0, np.float32)

    def count_frames(self, blocks: Iterable[Audio]) -> Iterator[Audio]:
        for block in blocks:
            self.frames += block.frames
            yield block

    def measure_power(self, blocks: Iterable[Audio]) -> Iterator[Audio]:
        for block in blocks:
            samples = np.concatenate([self._rest, block.samples[0]])
            whole = len(samples) // _CELL_SAMPLES * _CELL_SAMPLES
            squares = np.square(samples[:whole], dtype=np.float64)
            self._cells.append(squares.reshape(-1, _CELL_SAMPLES).sum(axis=1))
            self._rest = samples[whole:]
            yield block
        if not self._cells:  # shorter than one sample at this rate
            yield Audio(np.zeros((1, 1), np.float32), ANALYSIS_SAMPLE_RATE)

    def compute_frame_power(self) -> npt.NDArray[np.float32]:
        rest = np.square(self._rest, dtype=np.float64).sum(keepdims=True)
        before = np.zeros(_WINDOW_CELLS // 2 + 1)  # centres the windows; the extra cell starts the running sum at 0
        sums = np.concatenate([before, *self._cells, rest, np.zeros(_WINDOW_CELLS)]).cumsum()
        samples = sum(map(len, self._cells)) * _CELL_SAMPLES + len(self._rest)
        starts = _HOP_CELLS * np.arange(samples * FRAMES_PER_SECOND // ANALYSIS_SAMPLE_RATE + 1)
        power = (sums[starts + _WINDOW_CELLS] - sums[starts]) / (_WINDOW_CELLS * _CELL_SAMPLES)
        return np.asarray(power, np.float32)
