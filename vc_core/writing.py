"""Write sound: a whole file or none, never clipped, never louder or softer than asked."""

import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np
import soundfile

from vc_core import watermark
from vc_core.audio import Audio, Resampler
from vc_core.errors import UserError
from vc_core.loudness import CEILING_DB, LIMITER_WINDOWS, Limiter
from vc_core.provenance import TITLE, TOOL, Provenance
from vc_core.slicing import WindowStream


@dataclass(frozen=True)
class Format:
    """A kind of file that can be written."""

    label: str
    suffix: str
    container: str
    encoding: str
    rates: tuple[int, ...] = ()
    """The only sample rates it can have; empty if any will do."""
    compression: float | None = None
    constant_bit_rate: bool = False
    ceiling_db: float = CEILING_DB

    @property
    def keeps_peaks(self) -> bool:
        """Float files hold what is above full scale, so nothing need be limited."""
        return self.encoding == "FLOAT"

    def rate_for(self, sample_rate: int) -> int:
        """The lowest rate it can have that loses nothing, or else its highest."""
        if not self.rates:
            return sample_rate
        return min((rate for rate in self.rates if rate >= sample_rate), default=max(self.rates))


LOSSY_CEILING_DB = -1.0
"""Lossy coding moves peaks about; with this room, hardly any of them clip in a player."""

MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)

FORMATS: dict[str, Format] = {
    "flac24": Format("FLAC, 24 bit", ".flac", "FLAC", "PCM_24"),
    "flac16": Format("FLAC, 16 bit", ".flac", "FLAC", "PCM_16"),
    "wav16": Format("WAV, 16 bit", ".wav", "WAV", "PCM_16"),
    "wav24": Format("WAV, 24 bit", ".wav", "WAV", "PCM_24"),
    "wav32": Format("WAV, 32 bit float", ".wav", "WAV", "FLOAT"),
    "mp3": Format("MP3", ".mp3", "MP3", "MPEG_LAYER_III", MP3_RATES, 0.2, True, LOSSY_CEILING_DB),
    "ogg": Format("Ogg Vorbis", ".ogg", "OGG", "VORBIS", (), 0.3, False, LOSSY_CEILING_DB),
}
DEFAULT_FORMAT = "flac24"

NEARLY_FULL_BYTES = 1_000_000


class Stage(Protocol):
    """A step on the way into the file."""

    def feed(self, block: Audio) -> Iterator[Audio]: ...
    def finish(self) -> Iterator[Audio]: ...


class AudioWriter:
    """Takes blocks one after the other; the file appears under its name once all of it is written.

    Used as a context manager: if its block raises, nothing is left behind.
    """

    def __init__(
        self,
        path: Path,
        sample_rate: int,
        channels: int,
        *,
        format_name: str = DEFAULT_FORMAT,
        provenance: Provenance | None = None,
    ) -> None:
        self.path, self.format = path, FORMATS[format_name]
        self.sample_rate = self.format.rate_for(sample_rate)
        self._asked_rate = sample_rate
        self._limiter = Limiter(self.format.ceiling_db)
        self._stages: list[Stage] = [Resampler(self.sample_rate)]
        if provenance is not None and watermark.is_wanted():
            self._stages.append(watermark.stream())
        if not self.format.keeps_peaks:
            self._stages.append(WindowStream(self._limiter, LIMITER_WINDOWS))
        # A name of its own, so that two writers of one file don't meet.
        self._part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
        with _write_faults(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._opened(channels)
            self._file.software = TOOL
            if provenance is not None:
                self._file.title, self._file.comment = TITLE, provenance.comment()

    def write(self, block: Audio) -> None:
        with _write_faults(self.path):
            self._save(block, self._stages)

    def notes(self) -> list[str]:
        """What was changed on the way into the file, in sentences; known when all is written."""
        notes = []
        if self._limiter.reduction_db >= 0.05:
            notes.append(
                f"Peaks were lowered by up to {self._limiter.reduction_db:.1f} dB, or they would have clipped; "
                f"{FORMATS['wav32'].label} keeps them."
            )
        if self.sample_rate != self._asked_rate:
            notes.append(f"Saved at {self.sample_rate:,} Hz: {self.format.label} can't have {self._asked_rate:,} Hz.")
        return notes

    def _opened(self, channels: int) -> soundfile.SoundFile:
        return soundfile.SoundFile(
            self._part,
            "w",
            self.sample_rate,
            channels,
            subtype=self.format.encoding,
            format=self.format.container,
            compression_level=self.format.compression,
            bitrate_mode="CONSTANT" if self.format.constant_bit_rate else None,
        )

    def _save(self, block: Audio, stages: Sequence[Stage]) -> None:
        """Send a block through what is left of the way, and into the file."""
        if not stages:
            self._file.write(np.ascontiguousarray(block.samples.T))
            return
        for piece in stages[0].feed(block):
            self._save(piece, stages[1:])

    def _finish(self) -> None:
        for at, stage in enumerate(self._stages):
            for piece in stage.finish():
                self._save(piece, self._stages[at + 1 :])
        self._file.close()
        self._part.replace(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                with _write_faults(self.path):
                    self._finish()
        finally:
            self._file.close()
            self._part.unlink(missing_ok=True)


def write_audio(
    path: Path, audio: Audio, *, format_name: str = DEFAULT_FORMAT, provenance: Provenance | None = None
) -> list[str]:
    """Write a whole audio; gives the writer's notes."""
    writer = AudioWriter(path, audio.sample_rate, audio.channels, format_name=format_name, provenance=provenance)
    with writer:
        writer.write(audio)
    return writer.notes()


@contextmanager
def _write_faults(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"“{path.name}” can't be written: {(error.strerror or str(error)).lower()}.") from error
    except (soundfile.LibsndfileError, AssertionError) as error:  # it does not tell why a write fell short
        if shutil.disk_usage(path.parent).free < NEARLY_FULL_BYTES:
            raise UserError(f"The disk is full, so “{path.name}” was not written. Make room and try again.") from error
        raise
