"""What a person may ask for is checked in sentences, and profiles add up like ways."""

from dataclasses import astuple, fields

import numpy as np
import pytest

from vc_core.audio import Audio
from vc_core.emotion import DEFAULT_STYLER, EMOTIONS, NEUTRAL, STYLERS, StyleOptions, load_styler
from vc_core.emotion.profiles import PROFILES, Profile
from vc_core.errors import UserError

SILENCE = Audio(np.zeros((1, 16_000), np.float32), 16_000)


def test_the_default_is_there_and_stays_in_memory():
    assert DEFAULT_STYLER in STYLERS
    assert load_styler() is load_styler()
    assert load_styler().emotions == EMOTIONS
    assert {"happy", "angry", "sad", "fear", "surprise", NEUTRAL} <= set(EMOTIONS)


def test_an_unknown_engine_or_emotion_is_named_in_the_message():
    with pytest.raises(UserError, match="no engine “tarot”"):
        load_styler("tarot")
    with pytest.raises(UserError, match="called “envy”"):
        load_styler().style(SILENCE, "envy", 1.0)
    with pytest.raises(UserError, match="called “envy”"):
        load_styler().style(SILENCE, "sad", 1.0, StyleOptions(source="envy"))
    with pytest.raises(UserError, match="called “guess”"):
        load_styler().style(SILENCE, "guess", 1.0)


@pytest.mark.parametrize("intensity", [-0.1, 1.6, float("nan")])
def test_an_intensity_out_of_range_is_refused(intensity):
    with pytest.raises(UserError, match="from 0 to 1.5"):
        load_styler().style(SILENCE, "sad", intensity)


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_no_intensity_is_no_change_and_full_intensity_the_profile(emotion):
    assert Profile().compute_change(PROFILES[emotion], 0.0) == Profile()
    np.testing.assert_allclose(astuple(Profile().compute_change(PROFILES[emotion], 1.0)), astuple(PROFILES[emotion]))


def test_two_half_changes_make_a_whole_one_and_the_reverse_undoes_it():
    sad, happy = PROFILES["sad"], PROFILES["happy"]
    half, whole, back = sad.compute_change(happy, 0.5), sad.compute_change(happy, 1.0), happy.compute_change(sad, 1.0)
    for field in fields(Profile):
        name, is_factor = field.name, field.default == 1.0
        there, again, returned = (getattr(way, name) for way in (half, whole, back))
        assert again == pytest.approx(there**2 if is_factor else 2 * there)
        assert again * returned == pytest.approx(1.0) if is_factor else again + returned == pytest.approx(0.0)
