"""Live conversion in windows, for engines without a streaming form: the output comes in bursts, about a second late.

The analysis that other conversions make of the whole song covers the recording so far, and is updated for each window.
"""

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio, Resampler, join_blocks
from vc_core.conversion.analysis import FRAMES_PER_SECOND, SongAnalysis, analyse_song
from vc_core.conversion.base import HIGHEST_KEY_SHIFT, ConversionOptions, Converter, compute_key_shift_semitones
from vc_core.conversion.streaming.base import LiveSettings, LiveStream
from vc_core.signal.pitch import Pitch
from vc_core.signal.windows import Windows, WindowStream

Values = npt.NDArray[np.float32]
LIVE_WINDOWS = Windows(seconds=0.3, context_seconds=0.9, fade_seconds=0.02)
ANALYSED_SECONDS, MARGIN_SECONDS = 3.0, 0.5
"""The last seconds are analysed again for each window; the first part of them only warms up the pitch tracker."""
GRID_SECONDS = 0.1
"""A whole number of samples at every usual sample rate, and of pitch and power frames."""
KEY_FIXED_SECONDS = 1.0
"""After so much voiced sound the automatic key is fixed, lest it jump within a line."""


class WindowedStream(LiveStream):
    def __init__(
        self,
        converter: Converter,
        options: ConversionOptions = ConversionOptions(),
        settings: LiveSettings = LiveSettings(),
        windows: Windows = LIVE_WINDOWS,
    ) -> None:
        self._converter, self.options = converter, options
        self.sample_rate = settings.sample_rate or converter.sample_rate
        # Each window is computed within one block, so that it may take as long as the window lasts.
        self.block_seconds = windows.seconds
        self.delay_seconds = 2 * windows.seconds + windows.context_seconds
        self._resampler, self._output_resampler = Resampler(converter.sample_rate), Resampler(self.sample_rate)
        self._stream = WindowStream(self._convert, windows)
        self._recent: Audio | None = None
        self._recent_start = 0  # its first frame in the recording
        self._hertz: Values = np.zeros(0, np.float32)
        self._power: Values = np.zeros(0, np.float32)
        self._automatic_semitones: float | None = None

    def feed(self, block: Audio) -> Iterator[Audio]:
        started = time.perf_counter()
        for resampled in self._resampler.feed(block.to_mono()):
            yield from self._process(resampled)
        self.work_seconds = time.perf_counter() - started

    def finish(self) -> Iterator[Audio]:
        for resampled in self._resampler.finish():
            yield from self._process(resampled)
        for made in self._stream.finish():
            yield from self._output_resampler.feed(made)
        yield from self._output_resampler.finish()

    def _process(self, block: Audio) -> Iterator[Audio]:
        self._buffer(block)
        for made in self._stream.feed(block):
            yield from self._output_resampler.feed(made)

    def _buffer(self, block: Audio) -> None:
        self._recent = block if self._recent is None else join_blocks([self._recent, block])
        grid = round(GRID_SECONDS * block.sample_rate)
        spare = self._recent.frames - round(ANALYSED_SECONDS * block.sample_rate) - block.frames
        dropped = max(0, spare // grid * grid)
        self._recent = self._recent.slice(dropped, self._recent.frames)
        self._recent_start += dropped

    def _convert(self, window: Audio, start: int) -> Audio:
        analysis = self._update_analysis()
        convert = self._converter.begin_song(analysis, self._choose_key(analysis))
        return convert(window, start)

    def _update_analysis(self) -> SongAnalysis:
        """Of the recording so far."""
        if self._recent is None:
            raise ValueError("nothing was fed")
        rate = self._recent.sample_rate
        recent = analyse_song(self._recent, self.options.pitch_method)
        start = round(self._recent_start / rate / GRID_SECONDS) * GRID_SECONDS
        self._hertz = _splice(self._hertz, recent.pitch.hertz, start, 1 / recent.pitch.hop_seconds)
        self._power = _splice(self._power, recent.power, start, FRAMES_PER_SECOND)
        pitch = Pitch(self._hertz, np.ones_like(self._hertz), recent.pitch.hop_seconds)
        return SongAnalysis(pitch, self._power, recent.stereo, self._recent_start + self._recent.frames, rate)

    def _choose_key(self, analysis: SongAnalysis) -> ConversionOptions:
        if self.options.automatic_key == "off":
            return self.options
        automatic = self._automatic_semitones
        if automatic is None:
            alone = replace(self.options, key_shift_semitones=0.0)
            automatic = compute_key_shift_semitones(analysis.pitch, self._converter.voice, alone)
            if analysis.pitch.voiced.sum() * analysis.pitch.hop_seconds >= KEY_FIXED_SECONDS:
                self._automatic_semitones = automatic
        shift = float(np.clip(automatic + self.options.key_shift_semitones, -HIGHEST_KEY_SHIFT, HIGHEST_KEY_SHIFT))
        return replace(self.options, key_shift_semitones=shift, automatic_key="off")


def _splice(known: Values, found: Values, start_seconds: float, frames_per_second: float) -> Values:
    """Replace the known values from `start_seconds` on by those found, except in the margin."""
    margin = round(MARGIN_SECONDS * frames_per_second) if start_seconds else 0
    start = round(start_seconds * frames_per_second) + margin
    return np.concatenate([known[:start], found[margin:]])
