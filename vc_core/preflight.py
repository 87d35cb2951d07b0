"""What work will cost, told before it begins: seconds as this machine has shown before, memory, downloads."""

import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vc_core.home import studio_home

NEWEST_SHARE = 0.5
"""How much the newest run counts beside all before it."""
SHORTEST_SECONDS = 5.0
"""Shorter runs are mostly loading, and say little of longer ones."""


@dataclass(frozen=True)
class Preflight:
    seconds: float
    is_measured: bool
    """Whether this machine has done each step before; otherwise it is a guess."""
    peak_megabytes: int
    download_megabytes: int
    lease_seconds: int = 0
    """What is asked of a GPU that is lent, such as ZeroGPU's."""


@dataclass(frozen=True)
class Step:
    """One step of the work that lies ahead."""

    name: str
    sound_seconds: float
    guessed_speed: float
    """Seconds of work for each second of sound, if this machine has yet to show it."""


class Speeds:
    """How many seconds each step has taken for a second of sound; a small file, written whole or not at all."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or studio_home() / "speeds.json"

    def known(self) -> Mapping[str, float]:
        try:
            found = json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError):  # none yet, or spoilt: then it is learnt again
            return {}
        if not isinstance(found, dict):
            return {}
        return {name: float(speed) for name, speed in found.items() if isinstance(speed, int | float) and speed >= 0}

    @contextmanager
    def timed(self, name: str, sound_seconds: float) -> Iterator[None]:
        """Remember how long this takes, if it comes to its end."""
        started = time.monotonic()
        yield
        if sound_seconds >= SHORTEST_SECONDS:
            self._learn(name, (time.monotonic() - started) / sound_seconds)

    def _learn(self, name: str, speed: float) -> None:
        known = dict(self.known())
        known[name] = speed if name not in known else known[name] * (1 - NEWEST_SHARE) + speed * NEWEST_SHARE
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=self.path.parent, prefix=".speeds-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(known, file, indent=2)
        Path(part).replace(self.path)

    def expected(self, steps: list[Step]) -> tuple[float, bool]:
        """Seconds for all of them, and whether all have been seen here."""
        known = self.known()
        seconds = sum(known.get(step.name, step.guessed_speed) * step.sound_seconds for step in steps)
        return seconds, all(step.name in known for step in steps)
