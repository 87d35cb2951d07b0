"""Process long audio in overlapping windows with context: cross-fade or overlap-add, phase alignment, streaming."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vc_core.audio import Audio, Samples, format_clock, join_blocks
from vc_core.progress import Progress, silent

Process = Callable[[Audio], Audio]
"""Keeps sample rate and number of frames; may change the number of channels, for example to stacked stems."""
PositionedProcess = Callable[[Audio, int], Audio]
"""A `Process` that also gets the position of its first frame in the recording; negative in the leading silence."""


class BatchProcess(ABC):
    """A `PositionedProcess` that also takes several windows of equal length at once."""

    batch_size: int = 1
    """How many windows are collected for it; the last ones of a recording may be fewer."""
    device: str = "cpu"
    """Where its networks run."""

    @abstractmethod
    def process_batch(self, windows: Sequence[Audio], starts: Sequence[int]) -> list[Audio]: ...

    def __call__(self, window: Audio, start: int) -> Audio:
        return self.process_batch([window], [start])[0]


@dataclass(frozen=True)
class Windows:
    """How a recording is cut for a model. Memory use depends on these sizes, not on the recording's length."""

    seconds: float = 8.0
    """New audio in each window (the hop)."""
    context_seconds: float = 0.5
    """Additional input on both sides, which covers the model's receptive field; its output is discarded."""
    fade_seconds: float = 0.02
    """Cross-fade centred on each border; it lies within the context."""
    align_seconds: float = 0.0
    """How far a window may be shifted to match its neighbour's phase; 0 for models that preserve phase."""
    overlap_add: bool = False
    """Sum the overlap instead of cross-fading it: for models that apply their own window function."""
    leading_silence: bool = False
    """Give the first window its left context too, as silence."""

    def __post_init__(self) -> None:
        if self.seconds <= 0 or min(self.context_seconds, self.fade_seconds, self.align_seconds) < 0:
            raise ValueError(f"these windows have no size: {self}")
        if self.fade_seconds / 2 + self.align_seconds > self.context_seconds:
            raise ValueError(f"fade and alignment must fit into the context: {self}")
        if self.fade_seconds / 2 + self.align_seconds > self.seconds:
            raise ValueError(f"a fade must be shorter than its window: {self}")


def process_in_windows(
    audio: Audio, process: Process, windows: Windows = Windows(), *, progress: Progress = silent
) -> Audio:
    """Apply `process` to a recording in memory; the result has the same number of frames."""
    result: Samples | None = None
    filled = 0
    for block in stream_in_windows([audio], process, windows, frames=audio.frames, progress=progress):
        if result is None:
            result = np.empty((block.channels, audio.frames), np.float32)
        result[:, filled : filled + block.frames] = block.samples
        filled += block.frames
    if result is None:
        raise ValueError("there are no frames to process")
    return audio.with_samples(result)


def stream_in_windows(
    blocks: Iterable[Audio],
    process: Process,
    windows: Windows = Windows(),
    *,
    frames: int | None = None,
    progress: Progress = silent,
) -> Iterator[Audio]:
    """Apply `process` to a stream of blocks of any size; the output has exactly as many frames as the input.

    `frames`, if known, is the total length, for `progress`. Processing stops when `progress` raises `Cancelled`.
    """
    return stream_in_positioned_windows(
        blocks, lambda window, start: process(window), windows, frames=frames, progress=progress
    )


def stream_in_positioned_windows(
    blocks: Iterable[Audio],
    process: PositionedProcess,
    windows: Windows,
    *,
    frames: int | None = None,
    progress: Progress = silent,
) -> Iterator[Audio]:
    """As `stream_in_windows`, for a process that needs the position of each window."""
    stream = WindowStream(process, windows, frames=frames, progress=progress)
    for block in blocks:
        yield from stream.feed(block)
    yield from stream.finish()
    progress(1.0, "")


@dataclass(frozen=True)
class _Cut:
    """A window with its context, cut from a recording."""

    window: Audio
    window_start: int
    """Its first frame in the recording."""
    start: int
    """The first frame of its new audio in the recording."""
    end: int
    """The end of its new audio, within the window."""
    is_last: bool = False


class WindowStream:
    """Incremental windowing: feed blocks as they arrive, get finished audio back with a delay."""

    def __init__(
        self, process: PositionedProcess, windows: Windows, *, frames: int | None = None, progress: Progress = silent
    ) -> None:
        self._process, self._windows = process, windows
        self._waiting: list[_Cut] = []  # windows of equal length, for the next batch
        self._frames, self._progress = frames, progress
        self._buffer: Audio | None = None
        self._buffer_start = 0  # position of the buffer's first frame in the recording
        self._start = 0  # position of the next window, without its context
        self._overlap: Samples | None = None  # end of the last window's output, up to half a fade past the border

    def feed(self, block: Audio) -> Iterator[Audio]:
        hop, context = self._count_frames(block.sample_rate)
        if self._buffer is None and self._windows.leading_silence:
            self._buffer = block.with_samples(np.zeros((block.channels, context), np.float32))
            self._buffer_start = -context
        buffer = block if self._buffer is None else join_blocks([self._buffer, block])
        self._buffer = buffer
        # All windows but the last have the same size; the last is shorter, and longer than the context.
        while buffer.frames >= (begin := self._start - self._buffer_start) + hop + context:
            window = buffer.slice(0, begin + hop + context)
            yield from self._collect(_Cut(window, self._buffer_start, self._start, begin + hop))
            self._start += hop
            consumed = max(0, self._start - context - self._buffer_start)
            self._buffer_start += consumed
            self._buffer = buffer = buffer.slice(consumed, buffer.frames)

    def finish(self) -> Iterator[Audio]:
        """Process the rest. A rest shorter than the context stays part of the last window."""
        buffer, self._buffer = self._buffer, None
        if buffer is not None and buffer.frames > self._start - self._buffer_start:
            yield from self._collect(_Cut(buffer, self._buffer_start, self._start, buffer.frames, is_last=True))
        yield from self._process_waiting()

    def _count_frames(self, sample_rate: int) -> tuple[int, int]:
        """Hop and context in frames."""
        hop = max(1, round(self._windows.seconds * sample_rate))
        return hop, round(self._windows.context_seconds * sample_rate)

    def _collect(self, cut: _Cut) -> Iterator[Audio]:
        """Process the waiting windows as soon as they make a batch."""
        if self._waiting and self._waiting[0].window.frames != cut.window.frames:
            yield from self._process_waiting()
        self._waiting.append(cut)
        size = self._process.batch_size if isinstance(self._process, BatchProcess) else 1
        if len(self._waiting) >= size:
            yield from self._process_waiting()

    def _process_waiting(self) -> Iterator[Audio]:
        cuts, self._waiting = self._waiting, []
        if not cuts:
            return
        start, rate = cuts[0].start, cuts[0].window.sample_rate
        fraction = min(start / self._frames, 1.0) if self._frames else 0.0
        self._progress(fraction, self._format_position(start, rate))
        if isinstance(self._process, BatchProcess):
            outputs = self._process.process_batch([cut.window for cut in cuts], [cut.window_start for cut in cuts])
        else:
            outputs = [self._process(cut.window, cut.window_start) for cut in cuts]
        for cut, output in zip(cuts, outputs, strict=True):
            yield from self._join(cut, output)

    def _join(self, cut: _Cut, output: Audio) -> Iterator[Audio]:
        """Cross-fade a window's output with that of the window before."""
        rate, begin, end, is_last = cut.window.sample_rate, cut.start - cut.window_start, cut.end, cut.is_last
        if output.frames != cut.window.frames or output.sample_rate != rate:
            raise ValueError(f"{cut.window.frames} frames went in, {output.frames} came out")
        half_fade = int(self._windows.fade_seconds * rate / 2 + 1e-6)  # 1e-6 against rounding below a whole frame
        if self._overlap is not None:
            begin -= half_fade
            max_lag = int(self._windows.align_seconds * rate)
            candidates = output.samples[:, begin - max_lag : begin + 2 * half_fade + max_lag]
            lag = _find_best_lag(self._overlap, candidates, max_lag, only_negative=is_last)
            begin, end = begin + lag, end + lag
            if half_fade:
                incoming = output.samples[:, begin : begin + 2 * half_fade]
                is_sum = self._windows.overlap_add
                yield output.with_samples(self._overlap + incoming if is_sum else _cross_fade(self._overlap, incoming))
                begin += 2 * half_fade
        if not is_last:
            end -= half_fade
            self._overlap = output.samples[:, end : end + 2 * half_fade]
        yield output.slice(begin, end)

    def _format_position(self, start: int, sample_rate: int) -> str:
        position = format_clock(start / sample_rate)
        return f"{position} / {format_clock(self._frames / sample_rate)}" if self._frames else position


def _find_best_lag(overlap: Samples, candidates: Samples, max_lag: int, *, only_negative: bool) -> int:
    """The lag at which `candidates` continues `overlap` in phase: the maximum of the normalised cross-correlation."""
    if max_lag == 0 or overlap.shape[1] == 0:
        return 0
    target, signal = overlap.sum(axis=0, dtype=np.float64), candidates.sum(axis=0, dtype=np.float64)
    energy = np.convolve(signal**2, np.ones(len(target)), "valid")
    correlation = np.correlate(signal, target, "valid") / np.sqrt(energy + 1e-9)
    lags = np.arange(-max_lag, max_lag + 1)
    # Of equal maxima, as in a held note, prefer the smallest lag: it preserves the timing.
    correlation -= 0.01 * np.abs(correlation).max() * np.abs(lags) / max_lag
    if only_negative:  # there is no audio past the end of the recording
        correlation[lags > 0] = -np.inf
    return int(lags[np.argmax(correlation)])


def _cross_fade(outgoing: Samples, incoming: Samples) -> Samples:
    rise = make_fade_in(outgoing.shape[1])
    return (outgoing * (1 - rise) + incoming * rise).astype(np.float32)


def make_fade_in(frames: int) -> Samples:
    """Raised-cosine ramp of shape (frames,) from 0 to 1; sampled mid-frame, so that it and its mirror sum to 1."""
    return (0.5 - 0.5 * np.cos(np.pi * (np.arange(frames) + 0.5) / max(frames, 1))).astype(np.float32)
