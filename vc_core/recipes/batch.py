"""What a batch does with each file: the tasks as plain values, which any process can be given."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vc_core.batch import Item
from vc_core.conversion import ConversionOptions, load_converter, prepare_converter
from vc_core.device import choose_device
from vc_core.progress import Progress
from vc_core.reading import open_audio
from vc_core.recipes.cover import cover_song, prepare_cover
from vc_core.recipes.options import COVER_LIMITS, CoverOptions
from vc_core.recipes.singing import Part
from vc_core.separation import SeparatorOptions, load_separator, prepare_separator
from vc_core.voices import Voice
from vc_core.writing import DEFAULT_FORMAT


@dataclass(frozen=True)
class Separating:
    engine: str
    options: SeparatorOptions = field(default_factory=SeparatorOptions)
    format_name: str = DEFAULT_FORMAT

    def prepare(self, progress: Progress) -> None:
        prepare_separator(self.engine, self.options, progress=progress)

    def __call__(self, item: Item) -> Sequence[Path]:
        separator = load_separator(self.engine, choose_device(), self.options)
        stems = separator.separate_file(open_audio(item.source), item.target, format_name=self.format_name)
        return [stem.path for stem in stems.values()]


@dataclass(frozen=True)
class Converting:
    voice: Voice
    options: ConversionOptions = field(default_factory=ConversionOptions)
    format_name: str = DEFAULT_FORMAT

    def prepare(self, progress: Progress) -> None:
        prepare_converter(self.voice, progress=progress)

    def __call__(self, item: Item) -> Sequence[Path]:
        part = Part(self.voice, self.options, self.format_name)
        target = item.target / f"{item.source.stem}-{self.voice.folder.name}{part.suffix}"
        load_converter(self.voice).convert_file(
            open_audio(item.source),
            target,
            self.options,
            provenance=part.provenance("convert"),
            format_name=self.format_name,
        )
        return [target]


@dataclass(frozen=True)
class Covering:
    voice: Voice
    options: CoverOptions = field(default_factory=CoverOptions)

    def prepare(self, progress: Progress) -> None:
        prepare_cover(self.options, self.voice, progress=progress)

    def __call__(self, item: Item) -> Sequence[Path]:
        made = cover_song(open_audio(item.source, COVER_LIMITS), self.voice, item.target, self.options)
        return [made.path, *made.stems.values()]
