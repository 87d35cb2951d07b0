"""What every converter does: somebody sings, and a voice sings it instead."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from vc_core.audio import Audio, join, resample_blocks, resampled_frames
from vc_core.conversion.listening import Heard, listen
from vc_core.conversion.placing import placed
from vc_core.conversion.so_vits_options import SoVitsOptions
from vc_core.errors import UserError
from vc_core.pitch import METHODS, Pitch
from vc_core.progress import Progress, part_of, silent
from vc_core.provenance import Provenance
from vc_core.reading import AudioFile
from vc_core.slicing import PlacedProcess, Windows, stream_in_placed_windows
from vc_core.voices import Voice
from vc_core.writing import DEFAULT_FORMAT, AudioWriter

AutomaticKey = Literal["off", "octaves", "semitones"]
AUTOMATIC_KEYS: dict[AutomaticKey, str] = {
    "octaves": "The octave in which the voice is at home; the song keeps its key",
    "semitones": "The key in which the voice is at home",
    "off": "As it is sung",
}
HIGHEST_KEY_SHIFT = 24.0
HIGHEST_FORMANT_SHIFT = 12.0
HIGHEST_BREATH_DB = 24.0


@dataclass(frozen=True)
class ConversionOptions:
    """What a person can choose, for every engine."""

    key_shift_semitones: float = 0.0
    """Added to what the automatic key does."""
    automatic_key: AutomaticKey = "octaves"
    formant_shift_semitones: float = 0.0
    """Down makes the throat larger, up smaller; the pitch stays."""
    breath_db: float = 0.0
    """How much louder the voice's breath and hiss is than it would be."""
    seed: int = 0
    """Of the noise; the same seed gives the same sound."""
    pitch_method: str = "dio"
    so_vits: SoVitsOptions = field(default_factory=SoVitsOptions)

    def __post_init__(self) -> None:
        if self.automatic_key not in AUTOMATIC_KEYS:
            known = ", ".join(AUTOMATIC_KEYS)
            raise UserError(f"There is no automatic key “{self.automatic_key}”. There are: {known}.")
        if self.pitch_method not in METHODS:
            known = ", ".join(METHODS)
            raise UserError(f"There is no way to find pitch called “{self.pitch_method}”. There are: {known}.")
        if not abs(self.key_shift_semitones) <= HIGHEST_KEY_SHIFT:
            raise UserError(f"The key can be shifted by up to {HIGHEST_KEY_SHIFT:g} semitones.")
        if not abs(self.formant_shift_semitones) <= HIGHEST_FORMANT_SHIFT:
            raise UserError(f"Formants can be shifted by up to {HIGHEST_FORMANT_SHIFT:g} semitones.")
        if not abs(self.breath_db) <= HIGHEST_BREATH_DB:
            raise UserError(f"Breath can be changed by up to {HIGHEST_BREATH_DB:g} dB.")


@dataclass(frozen=True)
class Converted:
    """A song in another voice, in a file."""

    path: Path
    notes: tuple[str, ...]
    """What was changed on the way into the file."""
    heard: Heard
    shift_semitones: float
    """By how much it was shifted altogether."""


Sing = PlacedProcess
"""One window, mono at the converter's rate, and its first frame in the song; as many frames come out."""


class Converter(ABC):
    """An engine with a voice; it never changes after it is loaded, so that one can serve all visitors."""

    voice: Voice
    windows: Windows
    shortest_seconds: float = 0.05
    """What is shorter is heard with silence behind it."""

    @property
    def sample_rate(self) -> int:
        return self.voice.card.sample_rate

    @abstractmethod
    def begin(self, song: Heard, options: ConversionOptions) -> Sing:
        """Work out what concerns the whole song; what it gives then sings window by window."""

    def convert(
        self, song: Audio, options: ConversionOptions = ConversionOptions(), *, progress: Progress = silent
    ) -> Audio:
        """The same in the voice: of the same rate, channels and length to the sample."""
        if not song.frames:
            return song
        heard = listen(song, options.pitch_method, progress=part_of(progress, 0.0, 0.2))
        return join(self.stream(song, heard, options, progress=part_of(progress, 0.2, 1.0)))

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
        """From file to file, in memory that does not depend on the song's length."""
        heard = listen(song, options.pitch_method, progress=part_of(progress, 0.0, 0.2))
        rate = song.sample_rate
        with AudioWriter(target, rate, song.channels, format_name=format_name, provenance=provenance) as writer:
            for piece in self.stream(song, heard, options, progress=part_of(progress, 0.2, 1.0)):
                writer.write(piece)
        shift = key_shift_semitones(heard.pitch, self.voice, options)
        return Converted(writer.path, tuple(writer.notes()), heard, shift)

    def stream(
        self, song: Audio | AudioFile, heard: Heard, options: ConversionOptions, *, progress: Progress = silent
    ) -> Iterator[Audio]:
        """Consecutive pieces; together exactly as long as the song."""
        sing = self.begin(heard, options)
        rate = self.sample_rate
        frames = max(resampled_frames(heard.frames, song.sample_rate, rate), self._shortest(rate))
        middle = self._middle(song, heard)
        sung = stream_in_placed_windows(middle, sing, self.windows, frames=frames, progress=progress)
        yield from placed(_of_length(resample_blocks(sung, song.sample_rate), heard), heard.placement)

    def _middle(self, song: Audio | AudioFile, heard: Heard) -> Iterator[Audio]:
        def blocks() -> Iterator[Audio]:
            yield from (block.mono() for block in ([song] if isinstance(song, Audio) else song.blocks()))
            if (missing := self._shortest(song.sample_rate) - heard.frames) > 0:
                yield Audio(np.zeros((1, missing), np.float32), song.sample_rate)

        return resample_blocks(blocks(), self.sample_rate)

    def _shortest(self, rate: int) -> int:
        return round(self.shortest_seconds * rate)


def _of_length(pieces: Iterable[Audio], heard: Heard) -> Iterator[Audio]:
    """Rates that don't divide may leave it a frame short; what was added to a short song is cut off."""
    missing = heard.frames
    for piece in pieces:
        yield piece.between(0, missing)
        missing = max(0, missing - piece.frames)
    if missing:
        yield Audio(np.zeros((1, missing), np.float32), heard.sample_rate)


def key_shift_semitones(pitch: Pitch, voice: Voice, options: ConversionOptions) -> float:
    """By how much the singing is shifted altogether."""
    sung, home = pitch.hertz[pitch.voiced], voice.card.pitch_range_hz
    if options.automatic_key == "off" or home is None or not len(sung):
        return options.key_shift_semitones
    # The middle of a range is that of what is heard, not of frequencies.
    distance = 12 * (np.mean(np.log2(home)) - np.mean(np.log2(np.percentile(sung, (5, 95)))))
    step = 12 if options.automatic_key == "octaves" else 1
    return float(step * np.round(distance / step)) + options.key_shift_semitones
