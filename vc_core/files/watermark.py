"""Inaudible audio watermark by Resemble AI's Perth (optional dependency).

Unlike metadata, a watermark survives re-recording. Perth's output is band-limited to 16 kHz, so only the difference
that it makes is added to the audio.
"""

import os
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from vc_core.audio import Audio
from vc_core.checkpoints.torchaudio_guard import ensure_torchaudio
from vc_core.errors import UserError
from vc_core.signal.windows import Windows, WindowStream

PERTH_SAMPLE_RATE = 32_000
WINDOWS = Windows(seconds=20.0, context_seconds=1.0, fade_seconds=0.05)
DETECTION_THRESHOLD = 0.5
"""Minimum confidence for speech. Unmarked held tones can score as high: detection is a hint, not proof."""


def is_enabled() -> bool:
    """Whether generated audio must be watermarked on this machine; failing to do so is then an error."""
    return os.environ.get("VOICE_STUDIO_WATERMARK", "0") != "0"


def is_installed() -> bool:
    return find_spec("perth") is not None


def make_watermark_stream() -> WindowStream:
    """A stream that watermarks the blocks fed to it."""
    _load_perth()  # raise early if Perth is not usable
    return WindowStream(lambda window, start: add_watermark(window), WINDOWS)


def add_watermark(audio: Audio) -> Audio:
    """Add the watermark to the mid channel (equally to all channels)."""
    mono = audio.to_mono().resample(PERTH_SAMPLE_RATE)
    marked = np.asarray(_load_perth().apply_watermark(mono.samples[0], sample_rate=PERTH_SAMPLE_RATE), np.float32)
    difference = np.zeros_like(mono.samples)
    frames = min(len(marked), mono.frames)
    difference[0, :frames] = marked[:frames] - mono.samples[0, :frames]
    resampled = Audio(difference, PERTH_SAMPLE_RATE).resample(audio.sample_rate).samples
    return audio.with_samples(audio.samples + np.resize(resampled, (1, audio.frames)))


def detect_watermark(audio: Audio) -> float:
    """Confidence from 0 to 1 that the audio is watermarked."""
    if not audio.samples.any():
        return 0.0
    mono = audio.to_mono().resample(PERTH_SAMPLE_RATE)
    bits = _load_perth().get_watermark(mono.samples[0], sample_rate=PERTH_SAMPLE_RATE, round=False)
    return float(np.mean(bits))


@cache
def _load_perth() -> Any:
    """Perth's watermarker is None instead of an error if one of its own imports fails."""
    try:
        ensure_torchaudio()
        import perth
    except ImportError as error:
        raise UserError("The watermark is not installed: pip install resemble-perth==1.0.1 torchaudio") from error
    if getattr(perth, "PerthImplicitWatermarker", None) is None:
        raise UserError("The watermark can't work here: Perth needs torchaudio, and setuptools below version 81.")
    return perth.PerthImplicitWatermarker()
