"""Live conversion for a sound device: every block of the microphone is answered by a block of the same length."""

import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio
from vc_core.conversion.streaming.base import LiveStream

Signal = npt.NDArray[np.float32]
SILENCE_DB = -90.0


@dataclass
class LiveStatistics:
    blocks: int = 0
    late_blocks: int = 0
    """That took longer to compute than they last: each may be heard as a gap."""
    xruns: int = 0
    """Gaps that the device reported."""
    total_work_seconds: float = 0.0
    input_db: float = SILENCE_DB
    output_db: float = SILENCE_DB
    """Peaks of the last block."""

    @property
    def mean_work_seconds(self) -> float:
        return self.total_work_seconds / max(1, self.blocks)

    def count_xrun(self) -> None:
        self.xruns += 1


class EqualBlocks:
    """Begins with silence for as long as the stream needs for its first output."""

    def __init__(self, stream: LiveStream) -> None:
        self._stream, self.statistics = stream, LiveStatistics()
        waiting = round((stream.delay_seconds - stream.block_seconds) * stream.sample_rate)
        self._ready: Signal = np.zeros(waiting, np.float32)

        self.delay_seconds, self.block_seconds = stream.delay_seconds, stream.block_seconds
        """The delay is from a sample's time to that of its output, computing excluded."""
        self.block_frames = round(stream.block_seconds * stream.sample_rate)

    def process(self, samples: Signal) -> Signal:
        """Shape (n,) to (n,), both at the stream's sample rate."""
        started, statistics = time.perf_counter(), self.statistics
        made = [block.samples[0] for block in self._stream.feed(Audio(samples[None], self._stream.sample_rate))]
        ready = np.concatenate([self._ready, *made])
        output, self._ready = ready[: len(samples)], ready[len(samples) :]
        output = np.pad(output, (0, len(samples) - len(output)))
        work = time.perf_counter() - started
        statistics.blocks += 1
        statistics.late_blocks += work > len(samples) / self._stream.sample_rate
        statistics.total_work_seconds += work
        statistics.input_db, statistics.output_db = measure_db(samples), measure_db(output)
        return output


def measure_db(samples: Signal) -> float:
    """Peak level in dB of full scale."""
    return max(SILENCE_DB, float(20 * np.log10(np.abs(samples).max(initial=0.0) + 1e-9)))
