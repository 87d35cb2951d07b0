"""Metrics of voices: mel-cepstral distortion, pitch errors, spectral tilt, harmonicity, speaking rate."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.signal import butter, find_peaks, sosfiltfilt, welch

from vc_core.audio import Audio
from vc_core.signal.pitch import Pitch
from vc_core.signal.world import choose_world_sample_rate, estimate_world_pitch, extract_world_features

ORDER = 24
ALPHA = {16_000: 0.42, 22_050: 0.455, 24_000: 0.466, 44_100: 0.544}
"""All-pass constant nearest to the mel scale, by sample rate."""
HEARD_BELOW_LOUDEST_DB = 40.0
FLOOR_DB = -80.0
"""Relative to the mean of an envelope; less is rounding error."""
TILT_BANDS_HZ = (100.0, 5_000.0)
HARMONICITY_SECONDS = 0.06
FINER = 8
SYLLABLE_BAND_HZ = (300.0, 3_000.0)
SYLLABLES_PER_SECOND_AT_MOST = 10.0
NUCLEUS_DB = 3.0
"""Least level drop between two syllables."""


def mel_cepstra(audio: Audio) -> tuple[np.ndarray, np.ndarray]:
    """Mel cepstra of WORLD's envelope without c0, shape (T, order), and a mask of the loud frames, shape (T,)."""
    heard = audio.to_mono().resample(choose_world_sample_rate(audio.sample_rate))
    envelope = extract_world_features(heard).envelope
    level = 10 * np.log10(envelope.mean(axis=1) + 1e-12)
    floor = 10 ** (FLOOR_DB / 10) * envelope.mean(axis=1, keepdims=True)
    cepstra = np.fft.irfft(np.log(envelope + floor) / 2, axis=1)[:, : envelope.shape[1]]
    cepstra[:, 1:-1] *= 2
    warped = cepstra @ _warping(cepstra.shape[1], ALPHA[heard.sample_rate]).T[:, 1:]
    return warped, level > level.max() - HEARD_BELOW_LOUDEST_DB


@cache
def _warping(bins: int, alpha: float) -> np.ndarray:
    """Matrix of the frequency transformation of a cepstrum (Oppenheim and Johnson's recursion)."""
    result = np.zeros((ORDER + 1, bins))
    for unit in np.arange(bins)[::-1]:
        before = result.copy()
        given = (np.arange(bins) == unit).astype(float)
        result[0] = given + alpha * before[0]
        result[1] = (1 - alpha**2) * before[0] + alpha * before[1]
        for order in range(2, ORDER + 1):
            result[order] = before[order - 1] + alpha * (before[order] - result[order - 1])
    return result


def mcd_db(wanted: Audio, heard: Audio, *, aligned: bool = False) -> float:
    """Mel-cepstral distortion in dB, after dynamic time warping unless `aligned`; 0.3 dB are inaudible."""
    (one, one_is_loud), (other, other_is_loud) = mel_cepstra(wanted), mel_cepstra(heard)
    if aligned:
        frames = min(len(one), len(other))
        steps = np.tile(np.flatnonzero(one_is_loud[:frames] & other_is_loud[:frames]), (2, 1))
    else:
        one, other = one[one_is_loud], other[other_is_loud]
        steps = best_alignment(one, other)
    squares = ((one[steps[0]] - other[steps[1]]) ** 2).sum(axis=1)
    return float(10 / np.log(10) * np.sqrt(2 * squares).mean())


def best_alignment(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Dynamic time warping: the cheapest path, as an array of frame numbers of shape (2, N)."""
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    cost = np.sqrt(np.maximum(squares, 0.0))
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    for diagonal in range(rows + columns - 1):
        row = np.arange(max(0, diagonal - columns + 1), min(rows, diagonal + 1))
        column = diagonal - row
        best = np.minimum(np.minimum(total[row, column + 1], total[row + 1, column]), total[row, column])
        total[row + 1, column + 1] = cost[row, column] + best
    path = [(rows, columns)]
    while path[-1] != (1, 1):
        row, column = path[-1]
        path.append(min((row - 1, column - 1), (row - 1, column), (row, column - 1), key=lambda at: total[at]))
    return np.array(path[::-1]).T - 1


@dataclass(frozen=True)
class PitchErrors:
    rmse_cents: float
    """Where both are voiced."""
    correlation: float
    """Of the log pitch, where both are voiced."""
    voicing: float
    """Share of frames that are voiced in only one of them."""


def pitch_errors(wanted: Pitch, heard: Pitch) -> PitchErrors:
    frames = min(wanted.frames, heard.frames)
    one, other = wanted.hertz[:frames].astype(float), heard.hertz[:frames].astype(float)
    both = (one > 0) & (other > 0)
    voicing = float(((one > 0) != (other > 0)).mean())
    if both.sum() < 2:
        return PitchErrors(np.nan, np.nan, voicing)
    one, other = 1200 * np.log2(one[both]), 1200 * np.log2(other[both])
    varies = min(one.std(), other.std()) > 0
    correlation = float(np.corrcoef(one, other)[0, 1]) if varies else np.nan
    return PitchErrors(float(np.sqrt(((one - other) ** 2).mean())), correlation, voicing)


def spectral_tilt_db(audio: Audio) -> float:
    """Slope in dB per octave of a line through the levels of third-octave bands."""
    hertz, power = welch(audio.to_mono().samples[0].astype(float), audio.sample_rate, nperseg=min(4096, audio.frames))
    edges = np.arange(np.log2(TILT_BANDS_HZ[0]), np.log2(TILT_BANDS_HZ[1]), 1 / 3)
    bands = [power[(hertz >= 2**low) & (hertz < 2 ** (low + 1 / 3))] for low in edges]
    middles = np.array([low + 1 / 6 for low, band in zip(edges, bands, strict=True) if len(band)])
    levels = np.array([10 * np.log10(band.mean() + 1e-16) for band in bands if len(band)])
    return float(np.polyfit(middles, levels, 1)[0])


def harmonicity_db(audio: Audio, pitch: Pitch | None = None) -> float:
    """Harmonics-to-noise ratio: the median of the voiced frames (P. Boersma, 1993)."""
    pitch = pitch or estimate_world_pitch(audio)
    wave, rate = audio.to_mono().samples[0].astype(float), audio.sample_rate
    frames = round(HARMONICITY_SECONDS * rate)
    window = np.hanning(frames)
    own = _autocorrelation(window)
    ratios = []
    for at in np.flatnonzero(pitch.voiced):
        start = round(at * pitch.hop_seconds * rate) - frames // 2
        if start < 0 or start + frames > len(wave):
            continue
        piece = wave[start : start + frames]
        like = _autocorrelation((piece - piece.mean()) * window)
        period = FINER * rate / pitch.hertz[at]
        near = slice(int(period * 0.9), min(int(period * 1.1) + 2, len(own) // 2))
        share = float(np.clip((like[near] / own[near]).max(initial=0.0), 1e-4, 1 - 1e-6))
        ratios.append(10 * np.log10(share / (1 - share)))
    return float(np.median(ratios)) if ratios else np.nan


def _autocorrelation(piece: np.ndarray) -> np.ndarray:
    """Oversampled autocorrelation: with whole-sample lags, treble would count as noise."""
    power = np.abs(np.fft.rfft(piece, 2 * len(piece))) ** 2
    like = np.fft.irfft(power, 2 * len(piece) * FINER)[: len(piece) * FINER]
    return like / (like[0] + 1e-12)


def syllable_rate(audio: Audio) -> float:
    """Syllable nuclei per second from the first sound to the last (after N. de Jong and T. Wempe, 2009)."""
    rate = audio.sample_rate
    band = sosfiltfilt(butter(2, SYLLABLE_BAND_HZ, "bandpass", fs=rate, output="sos"), audio.to_mono().samples[0])
    slow = butter(2, SYLLABLES_PER_SECOND_AT_MOST, fs=rate, output="sos")
    level = 10 * np.log10(np.maximum(sosfiltfilt(slow, band**2), 0.0) + 1e-10)
    heard = np.flatnonzero(level > level.max() - HEARD_BELOW_LOUDEST_DB)
    peaks, _ = find_peaks(
        level,
        height=level.max() - 25,
        prominence=NUCLEUS_DB,
        distance=max(1, round(rate / SYLLABLES_PER_SECOND_AT_MOST)),
    )
    return len(peaks) * rate / max(1, heard[-1] - heard[0])
