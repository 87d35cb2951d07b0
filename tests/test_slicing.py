"""Windows join without a seam and exact to the sample; clips lose nothing that sounds, and never click."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vc_core.audio import Audio
from vc_core.progress import Cancelled
from vc_core.slicing import Clip, ClipRules, Windows, cut_into_clips, process_in_windows, stream_in_windows

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
def test_an_engine_that_changes_nothing_gives_the_same_back(frames, channels, windows):
    audio = noise(frames, channels)
    result = process_in_windows(audio, lambda piece: piece, windows)
    assert result.samples.shape == audio.samples.shape
    np.testing.assert_allclose(result.samples, audio.samples, atol=1e-6)


@given(st.lists(st.integers(1, 5_000), min_size=1, max_size=12), WINDOWS)
def test_it_makes_no_difference_how_a_stream_is_cut_into_blocks(lengths, windows):
    audio = noise(sum(lengths), 2)
    edges = np.cumsum([0, *lengths])
    blocks = [audio.between(int(start), int(stop)) for start, stop in zip(edges, edges[1:], strict=False)]

    def louder(piece: Audio) -> Audio:
        return piece.with_samples(2 * piece.samples)

    streamed = np.concatenate([piece.samples for piece in stream_in_windows(blocks, louder, windows)], axis=1)
    np.testing.assert_array_equal(streamed, process_in_windows(audio, louder, windows).samples)


@given(st.integers(500, 9_000), st.floats(0.05, 0.5))
def test_a_filter_that_reaches_less_far_than_the_context_leaves_no_seam(frames, seconds):
    """A moving average of 101 frames needs 50 frames on both sides; the context has 80."""
    audio = noise(frames)

    def smooth(piece: Audio) -> Audio:
        return piece.with_samples(np.convolve(piece.samples[0], np.ones(101) / 101, "same")[None].astype(np.float32))

    result = process_in_windows(audio, smooth, Windows(seconds, context_seconds=0.01, fade_seconds=0.004))
    np.testing.assert_allclose(result.samples, smooth(audio).samples, atol=1e-6)


@pytest.mark.parametrize("hertz", [110.0, 220.5, 437.3])
def test_windows_of_random_phase_are_aligned(hertz):
    """A vocoder's windows differ in phase: joined as they are, a held note breaks at each border."""
    rate, seconds = 16_000, 6.0
    generator = np.random.default_rng(3)
    silence = Audio(np.zeros((1, round(rate * seconds)), np.float32), rate)

    def vocoder(piece: Audio) -> Audio:
        phase = generator.uniform(0, 2 * np.pi)
        wave = np.sin(2 * np.pi * hertz * np.arange(piece.frames) / rate + phase)
        return piece.with_samples(wave[None].astype(np.float32))

    def dip(windows: Windows) -> float:
        """How far the envelope falls where windows meet, in decibels."""
        samples = process_in_windows(silence, vocoder, windows).samples[0]
        assert len(samples) == silence.frames
        power = np.convolve(samples**2, np.ones(400) / 400, "valid")
        return float(-10 * np.log10(power.min() / 0.5))

    assert dip(Windows(1.0, 0.1, fade_seconds=0.03, align_seconds=0.012)) < 0.5
    assert dip(Windows(1.0, 0.1, fade_seconds=0.03)) > 1.5


def test_alignment_keeps_exact_windows_where_they_are():
    audio = noise(20_000)
    windows = Windows(0.4, 0.1, fade_seconds=0.03, align_seconds=0.02)
    np.testing.assert_allclose(
        process_in_windows(audio, lambda piece: piece, windows).samples, audio.samples, atol=1e-6
    )


def test_an_engine_may_give_more_channels():
    audio = noise(9_000, 2)
    result = process_in_windows(
        audio, lambda piece: piece.with_samples(np.concatenate([piece.samples, -piece.samples])), Windows(0.3, 0.05)
    )
    np.testing.assert_allclose(result.samples, np.concatenate([audio.samples, -audio.samples]), atol=1e-6)


def test_an_engine_that_loses_frames_is_caught():
    with pytest.raises(ValueError, match="frames went in"):
        process_in_windows(noise(9_000), lambda piece: piece.between(1, piece.frames), Windows(0.3, 0.05))


@pytest.mark.parametrize(
    "values", [(0, 0, 0, 0), (1, -1, 0, 0), (1, 0.01, 0.1, 0), (1, 0.1, 0.1, 0.1), (0.01, 1, 0.1, 0)]
)
def test_windows_that_make_no_sense_are_refused(values):
    with pytest.raises(ValueError, match="windows|context|window"):
        Windows(*values)


def test_nothing_to_process_is_refused():
    with pytest.raises(ValueError, match="no frames"):
        process_in_windows(noise(0), lambda piece: piece)


def test_progress_rises_to_the_end_and_tells_the_time():
    steps = []
    process_in_windows(
        noise(RATE * 5), lambda piece: piece, Windows(1.0, 0.1), progress=lambda *step: steps.append(step)
    )
    fractions = [fraction for fraction, _ in steps]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert steps[1][1] == "0:01 / 0:05"


def test_stopping_ends_the_work_within_a_window():
    done = []

    def stop_after_two(fraction, message):
        if len(done) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        process_in_windows(
            noise(RATE * 20), lambda piece: done.append(1) or piece, Windows(1.0, 0.1), progress=stop_after_two
        )
    assert len(done) == 2


def test_memory_depends_on_the_window_and_not_on_the_recording():
    def peak(seconds: int) -> int:
        blocks = (noise(RATE, seed=count) for count in range(seconds))
        tracemalloc.start()
        for piece in stream_in_windows(blocks, lambda piece: piece.with_samples(piece.samples * 2), Windows(2.0, 0.5)):
            assert piece.channels == 1
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(10)
    assert peak(600) < 1.2 * peak(30)


# Clips


def phrases(*parts: tuple[float, float]) -> Audio:
    """A recording of (seconds, level) parts; sound is a tone with a little noise."""
    generator = np.random.default_rng(1)
    pieces = []
    for seconds, level in parts:
        frames = round(seconds * RATE)
        wave = np.sin(2 * np.pi * 220 * np.arange(frames) / RATE) + 0.05 * generator.standard_normal(frames)
        pieces.append(level * wave)
    return Audio(np.concatenate(pieces).astype(np.float32)[None], RATE)


def kept_whole(audio: Audio, clips: list[Clip]) -> np.ndarray:
    """Which frames stand in some clip with their full level."""
    kept = np.zeros(audio.frames, bool)
    for clip in clips:
        here = slice(clip.start, clip.start + clip.audio.frames)
        kept[here] |= np.isclose(clip.audio.samples[0], audio.samples[0, here], atol=1e-6)
    return kept


SPEECH = st.lists(
    st.tuples(st.floats(0.2, 12.0), st.sampled_from([0.3, 0.1]), st.floats(0.05, 6.0)), min_size=1, max_size=8
)


@settings(deadline=None, max_examples=60)
@given(SPEECH)
def test_no_sounding_frame_is_lost_and_no_clip_is_too_long(spoken):
    audio = phrases(*[part for seconds, level, pause in spoken for part in ((seconds, level), (pause, 0.0))])
    rules = ClipRules()
    clips = cut_into_clips(audio, rules)
    sounding = np.abs(audio.samples[0]) > 10 ** (rules.threshold_db / 20)
    assert kept_whole(audio, clips)[sounding].all()
    assert all(clip.audio.seconds <= rules.max_seconds for clip in clips)


@settings(deadline=None, max_examples=30)
@given(SPEECH)
def test_every_cut_fades(spoken):
    audio = phrases(*[part for seconds, level, pause in spoken for part in ((seconds, level), (pause, 0.0))])
    for clip in cut_into_clips(audio):
        if clip.start > 0:
            assert abs(clip.audio.samples[0, 0]) < 1e-3
        if clip.start + clip.audio.frames < audio.frames:
            assert abs(clip.audio.samples[0, -1]) < 1e-3


def test_speech_with_pauses_is_cut_in_the_pauses():
    audio = phrases(*[(4.0, 0.3), (0.8, 0.0)] * 9)
    clips = cut_into_clips(audio)
    assert all(10 <= clip.audio.seconds <= 15 for clip in clips[:-1])
    for clip in clips[1:]:
        into_phrase = (clip.start / RATE) % 4.8
        assert into_phrase > 4.0  # the clip starts within a pause


def test_a_singer_who_never_pauses_is_cut_where_it_is_quietest():
    """The level dips every four seconds, and never to silence."""
    seconds = 60
    times = np.arange(seconds * RATE) / RATE
    level = 0.3 - 0.2 * np.exp(-(((times % 4) - 2) ** 2) / 0.02)
    audio = Audio((level * np.sin(2 * np.pi * 220 * times)).astype(np.float32)[None], RATE)
    clips = cut_into_clips(audio)
    assert len(clips) >= 4
    for clip in clips[1:]:
        assert abs((clip.start / RATE) % 4 - 2) < 0.1
    assert kept_whole(audio, clips).all()


def test_long_silence_stays_outside():
    clips = cut_into_clips(phrases((30.0, 0.0), (11.0, 0.3), (30.0, 0.0)))
    assert len(clips) == 1
    assert 11.0 <= clips[0].audio.seconds <= 12.1
    assert abs(clips[0].start / RATE - 29.5) < 0.1


def test_silence_alone_gives_no_clip():
    assert cut_into_clips(phrases((20.0, 0.0))) == []


def test_clips_of_other_lengths_can_be_asked_for():
    rules = ClipRules(min_seconds=2.0, max_seconds=4.0, min_silence_seconds=0.1, kept_silence_seconds=0.05)
    clips = cut_into_clips(phrases(*[(1.5, 0.3), (0.2, 0.0)] * 10), rules)
    assert all(clip.audio.seconds <= 4.0 for clip in clips)
    assert len(clips) >= 5


@pytest.mark.parametrize("values", [{"min_seconds": 20.0}, {"hop_seconds": 0.0}, {"kept_silence_seconds": -1.0}])
def test_rules_that_make_no_sense_are_refused(values):
    with pytest.raises(ValueError, match="lengths|silences"):
        ClipRules(**values)


@given(st.integers(1, 30_000), st.lists(st.integers(1, 7_000), min_size=1, max_size=8))
@settings(deadline=None)
def test_windows_that_fade_their_own_ends_are_summed_exactly(frames, lengths):
    """An overlap-add in segments of 16 hops: each window lacks what its neighbours add to it."""
    hop, size, segment = 256, 1024, 4096
    windows = Windows(segment / RATE, size / RATE, 2 * size / RATE, added=True, starts_in_silence=True)
    hann = np.sin(np.pi * np.arange(size) / size) ** 2 / 2

    def overlap_add(piece: Audio) -> Audio:
        hops = segment // hop if piece.frames == segment + 2 * size else -(-piece.frames // hop)
        padded = np.pad(piece.samples[0], (0, hops * hop + size))
        result = np.zeros(hops * hop + size)
        for at in range(0, hops * hop, hop):
            result[at : at + size] += padded[at : at + size] * hann
        result = np.pad(result, (0, max(0, piece.frames - len(result))))[: piece.frames]
        return piece.with_samples(result[None].astype(np.float32))

    audio = noise(frames)
    edges = np.cumsum([0, *lengths, frames])
    blocks = [audio.between(int(a), int(b)) for a, b in zip(edges, edges[1:], strict=False) if a < frames]
    blocks = [block for block in blocks if block.frames]
    together = np.concatenate([piece.samples for piece in stream_in_windows(blocks, overlap_add, windows)], axis=1)
    assert together.shape == (1, min(frames, int(edges[-1])))
    np.testing.assert_allclose(together, audio.samples[:, : together.shape[1]], atol=1e-6)
