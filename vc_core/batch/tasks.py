"""Batch tasks: picklable callables that separate, convert, cover or style one file."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vc_core.batch.journal import Item
from vc_core.conversion import ConversionOptions
from vc_core.cover.options import CoverOptions
from vc_core.files.results import shorten
from vc_core.files.writing import DEFAULT_FORMAT, FORMATS
from vc_core.progress import Progress, silent
from vc_core.recipes.clean_up import CleanUp
from vc_core.recipes.convert import ConversionTask
from vc_core.recipes.cover import CoverTask
from vc_core.recipes.emotion import EmotionOptions, EmotionTask
from vc_core.recipes.separate import SeparationOptions, SeparationTask
from vc_core.voices.library import Voice

NO_FILE = Item(Path(), Path())
"""For preparation, which does not depend on the file."""


@dataclass(frozen=True)
class SeparateFile:
    options: SeparationOptions = field(default_factory=SeparationOptions)

    def prepare(self, progress: Progress) -> None:
        self._make_task(NO_FILE).prepare(progress)

    def __call__(self, item: Item, progress: Progress = silent) -> Sequence[Path]:
        return [stem.path for stem in self._make_task(item).run(progress).values()]

    def _make_task(self, item: Item) -> SeparationTask:
        return SeparationTask(item.source, item.target, self.options)


@dataclass(frozen=True)
class ConvertFile:
    voice: Voice
    options: ConversionOptions = field(default_factory=ConversionOptions)
    format_name: str = DEFAULT_FORMAT
    clean_up: CleanUp = "none"

    def prepare(self, progress: Progress) -> None:
        self._make_task(NO_FILE).prepare(progress)

    def __call__(self, item: Item, progress: Progress = silent) -> Sequence[Path]:
        return [self._make_task(item).run(progress).converted.path]

    def _make_task(self, item: Item) -> ConversionTask:
        name = f"{item.source.stem}-{self.voice.folder.name}{FORMATS[self.format_name].suffix}"
        target = item.target / name
        return ConversionTask(item.source, target, self.voice, self.options, self.format_name, clean_up=self.clean_up)


@dataclass(frozen=True)
class CoverFile:
    voice: Voice
    options: CoverOptions = field(default_factory=CoverOptions)

    def prepare(self, progress: Progress) -> None:
        self.make_task(NO_FILE).prepare(progress)

    def __call__(self, item: Item, progress: Progress = silent) -> Sequence[Path]:
        cover = self.make_task(item).run(progress)
        return [cover.path, *cover.stems.values()]

    def make_task(self, item: Item) -> CoverTask:
        return CoverTask(item.source, self.voice, self.options, folder=item.target)


@dataclass(frozen=True)
class EmotionFile:
    options: EmotionOptions = field(default_factory=EmotionOptions)
    models_folder: Path | None = None

    def prepare(self, progress: Progress) -> None:
        self._make_task(NO_FILE).prepare(progress)

    def __call__(self, item: Item, progress: Progress = silent) -> Sequence[Path]:
        task = self._make_task(item)
        task.check()
        return [styled.path for styled in task.run(progress)]

    def _make_task(self, item: Item) -> EmotionTask:
        prefix = f"{shorten(item.source.stem)} - "
        return EmotionTask(item.source, item.target, self.options, models_folder=self.models_folder, prefix=prefix)
