"""Adapter for FFmpeg's libraries (PyAV): compressed containers, audio of videos, surround downmix."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from vc_core.audio import Samples, format_clock
from vc_core.errors import UserError
from vc_core.files.containers import check_chunks

DOWNMIX_GAINS: dict[str, tuple[float, float]] = {
    "FL": (1, 0), "FC": (0.7071, 0.7071), "FR": (0, 1),
    "SL": (0.7071, 0), "BL": (0.7071, 0), "BC": (0.5, 0.5), "BR": (0, 0.7071), "SR": (0, 0.7071),
    "FLC": (0.92, 0.38), "FRC": (0.38, 0.92), "LFE": (0, 0),
}  # fmt: skip
"""Gain of each channel into left and right (ITU-R BS.775). The centre, which has the voices, is included."""

DEFAULT_LAYOUTS: dict[int, str] = {
    3: "FL FR FC", 4: "FL FR BL BR", 5: "FL FR FC BL BR", 6: "FL FR FC LFE BL BR",
    7: "FL FR FC LFE BC SL SR", 8: "FL FR FC LFE BL BR SL SR",
}  # fmt: skip
"""Channel order of files that don't state one."""

MAX_ENCODER_PADDING_FRAMES = 4096
"""A longer excess over the stated duration is not encoder padding: the stated duration is wrong."""

UNEXPLAINED_FAULTS = (ValueError, AttributeError, OverflowError, MemoryError)
"""PyAV's answers to damaged headers: no decoder is open, a value is out of range, a frame has another format."""


def probe(path: Path, kind: str) -> tuple[int, int, int | None]:
    """Sample rate, channels after downmix (1 or 2), and frames if the file states them."""
    with _open_container(path, kind) as (_, stream):
        channels = stream.layout.nb_channels
        if not channels:
            raise _make_unreadable_error()
        frames = _get_stated_frames(stream) if kind in ("wav", "flac") else None
        return stream.rate, min(channels, 2), frames


def decode(path: Path, kind: str, block_frames: int) -> Iterator[Samples]:
    """Blocks of float samples of shape (channels, frames); surround is downmixed to stereo."""
    with _open_container(path, kind) as (container, stream):
        downmix = _make_downmix_matrix(stream)
        to_float = av.AudioResampler(format="flt", layout=stream.layout, rate=stream.rate)
        pending: list[Samples] = []
        decoded = emitted = 0
        for frame in _decode_frames(container, stream):
            for chunk in to_float.resample(frame):
                samples = chunk.to_ndarray().astype(np.float32, copy=False).reshape(chunk.samples, -1).T
                pending.append(samples if downmix is None else downmix @ samples)
                decoded += chunk.samples
            if decoded - emitted >= block_frames:
                yield np.concatenate(pending, axis=1)
                pending, emitted = [], decoded
        if (
            kind == "mov"
            and 0 < (excess := decoded - (_get_stated_frames(stream) or decoded)) < MAX_ENCODER_PADDING_FRAMES
        ):
            decoded -= excess  # encoder padding
        if decoded > emitted:
            yield np.concatenate(pending, axis=1)[:, : decoded - emitted]


def read_comment(path: Path, kind: str) -> str:
    """The comment tag; empty if there is none."""
    with _open_container(path, kind) as (container, stream):
        tags = container.metadata | stream.metadata
        return next((text for name, text in tags.items() if name.lower() == "comment"), "")


@contextmanager
def _open_container(path: Path, kind: str) -> Iterator[tuple[InputContainer, AudioStream]]:
    check_chunks(path, kind)
    try:
        # Fixed demuxer and file protocol only: no content can make FFmpeg open another file or URL.
        with av.open(str(path), format=kind, options={"protocol_whitelist": "file"}) as container:
            if not container.streams.audio:
                raise UserError("There is no sound in this file. If it is a video, it has no sound track.")
            yield container, container.streams.audio[0]
    except (av.error.FFmpegError, *UNEXPLAINED_FAULTS) as error:
        raise _make_unreadable_error() from error


def _decode_frames(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    decoded_seconds = 0.0
    try:
        for frame in container.decode(stream):
            decoded_seconds += frame.samples / stream.rate
            yield frame
    except (av.error.FFmpegError, *UNEXPLAINED_FAULTS) as error:
        raise make_damaged_error(decoded_seconds) from error


def _make_unreadable_error() -> UserError:
    return UserError(
        "This file can't be read: it is damaged, or in a format that isn't known. Try to export it as WAV."
    )


def make_damaged_error(decoded_seconds: float) -> UserError:
    return UserError(
        "This file is damaged or cut off, some time after {time}. Export it again.", time=format_clock(decoded_seconds)
    )


def _get_stated_frames(stream: AudioStream) -> int | None:
    if stream.duration is None or stream.time_base is None:
        return None
    return round(stream.duration * stream.time_base * stream.rate)


def _make_downmix_matrix(stream: AudioStream) -> Samples | None:
    """Shape (2, channels); None for mono and stereo."""
    names = [channel.name for channel in stream.layout.channels]
    if len(names) <= 2:
        return None
    if not set(names) <= set(DOWNMIX_GAINS):
        if len(names) not in DEFAULT_LAYOUTS:
            raise UserError("This file has {channels} channels. Mix it down to 8 or fewer.", channels=len(names))
        names = DEFAULT_LAYOUTS[len(names)].split()
    return np.array([DOWNMIX_GAINS[name] for name in names], np.float32).T
