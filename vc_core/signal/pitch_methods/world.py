"""WORLD pitch (F0) estimation: DIO (fast) and Harvest (fewer missed frames, ten times slower).

After M. Morise et al., “Fast and reliable F0 estimation method based on the period extraction of vocal fold
vibration of singing voice and speech”, AES 2009, and M. Morise, “Harvest”, Interspeech 2017.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from vc_core.audio import Audio
from vc_core.checkpoints.quiet_import import ignore_old_imports
from vc_core.signal.pitch_methods.base import Pitch, PitchEngine, PitchSettings

with ignore_old_imports():
    import pyworld

DIO_SAMPLE_RATE = 16_000
CHECK_SAMPLE_RATE = 8_000
"""For confidence and residue detection: treble would only lower the correlation."""
CORRELATION_SECONDS = 0.02
RESIDUE_SECONDS, RESIDUE_DB = 0.064, -25.0
RESIDUE_MAX_HARMONIC = 3.5
"""A voice has energy at its F0 or at the second or third harmonic, which are all below this multiple."""
HIGHEST_PARTIAL_HZ = 3_000.0
MAX_RETRIES = 2
FRAMES_PER_BATCH = 1_000

FloatArray = npt.NDArray[np.float64]
EstimateAbove = Callable[[float], FloatArray]
"""F0 of shape (frames,) with a given lowest frequency in hertz."""


def estimate_by_dio(audio: Audio, settings: PitchSettings) -> Pitch:
    # Higher sample rates take twice as long and give the same result.
    audio = audio.resample(min(audio.sample_rate, DIO_SAMPLE_RATE))
    wave = audio.samples[0].astype(np.float64)
    sample_rate, hop_milliseconds = audio.sample_rate, settings.hop_seconds * 1000

    def estimate_above(lowest_hz: float) -> FloatArray:
        coarse, times = pyworld.dio(wave, sample_rate, lowest_hz, settings.highest_hz, frame_period=hop_milliseconds)
        return np.asarray(pyworld.stonemask(wave, coarse, times, sample_rate))

    return _estimate_voice(audio, settings, estimate_above)


def estimate_by_harvest(audio: Audio, settings: PitchSettings) -> Pitch:
    wave = audio.samples[0].astype(np.float64)
    sample_rate, hop_milliseconds = audio.sample_rate, settings.hop_seconds * 1000

    def estimate_above(lowest_hz: float) -> FloatArray:
        # Without stonemask: Harvest refines its result itself, and better.
        hertz, _ = pyworld.harvest(wave, sample_rate, lowest_hz, settings.highest_hz, frame_period=hop_milliseconds)
        return np.asarray(hertz)

    return _estimate_voice(audio, settings, estimate_above)


def _estimate_voice(audio: Audio, settings: PitchSettings, estimate_above: EstimateAbove) -> Pitch:
    audio = audio.resample(CHECK_SAMPLE_RATE)
    hertz = _estimate_above_residue(audio, settings, estimate_above)
    hertz = np.where(np.isfinite(hertz) & (hertz >= settings.lowest_hz) & (hertz <= settings.highest_hz), hertz, 0.0)
    confidence = _measure_periodicity(audio, hertz, settings.hop_seconds)
    return Pitch(hertz.astype(np.float32), confidence, settings.hop_seconds)


def _estimate_above_residue(audio: Audio, settings: PitchSettings, estimate_above: EstimateAbove) -> FloatArray:
    """WORLD follows even faint bass residue of source separation; estimate those frames again above it."""
    hertz = estimate_above(settings.lowest_hz)
    for _ in range(MAX_RETRIES):
        is_residue = _find_bass_residue(audio, hertz, settings.hop_seconds)
        if not is_residue.any():
            break
        lowest_hz = RESIDUE_MAX_HARMONIC * float(np.percentile(hertz[is_residue], 5))
        retried = estimate_above(lowest_hz) if lowest_hz < settings.highest_hz / 2 else np.zeros_like(hertz)
        is_above = retried > RESIDUE_MAX_HARMONIC * hertz
        hertz = np.where(is_residue, np.where(is_above, retried, 0.0), hertz)
    return hertz


def _find_bass_residue(audio: Audio, hertz: FloatArray, hop_seconds: float) -> npt.NDArray[np.bool_]:
    """Mask of frames with hardly any energy at the estimated F0 and its second and third harmonic."""
    samples, sample_rate = round(RESIDUE_SECONDS * audio.sample_rate), audio.sample_rate
    wave = np.pad(audio.samples[0].astype(np.float64), samples)
    bins_hz, window = np.fft.rfftfreq(samples, 1 / sample_rate), np.hanning(samples)
    is_residue = np.zeros(len(hertz), bool)
    voiced = np.flatnonzero(hertz)
    for first in range(0, len(voiced), FRAMES_PER_BATCH):
        batch = voiced[first : first + FRAMES_PER_BATCH]
        starts = (batch * hop_seconds * sample_rate).astype(int) + samples - samples // 2
        power = np.abs(np.fft.rfft(wave[starts[:, None] + np.arange(samples)] * window)) ** 2
        f0 = hertz[batch, None]
        is_voice_band = (bins_hz > f0 / 2) & (bins_hz < HIGHEST_PARTIAL_HZ)
        is_low = is_voice_band & (bins_hz < RESIDUE_MAX_HARMONIC * f0)
        low_power, voice_power = (power * is_low).sum(axis=1), (power * is_voice_band).sum(axis=1)
        is_residue[batch] = low_power < voice_power * 10 ** (RESIDUE_DB / 10)
    return is_residue


def _measure_periodicity(audio: Audio, hertz: FloatArray, hop_seconds: float) -> npt.NDArray[np.float32]:
    """Confidence, which WORLD does not give: normalised correlation of each frame with the signal a period later."""
    wave, sample_rate = audio.samples[0].astype(np.float64), audio.sample_rate
    voiced = np.flatnonzero(hertz)
    span = round(CORRELATION_SECONDS * sample_rate)
    period = sample_rate / hertz[voiced]
    starts = voiced * hop_seconds * sample_rate - (span + period) / 2
    positions = starts[:, None] + np.arange(span)
    samples = np.arange(len(wave))
    current, later = np.interp(positions, samples, wave), np.interp(positions + period[:, None], samples, wave)
    energy = np.sqrt((current**2).sum(axis=1) * (later**2).sum(axis=1))
    confidence = np.zeros(len(hertz), np.float32)
    confidence[voiced] = np.clip((current * later).sum(axis=1) / (energy + 1e-9), 0.0, 1.0)
    return confidence


DIO = PitchEngine(
    "dio",
    "Dio",
    load=lambda options, device: estimate_by_dio,
    notice="The fastest. For a voice alone, without noise.",
)
HARVEST = PitchEngine(
    "harvest",
    "Harvest",
    load=lambda options, device: estimate_by_harvest,
    notice="Misses less of a voice than Dio, and hears some where there is none; many times slower.",
    window_seconds=3.0,
    cpu_seconds_per_second=0.6,
)
