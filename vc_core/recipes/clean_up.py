"""Take music, reverb or noise off recordings before a voice is converted or trained."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from vc_core.device import choose_device
from vc_core.engine import Engine
from vc_core.errors import Message
from vc_core.files.reading import AudioFile
from vc_core.options import check_options, option
from vc_core.progress import Progress, silent
from vc_core.separation import (
    SEPARATORS,
    VOCALS,
    Separator,
    SeparatorOptions,
    choose_refinement,
    load_separator,
    prepare_separator,
)

CleanUp = Literal["none", "dereverb", "denoise"]
CLEAN_UPS: tuple[CleanUp, ...] = get_args(CleanUp)


@dataclass(frozen=True, kw_only=True)
class CleanUpOptions:
    clean_up: CleanUp = option(
        "none", Message("clean-up"), flag="--clean-up", word="clean_up", choices=CLEAN_UPS, choice_words="clean_up",
        help="First take reverb (dereverb) or noise (denoise) off, by a RoFormer that is downloaded once.",
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True)
class VocalExtraction:
    """How the voice is taken out of a recording; false if the recording stays as it is."""

    separator: str = ""
    """The engine that takes music away; none if empty."""
    clean_up: CleanUp = "none"

    def __bool__(self) -> bool:
        return bool(self.separator) or self.clean_up != "none"

    @property
    def engines(self) -> list[Engine[Any, Any]]:
        refinement = choose_refinement(self.clean_up)
        separators = [SEPARATORS[self.separator]] if self.separator else []
        return [*separators, *(refinement.engines if refinement else ())]

    @property
    def speed_name(self) -> str:
        """In the file of measured speeds."""
        return ":".join(filter(None, (self.separator, self.clean_up)))

    def prepare(self, progress: Progress = silent) -> None:
        prepare_separator(*self._choose(), progress=progress)

    def load(self, device: str = "") -> Separator:
        name, options = self._choose()
        return load_separator(name, device or choose_device(), options)

    def extract(self, recording: AudioFile, folder: Path, format_name: str, progress: Progress = silent) -> Path:
        """Write the voice alone to the folder, of as many frames as the recording."""
        stems = self.load().separate_file(recording, folder, format_name=format_name, progress=progress)
        kept = VOCALS if VOCALS in stems else next(iter(stems))
        for name, stem in stems.items():
            if name != kept:
                stem.path.unlink()
        return stems[kept].path

    def _choose(self) -> tuple[str, SeparatorOptions]:
        """A model for reverb or noise alone is a separator, too."""
        refinement = choose_refinement(self.clean_up)
        if self.separator or refinement is None:
            return self.separator, SeparatorOptions(then=self.clean_up)
        return refinement.engines[0].name, refinement.options
