"""Estimate the sung melody (F0) of a vocal stem that still contains residue of the music.

A soft bass under a voice misleads methods that search for the lowest tone. So each frame is compared with itself at
increasing lags (normalised autocorrelation): the shortest lag at which it repeats is the period of the loudest source,
which is the voice.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio, resample_blocks
from vc_core.progress import Progress, silent
from vc_core.signal.pitch import Pitch, correct_octave_errors

SAMPLE_RATE = 16_000
HOP_SECONDS = 0.02
LOWEST_HZ, HIGHEST_HZ = 55.0, 1_100.0
CORRELATION_SECONDS = 0.03
MIN_CORRELATION = 0.8
"""Between a frame and itself one period later."""
PEAK_TOLERANCE = 0.94
"""The autocorrelation at two periods is as high as at one, so the first peak within this factor of the best wins."""
MAX_BELOW_LOUD_DB = 15.0
"""Softer frames are discarded: in those, the residue of the music is not soft relative to the voice."""
LEVEL_RANGE_DB = 40.0
"""Frames further below the loudest one are silence, and do not count for the loud level."""

FloatArray = npt.NDArray[np.float32]


def estimate_melody(
    blocks: Iterable[Audio],
    *,
    frames: int | None = None,
    progress: Progress = silent,
    sample_rate: int = SAMPLE_RATE,
) -> Pitch:
    """Reliable notes every 20 ms; 0 Hz elsewhere. `frames`, at `sample_rate`, is the total length for `progress`."""
    hertz, correlations, levels_db = [np.zeros(0)], [np.zeros(0)], [np.zeros(0)]
    done = 0
    for windows in _iterate_frames(resample_blocks((block.to_mono() for block in blocks), SAMPLE_RATE)):
        progress(min(1.0, done * HOP_SECONDS * sample_rate / frames) if frames else 0.0, "")
        batch_hertz, batch_correlations = _find_periods(windows)
        hertz.append(batch_hertz)
        correlations.append(batch_correlations)
        levels_db.append(10 * np.log10((windows.astype(np.float64) ** 2).mean(axis=1) + 1e-10))
        done += len(windows)
    level_db = np.concatenate(levels_db)
    sounding = level_db[level_db > level_db.max(initial=-100.0) - LEVEL_RANGE_DB]
    loud_db = np.percentile(sounding, 90) if len(level_db) else 0.0
    correlation = np.concatenate(correlations)
    is_reliable = (correlation >= MIN_CORRELATION) & (level_db > loud_db - MAX_BELOW_LOUD_DB)
    f0 = np.where(is_reliable, np.concatenate(hertz), 0.0).astype(np.float32)
    return correct_octave_errors(Pitch(f0, correlation.astype(np.float32), HOP_SECONDS))


def _iterate_frames(blocks: Iterable[Audio]) -> Iterator[FloatArray]:
    """Batches of shape (frames, samples); each row also contains the samples up to the longest lag."""
    length, hop = round(CORRELATION_SECONDS * SAMPLE_RATE) + _longest_lag(), round(HOP_SECONDS * SAMPLE_RATE)
    buffer = np.zeros(0, np.float32)
    for block in blocks:
        buffer = np.concatenate([buffer, block.samples[0]])
        if len(buffer) >= length:
            windows = np.lib.stride_tricks.sliding_window_view(buffer, length)[::hop]
            yield windows
            buffer = buffer[len(windows) * hop :]


def _longest_lag() -> int:
    return round(SAMPLE_RATE / LOWEST_HZ) + 1


def _find_periods(windows: FloatArray) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """From windows of shape (frames, samples) the F0 in hertz and the correlation at its period, each (frames,)."""
    correlation = _autocorrelate(windows)
    shortest_lag = int(SAMPLE_RATE / HIGHEST_HZ)
    inner = correlation[:, shortest_lag:-1]
    is_peak = (inner >= correlation[:, shortest_lag - 1 : -2]) & (inner > correlation[:, shortest_lag + 1 :])
    heights = np.where(is_peak, inner, 0.0)
    best = heights.max(axis=1)
    lag = np.argmax(heights >= PEAK_TOLERANCE * np.maximum(best, 1e-9)[:, None], axis=1) + shortest_lag
    # Parabolic interpolation of the peak.
    rows = np.arange(len(correlation))
    before, peak, after = correlation[rows, lag - 1], correlation[rows, lag], correlation[rows, lag + 1]
    curvature = before - 2 * peak + after
    is_curved = np.abs(curvature) > 1e-9
    offset = np.where(is_curved, 0.5 * (before - after) / np.where(curvature == 0, 1.0, curvature), 0.0)
    return SAMPLE_RATE / (lag + np.clip(offset, -0.5, 0.5)), np.where(best > 0, peak, 0.0)


def _autocorrelate(windows: FloatArray) -> npt.NDArray[np.float64]:
    """Normalised autocorrelation by FFT, shape (frames, lags)."""
    longest_lag = _longest_lag()
    compared = windows.shape[1] - longest_lag
    size = 1 << (windows.shape[1] + compared - 1).bit_length()
    spectrum = np.fft.rfft(windows[:, :compared], size)
    products = np.fft.irfft(np.fft.rfft(windows, size) * spectrum.conj(), size)[:, : longest_lag + 1]
    energy = np.cumsum(np.pad(windows.astype(np.float64) ** 2, ((0, 0), (1, 0))), axis=1)
    energy = energy[:, compared : compared + longest_lag + 1] - energy[:, : longest_lag + 1]
    return np.asarray(products / np.sqrt(energy * energy[:, :1] + 1e-12))
