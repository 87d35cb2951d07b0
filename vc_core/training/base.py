"""Interface of all training methods: a `Trainer` can be checkpointed and exported after any optimiser step."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType
from typing import Any

from vc_core.audio import Audio
from vc_core.engine import Engine
from vc_core.progress import Progress
from vc_core.voices.library import Voice


@dataclass(frozen=True)
class Clips:
    """Training clips by label: one entry for a single voice, one for each emotion, or one for each speaker."""

    folders: Mapping[str, Sequence[Path]]

    @property
    def all(self) -> list[Path]:
        return [path for paths in self.folders.values() for path in paths]


@dataclass(frozen=True)
class TrainedModel:
    """What a training writes on the voice's card about the exported model."""

    engine: str
    sample_rate: int
    pitch_range_hz: tuple[float, float] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    """Empty for the name that the user chose."""


class Trainer(ABC):
    """Networks, optimisers and prepared data. The worker decides when to checkpoint, evaluate and end."""

    steps_done: int = 0
    steps_per_epoch: int = 0
    """0 for methods that draw random excerpts and have no epochs."""

    @abstractmethod
    def step(self) -> dict[str, float]:
        """Do one optimiser step and return its losses by name."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Return everything that resuming needs: weights, optimisers, random number generators, order of the data.

        Tensors and plain values only, so that it can be loaded with `weights_only=True`.
        """

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Resume from the result of `state_dict`."""

    @abstractmethod
    def score_held_out(self) -> float:
        """Evaluate on the held-out recordings; lower is better."""

    @abstractmethod
    def render_samples(self) -> dict[str, Audio]:
        """Render audio samples by name, of the same phrases each time."""

    @abstractmethod
    def export(self, folder: Path) -> TrainedModel:
        """Write the files of the voice or model at the current step, without its card."""

    def export_second(self, folder: Path) -> TrainedModel | None:
        """Write the second voice of the training, if the method trains two."""
        return None

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Release processes and the like."""


PrepareTrainer = Callable[[Clips, Path, Progress], Trainer]
"""Clips, and a folder to cache their features in, which makes a second start quick."""


@dataclass(frozen=True)
class VoiceExtension:
    """For methods whose product is added to a voice of the library, by whose name the run goes."""

    engine: str
    """Of the voices that can have it."""
    fit: Callable[[Voice, Any], Mapping[str, Any]]
    """Settings that follow from the voice; raises `UserError` if it can't have the product."""
    add: Callable[[Path, Path], None]
    """Add the files of an export, in the first folder, to those of the voice in the second."""


@dataclass(frozen=True)
class TrainingEngine(Engine[Any, PrepareTrainer]):
    """Loaded from its settings."""

    settings: type[Any] = NoneType
    """A frozen dataclass whose defaults the page and the shell read; each has `steps` and `seed`."""
    sort: Callable[[Path], Clips] | None = None
    """Sort the recordings of a folder, such as by emotion; without it they are all of one voice."""
    library: str = "voices"
    """The folder in the studio's home that keeps what it makes."""
    extends: VoiceExtension | None = None
