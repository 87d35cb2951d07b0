"""The converted voice keeps pan and stereo width, and its mono downmix is unchanged."""

import numpy as np
import pytest

from vc_core.audio import Audio
from vc_core.conversion.stereo import StereoAnalyser, apply_stereo

RATE = 44_100


def hiss(seed: int, seconds: float = 3.0) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))


def measure_stereo(*channels: np.ndarray, block: int = 10_007):
    song = Audio(np.stack(channels).astype(np.float32), RATE)
    analyser = StereoAnalyser()
    mono_blocks = list(analyser.downmix(song.slice(at, at + block) for at in range(0, song.frames, block)))
    assert sum(middle.frames for middle in mono_blocks) == song.frames
    return analyser.estimate()


def apply(wave: np.ndarray, stereo, block: int = 7_919) -> np.ndarray:
    voice = Audio(wave.astype(np.float32)[None], RATE)
    blocks = apply_stereo((voice.slice(at, at + block) for at in range(0, voice.frames, block)), stereo)
    return np.concatenate([block.samples for block in blocks], axis=1)


def power_db(wave: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(wave.astype(np.float64) ** 2) + 1e-20))


@pytest.mark.parametrize(("left", "right"), [(1.0, 1.0), (1.0, 0.3), (0.0, 1.0)])
def test_a_narrow_voice_keeps_its_pan_and_stays_narrow(left, right):
    made = apply(hiss(1), measure_stereo(left * hiss(0), right * hiss(0)))
    middle = (left + right) / 2
    np.testing.assert_allclose(made, [left / middle * hiss(1), right / middle * hiss(1)], atol=1e-4)


def test_mono_stays_mono():
    made = apply(hiss(1), measure_stereo(hiss(0)))
    assert made.shape[0] == 1
    np.testing.assert_allclose(made[0], hiss(1), atol=1e-6)


@pytest.mark.parametrize("width", [0.1, 0.5])
def test_a_wide_voice_keeps_its_stereo_width(width):
    middle, sides = hiss(0), width * hiss(2)
    made = apply(hiss(1), measure_stereo(middle + sides, middle - sides))
    apart = power_db(made[0] - made[1]) - power_db(made[0] + made[1])
    assert apart == pytest.approx(20 * np.log10(width), abs=1)


def test_the_mono_downmix_cancels_the_width():
    made = apply(hiss(1), measure_stereo(hiss(0) + 0.5 * hiss(2), hiss(0) - 0.5 * hiss(2)))
    np.testing.assert_allclose(made.mean(0), hiss(1), atol=1e-2 * 0.1)


def test_the_width_follows_the_song():
    """A chorus that is doubled on both sides, after a verse that is not."""
    sides = np.concatenate([np.zeros(3 * RATE), 0.5 * hiss(2)])
    middle = hiss(0, 6.0)
    made = apply(hiss(1, 6.0), measure_stereo(middle + sides, middle - sides))
    apart = made[0] - made[1]
    assert power_db(apart[: 2 * RATE]) < power_db(apart[4 * RATE :]) - 30


def test_the_block_size_does_not_change_the_output():
    stereo = measure_stereo(hiss(0) + 0.5 * hiss(2), hiss(0) - 0.5 * hiss(2))
    np.testing.assert_allclose(apply(hiss(1), stereo, 500), apply(hiss(1), stereo, 10**6), atol=1e-6)


def test_silence_stays_silent():
    made = apply(np.zeros(RATE), measure_stereo(np.zeros(RATE), np.zeros(RATE)))
    assert not made.any()
