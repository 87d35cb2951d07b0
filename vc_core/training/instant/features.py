"""What a training derives from its recordings: a sample rate that covers their bandwidth, and their range of pitch."""

import numpy as np
import torch

from vc_core.voices.prepared_recording import BAND_HZ, LOW_SAMPLE_RATE, PreparedRecording

LOWEST_SAMPLE_RATE, FULL_SAMPLE_RATE = 16_000, 44_100
"""With `LOW_SAMPLE_RATE` between them, a voice gets the lowest one that covers the bandwidth of its recordings."""


def choose_sample_rate(highest_hz: float) -> int:
    lower = (LOWEST_SAMPLE_RATE, LOW_SAMPLE_RATE)
    return next((one for one in lower if highest_hz < one / 2 + BAND_HZ), FULL_SAMPLE_RATE)


def measure_range_hz(recordings: list[PreparedRecording]) -> tuple[float, float] | None:
    """5th and 95th percentile of the pitch; None if no frame is voiced."""
    hertz = torch.cat([recording.hertz for recording in recordings]).numpy()
    if not (hertz > 0).any():
        return None
    low, high = np.percentile(hertz[hertz > 0], (5, 95))
    return round(float(low), 1), round(float(high), 1)
