"""Cutting recordings into training clips: nothing audible is lost, cuts are at silences, and cuts don't click."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vc_core.audio import Audio
from vc_core.signal.clips import Clip, ClipRules, cut_into_clips

SAMPLE_RATE = 8_000


def make_recording(*segments: tuple[float, float]) -> Audio:
    """Segments of (seconds, level) of a tone with a little noise."""
    generator = np.random.default_rng(1)
    waves = []
    for seconds, level in segments:
        frames = round(seconds * SAMPLE_RATE)
        wave = np.sin(2 * np.pi * 220 * np.arange(frames) / SAMPLE_RATE) + 0.05 * generator.standard_normal(frames)
        waves.append(level * wave)
    return Audio(np.concatenate(waves).astype(np.float32)[None], SAMPLE_RATE)


def find_frames_at_full_level(audio: Audio, clips: list[Clip]) -> np.ndarray:
    """Mask of the frames that some clip contains without a fade."""
    is_full = np.zeros(audio.frames, bool)
    for clip in clips:
        span = slice(clip.start, clip.start + clip.audio.frames)
        is_full[span] |= np.isclose(clip.audio.samples[0], audio.samples[0, span], atol=1e-6)
    return is_full


SPEECH = st.lists(
    st.tuples(st.floats(0.2, 12.0), st.sampled_from([0.3, 0.1]), st.floats(0.05, 6.0)), min_size=1, max_size=8
)


@settings(deadline=None, max_examples=60)
@given(SPEECH)
def test_no_audible_frame_is_lost_and_no_clip_is_too_long(spoken):
    audio = make_recording(
        *[segment for seconds, level, pause in spoken for segment in ((seconds, level), (pause, 0.0))]
    )
    rules = ClipRules()
    clips = cut_into_clips(audio, rules)
    is_audible = np.abs(audio.samples[0]) > 10 ** (rules.threshold_db / 20)
    assert find_frames_at_full_level(audio, clips)[is_audible].all()
    assert all(clip.audio.seconds <= rules.max_seconds for clip in clips)


@settings(deadline=None, max_examples=30)
@given(SPEECH)
def test_every_cut_is_faded(spoken):
    audio = make_recording(
        *[segment for seconds, level, pause in spoken for segment in ((seconds, level), (pause, 0.0))]
    )
    for clip in cut_into_clips(audio):
        if clip.start > 0:
            assert abs(clip.audio.samples[0, 0]) < 1e-3
        if clip.start + clip.audio.frames < audio.frames:
            assert abs(clip.audio.samples[0, -1]) < 1e-3


def test_cuts_are_in_the_pauses():
    audio = make_recording(*[(4.0, 0.3), (0.8, 0.0)] * 9)
    clips = cut_into_clips(audio)
    assert all(10 <= clip.audio.seconds <= 15 for clip in clips[:-1])
    for clip in clips[1:]:
        seconds_in_phrase = (clip.start / SAMPLE_RATE) % 4.8
        assert seconds_in_phrase > 4.0  # the clip starts within a pause


def test_without_pauses_cuts_are_at_the_quietest_hop():
    """The level dips every four seconds, and never to silence."""
    seconds = 60
    times = np.arange(seconds * SAMPLE_RATE) / SAMPLE_RATE
    level = 0.3 - 0.2 * np.exp(-(((times % 4) - 2) ** 2) / 0.02)
    audio = Audio((level * np.sin(2 * np.pi * 220 * times)).astype(np.float32)[None], SAMPLE_RATE)
    clips = cut_into_clips(audio)
    assert len(clips) >= 4
    for clip in clips[1:]:
        assert abs((clip.start / SAMPLE_RATE) % 4 - 2) < 0.1
    assert find_frames_at_full_level(audio, clips).all()


def test_long_silence_is_excluded():
    clips = cut_into_clips(make_recording((30.0, 0.0), (11.0, 0.3), (30.0, 0.0)))
    assert len(clips) == 1
    assert 11.0 <= clips[0].audio.seconds <= 12.1
    assert abs(clips[0].start / SAMPLE_RATE - 29.5) < 0.1


def test_silence_gives_no_clip():
    assert cut_into_clips(make_recording((20.0, 0.0))) == []


def test_clip_lengths_are_configurable():
    rules = ClipRules(min_seconds=2.0, max_seconds=4.0, min_silence_seconds=0.1, retained_silence_seconds=0.05)
    clips = cut_into_clips(make_recording(*[(1.5, 0.3), (0.2, 0.0)] * 10), rules)
    assert all(clip.audio.seconds <= 4.0 for clip in clips)
    assert len(clips) >= 5


@pytest.mark.parametrize("values", [{"min_seconds": 20.0}, {"hop_seconds": 0.0}, {"retained_silence_seconds": -1.0}])
def test_invalid_rules_raise(values):
    with pytest.raises(ValueError, match="lengths|silences"):
        ClipRules(**values)
