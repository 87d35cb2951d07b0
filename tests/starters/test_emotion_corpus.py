"""The emotion corpus: natural recordings moved to each emotion by its figures, of no voice that the benchmark has."""

import numpy as np
import pytest

from starters.emotion.corpus import RECORDINGS, STYLES, draw_profile, fill, move_to_emotion
from starters.instant.starter_voices import STARTER_VOICES
from starters.speech.held_out import KOKORO_VOICES
from vc_core.emotion.profiles import PROFILES
from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.signal.pitch import estimate_pitch
from vc_core.speech.espeak import speak

LINE = speak("A young fox found the path.", voice="en-us+m2").audio


def test_no_voice_is_held_out():
    assert not {voice.kokoro for voice in STARTER_VOICES} & set(KOKORO_VOICES)


def test_each_recording_is_in_each_emotion_and_is_not_made_again(tmp_path):
    for voice in STARTER_VOICES[:2]:
        write_audio(tmp_path / "in" / voice.folder_name / "0000.flac", LINE)
        write_audio(tmp_path / "in" / voice.folder_name / "0001.flac", LINE)
    fill(tmp_path / "in", tmp_path / "out")
    files = sorted(tmp_path.glob("out/*/*.flac"))
    assert len(files) == 2 * 2 * (1 + len(STYLES))
    assert RECORDINGS > 1, "half of them are moved by rules, half by styles"
    times = [path.stat().st_mtime_ns for path in files]
    fill(tmp_path / "in", tmp_path / "out")
    assert [path.stat().st_mtime_ns for path in files] == times
    loud, soft = (read_audio(tmp_path / "out" / name / "clara_01.flac").samples.std() for name in ("angry", "sad"))
    assert loud > 1.5 * soft


@pytest.mark.parametrize("profiles", [PROFILES, STYLES])
def test_emotions_change_pitch_and_speed_by_their_factors(profiles):
    found = {}
    for emotion in ("happy", "sad"):
        audio = move_to_emotion(LINE, profiles[emotion])
        pitch = estimate_pitch(audio)
        found[emotion] = float(np.median(pitch.hertz[pitch.voiced])), audio.seconds
    plain = estimate_pitch(LINE)
    assert found["happy"][0] > 1.2 * np.median(plain.hertz[plain.voiced]) > 1.2 * found["sad"][0]
    assert found["happy"][1] < LINE.seconds < found["sad"][1]


def test_profiles_vary_around_rules_and_styles():
    for by_rules, profiles in ((True, PROFILES), (False, STYLES)):
        drawn = [draw_profile("happy", np.random.default_rng(seed), by_rules=by_rules).pitch for seed in range(50)]
        assert 0.03 < np.std(np.log(drawn)) < 0.15
        assert np.mean(drawn) == pytest.approx(profiles["happy"].pitch, rel=0.05)
