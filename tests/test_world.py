"""A voice that is taken apart and made again keeps its pitch, level, colour and length, in windows without a seam."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import pyworld

from bench.metrics import mcd_db, pitch_errors
from vc_core.audio import Audio
from vc_core.progress import Cancelled
from vc_core.reading import read_audio
from vc_core.world import (
    HOP_SECONDS,
    RATES,
    WorldFeatures,
    analyse,
    code_envelope,
    decode_envelope,
    find_world_pitch,
    log_pitch,
    pitch_at,
    stretched,
    synthesise,
    world_rate,
)
from vc_core.world_windows import WINDOWS, Kept, Plan, remake, unchanged

SPOKEN = "examples/spoken_line.flac"


@pytest.fixture(scope="module")
def spoken(request) -> Audio:
    return read_audio(request.config.rootpath / SPOKEN)


def level_db(audio: Audio) -> float:
    return float(10 * np.log10((audio.samples.astype(np.float64) ** 2).mean()))


def held_note(hertz: float, seconds: float, sample_rate: int, channels: int = 1) -> Audio:
    times = np.arange(round(seconds * sample_rate)) / sample_rate
    wave = sum(np.sin(2 * np.pi * hertz * count * times) / count for count in range(1, 10)) * 0.15
    return Audio(np.tile(wave.astype(np.float32), (channels, 1)), sample_rate)


def copied_by_world(audio: Audio) -> Audio:
    """WORLD as it comes, at once and with nothing of ours."""
    wave = audio.samples[0].astype(np.float64)
    coarse, times = pyworld.dio(wave, audio.sample_rate)
    hertz = pyworld.stonemask(wave, coarse, times, audio.sample_rate)
    envelope = pyworld.cheaptrick(wave, hertz, times, audio.sample_rate)
    again = pyworld.synthesize(hertz, envelope, pyworld.d4c(wave, hertz, times, audio.sample_rate), audio.sample_rate)
    return audio.with_samples(again[None, : audio.frames].astype(np.float32))


@pytest.mark.parametrize("rate", RATES)
def test_a_voice_made_again_is_as_near_as_world_can_be(spoken, rate):
    audio = spoken.between(0, 40_000).resampled(rate)
    pitch = find_world_pitch(audio)
    again = remake(audio, unchanged(audio, pitch))
    errors = pitch_errors(pitch, find_world_pitch(again))
    assert again.frames == audio.frames
    distance = mcd_db(audio, again)
    assert distance < 3.5
    assert distance < mcd_db(audio, copied_by_world(audio)) + 0.1
    assert errors.correlation > 0.95
    assert errors.voicing < 0.12
    assert level_db(again) == pytest.approx(level_db(audio), abs=1.0)


@pytest.mark.parametrize(("rate", "nearest"), [(8_000, 16_000), (16_000, 16_000), (32_000, 44_100), (96_000, 44_100)])
def test_other_rates_go_through_the_next_of_worlds(spoken, rate, nearest):
    assert world_rate(rate) == nearest
    audio = spoken.resampled(rate).between(0, rate + 7)
    again = remake(audio, unchanged(audio, find_world_pitch(audio)))
    assert (again.sample_rate, again.frames) == (rate, audio.frames)


@pytest.mark.parametrize("hertz", [90.0, 220.0, 660.0])
def test_a_note_keeps_its_level(hertz):
    """WORLD alone makes high voices louder."""
    note = held_note(hertz, 1.0, 24_000)
    again = synthesise(analyse(note), note.frames)
    assert level_db(again.between(6_000, 18_000)) == pytest.approx(level_db(note), abs=0.4)


@pytest.mark.parametrize(("dimensions", "worst_db"), [(36, 2.8), (60, 1.7)])
def test_a_coded_envelope_is_near_the_whole_one(spoken, dimensions, worst_db):
    features = analyse(spoken)
    coded = code_envelope(features, dimensions)
    assert coded.shape == (len(features.hertz), dimensions)
    whole = 10 * np.log10(features.envelope)
    error = np.abs(10 * np.log10(decode_envelope(coded, features.sample_rate)) - whole)
    assert np.median(error) < worst_db


def test_log_pitch_goes_on_through_what_is_unvoiced():
    curve, voiced = log_pitch(np.array([0.0, 100.0, 0.0, 400.0, 0.0]))
    np.testing.assert_allclose(np.exp(curve), [100, 100, 200, 400, 400])
    assert voiced.tolist() == [False, True, False, True, False]
    assert not log_pitch(np.zeros(3))[1].any()


def test_between_frames_pitch_is_in_the_middle_and_voicing_as_the_nearest():
    np.testing.assert_allclose(
        pitch_at(np.array([100.0, 200.0, 0.0]), np.array([0.5, 1.4, 1.6])), [141.42, 200, 0], rtol=1e-3
    )


def test_features_at_half_speed_last_twice_as_long():
    note = analyse(held_note(200, 0.5, 16_000))
    slow = stretched(note, np.arange(0, len(note.hertz), 0.5))
    assert len(slow.hertz) == 2 * len(note.hertz)
    assert np.median(slow.hertz) == pytest.approx(200, rel=0.01)


def test_a_held_note_is_joined_without_a_seam():
    """At the borders the level neither dips nor jumps, and the wave is as smooth as elsewhere."""
    rate = 16_000
    note = held_note(200.7, 18.0, rate)
    again = remake(note, unchanged(note, find_world_pitch(note))).samples[0].astype(np.float64)
    hop = round(0.005 * 4 * rate)
    levels = 10 * np.log10((again[: len(again) // hop * hop].reshape(-1, hop) ** 2).mean(axis=1))
    roughness = np.abs(np.diff(again, 2))
    for border in (1, 2):
        at = round(border * WINDOWS.seconds * rate)
        around = slice(at // hop - 4, at // hop + 4)
        assert levels[around].min() > np.median(levels) - 1.0
        assert levels[around].max() < np.median(levels) + 1.0
        assert roughness[at - 1_000 : at + 1_000].max() < 1.1 * roughness[2_000:-2_000].max()
        assert roughness[at - 1_000 : at + 1_000].max() < 1.5 * np.percentile(roughness, 99.5)


def test_channels_keep_their_places():
    note = held_note(220, 1.0, 24_000, channels=2)
    panned = note.with_samples(note.samples * np.array([[1.0], [0.25]], np.float32))
    again = remake(panned, unchanged(panned, find_world_pitch(panned)))
    left, right = again.samples[:, 5_000:-5_000]
    assert 20 * np.log10(left.std() / right.std()) == pytest.approx(12.04, abs=0.3)
    assert np.corrcoef(left, right)[0, 1] > 0.99
    same = remake(note, unchanged(note, find_world_pitch(note)))
    np.testing.assert_array_equal(same.samples[0], same.samples[1])


def test_what_is_kept_is_the_source_itself(spoken):
    pitch = find_world_pitch(spoken)
    plan = replace(unchanged(spoken, pitch), kept=(Kept(100, 100, 60),), kept_gain=0.5)
    again = remake(spoken, plan)
    inside = slice(round(102 * HOP_SECONDS * spoken.sample_rate), round(158 * HOP_SECONDS * spoken.sample_rate))
    np.testing.assert_allclose(again.samples[0, inside], 0.5 * spoken.samples[0, inside], atol=1e-5)


def test_a_plan_can_last_longer_than_its_source():
    note = held_note(220, 1.0, 24_000)
    pitch = find_world_pitch(note)
    taken = np.linspace(0, pitch.frames - 1, 3 * pitch.frames)
    plan = Plan(pitch, pitch_at(pitch.hertz.astype(float), taken), taken, frames=72_001)
    again = remake(note, plan)
    assert again.frames == 72_001
    heard = find_world_pitch(again)
    assert np.median(heard.hertz[heard.voiced]) == pytest.approx(220, rel=0.005)
    assert heard.voiced.mean() > 0.97


def test_a_change_is_heard(spoken):
    def louder(features: WorldFeatures) -> WorldFeatures:
        return replace(features, envelope=features.envelope * 4)

    plan = unchanged(spoken, find_world_pitch(spoken))
    gain = level_db(remake(spoken, replace(plan, change=louder))) - level_db(remake(spoken, plan))
    assert gain == pytest.approx(6.02, abs=0.1)


@pytest.mark.parametrize("frames", [1, 100, 5_000])
def test_the_shortest_sounds_come_out_as_long(frames):
    audio = Audio(0.1 * np.random.default_rng(0).standard_normal((2, frames)).astype(np.float32), 22_050)
    again = remake(audio, unchanged(audio, find_world_pitch(audio)))
    assert again.samples.shape == audio.samples.shape
    assert np.isfinite(again.samples).all()


def test_silence_stays_silent():
    silence = Audio(np.zeros((1, 22_050), np.float32), 22_050)
    again = remake(silence, unchanged(silence, find_world_pitch(silence)))
    assert np.abs(again.samples).max() < 1e-5


def test_stopping_ends_the_work_within_a_window():
    note = held_note(220, 17.0, 16_000)
    plan = unchanged(note, find_world_pitch(note))
    steps = []

    def stop_at_the_second(fraction, message):
        steps.append(fraction)
        if len(steps) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        remake(note, plan, progress=stop_at_the_second)
    assert len(steps) == 2


def test_memory_is_that_of_a_window():
    """Beside the sound that goes in and comes out, and WORLD's own, which is that of a window too."""

    def peak(seconds: int) -> int:
        note = held_note(220, seconds, 16_000)
        plan = unchanged(note, find_world_pitch(note))
        tracemalloc.start()
        remake(note, plan)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest - note.samples.nbytes

    assert peak(27) < 1.1 * peak(18)


def test_only_mono_at_a_known_rate_is_analysed(tone):
    with pytest.raises(ValueError, match="mono"):
        analyse(tone(sample_rate=48_000))
