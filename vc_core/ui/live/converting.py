"""Convert live in one voice: the engine's stream, with capture times and the time that computing takes."""

import time
from dataclasses import dataclass, replace

from vc_core.audio import Audio, Samples
from vc_core.conversion import ConversionOptions, engine_of, load_converter
from vc_core.conversion.live import LiveSettings, open_live
from vc_core.device import choose_device
from vc_core.errors import UserError
from vc_core.ui.live.capture_times import CaptureTimes
from vc_core.voices.library import Voice

REPORT_SECONDS = 1.0


@dataclass(frozen=True)
class Choice:
    """What the singer chose, and may change while singing."""

    voice: Voice
    key_shift_semitones: float = 0.0
    look_ahead_seconds: float = 0.02

    def __post_init__(self) -> None:
        needs_gpu = bool(engine_of(self.voice).gpu_speed)  # the others run in real time on the CPU
        if needs_gpu and choose_device() == "cpu":
            raise UserError(
                "“{voice}” can't sing live without a GPU. Choose an instant voice, such as Clara.",
                voice=self.voice.name,
            )


@dataclass(frozen=True)
class Load:
    """Of the last second."""

    share: float
    """Of real time, spent on computing."""
    latency_seconds: float
    """From a sample's arrival to the end of its conversion, waiting for its block included."""


class LiveConverter:
    def __init__(self, choice: Choice, sample_rate: int) -> None:
        """Loads the voice, which may take seconds."""
        converter = load_converter(choice.voice, choose_device())
        options = ConversionOptions(key_shift_semitones=choice.key_shift_semitones)
        settings = LiveSettings(sample_rate=sample_rate, look_ahead_seconds=choice.look_ahead_seconds)
        self.choice, self._sample_rate = choice, sample_rate
        self._stream = open_live(converter, options, settings)
        self._times = CaptureTimes()
        self._frames_in = self._frames_out = 0
        self._reset_load()

    def change(self, choice: Choice) -> bool:
        """Change the key; False if voice or look-ahead are others, which needs another stream."""
        if choice.key_shift_semitones != self.choice.key_shift_semitones:
            self.choice = replace(self.choice, key_shift_semitones=choice.key_shift_semitones)
            self._stream.options = replace(self._stream.options, key_shift_semitones=choice.key_shift_semitones)
        return choice == self.choice

    def feed(self, samples: Samples, captured_seconds: float) -> list[tuple[Audio, float]]:
        """Converted blocks, each with the capture time of its first sample."""
        started = time.perf_counter()
        self._times.add(self._frames_in / self._sample_rate, captured_seconds)
        self._frames_in += samples.shape[1]
        made = self._add_times(list(self._stream.feed(Audio(samples, self._sample_rate))))
        self._blocks += 1
        self._work_seconds += time.perf_counter() - started
        self._sound_seconds += samples.shape[1] / self._sample_rate
        return made

    def finish(self) -> list[tuple[Audio, float]]:
        return self._add_times(list(self._stream.finish())) if self._frames_in else []

    def measure_load(self) -> Load | None:
        """Of the time since the last one; None before it has lasted `REPORT_SECONDS`."""
        if time.monotonic() - self._load_start < REPORT_SECONDS:
            return None
        load = Load(
            self._work_seconds / self._sound_seconds, self._stream.delay_seconds + self._work_seconds / self._blocks
        )
        self._reset_load()
        return load

    def _reset_load(self) -> None:
        self._load_start = time.monotonic()
        self._blocks, self._work_seconds, self._sound_seconds = 0, 0.0, 0.0

    def _add_times(self, made: list[Audio]) -> list[tuple[Audio, float]]:
        timed = []
        for block in made:
            timed.append((block, self._times.find(self._frames_out / self._sample_rate)))
            self._frames_out += block.frames
        return timed
