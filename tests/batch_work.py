"""Work for batches that shows who did it: a plain value, importable by the workers."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from vc_core.batch.journal import Item
from vc_core.errors import UserError


@dataclass(frozen=True)
class Copying:
    """Writes what it read, and its process; dies once for each file named “deadly”, and always for “fatal”."""

    mark: Path

    def __call__(self, item: Item) -> list[Path]:
        text = item.source.read_text()
        if text == "bad":
            raise UserError("This is no song.")
        if text == "odd":
            raise ZeroDivisionError
        tried = self.mark / item.source.name
        if text == "fatal" or (text == "deadly" and not tried.exists()):
            tried.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        item.target.mkdir(parents=True, exist_ok=True)
        (item.target / "copy.txt").write_text(f"{text} {os.getpid()} {os.environ['VOICE_STUDIO_DEVICE']}")
        return [item.target / "copy.txt"]


@dataclass(frozen=True)
class Waiting:
    """Notes in `mark` who began what, and ends once the test has put a file “go” there."""

    mark: Path

    def __call__(self, item: Item) -> list[Path]:
        (self.mark / f"{item.source.name}-{os.getpid()}").touch()
        while not (self.mark / "go").exists():
            time.sleep(0.05)
        item.target.mkdir(parents=True, exist_ok=True)
        (item.target / "copy.txt").write_bytes(item.source.read_bytes())
        return [item.target / "copy.txt"]
