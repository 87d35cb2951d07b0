"""Write audio files atomically, without clipping (true-peak limiter) and without normalisation."""

import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
import soundfile

from vc_core.audio import Audio, Resampler
from vc_core.errors import Message, UserError
from vc_core.files import watermark
from vc_core.files.provenance import TITLE, TOOL, Provenance
from vc_core.options import option
from vc_core.signal.loudness import CEILING_DB, LIMITER_WINDOWS, TruePeakLimiter
from vc_core.signal.windows import WindowStream


@dataclass(frozen=True)
class AudioFormat:
    """A container with its encoding."""

    label: str
    suffix: str
    container: str
    encoding: str
    sample_rates: tuple[int, ...] = ()
    """The supported sample rates; empty if all are."""
    compression: float | None = None
    constant_bit_rate: bool = False
    ceiling_db: float = CEILING_DB

    @property
    def is_float(self) -> bool:
        """Float files store values beyond full scale, so they need no limiter."""
        return self.encoding == "FLOAT"

    def choose_sample_rate(self, sample_rate: int) -> int:
        """The lowest supported rate that loses nothing, or else the highest."""
        if not self.sample_rates:
            return sample_rate
        return min((rate for rate in self.sample_rates if rate >= sample_rate), default=max(self.sample_rates))


LOSSY_CEILING_DB = -1.0
"""Lossy coding changes peaks; with this headroom hardly any of them clip in a player."""

MP3_SAMPLE_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)

FORMATS: dict[str, AudioFormat] = {
    "flac24": AudioFormat("FLAC, 24 bit", ".flac", "FLAC", "PCM_24"),
    "flac16": AudioFormat("FLAC, 16 bit", ".flac", "FLAC", "PCM_16"),
    "wav16": AudioFormat("WAV, 16 bit", ".wav", "WAV", "PCM_16"),
    "wav24": AudioFormat("WAV, 24 bit", ".wav", "WAV", "PCM_24"),
    "wav32": AudioFormat("WAV, 32 bit float", ".wav", "WAV", "FLOAT"),
    "mp3": AudioFormat("MP3", ".mp3", "MP3", "MPEG_LAYER_III", MP3_SAMPLE_RATES, 0.2, True, LOSSY_CEILING_DB),
    "ogg": AudioFormat("Ogg Vorbis", ".ogg", "OGG", "VORBIS", (), 0.3, False, LOSSY_CEILING_DB),
}
DEFAULT_FORMAT = "flac24"


def find_format(name: str) -> AudioFormat:
    if name not in FORMATS:
        raise UserError("There is no format “{name}”. There are: {known}.", name=name, known=", ".join(FORMATS))
    return FORMATS[name]


def format_option() -> Any:
    """The field of an options dataclass for the format of a result."""
    return option(
        DEFAULT_FORMAT,
        Message("format"),
        flag="--format",
        help=f"{', '.join(FORMATS)}.",
        word="format",
        choices=FORMATS,
    )


NEARLY_FULL_BYTES = 1_000_000
MAX_SAMPLE_VALUE = 10_000.0
"""80 dB above full scale: the limiter is not exact for larger values, and only broken weights make them."""


class OutputStage(Protocol):
    """One stage of the output chain: resampler, watermark, limiter."""

    def feed(self, block: Audio) -> Iterator[Audio]: ...
    def finish(self) -> Iterator[Audio]: ...


class AudioWriter:
    """Writes consecutive blocks to a temporary file, which is renamed to `path` when complete (atomic write).

    Use it as a context manager: if its block raises, the temporary file is deleted.
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
        self.sample_rate = self.format.choose_sample_rate(sample_rate)
        self._requested_sample_rate = sample_rate
        self._limiter = TruePeakLimiter(self.format.ceiling_db)
        self._stages: list[OutputStage] = [Resampler(self.sample_rate)]
        if provenance is not None and watermark.is_enabled():
            self._stages.append(watermark.make_watermark_stream())
        if not self.format.is_float:
            self._stages.append(WindowStream(lambda window, start: self._limiter(window), LIMITER_WINDOWS))
        # Unique, so that two writers of the same file don't collide; short, since a name may have 255 bytes at most.
        self._temporary_path = path.with_name(f".{uuid.uuid4().hex}.part")
        with _explain_write_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._open_file(channels)
            self._file.software = TOOL
            if provenance is not None:
                self._file.title, self._file.comment = TITLE, provenance.to_comment()

    def write(self, block: Audio) -> None:
        with _explain_write_errors(self.path):
            self._process_and_write(block, self._stages)

    def notes(self) -> list[str]:
        """Messages on what the limiter and the resampler changed; complete after the last block."""
        notes = []
        if self._limiter.reduction_db >= 0.05:
            lowered = Message(
                "Peaks were lowered by up to {decibels:.1f} dB, or they would have clipped; {format} keeps them.",
                decibels=self._limiter.reduction_db,
                format=FORMATS["wav32"].label,
            )
            notes.append(str(lowered))
        if self.sample_rate != self._requested_sample_rate:
            resampled = Message(
                "Saved at {rate:,} Hz: {format} can't have {asked:,} Hz.",
                rate=self.sample_rate,
                format=self.format.label,
                asked=self._requested_sample_rate,
            )
            notes.append(str(resampled))
        return notes

    def _open_file(self, channels: int) -> soundfile.SoundFile:
        return soundfile.SoundFile(
            self._temporary_path,
            "w",
            self.sample_rate,
            channels,
            subtype=self.format.encoding,
            format=self.format.container,
            compression_level=self.format.compression,
            bitrate_mode="CONSTANT" if self.format.constant_bit_rate else None,
        )

    def _process_and_write(self, block: Audio, stages: Sequence[OutputStage]) -> None:
        """Pass a block through the remaining stages, then write it."""
        _check_samples(block)
        if not stages:
            self._file.write(np.ascontiguousarray(block.samples.T))
            return
        for output in stages[0].feed(block):
            self._process_and_write(output, stages[1:])

    def _finish(self) -> None:
        for index, stage in enumerate(self._stages):
            for output in stage.finish():
                self._process_and_write(output, self._stages[index + 1 :])
        self._file.close()
        self._temporary_path.replace(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                with _explain_write_errors(self.path):
                    self._finish()
        finally:
            self._file.close()
            self._temporary_path.unlink(missing_ok=True)


def write_audio(
    path: Path, audio: Audio, *, format_name: str = DEFAULT_FORMAT, provenance: Provenance | None = None
) -> list[str]:
    """Write a recording that is in memory; returns `AudioWriter.notes`."""
    writer = AudioWriter(path, audio.sample_rate, audio.channels, format_name=format_name, provenance=provenance)
    with writer:
        writer.write(audio)
    return writer.notes()


def _check_samples(block: Audio) -> None:
    """LAME aborts the whole process for NaN and infinity."""
    if not np.abs(block.samples).max(initial=0.0) <= MAX_SAMPLE_VALUE:  # false for NaN as well
        raise UserError(
            "The result was not saved: it has values that are not numbers, or far beyond full scale. The weights of "
            "the voice or the model may be damaged."
        )


@contextmanager
def _explain_write_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            "“{file}” can't be written: {reason}.", file=path.name, reason=(error.strerror or str(error)).lower()
        ) from error
    except (soundfile.LibsndfileError, AssertionError) as error:  # libsndfile does not state why a write failed
        if shutil.disk_usage(path.parent).free < NEARLY_FULL_BYTES:
            raise UserError(
                "The disk is full, so “{file}” was not written. Make room and try again.", file=path.name
            ) from error
        reason = "there is no room for it, or a limit of the system is reached"  # for example a quota
        raise UserError("“{file}” can't be written: {reason}.", file=path.name, reason=reason) from error
