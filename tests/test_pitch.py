"""Pitch is found to within cents, at the time it sounds, and its repairs mend nothing that is right."""

import numpy as np
import pytest
import pyworld

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.pitch import (
    Pitch,
    find_pitch,
    find_pitch_in_blocks,
    pitch_range,
    smoothed,
    voiced_stretches,
    without_octave_errors,
)
from vc_core.progress import Cancelled


def voice(hertz: np.ndarray, sample_rate: int, channels: int = 1) -> Audio:
    """Seven harmonics of a pitch given for each sample."""
    phase = 2 * np.pi * np.cumsum(hertz) / sample_rate
    wave = sum(np.sin(count * phase) / count for count in range(1, 8)) * 0.2
    return Audio(np.tile(wave.astype(np.float32), (channels, 1)), sample_rate)


def pitch_of(hertz: list[float]) -> Pitch:
    values = np.array(hertz, np.float32)
    return Pitch(values, (values > 0).astype(np.float32), 0.005)


def cents(heard: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    return 1200 * np.log2(heard / wanted)


@pytest.mark.parametrize("method", ["dio", "harvest"])
@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 22_050, 44_100, 96_000])
def test_a_glide_is_followed_within_cents_at_every_rate(method, sample_rate):
    wanted = np.geomspace(100, 400, sample_rate)
    pitch = find_pitch(voice(wanted, sample_rate, channels=2), method)
    at = np.arange(20, pitch.frames - 20)
    inside = at[pitch.voiced[at]]
    assert len(inside) > 0.95 * len(at)
    true = wanted[np.round(inside * pitch.hop_seconds * sample_rate).astype(int)]
    assert np.percentile(np.abs(cents(pitch.hertz[inside], true)), 95) < 10
    assert np.median(pitch.confidence[inside]) > 0.95


@pytest.mark.parametrize("frames", [0, 1, 99, 2_205, 22_050, 22_051, 44_099])
@pytest.mark.parametrize("hop_seconds", [0.005, 0.01, 512 / 44_100])
def test_there_are_as_many_frames_as_world_makes(frames, hop_seconds):
    audio = Audio(np.zeros((1, frames), np.float32), 22_050)
    wave = np.zeros(max(frames, 1_000))
    expected = int(frames / 22_050 / hop_seconds) + 1
    assert find_pitch(audio, hop_seconds=hop_seconds).frames == expected
    if frames >= 1_000:
        assert len(pyworld.dio(wave, 22_050, frame_period=hop_seconds * 1000)[0]) == expected


def test_silence_and_noise_are_not_voiced():
    noise = 0.1 * np.random.default_rng(0).standard_normal((1, 44_100)).astype(np.float32)
    assert not find_pitch(Audio(np.zeros_like(noise), 44_100)).voiced.any()
    heard = find_pitch(Audio(noise, 44_100))
    assert heard.voiced.mean() < 0.2
    assert (heard.confidence[~heard.voiced] == 0).all()


def test_a_long_recording_is_heard_in_pieces_without_a_seam():
    sample_rate = 8_000
    wanted = 200 * 2 ** (0.5 * np.sin(2 * np.pi * np.arange(70 * sample_rate) / sample_rate / 7))
    pitch = find_pitch(voice(wanted, sample_rate))
    assert pitch.voiced[10:-10].all()
    inside = slice(10, pitch.frames - 10)
    true = wanted[np.arange(pitch.frames - 1)[inside] * 40]
    assert np.abs(cents(pitch.hertz[inside], true)).max() < 15


def test_looking_for_pitch_can_be_stopped(tone):
    def stop(fraction, message):
        raise Cancelled

    with pytest.raises(Cancelled):
        find_pitch(tone(220), progress=stop)


def test_short_octave_errors_are_mended_and_the_rest_is_left():
    true = np.geomspace(180, 240, 200)
    wrong = true.copy()
    wrong[:5] *= 2
    wrong[40:52] *= 2
    wrong[120:130] /= 2
    wrong[160:170] = 0
    true[160:170] = 0
    np.testing.assert_allclose(without_octave_errors(pitch_of(wrong)).hertz, true, rtol=1e-5)


def test_a_sung_octave_stays():
    sung = [220.0] * 100 + [440.0] * 100
    np.testing.assert_array_equal(without_octave_errors(pitch_of(sung)).hertz, np.float32(sung))


def test_smoothing_removes_a_spike_and_leaves_what_is_unvoiced():
    values = [0.0] * 10 + [200.0] * 20 + [300.0] + [200.0] * 20 + [0.0] * 10
    mended = smoothed(pitch_of(values)).hertz
    assert (mended[10:51] == 200).all()
    assert (mended[:10] == 0).all()
    assert (mended[51:] == 0).all()


def test_stretches_are_where_the_voice_does_not_break_off():
    assert voiced_stretches(pitch_of([0, 1, 1, 0, 0, 2])) == [(1, 3), (5, 6)]
    assert voiced_stretches(pitch_of([0, 0])) == []


def test_the_range_ignores_a_few_wrong_frames():
    low, high = pitch_range(pitch_of([1000.0] * 2 + list(np.linspace(100, 200, 100)) + [50.0] * 2 + [0.0] * 50))
    assert 100 <= low < 110
    assert 190 < high <= 200


def test_a_recording_without_a_voice_has_no_range():
    with pytest.raises(UserError, match="No voice"):
        pitch_range(pitch_of([0.0] * 10))


def test_an_unknown_method_is_named_in_a_sentence(tone):
    with pytest.raises(UserError, match="called “ear”"):
        find_pitch(tone(), "ear")


def test_a_long_stream_of_blocks_gives_what_the_whole_gives(monkeypatch):
    monkeypatch.setattr("vc_core.pitch.PIECE_SECONDS", 2.0)
    times = np.arange(round(7.3 * 16_000)) / 16_000
    glide = Audio(np.sin(2 * np.pi * (200 * times + 10 * times**2))[None].astype(np.float32), 16_000)
    whole = find_pitch(glide)
    blocks = [glide.between(start, start + 10_007) for start in range(0, glide.frames, 10_007)]
    streamed = find_pitch_in_blocks(blocks)
    np.testing.assert_array_equal(streamed.hertz, whole.hertz)
    np.testing.assert_array_equal(streamed.confidence, whole.confidence)


@pytest.mark.parametrize("method", ["dio", "harvest"])
@pytest.mark.parametrize("hertz", [220.0, 330.0, 600.0])
def test_a_faint_rest_of_a_bass_is_not_the_voice(method, hertz):
    """Separation leaves such: 35 dB below the voice, and WORLD's methods alone would follow it throughout."""
    times = np.arange(2 * 16_000) / 16_000
    voice = sum(np.sin(2 * np.pi * hertz * partial * times + partial**2) / partial**1.5 for partial in range(1, 9))
    bass = 10 ** (-35 / 20) * np.sin(2 * np.pi * 54.8 * times)
    found = find_pitch(Audio(0.2 * (voice + bass)[None].astype(np.float32), 16_000), method)
    cents = 1200 * np.abs(np.log2(found.hertz[found.voiced] / hertz))
    assert found.voiced.mean() > 0.9
    assert (cents < 50).mean() > 0.9
