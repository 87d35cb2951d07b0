"""Files of every kind a person may upload, encoded here with FFmpeg's libraries; and broken ones."""

from pathlib import Path

import av
import numpy as np

from vc_core.audio import Audio

CODECS = {
    ".m4a": "aac", ".mp4": "aac", ".mov": "aac", ".aac": "aac", ".webm": "libopus", ".mkv": "ac3", ".opus": "libopus",
    ".wav": "pcm_s16le", ".flac": "flac", ".ogg": "libopus",
}  # fmt: skip
CONTAINERS = {".aac": "adts", ".m4a": "ipod", ".opus": "ogg"}


def encode(path: Path, audio: Audio, *, layout: str | None = None, video: bool = False, sound: bool = True) -> Path:
    """Write `audio` in the kind that the suffix names, with moving pictures beside it if asked."""
    layout = layout or {1: "mono", 2: "stereo"}[audio.channels]
    with av.open(str(path), "w", format=CONTAINERS.get(path.suffix)) as container:
        picture = container.add_stream("mpeg4", rate=10) if video else None
        if picture is not None:
            picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        if sound:
            _encode_sound(container, CODECS[path.suffix], audio, layout)
        for count in range(20 if picture is not None else 0):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            frame.pts = count
            container.mux(picture.encode(frame))
        if picture is not None:
            container.mux(picture.encode(None))
    return path


def _encode_sound(container, codec: str, audio: Audio, layout: str) -> None:
    stream = container.add_stream(codec, rate=audio.sample_rate, layout=layout)
    whole = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(audio.samples.T).reshape(1, -1), format="flt", layout=layout
    )
    whole.sample_rate = audio.sample_rate
    fifo = av.AudioFifo()
    for part in av.AudioResampler(stream.codec_context.format, layout, audio.sample_rate).resample(whole):
        fifo.write(part)
    frames = stream.codec_context.frame_size or 1024
    while (part := fifo.read(frames, partial=fifo.samples < frames)) is not None:
        container.mux(stream.encode(part))
    container.mux(stream.encode(None))


def cut(path: Path, share: float) -> Path:
    """The same file with its end missing."""
    content = path.read_bytes()
    shorter = path.with_name(f"cut_{path.name}")
    shorter.write_bytes(content[: int(len(content) * share)])
    return shorter
