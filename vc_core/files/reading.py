"""Read any audio file in blocks: libsndfile for what it supports, FFmpeg's libraries for the rest."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from vc_core.audio import HIGHEST_SAMPLE_RATE, LOWEST_SAMPLE_RATE, Audio, Samples, format_clock
from vc_core.errors import Message, UserError
from vc_core.files import ffmpeg
from vc_core.files.containers import is_joined, is_truncated, sniff
from vc_core.files.regular_files import check_regular

SOUNDFILE_KINDS = ("wav", "aiff", "flac", "ogg", "mp3")

MAX_SAMPLE_VALUE = 100.0
"""40 dB above full scale; larger values are corrupt data or unscaled integers."""

PREVIEW_SECONDS = 15.0
"""The length of the excerpts on which users try settings out."""
USUAL_SONG_SECONDS = 300.0


@dataclass(frozen=True)
class Limits:
    """The largest accepted input. The user interface states these numbers."""

    hours: float = 3.0
    gigabytes: float = 2.0


@dataclass(frozen=True)
class AudioFile:
    """A probed audio file that is not yet decoded."""

    path: Path
    kind: str
    sample_rate: int
    channels: int
    """After decoding: one or two; surround is downmixed."""
    frames: int | None
    """As stated by the file; None if unknown until decoded."""
    limits: Limits
    needs_ffmpeg: bool
    span: tuple[int, int] | None = None
    """First frame and the frame after the last, if this is an excerpt."""

    @property
    def expected_seconds(self) -> float:
        """For estimates: the length that the file states, or else that of a usual song."""
        return self.frames / self.sample_rate if self.frames else USUAL_SONG_SECONDS

    def excerpt(self, start_seconds: float, seconds: float) -> "AudioFile":
        """An excerpt for a preview; moved forward if the file ends before the excerpt does."""
        first, frames = max(0, round(start_seconds * self.sample_rate)), round(seconds * self.sample_rate)
        if self.frames is not None:
            first = max(0, min(first, self.frames - frames))
            frames = min(frames, self.frames)
        return replace(self, frames=self.frames and frames, span=(first, first + frames))

    def preview(self, start_seconds: float | None) -> "AudioFile":
        """The excerpt of a preview from there on; the whole file for None."""
        return self if start_seconds is None else self.excerpt(start_seconds, PREVIEW_SECONDS)

    def blocks(self, block_seconds: float = 10.0) -> Iterator[Audio]:
        """Decode to consecutive blocks; raises `UserError` at the first fault."""
        if self.span is None:
            yield from self._decode_blocks(block_seconds)
            return
        first, last = self.span
        position = 0
        for block in replace(self, frames=None)._decode_blocks(block_seconds):
            begin, position = position, position + block.frames
            if position > first:
                yield block.slice(max(0, first - begin), min(block.frames, last - begin))
            if position >= last:
                return
        if position <= first:
            raise UserError(
                "This file ends at {time}. Choose an earlier part of it.",
                time=format_clock(position / self.sample_rate),
            )

    def _decode_blocks(self, block_seconds: float) -> Iterator[Audio]:
        block_frames = max(1, round(block_seconds * self.sample_rate))
        decode = ffmpeg.decode if self.needs_ffmpeg else _decode_with_soundfile
        position = 0
        for samples in decode(self.path, self.kind, block_frames):
            _check_samples(samples, position, self.sample_rate)
            position += samples.shape[1]
            if position > self.limits.hours * 3600 * self.sample_rate:
                raise _make_too_long_error(self.limits)
            yield Audio(samples, self.sample_rate)
        if position == 0:
            raise UserError("This file has a header, but no sound in it. Export it again, or pick another one.")
        if self.frames is not None and position < self.frames:
            raise UserError(
                "This file is cut off after {time}: its end is missing. Download or export it again.",
                time=format_clock(position / self.sample_rate),
            )


def open_audio(path: Path | str, limits: Limits = Limits()) -> AudioFile:
    """Probe a file without decoding it; raises `UserError` if it can't be audio."""
    path = Path(path)
    kind = _detect_kind(path, limits)
    file = _probe(path, kind, limits)
    if not LOWEST_SAMPLE_RATE <= file.sample_rate <= HIGHEST_SAMPLE_RATE:
        raise UserError(
            "A sample rate of {sample_rate:,} Hz is out of range. Use 8,000 to 192,000 Hz.",
            sample_rate=file.sample_rate,
        )
    if file.frames is not None and file.frames > limits.hours * 3600 * file.sample_rate:
        raise _make_too_long_error(limits)
    return file


def read_audio(path: Path | str, limits: Limits = Limits()) -> Audio:
    """Decode a whole file into memory; for long files, `open_audio(path).blocks()` needs less."""
    file = open_audio(path, limits)
    samples = np.empty((file.channels, file.frames or 0), np.float32)
    position = 0
    for block in file.blocks():
        end = position + block.frames
        if end > samples.shape[1]:
            # Grow by half, so that there are few copies.
            larger = np.empty((file.channels, end * 3 // 2), np.float32)
            larger[:, :position] = samples[:, :position]
            samples = larger
        samples[:, position:end] = block.samples
        position = end
    return Audio(samples[:, :position], file.sample_rate)


def _detect_kind(path: Path, limits: Limits) -> str:
    size, kind = check_regular(path), sniff(path)
    if size == 0:
        raise UserError("This file is empty (0 bytes). The upload or the export may have been cut off.")
    if size > limits.gigabytes * 1e9:
        raise UserError(
            "This file is larger than {gigabytes:g} GB. Save it as FLAC, or cut it into parts.",
            gigabytes=limits.gigabytes,
        )
    if kind is None:
        raise UserError("This is not a sound file. Use WAV, FLAC, MP3, OGG, M4A or WebM, or a video in MP4 or MKV.")
    if is_truncated(path, kind):
        raise UserError("This file is cut off: its end is missing. Download or export it again.")
    return kind


def _probe(path: Path, kind: str, limits: Limits) -> AudioFile:
    joined = is_joined(path, kind)
    if kind in SOUNDFILE_KINDS and not joined:
        try:
            with soundfile.SoundFile(path) as file:
                if file.channels <= 2:
                    # Streams of unknown length report an absurd one.
                    frames = file.frames if file.frames < 2**48 else None
                    return AudioFile(path, kind, file.samplerate, file.channels, frames, limits, needs_ffmpeg=False)
        except soundfile.LibsndfileError:
            pass  # only FFmpeg supports some codecs in WAV and Ogg
    sample_rate, channels, frames = ffmpeg.probe(path, kind)
    if joined:
        frames = None  # the file states the length of the first recording
    return AudioFile(path, kind, sample_rate, channels, frames, limits, needs_ffmpeg=True)


def _decode_with_soundfile(path: Path, kind: str, block_frames: int) -> Iterator[Samples]:
    frames, sample_rate = 0, 1
    try:
        with soundfile.SoundFile(path) as file:
            sample_rate = file.samplerate
            while len(block := file.read(block_frames, dtype="float32", always_2d=True)):
                frames += len(block)
                yield np.ascontiguousarray(block.T)
    except soundfile.LibsndfileError as error:
        raise ffmpeg.make_damaged_error(frames / sample_rate) from error


def _check_samples(samples: Samples, position: int, sample_rate: int) -> None:
    level = np.abs(samples).max(initial=0.0)
    if not level <= MAX_SAMPLE_VALUE:  # false for NaN as well
        bad = int(np.argmax(~(np.abs(samples).max(axis=0) <= MAX_SAMPLE_VALUE)))
        when = format_clock((position + bad) / sample_rate)
        is_loud = level > MAX_SAMPLE_VALUE
        what = Message("values far beyond full scale") if is_loud else Message("values that are not numbers (NaN)")
        raise UserError(
            "This file has {what} at {when}, so it is not valid sound. Export it again.", what=what, when=when
        )


def _make_too_long_error(limits: Limits) -> UserError:
    return UserError("This recording is longer than {hours:g} hours. Cut it into parts.", hours=limits.hours)
