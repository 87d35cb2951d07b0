"""What every way to train does: steps that can be stopped after any one, and a voice at the end of any one."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vc_core.audio import Audio
from vc_core.progress import Progress


@dataclass(frozen=True)
class Clips:
    """Clean recordings to learn from, by whose or which they are: one entry for one voice, an emotion's name each …"""

    folders: Mapping[str, Sequence[Path]]

    @property
    def all(self) -> list[Path]:
        return [path for paths in self.folders.values() for path in paths]


@dataclass(frozen=True)
class Product:
    """What a trained voice's card has to say, beside whose it is."""

    engine: str
    sample_rate: int
    pitch_range_hz: tuple[float, float] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    """Where it is not the one that the person chose."""


class Trainer(ABC):
    """Recordings prepared, networks and optimisers ready. Whoever runs it decides when it saves, sings and ends."""

    steps_done: int = 0
    steps_per_epoch: int = 0
    """How many it takes to hear every clip once; 0 for those that draw pieces at random and know no epochs."""

    @abstractmethod
    def step(self) -> dict[str, float]:
        """One step of learning; its losses by name."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """All that is needed to go on as if it had never stopped: optimisers, random numbers, order of the data.

        Tensors and plain values only, so that it can be read with `weights_only=True`.
        """

    @abstractmethod
    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from there."""

    @abstractmethod
    def score(self) -> float:
        """How far it is from recordings that were held out; lower is better."""

    @abstractmethod
    def samples(self) -> dict[str, Audio]:
        """What it can do by now, to be listened to, by name: the same phrases each time."""

    @abstractmethod
    def export(self, folder: Path) -> Product:
        """Write the files of the voice (or model) as it is now, without its card."""

    def export_second(self, folder: Path) -> Product | None:
        """Another voice of the same training, where there is one."""
        return None

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Let go of what it holds beside memory, such as processes."""


@dataclass(frozen=True)
class TrainingMethod:
    """A way to train that a person can choose."""

    label: str
    settings: type[Any]
    """A frozen dataclass whose defaults the pages and the shell read; each has `steps` and `seed`."""
    prepare: Callable[[Clips, Any, Path, str, Progress], Trainer]
    """Of clips, settings, a folder to keep features in, and a device; the folder makes a second start quick."""
    notice: str = ""
    """What must be known before one waits for it."""
    sort: Callable[[Path], Clips] | None = None
    """Finds out which recordings of a folder are what, such as by emotion; without it they are all one voice."""
    library: str = "voices"
    """The folder in the studio's home that keeps what it makes."""
