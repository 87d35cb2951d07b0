"""Split clips into training and held-out sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vc_core.errors import UserError

MIN_CLIPS = 3


@dataclass(frozen=True)
class SplitFeatures:
    """Cached features by speaker."""

    training: Mapping[str, Sequence[Path]]
    held_out: Mapping[str, Sequence[Path]]
    folder: Path

    @property
    def all_training(self) -> list[Path]:
        return [path for paths in self.training.values() for path in paths]

    @property
    def all_held_out(self) -> list[Path]:
        return [path for paths in self.held_out.values() for path in paths]


def split_held_out(features: Mapping[str, Sequence[Path]], folder: Path) -> SplitFeatures:
    """Hold out the last tenth of each speaker's clips: at least one clip, and at most two."""
    training, held_out = {}, {}
    for name, paths in features.items():
        if len(paths) < MIN_CLIPS:
            raise UserError(
                "There are only {clips} clips of “{name}” in which something can be heard, and at least {fewest} are "
                "needed. Bring more recordings: ten minutes are a good start.",
                clips=len(paths),
                name=name,
                fewest=MIN_CLIPS,
            )
        count = max(1, min(2, len(paths) // 10))
        training[name], held_out[name] = paths[:-count], paths[-count:]
    return SplitFeatures(training, held_out, folder)
