"""Which voices suit a song, and by how many semitones each would shift it."""

from pathlib import Path

import numpy as np
import pytest

from vc_core.conversion.base import ConversionOptions, compute_key_shift_semitones
from vc_core.conversion.suitable_voices import rank_voices
from vc_core.signal.pitch import Pitch, find_pitch_range
from vc_core.voices.library import Voice, VoiceCard


def make_voice(name, range_hz):
    card = VoiceCard(name, "instant", 24_000, "MIT", "synthetic", "tones", files={}, pitch_range_hz=range_hz)
    return Voice(card, Path(name))


BASS, ALTO, SOPRANO = (make_voice(*one) for one in (("Bo", (65, 131)), ("Al", (165, 330)), ("So", (330, 660))))


def test_the_nearest_range_comes_first_with_its_shift_in_semitones():
    ranked = rank_voices([BASS, SOPRANO, ALTO], (147.0, 294.0))  # a whole tone below the alto
    assert [(one.voice.name, one.shift_semitones) for one in ranked] == [("Al", 2), ("So", 14), ("Bo", -14)]


def test_a_voice_without_a_range_is_left_out():
    assert [one.voice.name for one in rank_voices([make_voice("No", None), ALTO], (165.0, 330.0))] == ["Al"]


def test_the_shift_is_the_one_that_the_automatic_key_makes():
    sung = Pitch(np.geomspace(90, 200, 300).astype(np.float32), np.ones(300, np.float32), 0.01)
    (ranked,) = rank_voices([ALTO], find_pitch_range(sung))
    shift = compute_key_shift_semitones(sung, ALTO, ConversionOptions(automatic_key="semitones"))
    assert ranked.shift_semitones == shift != 0


def test_of_silence_no_range_is_measured():
    assert find_pitch_range(Pitch(np.zeros(9, np.float32), np.zeros(9, np.float32), 0.01)) is None


@pytest.mark.parametrize("low_hz", [100.0, 300.0])
def test_a_few_stray_frames_do_not_move_the_range(low_hz):
    hertz = np.full(200, low_hz, np.float32)
    hertz[:4] = 1000.0
    assert find_pitch_range(Pitch(hertz, np.ones(200, np.float32), 0.01)) == (low_hz, low_hz)
