"""Codes say the same of a voice at each rate, and a change of them is put back without touching anything else."""

import numpy as np
import pytest

from vc_core.reading import read_audio
from vc_core.world import analyse
from vc_core.world_codes import DIMENSIONS, audible, code, log_levels, with_change


@pytest.fixture(scope="module")
def spoken(request):
    return read_audio(request.config.rootpath / "examples" / "spoken_line.flac").between(0, 33_000)


def test_the_codes_of_a_voice_hardly_depend_on_the_rate(spoken):
    features = {rate: analyse(spoken.resampled(rate)) for rate in (16_000, 44_100)}
    codes = {rate: code(one)[audible(one)] for rate, one in features.items()}
    means = [values.mean(axis=0) for values in codes.values()]
    assert np.abs(means[0] - means[1]).max() < 0.25
    assert log_levels(codes[16_000]).mean() == pytest.approx(log_levels(codes[44_100]).mean(), abs=0.15)


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_no_change_leaves_an_envelope_and_one_of_the_level_moves_it_evenly(spoken, rate):
    features = analyse(spoken.resampled(rate))
    codes = code(features)
    same = with_change(features, codes, codes)
    np.testing.assert_allclose(same.envelope, features.envelope, rtol=1e-6)
    louder = with_change(features, codes, codes + np.eye(DIMENSIONS)[0])
    np.testing.assert_allclose(louder.envelope, np.e * features.envelope, rtol=1e-3)
    np.testing.assert_array_equal(louder.hertz, features.hertz)


def test_a_change_beyond_all_measure_is_held_back(spoken):
    features = analyse(spoken.resampled(16_000))
    codes = code(features)
    loud = with_change(features, codes, codes + 100 * np.eye(DIMENSIONS)[0])
    np.testing.assert_allclose(loud.envelope, 1_000 * features.envelope, rtol=1e-3)


def test_the_level_is_that_of_the_sound(spoken):
    heard = spoken.resampled(16_000)
    features = analyse(heard)
    power = np.exp(log_levels(code(features))).mean()
    assert 10 * np.log10(power / (heard.samples**2).mean()) == pytest.approx(0.0, abs=2.0)
