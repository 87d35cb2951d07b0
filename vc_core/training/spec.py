"""What is wanted of a run, and how far it is: the two files that every run has."""

import time
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass as pydantic_dataclass

from vc_core.errors import UserError

State = Literal["waiting", "preparing", "training", "evaluating", "stopped", "finished", "failed", "interrupted"]
AT_WORK: tuple[State, ...] = ("waiting", "preparing", "training", "evaluating")


@pydantic_dataclass(frozen=True)
class Pace:
    """How often a run looks up from its work."""

    epochs: float = 0.0
    """Instead of the method's steps, where it knows epochs."""
    log_interval: int = 10
    eval_interval: int = 100
    save_seconds: float = 60.0
    """No more than this is lost to a power cut."""
    keep_checkpoints: int = 2
    """Beside the last and the best."""
    patience: int = 0
    """It ends after so many evaluations without progress; 0 lets it go on."""

    def __post_init__(self) -> None:
        if min(self.log_interval, self.eval_interval) < 1 or self.keep_checkpoints < 0 or self.patience < 0:
            raise UserError("Intervals are whole steps from 1 on, and nothing can be kept a negative number of times.")
        if not (self.epochs >= 0 and self.save_seconds >= 0):
            raise UserError("Epochs and seconds can't be negative.")


@pydantic_dataclass(frozen=True)
class Spec:
    """What is to be trained, and whose voice it is."""

    name: str
    method: str
    consent: str
    licence: str
    origin: str
    library: str
    """The folder of voices in which it ends."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    created: float = field(default_factory=time.time)


@pydantic_dataclass(frozen=True)
class Status:
    state: State = "waiting"
    message: str = ""
    step: int = 0
    steps: int = 0
    best_step: int | None = None
    best_score: float | None = None
    seconds: float = 0.0
    """Of training so far."""
    voice: str = ""
    """Its name in the library, once it is there."""
    updated: float = 0.0


SPEC, STATUS = TypeAdapter(Spec), TypeAdapter(Status)
