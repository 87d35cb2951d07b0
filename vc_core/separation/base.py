"""What every separator does: a song goes in, and its stems come out, in memory or from file to file."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vc_core.audio import Audio, join, resample_blocks, resampled_frames
from vc_core.errors import UserError
from vc_core.progress import Progress, silent
from vc_core.reading import AudioFile
from vc_core.slicing import Windows, stream_in_windows
from vc_core.writing import DEFAULT_FORMAT, FORMATS, AudioWriter

Stems = Mapping[str, Audio]
"""The parts of a song by name, each with the song's rate, channels and length."""


@dataclass(frozen=True)
class SavedStem:
    path: Path
    notes: tuple[str, ...]
    """What was changed on the way into the file."""


class Separator(ABC):
    """An engine; it never changes after it is loaded, so that one can serve all visitors."""

    stem_names: tuple[str, ...]
    """The last one is given what none of them claims."""
    windows: Windows
    sample_rate: int | None = None
    """The only rate it hears; None if any will do."""
    hears_stereo: bool = False
    """Whether it takes nothing but two channels; a mono song is given to it as two equal ones."""

    @abstractmethod
    def split(self, piece: Audio) -> Stems:
        """The stems of one window."""

    def separate(self, song: Audio, *, sums_to_song: bool = True, progress: Progress = silent) -> Stems:
        """The stems of a song that is in memory."""
        stems = {name: np.empty_like(song.samples) for name in self.stem_names}
        filled = 0
        for pieces in self.stream(song, sums_to_song=sums_to_song, progress=progress):
            end = filled + pieces[self.stem_names[0]].frames
            for name, piece in pieces.items():
                stems[name][:, filled:end] = piece.samples
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
        """Write each stem to a file named after it, in memory that does not depend on the song's length."""
        paths = self.paths(folder, format_name)
        with ExitStack() as stack:
            writers = {
                name: stack.enter_context(AudioWriter(path, song.sample_rate, song.channels, format_name=format_name))
                for name, path in paths.items()
            }
            for pieces in self.stream(song, sums_to_song=sums_to_song, progress=progress):
                for name, piece in pieces.items():
                    writers[name].write(piece)
        return {name: SavedStem(writers[name].path, tuple(writers[name].notes())) for name in paths}

    def paths(self, folder: Path, format_name: str = DEFAULT_FORMAT) -> dict[str, Path]:
        """Where `separate_file` puts each stem."""
        return {name: folder / f"{name}{FORMATS[format_name].suffix}" for name in self.stem_names}

    def stream(
        self, song: Audio | AudioFile, *, sums_to_song: bool = True, progress: Progress = silent
    ) -> Iterator[Stems]:
        """The stems in consecutive pieces; together exactly as long as the song.

        `sums_to_song` gives the last stem what no stem claims, such as treble that the engine doesn't hear.
        """
        heard = _Heard([song] if isinstance(song, Audio) else song.blocks())
        rate = self.sample_rate or song.sample_rate
        frames = None if song.frames is None else resampled_frames(song.frames, song.sample_rate, rate)
        pieces = stream_in_windows(
            resample_blocks(heard, rate), self._stacked, self.windows, frames=frames, progress=progress
        )
        for piece in resample_blocks(pieces, song.sample_rate):
            original = heard.take(piece.frames)
            yield self._apart(piece.between(0, original.frames), original, sums_to_song)
        if heard.frames:  # rates that don't divide may leave the stems a frame short
            original = heard.take(heard.frames)
            silence = np.zeros((len(self.stem_names) * original.channels, original.frames), np.float32)
            yield self._apart(original.with_samples(silence), original, sums_to_song)

    def _stacked(self, piece: Audio) -> Audio:
        """All stems one above the other, as channels: windows are joined for all of them at once."""
        doubled = self.hears_stereo and piece.channels == 1
        stems = self.split(piece.with_samples(np.repeat(piece.samples, 2, axis=0)) if doubled else piece)
        parts = [stems[name].mono() if doubled else stems[name] for name in self.stem_names]
        return piece.with_samples(np.concatenate([part.samples for part in parts]))

    def _apart(self, stacked: Audio, original: Audio, sums_to_song: bool) -> Stems:
        parts = np.split(stacked.samples, len(self.stem_names))
        if sums_to_song:
            parts[-1] = original.samples - sum(parts[:-1])
        return {name: stacked.with_samples(part) for name, part in zip(self.stem_names, parts, strict=True)}


class _Heard:
    """Passes a song's blocks on and keeps them until their stems come out: these must fit to the sample."""

    def __init__(self, blocks: Iterable[Audio]) -> None:
        self._blocks = blocks
        self._kept: deque[Audio] = deque()
        self._nothing: Audio | None = None
        self.frames = 0

    def __iter__(self) -> Iterator[Audio]:
        for block in self._blocks:
            self._nothing = block.between(0, 0)
            self._kept.append(block)
            self.frames += block.frames
            yield block

    def take(self, frames: int) -> Audio:
        """The next frames of the song, or as many as there are."""
        if self._nothing is None:
            raise ValueError("nothing was heard yet")
        taken = [self._nothing]
        missing = frames = min(frames, self.frames)
        while missing:
            block = self._kept.popleft()
            if block.frames > missing:
                self._kept.appendleft(block.between(missing, block.frames))
            taken.append(block.between(0, missing))
            missing -= taken[-1].frames
        self.frames -= frames
        return join(taken)


@dataclass(frozen=True)
class SeparatorOptions:
    """What a person may ask of an engine before it is loaded."""

    stems: int = 2
    treble: bool = False
    """Whether networks that hear up to 11 kHz are applied up to 16 kHz, which they were not trained for."""


def _yes() -> bool:
    return True


def _none(options: SeparatorOptions) -> int:
    return 0


def _nothing(options: SeparatorOptions, progress: Progress) -> None: ...


@dataclass(frozen=True)
class SeparatorChoice:
    """An engine that a person can choose."""

    label: str
    load: Callable[[SeparatorOptions, str], Separator]
    """Makes it ready, on a device."""
    notice: str = ""
    """What must be known before one relies on it."""
    stem_counts: tuple[int, ...] = (2,)
    has_treble: bool = False
    is_installed: Callable[[], bool] = _yes
    """Whether the programs it needs are there."""
    download_megabytes: Callable[[SeparatorOptions], int] = _none
    """How much its weights are, if they have yet to be downloaded."""
    prepare: Callable[[SeparatorOptions, Progress], None] = _nothing
    """Downloads them, or says in a sentence what to install."""
    gpu_speed: float = 0.0
    """How many seconds of a song a GPU surely does in one; 0 if the engine makes no use of it."""

    def check(self, options: SeparatorOptions) -> None:
        if options.stems not in self.stem_counts:
            counts = " or ".join(map(str, self.stem_counts))
            raise UserError(f"“{self.label}” separates into {counts} parts, not into {options.stems}. Choose another.")
