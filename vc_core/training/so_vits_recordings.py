"""Which clips are learned from, and which are held out to be sung from time to time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vc_core.errors import UserError

FEWEST_CLIPS = 3


@dataclass(frozen=True)
class Recordings:
    """The kept features by speaker."""

    learned: Mapping[str, Sequence[Path]]
    held_out: Mapping[str, Sequence[Path]]
    folder: Path

    @property
    def all_learned(self) -> list[Path]:
        return [path for paths in self.learned.values() for path in paths]

    @property
    def all_held_out(self) -> list[Path]:
        return [path for paths in self.held_out.values() for path in paths]


def hold_out(kept: Mapping[str, Sequence[Path]], folder: Path) -> Recordings:
    """Of each speaker the last tenth, but one clip at least and two at most."""
    learned, held_out = {}, {}
    for name, paths in kept.items():
        if len(paths) < FEWEST_CLIPS:
            raise UserError(
                f"There are only {len(paths)} clips of “{name}” in which something can be heard, and at least "
                f"{FEWEST_CLIPS} are needed. Bring more recordings: ten minutes are a good start."
            )
        count = max(1, min(2, len(paths) // 10))
        learned[name], held_out[name] = paths[:-count], paths[-count:]
    return Recordings(learned, held_out, folder)
