"""Music is told from one voice: songs and instruments from speech, singing and synthetic voices."""

import numpy as np
import pytest
from conftest import ROOT

from vc_core.audio import Audio
from vc_core.conversion import STARTER_VOICES
from vc_core.conversion.music import contains_music
from vc_core.files.reading import open_audio, read_audio
from vc_core.recipes.speak import SpeechTask
from vc_core.speech.synthesis import SpeechRequest
from vc_core.voices.library import VoiceLibrary


def excerpt(audio: Audio) -> Audio:
    start = audio.frames // 3
    return audio.slice(start, start + 8 * audio.sample_rate)


def test_the_example_song_and_its_accompaniment_are_music(song, song_vocals):
    assert contains_music([excerpt(song)])
    assert contains_music([excerpt(song.with_samples(song.samples - song_vocals.samples))])


def test_singing_without_accompaniment_is_one_voice(song_vocals):
    assert not contains_music([excerpt(song_vocals)])
    assert not contains_music(open_audio(ROOT / "examples" / "sung_line.flac").blocks())


def test_speech_is_one_voice_also_with_noise():
    speech = read_audio(ROOT / "examples" / "spoken_line.flac").to_mono()
    assert not contains_music([speech])
    noise = np.random.default_rng(0).standard_normal(speech.samples.shape).astype(np.float32)
    noise *= np.sqrt(np.square(speech.samples).mean()) * 10 ** (-15 / 20)
    assert not contains_music([speech.with_samples(speech.samples + noise)])


@pytest.mark.parametrize("name", ["Clara", "Max"])
def test_the_speech_of_a_starter_voice_is_one_voice(name, tmp_path):
    voice = VoiceLibrary(STARTER_VOICES).find(name)
    text = SpeechRequest("The quick brown fox jumps over the lazy dog.", "en")
    spoken = SpeechTask(text, tmp_path / "spoken.flac", voice).run().converted.path
    assert not contains_music(open_audio(spoken).blocks())


def test_a_chord_is_music():
    times = np.arange(4 * 16_000) / 16_000
    notes = [110.0 * 2 ** (semitones / 12) for semitones in (0, 4, 7, 16)]
    chord = sum(np.sin(2 * np.pi * hertz * number * times) / number for hertz in notes for number in range(1, 6))
    assert contains_music([Audio(chord[None].astype(np.float32) * 0.1, 16_000)])


@pytest.mark.parametrize("frames", [0, 8_000, 64_000])
def test_silence_and_short_sounds_are_no_music(frames):
    assert not contains_music([Audio(np.zeros((1, frames), np.float32), 16_000)])
