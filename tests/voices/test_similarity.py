"""Speaker embeddings tell synthetic speakers apart, independently of words, pitch and loudness."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from vc_core.audio import Audio
from vc_core.conversion import STARTER_VOICES
from vc_core.files.reading import open_audio
from vc_core.recipes.speak import SpeechTask
from vc_core.signal.pitch import Pitch, estimate_pitch
from vc_core.speech.espeak import speak
from vc_core.speech.synthesis import SpeechRequest
from vc_core.voices.library import VoiceLibrary
from vc_core.voices.similarity import (
    EMBEDDING_SETTING,
    EMBEDDING_SIZE,
    compute_distance_db,
    compute_similarity,
    compute_speaker_embedding,
    read_speaker_embedding,
)

PITCHES = (35, 70)
SPEAKERS = ("en-us+f4", "en-us+m8", "en-us+boris", "en-us+Gene")
"""With clearly different vocal tracts; the embedding can't tell siblings apart."""
TRAINING_TEXT = "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background."
TEST_TEXT = "A chicken leg is a rare dish these days. The juice of lemons makes fine punch."


def embed(audio: Audio) -> tuple[float, ...]:
    made = compute_speaker_embedding([audio], estimate_pitch(audio))
    assert made is not None
    return made


@pytest.fixture(scope="module")
def speakers():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return {voice: embed(process.submit(speak, TRAINING_TEXT, voice=voice).result().audio) for voice in SPEAKERS}


@pytest.fixture(scope="module")
def other_words():
    """In a process of its own: what espeak-ng has said before in a process changes its flutter."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return {
            (voice, pitch): process.submit(speak, TEST_TEXT, voice=voice, pitch=pitch, words_per_minute=170).result()
            for voice in SPEAKERS
            for pitch in PITCHES
        }


@pytest.mark.parametrize("pitch", PITCHES)
@pytest.mark.parametrize("voice", SPEAKERS)
def test_a_speaker_is_recognised_with_other_words_at_another_pitch(speakers, other_words, voice, pitch):
    embedding = embed(other_words[voice, pitch].audio)
    similarities = {name: compute_similarity(known, embedding) for name, known in speakers.items()}
    assert max(similarities, key=similarities.get) == voice
    assert similarities.pop(voice) > 0.4
    assert np.mean(list(similarities.values())) < 0.2


@pytest.mark.parametrize("gain", [0.01, 20.0])
def test_the_embedding_does_not_depend_on_loudness(gain):
    audio = speak(TRAINING_TEXT).audio
    pitch = estimate_pitch(audio)
    louder = audio.with_samples(audio.samples * np.float32(gain))
    assert (
        compute_distance_db(compute_speaker_embedding([audio], pitch), compute_speaker_embedding([louder], pitch))
        < 0.05
    )


def test_the_embedding_does_not_depend_on_the_blocks():
    audio = speak(TRAINING_TEXT).audio
    pitch = estimate_pitch(audio)
    blocks = [audio.slice(start, start + 7_001) for start in range(0, audio.frames, 7_001)]
    assert (
        compute_distance_db(compute_speaker_embedding([audio], pitch), compute_speaker_embedding(blocks, pitch)) < 0.01
    )


def test_silence_has_no_embedding():
    silence = Audio(np.zeros((1, 16_000), np.float32), 16_000)
    assert compute_speaker_embedding([silence], estimate_pitch(silence)) is None


def test_audio_shorter_than_a_frame_has_no_embedding():
    pitch = Pitch(np.full(3, 200.0, np.float32), np.ones(3, np.float32), 0.005)
    assert compute_speaker_embedding([Audio(np.ones((1, 100), np.float32), 16_000)], pitch) is None


@pytest.mark.parametrize(
    "kept",
    [
        None,
        "x",
        [1.0] * (EMBEDDING_SIZE - 1),
        [1.0] * (EMBEDDING_SIZE - 1) + ["x"],
        [float("nan")] * EMBEDDING_SIZE,
        [1e300] * EMBEDDING_SIZE,
        {},
    ],
)
def test_an_invalid_embedding_in_a_card_is_ignored(kept):
    assert read_speaker_embedding({EMBEDDING_SETTING: kept}) is None
    assert read_speaker_embedding({}) is None
    assert read_speaker_embedding({EMBEDDING_SETTING: [1] * EMBEDDING_SIZE}) == (1.0,) * EMBEDDING_SIZE


STARTERS = VoiceLibrary(STARTER_VOICES).list()


@pytest.mark.parametrize("voice", STARTERS, ids=lambda voice: voice.name)
def test_speech_of_a_starter_voice_is_most_similar_to_its_own_recordings(voice, tmp_path):
    """Of its card's embedding; this sentence was not in the training data."""
    done = SpeechTask(SpeechRequest(TEST_TEXT), tmp_path / "spoken.flac", voice).run()
    embedding = compute_speaker_embedding(open_audio(done.converted.path).blocks(), done.pitch)
    similarities = {
        other.name: compute_distance_db(read_speaker_embedding(other.card.settings), embedding) for other in STARTERS
    }
    assert similarities[voice.name] < min(similarities.values()) + 0.6  # dB; some of the ten sound alike
    assert (
        done.card.voice_similarity == compute_similarity(read_speaker_embedding(voice.card.settings), embedding) > 0.5
    )
