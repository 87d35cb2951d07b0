"""Reverb estimation recovers decay time and wet level of synthetic rooms; a dry voice has none."""

import numpy as np
import pytest
from scipy.signal import fftconvolve

from vc_core.audio import Audio, join_blocks
from vc_core.signal.reverb import Reverb, apply_reverb, compute_missing_reverb, estimate_reverb

RATE = 16_000


def make_dry_singing(seed: int, seconds: int = 24) -> np.ndarray:
    """Notes with harmonics and vibrato, and pauses of various lengths."""
    rng, samples, at = np.random.default_rng(seed), np.zeros(seconds * RATE), 0.2
    while at < seconds - 2.5:
        length = rng.uniform(0.4, 1.2)
        times, hertz = np.arange(round(length * RATE)) / RATE, rng.uniform(150, 500)
        cycles = hertz * times * (1 + 0.004 * np.sin(2 * np.pi * 5.5 * times))
        note = sum(np.sin(2 * np.pi * k * cycles + rng.uniform(0, 6)) / k for k in range(1, 16))
        ends = np.minimum(1.0, np.minimum(times, times[::-1]) / 0.05)
        first = round(at * RATE)
        samples[first : first + len(note)] += note * ends * rng.uniform(0.05, 0.15)
        at += length + rng.uniform(0.05, 1.6)
    return samples + 1e-4 * rng.standard_normal(len(samples))


def add_reverb(samples: np.ndarray, decay_seconds: float, wet_db: float, seed: int) -> Audio:
    """Polack's model: exponentially decaying noise."""
    times = np.arange(round(1.2 * decay_seconds * RATE)) / RATE
    response = np.random.default_rng(seed).standard_normal(len(times)) * 10 ** (-3 * times / decay_seconds)
    share = 10 ** (wet_db / 10)
    response *= np.sqrt(share / (1 - share) / (response**2).sum())
    return Audio((samples + fftconvolve(samples, response)[: len(samples)])[None].astype(np.float32), RATE)


@pytest.mark.parametrize("decay", [0.3, 0.6, 1.2, 2.0])
@pytest.mark.parametrize("wet_db", [-18.0, -10.0])
def test_reverb_is_estimated_from_phrase_ends(decay, wet_db):
    reverb = estimate_reverb([add_reverb(make_dry_singing(1), decay, wet_db, seed=5)])
    assert reverb.decay_seconds == pytest.approx(decay, rel=0.15)
    assert reverb.wet_db == pytest.approx(wet_db, abs=4.0)


@pytest.mark.parametrize("seed", range(4))
def test_dry_voice_has_no_reverb(seed):
    assert estimate_reverb([Audio(make_dry_singing(seed)[None].astype(np.float32), RATE)]) is None


def test_silence_and_very_short_audio_have_no_reverb(tone, song_vocals):
    assert estimate_reverb([]) is None
    assert estimate_reverb([Audio(np.zeros((2, RATE), np.float32), RATE)]) is None
    assert estimate_reverb([tone(seconds=0.01)]) is None
    assert estimate_reverb([song_vocals]) is None  # made with early reflections only


def test_applied_reverb_is_estimated_again():
    voice = Audio(make_dry_singing(2)[None].astype(np.float32), RATE)
    blocks = [voice.slice(start, start + 50_001) for start in range(0, voice.frames, 50_001)]
    reverberant = join_blocks(apply_reverb(blocks, Reverb(0.9, -12.0)))
    assert reverberant.samples.shape == voice.samples.shape
    np.testing.assert_allclose(
        reverberant.samples, join_blocks(apply_reverb([voice], Reverb(0.9, -12.0))).samples, atol=1e-6
    )
    reverb = estimate_reverb([reverberant])
    assert reverb.decay_seconds == pytest.approx(0.9, rel=0.15)
    assert reverb.wet_db == pytest.approx(-12.0, abs=3.0)


def test_reverb_is_decorrelated_between_channels(tone):
    voice = tone(channels=2, seconds=2)
    left, right = join_blocks(apply_reverb([voice], Reverb(1.0, -10.0))).samples - voice.samples
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.5
    assert np.abs(left[: round(0.012 * 44_100)]).max() < 1e-6  # nothing before the first reflection


def test_only_missing_reverb_is_added():
    target = Reverb(1.0, -10.0)
    assert compute_missing_reverb(target, None) == target
    assert compute_missing_reverb(None, target) is None
    assert compute_missing_reverb(target, Reverb(1.0, -12.0)) is None
    assert compute_missing_reverb(target, Reverb(1.0, -20.0)).wet_db == pytest.approx(-10.46, abs=0.01)
