"""Noise reduction of stationary noise by a Wiener gain (after Y. Ephraim and D. Malah, 1984).

The noise floor of each band is a low percentile of its power over time.
"""

import numpy as np
from scipy.ndimage import uniform_filter
from scipy.signal import istft, stft

from vc_core.audio import Audio
from vc_core.signal.windows import Windows

WINDOWS = Windows(seconds=12.0, context_seconds=1.0, fade_seconds=0.5)
FRAME_SECONDS = 0.03
FLOOR_PERCENTILE = 10.0
FLOOR_TO_MEAN = 5.0
"""The mean power of noise divided by the 10th percentile of its smoothed power."""
MIN_GAIN = 0.1
"""Some noise remains, which masks artefacts (musical noise)."""


def denoise(audio: Audio) -> Audio:
    """Reduce the noise of one window; the length stays the same."""
    size = max(64, round(FRAME_SECONDS * audio.sample_rate) // 2 * 2)
    if audio.frames < 4 * size:
        return audio
    _, _, spectrum = stft(audio.samples.astype(np.float64), audio.sample_rate, nperseg=size, noverlap=size * 3 // 4)
    power = uniform_filter(np.abs(spectrum) ** 2, (0, 3, 3))
    floor = np.percentile(power, FLOOR_PERCENTILE, axis=2, keepdims=True)
    noise = FLOOR_TO_MEAN / 2 * floor
    gain = np.clip(1 - noise / np.maximum(power, 1e-20), MIN_GAIN, 1.0)
    gain = uniform_filter(gain, (0, 3, 3))
    _, samples = istft(spectrum * gain, audio.sample_rate, nperseg=size, noverlap=size * 3 // 4)
    fitted = np.pad(samples, ((0, 0), (0, max(0, audio.frames - samples.shape[1]))))[:, : audio.frames]
    return audio.with_samples(fitted.astype(np.float32))
