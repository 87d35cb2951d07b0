"""Transposition: accurate and pure tones, beats in time, and the same length to the sample."""

import numpy as np
import pytest

from vc_core.audio import Audio, join_blocks
from vc_core.errors import UserError
from vc_core.signal.transposing import WINDOWS, transpose_blocks


def compute_spectrum(audio: Audio) -> tuple[np.ndarray, np.ndarray]:
    middle = audio.samples[0, audio.sample_rate // 2 : -audio.sample_rate // 2]
    power = np.abs(np.fft.rfft(middle * np.blackman(len(middle)))) ** 2
    return np.fft.rfftfreq(len(middle), 1 / audio.sample_rate), power


@pytest.mark.parametrize(("hertz", "semitones", "cents"), [(55, 3, 15), (110, -5, 10), (440, 2, 4), (880, 7, 2)])
def test_tone_is_shifted_accurately_and_stays_pure(tone, hertz, semitones, cents):
    frequencies, power = compute_spectrum(join_blocks(transpose_blocks([tone(hertz, seconds=6)], semitones)))
    target_hz = hertz * 2 ** (semitones / 12)
    beside = abs(frequencies - target_hz) > 15
    middle = (frequencies * power)[~beside].sum() / power[~beside].sum()
    assert abs(1200 * np.log2(middle / target_hz)) < cents
    assert 10 * np.log10(power[beside].sum() / power.sum()) < -30


def test_chord_has_no_residue_of_the_old_notes(tone):
    notes = [220.0, 277.2, 329.6]
    chord = tone(seconds=4).with_samples(sum(tone(hertz, seconds=4, level=0.2).samples for hertz in notes))
    hertz, power = compute_spectrum(join_blocks(transpose_blocks([chord], 2)))
    for note in notes:
        near = abs(hertz - note * 2 ** (2 / 12)) < 4
        away = abs(hertz - note) < 4
        assert 10 * np.log10(power[near].max() / power[away].max()) > 30


def test_beats_stay_in_time():
    rate, rng = 44_100, np.random.default_rng(0)
    samples = np.zeros((2, 4 * rate), np.float32)
    beats = np.arange(rate // 2, 4 * rate - rate // 2, rate // 2)
    for beat in beats:
        samples[:, beat : beat + 400] = 0.5 * rng.standard_normal(400) * np.exp(-np.arange(400) / 80)
    moved = join_blocks(transpose_blocks([Audio(samples, rate)], 3)).samples[0].astype(np.float64) ** 2
    for beat in beats:
        around = moved[beat - 6000 : beat + 6000]
        middle = (np.arange(12_000) * around).sum() / around.sum() - 6000
        assert abs(middle) / rate < 0.006


@pytest.mark.parametrize("frames", [1, 700, 44_100 * 3 + 17])
def test_length_is_exact_and_channels_are_separate(frames):
    rng = np.random.default_rng(1)
    song = Audio(np.stack([rng.standard_normal(frames) * 0.1, np.zeros(frames)]).astype(np.float32), 44_100)
    moved = join_blocks(
        transpose_blocks([song.slice(0, frames // 3), song.slice(frames // 3, frames)], -2, frames=frames)
    )
    assert moved.samples.shape == song.samples.shape
    assert np.abs(moved.samples[1]).max() < 1e-4


def test_level_is_constant_across_window_borders(tone):
    seconds = WINDOWS.seconds + 4
    moved = join_blocks(transpose_blocks([tone(330, seconds=seconds, sample_rate=8_000)], 2))
    levels = np.sqrt((moved.samples[0].reshape(-1, 80) ** 2).mean(axis=1))[50:-50]
    assert 20 * np.log10(levels.max() / levels.min()) < 1.0


def test_zero_semitones_pass_blocks_through(tone):
    sound = tone()
    assert list(transpose_blocks([sound], 0)) == [sound]


def test_more_than_an_octave_is_refused(tone):
    with pytest.raises(UserError, match="12 semitones"):
        transpose_blocks([tone()], 13)
