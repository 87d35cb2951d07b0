"""Cut recordings: into windows for a model, cross-faded back together, and into clips at silences."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from vc_core.audio import Audio, Samples, clock, join
from vc_core.progress import Progress, silent

Process = Callable[[Audio], Audio]
"""Keeps rate and number of frames; may give another number of channels, such as stems one above the other."""
PlacedProcess = Callable[[Audio, int], Audio]
"""The same for who must know where in the recording its first frame lies; below 0 in the silence in front."""


@dataclass(frozen=True)
class Windows:
    """How a recording is cut for an engine. Memory depends on these, not on the recording."""

    seconds: float = 8.0
    """New sound in each window."""
    context_seconds: float = 0.5
    """Real sound on both sides that the engine hears as well, and that is cut away."""
    fade_seconds: float = 0.02
    """Cross-fade around each border, inside the context."""
    align_seconds: float = 0.0
    """How far a window may move so that its phase meets its neighbour's; 0 for engines that keep phase."""
    added: bool = False
    """Windows are summed where they meet: for engines that fade their own ends, as an overlap-add does."""
    starts_in_silence: bool = False
    """The first window, too, has its context in front: silence."""

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
    """Apply `process` to a recording that is in memory; the result has the same number of frames."""
    result: Samples | None = None
    filled = 0
    for piece in stream_in_windows([audio], process, windows, frames=audio.frames, progress=progress):
        if result is None:
            result = np.empty((piece.channels, audio.frames), np.float32)
        result[:, filled : filled + piece.frames] = piece.samples
        filled += piece.frames
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
    """Apply `process` to a stream of blocks of any size; exactly as many frames come out as went in.

    `frames`, if known, is the length of the whole, for `progress`; work stops when that raises `Cancelled`.
    """
    return stream_in_placed_windows(
        blocks, lambda piece, start: process(piece), windows, frames=frames, progress=progress
    )


def stream_in_placed_windows(
    blocks: Iterable[Audio],
    process: PlacedProcess,
    windows: Windows,
    *,
    frames: int | None = None,
    progress: Progress = silent,
) -> Iterator[Audio]:
    """As `stream_in_windows`, for a process that is told where each window lies."""
    stream = WindowStream(lambda piece: process(piece, stream.heard_from), windows, frames=frames, progress=progress)
    for block in blocks:
        yield from stream.feed(block)
    yield from stream.finish()
    progress(1.0, "Done")


class WindowStream:
    """The mechanism itself: blocks are fed in as they come, and finished sound comes out behind them."""

    def __init__(
        self, process: Process, windows: Windows, *, frames: int | None = None, progress: Progress = silent
    ) -> None:
        self._process, self._windows = process, windows
        self._frames, self._progress = frames, progress
        self._held: Audio | None = None
        self._held_from = 0  # where the held sound starts in the recording
        self._start = 0  # where the next window's own sound starts in the recording
        self._seam: Samples | None = None  # the last window's end, reaching half a fade past the border

    @property
    def heard_from(self) -> int:
        """Where in the recording that begins which `process` is given; below 0 in the silence in front."""
        return self._held_from

    def feed(self, block: Audio) -> Iterator[Audio]:
        own, context = self._sizes(block.sample_rate)
        if self._held is None and self._windows.starts_in_silence:
            self._held = block.with_samples(np.zeros((block.channels, context), np.float32))
            self._held_from = -context
        held = block if self._held is None else join([self._held, block])
        self._held = held
        # All windows but the last are of one size; the last is shorter, and longer than the context.
        while held.frames >= (begin := self._start - self._held_from) + own + context:
            yield from self._finished(held.between(0, begin + own + context), begin, begin + own, is_last=False)
            self._start += own
            dropped = max(0, self._start - context - self._held_from)
            self._held_from += dropped
            self._held = held = held.between(dropped, held.frames)

    def finish(self) -> Iterator[Audio]:
        """The rest; an end shorter than the context is not cut off from the last window."""
        held, self._held = self._held, None
        if held is not None and held.frames > (begin := self._start - self._held_from):
            yield from self._finished(held, begin, held.frames, is_last=True)

    def _sizes(self, rate: int) -> tuple[int, int]:
        return max(1, round(self._windows.seconds * rate)), round(self._windows.context_seconds * rate)

    def _finished(self, heard: Audio, begin: int, end: int, *, is_last: bool) -> Iterator[Audio]:
        """One window, whose own sound is `begin` to `end` of what it hears."""
        rate = heard.sample_rate
        self._progress(min(self._start / self._frames, 1.0) if self._frames else 0.0, self._position(rate))
        output = self._process(heard)
        if output.frames != heard.frames or output.sample_rate != rate:
            raise ValueError(f"{heard.frames} frames went in, {output.frames} came out")
        half_fade = int(self._windows.fade_seconds * rate / 2 + 1e-6)  # a whole number of frames stays one
        if self._seam is not None:
            begin -= half_fade
            reach = int(self._windows.align_seconds * rate)
            around = output.samples[:, begin - reach : begin + 2 * half_fade + reach]
            lag = _best_lag(self._seam, around, reach, only_back=is_last)
            begin, end = begin + lag, end + lag
            if half_fade:
                coming = output.samples[:, begin : begin + 2 * half_fade]
                joined = self._seam + coming if self._windows.added else _cross_faded(self._seam, coming)
                yield output.with_samples(joined)
                begin += 2 * half_fade
        if not is_last:
            end -= half_fade
            self._seam = output.samples[:, end : end + 2 * half_fade]
        yield output.between(begin, end)

    def _position(self, rate: int) -> str:
        here = clock(self._start / rate)
        return f"{here} / {clock(self._frames / rate)}" if self._frames else here


def _best_lag(seam: Samples, around: Samples, reach: int, only_back: bool) -> int:
    """How far to move so that `around` follows `seam` in phase: the highest normalised correlation."""
    if reach == 0 or seam.shape[1] == 0:
        return 0
    wanted, heard = seam.sum(axis=0, dtype=np.float64), around.sum(axis=0, dtype=np.float64)
    energy = np.convolve(heard**2, np.ones(len(wanted)), "valid")
    likeness = np.correlate(heard, wanted, "valid") / np.sqrt(energy + 1e-9)
    lags = np.arange(-reach, reach + 1)
    # Of equal matches, as in a held note, the nearest: it keeps the timing.
    likeness -= 0.01 * np.abs(likeness).max() * np.abs(lags) / reach
    if only_back:  # past the end of the recording there is nothing to take
        likeness[lags > 0] = -np.inf
    return int(lags[np.argmax(likeness)])


def _cross_faded(leaving: Samples, coming: Samples) -> Samples:
    rise = fade_in(leaving.shape[1])
    return (leaving * (1 - rise) + coming * rise).astype(np.float32)


def fade_in(frames: int) -> Samples:
    """Half a cosine from 0 to 1, sampled between the frames so that it and its mirror add up to 1."""
    return (0.5 - 0.5 * np.cos(np.pi * (np.arange(frames) + 0.5) / max(frames, 1))).astype(np.float32)


@dataclass(frozen=True)
class ClipRules:
    """How a long recording is cut into clips for training."""

    min_seconds: float = 10.0
    max_seconds: float = 15.0
    threshold_db: float = -40.0
    """Quieter than this, against full scale, counts as silence."""
    min_silence_seconds: float = 0.3
    """A shorter pause is part of the phrase."""
    kept_silence_seconds: float = 0.5
    """How much of a pause stays on each side of a phrase."""
    hop_seconds: float = 0.01
    fade_seconds: float = 0.02
    """Each clip reaches this much over its cut, and fades there: nothing is lost, and nothing clicks."""

    def __post_init__(self) -> None:
        if not 0 < self.hop_seconds <= self.fade_seconds < self.min_seconds < self.max_seconds:
            raise ValueError(f"lengths must be positive and in order: {self}")
        if min(self.min_silence_seconds, self.kept_silence_seconds) < 0:
            raise ValueError(f"silences can't be negative: {self}")


@dataclass(frozen=True)
class Clip:
    start: int
    """First frame of the clip in the recording."""
    audio: Audio


def cut_into_clips(audio: Audio, rules: ClipRules = ClipRules()) -> list[Clip]:
    """Cut at silences, or where a singer never pauses at the quietest point; no sound is lost.

    A clip is longer than `max_seconds` never, and shorter than `min_seconds` only where a long
    silence or the recording's end leaves no other way. Silence alone gives no clip.
    """
    hop = round(rules.hop_seconds * audio.sample_rate)
    fade = round(rules.fade_seconds * audio.sample_rate)
    levels = hop_levels_db(audio, hop)
    clips = []
    for first, last in _grouped(_phrases(levels, rules), rules):
        start, stop = max(0, first * hop - fade), min(audio.frames, last * hop + fade)
        samples = audio.samples[:, start:stop].copy()
        rise = fade_in(fade)
        if start > 0:
            samples[:, :fade] *= rise
        if stop < audio.frames:
            samples[:, -fade:] *= rise[::-1]
        clips.append(Clip(start, audio.with_samples(samples)))
    return clips


def hop_levels_db(audio: Audio, hop_frames: int) -> Samples:
    """The loudest channel's level in each hop, in decibels against full scale; the last hop may be short."""
    power = (audio.samples**2).max(axis=0)
    starts = np.arange(0, audio.frames, hop_frames)
    lengths = np.diff(np.append(starts, audio.frames))
    return (10 * np.log10(np.add.reduceat(power, starts) / lengths + 1e-12)).astype(np.float32)


def _phrases(levels: Samples, rules: ClipRules) -> list[tuple[int, int]]:
    """Stretches of sound as (first, last) hops, with some of the silence around, none longer than a clip."""
    hops = len(levels)
    edges = np.flatnonzero(np.diff((levels >= rules.threshold_db).astype(np.int8), prepend=0, append=0))
    sounds = [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]
    shortest_pause, kept = _hops(rules.min_silence_seconds, rules), _hops(rules.kept_silence_seconds, rules)
    joined: list[tuple[int, int]] = []
    for first, last in sounds:
        if joined and first - joined[-1][1] < shortest_pause:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    phrases = []
    for index, (first, last) in enumerate(joined):
        before = (joined[index - 1][1] + first + 1) // 2 if index else 0
        after = (last + joined[index + 1][0] + 1) // 2 if index + 1 < len(joined) else hops
        phrases += _split_long((max(before, first - kept), min(after, last + kept)), levels, rules)
    return phrases


def _split_long(phrase: tuple[int, int], levels: Samples, rules: ClipRules) -> list[tuple[int, int]]:
    first, last = phrase
    shortest, longest = _hops(rules.min_seconds, rules), _longest_hops(rules)
    parts = []
    while last - first > longest:
        # Not so late that the rest would be too short for a clip, where that can be helped.
        latest = min(first + longest, max(first + shortest + 1, last - shortest))
        cut = first + shortest + int(np.argmin(levels[first + shortest : latest]))
        parts.append((first, cut))
        first = cut
    return [*parts, (first, last)]


def _grouped(phrases: list[tuple[int, int]], rules: ClipRules) -> list[tuple[int, int]]:
    """Neighbouring phrases together, up to the length of a clip, parted at the longest pauses."""
    shortest, longest = _hops(rules.min_seconds, rules), _longest_hops(rules)
    clips: list[tuple[int, int]] = []
    at = 0
    while at < len(phrases):
        first = phrases[at][0]
        fitting = [end for end in range(at, len(phrases)) if phrases[end][1] - first <= longest]
        good = [end for end in fitting if phrases[end][1] - first >= shortest]
        end = max(good, key=lambda end: _pause_after(phrases, end)) if good else fitting[-1]
        clips.append((first, phrases[end][1]))
        at = end + 1
    if len(clips) > 1 and clips[-1][1] - clips[-1][0] < shortest and clips[-1][1] - clips[-2][0] <= longest:
        clips[-2:] = [(clips[-2][0], clips[-1][1])]
    return clips


def _pause_after(phrases: list[tuple[int, int]], index: int) -> float:
    return phrases[index + 1][0] - phrases[index][1] if index + 1 < len(phrases) else float("inf")


def _hops(seconds: float, rules: ClipRules) -> int:
    return round(seconds / rules.hop_seconds)


def _longest_hops(rules: ClipRules) -> int:
    return int((rules.max_seconds - 2 * rules.fade_seconds) / rules.hop_seconds)
