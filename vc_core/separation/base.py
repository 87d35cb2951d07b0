"""What every separator does: a song goes in, and its stems come out, in memory or from file to file."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vc_core.audio import Audio
from vc_core.progress import Progress, silent
from vc_core.reading import AudioFile
from vc_core.slicing import Windows, process_in_windows, stream_in_windows
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
    windows: Windows

    @abstractmethod
    def split(self, piece: Audio) -> Stems:
        """The stems of one window."""

    def separate(self, song: Audio, *, progress: Progress = silent) -> Stems:
        """The stems of a song that is in memory."""
        return self._apart(process_in_windows(song, self._stacked, self.windows, progress=progress))

    def separate_file(
        self, song: AudioFile, folder: Path, *, format_name: str = DEFAULT_FORMAT, progress: Progress = silent
    ) -> dict[str, SavedStem]:
        """Write each stem to a file named after it, in memory that does not depend on the song's length."""
        paths = {name: folder / f"{name}{FORMATS[format_name].suffix}" for name in self.stem_names}
        with ExitStack() as stack:
            writers = {
                name: stack.enter_context(AudioWriter(path, song.sample_rate, song.channels, format_name=format_name))
                for name, path in paths.items()
            }
            pieces = stream_in_windows(
                song.blocks(), self._stacked, self.windows, frames=song.frames, progress=progress
            )
            for piece in pieces:
                for name, stem in self._apart(piece).items():
                    writers[name].write(stem)
        return {name: SavedStem(writers[name].path, tuple(writers[name].notes())) for name in paths}

    def _stacked(self, piece: Audio) -> Audio:
        """All stems one above the other, as channels: windows are joined for all of them at once."""
        stems = self.split(piece)
        return piece.with_samples(np.concatenate([stems[name].samples for name in self.stem_names]))

    def _apart(self, stacked: Audio) -> Stems:
        parts = np.split(stacked.samples, len(self.stem_names))
        return {name: stacked.with_samples(part) for name, part in zip(self.stem_names, parts, strict=True)}


@dataclass(frozen=True)
class SeparatorChoice:
    """An engine that a person can choose."""

    label: str
    load: Callable[[str], Separator]
    """Takes the device."""
    notice: str = ""
    """What must be known before one relies on it."""
    uses_gpu: bool = False
    """Whether it is worth a turn on the GPU where there is one."""
