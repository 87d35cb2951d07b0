"""The mixing task: stems of one song, each at its level, to one file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vc_core.cover.mixdown import Mixdown, MixPlan, Track, write_mix
from vc_core.errors import Message, UserError
from vc_core.files.provenance import read_origin
from vc_core.files.reading import open_audio
from vc_core.files.writing import DEFAULT_FORMAT, find_format
from vc_core.progress import Progress, name_steps, silent

LOWEST_DB, HIGHEST_DB = -40.0, 12.0
"""Of a stem's level. A stem below is muted: it is left out."""


@dataclass(frozen=True)
class MixTask:
    stems: Mapping[str, tuple[Path, float]]
    """By name, each with its level in dB."""
    target: Path
    format_name: str = DEFAULT_FORMAT

    def check(self) -> None:
        find_format(self.format_name)
        if not self.stems:
            raise UserError("Nothing is left to mix: every stem is muted.")
        for name, (_, level_db) in self.stems.items():
            check_level(name, level_db)
        files = {name: open_audio(path) for name, (path, _) in self.stems.items()}
        first = next(iter(files))
        for name, file in files.items():
            if file.sample_rate != files[first].sample_rate:
                raise UserError(
                    "“{other}” has another sample rate than “{first}”. Mix the stems of one song.",
                    other=name,
                    first=first,
                )

    def prepare(self, progress: Progress) -> None: ...

    def lease_seconds(self) -> int:
        return 0

    def estimate(self) -> None:
        return None

    def run(self, progress: Progress = silent) -> Mixdown:
        """In blocks, so that memory does not grow with the song."""
        tracks = {name: Track(open_audio(path), level_db) for name, (path, level_db) in self.stems.items()}
        origins = [read_origin(path).provenance for path, _ in self.stems.values()]
        made_by = next(filter(None, origins), None)  # a mix with a generated stem is marked as generated
        plan = MixPlan(self.target, {}, format_name=self.format_name, mix_provenance=made_by)
        return write_mix(tracks, plan, progress=name_steps(progress, Message("Mixing")))


def check_level(name: str, level_db: object) -> None:
    is_number = isinstance(level_db, int | float) and not isinstance(level_db, bool)
    if not is_number or not LOWEST_DB <= level_db <= HIGHEST_DB:  # type: ignore[operator]
        raise UserError(
            "The level of “{stem}” is a number from {lowest:g} to {highest:g} dB.",
            stem=name,
            lowest=LOWEST_DB,
            highest=HIGHEST_DB,
        )


def pair_levels(paths: Sequence[Path], levels_db: Sequence[object]) -> dict[str, tuple[Path, float]]:
    """The stems of a task, from files and a level for each; without any levels, all are 0 dB."""
    levels = list(levels_db) or [0.0] * len(paths)
    if len(levels) != len(paths):
        raise UserError(
            "Give one level for each stem: there are {stems} stems and {levels} levels.",
            stems=len(paths),
            levels=len(levels),
        )
    stems: dict[str, tuple[Path, float]] = {}
    for at, (path, level_db) in enumerate(zip(paths, levels, strict=True), 1):
        check_level(path.name, level_db)
        stems[f"{at} {path.name}"] = (path, float(level_db))  # type: ignore[arg-type]
    return stems
