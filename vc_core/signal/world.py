"""WORLD vocoder: analyse a voice into F0, spectral envelope and aperiodicity, modify these, and resynthesise.

M. Morise et al., “WORLD: a vocoder-based high-quality speech synthesis system”, IEICE Transactions, 2016.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from vc_core.audio import Audio
from vc_core.checkpoints.quiet_import import ignore_old_imports
from vc_core.errors import UserError
from vc_core.progress import Progress, silent
from vc_core.signal.pitch import Pitch, correct_octave_errors, estimate_pitch

with ignore_old_imports():
    import pyworld

FloatArray = npt.NDArray[np.float64]

WORLD_SAMPLE_RATES = (16_000, 22_050, 24_000, 44_100)
HOP_SECONDS = 0.005
LEVEL_SECONDS = 0.02
SILENT_POWER = 1e-10
LOWEST_HARMONIC_SHARE = 0.6
"""Below this share of the F0 there is no harmonic."""
MIN_APERIODICITY = 0.001
"""The lowest value that WORLD uses."""
LOWEST_HZ, HIGHEST_HZ = 71.0, 1100.0
"""A lower F0 needs a longer FFT than WORLD's default; it would smear the envelope."""


@dataclass(frozen=True, eq=False)
class WorldFeatures:
    """One row per frame; frame i is centred at `i * HOP_SECONDS`."""

    hertz: FloatArray
    """F0, shape (frames,); 0 where unvoiced."""
    envelope: FloatArray
    """Power spectral envelope, shape (frames, bins)."""
    aperiodicity: FloatArray
    """Noise share of the amplitude from 0 to 1, shape (frames, bins)."""
    sample_rate: int

    @property
    def frequencies(self) -> FloatArray:
        """Of the bins, in hertz, shape (bins,)."""
        return np.linspace(0.0, self.sample_rate / 2, self.envelope.shape[1])


def choose_world_sample_rate(sample_rate: int) -> int:
    """The lowest rate supported by WORLD that loses nothing, or the highest."""
    return next((rate for rate in WORLD_SAMPLE_RATES if rate >= sample_rate), WORLD_SAMPLE_RATES[-1])


def estimate_world_pitch(audio: Audio, method: str = "dio", *, progress: Progress = silent) -> Pitch:
    pitch = estimate_pitch(audio, method, lowest_hz=LOWEST_HZ, highest_hz=HIGHEST_HZ, progress=progress)
    return correct_octave_errors(pitch)


def extract_world_features(audio: Audio, pitch: Pitch | None = None) -> WorldFeatures:
    """Analyse mono audio at one of WORLD's sample rates; the result has as many frames as `pitch`."""
    if audio.channels != 1 or audio.sample_rate not in WORLD_SAMPLE_RATES:
        raise ValueError(
            f"WORLD takes mono at {WORLD_SAMPLE_RATES} Hz, not {audio.channels} channels at {audio.sample_rate} Hz"
        )
    hertz = (pitch or estimate_world_pitch(audio)).hertz.astype(np.float64)
    wave = audio.samples[0].astype(np.float64)
    envelope = pyworld.cheaptrick(wave, hertz, np.arange(len(hertz)) * HOP_SECONDS, audio.sample_rate)
    envelope *= _compute_level_correction(wave, envelope, hertz, audio.sample_rate)[:, None]
    return WorldFeatures(hertz, envelope, _estimate_aperiodicity(wave, hertz, audio.sample_rate), audio.sample_rate)


def _compute_level_correction(
    wave: FloatArray, envelope: FloatArray, hertz: FloatArray, sample_rate: int
) -> FloatArray:
    """Power of the recording over that of WORLD's synthesis, shape (frames,): WORLD is up to 3 dB too loud."""
    centres = np.arange(len(envelope)) * HOP_SECONDS * sample_rate
    half_window = LEVEL_SECONDS / 2 * sample_rate
    energy = np.concatenate([[0.0], np.cumsum(wave**2)])
    ends = np.stack([centres - half_window, centres + half_window])
    ends = np.clip(np.round(ends).astype(int), 0, len(wave))
    recorded = (energy[ends[1]] - energy[ends[0]]) / np.maximum(ends[1] - ends[0], 1)
    voiced_power = _compute_harmonic_power(envelope, hertz, sample_rate)
    synthesised = np.where(hertz > 0, voiced_power, envelope.mean(axis=1))
    log_correction = np.log((recorded + SILENT_POWER) / (synthesised + SILENT_POWER))
    smooth = gaussian_filter1d(log_correction, LEVEL_SECONDS / HOP_SECONDS)
    return np.asarray(np.exp(np.clip(smooth, *np.log([0.25, 4.0]))))


def _compute_harmonic_power(envelope: FloatArray, hertz: FloatArray, sample_rate: int) -> FloatArray:
    """Envelope power at the harmonics, shape (frames,); the mean over all bins would be wrong for a high F0."""
    last_bin = envelope.shape[1] - 1
    spacing_bins = np.where(hertz > 0, hertz, sample_rate) / (sample_rate / 2) * last_bin
    harmonic_bins = np.arange(1, int(sample_rate / 2 / LOWEST_HZ) + 1) * spacing_bins[:, None]
    indices = np.minimum(harmonic_bins.astype(int), last_bin)
    power = np.where(harmonic_bins < last_bin, np.take_along_axis(envelope, indices, axis=1), 0.0)
    return np.asarray(power.sum(axis=1) * spacing_bins / envelope.shape[1])


def _estimate_aperiodicity(wave: FloatArray, hertz: FloatArray, sample_rate: int) -> FloatArray:
    """Shape (frames, bins). Analyses every second frame: D4C is half of WORLD's cost, and aperiodicity is slow."""
    times = np.arange(0, len(hertz), 2) * HOP_SECONDS
    # threshold=0 disables D4C's own voicing decision: it contradicts the F0 in up to a quarter of the frames, which
    # then sound hoarse.
    # Beyond full scale, D4C's guard against log(0) is too small for pure tones: they become NaN.
    wave = wave / max(np.abs(wave).max(initial=0.0), 1.0)
    even_frames = pyworld.d4c(wave, hertz[::2].copy(), times, sample_rate, threshold=0.0)
    even_frames = np.nan_to_num(even_frames, nan=MIN_APERIODICITY)
    result = np.repeat(even_frames, 2, axis=0)[: len(hertz)]
    before = np.arange(len(hertz) // 2)
    after = np.minimum(before + 1, len(even_frames) - 1)
    voiced = hertz[::2] > 0
    is_same_voicing = (voiced[before] == voiced[after])[:, None]
    mean = (even_frames[before] + even_frames[after]) / 2
    # At the border of a voiced segment, use the voiced neighbour only.
    result[1::2] = np.where(is_same_voicing, mean, np.minimum(even_frames[before], even_frames[after]))
    # WORLD would synthesise rumble below the lowest harmonic.
    bins_hz = np.arange(result.shape[1]) * sample_rate / 2 / (result.shape[1] - 1)
    result[bins_hz < LOWEST_HARMONIC_SHARE * hertz[:, None]] = MIN_APERIODICITY
    return np.asarray(result, np.float64)


def synthesise_world(features: WorldFeatures, frames: int) -> Audio:
    """Mono audio of exactly `frames` samples; raises `UserError` if a feature is not finite."""
    # WORLD reads out of bounds for an F0 far above the sample rate.
    inputs = (np.minimum(features.hertz, features.sample_rate / 2), features.envelope, features.aperiodicity)
    if not all(np.isfinite(values).all() for values in inputs):
        raise UserError("The model gave values that are not numbers. Its weights may be damaged.")
    wave = pyworld.synthesize(*map(np.ascontiguousarray, inputs), features.sample_rate, HOP_SECONDS * 1000)[:frames]
    return Audio(np.pad(wave, (0, frames - len(wave))).astype(np.float32)[None], features.sample_rate)


def encode_envelope(features: WorldFeatures, dimensions: int = 60) -> npt.NDArray[np.float32]:
    """Coded spectral envelope (mel-cepstrum), shape (frames, dimensions): 36 for networks, 60 for full quality."""
    codes = pyworld.code_spectral_envelope(np.ascontiguousarray(features.envelope), features.sample_rate, dimensions)
    return np.asarray(codes, np.float32)


def decode_envelope(codes: npt.NDArray[np.floating], sample_rate: int) -> FloatArray:
    """Power spectral envelope of shape (frames, bins) from codes of shape (frames, dimensions)."""
    fft_samples = pyworld.get_cheaptrick_fft_size(sample_rate, LOWEST_HZ)
    values = np.ascontiguousarray(codes, np.float64)
    return np.asarray(pyworld.decode_spectral_envelope(values, sample_rate, fft_samples))


def interpolate_log_pitch(hertz: FloatArray) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Natural log of F0, interpolated through unvoiced frames, and the voiced mask; both of shape (frames,)."""
    voiced = hertz > 0
    if not voiced.any():
        return np.zeros(len(hertz)), voiced
    frames = np.arange(len(hertz))
    return np.interp(frames, frames[voiced], np.log(hertz[voiced])), voiced


def interpolate_pitch(hertz: FloatArray, positions: FloatArray) -> FloatArray:
    """F0 at fractional frame positions; voiced where the nearest frame is."""
    log_pitch, voiced = interpolate_log_pitch(hertz)
    nearest = np.clip(np.round(positions).astype(int), 0, len(hertz) - 1)
    return np.where(voiced[nearest], np.exp(np.interp(positions, np.arange(len(hertz)), log_pitch)), 0.0)


def shift_formants(features: WorldFeatures, factor: float) -> WorldFeatures:
    """Scale the frequency axis of the envelope, as a shorter (> 1) or longer (< 1) vocal tract; F0 is unchanged."""
    if factor == 1.0:
        return features
    last = features.envelope.shape[1] - 1
    positions = np.minimum(np.arange(last + 1) / factor, last)
    low = np.minimum(positions.astype(int), last - 1)
    fraction = positions - low
    envelope = features.envelope[:, low] * (1 - fraction) + features.envelope[:, low + 1] * fraction
    return replace(features, envelope=envelope)


def stretch_time(features: WorldFeatures, positions: FloatArray) -> WorldFeatures:
    """Interpolate the features at fractional frame positions: steps below one frame slow the voice down."""
    last = len(features.hertz) - 1
    positions = np.clip(positions, 0, last)
    low = np.floor(positions).astype(int)
    fraction = (positions - low)[:, None]
    if not fraction.any():
        aperiodicity = features.aperiodicity[low]
        return WorldFeatures(features.hertz[low], features.envelope[low], aperiodicity, features.sample_rate)
    high = np.minimum(low + 1, last)
    envelope = features.envelope[low] * (1 - fraction) + features.envelope[high] * fraction
    aperiodicity = features.aperiodicity[low] * (1 - fraction) + features.aperiodicity[high] * fraction
    return WorldFeatures(interpolate_pitch(features.hertz, positions), envelope, aperiodicity, features.sample_rate)
