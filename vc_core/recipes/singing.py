"""A song or a text is given to a voice, and what became of it is looked at."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from vc_core.conversion import ConversionOptions, load_converter
from vc_core.conversion.base import Converted
from vc_core.pitch import Pitch
from vc_core.progress import Progress, part_of, silent
from vc_core.provenance import Provenance
from vc_core.reading import AudioFile, open_audio
from vc_core.report_card import ReportCard, Wanted, report_on
from vc_core.speaking import Line, say
from vc_core.voices import Voice
from vc_core.writing import DEFAULT_FORMAT, FORMATS, write_audio


@dataclass(frozen=True)
class Part:
    """Who sings, how, and into what kind of file."""

    voice: Voice
    options: ConversionOptions = field(default_factory=ConversionOptions)
    format_name: str = DEFAULT_FORMAT

    @property
    def suffix(self) -> str:
        return FORMATS[self.format_name].suffix

    def provenance(self, task: str) -> Provenance:
        return Provenance(
            task,
            self.voice.name,
            self.voice.card.engine,
            {
                "key_shift_semitones": self.options.key_shift_semitones,
                "automatic_key": self.options.automatic_key,
                "formant_shift_semitones": self.options.formant_shift_semitones,
                "breath_db": self.options.breath_db,
                "seed": self.options.seed,
                "pitch_method": self.options.pitch_method,
            },
        )


@dataclass(frozen=True, eq=False)
class Performance:
    """A voice's result in a file, with its report card."""

    converted: Converted
    card: ReportCard
    pitch: Pitch
    """Of the result."""
    home_hz: tuple[float, float] | None
    """The range in which the voice is at home."""


def convert_singer(
    song: AudioFile, target: Path, part: Part, *, task: str = "convert", progress: Progress = silent
) -> Performance:
    converted = load_converter(part.voice).convert_file(
        song,
        target,
        part.options,
        provenance=part.provenance(task),
        format_name=part.format_name,
        progress=part_of(progress, 0.0, 0.8),
    )
    wanted = Wanted(converted.heard.pitch, converted.shift_semitones, part.voice)
    card, pitch = report_on(song, open_audio(converted.path), wanted, progress=part_of(progress, 0.8, 1.0))
    return Performance(converted, card, pitch, part.voice.card.pitch_range_hz)


def speak_as(line: Line, target: Path, part: Part, *, progress: Progress = silent) -> Performance:
    """A text in a voice. Its key is the part's, so `automatic_key="semitones"` speaks at the voice's own pitch."""
    spoken = say(line, progress=part_of(progress, 0.0, 0.1)).resampled(part.voice.card.sample_rate)
    with tempfile.TemporaryDirectory() as folder:
        speech = Path(folder) / "speech.wav"
        write_audio(speech, spoken, format_name="wav32")
        return convert_singer(open_audio(speech), target, part, task="speak", progress=part_of(progress, 0.1, 1.0))
