"""Frames of sound on the socket, in both directions: the capture time of the first sample, then 16-bit mono PCM."""

import math
import struct

import numpy as np

from vc_core.audio import Samples
from vc_core.errors import UserError

HEADER = struct.Struct("<d")
"""When the first sample was captured, in seconds by the page's audio clock."""
FULL_SCALE = 32_768
MAX_FRAME_BYTES = 32_768


def make_no_sound_error() -> UserError:
    return UserError("What the microphone sent is not sound. Start again.")


def encode_frame(samples: Samples, captured_seconds: float) -> bytes:
    pcm = np.clip(np.rint(samples[0] * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype("<i2")
    return HEADER.pack(captured_seconds) + bytes(pcm.tobytes())


def decode_frame(frame: bytes) -> tuple[Samples, float]:
    """Samples of shape (1, frames) and the capture time, from an untrusted client."""
    sound_bytes = len(frame) - HEADER.size
    if not 0 < sound_bytes <= MAX_FRAME_BYTES or sound_bytes % 2:
        raise make_no_sound_error()
    (captured_seconds,) = HEADER.unpack_from(frame)
    if not math.isfinite(captured_seconds):
        raise make_no_sound_error()
    pcm = np.frombuffer(frame, "<i2", offset=HEADER.size)
    return pcm[None].astype(np.float32) / np.float32(FULL_SCALE), float(captured_seconds)
