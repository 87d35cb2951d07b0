"""What a person has brought: files, folders and zip files, as a list of recordings with names one recognises."""

import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vc_core.containers import sniff
from vc_core.errors import UserError
from vc_core.progress import Progress, part_of, silent
from vc_core.training.base import Clips
from vc_core.training.unpacking import unpack_recordings

ONE_VOICE = "voice"


@dataclass(frozen=True)
class Recording:
    path: Path
    title: str
    """As its owner calls it."""
    kind: str = ONE_VOICE
    """An emotion's name, where recordings are sorted."""


@dataclass
class Gathered:
    recordings: list[Recording] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was left out, in sentences."""


def gather(
    sources: Sequence[Path],
    unpacked: Path,
    *,
    sort: Callable[[Path], Clips] | None = None,
    progress: Progress = silent,
) -> Gathered:
    """All that sounds in the sources; zip files are unpacked into a folder of their own in `unpacked`."""
    found = Gathered()
    for at, source in enumerate(sources):
        part = part_of(progress, at / len(sources), (at + 1) / len(sources))
        if source.is_dir():
            _add_folder(source, sort, found)
        elif source.is_file() and sniff(source) is None and zipfile.is_zipfile(source):
            folder = unpacked / f"{at:04d}"
            folder.mkdir(parents=True)
            _leave_out(unpack_recordings(source, folder, progress=part), found)
            _add_folder(folder, sort, found)
        elif sort is not None:
            raise UserError("Bring a folder or a zip file that has a folder for each kind of recording.")
        elif not source.is_file() or sniff(source) is None:
            _leave_out([source.name], found)
        else:
            found.recordings.append(Recording(source, source.name))
    if not found.recordings:
        raise UserError("There are no recordings in this. Bring sound files, or a zip file of them.")
    return found


def _add_folder(folder: Path, sort: Callable[[Path], Clips] | None, found: Gathered) -> None:
    if sort is not None:
        for kind, paths in sort(folder).folders.items():
            found.recordings += [Recording(path, str(path.relative_to(folder)), kind) for path in paths]
        return
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    sounds = [path for path in files if sniff(path) is not None]
    found.recordings += [Recording(path, str(path.relative_to(folder))) for path in sounds]
    _leave_out([path.name for path in files if path not in sounds], found)


def _leave_out(names: Iterable[str], found: Gathered) -> None:
    found.notes += [f"“{name}” is no sound and was left out." for name in names]
