"""The separation task: separate a song into stem files."""

from dataclasses import dataclass, field
from pathlib import Path

from vc_core.cover.preflight import StageEstimate
from vc_core.device import choose_device
from vc_core.engine import estimate_lease_seconds
from vc_core.errors import Message
from vc_core.files.reading import AudioFile, open_audio
from vc_core.files.writing import format_option
from vc_core.options import check_options, option
from vc_core.progress import Progress, name_steps, silent
from vc_core.recipes.task import load_before_lease
from vc_core.separation import (
    DEFAULT_SEPARATOR,
    SEPARATORS,
    VOCAL_STEPS,
    SavedStem,
    SeparatorOptions,
    VocalStep,
    choose_refinement,
    choose_separator,
    load_separator,
    prepare_separator,
)

STEM_COUNTS = sorted({count for engine in SEPARATORS.values() for count in engine.stem_counts})


@dataclass(frozen=True, kw_only=True)
class SeparationOptions:
    """Options of the separation, in the order of the API."""

    engine: str = option(
        DEFAULT_SEPARATOR, Message("separation engine"), flag="--engine", help=f"How: {', '.join(SEPARATORS)}.",
        word="engine", choices=SEPARATORS, choice_words="engine",
    )  # fmt: skip
    stems: int = option(
        2, Message("number of stems"), flag="--stems",
        help="Into how many parts: 2, 4, 5 or 6; not every engine has all.", word="stems",
    )  # fmt: skip
    model: str = option(
        "", Message("model"), flag="--model", word="separator_model",
        help="Of RoFormer: a name such as kim-vocals, a repo on the Hub, a link, or a file with its .yaml beside it. "
        "Of ensemble: mean, min or max of two engines, as in mean:starter+repet.",
    )  # fmt: skip
    treble: bool = option(
        False, Message("treble"), flag="--treble", help="Let Spleeter separate up to 16 kHz instead of 11 kHz.",
        word="treble",
    )  # fmt: skip
    sum_to_song: bool = option(
        True, Message("sum to the song"), flag="--sum-to-song", word="sum_to_song",
        help="Give the last stem what no stem claims, so that together they are the song.",
    )  # fmt: skip
    then: VocalStep = option(
        "none", Message("step after the separation"), flag="--then", word="vocals_then", choices=VOCAL_STEPS,
        choice_words="then",
        help="What is done with the vocals next: lead splits them into lead and backing, dereverb and denoise clean "
        "them, by a RoFormer that is downloaded once.",
    )  # fmt: skip
    format_name: str = format_option()

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def separator_options(self) -> SeparatorOptions:
        return SeparatorOptions(self.stems, self.treble, self.model.strip(), self.then)

    @property
    def speed_name(self) -> str:
        """In the file of measured speeds."""
        refinement = choose_refinement(self.then)
        then = f":{refinement.step}:{refinement.model}" if refinement else ""
        return f"separate task:{self.engine}:{self.model.strip()}:{self.stems}:{choose_device()}{then}"


@dataclass(frozen=True)
class SeparationTask:
    song: Path
    folder: Path
    """The stem files are written to it."""
    options: SeparationOptions = field(default_factory=SeparationOptions)
    preview_from: float | None = None
    """Start of the preview in seconds; None for the whole song."""

    def check(self) -> None:
        choose_separator(self.options.engine, self.options.separator_options)
        open_audio(self.song)

    def open_song(self) -> AudioFile:
        return open_audio(self.song).preview(self.preview_from)

    def prepare(self, progress: Progress) -> None:
        engine, options = self.options.engine, self.options.separator_options
        prepare_separator(engine, options, progress=progress)
        load_before_lease(self, lambda: load_separator(engine, "cpu", options))

    def lease_seconds(self) -> int:
        refinement = choose_refinement(self.options.then)
        engines = [SEPARATORS[self.options.engine], *(refinement.engines if refinement else ())]
        return estimate_lease_seconds(self.open_song().expected_seconds, *engines)

    def estimate(self) -> StageEstimate:
        return StageEstimate(self.options.speed_name, self.open_song().expected_seconds)

    def run(self, progress: Progress = silent) -> dict[str, SavedStem]:
        separator = load_separator(self.options.engine, choose_device(), self.options.separator_options)
        return separator.separate_file(
            self.open_song(),
            self.folder,
            format_name=self.options.format_name,
            sums_to_song=self.options.sum_to_song,
            progress=name_steps(progress, Message("Separating")),
        )
