"""Windowed processing: sample-exact lengths, cross-fade and overlap-add without seams, phase alignment, memory."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vc_core.audio import Audio
from vc_core.progress import Cancelled
from vc_core.signal.windows import Windows, process_in_windows, stream_in_windows

RATE = 8_000


def noise(frames: int, channels: int = 1, seed: int = 0) -> Audio:
    generator = np.random.default_rng(seed)
    return Audio(generator.uniform(-0.5, 0.5, (channels, frames)).astype(np.float32), RATE)


WINDOWS = st.builds(
    lambda seconds, context, fade: Windows(seconds, context, min(fade, context, seconds)),
    st.floats(0.01, 1.0),
    st.floats(0.0, 0.3),
    st.floats(0.0, 0.1),
)


@given(st.integers(1, 20_000), st.integers(1, 2), WINDOWS)
def test_identity_process_returns_the_input(frames, channels, windows):
    audio = noise(frames, channels)
    result = process_in_windows(audio, lambda window: window, windows)
    assert result.samples.shape == audio.samples.shape
    np.testing.assert_allclose(result.samples, audio.samples, atol=1e-6)


@given(st.lists(st.integers(1, 5_000), min_size=1, max_size=12), WINDOWS)
def test_result_does_not_depend_on_block_sizes(lengths, windows):
    audio = noise(sum(lengths), 2)
    edges = np.cumsum([0, *lengths])
    blocks = [audio.slice(int(start), int(stop)) for start, stop in zip(edges, edges[1:], strict=False)]

    def double(window: Audio) -> Audio:
        return window.with_samples(2 * window.samples)

    streamed = np.concatenate([window.samples for window in stream_in_windows(blocks, double, windows)], axis=1)
    np.testing.assert_array_equal(streamed, process_in_windows(audio, double, windows).samples)


@given(st.integers(500, 9_000), st.floats(0.05, 0.5))
def test_no_seam_if_the_context_covers_the_receptive_field(frames, seconds):
    """A moving average of 101 frames needs 50 frames on both sides; the context has 80."""
    audio = noise(frames)

    def smooth(window: Audio) -> Audio:
        return window.with_samples(np.convolve(window.samples[0], np.ones(101) / 101, "same")[None].astype(np.float32))

    result = process_in_windows(audio, smooth, Windows(seconds, context_seconds=0.01, fade_seconds=0.004))
    np.testing.assert_allclose(result.samples, smooth(audio).samples, atol=1e-6)


@pytest.mark.parametrize("hertz", [110.0, 220.5, 437.3])
def test_windows_of_random_phase_are_aligned(hertz):
    """Vocoder windows differ in phase: without alignment, a held note dips at each border."""
    rate, seconds = 16_000, 6.0
    generator = np.random.default_rng(3)
    silence = Audio(np.zeros((1, round(rate * seconds)), np.float32), rate)

    def vocoder(window: Audio) -> Audio:
        phase = generator.uniform(0, 2 * np.pi)
        wave = np.sin(2 * np.pi * hertz * np.arange(window.frames) / rate + phase)
        return window.with_samples(wave[None].astype(np.float32))

    def level_dip_db(windows: Windows) -> float:
        """Drop of the envelope at window borders."""
        samples = process_in_windows(silence, vocoder, windows).samples[0]
        assert len(samples) == silence.frames
        power = np.convolve(samples**2, np.ones(400) / 400, "valid")
        return float(-10 * np.log10(power.min() / 0.5))

    assert level_dip_db(Windows(1.0, 0.1, fade_seconds=0.03, align_seconds=0.012)) < 0.5
    assert level_dip_db(Windows(1.0, 0.1, fade_seconds=0.03)) > 1.5


def test_alignment_does_not_shift_windows_already_in_phase():
    audio = noise(20_000)
    windows = Windows(0.4, 0.1, fade_seconds=0.03, align_seconds=0.02)
    np.testing.assert_allclose(
        process_in_windows(audio, lambda window: window, windows).samples, audio.samples, atol=1e-6
    )


def test_process_may_change_the_channel_count():
    audio = noise(9_000, 2)
    result = process_in_windows(
        audio, lambda window: window.with_samples(np.concatenate([window.samples, -window.samples])), Windows(0.3, 0.05)
    )
    np.testing.assert_allclose(result.samples, np.concatenate([audio.samples, -audio.samples]), atol=1e-6)


def test_process_that_loses_frames_raises():
    with pytest.raises(ValueError, match="frames went in"):
        process_in_windows(noise(9_000), lambda window: window.slice(1, window.frames), Windows(0.3, 0.05))


@pytest.mark.parametrize(
    "values", [(0, 0, 0, 0), (1, -1, 0, 0), (1, 0.01, 0.1, 0), (1, 0.1, 0.1, 0.1), (0.01, 1, 0.1, 0)]
)
def test_invalid_window_sizes_raise(values):
    with pytest.raises(ValueError, match="windows|context|window"):
        Windows(*values)


def test_empty_audio_raises():
    with pytest.raises(ValueError, match="no frames"):
        process_in_windows(noise(0), lambda window: window)


def test_progress_is_monotonic_and_reports_the_position():
    updates = []
    process_in_windows(
        noise(RATE * 5), lambda window: window, Windows(1.0, 0.1), progress=lambda *step: updates.append(step)
    )
    fractions = [fraction for fraction, _ in updates]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert updates[1][1] == "0:01 / 0:05"


def test_cancellation_takes_effect_within_one_window():
    done = []

    def stop_after_two(fraction, message):
        if len(done) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        process_in_windows(
            noise(RATE * 20), lambda window: done.append(1) or window, Windows(1.0, 0.1), progress=stop_after_two
        )
    assert len(done) == 2


def test_memory_does_not_depend_on_recording_length():
    def peak_bytes(seconds: int) -> int:
        blocks = (noise(RATE, seed=count) for count in range(seconds))
        tracemalloc.start()
        for window in stream_in_windows(
            blocks, lambda window: window.with_samples(window.samples * 2), Windows(2.0, 0.5)
        ):
            assert window.channels == 1
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak_bytes(10)
    assert peak_bytes(600) < 1.2 * peak_bytes(30)


@given(st.integers(1, 30_000), st.lists(st.integers(1, 7_000), min_size=1, max_size=8))
@settings(deadline=None)
def test_overlap_add_of_self_windowed_output_is_exact(frames, lengths):
    """STFT overlap-add in segments of 16 hops: each window lacks its neighbours' contributions at its ends."""
    hop, size, segment = 256, 1024, 4096
    windows = Windows(segment / RATE, size / RATE, 2 * size / RATE, overlap_add=True, leading_silence=True)
    hann = np.sin(np.pi * np.arange(size) / size) ** 2 / 2

    def overlap_add(window: Audio) -> Audio:
        hops = segment // hop if window.frames == segment + 2 * size else -(-window.frames // hop)
        padded = np.pad(window.samples[0], (0, hops * hop + size))
        result = np.zeros(hops * hop + size)
        for at in range(0, hops * hop, hop):
            result[at : at + size] += padded[at : at + size] * hann
        result = np.pad(result, (0, max(0, window.frames - len(result))))[: window.frames]
        return window.with_samples(result[None].astype(np.float32))

    audio = noise(frames)
    edges = np.cumsum([0, *lengths, frames])
    blocks = [audio.slice(int(a), int(b)) for a, b in zip(edges, edges[1:], strict=False) if a < frames]
    blocks = [block for block in blocks if block.frames]
    streamed = np.concatenate([window.samples for window in stream_in_windows(blocks, overlap_add, windows)], axis=1)
    assert streamed.shape == (1, min(frames, int(edges[-1])))
    np.testing.assert_allclose(streamed, audio.samples[:, : streamed.shape[1]], atol=1e-6)
