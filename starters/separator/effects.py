"""What a mixing desk does to a sound: equaliser, place, room, echo, chorus, compressor."""

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, next_fast_len, rfft
from scipy.ndimage import uniform_filter1d
from scipy.signal import fftconvolve

RATE = 44_100
Sound = npt.NDArray[np.float64]
"""Shape (frames,) or (2, frames)."""
Generator = np.random.Generator


def log_uniform(generator: Generator, low: float, high: float) -> float:
    return float(np.exp(generator.uniform(np.log(low), np.log(high))))


def equalised(sound: Sound, generator: Generator, *, spread_db: float = 4.0) -> Sound:
    """A smooth random curve, in the phase of the original."""
    size = next_fast_len(sound.shape[-1], real=True)
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    points = np.log([40, 120, 350, 1_000, 2_800, 7_000, 16_000])
    gains_db = generator.normal(0, spread_db, len(points))
    curve = 10 ** (np.interp(np.log(np.maximum(hertz, 1.0)), points, gains_db) / 20)
    return irfft(rfft(sound, size) * curve, size)[..., : sound.shape[-1]]


def placed(mono: Sound, side: float) -> Sound:
    """From -1, left, to 1, right, at the same power."""
    angle = (side + 1) * np.pi / 4
    return np.outer((np.cos(angle), np.sin(angle)), mono) * np.sqrt(2)


def in_a_room(stereo: Sound, generator: Generator, *, wet: float) -> Sound:
    """Early reflections, and a tail that dies away the sooner the higher it is."""
    seconds = log_uniform(generator, 0.15, 2.5)
    frames = round(min(seconds, 1.5) * RATE)
    times = np.arange(frames) / RATE
    tail = generator.standard_normal((2, frames)) * np.exp(-6.9 * times / seconds)
    dull = uniform_filter1d(tail, int(generator.integers(2, 12)), axis=1)
    bright_share = np.exp(-times / log_uniform(generator, 0.02, 0.3))
    response = dull + bright_share * (tail - dull)
    for at in generator.integers(200, 3_000, 6):
        response[:, min(at, frames - 1)] += generator.normal(0, 3, 2)
    ahead = round(generator.uniform(0, 0.04) * RATE)
    response = np.pad(response, ((0, 0), (ahead, 0)))
    response *= wet / np.sqrt(np.mean(np.sum(response**2, axis=1)))
    return stereo + fftconvolve(stereo, response, axes=1)[:, : stereo.shape[1]]


def echoed(stereo: Sound, generator: Generator) -> Sound:
    """A delay whose repetitions change sides."""
    delay = round(generator.uniform(0.12, 0.6) * RATE)
    gain = generator.uniform(0.15, 0.5)
    result, repeated = stereo.copy(), stereo
    for turn in range(1, 5):
        if turn * delay >= stereo.shape[1]:
            break
        repeated = gain * repeated[::-1]
        result[:, turn * delay :] += repeated[:, : -turn * delay]
    return result


def chorused(mono: Sound, generator: Generator) -> Sound:
    """To stereo: each side hears, beside the sound, a copy whose delay sways."""
    frames = np.arange(len(mono))
    swing = 2 * np.pi * generator.uniform(0.2, 1.5) * frames / RATE
    depth, delay = generator.uniform(20, 180), generator.uniform(250, 900)
    sides = [
        mono + np.interp(frames - delay - depth * np.sin(swing + phase), frames, mono, left=0.0)
        for phase in (0.0, generator.uniform(1, np.pi))
    ]
    return 0.7 * np.stack(sides)


def compressed(sound: Sound, generator: Generator) -> Sound:
    """Loud moments come down towards the middle."""
    power = np.atleast_2d(sound**2).max(axis=0)
    level = np.sqrt(uniform_filter1d(power, round(generator.uniform(0.01, 0.08) * RATE)) + 1e-8)
    threshold = np.percentile(level, generator.uniform(50, 90)) + 1e-4
    ratio = generator.uniform(1.5, 6)
    return sound * np.minimum(1.0, (level / threshold) ** (1 / ratio - 1))


def saturated(sound: Sound, drive: float) -> Sound:
    peak = np.abs(sound).max() + 1e-9
    return np.tanh(drive * sound / peak) * peak / np.tanh(drive)


def active_level(sound: Sound) -> float:
    """The effective value of the parts that sound; 0 for silence."""
    blocks = sound[..., : sound.shape[-1] // 4_410 * 4_410].reshape(-1, 4_410)
    power = np.mean(blocks.astype(np.float64) ** 2, axis=1)
    loud = power[power > 1e-3 * power.max()] if power.size and power.max() > 0 else np.zeros(1)
    return float(np.sqrt(loud.mean()))
