"""Take a voice apart into pitch, spectral envelope and breath, change these, and make a voice of them again (WORLD).

M. Morise et al., “WORLD: a vocoder-based high-quality speech synthesis system”, IEICE Transactions, 2016.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyworld
from scipy.ndimage import gaussian_filter1d

from vc_core.audio import Audio
from vc_core.pitch import Pitch, find_pitch, without_octave_errors
from vc_core.progress import Progress, silent

Values = npt.NDArray[np.float64]

RATES = (16_000, 22_050, 24_000, 44_100)
HOP_SECONDS = 0.005
LEVEL_SECONDS = 0.02
SILENT_POWER = 1e-10
LOWEST_HARMONIC_SHARE = 0.6
"""Below this share of the pitch there is no harmonic."""
CLEAR = 0.001
"""The least aperiodicity that WORLD knows."""
LOWEST_HZ, HIGHEST_HZ = 71.0, 1100.0
"""Below the lowest, an envelope of the usual size would blur."""


@dataclass(frozen=True, eq=False)
class WorldFeatures:
    """One row for each frame; frame i is centred at `i * HOP_SECONDS`."""

    hertz: Values
    """Shape (frames,); 0 where unvoiced."""
    envelope: Values
    """Shape (frames, bins): power."""
    aperiodicity: Values
    """Shape (frames, bins): the share of noise in the amplitude, from 0 to 1."""
    sample_rate: int

    @property
    def frequencies(self) -> Values:
        return np.linspace(0.0, self.sample_rate / 2, self.envelope.shape[1])


def world_rate(sample_rate: int) -> int:
    """The lowest rate of WORLD's that loses nothing, or its highest."""
    return next((rate for rate in RATES if rate >= sample_rate), RATES[-1])


def find_world_pitch(audio: Audio, method: str = "dio", *, progress: Progress = silent) -> Pitch:
    pitch = find_pitch(audio, method, lowest_hz=LOWEST_HZ, highest_hz=HIGHEST_HZ, progress=progress)
    return without_octave_errors(pitch)


def analyse(audio: Audio, pitch: Pitch | None = None) -> WorldFeatures:
    """The features of mono sound at one of the rates; as many frames as there are of pitch."""
    if audio.channels != 1 or audio.sample_rate not in RATES:
        raise ValueError(f"WORLD hears mono at {RATES} Hz, not {audio.channels} channels at {audio.sample_rate} Hz")
    hertz = (pitch or find_world_pitch(audio)).hertz.astype(np.float64)
    wave = audio.samples[0].astype(np.float64)
    envelope = pyworld.cheaptrick(wave, hertz, np.arange(len(hertz)) * HOP_SECONDS, audio.sample_rate)
    envelope *= _level_correction(wave, envelope, hertz, audio.sample_rate)[:, None]
    return WorldFeatures(hertz, envelope, _aperiodicity(wave, hertz, audio.sample_rate), audio.sample_rate)


def _level_correction(wave: Values, envelope: Values, hertz: Values, sample_rate: int) -> Values:
    """For each frame, the power that is heard over the power WORLD would make: it sings up to 3 dB too loudly."""
    centres = np.arange(len(envelope)) * HOP_SECONDS * sample_rate
    reach = LEVEL_SECONDS / 2 * sample_rate
    energy = np.concatenate([[0.0], np.cumsum(wave**2)])
    ends = np.clip(np.round(np.stack([centres - reach, centres + reach])).astype(int), 0, len(wave))
    heard = (energy[ends[1]] - energy[ends[0]]) / np.maximum(ends[1] - ends[0], 1)
    made = np.where(hertz > 0, _power_of_harmonics(envelope, hertz, sample_rate), envelope.mean(axis=1))
    correction = np.log((heard + SILENT_POWER) / (made + SILENT_POWER))
    smooth = gaussian_filter1d(correction, LEVEL_SECONDS / HOP_SECONDS)
    return np.asarray(np.exp(np.clip(smooth, *np.log([0.25, 4.0]))))


def _power_of_harmonics(envelope: Values, hertz: Values, sample_rate: int) -> Values:
    """Not the mean of the envelope: of a high voice few harmonics sound, and below the lowest nothing does."""
    spacing = np.where(hertz > 0, hertz, sample_rate) / (sample_rate / 2) * (envelope.shape[1] - 1)
    at = np.arange(1, int(sample_rate / 2 / LOWEST_HZ) + 1) * spacing[:, None]
    low = np.minimum(at.astype(int), envelope.shape[1] - 1)
    heard = np.where(at < envelope.shape[1] - 1, np.take_along_axis(envelope, low, axis=1), 0.0)
    return np.asarray(heard.sum(axis=1) * spacing / envelope.shape[1])


def _aperiodicity(wave: Values, hertz: Values, sample_rate: int) -> Values:
    """From every second frame: this is half of WORLD's work, and breath changes slowly."""
    times = np.arange(0, len(hertz), 2) * HOP_SECONDS
    # Without its own decision on what is voiced: that contradicts the pitch in up to a quarter of the frames, and
    # those come out hoarse.
    known = pyworld.d4c(wave, hertz[::2].copy(), times, sample_rate, threshold=0.0)
    result = np.repeat(known, 2, axis=0)[: len(hertz)]
    odd = np.arange(len(hertz) // 2)
    after = np.minimum(odd + 1, len(known) - 1)
    voiced = hertz[::2] > 0
    both = (voiced[odd] == voiced[after])[:, None]
    # At the edge of a voiced stretch, the voiced neighbour alone.
    result[1::2] = np.where(both, (known[odd] + known[after]) / 2, np.minimum(known[odd], known[after]))
    # Below the lowest harmonic there is nothing to hear, but WORLD would rumble there.
    bins = np.arange(result.shape[1]) * sample_rate / 2 / (result.shape[1] - 1)
    result[bins < LOWEST_HARMONIC_SHARE * hertz[:, None]] = CLEAR
    return np.asarray(result, np.float64)


def synthesise(features: WorldFeatures, frames: int) -> Audio:
    """Mono sound of exactly so many frames."""
    parts = (features.hertz, features.envelope, features.aperiodicity)
    wave = pyworld.synthesize(*map(np.ascontiguousarray, parts), features.sample_rate, HOP_SECONDS * 1000)[:frames]
    return Audio(np.pad(wave, (0, frames - len(wave))).astype(np.float32)[None], features.sample_rate)


def code_envelope(features: WorldFeatures, dimensions: int = 60) -> npt.NDArray[np.float32]:
    """Shape (frames, dimensions). 36 are enough for a network, and 60 keep the sound."""
    coded = pyworld.code_spectral_envelope(np.ascontiguousarray(features.envelope), features.sample_rate, dimensions)
    return np.asarray(coded, np.float32)


def decode_envelope(coded: npt.NDArray[np.floating], sample_rate: int) -> Values:
    fft_frames = pyworld.get_cheaptrick_fft_size(sample_rate, LOWEST_HZ)
    values = np.ascontiguousarray(coded, np.float64)
    return np.asarray(pyworld.decode_spectral_envelope(values, sample_rate, fft_frames))


def log_pitch(hertz: Values) -> tuple[Values, npt.NDArray[np.bool_]]:
    """The logarithm, carried on through what is unvoiced, and a mask of what is voiced."""
    voiced = hertz > 0
    if not voiced.any():
        return np.zeros(len(hertz)), voiced
    at = np.arange(len(hertz))
    return np.interp(at, at[voiced], np.log(hertz[voiced])), voiced


def pitch_at(hertz: Values, positions: Values) -> Values:
    """Between frames; voiced where the nearest frame is."""
    curve, voiced = log_pitch(hertz)
    nearest = np.clip(np.round(positions).astype(int), 0, len(hertz) - 1)
    return np.where(voiced[nearest], np.exp(np.interp(positions, np.arange(len(hertz)), curve)), 0.0)


def with_formants_moved(features: WorldFeatures, factor: float) -> WorldFeatures:
    """Up for a smaller throat, down for a larger one; the pitch stays."""
    if factor == 1.0:
        return features
    last = features.envelope.shape[1] - 1
    places = np.minimum(np.arange(last + 1) / factor, last)
    low = np.minimum(places.astype(int), last - 1)
    part = places - low
    envelope = features.envelope[:, low] * (1 - part) + features.envelope[:, low + 1] * part
    return replace(features, envelope=envelope)


def stretched(features: WorldFeatures, positions: Values) -> WorldFeatures:
    """The features at other moments, given in frames: slower where these are nearer than a frame."""
    last = len(features.hertz) - 1
    at = np.clip(positions, 0, last)
    low = np.floor(at).astype(int)
    part = (at - low)[:, None]
    if not part.any():
        breath = features.aperiodicity[low]
        return WorldFeatures(features.hertz[low], features.envelope[low], breath, features.sample_rate)
    high = np.minimum(low + 1, last)
    envelope = features.envelope[low] * (1 - part) + features.envelope[high] * part
    breath = features.aperiodicity[low] * (1 - part) + features.aperiodicity[high] * part
    return WorldFeatures(pitch_at(features.hertz, at), envelope, breath, features.sample_rate)
