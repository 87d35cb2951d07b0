"""Audio as an immutable value (samples and sample rate), resampling (soxr) and blocks of a stream."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr

Samples = npt.NDArray[np.float32]
"""Shape (channels, frames). Full scale is ±1; values beyond it are allowed."""

LOWEST_SAMPLE_RATE, HIGHEST_SAMPLE_RATE = 8_000, 192_000
"""In hertz."""


@dataclass(frozen=True, eq=False)
class Audio:
    """Samples of shape (channels, frames) with their sample rate in hertz."""

    samples: Samples
    sample_rate: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.samples.dtype != np.float32:
            raise ValueError(
                f"samples must be float32 of shape (channels, frames), "
                f"not {self.samples.dtype} of shape {self.samples.shape}"
            )
        if not LOWEST_SAMPLE_RATE <= self.sample_rate <= HIGHEST_SAMPLE_RATE:
            raise ValueError(f"a sample rate of {self.sample_rate} Hz is out of range")

    @property
    def channels(self) -> int:
        return int(self.samples.shape[0])

    @property
    def frames(self) -> int:
        return int(self.samples.shape[1])

    @property
    def seconds(self) -> float:
        return self.frames / self.sample_rate

    def to_mono(self) -> "Audio":
        """Downmix to the mean of the channels."""
        if self.channels == 1:
            return self
        return self.with_samples(self.samples.mean(axis=0, keepdims=True))

    def with_samples(self, samples: Samples) -> "Audio":
        return Audio(samples, self.sample_rate)

    def slice(self, start: int, stop: int) -> "Audio":
        """The frames from `start` up to `stop`, as a view of the same memory."""
        return self.with_samples(self.samples[:, start:stop])

    def resample(self, sample_rate: int) -> "Audio":
        """Convert to another sample rate; the length is rounded to the nearest frame."""
        if sample_rate == self.sample_rate:
            return self
        frames = count_resampled_frames(self.frames, self.sample_rate, sample_rate)
        samples = np.zeros((self.channels, frames), np.float32)
        for target, source in zip(samples, self.samples, strict=True):
            # One channel at a time: soxr needs contiguous samples, and a copy of all channels is large.
            converted = soxr.resample(source, self.sample_rate, sample_rate, quality="VHQ")[:frames]
            target[: len(converted)] = converted
        return Audio(samples, sample_rate)


def count_resampled_frames(frames: int, old_sample_rate: int, new_sample_rate: int) -> int:
    return round(frames * new_sample_rate / old_sample_rate)


class Resampler:
    """Streaming sample rate converter: continuous across blocks, and exact in total length."""

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._first: Audio | None = None
        self._stream: soxr.ResampleStream | None = None
        self._frames_in = self._frames_out = 0

    def feed(self, block: Audio) -> Iterator[Audio]:
        if block.sample_rate == self.sample_rate:
            yield block
            return
        if self._stream is None or self._first is None:
            self._first = block.slice(0, 0)
            self._stream = soxr.ResampleStream(block.sample_rate, self.sample_rate, block.channels, "float32", "VHQ")
        self._frames_in += block.frames
        yield from self._emit(self._stream.resample_chunk(np.ascontiguousarray(block.samples.T)))

    def finish(self) -> Iterator[Audio]:
        """Flush the resampler; soxr may end one frame early or late, so the tail is cut or padded."""
        if self._stream is None or self._first is None:
            return
        total = count_resampled_frames(self._frames_in, self._first.sample_rate, self.sample_rate)
        missing = total - self._frames_out
        tail = self._stream.resample_chunk(np.zeros((0, self._first.channels), np.float32), last=True)[:missing]
        yield from self._emit(np.pad(tail, ((0, missing - len(tail)), (0, 0))))

    def _emit(self, chunk: npt.NDArray[np.float32]) -> Iterator[Audio]:
        """`chunk` has shape (frames, channels)."""
        self._frames_out += len(chunk)
        if len(chunk):
            yield Audio(np.ascontiguousarray(chunk.T), self.sample_rate)


def resample_blocks(blocks: Iterable[Audio], sample_rate: int) -> Iterator[Audio]:
    resampler = Resampler(sample_rate)
    for block in blocks:
        yield from resampler.feed(block)
    yield from resampler.finish()


def join_blocks(blocks: Iterable[Audio]) -> Audio:
    """Concatenate consecutive blocks."""
    collected = list(blocks)
    if not collected:
        raise ValueError("no blocks to join")
    return collected[0].with_samples(np.concatenate([block.samples for block in collected], axis=1))


def format_clock(seconds: float) -> str:
    """Minutes and seconds, as a media player shows them: 3:07."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
