"""A live session: a worker thread converts the microphone block by block. Its input is bounded, so latency is too."""

import threading
from collections import deque
from collections.abc import Callable

import numpy as np

from vc_core.audio import Audio, Samples
from vc_core.errors import Message
from vc_core.ui.live.converting import Choice, LiveConverter
from vc_core.ui.live.frames import encode_frame
from vc_core.ui.live.recording import Recording
from vc_core.ui.server.events import explain

MAX_WAITING_SECONDS = 0.5
"""Sound that waits for the worker. When it is too slow, the rest is skipped, so that the singer hears no more delay."""
BLOCK_SECONDS, LONG_BLOCK_SECONDS = 0.02, 0.04
HIGH_LOAD, LOW_LOAD = 0.7, 0.3
"""Shares of real time spent on computing, above and below which blocks become longer and shorter."""

Report = dict[str, object]
"""A message to the page, sent as JSON."""
Emit = Callable[["bytes | Report | None"], None]
"""Takes frames of sound, reports, and None at the end. It is called in the worker thread."""


class LiveSession:
    """Its methods return at once, and may be called from any thread."""

    def __init__(self, choice: Choice, emit: Emit, describe: Callable[[Message], str] = str) -> None:
        """`describe` translates an error for the page."""
        self._emit, self._describe = emit, describe
        self.choice = choice
        """May be replaced: a new key is heard from the next block on, a new voice once it is loaded."""
        self.recording: Recording | None = None
        self._waiting: deque[tuple[Samples, float]] = deque()
        self._waiting_frames = self._skipped = self._sample_rate = 0
        self._changed = threading.Condition()
        self._stopped = False
        self._block_seconds = BLOCK_SECONDS

    def start(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        threading.Thread(target=self._run, daemon=True).start()

    def feed(self, samples: Samples, captured_seconds: float) -> None:
        """Mono samples of shape (1, frames), and when the first of them was captured."""
        with self._changed:
            self._waiting.append((samples, captured_seconds))
            self._waiting_frames += samples.shape[1]
            if self._waiting_frames > MAX_WAITING_SECONDS * self._sample_rate:
                self._clear()
                self._skipped += 1
            self._changed.notify()

    def stop(self, *, discard: bool = False) -> None:
        """Convert what waits, or `discard` it, and end."""
        with self._changed:
            self._stopped = True
            if discard:
                self._clear()
            self._changed.notify()

    def _clear(self) -> None:
        self._waiting.clear()
        self._waiting_frames = 0

    def _take(self) -> tuple[Samples, float] | None:
        """All that waits as one block; None at the end."""
        with self._changed:
            while not self._waiting and not self._stopped:
                self._changed.wait()
            blocks = list(self._waiting)
            self._clear()
        return (np.concatenate([block for block, _ in blocks], axis=1), blocks[0][1]) if blocks else None

    def _run(self) -> None:
        try:
            self._convert()
        except BaseException as error:  # noqa: BLE001 - told to the singer, and in the log
            self._emit({"error": self._describe(explain(error))})
        finally:
            self._emit(None)

    def _convert(self) -> None:
        converter = LiveConverter(self.choice, self._sample_rate)
        self._emit({"ready": True})
        while (block := self._take()) is not None:
            if not converter.change(self.choice):
                converter = LiveConverter(self.choice, self._sample_rate)
            self._deliver(converter, converter.feed(*block))
            self._report(converter)
        self._deliver(converter, converter.finish())

    def _deliver(self, converter: LiveConverter, made: list[tuple[Audio, float]]) -> None:
        for block, captured_seconds in made:
            if recording := self.recording:
                recording.write(block, converter.choice.voice)
            self._emit(encode_frame(block.samples, captured_seconds))

    def _report(self, converter: LiveConverter) -> None:
        """The engine's latency, how often sound was skipped, and the length that the next blocks should have."""
        if (load := converter.measure_load()) is None:
            return
        if load.share > HIGH_LOAD:
            self._block_seconds = LONG_BLOCK_SECONDS
        elif load.share < LOW_LOAD:
            self._block_seconds = BLOCK_SECONDS
        self._emit({"engine": load.latency_seconds, "skipped": self._skipped, "block": self._block_seconds})
