"""Key advice: recovers the shift of synthetic melodies, without octave errors."""

import numpy as np
import pytest
from PIL import Image

from vc_core.audio import Audio
from vc_core.cover.key_advisor import choose_key, compute_music_shift, draw_advice, format_note, hz_to_notes
from vc_core.signal.melody import estimate_melody
from vc_core.signal.pitch import Pitch

SAMPLE_RATE = 16_000
VOICES = {"bass": (40, 60), "baritone": (45, 65), "tenor": (48, 69), "alto": (53, 74), "soprano": (60, 81)}
"""Lowest and highest note of the usual choir voices."""


def note_to_hz(note: float) -> float:
    return 440 * 2 ** ((note - 69) / 12)


def synthesise_melody(notes: list[float], rng: np.random.Generator) -> Audio:
    """A melody with overtones, vibrato, slides and breaths, over a soft piano like the residue of a separation."""
    segments = []
    for note in notes:
        times = np.arange(round(rng.uniform(0.25, 0.5) * SAMPLE_RATE)) / SAMPLE_RATE
        slide = -1.0 * np.exp(-times / 0.03) + 0.3 * np.sin(2 * np.pi * 5.5 * times)
        cycles = np.cumsum(note_to_hz(note) * 2 ** (slide / 12)) / SAMPLE_RATE
        wave = sum(np.sin(2 * np.pi * k * cycles) / k for k in range(1, 9)) * np.minimum(1, times[::-1] / 0.04)
        breath = rng.standard_normal(round(0.08 * SAMPLE_RATE)) * 0.01
        segments += [0.15 * wave, breath]
    voice = np.concatenate(segments)
    times = np.arange(len(voice)) / SAMPLE_RATE
    piano = sum(np.sin(2 * np.pi * note_to_hz(note) * times) for note in (36, 76, 88)) * 0.006
    return Audio((voice + piano)[None].astype(np.float32), SAMPLE_RATE)


def draw_notes(low: int, high: int, rng: np.random.Generator) -> list[float]:
    """Random notes that span the whole range, so that they fit in one key only."""
    return [low, high, *rng.integers(low, high + 1, 14).tolist(), high, low]


CASES = [
    (name, mode, shift)
    for name, shifts in {
        "bass": ((-12, 12), (-7, 4)),
        "baritone": ((12, 24), (3, 9)),
        "tenor": ((0, -12), (-2, 11)),
        "alto": ((12, -12), (5, -10)),
        "soprano": ((-24, -12), (1, -6)),
    }.items()
    for mode, moved in zip(("octaves", "together"), shifts, strict=True)
    for shift in moved
]


def test_at_least_19_of_20_keys_are_right_and_none_is_an_octave_off():
    assert len(CASES) == 20
    correct, octaves_off = 0, 0
    for seed, (name, mode, moved) in enumerate(CASES):
        rng = np.random.default_rng(seed)
        low, high = VOICES[name]
        song = synthesise_melody([note + moved for note in draw_notes(low, high, rng)], rng)
        advice = choose_key(estimate_melody([song]), (note_to_hz(low), note_to_hz(high)), mode)
        miss = advice.shift_semitones + moved
        correct += miss == 0
        octaves_off += abs(miss) >= 6
        assert (advice.shift_semitones - advice.music_shift_semitones) % 12 == 0  # in tune with the music
    assert correct >= 19
    assert octaves_off == 0


def flat_pitch(notes: list[float]) -> Pitch:
    hertz = np.repeat([note_to_hz(note) for note in notes], 100).astype(np.float32)
    return Pitch(hertz, np.ones_like(hertz), 0.005)


@pytest.mark.parametrize("mode", ["octaves", "together"])
def test_a_song_within_the_range_is_not_shifted(mode):
    advice = choose_key(flat_pitch([60, 62, 64]), (note_to_hz(50), note_to_hz(70)), mode)
    assert advice.shift_semitones == advice.music_shift_semitones == 0
    assert advice.compute_outside_share() == 0


def test_the_share_of_notes_outside_the_range():
    advice = choose_key(flat_pitch([60, 62, 64, 75]), (note_to_hz(58), note_to_hz(66)), "octaves")
    assert advice.shift_semitones == 0
    assert advice.compute_outside_share() == pytest.approx(0.25, abs=0.03)
    assert advice.compute_outside_share(24) == 1.0


def test_the_music_moves_by_at_most_half_an_octave():
    assert [compute_music_shift(shift) for shift in (0, 1, 5, 7, 12, -3, -9, -12, 17)] == [0, 1, 5, -5, 0, -3, 3, 0, 5]


def test_without_a_range_or_notes_there_is_no_shift():
    assert choose_key(flat_pitch([60]), None).shift_semitones == 0
    nothing = choose_key(Pitch(np.zeros(9, np.float32), np.zeros(9, np.float32), 0.005), (100.0, 200.0))
    assert (nothing.shift_semitones, nothing.compute_outside_share(), nothing.sung_range) == (0, 0.0, None)
    assert choose_key(flat_pitch([90]), (100.0, 200.0), "off").shift_semitones == 0


def test_notes_are_named_with_octave_numbers():
    assert [format_note(note) for note in (60, 69, 61, 59, 21)] == ["C4", "A4", "C♯4", "B3", "A0"]
    assert hz_to_notes(np.array([440.0, 880.0])).tolist() == [69, 81]


def test_the_picture_is_red_only_outside_the_range(tmp_path):
    voice_range = (note_to_hz(58), note_to_hz(66))
    inside = draw_advice(choose_key(flat_pitch([60, 62]), voice_range), tmp_path / "in.png")
    outside = draw_advice(choose_key(flat_pitch([60, 75]), voice_range), tmp_path / "out.png")
    reds = [np.any(np.all(np.asarray(Image.open(path)) == (248, 113, 113), axis=-1)) for path in (inside, outside)]
    assert reds == [False, True]
    silence = Pitch(np.zeros(9, np.float32), np.zeros(9, np.float32), 0.005)
    draw_advice(choose_key(silence, None), tmp_path / "empty.png")
