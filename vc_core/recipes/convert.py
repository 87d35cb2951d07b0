"""The conversion task: convert a recording to another voice, and make a report card of the result."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
from vc_core.engine import Engine, estimate_lease_seconds
from vc_core.errors import Message
from vc_core.files.provenance import Provenance
from vc_core.files.reading import AudioFile, open_audio
from vc_core.files.results import shorten
from vc_core.files.writing import DEFAULT_FORMAT, find_format
from vc_core.options import options_of
from vc_core.progress import Progress, name_steps, silent, subprogress
from vc_core.recipes.clean_up import CleanUp, VocalExtraction
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
    clean_up: CleanUp = "none"
    """Of the recording, before it is converted."""

    def check(self) -> None:
        open_audio(self.song)

    def prepare(self, progress: Progress) -> None:
        self.download(progress)
        load_before_lease(self, self._load_on_cpu)

    def download(self, progress: Progress) -> None:
        prepare_pitch_method(self.options.pitch_method, progress=subprogress(progress, 0.0, 0.3))
        prepare_converter(self.voice, progress=subprogress(progress, 0.3, 0.7))
        if self._extraction:
            self._extraction.prepare(subprogress(progress, 0.7, 1.0))

    @property
    def _extraction(self) -> VocalExtraction:
        return VocalExtraction(clean_up=self.clean_up)

    def _load_on_cpu(self) -> None:
        load_converter(self.voice, "cpu")
        if self._extraction:
            self._extraction.load("cpu")

    def lease_seconds(self) -> int:
        return self.estimate_lease_seconds(open_audio(self.song).expected_seconds)

    def estimate_lease_seconds(self, sound_seconds: float) -> int:
        return estimate_lease_seconds(sound_seconds, *self._list_engines())

    def _list_engines(self) -> list[Engine[Any, Any]]:
        return [engine_of(self.voice), METHODS[self.options.pitch_method], *self._extraction.engines]

    def estimate(self) -> StageEstimate:
        return self.estimate_for(open_audio(self.song).expected_seconds)

    def estimate_for(self, sound_seconds: float) -> StageEstimate:
        name = f"{self.task_name} task:{self.voice.card.engine}:{self.options.pitch_method}:{choose_device()}"
        return StageEstimate(":".join(filter(None, (name, self._extraction.speed_name))), sound_seconds)

    def run(self, progress: Progress = silent) -> ConvertedVoice:
        if not self._extraction:
            return self._convert(open_audio(self.song), progress)
        with tempfile.TemporaryDirectory() as folder:
            cleaning = name_steps(subprogress(progress, 0.0, 0.6), Message("Cleaning up"))
            cleaned = self._extraction.extract(open_audio(self.song), Path(folder), "flac24", cleaning)
            return self._convert(open_audio(cleaned), subprogress(progress, 0.6, 1.0))

    def _convert(self, song: AudioFile, progress: Progress) -> ConvertedVoice:
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
        settings |= {"clean_up": self.clean_up} if self._extraction else {}
        return Provenance(self.task_name, self.voice.name, self.voice.card.engine, settings)


def name_result(title: str, voice: Voice, format_name: str) -> str:
    """The file name of a result."""
    return f"{shorten(title)} - {voice.folder.name}{find_format(format_name).suffix}"
