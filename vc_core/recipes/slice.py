"""The slicing task: cut long recordings at silences into slices of 10 to 15 seconds, as AudioSlicer does."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vc_core.errors import Message, UserError
from vc_core.files.reading import Limits, open_audio
from vc_core.files.results import number_names
from vc_core.files.writing import FORMATS, format_option, write_audio
from vc_core.options import check_options, option
from vc_core.progress import Progress, silent, subprogress
from vc_core.signal.clips import ClipRules
from vc_core.training.recordings.dataset import MAX_HOURS, cut_blocks_into_clips
from vc_core.training.recordings.gathering import Recording, gather_recordings

MIN_SPREAD_SECONDS = 0.5
"""Between the shortest and the longest slice, so that there is a choice of where to cut."""


@dataclass(frozen=True, kw_only=True)
class SlicingOptions:
    """AudioSlicer's parameters in seconds and dB, in the order of the API."""

    min_seconds: float = option(
        10.0, Message("shortest slice"), flag="--min-length", help="Shortest slice, in seconds.",
        word="slice_min", lowest=0.5, highest=60, step=0.5,
    )  # fmt: skip
    max_seconds: float = option(
        15.0, Message("longest slice"), flag="--max-length", help="Longest slice, in seconds.", word="slice_max",
        lowest=1, highest=120, step=0.5,
    )  # fmt: skip
    threshold_db: float = option(
        -40.0, Message("silence threshold"), flag="--threshold",
        help="Level below which it is silent, in dB, for a recording of usual loudness (−20 LUFS).",
        word="slice_threshold", lowest=-80, highest=-10, step=1,
    )  # fmt: skip
    min_silence_seconds: float = option(
        0.3, Message("shortest silence"), flag="--min-interval", help="Shortest silence to cut at, in seconds.",
        word="slice_silence", lowest=0, highest=5, step=0.05,
    )  # fmt: skip
    retained_silence_seconds: float = option(
        0.5, Message("retained silence"), flag="--max-sil-kept",
        help="Silence kept at each end of a slice, in seconds at most.",
        word="slice_kept", lowest=0, highest=5, step=0.05,
    )  # fmt: skip
    hop_seconds: float = option(
        0.01, Message("hop"), flag="--hop-size", help="Interval at which the level is measured, in seconds.",
        word="slice_hop", lowest=0.001, highest=0.02, step=0.001,
    )  # fmt: skip
    format_name: str = format_option()

    def __post_init__(self) -> None:
        check_options(self)
        if self.max_seconds < self.min_seconds + MIN_SPREAD_SECONDS:
            raise UserError(
                "The longest slice must be at least {seconds:g} seconds longer than the shortest.",
                seconds=MIN_SPREAD_SECONDS,
            )

    @property
    def rules(self) -> ClipRules:
        return ClipRules(
            min_seconds=self.min_seconds,
            max_seconds=self.max_seconds,
            threshold_db=self.threshold_db,
            min_silence_seconds=self.min_silence_seconds,
            retained_silence_seconds=self.retained_silence_seconds,
            hop_seconds=self.hop_seconds,
        )


@dataclass(frozen=True)
class Slices:
    files: tuple[Path, ...]
    seconds: float
    notes: tuple[str, ...]


@dataclass(frozen=True)
class SlicingTask:
    recordings: Sequence[Path]
    """Sound files, folders, or zip files of them."""
    folder: Path
    options: SlicingOptions = field(default_factory=SlicingOptions)

    def check(self) -> None: ...

    def prepare(self, progress: Progress) -> None: ...

    def lease_seconds(self) -> int:
        return 0

    def estimate(self) -> None:
        return None

    def run(self, progress: Progress = silent) -> Slices:
        with tempfile.TemporaryDirectory() as unpacked:
            found = gather_recordings(self.recordings, Path(unpacked), progress=subprogress(progress, 0.0, 0.1))
            count, files, seconds, notes = len(found.recordings), list[Path](), 0.0, list(found.notes)
            for at, recording in enumerate(found.recordings):
                own_progress = subprogress(progress, 0.1 + 0.9 * at / count, 0.1 + 0.9 * (at + 1) / count)
                slices = self._slice(recording, own_progress)
                files, seconds, notes = [*files, *slices.files], seconds + slices.seconds, [*notes, *slices.notes]
        if not files:
            raise UserError("These recordings are silent, so there is nothing to cut.")
        return Slices(tuple(files), seconds, tuple(dict.fromkeys(notes)))

    def _slice(self, recording: Recording, progress: Progress) -> Slices:
        file = open_audio(recording.path, Limits(hours=MAX_HOURS))
        suffix = FORMATS[self.options.format_name].suffix
        stem = _choose_free_stem(self.folder, Path(recording.title).stem)
        names, seconds, notes = list[str](), 0.0, list[str]()
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".") as partial:  # moved when all are written
            for start, clip in cut_blocks_into_clips(file.blocks(), self.options.rules):
                progress(min(1.0, start / max(file.expected_seconds, start + 1)), recording.title)
                names.append(f"{stem}_{len(names) + 1:03d}{suffix}")
                notes += write_audio(Path(partial) / names[-1], clip, format_name=self.options.format_name)
                seconds += clip.seconds
            files = tuple((Path(partial) / name).replace(self.folder / name) for name in names)
        return Slices(files, seconds, tuple(notes))


def _choose_free_stem(folder: Path, stem: str) -> str:
    """A number is added where the folder has slices of another recording of this name."""
    taken = {path.name.rpartition("_")[0] for path in folder.glob("*_*")}
    return next(name for name in number_names(stem) if name not in taken)
