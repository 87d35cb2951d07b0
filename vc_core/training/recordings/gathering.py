"""Collect training recordings from files, folders and zip files."""

import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vc_core.errors import Message, UserError
from vc_core.files.containers import sniff
from vc_core.files.regular_files import check_regular, is_folder
from vc_core.progress import Progress, silent, subprogress
from vc_core.training.base import Clips
from vc_core.training.recordings.unpacking import unpack_recordings

ONE_VOICE = "voice"


@dataclass(frozen=True)
class Recording:
    path: Path
    title: str
    """The user's file name."""
    kind: str = ONE_VOICE
    """The emotion or the speaker, for methods that sort recordings."""


@dataclass
class GatheredRecordings:
    recordings: list[Recording] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Messages about what was left out."""


def gather_recordings(
    sources: Sequence[Path],
    unpacked: Path,
    *,
    sort: Callable[[Path], Clips] | None = None,
    progress: Progress = silent,
) -> GatheredRecordings:
    """Collect all audio files; each zip file is unpacked into its own folder in `unpacked`."""
    found = GatheredRecordings()
    for at, source in enumerate(sources):
        part = subprogress(progress, at / len(sources), (at + 1) / len(sources))
        if is_folder(source):
            _add_folder(source, sort, found)
            continue
        check_regular(source)
        if sniff(source) is None and zipfile.is_zipfile(source):
            folder = unpacked / f"{at:04d}"
            folder.mkdir(parents=True)
            _leave_out(unpack_recordings(source, folder, progress=part), found)
            _add_folder(folder, sort, found)
        elif sort is not None:
            raise UserError("Bring a folder or a zip file that has a folder for each kind of recording.")
        elif sniff(source) is None:
            _leave_out([source.name], found)
        else:
            found.recordings.append(Recording(source, source.name))
    if not found.recordings:
        raise UserError("There are no recordings in this. Bring sound files, or a zip file of them.")
    return found


def _add_folder(folder: Path, sort: Callable[[Path], Clips] | None, found: GatheredRecordings) -> None:
    if sort is not None:
        for kind, paths in sort(folder).folders.items():
            found.recordings += [Recording(path, str(path.relative_to(folder)), kind) for path in paths]
        return
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    sounds = [path for path in files if sniff(path) is not None]
    found.recordings += [Recording(path, str(path.relative_to(folder))) for path in sounds]
    _leave_out([path.name for path in files if path not in sounds], found)


def _leave_out(names: Iterable[str], found: GatheredRecordings) -> None:
    found.notes += [str(Message("“{name}” is no sound and was left out.", name=name)) for name in names]
