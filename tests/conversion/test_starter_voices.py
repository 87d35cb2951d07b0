"""The voices that come with the app: whole, small, honest about themselves, and able to hold a note."""

from pathlib import Path

import numpy as np
import pytest

from starters.instant.evaluate import make_vowel_sweep, measure_clicks, measure_held_note
from vc_core.conversion import STARTER_VOICES, ConversionOptions, load_converter
from vc_core.files.reading import read_audio
from vc_core.signal.pitch import estimate_pitch
from vc_core.voices.library import VoiceLibrary, find_faults

ROOT = Path(__file__).parents[2]
LIBRARY = VoiceLibrary(STARTER_VOICES)
VOICES = [voice.name for voice in LIBRARY.list()]
MOST_MEGABYTES = 40


def test_four_women_and_four_men_come_with_the_app():
    homes = [np.sqrt(np.prod(voice.card.pitch_range_hz)) for voice in LIBRARY.list()]
    assert sum(home > 155 for home in homes) >= 4
    assert sum(home < 155 for home in homes) >= 4


def test_together_they_are_small():
    files = [path for path in STARTER_VOICES.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MOST_MEGABYTES * 1e6


@pytest.mark.parametrize("name", VOICES)
def test_a_voice_is_complete_and_states_its_origin(name):
    voice = LIBRARY.find(name)
    assert find_faults(voice) == []
    assert voice.card.consent in ("synthetic", "permission")
    assert voice.card.licence
    assert "synthetic speaker" in voice.card.origin
    assert voice.card.sample_rate == 24_000


@pytest.mark.parametrize("name", VOICES)
def test_a_sung_line_keeps_its_melody(name, song_vocals):
    line = song_vocals.slice(0, 4 * song_vocals.sample_rate)
    made = load_converter(LIBRARY.find(name)).convert(line, ConversionOptions(automatic_key="off"))
    assert made.samples.shape == line.samples.shape
    sung, converted = (estimate_pitch(audio.resample(16_000)).hertz for audio in (line, made))
    both = (sung > 0) & (converted > 0)
    assert both.sum() > 0.7 * (sung > 0).sum()
    assert np.median(1200 * np.abs(np.log2(converted[both] / sung[both]))) < 15


@pytest.mark.parametrize("name", VOICES)
def test_a_vowel_swept_over_two_octaves_stays_in_tune_and_doesn_t_click(name):
    share, jump = measure_held_note(load_converter(LIBRARY.find(name)), 110.0)
    assert share >= 0.95
    assert jump < 4


def test_the_measure_of_clicks_detects_one():
    clean, _ = make_vowel_sweep(110.0, 440.0)
    clicking = clean.samples.copy()
    clicking[0, 90_000:] += 0.02
    assert measure_clicks(clean) < 3
    assert measure_clicks(clean.with_samples(clicking)) > 8


def test_an_example_can_be_converted():
    line = read_audio(ROOT / "examples" / "sung_line.flac")
    made = load_converter(LIBRARY.find(VOICES[0])).convert(line)
    assert made.samples.shape == line.samples.shape
    assert 0.01 < np.abs(made.samples).max() < 1.5
