"""Before a training: extract the voice from recordings with music, reverb or noise, and estimate how long it takes."""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vc_core.device import exclusive_device
from vc_core.engine import find_engine
from vc_core.errors import Message, UserError
from vc_core.files.reading import open_audio
from vc_core.progress import Progress, silent, subprogress
from vc_core.recipes.clean_up import VocalExtraction
from vc_core.training import TRAINING_METHODS
from vc_core.training.base import Clips
from vc_core.training.recordings.dataset import write_clips
from vc_core.training.recordings.gathering import Recording, gather_recordings
from vc_core.training.run.estimate import TimeEstimate, estimate_training_time
from vc_core.training.settings import read_settings

TIMED_SECONDS = 15.0
"""Length of the excerpt that is timed."""
ESTIMATE_LEASE_SECONDS = 90
"""Loading, the features of a few clips, and the timed steps."""


@dataclass(frozen=True)
class ExtractedVocals:
    sources: list[Path]
    """Files, or a folder that is sorted as the songs were."""
    notes: list[str]
    """Messages about what was left out."""


def extract_vocals(
    sources: Sequence[Path],
    folder: Path,
    extraction: VocalExtraction,
    *,
    sort: Callable[[Path], Clips] | None = None,
    progress: Progress = silent,
) -> ExtractedVocals:
    """Write the vocals of songs in files, folders and zip files; the songs do not change.

    With `sort`, as training methods have it, the vocals go to a folder for each kind.
    """
    extraction.prepare(subprogress(progress, 0.0, 0.1))
    found = gather_recordings(sources, folder / "songs", sort=sort, progress=subprogress(progress, 0.1, 0.2))
    songs, vocals, left_out, count = found.recordings, list[Path](), list[Message](), len(found.recordings)
    for at, song in enumerate(songs):
        song_progress = subprogress(progress, 0.2 + 0.8 * at / count, 0.2 + 0.8 * (at + 1) / count)
        try:
            vocals.append(_extract_one(song, folder / "vocals", f"{at:04d}", extraction, song_progress))
        except UserError as error:
            left_out.append(Message("“{title}” was left out: {error}", title=song.title, error=error))
    if not vocals:
        raise UserError("Nothing can be learned from these recordings: {reason}", reason=left_out[0])
    return ExtractedVocals([folder / "vocals"] if sort else vocals, [*found.notes, *map(str, left_out)])


def _extract_one(song: Recording, folder: Path, number: str, extraction: VocalExtraction, progress: Progress) -> Path:
    """The file keeps the song's name, which may name the speaker."""
    own_folder = folder / song.kind / number
    with exclusive_device(progress):
        extracted = extraction.extract(open_audio(song.path), own_folder, "flac16", progress)
    return extracted.rename(own_folder / f"{Path(song.title).stem}.flac")


def measure_separation_seconds(
    sources: Sequence[Path], folder: Path, extraction: VocalExtraction, *, progress: Progress = silent
) -> float:
    """Estimate the duration of `extract_vocals` on this machine from a timed excerpt of the longest song."""
    extraction.prepare(subprogress(progress, 0.0, 0.1))
    songs = gather_recordings(sources, folder / "songs").recordings
    files = [open_audio(song.path) for song in songs]
    lengths = [(file.frames or 0) / file.sample_rate for file in files]
    longest = max(range(len(files)), key=lambda at: lengths[at])
    started = time.monotonic()
    extraction.load()
    loaded = time.monotonic()
    timed = min(TIMED_SECONDS, lengths[longest] or TIMED_SECONDS)
    excerpt = files[longest].excerpt((lengths[longest] - timed) / 2, timed)
    extraction.extract(excerpt, folder / "timed", "flac16", subprogress(progress, 0.1, 1.0))
    return loaded - started + (time.monotonic() - loaded) * max(1.0, sum(lengths) / timed)


@dataclass(frozen=True)
class TrainingEstimateTask:
    """Estimate how long a training takes here, from a few timed training steps."""

    sources: Sequence[Path]
    """Sound files, folders, or zip files of them."""
    method: str
    settings: Mapping[str, Any]
    extraction: VocalExtraction = field(default_factory=VocalExtraction)

    def check(self) -> None:
        read_settings(find_engine(TRAINING_METHODS, self.method).settings, self.settings)

    def prepare(self, progress: Progress) -> None:
        method = find_engine(TRAINING_METHODS, self.method)
        method.prepare(read_settings(method.settings, self.settings), progress)
        if self.extraction:
            self.extraction.prepare()

    def lease_seconds(self) -> int:
        return ESTIMATE_LEASE_SECONDS

    def estimate(self) -> None:
        return None

    def run(self, progress: Progress = silent) -> TimeEstimate:
        method, separation_seconds = find_engine(TRAINING_METHODS, self.method), 0.0
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            if self.extraction:
                report = subprogress(progress, 0.0, 0.2)
                separation_seconds = measure_separation_seconds(self.sources, folder, self.extraction, progress=report)
            found = gather_recordings(self.sources, folder / "unpacked", sort=method.sort)
            write_clips(found.recordings, folder / "clips", progress=subprogress(progress, 0.2, 0.5))
            kinds = sorted((folder / "clips").iterdir())
            clips = Clips({kind.name: sorted(kind.glob("*.flac")) for kind in kinds})
            timing = subprogress(progress, 0.5, 1.0)
            measured = estimate_training_time(method.name, self.settings, clips, progress=timing)
        return replace(measured, separation_seconds=separation_seconds)
