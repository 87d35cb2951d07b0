"""Melody estimation finds sung notes, and ignores soft bass residue, noise and silence."""

import numpy as np
import pytest

from vc_core.audio import Audio
from vc_core.signal.melody import estimate_melody


def make_vowel(hertz: float, seconds: float, rate: int = 44_100) -> np.ndarray:
    times = np.arange(round(seconds * rate)) / rate
    return sum(np.sin(2 * np.pi * hertz * k * times + k) / k for k in range(1, 12)) * 0.1


@pytest.mark.parametrize("hertz", [65.0, 110.0, 220.0, 440.0, 880.0])
def test_f0_of_a_vowel(hertz):
    pitch = estimate_melody([Audio(make_vowel(hertz, 1.0)[None].astype(np.float32), 44_100)])
    assert pitch.voiced.mean() > 0.9
    assert np.abs(1200 * np.log2(pitch.hertz[pitch.voiced] / hertz)).max() < 20


def test_soft_bass_under_a_voice_is_ignored():
    voice = make_vowel(311.0, 2.0)
    bass = 0.006 * np.sin(2 * np.pi * 65 * np.arange(len(voice)) / 44_100)
    pitch = estimate_melody([Audio((voice + bass)[None].astype(np.float32), 44_100)])
    assert np.abs(12 * np.log2(pitch.hertz[pitch.voiced] / 311)).max() < 0.5


def test_noise_silence_and_no_input_have_no_notes():
    noise = 0.1 * np.random.default_rng(0).standard_normal((2, 44_100)).astype(np.float32)
    assert estimate_melody([Audio(noise, 44_100)]).voiced.mean() < 0.02
    assert not estimate_melody([Audio(np.zeros((1, 44_100), np.float32), 44_100)]).voiced.any()
    assert estimate_melody([]).frames == 0


def test_result_does_not_depend_on_block_sizes(song_vocals):
    excerpt = song_vocals.slice(0, 5 * 44_100)
    blocks = [excerpt.slice(start, start + 30_011) for start in range(0, excerpt.frames, 30_011)]
    np.testing.assert_allclose(estimate_melody(blocks).hertz, estimate_melody([excerpt]).hertz, rtol=1e-3)
