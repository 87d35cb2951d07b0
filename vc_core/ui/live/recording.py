"""Record what is sung live: raw samples while singing, and afterwards a file with the provenance mark."""

import tempfile
import threading
from pathlib import Path

import numpy as np

from vc_core.audio import Audio
from vc_core.files.provenance import Provenance
from vc_core.files.writing import AudioWriter
from vc_core.voices.library import Voice

MAX_SECONDS = 30 * 60
BLOCK_SECONDS = 10


class Recording:
    """The worker thread writes; limiter, compression and watermark wait for `save`, since they would delay singing."""

    def __init__(self) -> None:
        self.is_paused = False
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - open while singing
        self._lock = threading.Lock()
        self._sample_rate = self._frames = 0
        self._engines: dict[str, str] = {}
        """By the names of the voices that sang."""

    def write(self, block: Audio, voice: Voice) -> None:
        """Append a mono block; ignored after `save`, and beyond `MAX_SECONDS`."""
        with self._lock:
            if self.is_paused or self._file.closed or self._frames >= MAX_SECONDS * block.sample_rate:
                return
            self._sample_rate = block.sample_rate
            self._engines[voice.name] = voice.card.engine
            self._file.write(block.samples.tobytes())
            self._frames += block.frames

    def save(self, path: Path) -> bool:
        """Write the file, which may take seconds; False if nothing was sung."""
        with self._lock, self._file as file:
            if not self._frames:
                return False
            file.seek(0)
            engines = ", ".join(dict.fromkeys(self._engines.values()))
            provenance = Provenance("live", ", ".join(self._engines), engines)
            with AudioWriter(path, self._sample_rate, 1, provenance=provenance) as writer:
                while block := file.read(BLOCK_SECONDS * self._sample_rate * np.float32().nbytes):
                    writer.write(Audio(np.frombuffer(block, np.float32)[None].copy(), self._sample_rate))
            return True
