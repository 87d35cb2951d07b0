"""Sound as a value: samples and their rate, checked once and never changed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr

Samples = npt.NDArray[np.float32]
"""Shape (channels, frames); full scale is ±1, and values beyond it are kept."""

LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000


@dataclass(frozen=True, eq=False)
class Audio:
    """Samples of shape (channels, frames) and the rate they were taken at."""

    samples: Samples
    sample_rate: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.samples.dtype != np.float32:
            raise ValueError(
                f"samples must be float32 of shape (channels, frames), "
                f"not {self.samples.dtype} of shape {self.samples.shape}"
            )
        if not LOWEST_RATE <= self.sample_rate <= HIGHEST_RATE:
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

    def mono(self) -> "Audio":
        """The mean of the channels."""
        if self.channels == 1:
            return self
        return self.with_samples(self.samples.mean(axis=0, keepdims=True))

    def with_samples(self, samples: Samples) -> "Audio":
        return Audio(samples, self.sample_rate)

    def between(self, start: int, stop: int) -> "Audio":
        """The frames from `start` up to `stop`, sharing memory with this audio."""
        return self.with_samples(self.samples[:, start:stop])

    def resampled(self, sample_rate: int) -> "Audio":
        """The same sound at another rate; its length is the nearest whole number of frames."""
        if sample_rate == self.sample_rate:
            return self
        frames = resampled_frames(self.frames, self.sample_rate, sample_rate)
        samples = np.zeros((self.channels, frames), np.float32)
        for channel, taken in zip(samples, self.samples, strict=True):
            # A channel at a time: soxr wants its samples contiguous, and a copy of them all is large.
            converted = soxr.resample(taken, self.sample_rate, sample_rate, quality="VHQ")[:frames]
            channel[: len(converted)] = converted
        return Audio(samples, sample_rate)


def resampled_frames(frames: int, old_rate: int, new_rate: int) -> int:
    return round(frames * new_rate / old_rate)


class Resampler:
    """A stream at another rate, without seams between its blocks, and exact in length."""

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._first: Audio | None = None
        self._stream: soxr.ResampleStream | None = None
        self._heard = self._given = 0

    def feed(self, block: Audio) -> Iterator[Audio]:
        if block.sample_rate == self.sample_rate:
            yield block
            return
        if self._stream is None or self._first is None:
            self._first = block.between(0, 0)
            self._stream = soxr.ResampleStream(block.sample_rate, self.sample_rate, block.channels, "float32", "VHQ")
        self._heard += block.frames
        yield from self._made(self._stream.resample_chunk(np.ascontiguousarray(block.samples.T)))

    def finish(self) -> Iterator[Audio]:
        if self._stream is None or self._first is None:
            return
        # soxr's own end may be a frame off the nearest one.
        missing = resampled_frames(self._heard, self._first.sample_rate, self.sample_rate) - self._given
        rest = self._stream.resample_chunk(np.zeros((0, self._first.channels), np.float32), last=True)[:missing]
        yield from self._made(np.pad(rest, ((0, missing - len(rest)), (0, 0))))

    def _made(self, taken: npt.NDArray[np.float32]) -> Iterator[Audio]:
        self._given += len(taken)
        if len(taken):
            yield Audio(np.ascontiguousarray(taken.T), self.sample_rate)


def resample_blocks(blocks: Iterable[Audio], sample_rate: int) -> Iterator[Audio]:
    resampler = Resampler(sample_rate)
    for block in blocks:
        yield from resampler.feed(block)
    yield from resampler.finish()


def join(blocks: Iterable[Audio]) -> Audio:
    """Consecutive blocks as one audio."""
    gathered = list(blocks)
    if not gathered:
        raise ValueError("no blocks to join")
    return gathered[0].with_samples(np.concatenate([block.samples for block in gathered], axis=1))


def clock(seconds: float) -> str:
    """Minutes and seconds as a player shows them: 3:07."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
