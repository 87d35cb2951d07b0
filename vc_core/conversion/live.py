"""A voice that sings along: sound goes in as it is recorded, and comes out converted about a second later.

What a converter wants to know of a whole song is known here of what was sung so far, and anew with each window.
"""

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio, Resampler, join
from vc_core.conversion.base import HIGHEST_KEY_SHIFT, ConversionOptions, Converter, key_shift_semitones
from vc_core.conversion.listening import MOMENTS_PER_SECOND, Heard, listen
from vc_core.pitch import Pitch
from vc_core.slicing import Windows, WindowStream

Values = npt.NDArray[np.float32]
LIVE_WINDOWS = Windows(seconds=0.5, context_seconds=0.4, fade_seconds=0.02)
HEARD_SECONDS, MARGIN_SECONDS = 3.0, 0.5
"""So much of the end is listened to again each time, and the first of it only to find into it."""
STEP_SECONDS = 0.1
"""A whole number of frames at every usual rate, and of the moments at which pitch and power are known."""
SETTLED_SECONDS = 1.0
"""After so much voiced sound the automatic key stays what it is, or it would jump within a line."""


class LiveConversion:
    def __init__(
        self,
        converter: Converter,
        options: ConversionOptions = ConversionOptions(),
        windows: Windows = LIVE_WINDOWS,
    ) -> None:
        self._converter, self._options, self._windows = converter, options, windows
        self._resampler = Resampler(converter.sample_rate)
        self._stream = WindowStream(self._sung, windows)
        self._recent: Audio | None = None
        self._recent_from = 0  # where in the recording it starts
        self._hertz: Values = np.zeros(0, np.float32)
        self._power: Values = np.zeros(0, np.float32)
        self._work_seconds = 0.0

    @property
    def latency_seconds(self) -> float:
        """From what is sung to where it is heard: the wait for a window, what is heard behind it, and the work."""
        return self._windows.seconds + self._windows.context_seconds + self._work_seconds

    def feed(self, block: Audio) -> Iterator[Audio]:
        """What is ready now, mono at the voice's rate."""
        for piece in self._resampler.feed(block.mono()):
            self._remember(piece)
            yield from self._stream.feed(piece)

    def finish(self) -> Iterator[Audio]:
        """The rest; together as long as all that was fed."""
        for piece in self._resampler.finish():
            self._remember(piece)
            yield from self._stream.feed(piece)
        yield from self._stream.finish()

    def _remember(self, piece: Audio) -> None:
        self._recent = piece if self._recent is None else join([self._recent, piece])
        step = round(STEP_SECONDS * piece.sample_rate)
        spare = self._recent.frames - round(HEARD_SECONDS * piece.sample_rate) - piece.frames
        dropped = max(0, spare // step * step)
        self._recent = self._recent.between(dropped, self._recent.frames)
        self._recent_from += dropped

    def _sung(self, piece: Audio) -> Audio:
        started = time.perf_counter()
        heard = self._heard()
        made = self._converter.begin(heard, self._settled(heard))(piece, self._stream.heard_from)
        self._work_seconds = time.perf_counter() - started
        return made

    def _heard(self) -> Heard:
        """What is known of the recording so far."""
        if self._recent is None:
            raise ValueError("nothing was fed")
        rate = self._recent.sample_rate
        last = listen(self._recent, self._options.pitch_method)
        begin = round(self._recent_from / rate / STEP_SECONDS) * STEP_SECONDS
        self._hertz = _continued(self._hertz, last.pitch.hertz, begin, 1 / last.pitch.hop_seconds)
        self._power = _continued(self._power, last.power, begin, MOMENTS_PER_SECOND)
        pitch = Pitch(self._hertz, np.ones_like(self._hertz), last.pitch.hop_seconds)
        return Heard(pitch, self._power, last.placement, self._recent_from + self._recent.frames, rate)

    def _settled(self, heard: Heard) -> ConversionOptions:
        if self._options.automatic_key == "off":
            return self._options
        shift = key_shift_semitones(heard.pitch, self._converter.voice, self._options)
        shift = float(np.clip(shift, -HIGHEST_KEY_SHIFT, HIGHEST_KEY_SHIFT))
        options = replace(self._options, key_shift_semitones=shift, automatic_key="off")
        if heard.pitch.voiced.sum() * heard.pitch.hop_seconds >= SETTLED_SECONDS:
            self._options = options
        return options


def _continued(known: Values, found: Values, begin_seconds: float, per_second: float) -> Values:
    """What was found from there on takes the place of what was known, but for its first moments."""
    margin = round(MARGIN_SECONDS * per_second) if begin_seconds else 0
    begin = round(begin_seconds * per_second) + margin
    return np.concatenate([known[:begin], found[margin:]])
