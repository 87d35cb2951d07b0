"""Rooms that were made here are found again by how long and how loud they ring, and a dry voice has none."""

import numpy as np
import pytest
from scipy.signal import fftconvolve

from vc_core.audio import Audio, join
from vc_core.reverb import Room, in_room, missing_room, room_around

RATE = 16_000


def dry_singing(seed: int, seconds: int = 24) -> np.ndarray:
    """Notes with overtones and vibrato, and pauses of all lengths between them."""
    rng, sung, at = np.random.default_rng(seed), np.zeros(seconds * RATE), 0.2
    while at < seconds - 2.5:
        length = rng.uniform(0.4, 1.2)
        times, hertz = np.arange(round(length * RATE)) / RATE, rng.uniform(150, 500)
        cycles = hertz * times * (1 + 0.004 * np.sin(2 * np.pi * 5.5 * times))
        note = sum(np.sin(2 * np.pi * k * cycles + rng.uniform(0, 6)) / k for k in range(1, 16))
        ends = np.minimum(1.0, np.minimum(times, times[::-1]) / 0.05)
        first = round(at * RATE)
        sung[first : first + len(note)] += note * ends * rng.uniform(0.05, 0.15)
        at += length + rng.uniform(0.05, 1.6)
    return sung + 1e-4 * rng.standard_normal(len(sung))


def ringing(sung: np.ndarray, decay_seconds: float, wet_db: float, seed: int) -> Audio:
    """In a room of the textbook's: noise that falls by 60 dB in the decay time."""
    times = np.arange(round(1.2 * decay_seconds * RATE)) / RATE
    response = np.random.default_rng(seed).standard_normal(len(times)) * 10 ** (-3 * times / decay_seconds)
    share = 10 ** (wet_db / 10)
    response *= np.sqrt(share / (1 - share) / (response**2).sum())
    return Audio((sung + fftconvolve(sung, response)[: len(sung)])[None].astype(np.float32), RATE)


@pytest.mark.parametrize("decay", [0.3, 0.6, 1.2, 2.0])
@pytest.mark.parametrize("wet_db", [-18.0, -10.0])
def test_a_room_is_heard_from_the_ends_of_phrases(decay, wet_db):
    room = room_around([ringing(dry_singing(1), decay, wet_db, seed=5)])
    assert room.decay_seconds == pytest.approx(decay, rel=0.15)
    assert room.wet_db == pytest.approx(wet_db, abs=4.0)


@pytest.mark.parametrize("seed", range(4))
def test_a_dry_voice_has_no_room(seed):
    assert room_around([Audio(dry_singing(seed)[None].astype(np.float32), RATE)]) is None


def test_silence_and_very_short_sound_have_no_room(tone, song_vocals):
    assert room_around([]) is None
    assert room_around([Audio(np.zeros((2, RATE), np.float32), RATE)]) is None
    assert room_around([tone(seconds=0.01)]) is None
    assert room_around([song_vocals]) is None  # made with early reflections only


def test_a_voice_put_into_a_room_has_that_room():
    voice = Audio(dry_singing(2)[None].astype(np.float32), RATE)
    blocks = [voice.between(start, start + 50_001) for start in range(0, voice.frames, 50_001)]
    placed = join(in_room(blocks, Room(0.9, -12.0)))
    assert placed.samples.shape == voice.samples.shape
    np.testing.assert_allclose(placed.samples, join(in_room([voice], Room(0.9, -12.0))).samples, atol=1e-6)
    room = room_around([placed])
    assert room.decay_seconds == pytest.approx(0.9, rel=0.15)
    assert room.wet_db == pytest.approx(-12.0, abs=3.0)


def test_the_room_is_wide_and_the_voice_stays_in_the_middle(tone):
    voice = tone(channels=2, seconds=2)
    left, right = join(in_room([voice], Room(1.0, -10.0))).samples - voice.samples
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.5
    assert np.abs(left[: round(0.012 * 44_100)]).max() < 1e-6  # nothing before the first reflection


def test_only_what_is_missing_is_added():
    wanted = Room(1.0, -10.0)
    assert missing_room(wanted, None) == wanted
    assert missing_room(None, wanted) is None
    assert missing_room(wanted, Room(1.0, -12.0)) is None
    assert missing_room(wanted, Room(1.0, -20.0)).wet_db == pytest.approx(-10.46, abs=0.01)
