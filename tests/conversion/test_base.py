"""What a person can choose, and what the automatic key makes of it."""

import numpy as np
import pytest
import torch
from conversion.instant_voices import make_voice

from vc_core.audio import Audio
from vc_core.conversion.base import ConversionOptions, Converter, compute_key_shift_semitones
from vc_core.errors import UserError
from vc_core.signal.pitch import Pitch
from vc_core.signal.windows import Windows


def sung_at(hertz: float) -> Pitch:
    track = np.full(200, hertz, np.float32)
    track[::7] = 0.0
    return Pitch(track, np.ones(200, np.float32), 0.005)


@pytest.fixture(scope="module")
def voice(tmp_path_factory):
    """At home around 200 Hz."""
    return make_voice(tmp_path_factory.mktemp("voice"), pitch_range_hz=(100.0, 400.0))


@pytest.mark.parametrize(("sung_hz", "shift"), [(200, 0), (150, 0), (100, 12), (420, -12), (50, 24)])
def test_the_automatic_key_shifts_by_octaves_into_the_voices_range(voice, sung_hz, shift):
    assert compute_key_shift_semitones(sung_at(sung_hz), voice, ConversionOptions()) == shift


@pytest.mark.parametrize(("sung_hz", "shift"), [(200, 0), (150, 5), (100, 12), (420, -13)])
def test_the_automatic_key_shifts_by_semitones_into_the_voices_range(voice, sung_hz, shift):
    options = ConversionOptions(automatic_key="semitones")
    assert compute_key_shift_semitones(sung_at(sung_hz), voice, options) == shift


def test_a_manual_key_shift_is_added(voice):
    assert compute_key_shift_semitones(sung_at(100), voice, ConversionOptions(key_shift_semitones=-2)) == 10
    off = ConversionOptions(key_shift_semitones=-2, automatic_key="off")
    assert compute_key_shift_semitones(sung_at(100), voice, off) == -2


def test_without_voiced_frames_or_a_pitch_range_there_is_no_automatic_key(voice, tmp_path):
    silence = Pitch(np.zeros(10, np.float32), np.zeros(10, np.float32), 0.005)
    assert compute_key_shift_semitones(silence, voice, ConversionOptions()) == 0
    assert compute_key_shift_semitones(sung_at(50), make_voice(tmp_path, pitch_range_hz=None), ConversionOptions()) == 0


@pytest.mark.parametrize(
    "choice",
    [
        {"key_shift_semitones": 25},
        {"key_shift_semitones": float("nan")},
        {"formant_shift_semitones": -13},
        {"automatic_key": "fifths"},
        {"breath_db": 60},
    ],
)
def test_invalid_options_are_refused_with_a_message(choice):
    with pytest.raises(UserError):
        ConversionOptions(**choice)


class Negative(Converter):
    """Turns a song upside down, on a device with memory for so many seconds."""

    windows = Windows(seconds=8.0, context_seconds=0.5)

    def __init__(self, voice, memory_seconds):
        self.voice, self.memory_seconds = voice, memory_seconds

    def begin_song(self, song, options):
        def convert_window(window, start):
            if window.seconds > self.memory_seconds:
                raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
            return window.with_samples(-window.samples)

        return convert_window


def test_a_song_is_converted_in_smaller_windows_where_memory_is_short(voice):
    rate = voice.card.sample_rate
    song = Audio(np.random.default_rng(0).normal(0, 0.1, (1, 20 * rate)).astype(np.float32), rate)
    short_of_memory = Negative(voice, memory_seconds=4.0).convert(song)
    np.testing.assert_allclose(short_of_memory.samples, -song.samples, atol=1e-6)
    with pytest.raises(UserError, match="ran out of memory"):
        Negative(voice, memory_seconds=0.2).convert(song)
