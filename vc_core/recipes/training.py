"""Extract the vocals from recordings with music, so that a voice can be trained on them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vc_core.device import choose_device, exclusive_device
from vc_core.errors import Message, UserError
from vc_core.files.reading import open_audio
from vc_core.progress import Progress, silent, subprogress
from vc_core.separation import SeparatorOptions, load_separator, prepare_separator
from vc_core.training.base import Clips
from vc_core.training.recordings.gathering import Recording, gather_recordings

TIMED_SECONDS = 15.0
"""Length of the excerpt that is timed."""


@dataclass(frozen=True)
class ExtractedVocals:
    sources: list[Path]
    """Files, or a folder that is sorted as the songs were."""
    notes: list[str]
    """Messages about what was left out."""


def extract_vocals(
    sources: Sequence[Path],
    folder: Path,
    engine: str,
    *,
    sort: Callable[[Path], Clips] | None = None,
    progress: Progress = silent,
) -> ExtractedVocals:
    """Write the vocals of songs in files, folders and zip files; the songs do not change.

    With `sort`, as training methods have it, the vocals go to a folder for each kind.
    """
    prepare_separator(engine, SeparatorOptions(), progress=subprogress(progress, 0.0, 0.1))
    found = gather_recordings(sources, folder / "songs", sort=sort, progress=subprogress(progress, 0.1, 0.2))
    songs, vocals, left_out, count = found.recordings, list[Path](), list[Message](), len(found.recordings)
    for at, song in enumerate(songs):
        song_progress = subprogress(progress, 0.2 + 0.8 * at / count, 0.2 + 0.8 * (at + 1) / count)
        try:
            vocals.append(_extract_one(song, folder / "vocals", f"{at:04d}", engine, song_progress))
        except UserError as error:
            left_out.append(Message("“{title}” was left out: {error}", title=song.title, error=error))
    if not vocals:
        raise UserError("Nothing can be learned from these recordings: {reason}", reason=left_out[0])
    return ExtractedVocals([folder / "vocals"] if sort else vocals, [*found.notes, *map(str, left_out)])


def _extract_one(song: Recording, folder: Path, number: str, engine: str, progress: Progress) -> Path:
    """The file keeps the song's name, which may name the speaker."""
    own_folder = folder / song.kind / number
    with exclusive_device(progress):
        separator = load_separator(engine, choose_device(), SeparatorOptions())
        stems = separator.separate_file(open_audio(song.path), own_folder, format_name="flac16", progress=progress)
    for name, stem in stems.items():
        if name != "vocals":
            stem.path.unlink()
    return stems["vocals"].path.rename(own_folder / f"{Path(song.title).stem}.flac")


def measure_separation_seconds(
    sources: Sequence[Path], folder: Path, engine: str, *, progress: Progress = silent
) -> float:
    """Estimate the duration of `extract_vocals` on this machine from a timed excerpt of the longest song."""
    prepare_separator(engine, SeparatorOptions(), progress=subprogress(progress, 0.0, 0.1))
    songs = gather_recordings(sources, folder / "songs").recordings
    files = [open_audio(song.path) for song in songs]
    lengths = [(file.frames or 0) / file.sample_rate for file in files]
    longest = max(range(len(files)), key=lambda at: lengths[at])
    started = time.monotonic()
    separator = load_separator(engine, choose_device(), SeparatorOptions())
    loaded = time.monotonic()
    timed = min(TIMED_SECONDS, lengths[longest] or TIMED_SECONDS)
    excerpt = files[longest].excerpt((lengths[longest] - timed) / 2, timed)
    separator.separate_file(excerpt, folder / "timed", format_name="flac16", progress=subprogress(progress, 0.1, 1.0))
    return loaded - started + (time.monotonic() - loaded) * max(1.0, sum(lengths) / timed)
