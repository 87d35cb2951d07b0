"""What a person can choose, and what the automatic key makes of it."""

import numpy as np
import pytest
from conversion.instant_voices import make_voice

from vc_core.conversion.base import ConversionOptions, key_shift_semitones
from vc_core.errors import UserError
from vc_core.pitch import Pitch


def sung_at(hertz: float) -> Pitch:
    track = np.full(200, hertz, np.float32)
    track[::7] = 0.0
    return Pitch(track, np.ones(200, np.float32), 0.005)


@pytest.fixture(scope="module")
def voice(tmp_path_factory):
    """At home around 200 Hz."""
    return make_voice(tmp_path_factory.mktemp("voice"), pitch_range_hz=(100.0, 400.0))


@pytest.mark.parametrize(("sung_hz", "shift"), [(200, 0), (150, 0), (100, 12), (420, -12), (50, 24)])
def test_the_automatic_key_chooses_the_octave_that_the_voice_is_at_home_in(voice, sung_hz, shift):
    assert key_shift_semitones(sung_at(sung_hz), voice, ConversionOptions()) == shift


@pytest.mark.parametrize(("sung_hz", "shift"), [(200, 0), (150, 5), (100, 12), (420, -13)])
def test_or_the_nearest_semitone(voice, sung_hz, shift):
    options = ConversionOptions(automatic_key="semitones")
    assert key_shift_semitones(sung_at(sung_hz), voice, options) == shift


def test_a_persons_own_shift_is_added(voice):
    assert key_shift_semitones(sung_at(100), voice, ConversionOptions(key_shift_semitones=-2)) == 10
    off = ConversionOptions(key_shift_semitones=-2, automatic_key="off")
    assert key_shift_semitones(sung_at(100), voice, off) == -2


def test_where_nothing_is_sung_or_known_there_is_no_automatic_key(voice, tmp_path):
    silence = Pitch(np.zeros(10, np.float32), np.zeros(10, np.float32), 0.005)
    assert key_shift_semitones(silence, voice, ConversionOptions()) == 0
    assert key_shift_semitones(sung_at(50), make_voice(tmp_path, pitch_range_hz=None), ConversionOptions()) == 0


@pytest.mark.parametrize(
    "choice",
    [
        {"key_shift_semitones": 25},
        {"key_shift_semitones": float("nan")},
        {"formant_shift_semitones": -13},
        {"automatic_key": "fifths"},
        {"breath_db": 60},
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(choice):
    with pytest.raises(UserError):
        ConversionOptions(**choice)
