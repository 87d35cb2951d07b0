"""Elapsed time, percentage and time left of a job."""

import time
from dataclasses import dataclass
from typing import Literal

from vc_core.errors import Message
from vc_core.progress import Step, Waiting

FIRST_FRACTION, FIRST_SECONDS = 0.05, 1.0
"""Before these, progress says nothing about the time left."""
DOWNLOAD_SHARE = 0.3
"""Of the whole bar, for the downloads before the work."""
STARTING = Message("Starting")

State = Literal["running", "done", "stopped"]


@dataclass(frozen=True)
class JobStatus:
    """A job as the page shows it."""

    state: State
    fraction: float
    step: Step
    elapsed_seconds: float
    seconds_left: float | None


class JobClock:
    """Follows one job from its start, through downloads, the queue and the work itself."""

    def __init__(self, expected_seconds: float | None = None) -> None:
        self.expected_seconds = expected_seconds
        """Of the work, as this machine has measured it before; None if it has not."""
        self._started = self._stage_started = time.monotonic()
        self._base, self._share, self._fraction = 0.0, 1.0, 0.0
        self._step: Step = STARTING

    def begin_stage(self, share: float = 1.0) -> None:
        """The following updates go from 0 to 1 again, and fill `share` of what is left of the bar."""
        self._base, self._share = self._whole_fraction, share
        self._fraction, self._stage_started = 0.0, time.monotonic()

    def update(self, fraction: float, step: Step) -> JobStatus:
        if isinstance(step, Waiting):
            self._stage_started = time.monotonic()
        self._fraction, self._step = max(self._fraction, min(fraction, 1.0)), step or self._step  # never backwards
        return self.read()

    def read(self, state: State = "running") -> JobStatus:
        left = None if isinstance(self._step, Waiting) else self.seconds_left()
        elapsed = time.monotonic() - self._started
        return JobStatus(state, 1.0 if state == "done" else self._whole_fraction, self._step, elapsed, left)

    def seconds_left(self) -> float | None:
        """Of the stage at work; of the work itself where that has yet to begin."""
        seconds = time.monotonic() - self._stage_started
        if self._share < 1:
            return None  # a download: its speed is not this machine's
        return estimate_seconds_left(self._fraction, seconds, self.expected_seconds)

    @property
    def _whole_fraction(self) -> float:
        return self._base + (1 - self._base) * self._share * self._fraction


def estimate_seconds_left(fraction: float, seconds: float, expected_seconds: float | None) -> float | None:
    """From how far the work got in these seconds, and early on from how long it took on this machine before."""
    is_measurable = fraction >= FIRST_FRACTION and seconds >= FIRST_SECONDS
    if expected_seconds is None:
        return seconds / fraction - seconds if is_measurable else None
    weight = min(1.0, 2 * fraction) if is_measurable else 0.0
    total = expected_seconds * (1 - weight) + (seconds / fraction * weight if weight else 0.0)
    return max(total - seconds, 0.0)
