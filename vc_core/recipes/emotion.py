"""The emotion task: give a recorded voice an emotion, at one or several intensities."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vc_core.audio import Audio
from vc_core.cover.preflight import StageEstimate
from vc_core.device import choose_device
from vc_core.emotion import (
    DEFAULT_STYLER,
    EMOTIONS,
    GUESS,
    HIGHEST_INTENSITY,
    NEUTRAL,
    STYLERS,
    EmotionStyler,
    StyleOptions,
    load_styler,
    own_models,
)
from vc_core.engine import find_engine
from vc_core.errors import Message
from vc_core.files.provenance import Provenance
from vc_core.files.reading import Limits, open_audio, read_audio
from vc_core.files.writing import FORMATS, format_option, write_audio
from vc_core.options import check_options, option
from vc_core.progress import Progress, name_steps, silent, subprogress

EMOTION_LIMITS = Limits(hours=0.5)
"""The features of the whole recording are in memory at once."""
CHOICES = tuple(name for name in EMOTIONS if name != NEUTRAL)
SOURCES = (NEUTRAL, GUESS, *CHOICES)


@dataclass(frozen=True, kw_only=True)
class EmotionOptions:
    """Options of the emotion task, in the order of the API."""

    emotion: str = option(
        CHOICES[0], Message("emotion"), flag="--emotion,-e", help=f"{', '.join(EMOTIONS)}.", word="emotion_wanted",
        choices=EMOTIONS, choice_words="emotion",
    )  # fmt: skip
    intensity: float = option(
        1.0, Message("intensity"), flag="--intensity,-i", help=f"0 to {HIGHEST_INTENSITY:g}.", word="intensity",
        lowest=0, highest=HIGHEST_INTENSITY, step=0.05,
    )  # fmt: skip
    source: str = option(
        NEUTRAL, Message("source emotion"), flag="--source", help=f"The emotion that is in it now, or {GUESS}.",
        word="emotion_source", choices=SOURCES, choice_words="emotion",
    )  # fmt: skip
    changes_tempo: bool = option(
        True, Message("tempo"), flag="--tempo", help="Let the emotion change the speed.", word="changes_tempo"
    )
    is_singing: bool = option(
        False, Message("singing"), flag="--singing", help="Keep melody and beat.", word="is_singing"
    )
    method: str = option(
        DEFAULT_STYLER, Message("method"), flag="--method", help=f"{', '.join(STYLERS)}.", word="engine"
    )
    """An engine, or the name of a trained model."""
    format_name: str = format_option()

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def style(self) -> StyleOptions:
        return StyleOptions(self.source, self.changes_tempo, self.is_singing)


@dataclass(frozen=True)
class StyledVoice:
    path: Path
    notes: tuple[str, ...]
    source: str
    """The emotion that the recording had, as stated or recognised."""


@dataclass(frozen=True)
class EmotionTask:
    voice: Path
    folder: Path
    options: EmotionOptions
    intensities: Sequence[float] = ()
    """Empty for the single intensity of the options."""
    models_folder: Path | None = None
    """The user's own trained models."""
    prefix: str = ""
    """Prefix of the file names."""

    def check(self) -> None:
        if self.options.method not in own_models(self.models_folder):
            find_engine(STYLERS, self.options.method)
        open_audio(self.voice, EMOTION_LIMITS)

    def prepare(self, progress: Progress) -> None:
        if self.options.method in STYLERS:
            STYLERS[self.options.method].prepare(None, progress)

    def lease_seconds(self) -> int:
        return 0

    def estimate(self) -> StageEstimate:
        seconds = open_audio(self.voice, EMOTION_LIMITS).expected_seconds * max(len(self.intensities), 1)
        return StageEstimate(f"emotion task:{self.options.method}", seconds)

    def run(self, progress: Progress = silent) -> list[StyledVoice]:
        audio = read_audio(self.voice, EMOTION_LIMITS)
        styler = load_styler(self.options.method, choose_device(), own=self.models_folder)
        recognising = name_steps(subprogress(progress, 0.0, 0.1), Message("Recognising the emotion"))
        source = styler.find_source(audio, self.options.style, recognising)
        intensities, styled = self.intensities or (self.options.intensity,), []
        for at, intensity in enumerate(intensities):
            start, end = (0.1 + 0.9 * step / len(intensities) for step in (at, at + 1))
            name = Message("Adding emotion, {percent} %", percent=round(100 * intensity))
            styling = name_steps(subprogress(progress, start, end), name)
            styled.append(self._style_one(styler, audio, intensity, source, styling))
        return styled

    def _style_one(
        self, styler: EmotionStyler, audio: Audio, intensity: float, source: str, progress: Progress
    ) -> StyledVoice:
        options = self.options
        style = replace(options.style, source=source)
        audio = styler.style(audio, options.emotion, intensity, style, progress=progress)
        settings: dict[str, str | float | bool | None] = {
            "emotion": options.emotion,
            "intensity": intensity,
            "source": source,
        }
        # At intensity 0 the audio is unchanged, so it is not marked as generated.
        provenance = Provenance("emotion", "", options.method, settings) if intensity else None
        path = self.folder / f"{self.prefix}{name_styled(options, intensity)}"
        notes = write_audio(path, audio, format_name=options.format_name, provenance=provenance)
        return StyledVoice(path, tuple(notes), source)


def name_styled(options: EmotionOptions, intensity: float) -> str:
    """The file name of a result, without its prefix."""
    return f"{options.emotion}-{round(100 * intensity)}{FORMATS[options.format_name].suffix}"
