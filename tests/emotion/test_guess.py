"""The mood of a voice is guessed only where it is plain; the speech is coloured by the synthesiser's own controls."""

import numpy as np
import pytest

from vc_core.audio import Audio
from vc_core.emotion import GUESS, NEUTRAL, StyleOptions, load_styler
from vc_core.speech.espeak import speak

TEXT = "The boy was there when the sun rose, and a rod is used to catch pink salmon."


def spoken(*, words_per_minute: int, liveliness: int, voice: str = "en-us+m3") -> Audio:
    return speak(TEXT, voice=voice, words_per_minute=words_per_minute, liveliness=liveliness).audio


@pytest.mark.parametrize("voice", ["en-us+m3", "en-us+f4"])
def test_clear_emotions_are_distinguished_from_neutral_speech(voice):
    styler = load_styler()
    assert styler.recognise_emotion(spoken(words_per_minute=160, liveliness=50, voice=voice)) == NEUTRAL
    assert styler.recognise_emotion(spoken(words_per_minute=110, liveliness=25, voice=voice)) == "sad"
    assert styler.recognise_emotion(spoken(words_per_minute=200, liveliness=100, voice=voice)) == "excited"


def test_emotions_added_by_the_rules_are_guessed():
    styler = load_styler()
    plain = spoken(words_per_minute=160, liveliness=50)
    assert styler.recognise_emotion(styler.style(plain, "sad", 1.5)) == "sad"
    assert styler.recognise_emotion(styler.style(plain, "excited", 1.5)) == "excited"


def test_a_guessed_source_emotion_is_the_starting_point():
    styler = load_styler()
    sad = spoken(words_per_minute=110, liveliness=25)
    guessed, stated = (styler.style(sad, "happy", 1.0, StyleOptions(source=name)) for name in (GUESS, "sad"))
    np.testing.assert_array_equal(guessed.samples, stated.samples)
    assert styler.style(sad, "sad", 1.0, StyleOptions(source=GUESS)) is sad


def test_short_audio_and_singing_give_no_guess(tone):
    styler = load_styler()
    assert styler.recognise_emotion(tone(200, seconds=0.5)) == NEUTRAL
    song = StyleOptions(source=GUESS, is_singing=True)
    sad = spoken(words_per_minute=110, liveliness=25)
    assert styler.style(sad, "sad", 1.0, song) is not sad
