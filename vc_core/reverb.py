"""The room around a voice: how long it rings and how loud, heard from the ends of its phrases, and put on a dry one.

After a phrase has ended, what still sounds is the room: a level that falls in a straight line in decibels. Its slope is
the decay, and where the line begins beside the phrase's level is the wetness. The ends at which the singer fades, or
other sound goes on, fall in no straight line, and are passed over. The room that is put on is noise that decays so
(J.-D. Polack's model), another for each channel: as long and as loud as the one that was heard, but not the same room.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import oaconvolve

from vc_core.audio import Audio, Samples

HOP_SECONDS = 0.01
SMOOTH_HOPS = 3
LOUD_DB = 20.0
"""Phrases that end more than this below the loud ones say little: other sound covers what comes after them."""
LEAST_FALL_DB, LEAST_LINE_DB = 25.0, 15.0
RISE_DB = 4.0
"""A fall is over where the level rises by this again."""
SHORTEST_LINE_HOPS = 12
STRAIGHT_DB = 2.0
"""How far a room's line may be off a straight one."""
LEAST_ENDS, ALIKE = 3, 0.3
"""A room is the same at the end of every phrase, within so much; a singer who fades is not."""
SHORTEST_DECAY_SECONDS, LONGEST_DECAY_SECONDS = 0.15, 4.0
MOST_WET_DB = -4.0
FADE_DB = -1.0
"""A line that begins above this is the phrase itself, which fades."""
BEFORE_SECONDS = 0.012
"""The first reflection comes so long after the voice itself."""
SEED = 11

Levels = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Room:
    decay_seconds: float
    """Until what rings has fallen by 60 dB."""
    wet_db: float
    """Where a held tone stops, how far below it the ringing begins."""


def room_around(blocks: Iterable[Audio]) -> Room | None:
    """None for a voice that is dry, or too little heard alone to tell."""
    levels = _levels_db(blocks)
    lines = [line for fall in _falls(levels) if (line := _line_of(fall)) is not None]
    ringing = [line for line in lines if line.decay_seconds >= SHORTEST_DECAY_SECONDS]
    decay = float(np.median([line.decay_seconds for line in ringing])) if ringing else 0.0
    alike = [line for line in ringing if abs(line.decay_seconds - decay) <= ALIKE * decay]
    if len(alike) < LEAST_ENDS or 2 * len(alike) < len(lines):
        return None
    wet = float(np.median([line.wet_db for line in alike]))
    return Room(min(decay, LONGEST_DECAY_SECONDS), min(wet, MOST_WET_DB))


def missing_room(wanted: Room | None, there: Room | None) -> Room | None:
    """What a voice must be given so that it rings as wanted; nothing if it does already."""
    if wanted is None or there is None:
        return wanted
    missing = 10 ** (wanted.wet_db / 10) - 10 ** (there.wet_db / 10)
    if missing < 0.5 * 10 ** (wanted.wet_db / 10):  # within 3 dB
        return None
    return Room(wanted.decay_seconds, float(10 * np.log10(missing)))


def in_room(blocks: Iterable[Audio], room: Room) -> Iterator[Audio]:
    """The voice with the room around it, as long as it was: what rings past the end is cut off."""
    response: Samples | None = None
    ringing: Samples | None = None
    for block in blocks:
        if response is None or ringing is None:
            response = _response(room, block.channels, block.sample_rate)
            ringing = np.zeros((block.channels, 0), np.float32)
        made = oaconvolve(block.samples, response, axes=1).astype(np.float32)
        made[:, : ringing.shape[1]] += ringing[:, : made.shape[1]]
        ringing = made[:, block.frames :]
        yield block.with_samples(block.samples + made[:, : block.frames])


def _response(room: Room, channels: int, rate: int) -> Samples:
    """Of the room alone, without the voice itself."""
    frames = round(room.decay_seconds * rate)
    noise = np.random.default_rng(SEED).standard_normal((channels, frames))
    decaying = noise * 10 ** (-3 * np.arange(frames) / max(frames, 1))
    share = 10 ** (room.wet_db / 10)
    decaying *= np.sqrt(share / (1 - share) / (decaying**2).sum(axis=1, keepdims=True))
    return np.pad(decaying, ((0, 0), (round(BEFORE_SECONDS * rate), 0))).astype(np.float32)


def _levels_db(blocks: Iterable[Audio]) -> Levels:
    powers: list[Levels] = []
    left = np.zeros(0)
    for block in blocks:
        hop = round(HOP_SECONDS * block.sample_rate)
        power = np.concatenate([left, (block.samples.astype(np.float64) ** 2).mean(axis=0)])
        hops = len(power) // hop
        powers.append(power[: hops * hop].reshape(hops, hop).mean(axis=1))
        left = power[hops * hop :]
    power = np.concatenate([np.zeros(0), *powers])
    if len(power) < SMOOTH_HOPS:
        return np.zeros(0)
    return np.asarray(10 * np.log10(np.convolve(power, np.full(SMOOTH_HOPS, 1 / SMOOTH_HOPS), "same") + 1e-10))


def _falls(levels: Levels) -> Iterator[Levels]:
    """Stretches in which the level falls from a phrase into silence."""
    if not len(levels):
        return
    loud = np.percentile(levels, 95)
    at = 0
    while at < len(levels) - 1:
        lowest, end = at, at + 1
        while end < len(levels) and levels[end] < levels[lowest] + RISE_DB:
            lowest = end if levels[end] < levels[lowest] else lowest
            end += 1
        if levels[at] > loud - LOUD_DB and levels[at] - levels[lowest] >= LEAST_FALL_DB:
            yield levels[at : lowest + 1]
        at = max(lowest, at + 1) if levels[at] > levels[lowest] else at + 1


def _line_of(fall: Levels) -> Room | None:
    """The straight part behind a phrase's end, as a decay from the level that the phrase had."""
    ended = int(np.flatnonzero(fall >= fall.max() - 4.0)[-1])
    before = 10 * np.log10(np.mean(10 ** (fall[max(0, ended - 9) : ended + 1] / 10)))
    bottom = fall[-1] + 6.0  # what is lower may be the floor of the recording
    tail = np.flatnonzero(fall >= bottom)
    last = int(tail[-1]) + 1
    for first in range(ended + SMOOTH_HOPS, min(ended + 25, last - SHORTEST_LINE_HOPS)):
        at = np.arange(first, last)
        slope, start = np.polyfit(at, fall[first:last], 1)
        straight = np.sqrt(np.mean((fall[first:last] - (slope * at + start)) ** 2)) < STRAIGHT_DB
        if straight and slope < 0 and fall[first] - fall[last - 1] >= LEAST_LINE_DB:
            wet = float(slope * ended + start - before)
            return Room(float(-60 / slope * HOP_SECONDS), wet) if wet < FADE_DB else None
    return Room(0.0, -np.inf) if last - ended < SHORTEST_LINE_HOPS + SMOOTH_HOPS else None
