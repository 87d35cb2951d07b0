"""A mark in the sound itself that is not meant to be heard, by Resemble AI's Perth; an extra to install.

The metadata of a file is lost when it is recorded anew; this mark is not. Only what Perth changes is
taken from it and added to the sound, since its own output ends at 16 kHz.
"""

import os
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.slicing import Windows, WindowStream
from vc_core.torchaudio_guard import ensure_torchaudio

PERTH_RATE = 32_000
WINDOWS = Windows(seconds=20.0, context_seconds=1.0, fade_seconds=0.05)
MARKED = 0.5
"""Confidence from which speech counts as marked. Held tones read as high without any mark: it is a hint, no proof."""


def is_wanted() -> bool:
    """Whether what is generated on this machine shall be marked so; if it can't be, that is an error."""
    return os.environ.get("VOICE_STUDIO_WATERMARK", "0") != "0"


def is_installed() -> bool:
    return find_spec("perth") is not None


def stream() -> WindowStream:
    """Marks sound on its way into a file."""
    _perth()  # at the start of the work, not at its end, it is told that this can't be done
    return WindowStream(marked, WINDOWS)


def marked(audio: Audio) -> Audio:
    """The same sound with the mark in the middle of its channels."""
    middle = audio.mono().resampled(PERTH_RATE)
    after = np.asarray(_perth().apply_watermark(middle.samples[0], sample_rate=PERTH_RATE), np.float32)
    added = np.zeros_like(middle.samples)
    frames = min(len(after), middle.frames)
    added[0, :frames] = after[:frames] - middle.samples[0, :frames]
    back = Audio(added, PERTH_RATE).resampled(audio.sample_rate).samples
    return audio.with_samples(audio.samples + np.resize(back, (1, audio.frames)))


def confidence(audio: Audio) -> float:
    """How surely the mark is in a sound, from 0 to 1."""
    if not audio.samples.any():
        return 0.0
    middle = audio.mono().resampled(PERTH_RATE)
    found = _perth().get_watermark(middle.samples[0], sample_rate=PERTH_RATE, round=False)
    return float(np.mean(found))


@cache
def _perth() -> Any:
    """Perth, or a sentence: it gives None instead of an error where one of its own imports fails."""
    try:
        ensure_torchaudio()
        import perth
    except ImportError as error:
        raise UserError("The watermark is not installed: pip install resemble-perth==1.0.1 torchaudio") from error
    if getattr(perth, "PerthImplicitWatermarker", None) is None:
        raise UserError("The watermark can't work here: Perth needs torchaudio, and setuptools below version 81.")
    return perth.PerthImplicitWatermarker()
