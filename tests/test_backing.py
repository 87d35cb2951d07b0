"""Lead and backing are parted by where they stand, add up to what came in, and stay in bounds of memory."""

import tracemalloc

import numpy as np
import pytest

from vc_core.audio import Audio, join
from vc_core.backing import WINDOWS, is_in_middle, part_backing
from vc_core.transposing import transposed

RATE = 44_100


def panned(samples, place: float):
    """From -1, left alone, to 1; as loud wherever it stands."""
    angle = (place + 1) * np.pi / 4
    return np.sqrt(2) * np.stack([np.cos(angle) * samples, np.sin(angle) * samples])


def si_sdr_db(estimate, truth) -> float:
    estimate, truth = (np.asarray(sound, np.float64).ravel() for sound in (estimate, truth))
    target = truth * (estimate @ truth) / (truth @ truth)
    return float(10 * np.log10((target @ target) / np.square(estimate - target).sum()))


def parted(samples, rate=RATE, block=99_991):
    vocals = Audio(samples.astype(np.float32), rate)
    blocks = [vocals.between(at, at + block) for at in range(0, vocals.frames, block)]
    lead, backing = zip(*part_backing(blocks, frames=vocals.frames), strict=True)
    return join(lead).samples, join(backing).samples


@pytest.fixture(scope="module")
def choir(song_vocals):
    """A lead, and two who sing the same line a third above and a fourth below, a little later."""
    lead = song_vocals.between(2 * RATE, 16 * RATE + 17).mono()
    voices = [
        np.roll(join(transposed([lead], shift)).samples[0], late) * 0.5 for shift, late in ((4, 900), (-5, 1_500))
    ]
    return lead.samples[0], voices


@pytest.mark.parametrize("place", [1.0, 0.6, 0.35])
def test_lead_and_backing_come_out_at_least_nine_db_cleaner(choir, place):
    middle, (above, below) = choir
    lead, backing = np.stack([middle, middle]), panned(above, -place) + panned(below, place)
    whole = lead + backing
    found_lead, found_backing = parted(whole)
    plain_middle = np.stack([whole.mean(axis=0)] * 2)
    assert si_sdr_db(found_lead, lead) - si_sdr_db(plain_middle, lead) > 9.0
    assert si_sdr_db(found_backing, backing) - si_sdr_db(whole, backing) > 9.0


def test_the_two_add_up_to_what_came_in(choir):
    middle, (above, _) = choir
    whole = (np.stack([middle, middle]) + panned(above, 0.7)).astype(np.float32)
    lead, backing = parted(whole)
    assert lead.shape == backing.shape == whole.shape
    np.testing.assert_allclose(lead + backing, whole, atol=1e-6, rtol=0)
    np.testing.assert_array_equal(lead[0], lead[1])


def test_who_stands_in_the_middle_alone_is_all_lead(choir):
    middle, _ = choir
    lead, backing = parted(np.stack([middle, middle]))
    assert np.abs(backing).max() < 1e-5
    assert si_sdr_db(lead[0], middle) > 80.0


def test_windows_leave_no_seam(choir):
    """One who holds a note far to the left is backing all the time, also where one window becomes the next."""
    times = np.arange(25 * RATE) / RATE
    middle, side = (0.3 * np.sin(2 * np.pi * hertz * times) for hertz in (220, 330))
    lead, _ = parted(np.stack([middle + side, middle]))
    around = [lead[0, at - 4_000 : at + 4_000] - middle[at - 4_000 : at + 4_000] for at in (10 * RATE, 20 * RATE)]
    assert max(np.abs(rest).max() for rest in around) < 0.01


@pytest.mark.parametrize(("frames", "rate"), [(1, 44_100), (700, 8_000), (3 * 96_000, 96_000)])
def test_any_length_and_rate_will_do(frames, rate):
    whole = np.random.default_rng(1).normal(0, 0.1, (2, frames)).astype(np.float32)
    lead, backing = parted(whole, rate)
    np.testing.assert_allclose(lead + backing, whole, atol=1e-6, rtol=0)


def test_middle_is_known_from_sides(choir):
    middle, (above, _) = choir
    stereo = Audio(np.stack([middle, middle]).astype(np.float32), RATE)
    assert is_in_middle([stereo.mono()])
    assert is_in_middle([stereo])
    assert not is_in_middle([stereo.with_samples((stereo.samples + panned(0.3 * above, 0.5)).astype(np.float32))])
    assert is_in_middle([stereo.with_samples(np.zeros_like(stereo.samples))])


def test_memory_depends_on_the_window_alone():
    def measured(seconds: int) -> int:
        noise = Audio(np.random.default_rng(1).normal(0, 0.1, (2, 8_000)).astype(np.float32), 8_000)
        tracemalloc.start()
        for _ in part_backing(noise for _ in range(seconds)):
            pass
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak_bytes

    short = round(2 * WINDOWS.seconds)
    assert measured(6 * short) < 1.2 * measured(short)
