"""Results in an output folder, keyed by the source's content, the engine and the settings: none is made twice, and no
file of another source or request is overwritten."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from vc_core import __version__
from vc_core.errors import UserError
from vc_core.files.provenance import compute_sha256
from vc_core.files.regular_files import check_regular, exists

JOURNAL_FILE = ".results.jsonl"
MAX_NAME_BYTES = 180
"""File systems allow 255, endings and numbers included."""


@dataclass
class _Entry:
    target: str
    """Relative to the output folder, as the files are."""
    files: list[str] = field(default_factory=list)
    """Empty until the result is finished."""


class ResultJournal:
    """A JSON line for each result when it is begun, and one when it is finished."""

    def __init__(self, folder: Path, request: object) -> None:
        """`request` is what the results follow from beside their source: task, engine, settings, voice."""
        self.folder, self._path = folder, folder / JOURNAL_FILE
        self._request = _hash(json.dumps([__version__, request], sort_keys=True, default=str))
        self._entries: dict[str, _Entry] = {}
        self._keys: dict[tuple[Path, str], str] = {}
        self._claimed: set[str] = set()
        with _explain_faults(folder):
            folder.mkdir(parents=True, exist_ok=True)
            lines = self._path.read_text("utf-8", "replace").splitlines() if self._path.exists() else ()
        for line in lines:
            self._read_line(line)

    def find_files(self, source: Path, name: str) -> list[Path] | None:
        """The files of a finished result; None if there is none, or a file is missing."""
        entry = self._entries.get(self.make_key(source, name))
        paths = [self.folder / file for file in entry.files] if entry else []
        return paths if paths and all(path.is_file() for path in paths) else None

    def claim(self, source: Path, name: str, suffix: str = "", *, force: bool = False) -> Path:
        """The file or folder of a result: `name` and `suffix`, with a number between them if another result has it.

        An unfinished result gets its own again. With `force`, files of earlier calls are overwritten.
        """
        key = self.make_key(source, name + suffix)
        name = "/".join(map(shorten, Path(name).parts))
        if key in self._entries:
            target = self._entries[key].target
        else:
            target = next(name for name in number_names(name, suffix) if not self._is_taken(name, force=force))
            self._add(key, _Entry(target))
        check_apart(source, self.folder / target)
        self._claimed.add(target)
        return self.folder / target

    def add(self, source: Path, name: str, files: Sequence[Path]) -> None:
        """Note a result as finished."""
        own = [str(file.relative_to(self.folder) if file.is_relative_to(self.folder) else file) for file in files]
        key = self.make_key(source, name)
        self._add(key, _Entry(self._entries[key].target if key in self._entries else name, own))

    def make_key(self, source: Path, name: str) -> str:
        if (source, name) not in self._keys:
            self._keys[source, name] = f"{name}|{hash_source(source)}|{self._request}"
        return self._keys[source, name]

    def _is_taken(self, target: str, *, force: bool) -> bool:
        if force:
            return target in self._claimed
        return (self.folder / target).exists() or any(entry.target == target for entry in self._entries.values())

    def _add(self, key: str, entry: _Entry) -> None:
        self._entries[key] = entry
        with _explain_faults(self.folder), self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, **vars(entry)}) + "\n")

    def _read_line(self, line: str) -> None:
        try:
            entry = json.loads(line)
            self._entries[entry["key"]] = _Entry(entry["target"], entry["files"])
        except (ValueError, KeyError, TypeError, RecursionError):  # a truncated line, for example after a power failure
            return


def hash_source(source: Path) -> str:
    """Of a file's content, or of all files in a folder with their names; empty if it can't be read."""
    try:
        if source.is_dir():
            files = sorted(path for path in source.rglob("*") if path.is_file())
            return _hash("\n".join(f"{path.relative_to(source)} {compute_sha256(path)}" for path in files))
        check_regular(source)
        return compute_sha256(source)
    except (OSError, UserError):
        return ""


@contextmanager
def _explain_faults(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(
            "Nothing can be written into “{folder}”: {reason}.", folder=folder.name, reason=reason.lower()
        ) from error


def shorten(name: str) -> str:
    """At most `MAX_NAME_BYTES` of a file's name, so that endings can follow; whole characters."""
    return name.encode("utf-8", "replace")[:MAX_NAME_BYTES].decode("utf-8", "ignore")


def check_apart(source: Path, target: Path) -> None:
    """Refuse to write a result into its own source, by any name of it, or into the folder in which it lies."""
    try:
        own, made = source.resolve(), target.resolve()
        is_same = own == made or made in own.parents or (target.is_file() and source.samefile(target))
    except (OSError, ValueError):  # what is no file is refused by whoever opens it
        return
    if is_same and not own.is_dir():
        raise UserError(
            "The result would replace “{file}”, the recording that it is made from. Name another place with --out.",
            file=source.name,
        )


def check_free(path: Path, *, force: bool = False) -> None:
    if exists(path) and not force:
        raise UserError("“{file}” exists already. Choose another name, or overwrite it with --force.", file=path.name)


def choose_free_path(path: Path) -> Path:
    """Numbered if it exists."""
    return next(free for name in number_names(path.stem, path.suffix) if not (free := path.with_name(name)).exists())


def number_names(name: str, suffix: str = "") -> Iterator[str]:
    """The name itself, then with a number from 2 on before the suffix."""
    yield name + suffix
    yield from (f"{name}-{number}{suffix}" for number in count(2))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
