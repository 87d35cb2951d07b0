"""The pitch tracker of streams: accuracy, octaves, unvoiced sounds, delay; and the resampler before it."""

import numpy as np
import pytest
from measures import snr_db

from vc_core.signal.streaming.pitch import HOP_SAMPLES, LOOK_AHEAD_SECONDS, SAMPLE_RATE, LivePitchTracker
from vc_core.signal.streaming.resampler import LowDelayResampler


def sing(hertz: np.ndarray, formant_hz: float = 700.0) -> np.ndarray:
    """Harmonics below 7 kHz with one formant; `hertz` at each sample."""
    phase = 2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE
    sound = np.zeros(len(hertz))
    for number in range(1, int(7_000 / hertz.max()) + 1):
        sound += np.sin(number * phase) / (1 + ((number * hertz - formant_hz) / 200) ** 2)
    return (0.1 * sound / np.abs(sound).max()).astype(np.float32)


def cents(found: np.ndarray, hertz: np.ndarray) -> np.ndarray:
    wanted = hertz[::HOP_SAMPLES][: len(found)]
    return 1200 * np.log2(np.maximum(found, 1) / wanted)


@pytest.mark.parametrize("hertz", [55.0, 80.0, 110.0, 220.0, 440.0, 880.0, 1050.0])
def test_a_held_note_is_found_without_octave_errors(hertz):
    curve = np.full(SAMPLE_RATE, hertz)
    found = LivePitchTracker().feed(sing(curve))
    assert np.abs(cents(found, curve)[20:-20]).max() < 12


def test_vibrato_is_followed():
    at = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    curve = 300 * 2 ** (50 / 1200 * np.sin(2 * np.pi * 5.5 * at))
    found = LivePitchTracker().feed(sing(curve))
    assert np.percentile(np.abs(cents(found, curve)[20:-20]), 95) < 10


def test_a_leap_of_an_octave_is_followed_within_80_ms():
    """To the upper octave: twice its period is a period as well, so evidence must gather."""
    curve = np.repeat([200.0, 400.0, 200.0], SAMPLE_RATE // 2)
    error = np.abs(cents(LivePitchTracker().feed(sing(curve)), curve))
    assert np.sum(error[10:-10] > 50) * HOP_SAMPLES / SAMPLE_RATE < 0.08 + 0.04


def test_noise_and_silence_are_unvoiced():
    noise = 0.1 * np.random.default_rng(0).standard_normal(SAMPLE_RATE)
    assert np.mean(LivePitchTracker().feed(noise.astype(np.float32)) > 0) < 0.1
    assert not LivePitchTracker().feed(np.zeros(SAMPLE_RATE, np.float32)).any()


def test_a_note_in_noise_is_still_found():
    curve = np.full(SAMPLE_RATE, 180.0)
    note = sing(curve)
    noise = np.random.default_rng(1).standard_normal(len(note)) * note.std() * 10 ** (-10 / 20)
    error = np.abs(cents(LivePitchTracker().feed((note + noise).astype(np.float32)), curve))
    assert np.mean(error[10:-10] < 30) > 0.95


def test_the_division_into_blocks_does_not_matter_and_the_delay_is_the_stated_one():
    sound = sing(np.linspace(150, 320, SAMPLE_RATE))
    whole, tracker, known = LivePitchTracker().feed(sound), LivePitchTracker(), []
    for at in range(0, len(sound), 37):
        known.append(tracker.feed(sound[at : at + 37]))
        frames, fed = sum(map(len, known)), min(at + 37, len(sound))
        assert fed / SAMPLE_RATE - (frames - 1) * HOP_SAMPLES / SAMPLE_RATE < LOOK_AHEAD_SECONDS + 0.005 + 1e-9
    np.testing.assert_allclose(np.concatenate(known), whole, rtol=1e-6)


@pytest.mark.parametrize("rates", [(48_000, 16_000), (44_100, 16_000), (8_000, 16_000), (22_050, 16_000)])
def test_the_resampler_keeps_time_and_level_with_little_delay(rates):
    old, new = rates
    sound = np.sin(2 * np.pi * 1_000 * np.arange(old) / old).astype(np.float32)
    whole, resampler = LowDelayResampler(*rates).feed(sound), LowDelayResampler(*rates)
    divided = np.concatenate([resampler.feed(sound[at : at + 777]) for at in range(0, old, 777)])
    np.testing.assert_array_equal(whole, divided)
    assert len(whole) >= new - np.ceil(resampler.delay_seconds * new) - 1
    assert resampler.delay_seconds <= 0.003
    inside = slice(200, len(whole) - 200)
    assert snr_db(np.sin(2 * np.pi * 1_000 * np.arange(len(whole)) / new)[inside], whole[inside]) > 70


def test_the_resampler_suppresses_what_would_alias():
    sound = np.sin(2 * np.pi * 10_000 * np.arange(48_000) / 48_000).astype(np.float32)
    assert np.abs(LowDelayResampler(48_000, 16_000).feed(sound)[200:-200]).max() < 1e-3
