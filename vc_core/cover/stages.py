"""Runs the stages of a cover: caches their files, measures their time and reports their progress."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

from vc_core.audio import Audio
from vc_core.cover.estimates import estimate_stages, get_stage_title
from vc_core.cover.options import CoverOptions
from vc_core.cover.preflight import Speeds, StageEstimate
from vc_core.cover.stage_cache import StageCache
from vc_core.errors import UserError
from vc_core.files.reading import AudioFile
from vc_core.files.writing import AudioWriter
from vc_core.progress import Progress, name_steps, subprogress
from vc_core.voices.library import Voice

STAGE_FORMAT = "wav32"
"""Stages pass samples on as 32-bit floats, without limiting or lossy compression."""
MAX_STAGE_MEGABYTES = 4_000
"""The largest possible WAV file."""


@dataclass(frozen=True)
class Stage:
    """One stage while it runs."""

    folder: Path
    is_cached: bool
    """Whether its files are in `folder` already; otherwise the stage writes them there."""
    progress: Progress


@dataclass(frozen=True)
class StageRunner:
    """Runs each stage of one cover in a folder of its own."""

    folder: Path
    """Deleted with everything in it when the cover is done."""
    cache: StageCache
    estimates: Mapping[str, StageEstimate]
    shares: Mapping[str, tuple[float, float]]
    """Where each stage starts and ends in the progress of the whole, from 0 to 1."""
    progress: Progress
    """Of the whole cover."""
    learns_speeds: bool

    @contextmanager
    def run(self, name: str, key: str) -> Iterator[Stage]:
        """A stage whose files are cached under `key`, a hash of all its inputs."""
        folder, progress = self.folder / name, self.make_progress(name)
        with self.cache.stage(key, folder) as is_cached, nullcontext() if is_cached else self.measure(name):
            yield Stage(folder, is_cached, progress)

    def measure(self, name: str) -> AbstractContextManager[None]:
        """Measure the speed of a stage for later estimates."""
        estimate = self.estimates[name]
        return Speeds().measure(estimate.speed_name, estimate.sound_seconds if self.learns_speeds else 0.0)

    def make_progress(self, name: str) -> Progress:
        """The progress of one stage, with the stage's title in front of each message."""
        return name_steps(subprogress(self.progress, *self.shares[name]), get_stage_title(name))


@contextmanager
def start_stages(
    song: AudioFile, voice: Voice, options: CoverOptions, cache: StageCache, progress: Progress
) -> Iterator[StageRunner]:
    """The runner for one cover; its files are deleted at the end, except for those in the cache."""
    if song.expected_seconds * song.sample_rate * song.channels * 4 > MAX_STAGE_MEGABYTES * 1e6:
        raise UserError("This song has a very high sample rate for its length. Save it at 48,000 Hz, or cut it.")
    estimates = estimate_stages(song, voice, options)
    with cache.make_work_folder() as folder:
        # A file that does not state its length would teach a wrong speed.
        yield StageRunner(
            folder, cache, estimates, compute_shares(estimates), progress, learns_speeds=bool(song.frames)
        )


def compute_shares(estimates: Mapping[str, StageEstimate]) -> dict[str, tuple[float, float]]:
    """Each stage's share of the whole is its share of the estimated time."""
    seconds = [Speeds().estimate([estimate])[0] for estimate in estimates.values()]
    ends = [end / max(sum(seconds), 1e-9) for end in accumulate(seconds, initial=0.0)]
    return dict(zip(estimates, pairwise(ends), strict=True))


def write_blocks(path: Path, blocks: Iterable[Audio], like: AudioFile, format_name: str = STAGE_FORMAT) -> None:
    """Write a sound file with the sample rate and the channels of `like`."""
    with AudioWriter(path, like.sample_rate, like.channels, format_name=format_name) as writer:
        for block in blocks:
            writer.write(block)
