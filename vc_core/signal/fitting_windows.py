"""Fit windows into the memory of a device: batches by what is free, and less at once when it runs out."""

import os
from collections.abc import Sequence
from dataclasses import replace

from vc_core.audio import Audio, join_blocks
from vc_core.device import (
    OUT_OF_MEMORY,
    get_free_bytes,
    get_peak_bytes,
    is_out_of_memory,
    release_device_memory,
    start_peak_measurement,
)
from vc_core.errors import restore_error
from vc_core.signal.windows import BatchProcess, PositionedProcess, Windows, stream_in_positioned_windows

SHORTEST_SECONDS = 1.0
LARGEST_BATCH = 16
"""More windows at once keep a GPU no busier, and stop and progress would answer late."""
MEMORY_SHARE = 0.6
"""Of the free memory, for the windows of a batch."""


class FittingProcess(BatchProcess):
    """Sizes batches; out of memory, it tries half the batch, then half the window, then gives up with a message.

    On a CPU, batches have one window, since more are slower there. For tests and measurements, the environment variable
    VOICE_STUDIO_BATCH decides instead.
    """

    def __init__(
        self, process: PositionedProcess, windows: Windows, *, shortest_seconds: float = SHORTEST_SECONDS
    ) -> None:
        self._process, self._windows, self._shortest_seconds = process, windows, shortest_seconds
        self._splits = 1
        """Into how many windows each is split."""
        self.device = process.device if isinstance(process, BatchProcess) else "cpu"
        forced = os.environ.get("VOICE_STUDIO_BATCH")
        self.batch_size = int(forced) if forced and isinstance(process, BatchProcess) else 1
        self._is_sized = bool(forced) or not self.device.startswith("cuda")

    def process_batch(self, windows: Sequence[Audio], starts: Sequence[int]) -> list[Audio]:
        done: list[Audio] = []
        while rest := windows[len(done) : len(done) + self.batch_size]:
            try:
                done += self._run(rest, starts[len(done) : len(done) + self.batch_size])
                continue
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
            release_device_memory()  # here the error and the tensors of its frames are gone
            self._shrink(len(rest))
        return done

    def _shrink(self, batch: int) -> None:
        self._is_sized = True
        if batch > 1:
            self.batch_size = batch // 2
            return
        self._splits *= 2
        if self._windows.seconds / self._splits < self._shortest_seconds:
            raise restore_error(OUT_OF_MEMORY.template)

    def _run(self, windows: Sequence[Audio], starts: Sequence[int]) -> list[Audio]:
        if self._splits > 1:
            return [self._run_in_smaller_windows(*one) for one in zip(windows, starts, strict=True)]
        if len(windows) > 1 and isinstance(self._process, BatchProcess):
            return self._process.process_batch(windows, starts)
        if not self._is_sized:
            return [self._run_measured(windows[0], starts[0])]
        return [self._process(*one) for one in zip(windows, starts, strict=True)]

    def _run_measured(self, window: Audio, start: int) -> Audio:
        """Choose the batch size by the memory that a first window takes."""
        start_peak_measurement(self.device)
        made = self._process(window, start)
        longest_seconds = self._windows.seconds + 2 * self._windows.context_seconds
        needed = get_peak_bytes(self.device) * longest_seconds / window.seconds
        if needed:  # silence needs none
            self._is_sized = True
            fitting = int(MEMORY_SHARE * get_free_bytes(self.device) / needed)
            self.batch_size = max(1, min(fitting, LARGEST_BATCH))
        return made

    def _run_in_smaller_windows(self, window: Audio, start: int) -> Audio:
        smaller = replace(self._windows, seconds=self._windows.seconds / self._splits)
        blocks = stream_in_positioned_windows(
            [window], lambda part, at: self._process(part, start + at), smaller, frames=window.frames
        )
        return join_blocks(list(blocks))
