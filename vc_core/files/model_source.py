"""Files of a model, wherever they are: a repo on the Hub, an upload, a folder, or a zip file in any of them."""

import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from vc_core.checkpoints.hub import Checkpoint, fetch, inspect_repo
from vc_core.errors import Message, UserError
from vc_core.files.zip_entries import select_safe_entries
from vc_core.progress import Progress, silent

Fetch = Callable[[str, Progress], Path]

MODEL_SUFFIXES = (".pth", ".pt", ".safetensors")
OTHER_ARCHIVES = (".rar", ".7z", ".tar", ".tgz", ".gz", ".xz")
MAX_FILES, MAX_DEPTH = 5000, 8
MAX_GIGABYTES, MAX_INDEX_GIGABYTES = 2.0, 4.0
MOST_PACKED = 100
"""Weights hardly shrink when they are packed: a file that shrinks more than this is a zip bomb."""
MISPLACED = Message("is not where a model's file can be.")
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class ModelSource:
    title: str
    """For messages."""
    files: tuple[str, ...]
    """Their paths in there."""
    fetch: Fetch
    """The path of one of them on this disk, downloaded or unpacked if it has to be."""
    chosen: str = ""
    """The one file or folder that a link names."""
    origin: str = ""
    """Repo and commit, or a link."""
    own: tuple[str, ...] = ()
    """Files that the user added by their paths."""

    def add_files(self, paths: Sequence[str]) -> "ModelSource":
        """With those that are not in there but on this disk; never for users of a web page."""
        own = {path: Path(path) for path in paths if path and path not in self.files and Path(path).is_file()}

        def fetch_any(file: str, progress: Progress) -> Path:
            return own[file] if file in own else self.fetch(file, progress)

        return replace(self, fetch=fetch_any, own=tuple(own))

    def name_origin(self, file: str) -> str:
        if self.origin.endswith(f"/{file}"):  # a link to one file
            return self.origin
        return f"{self.origin}:{file}" if self.origin else ""


@contextmanager
def open_hub_source(checkpoint: Checkpoint, *, progress: Progress = silent) -> Iterator[ModelSource]:
    """A repo; of one that has nothing but a zip file, or of a link to one, its contents."""
    repo = inspect_repo(checkpoint)
    pinned = replace(repo.checkpoint, file="")
    origin = f"{pinned.repo}@{pinned.revision}"

    def fetch_file(file: str, report: Progress) -> Path:
        return fetch(replace(pinned, file=file), progress=report)

    source = ModelSource(pinned.repo, repo.files, fetch_file, checkpoint.file, origin)
    archive = _find_archive(repo.files, checkpoint.file)
    if not archive:
        yield source
        return
    with open_archive(fetch_file(archive, progress)) as unpacked:
        yield replace(unpacked, title=f"{pinned.repo}/{archive}", origin=f"{origin}:{archive}")


@contextmanager
def open_local_source(paths: Sequence[Path]) -> Iterator[ModelSource]:
    """A folder, a zip file, or files, which may lie in different folders."""
    first = paths[0]
    if len(paths) == 1 and first.suffix.lower() == ".zip":
        with open_archive(first) as unpacked:
            yield unpacked
        return
    if first.suffix.lower() in OTHER_ARCHIVES:
        raise UserError("“{file}” can't be opened here. Unpack it, and pack a zip file.", file=first.name)
    if len(paths) == 1 and first.is_dir():
        yield _make_local_source(first.name, _list_folder(first))
    else:
        yield _make_local_source("The upload", {path.name: path for path in paths})


@contextmanager
def open_path_source(path: Path) -> Iterator[ModelSource]:
    """A folder or a zip file; of any other file, what lies beside it too."""
    if path.is_dir() or path.suffix.lower() in (".zip", *OTHER_ARCHIVES):
        with open_local_source([path]) as source:
            yield source
        return
    try:
        beside = _list_folder(path.parent)
    except UserError:
        beside = {other.name: other for other in sorted(path.parent.iterdir()) if other.is_file()}
    yield replace(_make_local_source(path.parent.name, beside), chosen=path.name)


def _make_local_source(title: str, paths: Mapping[str, Path]) -> ModelSource:
    return ModelSource(title, tuple(paths), lambda file, progress: paths[file])


def _list_folder(folder: Path) -> dict[str, Path]:
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            found[path.relative_to(folder).as_posix()] = path
        if len(found) > MAX_FILES:
            raise UserError("“{folder}” holds too many files. Choose the model's own folder.", folder=folder.name)
    return dict(sorted(found.items()))


def _find_archive(files: Sequence[str], link: str) -> str:
    """The zip file to look into; empty if there is none, or other models beside it."""
    archives = [file for file in files if file.lower().endswith(".zip")]
    if link:
        return link if link in archives else ""
    if any(file.lower().endswith(MODEL_SUFFIXES) for file in files) or not archives:
        return ""
    if len(archives) > 1:
        raise UserError(
            "This repo has several zip files. Import one by its link: {files}.", files=", ".join(archives[:8])
        )
    return archives[0]


@contextmanager
def open_archive(archive: Path) -> Iterator[ModelSource]:
    """An untrusted zip file; files are unpacked when they are fetched, each into a folder of its own."""
    with _explain_damage():
        opened = zipfile.ZipFile(archive)
    with opened, tempfile.TemporaryDirectory() as folder:
        if len(opened.infolist()) > MAX_FILES:
            raise UserError("This zip file holds too many files.")
        entries = {}
        for entry in select_safe_entries(opened, max_depth=MAX_DEPTH, problem=MISPLACED):
            if entry.filename in entries:
                raise UserError("This zip file is damaged, locked with a password, or holds a file twice.")
            entries[entry.filename] = entry
        numbers = {name: at for at, name in enumerate(entries)}

        def unpack(file: str, progress: Progress) -> Path:
            target = Path(folder, str(numbers[file]), PurePosixPath(file).name)
            if not target.exists():
                target.parent.mkdir()
                with _explain_damage():
                    _unpack_entry(opened, entries[file], target, progress)
            return target

        yield ModelSource(archive.name, tuple(entries), unpack)


def _unpack_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, progress: Progress) -> None:
    name, size = PurePosixPath(entry.filename).name, entry.file_size
    limit = MAX_INDEX_GIGABYTES if name.lower().endswith((".index", ".npy")) else MAX_GIGABYTES
    if size > limit * 1e9 or size > MOST_PACKED * (entry.compress_size + CHUNK_BYTES):
        raise UserError("This zip file was refused: “{file}” is too large to be a model's.", file=name)
    written = 0
    with archive.open(entry) as packed, target.open("wb") as file:
        while chunk := packed.read(CHUNK_BYTES):
            written += len(chunk)
            if written > size:
                raise UserError("This zip file was refused: “{file}” is too large to be a model's.", file=name)
            file.write(chunk)
            progress(written / max(size, 1), Message("Unpacking {name}", name=name))


@contextmanager
def _explain_damage() -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise UserError("This zip file is damaged, locked with a password, or holds a file twice.") from error
