"""Results of a command: those that are there already are skipped, and no other file is overwritten."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape

from vc_core.cli.console import err, for_each_file, print_file, show_errors
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
class ResultFolder:
    folder: Path
    request: object
    """What the results follow from beside their source."""
    force: bool = False

    def make_each(
        self,
        sources: Sequence[Path],
        suffix: str,
        work: Callable[[Path, Path], Sequence[Path]],
        *,
        deletes_old: bool = False,
    ) -> None:
        """`work` gets a source and its target, named after the source, and returns the files that it has written.

        With `deletes_old`, files of the same result are deleted before it is made again.
        """
        with show_errors():
            journal = ResultJournal(self.folder, self.request)

        def make_one(source: Path) -> None:
            if not is_folder(source):
                check_regular(source)
            files = journal.find_files(source, source.stem + suffix) or ()
            if files and not self.force:
                err.print(f"{escape(source.name)}: its results are there already. To make them again: --force")
                for path in files:
                    print_file(path)
                return
            for path in files if deletes_old else ():
                path.unlink()
            made = work(source, journal.claim(source, source.stem, suffix, force=self.force))
            journal.add(source, source.stem + suffix, made)

        for_each_file(sources, make_one)
