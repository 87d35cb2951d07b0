"""Lead and backing vocals are separated by panning, sum to the input, and use constant memory."""

import tracemalloc

import numpy as np
import pytest

from vc_core.audio import Audio, join_blocks
from vc_core.signal.backing import WINDOWS, is_centre_panned, split_lead_and_backing
from vc_core.signal.transposing import transpose_blocks

RATE = 44_100


def pan(samples, position: float):
    """Constant-power panning from -1 (left) to 1 (right)."""
    angle = (position + 1) * np.pi / 4
    return np.sqrt(2) * np.stack([np.cos(angle) * samples, np.sin(angle) * samples])


def si_sdr_db(estimate, truth) -> float:
    estimate, truth = (np.asarray(sound, np.float64).ravel() for sound in (estimate, truth))
    target = truth * (estimate @ truth) / (truth @ truth)
    return float(10 * np.log10((target @ target) / np.square(estimate - target).sum()))


def split(samples, rate=RATE, block=99_991):
    vocals = Audio(samples.astype(np.float32), rate)
    blocks = [vocals.slice(at, at + block) for at in range(0, vocals.frames, block)]
    lead, backing = zip(*split_lead_and_backing(blocks, frames=vocals.frames), strict=True)
    return join_blocks(lead).samples, join_blocks(backing).samples


@pytest.fixture(scope="module")
def choir(song_vocals):
    """A lead, and two backing voices: a third above and a fourth below, slightly delayed."""
    lead = song_vocals.slice(2 * RATE, 16 * RATE + 17).to_mono()
    backing_voices = [
        np.roll(join_blocks(transpose_blocks([lead], shift)).samples[0], late) * 0.5
        for shift, late in ((4, 900), (-5, 1_500))
    ]
    return lead.samples[0], backing_voices


@pytest.mark.parametrize("position", [1.0, 0.6, 0.35])
def test_separation_gains_at_least_9_db_si_sdr(choir, position):
    middle, (above, below) = choir
    lead, backing = np.stack([middle, middle]), pan(above, -position) + pan(below, position)
    whole = lead + backing
    estimated_lead, estimated_backing = split(whole)
    mid_signal = np.stack([whole.mean(axis=0)] * 2)
    assert si_sdr_db(estimated_lead, lead) - si_sdr_db(mid_signal, lead) > 9.0
    assert si_sdr_db(estimated_backing, backing) - si_sdr_db(whole, backing) > 9.0


def test_lead_and_backing_sum_to_the_input(choir):
    middle, (above, _) = choir
    whole = (np.stack([middle, middle]) + pan(above, 0.7)).astype(np.float32)
    lead, backing = split(whole)
    assert lead.shape == backing.shape == whole.shape
    np.testing.assert_allclose(lead + backing, whole, atol=1e-6, rtol=0)
    np.testing.assert_array_equal(lead[0], lead[1])


def test_centre_panned_vocals_are_all_lead(choir):
    middle, _ = choir
    lead, backing = split(np.stack([middle, middle]))
    assert np.abs(backing).max() < 1e-5
    assert si_sdr_db(lead[0], middle) > 80.0


def test_no_seam_at_window_borders(choir):
    """A held note panned left stays in the backing across window borders."""
    times = np.arange(25 * RATE) / RATE
    middle, side = (0.3 * np.sin(2 * np.pi * hertz * times) for hertz in (220, 330))
    lead, _ = split(np.stack([middle + side, middle]))
    around = [lead[0, at - 4_000 : at + 4_000] - middle[at - 4_000 : at + 4_000] for at in (10 * RATE, 20 * RATE)]
    assert max(np.abs(rest).max() for rest in around) < 0.01


@pytest.mark.parametrize(("frames", "rate"), [(1, 44_100), (700, 8_000), (3 * 96_000, 96_000)])
def test_any_length_and_sample_rate(frames, rate):
    whole = np.random.default_rng(1).normal(0, 0.1, (2, frames)).astype(np.float32)
    lead, backing = split(whole, rate)
    np.testing.assert_allclose(lead + backing, whole, atol=1e-6, rtol=0)


def test_centre_panning_is_detected(choir):
    middle, (above, _) = choir
    stereo = Audio(np.stack([middle, middle]).astype(np.float32), RATE)
    assert is_centre_panned([stereo.to_mono()])
    assert is_centre_panned([stereo])
    assert not is_centre_panned([stereo.with_samples((stereo.samples + pan(0.3 * above, 0.5)).astype(np.float32))])
    assert is_centre_panned([stereo.with_samples(np.zeros_like(stereo.samples))])


def test_memory_does_not_depend_on_recording_length():
    def measure_peak_bytes(seconds: int) -> int:
        noise = Audio(np.random.default_rng(1).normal(0, 0.1, (2, 8_000)).astype(np.float32), 8_000)
        tracemalloc.start()
        for _ in split_lead_and_backing(noise for _ in range(seconds)):
            pass
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak_bytes

    short = round(2 * WINDOWS.seconds)
    assert measure_peak_bytes(6 * short) < 1.2 * measure_peak_bytes(short)
