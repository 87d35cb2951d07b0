"""Base class of the voice converters: options, conversion of a song in windows, and the key shift."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from vc_core.audio import Audio, count_resampled_frames, join_blocks, resample_blocks
from vc_core.conversion.analysis import SongAnalysis, analyse_song
from vc_core.conversion.stereo import apply_stereo
from vc_core.engine import Engine
from vc_core.errors import Message
from vc_core.files.provenance import Provenance
from vc_core.files.reading import AudioFile
from vc_core.files.writing import DEFAULT_FORMAT, AudioWriter
from vc_core.options import check_options, option
from vc_core.progress import Progress, name_steps, silent, subprogress
from vc_core.signal.fitting_windows import FittingProcess
from vc_core.signal.pitch import DEFAULT_METHOD, METHODS, Pitch, find_pitch_range
from vc_core.signal.windows import PositionedProcess, Windows, stream_in_positioned_windows
from vc_core.voices.library import Voice

AutomaticKey = Literal["off", "octaves", "semitones"]
AUTOMATIC_KEYS: dict[AutomaticKey, str] = {
    "octaves": "The octave in which the voice is at home; the song keeps its key",
    "semitones": "The key in which the voice is at home",
    "off": "As it is sung",
}
HIGHEST_KEY_SHIFT = 24.0
HIGHEST_FORMANT_SHIFT = 12.0
HIGHEST_BREATH_DB = 24.0
CONVERSION_SECONDS_PER_SECOND = 0.2
"""About how long a second of sound takes on two cores, for the shares of a progress."""


@dataclass(frozen=True, kw_only=True)
class ConversionOptions:
    """Conversion options that all engines have."""

    key_shift_semitones: float = option(
        0.0, Message("key shift in semitones"), flag="--key", help="Semitones up or down.", word="key_shift",
        lowest=-HIGHEST_KEY_SHIFT, highest=HIGHEST_KEY_SHIFT, step=1,
    )  # fmt: skip
    """Added to the shift of the automatic key."""
    automatic_key: AutomaticKey = option(
        "octaves", Message("automatic key"), flag="--auto-key", help=f"{', '.join(AUTOMATIC_KEYS)}.",
        word="automatic_key", choices=AUTOMATIC_KEYS, choice_words="key",
    )  # fmt: skip
    formant_shift_semitones: float = option(
        0.0, Message("formant shift in semitones"), flag="--formant", help="Semitones: down for a larger throat.",
        word="formant", lowest=-HIGHEST_FORMANT_SHIFT, highest=HIGHEST_FORMANT_SHIFT, step=0.5,
    )  # fmt: skip
    """Down for a longer vocal tract, up for a shorter one; the pitch does not change."""
    breath_db: float = option(
        0.0, Message("breath in dB"), flag="--breath", help="More or less breath, in dB.", word="breath",
        lowest=-HIGHEST_BREATH_DB, highest=HIGHEST_BREATH_DB, step=1,
    )  # fmt: skip
    """The gain of the noise component."""
    seed: int = option(
        0, Message("seed"), flag="--seed", help="The same number gives the same sound.", word="seed", lowest=0
    )
    """Of the noise generator."""
    pitch_method: str = option(
        DEFAULT_METHOD, Message("pitch method"), flag="--pitch", help=f"How pitch is found: {', '.join(METHODS)}.",
        word="pitch_method", choices=METHODS,
    )  # fmt: skip
    own: Any = None
    """Options of the voice's engine: an instance of `ConversionEngine.own_options`; None for the defaults."""

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True)
class Converted:
    """A converted song in a file."""

    path: Path
    notes: tuple[str, ...]
    """Changes made while writing, such as a lowered level, and what in the voice does not suit the song."""
    analysis: SongAnalysis
    shift_semitones: float
    """The total shift: automatic key and option."""


ConvertWindow = PositionedProcess
"""Converts a window of shape (1, frames) at the converter's sample rate, given its first frame in the song.

If it is a `BatchProcess` on a GPU, it gets as many windows at once as fit into the free memory.
"""


class Converter(ABC):
    """An engine with a loaded voice; immutable, so that one instance serves all sessions."""

    voice: Voice
    windows: Windows
    shortest_seconds: float = 0.05
    """Shorter songs are padded with silence."""

    @property
    def sample_rate(self) -> int:
        return self.voice.card.sample_rate

    @abstractmethod
    def begin_song(self, song: SongAnalysis, options: ConversionOptions) -> ConvertWindow:
        """Compute what depends on the whole song, and return the function that converts one window."""

    def convert(
        self, song: Audio, options: ConversionOptions = ConversionOptions(), *, progress: Progress = silent
    ) -> Audio:
        """Convert a song in memory; sample rate, channels and number of frames stay the same."""
        if not song.frames:
            return song
        analysis = analyse_song(song, options.pitch_method, progress=subprogress(progress, 0.0, 0.2))
        return join_blocks(self.stream(song, analysis, options, progress=subprogress(progress, 0.2, 1.0)))

    def convert_file(
        self,
        song: AudioFile,
        target: Path,
        options: ConversionOptions = ConversionOptions(),
        *,
        provenance: Provenance | None = None,
        format_name: str = DEFAULT_FORMAT,
        progress: Progress = silent,
    ) -> Converted:
        """Convert from file to file; memory use does not depend on the song's length."""
        share, sample_rate = _compute_analysis_share(options), song.sample_rate
        analysing = name_steps(subprogress(progress, 0.0, share), Message("Analysing the melody"))
        analysis = analyse_song(song, options.pitch_method, progress=analysing)
        with AudioWriter(target, sample_rate, song.channels, format_name=format_name, provenance=provenance) as writer:
            converting = name_steps(subprogress(progress, share, 1.0), Message("Converting"))
            for block in self.stream(song, analysis, options, progress=converting):
                writer.write(block)
        shift = compute_key_shift_semitones(analysis.pitch, self.voice, options)
        notes = (*writer.notes(), *self.check_song(song, analysis, options))
        return Converted(writer.path, notes, analysis, shift)

    def check_song(self, song: AudioFile, analysis: SongAnalysis, options: ConversionOptions) -> list[str]:
        """Notes on what in the voice does not suit the song."""
        return []

    def stream(
        self,
        song: Audio | AudioFile,
        analysis: SongAnalysis,
        options: ConversionOptions,
        *,
        progress: Progress = silent,
    ) -> Iterator[Audio]:
        """Yield the converted song in consecutive blocks, with exactly as many frames as the song."""
        convert_window = FittingProcess(self.begin_song(analysis, options), self.windows)
        frames = count_resampled_frames(analysis.frames, song.sample_rate, self.sample_rate)
        frames = max(frames, self._count_shortest_frames(self.sample_rate))
        mono = self._read_padded_mono(song, analysis)
        converted = stream_in_positioned_windows(mono, convert_window, self.windows, frames=frames, progress=progress)
        fitted = _fit_length(resample_blocks(converted, song.sample_rate), analysis)
        yield from apply_stereo(fitted, analysis.stereo)

    def _read_padded_mono(self, song: Audio | AudioFile, analysis: SongAnalysis) -> Iterator[Audio]:
        """Blocks of the mono downmix at the converter's sample rate; short songs are padded."""

        def blocks() -> Iterator[Audio]:
            yield from (block.to_mono() for block in ([song] if isinstance(song, Audio) else song.blocks()))
            if (missing := self._count_shortest_frames(song.sample_rate) - analysis.frames) > 0:
                yield Audio(np.zeros((1, missing), np.float32), song.sample_rate)

        return resample_blocks(blocks(), self.sample_rate)

    def _count_shortest_frames(self, sample_rate: int) -> int:
        return round(self.shortest_seconds * sample_rate)


def _compute_analysis_share(options: ConversionOptions) -> float:
    """The share of the time that the analysis takes: with some pitch methods, more than the conversion."""
    seconds = METHODS[options.pitch_method].cpu_seconds_per_second
    return seconds / (seconds + CONVERSION_SECONDS_PER_SECOND)


def _fit_length(blocks: Iterable[Audio], analysis: SongAnalysis) -> Iterator[Audio]:
    """Trim the padding of a short song, or add the frame that resampling may lose."""
    missing = analysis.frames
    for block in blocks:
        yield block.slice(0, missing)
        missing = max(0, missing - block.frames)
    if missing:
        yield Audio(np.zeros((1, missing), np.float32), analysis.sample_rate)


def compute_key_shift_semitones(pitch: Pitch, voice: Voice, options: ConversionOptions) -> float:
    """The total shift: the rounded distance from the song's pitch range to the voice's, and the user's shift."""
    sung_hz, range_hz = find_pitch_range(pitch), voice.card.pitch_range_hz
    if options.automatic_key == "off" or range_hz is None or sung_hz is None:
        return options.key_shift_semitones
    step = 12 if options.automatic_key == "octaves" else 1
    distance = compute_distance_semitones(sung_hz, range_hz)
    return float(step * np.round(distance / step)) + options.key_shift_semitones


def compute_distance_semitones(sung_hz: tuple[float, float], range_hz: tuple[float, float]) -> float:
    """From the centre of what is sung up to that of a voice's range, on the logarithmic scale of pitch."""
    return float(12 * (np.mean(np.log2(range_hz)) - np.mean(np.log2(sung_hz))))


@dataclass(frozen=True)
class NoOptions:
    """Of an engine without options of its own."""


@dataclass(frozen=True)
class ConversionEngine(Engine[Voice, Converter]):
    """A registered conversion engine; loads a voice of the library as a `Converter`."""

    own_options: type[Any] = NoOptions
    """The dataclass of `ConversionOptions.own`."""
