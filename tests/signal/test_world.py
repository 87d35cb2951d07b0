"""WORLD analysis and resynthesis preserve pitch, level, timbre and length, without seams between windows."""

import subprocess
import sys
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import pyworld

from bench.metrics import mcd_db, pitch_errors
from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.files.reading import read_audio
from vc_core.progress import Cancelled
from vc_core.signal.world import (
    HOP_SECONDS,
    WORLD_SAMPLE_RATES,
    WorldFeatures,
    choose_world_sample_rate,
    decode_envelope,
    encode_envelope,
    estimate_world_pitch,
    extract_world_features,
    interpolate_log_pitch,
    interpolate_pitch,
    stretch_time,
    synthesise_world,
)
from vc_core.signal.world_windows import WINDOWS, Passthrough, ResynthesisPlan, make_identity_plan, resynthesise

SPOKEN = "examples/spoken_line.flac"


@pytest.fixture(scope="module")
def spoken(request) -> Audio:
    return read_audio(request.config.rootpath / SPOKEN)


def measure_level_db(audio: Audio) -> float:
    return float(10 * np.log10((audio.samples.astype(np.float64) ** 2).mean()))


def make_note(hertz: float, seconds: float, sample_rate: int, channels: int = 1) -> Audio:
    times = np.arange(round(seconds * sample_rate)) / sample_rate
    wave = sum(np.sin(2 * np.pi * hertz * count * times) / count for count in range(1, 10)) * 0.15
    return Audio(np.tile(wave.astype(np.float32), (channels, 1)), sample_rate)


def copy_synthesise_with_pyworld(audio: Audio) -> Audio:
    """Plain WORLD analysis and synthesis, as the baseline."""
    wave = audio.samples[0].astype(np.float64)
    coarse, times = pyworld.dio(wave, audio.sample_rate)
    hertz = pyworld.stonemask(wave, coarse, times, audio.sample_rate)
    envelope = pyworld.cheaptrick(wave, hertz, times, audio.sample_rate)
    again = pyworld.synthesize(hertz, envelope, pyworld.d4c(wave, hertz, times, audio.sample_rate), audio.sample_rate)
    return audio.with_samples(again[None, : audio.frames].astype(np.float32))


@pytest.mark.parametrize("rate", WORLD_SAMPLE_RATES)
def test_identity_resynthesis_is_as_close_as_plain_world(spoken, rate):
    audio = spoken.slice(0, 40_000).resample(rate)
    pitch = estimate_world_pitch(audio)
    again = resynthesise(audio, make_identity_plan(audio, pitch))
    errors = pitch_errors(pitch, estimate_world_pitch(again))
    assert again.frames == audio.frames
    distance = mcd_db(audio, again)
    assert distance < 3.5
    assert distance < mcd_db(audio, copy_synthesise_with_pyworld(audio)) + 0.1
    assert errors.correlation > 0.95
    assert errors.voicing < 0.12
    assert measure_level_db(again) == pytest.approx(measure_level_db(audio), abs=1.0)


@pytest.mark.parametrize(("rate", "nearest"), [(8_000, 16_000), (16_000, 16_000), (32_000, 44_100), (96_000, 44_100)])
def test_other_sample_rates_use_the_next_supported_one(spoken, rate, nearest):
    assert choose_world_sample_rate(rate) == nearest
    audio = spoken.resample(rate).slice(0, rate + 7)
    again = resynthesise(audio, make_identity_plan(audio, estimate_world_pitch(audio)))
    assert (again.sample_rate, again.frames) == (rate, audio.frames)


@pytest.mark.parametrize("hertz", [90.0, 220.0, 660.0])
def test_note_keeps_its_level(hertz):
    """Plain WORLD makes high voices louder."""
    note = make_note(hertz, 1.0, 24_000)
    again = synthesise_world(extract_world_features(note), note.frames)
    assert measure_level_db(again.slice(6_000, 18_000)) == pytest.approx(measure_level_db(note), abs=0.4)


@pytest.mark.parametrize(("dimensions", "worst_db"), [(36, 2.8), (60, 1.7)])
def test_coded_envelope_is_close_to_the_full_one(spoken, dimensions, worst_db):
    features = extract_world_features(spoken)
    coded = encode_envelope(features, dimensions)
    assert coded.shape == (len(features.hertz), dimensions)
    whole = 10 * np.log10(features.envelope)
    error = np.abs(10 * np.log10(decode_envelope(coded, features.sample_rate)) - whole)
    assert np.median(error) < worst_db


def test_log_pitch_is_interpolated_through_unvoiced_frames():
    curve, voiced = interpolate_log_pitch(np.array([0.0, 100.0, 0.0, 400.0, 0.0]))
    np.testing.assert_allclose(np.exp(curve), [100, 100, 200, 400, 400])
    assert voiced.tolist() == [False, True, False, True, False]
    assert not interpolate_log_pitch(np.zeros(3))[1].any()


def test_pitch_interpolation_uses_the_voicing_of_the_nearest_frame():
    np.testing.assert_allclose(
        interpolate_pitch(np.array([100.0, 200.0, 0.0]), np.array([0.5, 1.4, 1.6])), [141.42, 200, 0], rtol=1e-3
    )


def test_half_speed_doubles_the_frames():
    note = extract_world_features(make_note(200, 0.5, 16_000))
    slow = stretch_time(note, np.arange(0, len(note.hertz), 0.5))
    assert len(slow.hertz) == 2 * len(note.hertz)
    assert np.median(slow.hertz) == pytest.approx(200, rel=0.01)


def test_held_note_has_no_seam_at_window_borders():
    """The level neither dips nor jumps, and the waveform is as smooth as elsewhere."""
    rate = 16_000
    note = make_note(200.7, 18.0, rate)
    again = resynthesise(note, make_identity_plan(note, estimate_world_pitch(note))).samples[0].astype(np.float64)
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


def test_stereo_position_is_preserved():
    note = make_note(220, 1.0, 24_000, channels=2)
    panned = note.with_samples(note.samples * np.array([[1.0], [0.25]], np.float32))
    again = resynthesise(panned, make_identity_plan(panned, estimate_world_pitch(panned)))
    left, right = again.samples[:, 5_000:-5_000]
    assert 20 * np.log10(left.std() / right.std()) == pytest.approx(12.04, abs=0.3)
    assert np.corrcoef(left, right)[0, 1] > 0.99
    same = resynthesise(note, make_identity_plan(note, estimate_world_pitch(note)))
    np.testing.assert_array_equal(same.samples[0], same.samples[1])


def test_passthrough_copies_the_source(spoken):
    pitch = estimate_world_pitch(spoken)
    plan = replace(make_identity_plan(spoken, pitch), passthrough=(Passthrough(100, 100, 60),), passthrough_gain=0.5)
    again = resynthesise(spoken, plan)
    inside = slice(round(102 * HOP_SECONDS * spoken.sample_rate), round(158 * HOP_SECONDS * spoken.sample_rate))
    np.testing.assert_allclose(again.samples[0, inside], 0.5 * spoken.samples[0, inside], atol=1e-5)


def test_result_can_be_longer_than_the_source():
    note = make_note(220, 1.0, 24_000)
    pitch = estimate_world_pitch(note)
    source_frames = np.linspace(0, pitch.frames - 1, 3 * pitch.frames)
    plan = ResynthesisPlan(
        pitch, interpolate_pitch(pitch.hertz.astype(float), source_frames), source_frames, frames=72_001
    )
    again = resynthesise(note, plan)
    assert again.frames == 72_001
    pitch_again = estimate_world_pitch(again)
    assert np.median(pitch_again.hertz[pitch_again.voiced]) == pytest.approx(220, rel=0.005)
    assert pitch_again.voiced.mean() > 0.97


def test_feature_change_is_applied(spoken):
    def louder(features: WorldFeatures) -> WorldFeatures:
        return replace(features, envelope=features.envelope * 4)

    plan = make_identity_plan(spoken, estimate_world_pitch(spoken))
    gain = measure_level_db(resynthesise(spoken, replace(plan, change=louder))) - measure_level_db(
        resynthesise(spoken, plan)
    )
    assert gain == pytest.approx(6.02, abs=0.1)


@pytest.mark.parametrize("frames", [1, 100, 5_000])
def test_very_short_audio_keeps_its_length(frames):
    audio = Audio(0.1 * np.random.default_rng(0).standard_normal((2, frames)).astype(np.float32), 22_050)
    again = resynthesise(audio, make_identity_plan(audio, estimate_world_pitch(audio)))
    assert again.samples.shape == audio.samples.shape
    assert np.isfinite(again.samples).all()


def test_silence_stays_silent():
    silence = Audio(np.zeros((1, 22_050), np.float32), 22_050)
    again = resynthesise(silence, make_identity_plan(silence, estimate_world_pitch(silence)))
    assert np.abs(again.samples).max() < 1e-5


def test_cancellation_takes_effect_within_one_window():
    note = make_note(220, 17.0, 16_000)
    plan = make_identity_plan(note, estimate_world_pitch(note))
    fractions = []

    def stop_at_the_second(fraction, message):
        fractions.append(fraction)
        if len(fractions) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        resynthesise(note, plan, progress=stop_at_the_second)
    assert len(fractions) == 2


def test_memory_does_not_depend_on_recording_length():
    """Beyond input and output; WORLD's own memory, which is not measured, is one window's too."""

    def measure_peak_bytes(seconds: int) -> int:
        note = make_note(220, seconds, 16_000)
        plan = make_identity_plan(note, estimate_world_pitch(note))
        tracemalloc.start()
        resynthesise(note, plan)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest - note.samples.nbytes

    assert measure_peak_bytes(27) < 1.1 * measure_peak_bytes(18)


def test_unsupported_sample_rate_or_channels_raise(tone):
    with pytest.raises(ValueError, match="mono"):
        extract_world_features(tone(sample_rate=48_000))


def test_features_that_are_not_finite_are_refused(tone):
    features = extract_world_features(tone(220, sample_rate=16_000))
    for name in ("hertz", "envelope", "aperiodicity"):
        broken = getattr(features, name).copy()
        broken[20:30] = np.nan
        with pytest.raises(UserError, match="values that are not numbers"):
            synthesise_world(replace(features, **{name: broken}), 16_000)


def test_an_f0_far_above_the_sample_rate_does_not_crash(tone):
    """In another process: WORLD reads out of bounds."""
    script = """
import numpy as np
from vc_core.signal.world import WorldFeatures, synthesise_world
features = WorldFeatures(np.full(200, 1e9), np.full((200, 513), 1e-3), np.full((200, 513), 0.1), 16_000)
assert np.isfinite(synthesise_world(features, 16_000).samples).all()
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True)
