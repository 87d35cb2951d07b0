"""The adapter of FFmpeg's libraries (PyAV): compressed containers, video, and surround sound."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from vc_core.audio import Samples, clock
from vc_core.errors import UserError

STEREO_SHARES: dict[str, tuple[float, float]] = {
    "FL": (1, 0), "FC": (0.7071, 0.7071), "FR": (0, 1),
    "SL": (0.7071, 0), "BL": (0.7071, 0), "BC": (0.5, 0.5), "BR": (0, 0.7071), "SR": (0, 0.7071),
    "FLC": (0.92, 0.38), "FRC": (0.38, 0.92), "LFE": (0, 0),
}  # fmt: skip
"""What each loudspeaker gives to left and right (ITU-R BS.775): the centre, where voices are, is kept."""

USUAL_LAYOUTS: dict[int, str] = {
    3: "FL FR FC", 4: "FL FR BL BR", 5: "FL FR FC BL BR", 6: "FL FR FC LFE BL BR",
    7: "FL FR FC LFE BC SL SR", 8: "FL FR FC LFE BL BR SL SR",
}  # fmt: skip
"""The order of loudspeakers in a file that does not name them."""

ENCODER_TAIL_FRAMES = 4096
"""More than any encoder pads: a longer excess means that the stated duration is wrong."""


def look_at(path: Path, kind: str) -> tuple[int, int, int | None]:
    """Sample rate, channels (surround counted as the two it becomes), and frames where they are stated."""
    with _opened(path, kind) as (_, stream):
        frames = _stated_frames(stream) if kind in ("wav", "flac") else None
        return stream.rate, min(stream.layout.nb_channels, 2), frames


def decode(path: Path, kind: str, block_frames: int) -> Iterator[Samples]:
    """Blocks of float samples in one or two channels; surround is folded down with its centre."""
    with _opened(path, kind) as (container, stream):
        fold = _fold_matrix(stream)
        to_float = av.AudioResampler(format="flt", layout=stream.layout, rate=stream.rate)
        waiting: list[Samples] = []
        heard = given = 0
        for frame in _frames(container, stream):
            for part in to_float.resample(frame):
                samples = part.to_ndarray().astype(np.float32, copy=False).reshape(part.samples, -1).T
                waiting.append(samples if fold is None else fold @ samples)
                heard += part.samples
            if heard - given >= block_frames:
                yield np.concatenate(waiting, axis=1)
                waiting, given = [], heard
        if kind == "mov" and 0 < (excess := heard - (_stated_frames(stream) or heard)) < ENCODER_TAIL_FRAMES:
            heard -= excess  # what the encoder padded, and the container says to leave out
        if heard > given:
            yield np.concatenate(waiting, axis=1)[:, : heard - given]


def comment(path: Path, kind: str) -> str:
    """The comment among a file's tags; empty if there is none."""
    with _opened(path, kind) as (container, stream):
        tags = container.metadata | stream.metadata
        return next((text for name, text in tags.items() if name.lower() == "comment"), "")


@contextmanager
def _opened(path: Path, kind: str) -> Iterator[tuple[InputContainer, AudioStream]]:
    try:
        # The demuxer is named and only files are allowed: no content can make it open anything else.
        with av.open(str(path), format=kind, options={"protocol_whitelist": "file"}) as container:
            if not container.streams.audio:
                raise UserError("There is no sound in this file. If it is a video, it has no sound track.")
            yield container, container.streams.audio[0]
    except (av.error.FFmpegError, UnicodeDecodeError) as error:
        raise UserError(
            "This file can't be read: it is damaged, or in a format that isn't known. Try to export it as WAV."
        ) from error


def _frames(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    heard_seconds = 0.0
    try:
        for frame in container.decode(stream):
            heard_seconds += frame.samples / stream.rate
            yield frame
    except av.error.FFmpegError as error:
        raise damaged(heard_seconds) from error


def damaged(heard_seconds: float) -> UserError:
    return UserError(f"This file is damaged or cut off, some time after {clock(heard_seconds)}. Export it again.")


def _stated_frames(stream: AudioStream) -> int | None:
    if stream.duration is None or stream.time_base is None:
        return None
    return round(stream.duration * stream.time_base * stream.rate)


def _fold_matrix(stream: AudioStream) -> Samples | None:
    """Shape (2, channels); None where there is nothing to fold."""
    names = [channel.name for channel in stream.layout.channels]
    if len(names) <= 2:
        return None
    if not set(names) <= set(STEREO_SHARES):
        if len(names) not in USUAL_LAYOUTS:
            raise UserError(f"This file has {len(names)} channels. Mix it down to 8 or fewer.")
        names = USUAL_LAYOUTS[len(names)].split()
    return np.array([STEREO_SHARES[name] for name in names], np.float32).T
