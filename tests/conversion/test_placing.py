"""A voice stays where it stood, as wide as it was, and nothing of that is heard in mono."""

import numpy as np
import pytest

from vc_core.audio import Audio
from vc_core.conversion.placing import Placer, placed

RATE = 44_100


def hiss(seed: int, seconds: float = 3.0) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))


def placement_of(*channels: np.ndarray, block: int = 10_007):
    song = Audio(np.stack(channels).astype(np.float32), RATE)
    placer = Placer()
    middles = list(placer.middle(song.between(at, at + block) for at in range(0, song.frames, block)))
    assert sum(middle.frames for middle in middles) == song.frames
    return placer.placement()


def put(wave: np.ndarray, placement, block: int = 7_919) -> np.ndarray:
    voice = Audio(wave.astype(np.float32)[None], RATE)
    pieces = placed((voice.between(at, at + block) for at in range(0, voice.frames, block)), placement)
    return np.concatenate([piece.samples for piece in pieces], axis=1)


def power_db(wave: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(wave.astype(np.float64) ** 2) + 1e-20))


@pytest.mark.parametrize(("left", "right"), [(1.0, 1.0), (1.0, 0.3), (0.0, 1.0)])
def test_a_narrow_voice_keeps_its_place_and_stays_narrow(left, right):
    made = put(hiss(1), placement_of(left * hiss(0), right * hiss(0)))
    middle = (left + right) / 2
    np.testing.assert_allclose(made, [left / middle * hiss(1), right / middle * hiss(1)], atol=1e-4)


def test_mono_stays_mono():
    made = put(hiss(1), placement_of(hiss(0)))
    assert made.shape[0] == 1
    np.testing.assert_allclose(made[0], hiss(1), atol=1e-6)


@pytest.mark.parametrize("width", [0.1, 0.5])
def test_a_wide_voice_is_as_wide_as_before(width):
    middle, sides = hiss(0), width * hiss(2)
    made = put(hiss(1), placement_of(middle + sides, middle - sides))
    apart = power_db(made[0] - made[1]) - power_db(made[0] + made[1])
    assert apart == pytest.approx(20 * np.log10(width), abs=1)


def test_in_mono_the_width_is_gone():
    made = put(hiss(1), placement_of(hiss(0) + 0.5 * hiss(2), hiss(0) - 0.5 * hiss(2)))
    np.testing.assert_allclose(made.mean(0), hiss(1), atol=1e-2 * 0.1)


def test_the_width_follows_the_song():
    """A chorus that is doubled on both sides, after a verse that is not."""
    sides = np.concatenate([np.zeros(3 * RATE), 0.5 * hiss(2)])
    middle = hiss(0, 6.0)
    made = put(hiss(1, 6.0), placement_of(middle + sides, middle - sides))
    apart = made[0] - made[1]
    assert power_db(apart[: 2 * RATE]) < power_db(apart[4 * RATE :]) - 30


def test_blocks_leave_no_trace():
    placement = placement_of(hiss(0) + 0.5 * hiss(2), hiss(0) - 0.5 * hiss(2))
    np.testing.assert_allclose(put(hiss(1), placement, 500), put(hiss(1), placement, 10**6), atol=1e-6)


def test_silence_is_no_trouble():
    made = put(np.zeros(RATE), placement_of(np.zeros(RATE), np.zeros(RATE)))
    assert not made.any()
