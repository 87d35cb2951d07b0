"""The corpus of the emotion model shares neither voices nor sentences with what judges it, and its moods differ."""

import numpy as np

from bench.emotion_corpus import FLITE_VOICE, JUDGED_SENTENCES, JUDGED_VOICES, LEARNT_SENTENCES, LEARNT_VOICES
from starters.emotion.corpus import PERFORMANCES, SENTENCES, SPEAKERS, performed
from starters.instant.sentences import choose_text
from vc_core.pitch import find_pitch


def test_no_voice_and_no_sentence_is_shared_with_the_bench():
    throats = {voice.split("+")[-1] for voice in SPEAKERS}
    assert not throats & {voice.split("+")[-1] for voice in (*LEARNT_VOICES, *JUDGED_VOICES, FLITE_VOICE)}
    said = {
        choose_text("en", np.random.default_rng([3, at, number]))
        for at in range(len(SPEAKERS))
        for number in range(SENTENCES)
    }
    assert len(said) > 100
    assert not said & {*JUDGED_SENTENCES, *LEARNT_SENTENCES}


def test_moods_are_higher_and_faster_as_their_figures_say():
    text, found = "A young fox found the path.", {}
    for mood in ("neutral", "happy", "sad"):
        audio = performed(text, "en-us+m2", PERFORMANCES[mood])
        pitch = find_pitch(audio)
        found[mood] = float(np.median(pitch.hertz[pitch.voiced])), audio.seconds
    assert found["happy"][0] > 1.25 * found["neutral"][0] > 1.25 * found["sad"][0]
    assert found["happy"][1] < found["neutral"][1] < found["sad"][1]
