"""Base class of the source separators: split a song into stems, in memory or from file to file."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vc_core.audio import Audio, count_resampled_frames, join_blocks, resample_blocks
from vc_core.engine import Engine
from vc_core.errors import Message, UserError
from vc_core.files.reading import AudioFile
from vc_core.files.writing import DEFAULT_FORMAT, FORMATS, AudioWriter
from vc_core.progress import Progress, silent
from vc_core.signal.fitting_windows import FittingProcess
from vc_core.signal.windows import BatchProcess, Windows, stream_in_positioned_windows

Stems = Mapping[str, Audio]
"""Stems of a song by name, each with the song's sample rate, channels and number of frames."""


@dataclass(frozen=True)
class SavedStem:
    path: Path
    notes: tuple[str, ...]
    """Changes made while writing, such as a lowered level."""


@dataclass(frozen=True)
class SoundStream:
    """Sound that is read once, such as a stem while it is made."""

    stream: Iterable[Audio]
    sample_rate: int
    frames: int | None

    def blocks(self) -> Iterable[Audio]:
        return self.stream


class Separator(ABC):
    """A loaded engine; immutable, so that one instance serves all sessions."""

    stem_names: tuple[str, ...]
    """The last stem gets the residual."""
    windows: Windows
    sample_rate: int | None = None
    """The sample rate of its input; None for any."""
    requires_stereo: bool = False
    """Whether its input must have two channels; a mono song is duplicated to two."""
    device: str = "cpu"
    """Where its networks run. On CUDA, `split_batch` gets as many windows as fit into the free memory."""

    @abstractmethod
    def split(self, window: Audio) -> Stems:
        """Separate one window."""

    def split_batch(self, windows: Sequence[Audio]) -> list[Stems]:
        """Separate windows of equal length at once; networks override it, with the result of `split`."""
        return [self.split(window) for window in windows]

    def separate(self, song: Audio, *, sums_to_song: bool = True, progress: Progress = silent) -> Stems:
        """Separate a song in memory."""
        stems = {name: np.empty_like(song.samples) for name in self.stem_names}
        filled = 0
        for blocks in self.stream(song, sums_to_song=sums_to_song, progress=progress):
            end = filled + blocks[self.stem_names[0]].frames
            for name, block in blocks.items():
                stems[name][:, filled:end] = block.samples
            filled = end
        return {name: song.with_samples(samples) for name, samples in stems.items()}

    def separate_file(
        self,
        song: AudioFile,
        folder: Path,
        *,
        format_name: str = DEFAULT_FORMAT,
        sums_to_song: bool = True,
        progress: Progress = silent,
    ) -> dict[str, SavedStem]:
        """Write each stem to a file named after it; memory use does not depend on the song's length."""
        paths = self.get_stem_paths(folder, format_name)
        with ExitStack() as stack:
            writers = {
                name: stack.enter_context(AudioWriter(path, song.sample_rate, song.channels, format_name=format_name))
                for name, path in paths.items()
            }
            for blocks in self.stream(song, sums_to_song=sums_to_song, progress=progress):
                for name, block in blocks.items():
                    writers[name].write(block)
        return {name: SavedStem(writers[name].path, tuple(writers[name].notes())) for name in paths}

    def get_stem_paths(self, folder: Path, format_name: str = DEFAULT_FORMAT) -> dict[str, Path]:
        """The files that `separate_file` writes, by stem."""
        return {name: folder / f"{name}{FORMATS[format_name].suffix}" for name in self.stem_names}

    def stream(
        self, song: Audio | AudioFile | SoundStream, *, sums_to_song: bool = True, progress: Progress = silent
    ) -> Iterator[Stems]:
        """Yield the stems in consecutive blocks, with exactly as many frames as the song.

        `sums_to_song` gives the last stem the residual, such as treble above the engine's sample rate.
        """
        buffer = _SongBuffer([song] if isinstance(song, Audio) else song.blocks())
        sample_rate = self.sample_rate or song.sample_rate
        frames = None if song.frames is None else count_resampled_frames(song.frames, song.sample_rate, sample_rate)
        # Networks take windows of one size, so smaller ones would need as much memory.
        split = FittingProcess(_StackedSplit(self), self.windows, shortest_seconds=self.windows.seconds)
        stacked_blocks = stream_in_positioned_windows(
            resample_blocks(buffer, sample_rate), split, self.windows, frames=frames, progress=progress
        )
        for stacked in resample_blocks(stacked_blocks, song.sample_rate):
            original = buffer.read(stacked.frames)
            yield self._unstack(stacked.slice(0, original.frames), original, sums_to_song)
        if buffer.frames:  # resampling may lose a frame
            original = buffer.read(buffer.frames)
            silence = np.zeros((len(self.stem_names) * original.channels, original.frames), np.float32)
            yield self._unstack(original.with_samples(silence), original, sums_to_song)

    def _unstack(self, stacked: Audio, original: Audio, sums_to_song: bool) -> Stems:
        stems = np.split(stacked.samples, len(self.stem_names))
        if sums_to_song:
            stems[-1] = original.samples - sum(stems[:-1])
        return {name: stacked.with_samples(stem) for name, stem in zip(self.stem_names, stems, strict=True)}


class _StackedSplit(BatchProcess):
    """The stems stacked to shape (stems * channels, frames), so that all are cross-faded at once."""

    def __init__(self, separator: Separator) -> None:
        self._separator, self.device = separator, separator.device

    def process_batch(self, windows: Sequence[Audio], starts: Sequence[int]) -> list[Audio]:
        is_mono = self._separator.requires_stereo and windows[0].channels == 1
        if is_mono:
            windows = [window.with_samples(np.repeat(window.samples, 2, axis=0)) for window in windows]
        return [self._stack(stems, is_mono) for stems in self._separator.split_batch(windows)]

    def _stack(self, stems: Stems, is_mono: bool) -> Audio:
        ordered = [stems[name].to_mono() if is_mono else stems[name] for name in self._separator.stem_names]
        return ordered[0].with_samples(np.concatenate([stem.samples for stem in ordered]))


class _SongBuffer:
    """Yields the song's blocks and buffers them until their stems are ready, to compute the residual."""

    def __init__(self, blocks: Iterable[Audio]) -> None:
        self._blocks = blocks
        self._buffered: deque[Audio] = deque()
        self._empty: Audio | None = None
        self.frames = 0

    def __iter__(self) -> Iterator[Audio]:
        for block in self._blocks:
            self._empty = block.slice(0, 0)
            self._buffered.append(block)
            self.frames += block.frames
            yield block

    def read(self, frames: int) -> Audio:
        """Remove and return the next frames of the song, at most those that are buffered."""
        if self._empty is None:
            raise ValueError("no block was buffered yet")
        blocks = [self._empty]
        missing = frames = min(frames, self.frames)
        while missing:
            block = self._buffered.popleft()
            if block.frames > missing:
                self._buffered.appendleft(block.slice(missing, block.frames))
            blocks.append(block.slice(0, missing))
            missing -= blocks[-1].frames
        self.frames -= frames
        return join_blocks(blocks)


@dataclass(frozen=True)
class SeparatorOptions:
    """Options that an engine needs when it is loaded."""

    stems: int = 2
    treble: bool = False
    """Apply networks trained up to 11 kHz up to 16 kHz."""
    model: str = ""
    """Of an engine with several models: which one; its usual one if it is empty."""
    then: str = "none"
    """What is done with the vocals next; one of `VOCAL_STEPS`."""


def _no_models() -> Sequence[str]:
    return ()


def _no_description(model: str) -> Message | None:
    return None


@dataclass(frozen=True)
class SeparationEngine(Engine[SeparatorOptions, Separator]):
    stem_counts: tuple[int, ...] = (2,)
    has_treble: bool = False
    """Whether `SeparatorOptions.treble` has an effect."""
    quality: int = 0
    """Its rank by how clean the stems are, for recommendations; 0 if it is never recommended."""
    guessed_speed: float = 0.5
    """Seconds of work per second of song for two stems on two cores, until the machine has measured its own."""
    list_models: Callable[[], Sequence[str]] = _no_models
    """The names of models to choose from, besides others; empty if the engine has one only."""
    describe_model: Callable[[str], Message | None] = _no_description
    """What a model is for, its size and its licence."""
    get_usual_model: Callable[[], str] = str
    """The name of the model that is used if none is named; empty if the engine has one only."""
    count_stems: Callable[[str], Sequence[int]] | None = None
    """Into how many stems a model separates, if that is not `stem_counts`."""

    def get_stem_counts(self, model: str) -> Sequence[int]:
        return self.count_stems(model) if self.count_stems else self.stem_counts

    def is_ready(self) -> bool:
        """Whether it runs without an installation or a download."""
        try:
            self.check_installed()
            return not self.download_megabytes(SeparatorOptions())
        except UserError:
            return False

    def check(self, options: SeparatorOptions) -> None:
        if options.model and self.list_models is _no_models:
            raise UserError("“{label}” has no models to choose from: leave the model out.", label=self.label)
        counts = self.get_stem_counts(options.model)
        if options.stems not in counts:
            raise UserError(
                "“{label}” separates into {counts} parts, not into {stems}. Choose another.",
                label=options.model or self.label,
                counts=" or ".join(map(str, counts)),
                stems=options.stems,
            )
