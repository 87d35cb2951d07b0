"""Spec and status of a training run, saved as spec.json and status.json."""

import time
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass as pydantic_dataclass

from vc_core.errors import UserError

State = Literal["waiting", "preparing", "training", "evaluating", "stopped", "finished", "failed", "interrupted"]
ACTIVE_STATES: tuple[State, ...] = ("waiting", "preparing", "training", "evaluating")


@pydantic_dataclass(frozen=True)
class Schedule:
    """When a run logs, evaluates, saves and ends."""

    epochs: float = 0.0
    """Overrides the method's steps if the method has epochs."""
    log_interval: int = 10
    eval_interval: int = 100
    save_seconds: float = 60.0
    """Interval between checkpoints: a power failure loses no more than this."""
    keep_checkpoints: int = 2
    """Beside the last and the best."""
    patience: int = 0
    """Early stopping after so many evaluations without progress; 0 for none."""

    def __post_init__(self) -> None:
        if min(self.log_interval, self.eval_interval) < 1 or self.keep_checkpoints < 0 or self.patience < 0:
            raise UserError("Intervals are whole steps from 1 on, and nothing can be kept a negative number of times.")
        if not (self.epochs >= 0 and self.save_seconds >= 0):
            raise UserError("Epochs and seconds can't be negative.")


@pydantic_dataclass(frozen=True)
class Spec:
    """What is trained, and whose voice it is."""

    name: str
    method: str
    consent: str
    licence: str
    origin: str
    library: str
    """The folder of the voice library that receives the voice."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    pace: Schedule = field(default_factory=Schedule)
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
    """Training time so far."""
    voice: str = ""
    """The published voice's name in the library."""
    updated: float = 0.0


SPEC, STATUS = TypeAdapter(Spec), TypeAdapter(Status)
