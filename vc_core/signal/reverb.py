"""Estimate the reverb of a recorded voice (RT60 decay time and wet level) from phrase ends, and apply such a reverb.

After a phrase ends, the remaining sound is the room: its level in decibels falls linearly. The slope of that line gives
the decay time, and its start relative to the phrase's level gives the wet level. Where the singer fades out or other
sounds continue, the decay is not linear, and the phrase end is skipped. The synthetic room impulse response is
exponentially decaying noise (J.-D. Polack's model), independent for each channel: it matches the decay time and the
level of the estimated room, not its character.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import oaconvolve

from vc_core.audio import Audio, Samples

HOP_SECONDS = 0.01
SMOOTHING_HOPS = 3
LOUD_RANGE_DB = 20.0
"""Phrases that end further than this below the loud ones are skipped: other sounds mask their decay."""
MIN_FALL_DB, MIN_LINEAR_FALL_DB = 25.0, 15.0
MAX_RISE_DB = 4.0
"""A decay ends where the level rises by this again."""
MIN_DECAY_HOPS = 12
MAX_LINE_ERROR_DB = 2.0
"""RMS deviation of the level from a straight line."""
MIN_PHRASE_ENDS, DECAY_TOLERANCE = 3, 0.3
"""A room has the same decay time at every phrase end, within this share; a singer's fade-outs vary."""
SHORTEST_DECAY_SECONDS, LONGEST_DECAY_SECONDS = 0.15, 4.0
MAX_WET_DB = -4.0
FADE_OUT_DB = -1.0
"""A line that starts above this is the phrase itself, fading out."""
PHRASE_END_DB, NOISE_FLOOR_MARGIN_DB = 4.0, 6.0
PHRASE_LEVEL_HOPS, LATEST_LINE_START_HOPS = 10, 25
PREDELAY_SECONDS = 0.012
"""Between the direct sound and the first reflection."""
SEED = 11

Levels = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reverb:
    decay_seconds: float
    """RT60: time until the reverb has decayed by 60 dB."""
    wet_db: float
    """Level of the reverb relative to a held tone, at the instant when the tone stops."""


def estimate_reverb(blocks: Iterable[Audio]) -> Reverb | None:
    """None for a dry voice, or if too few phrase ends are usable."""
    decays = [
        decay for fall in _find_level_falls(_measure_levels_db(blocks)) if (decay := _fit_decay(fall)) is not None
    ]
    reverberant = [decay for decay in decays if decay.decay_seconds >= SHORTEST_DECAY_SECONDS]
    median_seconds = float(np.median([decay.decay_seconds for decay in reverberant])) if reverberant else 0.0
    tolerance = DECAY_TOLERANCE * median_seconds
    consistent = [decay for decay in reverberant if abs(decay.decay_seconds - median_seconds) <= tolerance]
    if len(consistent) < MIN_PHRASE_ENDS or 2 * len(consistent) < len(decays):
        return None
    wet_db = float(np.median([decay.wet_db for decay in consistent]))
    return Reverb(min(median_seconds, LONGEST_DECAY_SECONDS), min(wet_db, MAX_WET_DB))


def compute_missing_reverb(target: Reverb | None, current: Reverb | None) -> Reverb | None:
    """The reverb to add to a voice so that it reaches the target; None if it is within 3 dB already."""
    if target is None or current is None:
        return target
    target_power = 10 ** (target.wet_db / 10)
    missing_power = target_power - 10 ** (current.wet_db / 10)
    if missing_power < 0.5 * target_power:
        return None
    return Reverb(target.decay_seconds, float(10 * np.log10(missing_power)))


def apply_reverb(blocks: Iterable[Audio], reverb: Reverb) -> Iterator[Audio]:
    """Add reverb by streaming convolution; the length is preserved, so the tail past the end is dropped."""
    impulse_response: Samples | None = None
    tail: Samples | None = None
    for block in blocks:
        if impulse_response is None or tail is None:
            impulse_response = _make_impulse_response(reverb, block.channels, block.sample_rate)
            tail = np.zeros((block.channels, 0), np.float32)
        wet = oaconvolve(block.samples, impulse_response, axes=1).astype(np.float32)
        wet[:, : tail.shape[1]] += tail[:, : wet.shape[1]]
        tail = wet[:, block.frames :]
        yield block.with_samples(block.samples + wet[:, : block.frames])


def _make_impulse_response(reverb: Reverb, channels: int, sample_rate: int) -> Samples:
    """Shape (channels, frames), without the direct sound."""
    frames = round(reverb.decay_seconds * sample_rate)
    noise = np.random.default_rng(SEED).standard_normal((channels, frames))
    decaying = noise * 10 ** (-3 * np.arange(frames) / max(frames, 1))
    wet_share = 10 ** (reverb.wet_db / 10)
    decaying *= np.sqrt(wet_share / (1 - wet_share) / (decaying**2).sum(axis=1, keepdims=True))
    return np.pad(decaying, ((0, 0), (round(PREDELAY_SECONDS * sample_rate), 0))).astype(np.float32)


def _measure_levels_db(blocks: Iterable[Audio]) -> Levels:
    """Smoothed level of each hop, shape (hops,)."""
    hop_powers: list[Levels] = []
    remainder = np.zeros(0)
    for block in blocks:
        hop_frames = round(HOP_SECONDS * block.sample_rate)
        power = np.concatenate([remainder, (block.samples.astype(np.float64) ** 2).mean(axis=0)])
        hops = len(power) // hop_frames
        hop_powers.append(power[: hops * hop_frames].reshape(hops, hop_frames).mean(axis=1))
        remainder = power[hops * hop_frames :]
    power = np.concatenate([np.zeros(0), *hop_powers])
    if len(power) < SMOOTHING_HOPS:
        return np.zeros(0)
    smooth = np.convolve(power, np.full(SMOOTHING_HOPS, 1 / SMOOTHING_HOPS), "same")
    return np.asarray(10 * np.log10(smooth + 1e-10))


def _find_level_falls(levels_db: Levels) -> Iterator[Levels]:
    """Spans in which the level falls from a phrase into silence."""
    if not len(levels_db):
        return
    loud_db = np.percentile(levels_db, 95)
    start = 0
    while start < len(levels_db) - 1:
        lowest, end = start, start + 1
        while end < len(levels_db) and levels_db[end] < levels_db[lowest] + MAX_RISE_DB:
            lowest = end if levels_db[end] < levels_db[lowest] else lowest
            end += 1
        is_loud = levels_db[start] > loud_db - LOUD_RANGE_DB
        if is_loud and levels_db[start] - levels_db[lowest] >= MIN_FALL_DB:
            yield levels_db[start : lowest + 1]
        start = max(lowest, start + 1) if levels_db[start] > levels_db[lowest] else start + 1


def _fit_decay(fall_db: Levels) -> Reverb | None:
    """Fit a line to the linear part after a phrase's end. A decay of 0 s is a dry end; None is an unusable one."""
    phrase_end = int(np.flatnonzero(fall_db >= fall_db.max() - PHRASE_END_DB)[-1])
    phrase = fall_db[max(0, phrase_end + 1 - PHRASE_LEVEL_HOPS) : phrase_end + 1]
    phrase_db = 10 * np.log10(np.mean(10 ** (phrase / 10)))
    # Lower levels may be the noise floor of the recording.
    last = int(np.flatnonzero(fall_db >= fall_db[-1] + NOISE_FLOOR_MARGIN_DB)[-1]) + 1
    latest_start = min(phrase_end + LATEST_LINE_START_HOPS, last - MIN_DECAY_HOPS)
    for first in range(phrase_end + SMOOTHING_HOPS, latest_start):
        hops, decay_db = np.arange(first, last), fall_db[first:last]
        slope, intercept = np.polyfit(hops, decay_db, 1)
        is_straight = np.sqrt(np.mean((decay_db - (slope * hops + intercept)) ** 2)) < MAX_LINE_ERROR_DB
        if is_straight and slope < 0 and decay_db[0] - decay_db[-1] >= MIN_LINEAR_FALL_DB:
            wet_db = float(slope * phrase_end + intercept - phrase_db)
            return Reverb(float(-60 / slope * HOP_SECONDS), wet_db) if wet_db < FADE_OUT_DB else None
    return Reverb(0.0, -np.inf) if last - phrase_end < MIN_DECAY_HOPS + SMOOTHING_HOPS else None
