"""`-o FILE.wav`: one file for the result of one source, where otherwise a folder is named; its ending is the format."""

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from vc_core.errors import UserError
from vc_core.files.regular_files import is_folder
from vc_core.files.results import check_apart, check_free
from vc_core.files.writing import FORMATS

ENDING = re.compile(r"\.[A-Za-z]\w{1,4}")
"""Not that of a folder such as `mix-1.2`."""


class HasPath(Protocol):
    @property
    def path(self) -> Path: ...


Made = TypeVar("Made", bound=HasPath)


@dataclass(frozen=True)
class OutputFile:
    path: Path
    format_name: str
    part: str = ""
    """Which of several results it is, by its name without ending; the first if empty."""

    def make(self, source: Path, work: Callable[[Path, Path], Sequence[Made]], *, force: bool) -> Made:
        """Work in a folder beside it, and move the chosen file; its path is still the one in that folder."""
        check_apart(source, self.path)
        check_free(self.path, force=force)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.path.parent, prefix=".") as folder:
            made = {one.path.stem: one for one in work(source, Path(folder) / source.stem)}
            part = self.part or next(iter(made))
            if part not in made:
                raise UserError("There is no part “{part}”. There are: {known}.", part=part, known=", ".join(made))
            made[part].path.replace(self.path)
            return made[part]


def choose_output_file(out: Path, sources: Sequence[object], format_name: str, part: str = "") -> OutputFile | None:
    """None if `out` is a folder: it exists as one, or has no ending."""
    if is_folder(out) or not ENDING.fullmatch(out.suffix):
        return None
    endings = {known.suffix: name for name, known in reversed(FORMATS.items())}
    ending = out.suffix.lower()
    if ending not in endings:
        raise UserError(
            "Nothing is written as “{ending}”. A file ends in {known}; a folder of such a name must exist already.",
            ending=out.suffix,
            known=", ".join(reversed(endings)),
        )
    if len(sources) != 1 or is_folder(Path(str(sources[0]))):
        raise UserError("“{file}” is one file, for one source. For several, name a folder.", file=out.name)
    fits = format_name in FORMATS and FORMATS[format_name].suffix == ending
    return OutputFile(out, format_name if fits else endings[ending], part)


def refuse_output_file(out: Path) -> None:
    """For commands that write several files."""
    if not is_folder(out) and ENDING.fullmatch(out.suffix):
        raise UserError("This writes several files. Name a folder instead of “{file}”.", file=out.name)
