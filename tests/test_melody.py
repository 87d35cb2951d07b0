"""What is sung is heard, and a soft bass under it, breath and silence are not taken for it."""

import numpy as np
import pytest

from vc_core.audio import Audio
from vc_core.melody import surely_sung


def vowel(hertz: float, seconds: float, rate: int = 44_100) -> np.ndarray:
    times = np.arange(round(seconds * rate)) / rate
    return sum(np.sin(2 * np.pi * hertz * k * times + k) / k for k in range(1, 12)) * 0.1


@pytest.mark.parametrize("hertz", [65.0, 110.0, 220.0, 440.0, 880.0])
def test_a_vowel_is_heard_at_its_pitch(hertz):
    pitch = surely_sung([Audio(vowel(hertz, 1.0)[None].astype(np.float32), 44_100)])
    assert pitch.voiced.mean() > 0.9
    assert np.abs(1200 * np.log2(pitch.hertz[pitch.voiced] / hertz)).max() < 20


def test_a_soft_bass_under_a_voice_is_not_taken_for_it():
    voice = vowel(311.0, 2.0)
    bass = 0.006 * np.sin(2 * np.pi * 65 * np.arange(len(voice)) / 44_100)
    pitch = surely_sung([Audio((voice + bass)[None].astype(np.float32), 44_100)])
    assert np.abs(12 * np.log2(pitch.hertz[pitch.voiced] / 311)).max() < 0.5


def test_noise_silence_and_nothing_are_no_notes():
    noise = 0.1 * np.random.default_rng(0).standard_normal((2, 44_100)).astype(np.float32)
    assert surely_sung([Audio(noise, 44_100)]).voiced.mean() < 0.02
    assert not surely_sung([Audio(np.zeros((1, 44_100), np.float32), 44_100)]).voiced.any()
    assert surely_sung([]).frames == 0


def test_blocks_make_no_difference(song_vocals):
    part = song_vocals.between(0, 5 * 44_100)
    pieces = [part.between(start, start + 30_011) for start in range(0, part.frames, 30_011)]
    np.testing.assert_allclose(surely_sung(pieces).hertz, surely_sung([part]).hertz, rtol=1e-3)
