"""The advisor knows the right key of songs that were made for a voice and then moved, and never misses by an octave."""

import numpy as np
import pytest
from PIL import Image

from vc_core.audio import Audio
from vc_core.key_advisor import advise, draw_advice, music_shift, note_name, notes_of
from vc_core.melody import surely_sung
from vc_core.pitch import Pitch

RATE = 16_000
VOICES = {"bass": (40, 60), "baritone": (45, 65), "tenor": (48, 69), "alto": (53, 74), "soprano": (60, 81)}
"""Lowest and highest note, as choirs have them."""


def hertz_of(note: float) -> float:
    return 440 * 2 ** ((note - 69) / 12)


def sung(notes: list[float], rng: np.random.Generator) -> Audio:
    """A melody with overtones, vibrato, slides, breaths, and a soft piano under it that a separation left there."""
    pieces = []
    for note in notes:
        times = np.arange(round(rng.uniform(0.25, 0.5) * RATE)) / RATE
        slide = -1.0 * np.exp(-times / 0.03) + 0.3 * np.sin(2 * np.pi * 5.5 * times)
        cycles = np.cumsum(hertz_of(note) * 2 ** (slide / 12)) / RATE
        wave = sum(np.sin(2 * np.pi * k * cycles) / k for k in range(1, 9)) * np.minimum(1, times[::-1] / 0.04)
        breath = rng.standard_normal(round(0.08 * RATE)) * 0.01
        pieces += [0.15 * wave, breath]
    voice = np.concatenate(pieces)
    times = np.arange(len(voice)) / RATE
    piano = sum(np.sin(2 * np.pi * hertz_of(note) * times) for note in (36, 76, 88)) * 0.006
    return Audio((voice + piano)[None].astype(np.float32), RATE)


def melody_over(low: int, high: int, rng: np.random.Generator) -> list[float]:
    """From end to end of a range, so that there is one key alone in which it fits."""
    return [low, high, *rng.integers(low, high + 1, 14).tolist(), high, low]


CASES = [
    (name, way, shift)
    for name, shifts in {
        "bass": ((-12, 12), (-7, 4)),
        "baritone": ((12, 24), (3, 9)),
        "tenor": ((0, -12), (-2, 11)),
        "alto": ((12, -12), (5, -10)),
        "soprano": ((-24, -12), (1, -6)),
    }.items()
    for way, moved in zip(("octaves", "together"), shifts, strict=True)
    for shift in moved
]


def test_at_least_nineteen_of_twenty_songs_are_put_into_the_right_key_and_none_misses_by_an_octave():
    assert len(CASES) == 20
    right, octaves_off = 0, 0
    for seed, (name, way, moved) in enumerate(CASES):
        rng = np.random.default_rng(seed)
        low, high = VOICES[name]
        song = sung([note + moved for note in melody_over(low, high, rng)], rng)
        advice = advise(surely_sung([song]), (hertz_of(low), hertz_of(high)), way)
        miss = advice.shift_semitones + moved
        right += miss == 0
        octaves_off += abs(miss) >= 6
        assert (advice.shift_semitones - advice.music_shift_semitones) % 12 == 0  # in tune with the music
    assert right >= 19
    assert octaves_off == 0


def flat_pitch(notes: list[float]) -> Pitch:
    hertz = np.repeat([hertz_of(note) for note in notes], 100).astype(np.float32)
    return Pitch(hertz, np.ones_like(hertz), 0.005)


@pytest.mark.parametrize("way", ["octaves", "together"])
def test_a_song_that_fits_is_left_where_it_is(way):
    advice = advise(flat_pitch([60, 62, 64]), (hertz_of(50), hertz_of(70)), way)
    assert advice.shift_semitones == advice.music_shift_semitones == 0
    assert advice.outside_share() == 0


def test_what_lies_outside_is_told():
    advice = advise(flat_pitch([60, 62, 64, 75]), (hertz_of(58), hertz_of(66)), "octaves")
    assert advice.shift_semitones == 0
    assert advice.outside_share() == pytest.approx(0.25, abs=0.03)
    assert advice.outside_share(24) == 1.0


def test_the_music_takes_the_shortest_way():
    assert [music_shift(shift) for shift in (0, 1, 5, 7, 12, -3, -9, -12, 17)] == [0, 1, 5, -5, 0, -3, 3, 0, 5]


def test_without_a_known_range_or_without_singing_nothing_is_moved():
    assert advise(flat_pitch([60]), None).shift_semitones == 0
    nothing = advise(Pitch(np.zeros(9, np.float32), np.zeros(9, np.float32), 0.005), (100.0, 200.0))
    assert (nothing.shift_semitones, nothing.outside_share(), nothing.sung_range) == (0, 0.0, None)
    assert advise(flat_pitch([90]), (100.0, 200.0), "off").shift_semitones == 0


def test_notes_have_the_names_of_musicians():
    assert [note_name(note) for note in (60, 69, 61, 59, 21)] == ["C4", "A4", "C♯4", "B3", "A0"]
    assert notes_of(np.array([440.0, 880.0])).tolist() == [69, 81]


def test_the_picture_shows_red_only_where_singing_lies_outside(tmp_path):
    reach = (hertz_of(58), hertz_of(66))
    inside = draw_advice(advise(flat_pitch([60, 62]), reach), tmp_path / "in.png")
    outside = draw_advice(advise(flat_pitch([60, 75]), reach), tmp_path / "out.png")
    reds = [np.any(np.all(np.asarray(Image.open(path)) == (248, 113, 113), axis=-1)) for path in (inside, outside)]
    assert reds == [False, True]
    draw_advice(advise(Pitch(np.zeros(9, np.float32), np.zeros(9, np.float32), 0.005), None), tmp_path / "empty.png")
