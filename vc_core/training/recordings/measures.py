"""Measurements of a clip: loudness, clipping, SNR, reverb, bandwidth, hum, pitch, speaker cepstra, fingerprint."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d
from scipy.signal import welch

from vc_core.audio import Audio
from vc_core.signal.loudness import measure_loudness_lufs
from vc_core.signal.pitch import Pitch, correct_octave_errors, estimate_pitch
from vc_core.training.recordings.phones import recognise_phones
from vc_core.voices.similarity import compute_voiced_cepstra

SAMPLE_RATE, FRAME_SAMPLES, HOP_SAMPLES = 16_000, 512, 160
VOICE_BAND_HZ = (100.0, 7_000.0)
BAND_EDGES_HZ = (100.0, 300.0, 800.0, 1_600.0, 3_200.0, 6_400.0)
CLIPPING_TOLERANCE = 0.0005
"""Consecutive samples within this share of the peak count as clipped."""
DECAY_FRAMES = 5
SMOOTHED_FRAMES = 5
FLOOR_PERCENTILE, FLOOR_TO_MEAN = 10.0, 1.6
"""Of steady noise: the mean of its smoothed power divided by the 10th percentile."""
EMBEDDING_SECONDS, EMBEDDING_FRAMES = 6.0, 120
FINGERPRINT_BANDS, FINGERPRINT_FRAMES = 12, 5
MAINS_HZ = (50.0, 60.0)
HUM_FRAME_SAMPLES, HUM_PERCENTILE, HUM_NEIGHBOURHOOD_HZ = 4096, 10.0, (8.0, 22.0)

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClipMeasurements:
    seconds: float
    loudness_lufs: float
    peak: float
    offset: float
    """DC offset, relative to full scale."""
    clipped_share: float
    """Share of the loud samples that are clipped."""
    snr_db: float
    """The voice over the stationary background."""
    floor_flatness: float
    """Spectral flatness of the pauses: near 1 for noise, near 0 for tones."""
    decay_db: float
    """Level decay within 50 ms at the fastest decays; reverb makes it resampled."""
    bandwidth_hz: float
    bass_db: float
    """Power below any voice (drums and bass) relative to all."""
    hum_db: float
    """Peaks at the mains frequency and its odd harmonics over the neighbouring stationary background."""
    pitch: Pitch
    voice_cepstra: tuple[Numbers, ...]
    """Cepstra of voiced frames in segments of some seconds, arrays of shape (frames, coefficients)."""
    fingerprint: Numbers
    """Array of shape (bands, frames): alike for copies of one recording, whatever their level and format."""
    phone_seconds: Numbers
    """Seconds of each kind of phone that the recogniser is sure of; the last entry is of all speech."""

    @property
    def voiced_share(self) -> float:
        return float(self.pitch.voiced.mean())


def measure_clip(clip: Audio) -> ClipMeasurements:
    """Measure an unprocessed mono clip."""
    wave = clip.samples[0].astype(np.float64)
    resampled = clip.with_samples(clip.samples - np.float32(wave.mean())).resample(SAMPLE_RATE)
    power = _compute_power(resampled.samples[0])
    pitch = correct_octave_errors(estimate_pitch(resampled, hop_seconds=0.01))
    levels = 10 * np.log10(_select_band(power, VOICE_BAND_HZ).sum(axis=0) + 1e-14)
    return ClipMeasurements(
        seconds=clip.seconds,
        loudness_lufs=measure_loudness_lufs(clip),
        peak=float(np.abs(wave).max()),
        offset=float(wave.mean()),
        clipped_share=_measure_clipped_share(wave),
        snr_db=_measure_snr_db(power),
        floor_flatness=_measure_floor_flatness(power, levels),
        decay_db=_measure_decay_db(power),
        bandwidth_hz=_measure_bandwidth_hz(wave, clip.sample_rate),
        bass_db=_measure_bass_db(resampled.samples[0]),
        hum_db=_measure_hum_db(resampled.samples[0]),
        pitch=pitch,
        voice_cepstra=_split_voice_cepstra(resampled, pitch),
        fingerprint=_compute_fingerprint(power),
        phone_seconds=recognise_phones(resampled),
    )


def _compute_power(samples: npt.NDArray[np.float32]) -> Numbers:
    """Power spectrogram, array of shape (bins, frames)."""
    padded = np.pad(samples, (0, max(0, FRAME_SAMPLES - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME_SAMPLES)[::HOP_SAMPLES]
    return np.asarray((np.abs(np.fft.rfft(frames * np.hanning(FRAME_SAMPLES), axis=1)) ** 2 / FRAME_SAMPLES).T)


def _select_band(power: Numbers, band_hz: tuple[float, float]) -> Numbers:
    first, last = (round(hertz * FRAME_SAMPLES / SAMPLE_RATE) for hertz in band_hz)
    return power[first:last]


def _measure_clipped_share(wave: Numbers) -> float:
    """Count runs of samples at the peak; an unclipped peak has far shorter ones."""
    top = np.abs(wave).max()
    if top <= 0:
        return 0.0
    at_top = np.abs(wave) >= top * (1 - CLIPPING_TOLERANCE)
    run = at_top[:-2] & at_top[1:-1] & at_top[2:]
    loud = np.abs(wave) >= 0.7 * top
    return float(run.sum() / max(int(loud.sum()), 1)) if run.sum() > 5 else 0.0


def _measure_snr_db(power: Numbers) -> float:
    """Estimate the noise floor bin by bin, since a held note leaves it visible only between the harmonics."""
    voice_band = _select_band(power, VOICE_BAND_HZ)
    smooth = uniform_filter1d(voice_band, SMOOTHED_FRAMES, axis=1)
    floor = np.percentile(smooth, FLOOR_PERCENTILE, axis=1).sum() * FLOOR_TO_MEAN
    levels = voice_band.sum(axis=0)
    loud = levels[levels >= np.percentile(levels, 70)].mean()
    return float(10 * np.log10(loud / max(floor, 1e-12 * loud, 1e-20)))


def _measure_floor_flatness(power: Numbers, levels: Numbers) -> float:
    """Spectral flatness in narrow bands, so that the noise may be coloured."""
    quiet = power[:, levels <= np.percentile(levels, 15)]
    found = []
    for first in range(round(150 * FRAME_SAMPLES / SAMPLE_RATE), round(5_000 * FRAME_SAMPLES / SAMPLE_RATE), 8):
        band = quiet[first : first + 8].mean(axis=1) + 1e-16
        found.append(np.exp(np.log(band).mean()) / band.mean())
    return float(np.median(found))


def _measure_decay_db(power: Numbers) -> float:
    """Median over the bands of their fastest decays that end well above the floor."""
    found = []
    for band in pairwise(BAND_EDGES_HZ):
        levels = 10 * np.log10(_select_band(power, band).sum(axis=0) + 1e-14)
        if len(levels) <= DECAY_FRAMES:
            continue
        before, after = levels[:-DECAY_FRAMES], levels[DECAY_FRAMES:]
        floor = max(float(np.percentile(levels, 5)) + 6.0, float(levels.max()) - 50.0)
        falls = np.where(after >= floor, before - after, floor - 6.0 - np.inf)
        falls = falls[(before > np.percentile(levels, 50)) & np.isfinite(falls)]
        if len(falls) > 20:
            found.append(float(np.percentile(falls, 98)))
    return float(np.median(found)) if found else np.inf


def _measure_bandwidth_hz(wave: Numbers, sample_rate: int) -> float:
    """Highest frequency with power in the loud frames."""
    size = 2048
    if len(wave) < size:
        return sample_rate / 2
    frames = np.lib.stride_tricks.sliding_window_view(wave, size)[:: size // 2]
    power = (np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) ** 2).T
    highest = np.percentile(power, 98, axis=1)  # an s comes and goes
    smooth = uniform_filter1d(highest, 9)
    audible = np.flatnonzero(smooth >= smooth.max() * 10**-6.0)
    return float(audible[-1] * sample_rate / size)


def _measure_bass_db(samples: npt.NDArray[np.float32]) -> float:
    hertz, power = welch(samples, SAMPLE_RATE, nperseg=min(4096, len(samples)))
    return float(10 * np.log10((power[(hertz >= 35) & (hertz <= 62)].sum() + 1e-20) / (power.sum() + 1e-20)))


def _measure_hum_db(samples: npt.NDArray[np.float32]) -> float:
    """Median peak of the three lowest odd mains harmonics: no single note has harmonics at two of them."""
    if len(samples) < 2 * HUM_FRAME_SAMPLES:
        return 0.0
    frames = np.lib.stride_tricks.sliding_window_view(samples, HUM_FRAME_SAMPLES)[:: HUM_FRAME_SAMPLES // 4]
    power = np.abs(np.fft.rfft(frames * np.hanning(HUM_FRAME_SAMPLES), axis=1)) ** 2
    steady = np.percentile(power, HUM_PERCENTILE, axis=0) + 1e-12
    hertz = np.fft.rfftfreq(HUM_FRAME_SAMPLES, 1 / SAMPLE_RATE)

    def measure_peak_db(frequency: float) -> float:
        away = np.abs(hertz - frequency)
        beside = steady[(away > HUM_NEIGHBOURHOOD_HZ[0]) & (away < HUM_NEIGHBOURHOOD_HZ[1])]
        return float(10 * np.log10(steady[away < 3].max() / np.median(beside)))

    return max(sorted(measure_peak_db(odd * mains) for odd in (1, 3, 5))[1] for mains in MAINS_HZ)


def _split_voice_cepstra(resampled: Audio, pitch: Pitch) -> tuple[Numbers, ...]:
    count = max(1, round(resampled.seconds / EMBEDDING_SECONDS))
    segments = []
    for at in range(count):
        first, last = (round(resampled.frames * edge / count) for edge in (at, at + 1))
        frames = [round(edge / SAMPLE_RATE / pitch.hop_seconds) for edge in (first, last)]
        own_pitch = Pitch(pitch.hertz[slice(*frames)], pitch.confidence[slice(*frames)], pitch.hop_seconds)
        if own_pitch.frames and own_pitch.voiced.mean() > 0.2:
            cepstra = compute_voiced_cepstra(resampled.slice(first, last), own_pitch)
            chosen = np.unique(np.linspace(0, len(cepstra) - 1, EMBEDDING_FRAMES).astype(int))
            segments.append(cepstra[chosen])
    return tuple(segments)


def _compute_fingerprint(power: Numbers) -> Numbers:
    edges = np.geomspace(*VOICE_BAND_HZ, FINGERPRINT_BANDS + 1) * FRAME_SAMPLES / SAMPLE_RATE
    bands = np.stack([power[int(low) : max(int(low) + 1, int(high))].sum(axis=0) for low, high in pairwise(edges)])
    count = bands.shape[1] // FINGERPRINT_FRAMES
    whole = bands[:, : count * FINGERPRINT_FRAMES]
    means = whole.reshape(FINGERPRINT_BANDS, count, FINGERPRINT_FRAMES).mean(axis=2)
    levels = np.log(means + 1e-6 * means.max() + 1e-20)
    return np.asarray(levels - levels.mean(axis=1, keepdims=True))
