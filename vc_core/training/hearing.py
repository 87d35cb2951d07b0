"""What can be heard in one clip, as numbers: level, clipping, noise, room, bandwidth, pitch, and whose voice it is."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d
from scipy.signal import welch

from vc_core.audio import Audio
from vc_core.loudness import loudness_lufs
from vc_core.pitch import Pitch, find_pitch, without_octave_errors
from vc_core.training.sounds import hear_sounds
from vc_core.voice_print import voiced_moments

RATE, FRAME, HOP = 16_000, 512, 160
VOICE_BAND_HZ = (100.0, 7_000.0)
BAND_EDGES_HZ = (100.0, 300.0, 800.0, 1_600.0, 3_200.0, 6_400.0)
TOP = 0.0005
"""Samples so near the highest one, of its value, count as cut off there if several follow each other."""
FALL_HOPS = 5
SMOOTHED_HOPS = 5
FLOOR_PERCENTILE, FLOOR_TO_MEAN = 10.0, 1.6
"""How far smoothed power of steady noise goes below its mean, in its lowest tenth."""
PRINT_SECONDS, PRINT_MOMENTS = 6.0, 120
SKETCH_BANDS, SKETCH_HOPS = 12, 5
MAINS_HZ = (50.0, 60.0)
HUM_FRAME, HUM_PERCENTILE, HUM_BESIDE_HZ = 4096, 10.0, (8.0, 22.0)

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Heard:
    seconds: float
    loudness_lufs: float
    peak: float
    offset: float
    """A constant that is no sound, of full scale."""
    clipped_share: float
    """Of the loud samples, how many stand at a ceiling."""
    snr_db: float
    """The voice over what is there all the time."""
    floor_flatness: float
    """Of what is heard between words: near 1 for noise, near 0 for tones."""
    fall_db: float
    """How far the sound falls within 50 ms where it falls fast; a room lets it fall slowly."""
    bandwidth_hz: float
    bass_db: float
    """What is below any voice, beside all: drums and bass."""
    hum_db: float
    """How far the mains' frequency and its odd harmonics stand out of what is there all the time."""
    pitch: Pitch
    prints: tuple[Numbers, ...]
    """The colour of the voice in many moments, shape (moments, numbers), some seconds at a time."""
    sketch: Numbers
    """Shape (bands, moments): alike for copies of one recording at whatever level and in whatever format."""
    sounds: Numbers
    """For how many seconds each kind of phone is surely heard, and last any."""

    @property
    def voiced_share(self) -> float:
        return float(self.pitch.voiced.mean())


def hear(clip: Audio) -> Heard:
    """Of a mono clip as it was recorded."""
    wave = clip.samples[0].astype(np.float64)
    small = clip.with_samples(clip.samples - np.float32(wave.mean())).resampled(RATE)
    power = _power(small.samples[0])
    pitch = without_octave_errors(find_pitch(small, hop_seconds=0.01))
    levels = 10 * np.log10(_band(power, VOICE_BAND_HZ).sum(axis=0) + 1e-14)
    return Heard(
        seconds=clip.seconds,
        loudness_lufs=loudness_lufs(clip),
        peak=float(np.abs(wave).max()),
        offset=float(wave.mean()),
        clipped_share=_clipped_share(wave),
        snr_db=_snr_db(power),
        floor_flatness=_floor_flatness(power, levels),
        fall_db=_fall_db(power),
        bandwidth_hz=_bandwidth_hz(wave, clip.sample_rate),
        bass_db=_bass_db(small.samples[0]),
        hum_db=_hum_db(small.samples[0]),
        pitch=pitch,
        prints=_prints(small, pitch),
        sketch=_sketch(power),
        sounds=hear_sounds(small),
    )


def _power(samples: npt.NDArray[np.float32]) -> Numbers:
    """Shape (bins, moments)."""
    padded = np.pad(samples, (0, max(0, FRAME - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]
    return np.asarray((np.abs(np.fft.rfft(frames * np.hanning(FRAME), axis=1)) ** 2 / FRAME).T)


def _band(power: Numbers, band_hz: tuple[float, float]) -> Numbers:
    first, last = (round(hertz * FRAME / RATE) for hertz in band_hz)
    return power[first:last]


def _clipped_share(wave: Numbers) -> float:
    """Runs at the very top; a wave that merely turns there has far fewer."""
    top = np.abs(wave).max()
    if top <= 0:
        return 0.0
    at_top = np.abs(wave) >= top * (1 - TOP)
    run = at_top[:-2] & at_top[1:-1] & at_top[2:]
    loud = np.abs(wave) >= 0.7 * top
    return float(run.sum() / max(int(loud.sum()), 1)) if run.sum() > 5 else 0.0


def _snr_db(power: Numbers) -> float:
    """Bin by bin, since in a held note there is always a place between the harmonics."""
    heard = _band(power, VOICE_BAND_HZ)
    smooth = uniform_filter1d(heard, SMOOTHED_HOPS, axis=1)
    floor = np.percentile(smooth, FLOOR_PERCENTILE, axis=1).sum() * FLOOR_TO_MEAN
    levels = heard.sum(axis=0)
    loud = levels[levels >= np.percentile(levels, 70)].mean()
    return float(10 * np.log10(loud / max(floor, 1e-12 * loud, 1e-20)))


def _floor_flatness(power: Numbers, levels: Numbers) -> float:
    """In narrow bands, so that noise may have any colour."""
    quiet = power[:, levels <= np.percentile(levels, 15)]
    found = []
    for first in range(round(150 * FRAME / RATE), round(5_000 * FRAME / RATE), 8):
        part = quiet[first : first + 8].mean(axis=1) + 1e-16
        found.append(np.exp(np.log(part).mean()) / part.mean())
    return float(np.median(found))


def _fall_db(power: Numbers) -> float:
    """The fast falls of each band, where they end well above the floor; the median band tells."""
    found = []
    for band in pairwise(BAND_EDGES_HZ):
        levels = 10 * np.log10(_band(power, band).sum(axis=0) + 1e-14)
        if len(levels) <= FALL_HOPS:
            continue
        before, after = levels[:-FALL_HOPS], levels[FALL_HOPS:]
        floor = max(float(np.percentile(levels, 5)) + 6.0, float(levels.max()) - 50.0)
        falls = np.where(after >= floor, before - after, floor - 6.0 - np.inf)
        falls = falls[(before > np.percentile(levels, 50)) & np.isfinite(falls)]
        if len(falls) > 20:
            found.append(float(np.percentile(falls, 98)))
    return float(np.median(found)) if found else np.inf


def _bandwidth_hz(wave: Numbers, sample_rate: int) -> float:
    """Up to where the loud moments have anything."""
    size = 2048
    if len(wave) < size:
        return sample_rate / 2
    frames = np.lib.stride_tricks.sliding_window_view(wave, size)[:: size // 2]
    power = (np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) ** 2).T
    highest = np.percentile(power, 98, axis=1)  # an s comes and goes
    smooth = uniform_filter1d(highest, 9)
    heard = np.flatnonzero(smooth >= smooth.max() * 10**-6.0)
    return float(heard[-1] * sample_rate / size)


def _bass_db(samples: npt.NDArray[np.float32]) -> float:
    hertz, power = welch(samples, RATE, nperseg=min(4096, len(samples)))
    return float(10 * np.log10((power[(hertz >= 35) & (hertz <= 62)].sum() + 1e-20) / (power.sum() + 1e-20)))


def _hum_db(samples: npt.NDArray[np.float32]) -> float:
    """Two of three must stand out, and odd ones only: no single note has its harmonics there."""
    if len(samples) < 2 * HUM_FRAME:
        return 0.0
    frames = np.lib.stride_tricks.sliding_window_view(samples, HUM_FRAME)[:: HUM_FRAME // 4]
    power = np.abs(np.fft.rfft(frames * np.hanning(HUM_FRAME), axis=1)) ** 2
    steady = np.percentile(power, HUM_PERCENTILE, axis=0) + 1e-12
    hertz = np.fft.rfftfreq(HUM_FRAME, 1 / RATE)

    def stands_out_db(frequency: float) -> float:
        away = np.abs(hertz - frequency)
        beside = steady[(away > HUM_BESIDE_HZ[0]) & (away < HUM_BESIDE_HZ[1])]
        return float(10 * np.log10(steady[away < 3].max() / np.median(beside)))

    return max(sorted(stands_out_db(odd * mains) for odd in (1, 3, 5))[1] for mains in MAINS_HZ)


def _prints(small: Audio, pitch: Pitch) -> tuple[Numbers, ...]:
    count = max(1, round(small.seconds / PRINT_SECONDS))
    found = []
    for part in range(count):
        first, last = (round(small.frames * edge / count) for edge in (part, part + 1))
        frames = [round(edge / RATE / pitch.hop_seconds) for edge in (first, last)]
        here = Pitch(pitch.hertz[slice(*frames)], pitch.confidence[slice(*frames)], pitch.hop_seconds)
        if here.frames and here.voiced.mean() > 0.2:
            moments = voiced_moments(small.between(first, last), here)
            kept = np.unique(np.linspace(0, len(moments) - 1, PRINT_MOMENTS).astype(int))
            found.append(moments[kept])
    return tuple(found)


def _sketch(power: Numbers) -> Numbers:
    edges = np.geomspace(*VOICE_BAND_HZ, SKETCH_BANDS + 1) * FRAME / RATE
    bands = np.stack([power[int(low) : max(int(low) + 1, int(high))].sum(axis=0) for low, high in pairwise(edges)])
    moments = bands.shape[1] // SKETCH_HOPS
    means = bands[:, : moments * SKETCH_HOPS].reshape(SKETCH_BANDS, moments, SKETCH_HOPS).mean(axis=2)
    levels = np.log(means + 1e-6 * means.max() + 1e-20)
    return np.asarray(levels - levels.mean(axis=1, keepdims=True))
