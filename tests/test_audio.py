"""Audio validates its samples; resampling preserves length, pitch and level, also across blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vc_core.audio import Audio, Resampler, format_clock, join_blocks, resample_blocks

SAMPLE_RATES = (8_000, 16_000, 22_050, 44_100, 48_000, 96_000)


@pytest.mark.parametrize(
    ("samples", "rate"),
    [
        (np.zeros(10, np.float32), 44_100),
        (np.zeros((1, 10), np.float64), 44_100),
        (np.zeros((1, 10), np.float32), 4_000),
        (np.zeros((1, 10), np.float32), 400_000),
    ],
)
def test_invalid_audio_raises(samples, rate):
    with pytest.raises(ValueError, match=r"samples must be|out of range"):
        Audio(samples, rate)


def test_mono_is_the_mean_of_the_channels(tone):
    stereo = Audio(np.stack([tone(200).samples[0], tone(300).samples[0]]), 44_100)
    np.testing.assert_allclose(stereo.to_mono().samples[0], stereo.samples.mean(axis=0), atol=1e-7)


@given(st.integers(1, 30_000), st.sampled_from(SAMPLE_RATES), st.sampled_from(SAMPLE_RATES), st.integers(1, 2))
def test_resampled_length_is_the_nearest_frame(frames, old, new, channels):
    resampled = Audio(np.zeros((channels, frames), np.float32), old).resample(new)
    assert resampled.frames == round(frames * new / old)
    assert (resampled.channels, resampled.sample_rate) == (channels, new)


@pytest.mark.parametrize("rate", [16_000, 48_000, 96_000])
def test_resampling_preserves_pitch_and_level(tone, rate):
    resampled = tone(1000, seconds=2).resample(rate)
    expected = tone(1000, seconds=2, sample_rate=rate)
    middle = slice(rate // 4, -rate // 4)
    error = resampled.samples[0, middle] - expected.samples[0, middle]
    assert 20 * np.log10(np.abs(error).max() / 0.5) < -90


@given(
    st.lists(st.integers(1, 9_000), min_size=1, max_size=8),
    st.sampled_from(SAMPLE_RATES),
    st.sampled_from(SAMPLE_RATES),
)
def test_streaming_resampler_equals_resampling_the_whole(lengths, old, new):
    noise = Audio(np.random.default_rng(0).uniform(-0.5, 0.5, (2, sum(lengths))).astype(np.float32), old)
    edges = np.cumsum([0, *lengths])
    blocks = [noise.slice(int(start), int(stop)) for start, stop in zip(edges, edges[1:], strict=False)]
    whole = noise.resample(new)
    if not whole.frames:
        return
    streamed = join_blocks(resample_blocks(blocks, new))
    assert streamed.frames == whole.frames
    np.testing.assert_allclose(streamed.samples, whole.samples, atol=1e-4)


def test_resampler_without_input_has_no_output():
    assert list(Resampler(16_000).finish()) == []


def test_clock_shows_minutes_and_seconds():
    assert [format_clock(seconds) for seconds in (0, 59.9, 60, 3725)] == ["0:00", "0:59", "1:00", "62:05"]
