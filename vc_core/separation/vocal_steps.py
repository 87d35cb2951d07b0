"""What can be done with the vocals next: split into lead and backing, or without reverb or noise, by a RoFormer.

Without a model, lead and backing are told apart by their positions in stereo.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import tee
from typing import Literal, get_args

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.files.reading import AudioFile
from vc_core.progress import Progress, silent
from vc_core.separation import roformer
from vc_core.separation.base import SeparationEngine, Separator, SeparatorOptions, SoundStream, Stems
from vc_core.separation.lockstep import align_streams, share_progress, stack_stems, unstack_stems
from vc_core.signal import backing

VocalStep = Literal["none", "lead", "dereverb", "denoise"]
VOCAL_STEPS: tuple[VocalStep, ...] = get_args(VocalStep)
VOCALS = "vocals"


class StereoSplitter(Separator):
    """Vocals in the centre are the lead, vocals at the sides the backing."""

    stem_names = ("lead", "backing")
    requires_stereo = True
    windows = backing.WINDOWS

    def split(self, window: Audio) -> Stems:
        lead = backing.extract_lead(window)
        return {"lead": lead, "backing": window.with_samples(window.samples - lead.samples)}


class RefinedSeparator(Separator):
    """A separator whose vocals go on to another one; the stems of the latter take the vocals' place."""

    def __init__(self, first: Separator, second: Separator) -> None:
        self._first, self._second = first, second
        self._others = tuple(name for name in first.stem_names if name != VOCALS)
        self.stem_names, self.windows, self.device = (*second.stem_names, *self._others), first.windows, first.device

    def split(self, window: Audio) -> Stems:
        return self.separate(window)

    def stream(
        self, song: Audio | AudioFile | SoundStream, *, sums_to_song: bool = True, progress: Progress = silent
    ) -> Iterator[Stems]:
        first_progress, second_progress = share_progress(progress)
        ahead, behind = tee(self._first.stream(song, sums_to_song=sums_to_song, progress=first_progress))
        vocals = SoundStream((stems[VOCALS] for stems in ahead), song.sample_rate, song.frames)
        refined = self._second.stream(vocals, sums_to_song=sums_to_song, progress=second_progress)
        streams = [stack_stems(refined, self._second.stem_names), stack_stems(behind, self._others)]
        for block in align_streams(streams):
            yield unstack_stems(block, self.stem_names)


def find_lead_model() -> str:
    """The first installed one; empty if there is none."""
    return next((name for name in roformer.list_models("lead") if roformer.find_installed(name)), "")


@dataclass(frozen=True)
class Refinement:
    """How a step is done here."""

    step: VocalStep
    model: str
    """Of RoFormer; empty where none is needed."""

    @property
    def options(self) -> SeparatorOptions:
        return SeparatorOptions(model=self.model)

    @property
    def engines(self) -> tuple[SeparationEngine, ...]:
        return (roformer.ENGINE,) if self.model else ()

    def check(self, stem_names: tuple[str, ...]) -> None:
        if VOCALS not in stem_names:
            raise UserError(
                "This model separates no vocals ({stems}), so nothing can follow.", stems=", ".join(stem_names)
            )

    def prepare(self, progress: Progress) -> None:
        if self.model:
            roformer.ENGINE.prepare(self.options, progress)

    def load(self, device: str) -> Separator:
        return roformer.ENGINE.load(self.options, device) if self.model else StereoSplitter()

    def apply(self, separator: Separator, device: str) -> Separator:
        self.check(separator.stem_names)
        return RefinedSeparator(separator, self.load(device))


def choose_refinement(step: str) -> Refinement | None:
    """By an installed model, or by the first of the known ones; None if the vocals stay as they are."""
    if step == "lead":
        return Refinement("lead", find_lead_model())
    for purpose in ("dereverb", "denoise"):
        if step == purpose:
            return Refinement(purpose, roformer.list_models(purpose)[0])
    return None
