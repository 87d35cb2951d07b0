"""The loudness of a stream: the standard's own figures, and the same as measured from the whole."""

import numpy as np
import pytest

from vc_core.audio import Audio
from vc_core.loudness import loudness_lufs
from vc_core.loudness_meter import LoudnessMeter, _k_weighting, loudness_of


def in_blocks(audio: Audio, frames: int) -> list[Audio]:
    return [audio.between(start, start + frames) for start in range(0, audio.frames, frames)]


def test_the_filters_are_those_of_the_standard():
    shelf, rumble = _k_weighting(48_000)
    known = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1, -1.69065929318241, 0.73248077421585]
    np.testing.assert_allclose(shelf, known, atol=1e-9)
    np.testing.assert_allclose(rumble, [1, -2, 1, 1, -1.99004745483398, 0.99007225036621], atol=1e-9)


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000, 96_000])
def test_a_full_tone_of_one_kilohertz_on_one_side_is_at_minus_three(tone, rate):
    """The standard's calibration: a sine of 997 Hz at full scale in one channel reads −3.01."""
    sine = tone(997, seconds=5, sample_rate=rate, level=1.0)
    assert loudness_of(in_blocks(sine, 12_345)) == pytest.approx(-3.01, abs=0.06)


def test_a_song_is_as_loud_as_another_meter_says(song):
    assert loudness_of(in_blocks(song, 30_011)) == pytest.approx(loudness_lufs(song), abs=0.1)


def test_the_size_of_the_blocks_does_not_matter(song):
    part = song.between(0, 3 * 44_100 + 7)
    assert loudness_of(in_blocks(part, 997)) == pytest.approx(loudness_of([part]), abs=1e-9)


def test_pauses_do_not_count(tone):
    loud = tone(997, seconds=5, level=0.3)
    silence = loud.with_samples(np.zeros_like(loud.samples))
    assert loudness_of([loud, silence, silence]) == pytest.approx(loudness_of([loud]), abs=0.3)


def test_silence_and_nothing_are_minus_infinity_and_a_moment_has_a_level(tone):
    assert loudness_of([]) == loudness_of([Audio(np.zeros((2, 44_100), np.float32), 44_100)]) == -np.inf
    assert LoudnessMeter().lufs() == -np.inf
    assert loudness_of([tone(997, seconds=0.05, level=1.0)]) == pytest.approx(-3.01, abs=1.0)
