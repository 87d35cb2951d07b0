"""F0 is accurate to cents and in time; octave error correction and smoothing change only errors."""

import numpy as np
import pytest
import pyworld

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.progress import Cancelled
from vc_core.signal.pitch import (
    Pitch,
    correct_octave_errors,
    estimate_pitch,
    estimate_pitch_of_blocks,
    find_voiced_segments,
    measure_pitch_range,
    smooth_pitch,
)


def make_voice(hertz: np.ndarray, sample_rate: int, channels: int = 1) -> Audio:
    """Seven harmonics of an F0 given per sample."""
    phase = 2 * np.pi * np.cumsum(hertz) / sample_rate
    wave = sum(np.sin(count * phase) / count for count in range(1, 8)) * 0.2
    return Audio(np.tile(wave.astype(np.float32), (channels, 1)), sample_rate)


def make_pitch(hertz: list[float]) -> Pitch:
    values = np.array(hertz, np.float32)
    return Pitch(values, (values > 0).astype(np.float32), 0.005)


def cents_between(estimated: np.ndarray, true: np.ndarray) -> np.ndarray:
    return 1200 * np.log2(estimated / true)


@pytest.mark.parametrize("method", ["dio", "harvest"])
@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 22_050, 44_100, 96_000])
def test_glide_is_accurate_to_cents_at_every_sample_rate(method, sample_rate):
    true_hz = np.geomspace(100, 400, sample_rate)
    pitch = estimate_pitch(make_voice(true_hz, sample_rate, channels=2), method)
    at = np.arange(20, pitch.frames - 20)
    inside = at[pitch.voiced[at]]
    assert len(inside) > 0.95 * len(at)
    true = true_hz[np.round(inside * pitch.hop_seconds * sample_rate).astype(int)]
    assert np.percentile(np.abs(cents_between(pitch.hertz[inside], true)), 95) < 10
    assert np.median(pitch.confidence[inside]) > 0.95


@pytest.mark.parametrize("frames", [0, 1, 99, 2_205, 22_050, 22_051, 44_099])
@pytest.mark.parametrize("hop_seconds", [0.005, 0.01, 512 / 44_100])
def test_frame_count_equals_worlds(frames, hop_seconds):
    audio = Audio(np.zeros((1, frames), np.float32), 22_050)
    wave = np.zeros(max(frames, 1_000))
    expected = int(frames / 22_050 / hop_seconds) + 1
    assert estimate_pitch(audio, hop_seconds=hop_seconds).frames == expected
    if frames >= 1_000:
        assert len(pyworld.dio(wave, 22_050, frame_period=hop_seconds * 1000)[0]) == expected


def test_silence_and_noise_are_unvoiced():
    noise = 0.1 * np.random.default_rng(0).standard_normal((1, 44_100)).astype(np.float32)
    assert not estimate_pitch(Audio(np.zeros_like(noise), 44_100)).voiced.any()
    pitch = estimate_pitch(Audio(noise, 44_100))
    assert pitch.voiced.mean() < 0.2
    assert (pitch.confidence[~pitch.voiced] == 0).all()


def test_long_recording_has_no_seam_between_windows():
    sample_rate = 8_000
    true_hz = 200 * 2 ** (0.5 * np.sin(2 * np.pi * np.arange(70 * sample_rate) / sample_rate / 7))
    pitch = estimate_pitch(make_voice(true_hz, sample_rate))
    assert pitch.voiced[10:-10].all()
    inside = slice(10, pitch.frames - 10)
    true = true_hz[np.arange(pitch.frames - 1)[inside] * 40]
    assert np.abs(cents_between(pitch.hertz[inside], true)).max() < 15


def test_estimation_can_be_cancelled(tone):
    def stop(fraction, message):
        raise Cancelled

    with pytest.raises(Cancelled):
        estimate_pitch(tone(220), progress=stop)


def test_short_octave_errors_are_corrected():
    true = np.geomspace(180, 240, 200)
    wrong = true.copy()
    wrong[:5] *= 2
    wrong[40:52] *= 2
    wrong[120:130] /= 2
    wrong[160:170] = 0
    true[160:170] = 0
    np.testing.assert_allclose(correct_octave_errors(make_pitch(wrong)).hertz, true, rtol=1e-5)


def test_sung_octave_is_not_an_octave_error():
    sung = [220.0] * 100 + [440.0] * 100
    np.testing.assert_array_equal(correct_octave_errors(make_pitch(sung)).hertz, np.float32(sung))


def test_smoothing_removes_a_spike_and_keeps_unvoiced_frames():
    values = [0.0] * 10 + [200.0] * 20 + [300.0] + [200.0] * 20 + [0.0] * 10
    smoothed = smooth_pitch(make_pitch(values)).hertz
    assert (smoothed[10:51] == 200).all()
    assert (smoothed[:10] == 0).all()
    assert (smoothed[51:] == 0).all()


def test_voiced_segments():
    assert find_voiced_segments(make_pitch([0, 1, 1, 0, 0, 2])) == [(1, 3), (5, 6)]
    assert find_voiced_segments(make_pitch([0, 0])) == []


def test_pitch_range_ignores_outliers():
    low, high = measure_pitch_range(
        make_pitch([1000.0] * 2 + list(np.linspace(100, 200, 100)) + [50.0] * 2 + [0.0] * 50)
    )
    assert 100 <= low < 110
    assert 190 < high <= 200


def test_pitch_range_of_an_unvoiced_recording_raises():
    with pytest.raises(UserError, match="No voice"):
        measure_pitch_range(make_pitch([0.0] * 10))


def test_unknown_method_raises(tone):
    with pytest.raises(UserError, match="no engine “ear”"):
        estimate_pitch(tone(), "ear")


def test_streaming_blocks_equals_the_whole(monkeypatch):
    monkeypatch.setattr("vc_core.signal.pitch.WINDOW_SECONDS", 2.0)
    times = np.arange(round(7.3 * 16_000)) / 16_000
    glide = Audio(np.sin(2 * np.pi * (200 * times + 10 * times**2))[None].astype(np.float32), 16_000)
    whole = estimate_pitch(glide)
    blocks = [glide.slice(start, start + 10_007) for start in range(0, glide.frames, 10_007)]
    streamed = estimate_pitch_of_blocks(blocks)
    np.testing.assert_array_equal(streamed.hertz, whole.hertz)
    np.testing.assert_array_equal(streamed.confidence, whole.confidence)


@pytest.mark.parametrize("method", ["dio", "harvest"])
@pytest.mark.parametrize("hertz", [220.0, 330.0, 600.0])
def test_faint_bass_residue_is_not_taken_for_the_voice(method, hertz):
    """As source separation leaves it, 35 dB below the voice; WORLD alone would follow it throughout."""
    times = np.arange(2 * 16_000) / 16_000
    voice = sum(np.sin(2 * np.pi * hertz * partial * times + partial**2) / partial**1.5 for partial in range(1, 9))
    bass = 10 ** (-35 / 20) * np.sin(2 * np.pi * 54.8 * times)
    found = estimate_pitch(Audio(0.2 * (voice + bass)[None].astype(np.float32), 16_000), method)
    cents = 1200 * np.abs(np.log2(found.hertz[found.voiced] / hertz))
    assert found.voiced.mean() > 0.9
    assert (cents < 50).mean() > 0.9
