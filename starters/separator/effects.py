"""Audio effects: equaliser, pan, reverb, echo, chorus, compressor, saturation."""

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


def apply_equaliser(sound: Sound, generator: Generator, *, spread_db: float = 4.0) -> Sound:
    """Apply a smooth random curve with zero phase."""
    size = next_fast_len(sound.shape[-1], real=True)
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    points = np.log([40, 120, 350, 1_000, 2_800, 7_000, 16_000])
    gains_db = generator.normal(0, spread_db, len(points))
    curve = 10 ** (np.interp(np.log(np.maximum(hertz, 1.0)), points, gains_db) / 20)
    return irfft(rfft(sound, size) * curve, size)[..., : sound.shape[-1]]


def apply_pan(mono: Sound, side: float) -> Sound:
    """Pan from -1 (left) to 1 (right) with constant power."""
    angle = (side + 1) * np.pi / 4
    return np.outer((np.cos(angle), np.sin(angle)), mono) * np.sqrt(2)


def apply_reverb(stereo: Sound, generator: Generator, *, wet: float) -> Sound:
    """Convolve with a random room impulse response: early reflections, and a tail that decays faster in the treble."""
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


def apply_held_out_reverb(stereo: Sound, generator: Generator, *, wet: float) -> Sound:
    """Convolve with a random shoebox room by its image sources, for the test split (Allen and Berkley, 1979)."""
    sides, reflection = generator.uniform((4, 3, 2.4), (22, 15, 9)), generator.uniform(0.6, 0.93)
    source, ears = generator.uniform(0.15, 0.85, 3) * sides, generator.uniform(0.2, 0.8, 3) * sides
    grid = np.stack(np.meshgrid(*3 * [np.arange(-9, 10)], indexing="ij"), axis=-1).reshape(-1, 3)
    images = grid * sides + np.where(grid % 2 == 0, source, sides - source)
    gains = reflection ** np.abs(grid).sum(axis=1)
    response = np.zeros((2, RATE))
    for channel, side in enumerate((-0.1, 0.1)):
        distance = np.linalg.norm(images - ears - np.array((side, 0, 0)), axis=1)
        frames = np.round((distance - distance.min()) / 343 * RATE).astype(int)
        heard = (frames < RATE) & (frames > 0)
        np.add.at(response[channel], frames[heard], gains[heard] / distance[heard])
    response *= wet / np.sqrt(np.mean(np.sum(response**2, axis=1)) + 1e-12)
    return stereo + fftconvolve(stereo, response, axes=1)[:, : stereo.shape[1]]


def apply_echo(stereo: Sound, generator: Generator) -> Sound:
    """Add a ping-pong delay."""
    delay = round(generator.uniform(0.12, 0.6) * RATE)
    gain = generator.uniform(0.15, 0.5)
    result, repeated = stereo.copy(), stereo
    for turn in range(1, 5):
        if turn * delay >= stereo.shape[1]:
            break
        repeated = gain * repeated[::-1]
        result[:, turn * delay :] += repeated[:, : -turn * delay]
    return result


def apply_chorus(mono: Sound, generator: Generator) -> Sound:
    """Make a stereo chorus: each channel adds a copy with a modulated delay."""
    frames = np.arange(len(mono))
    swing = 2 * np.pi * generator.uniform(0.2, 1.5) * frames / RATE
    depth, delay = generator.uniform(20, 180), generator.uniform(250, 900)
    sides = [
        mono + np.interp(frames - delay - depth * np.sin(swing + phase), frames, mono, left=0.0)
        for phase in (0.0, generator.uniform(1, np.pi))
    ]
    return 0.7 * np.stack(sides)


def apply_compression(sound: Sound, generator: Generator) -> Sound:
    """Compress the dynamic range."""
    power = np.atleast_2d(sound**2).max(axis=0)
    level = np.sqrt(uniform_filter1d(power, round(generator.uniform(0.01, 0.08) * RATE)) + 1e-8)
    threshold = np.percentile(level, generator.uniform(50, 90)) + 1e-4
    ratio = generator.uniform(1.5, 6)
    return sound * np.minimum(1.0, (level / threshold) ** (1 / ratio - 1))


def apply_saturation(sound: Sound, drive: float) -> Sound:
    peak = np.abs(sound).max() + 1e-9
    return np.tanh(drive * sound / peak) * peak / np.tanh(drive)


def measure_active_level(sound: Sound) -> float:
    """RMS level of the blocks with signal; 0 for silence."""
    blocks = sound[..., : sound.shape[-1] // 4_410 * 4_410].reshape(-1, 4_410)
    power = np.mean(blocks.astype(np.float64) ** 2, axis=1)
    loud = power[power > 1e-3 * power.max()] if power.size and power.max() > 0 else np.zeros(1)
    return float(np.sqrt(loud.mean()))
