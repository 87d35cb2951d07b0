"""A voice print tells synthetic speakers apart, whatever they say and how high, and says nothing about loudness."""

import numpy as np
import pytest

from vc_core.audio import Audio
from vc_core.conversion import STARTER_VOICES, ConversionOptions
from vc_core.espeak import speak
from vc_core.pitch import Pitch, find_pitch
from vc_core.reading import open_audio
from vc_core.recipes.singing import Part, speak_as
from vc_core.speaking import Line
from vc_core.voice_print import SETTING, SIZE, distance_db, likeness, print_in, voice_print
from vc_core.voices import VoiceLibrary

SPEAKERS = ("en-us+f4", "en-us+m8", "en-us+boris", "en-us+Gene")
"""With throats that differ clearly; a print can't tell siblings apart."""
LEARNT = "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background."
TOLD = "A chicken leg is a rare dish these days. The juice of lemons makes fine punch."


def print_of(audio: Audio) -> tuple[float, ...]:
    made = voice_print([audio], find_pitch(audio))
    assert made is not None
    return made


@pytest.fixture(scope="module")
def speakers():
    return {voice: print_of(speak(LEARNT, voice=voice).audio) for voice in SPEAKERS}


@pytest.mark.parametrize("pitch", [35, 70])
@pytest.mark.parametrize("voice", SPEAKERS)
def test_a_speaker_is_known_again_by_other_words_at_another_pitch(speakers, voice, pitch):
    heard = print_of(speak(TOLD, voice=voice, pitch=pitch, words_per_minute=170).audio)
    alike = {name: likeness(known, heard) for name, known in speakers.items()}
    assert max(alike, key=alike.get) == voice
    assert alike.pop(voice) > 0.4
    assert np.mean(list(alike.values())) < 0.2


@pytest.mark.parametrize("gain", [0.01, 20.0])
def test_loudness_changes_nothing(gain):
    audio = speak(LEARNT).audio
    pitch = find_pitch(audio)
    louder = audio.with_samples(audio.samples * np.float32(gain))
    assert distance_db(voice_print([audio], pitch), voice_print([louder], pitch)) < 0.05


def test_it_is_the_same_of_one_block_and_of_many():
    audio = speak(LEARNT).audio
    pitch = find_pitch(audio)
    blocks = [audio.between(start, start + 7_001) for start in range(0, audio.frames, 7_001)]
    assert distance_db(voice_print([audio], pitch), voice_print(blocks, pitch)) < 0.01


def test_silence_has_none():
    silence = Audio(np.zeros((1, 16_000), np.float32), 16_000)
    assert voice_print([silence], find_pitch(silence)) is None


def test_sound_shorter_than_a_frame_has_none():
    pitch = Pitch(np.full(3, 200.0, np.float32), np.ones(3, np.float32), 0.005)
    assert voice_print([Audio(np.ones((1, 100), np.float32), 16_000)], pitch) is None


@pytest.mark.parametrize(
    "kept", [None, "x", [1.0] * (SIZE - 1), [1.0] * (SIZE - 1) + ["x"], [float("nan")] * SIZE, [1e300] * SIZE, {}]
)
def test_a_card_may_hold_anything_under_its_name(kept):
    assert print_in({SETTING: kept}) is None
    assert print_in({}) is None
    assert print_in({SETTING: [1] * SIZE}) == (1.0,) * SIZE


STARTERS = VoiceLibrary(STARTER_VOICES).list()


@pytest.mark.parametrize("voice", STARTERS, ids=lambda voice: voice.name)
def test_what_a_starter_voice_speaks_is_most_like_its_own_recordings(voice, tmp_path):
    """Those that its card's print was taken from; the voice had never heard this sentence."""
    part = Part(voice, ConversionOptions(automatic_key="semitones"))
    done = speak_as(Line(TOLD), tmp_path / "spoken.flac", part)
    heard = voice_print(open_audio(done.converted.path).blocks(), done.pitch)
    alike = {other.name: distance_db(print_in(other.card.settings), heard) for other in STARTERS}
    assert min(alike, key=alike.get) == voice.name
    assert done.card.voice_similarity == likeness(print_in(voice.card.settings), heard) > 0.5
