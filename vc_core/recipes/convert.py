"""The conversion task: convert a recording to another voice, and make a report card of the result."""

from dataclasses import dataclass, field
from pathlib import Path

from vc_core.conversion import (
    ConversionOptions,
    describe_own_options,
    engine_of,
    load_converter,
    prepare_converter,
)
from vc_core.conversion.base import Converted
from vc_core.conversion.report_card import ConversionTarget, ReportCard, make_report_card
from vc_core.cover.preflight import StageEstimate
from vc_core.device import choose_device
from vc_core.engine import estimate_lease_seconds
from vc_core.errors import Message
from vc_core.files.provenance import Provenance
from vc_core.files.reading import open_audio
from vc_core.files.results import shorten
from vc_core.files.writing import DEFAULT_FORMAT, find_format
from vc_core.options import options_of
from vc_core.progress import Progress, name_steps, silent, subprogress
from vc_core.recipes.task import load_before_lease
from vc_core.signal.pitch import METHODS, Pitch, prepare_pitch_method
from vc_core.voices.library import Voice


@dataclass(frozen=True, eq=False)
class ConvertedVoice:
    """A converted recording with its report card."""

    converted: Converted
    card: ReportCard
    pitch: Pitch
    """Pitch of the result."""
    voice_range_hz: tuple[float, float] | None
    """The pitch range that the voice was trained on."""


@dataclass(frozen=True)
class ConversionTask:
    song: Path
    target: Path
    voice: Voice
    options: ConversionOptions = field(default_factory=ConversionOptions)
    format_name: str = DEFAULT_FORMAT
    task_name: str = "convert"
    """The task that the provenance mark states."""

    def check(self) -> None:
        open_audio(self.song)

    def prepare(self, progress: Progress) -> None:
        self.download(progress)
        load_before_lease(self, lambda: load_converter(self.voice, "cpu"))

    def download(self, progress: Progress) -> None:
        prepare_pitch_method(self.options.pitch_method, progress=subprogress(progress, 0.0, 0.3))
        prepare_converter(self.voice, progress=subprogress(progress, 0.3, 1.0))

    def lease_seconds(self) -> int:
        return self.estimate_lease_seconds(open_audio(self.song).expected_seconds)

    def estimate_lease_seconds(self, sound_seconds: float) -> int:
        return estimate_lease_seconds(sound_seconds, engine_of(self.voice), METHODS[self.options.pitch_method])

    def estimate(self) -> StageEstimate:
        return self.estimate_for(open_audio(self.song).expected_seconds)

    def estimate_for(self, sound_seconds: float) -> StageEstimate:
        name = f"{self.task_name} task:{self.voice.card.engine}:{self.options.pitch_method}:{choose_device()}"
        return StageEstimate(name, sound_seconds)

    def run(self, progress: Progress = silent) -> ConvertedVoice:
        song = open_audio(self.song)
        converted = load_converter(self.voice, choose_device()).convert_file(
            song,
            self.target,
            self.options,
            provenance=self.provenance,
            format_name=self.format_name,
            progress=subprogress(progress, 0.0, 0.8),
        )
        target = ConversionTarget(converted.analysis.pitch, converted.shift_semitones, self.voice)
        result = open_audio(converted.path)
        checking = name_steps(subprogress(progress, 0.8, 1.0), Message("Comparing with the original"))
        card, pitch = make_report_card(song, result, target, progress=checking)
        return ConvertedVoice(converted, card, pitch, self.voice.card.pitch_range_hz)

    @property
    def provenance(self) -> Provenance:
        settings = {name: getattr(self.options, name) for name in options_of(ConversionOptions)}
        settings |= describe_own_options(self.voice, self.options)
        return Provenance(self.task_name, self.voice.name, self.voice.card.engine, settings)


def name_result(title: str, voice: Voice, format_name: str) -> str:
    """The file name of a result."""
    return f"{shorten(title)} - {voice.folder.name}{find_format(format_name).suffix}"
