"""Read any sound file in blocks: libsndfile where it can, FFmpeg's libraries for the rest."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from vc_core import ffmpeg
from vc_core.audio import HIGHEST_RATE, LOWEST_RATE, Audio, Samples, clock
from vc_core.containers import is_cut_off, sniff
from vc_core.errors import UserError

SOUNDFILE_KINDS = ("wav", "aiff", "flac", "ogg", "mp3")

HIGHEST_LEVEL = 100.0
"""40 dB above full scale: numbers beyond it are not sound, or are integers that nobody scaled."""


@dataclass(frozen=True)
class Limits:
    """The largest input that is accepted; the pages state these numbers."""

    hours: float = 3.0
    gigabytes: float = 2.0


@dataclass(frozen=True)
class AudioFile:
    """A sound file that has been looked at, but not yet read."""

    path: Path
    kind: str
    sample_rate: int
    channels: int
    """What reading gives: one, or two; surround is folded down."""
    frames: int | None
    """As the file states it; None where only reading tells."""
    limits: Limits
    needs_ffmpeg: bool
    span: tuple[int, int] | None = None
    """First and last frame, if it is an excerpt."""

    def excerpt(self, start_seconds: float, seconds: float) -> "AudioFile":
        """A part of it, to try something on; where the file ends earlier, its last part of that length."""
        first, frames = max(0, round(start_seconds * self.sample_rate)), round(seconds * self.sample_rate)
        if self.frames is not None:
            first = max(0, min(first, self.frames - frames))
            frames = min(frames, self.frames)
        return replace(self, frames=self.frames and frames, span=(first, first + frames))

    def blocks(self, block_seconds: float = 10.0) -> Iterator[Audio]:
        """The sound in consecutive blocks; raises `UserError` at the first fault it meets."""
        if self.span is None:
            yield from self._all_blocks(block_seconds)
            return
        first, last = self.span
        heard = 0
        for block in replace(self, frames=None)._all_blocks(block_seconds):
            begin, heard = heard, heard + block.frames
            if heard > first:
                yield block.between(max(0, first - begin), min(block.frames, last - begin))
            if heard >= last:
                return
        if heard <= first:
            raise UserError(f"This file ends at {clock(heard / self.sample_rate)}. Choose an earlier part of it.")

    def _all_blocks(self, block_seconds: float) -> Iterator[Audio]:
        block_frames = max(1, round(block_seconds * self.sample_rate))
        decode = ffmpeg.decode if self.needs_ffmpeg else _decode_with_soundfile
        heard = 0
        for samples in decode(self.path, self.kind, block_frames):
            _check_samples(samples, heard, self.sample_rate)
            heard += samples.shape[1]
            if heard > self.limits.hours * 3600 * self.sample_rate:
                raise _too_long(self.limits)
            yield Audio(samples, self.sample_rate)
        if heard == 0:
            raise UserError("This file has a header, but no sound in it. Export it again, or pick another one.")
        if self.frames is not None and heard < self.frames:
            raise _cut_off(f" after {clock(heard / self.sample_rate)}")


def open_audio(path: Path | str, limits: Limits = Limits()) -> AudioFile:
    """Look at a file without reading it; raises `UserError` for what cannot be sound."""
    path = Path(path)
    kind = _checked_kind(path, limits)
    file = _look_at(path, kind, limits)
    if not LOWEST_RATE <= file.sample_rate <= HIGHEST_RATE:
        raise UserError(f"A sample rate of {file.sample_rate:,} Hz is out of range. Use 8,000 to 192,000 Hz.")
    if file.frames is not None and file.frames > limits.hours * 3600 * file.sample_rate:
        raise _too_long(limits)
    return file


def read_audio(path: Path | str, limits: Limits = Limits()) -> Audio:
    """A whole file as one audio; for long ones `open_audio(path).blocks()` needs less memory."""
    file = open_audio(path, limits)
    samples = np.empty((file.channels, file.frames or 0), np.float32)
    heard = 0
    for block in file.blocks():
        end = heard + block.frames
        if end > samples.shape[1]:
            # Half as much again each time, so that copies stay few.
            larger = np.empty((file.channels, end * 3 // 2), np.float32)
            larger[:, :heard] = samples[:, :heard]
            samples = larger
        samples[:, heard:end] = block.samples
        heard = end
    return Audio(samples[:, :heard], file.sample_rate)


def _checked_kind(path: Path, limits: Limits) -> str:
    try:
        if path.is_dir():
            raise UserError(f"“{path.name}” is a folder. Pick a sound file in it.")
        size = path.stat().st_size
        kind = sniff(path)
    except FileNotFoundError:
        raise UserError(f"There is no file “{path.name}”. It may have been moved or deleted.") from None
    except OSError as error:
        raise UserError(f"“{path.name}” can't be read: {(error.strerror or str(error)).lower()}.") from None
    if size == 0:
        raise UserError("This file is empty (0 bytes). The upload or the export may have been cut off.")
    if size > limits.gigabytes * 1e9:
        raise UserError(f"This file is larger than {limits.gigabytes:g} GB. Save it as FLAC, or cut it into parts.")
    if kind is None:
        raise UserError("This is not a sound file. Use WAV, FLAC, MP3, OGG, M4A or WebM, or a video in MP4 or MKV.")
    if is_cut_off(path, kind):
        raise _cut_off()
    return kind


def _look_at(path: Path, kind: str, limits: Limits) -> AudioFile:
    if kind in SOUNDFILE_KINDS:
        try:
            with soundfile.SoundFile(path) as file:
                if file.channels <= 2:
                    # A stream that nobody wrote a length for reports an absurd one.
                    frames = file.frames if file.frames < 2**48 else None
                    return AudioFile(path, kind, file.samplerate, file.channels, frames, limits, needs_ffmpeg=False)
        except soundfile.LibsndfileError:
            pass  # some codecs inside WAV and Ogg are known to FFmpeg alone
    sample_rate, channels, frames = ffmpeg.look_at(path, kind)
    return AudioFile(path, kind, sample_rate, channels, frames, limits, needs_ffmpeg=True)


def _decode_with_soundfile(path: Path, kind: str, block_frames: int) -> Iterator[Samples]:
    heard, rate = 0, 1
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            while len(block := file.read(block_frames, dtype="float32", always_2d=True)):
                heard += len(block)
                yield np.ascontiguousarray(block.T)
    except soundfile.LibsndfileError as error:
        raise ffmpeg.damaged(heard / rate) from error


def _check_samples(samples: Samples, heard: int, sample_rate: int) -> None:
    level = np.abs(samples).max(initial=0.0)
    if not level <= HIGHEST_LEVEL:  # false for NaN as well
        bad = int(np.argmax(~(np.abs(samples).max(axis=0) <= HIGHEST_LEVEL)))
        when = clock((heard + bad) / sample_rate)
        what = "values far beyond full scale" if level > HIGHEST_LEVEL else "values that are not numbers (NaN)"
        raise UserError(f"This file has {what} at {when}, so it is not valid sound. Export it again.")


def _too_long(limits: Limits) -> UserError:
    return UserError(f"This recording is longer than {limits.hours:g} hours. Cut it into parts.")


def _cut_off(where: str = "") -> UserError:
    return UserError(f"This file is cut off{where}: its end is missing. Download or export it again.")
