"""Results of a command: those that are there already are skipped, and no other file is overwritten."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.markup import escape

from vc_core.cli.console import err, for_each_file, print_file, show_errors
from vc_core.cli.scripting.output_file import OutputFile
from vc_core.cli.scripting.report import get_report
from vc_core.errors import Message
from vc_core.files.regular_files import check_regular, is_folder
from vc_core.files.results import ResultJournal
from vc_core.files.writing import format_option
from vc_core.options import check_options, option


@dataclass(frozen=True, kw_only=True)
class ResultOptions:
    force: bool = option(
        False, Message("again"), flag="--force,--again", help="Also what is done already; overwrite what is there."
    )


@dataclass(frozen=True, kw_only=True)
class FileOptions(ResultOptions):
    format_name: str = format_option()

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, kw_only=True)
class PreviewOptions(ResultOptions):
    preview: float = option(
        -1.0, Message("start of the preview"), flag="--preview", help="Only 15 seconds, from this second on."
    )

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def start(self) -> float | None:
        return None if self.preview < 0 else self.preview

    @property
    def suffix(self) -> str:
        """Of the folder's name."""
        return "" if self.start is None else "-preview"


@dataclass(frozen=True)
class ResultFile:
    path: Path
    notes: Sequence[str] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What `--json` tells of it."""
    explanation: Sequence[RenderableType] = ()
    """For people."""

    def show(self, source: Path | None = None, path: Path | None = None) -> None:
        """`path` is where it has been moved to."""
        facts = {**({"source": str(source)} if source else {}), **self.facts}
        print_file(path or self.path, self.notes, **facts)
        for shown in () if get_report() else self.explanation:
            err.print(shown)


@dataclass(frozen=True)
class ResultFolder:
    folder: Path
    request: object
    """What the results follow from beside their source."""
    force: bool = False
    single: OutputFile | None = None
    """Instead of the folder, one file."""

    def make_each(
        self,
        sources: Sequence[Path],
        suffix: str,
        work: Callable[[Path, Path], Sequence[ResultFile]],
        *,
        deletes_old: bool = False,
    ) -> None:
        """`work` gets a source and its target, named after the source, and returns what it has written.

        With `deletes_old`, files of the same result are deleted before it is made again.
        """
        if single := self.single:
            with show_errors():
                single.make(sources[0], work, force=self.force).show(sources[0], single.path)
            return
        with show_errors():
            journal = ResultJournal(self.folder, self.request)

        def make_one(source: Path) -> None:
            if not is_folder(source):
                check_regular(source)
            files = journal.find_files(source, source.stem + suffix) or ()
            if files and not self.force:
                err.print(f"{escape(source.name)}: its results are there already. To make them again: --force")
                for path in files:
                    print_file(path, source=str(source), was_done=True)
                return
            for path in files if deletes_old else ():
                path.unlink()
            made = work(source, journal.claim(source, source.stem, suffix, force=self.force))
            journal.add(source, source.stem + suffix, [one.path for one in made])
            for one in made:
                one.show(source)

        for_each_file(sources, make_one)
