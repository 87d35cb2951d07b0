"""Coded envelopes are independent of the sample rate, and code changes modify nothing but the envelope."""

import numpy as np
import pytest

from vc_core.files.reading import read_audio
from vc_core.signal.world import extract_world_features
from vc_core.signal.world_codes import (
    CODE_DIMENSIONS,
    apply_code_change,
    compute_log_power,
    encode_features,
    find_audible_frames,
)


@pytest.fixture(scope="module")
def spoken(request):
    return read_audio(request.config.rootpath / "examples" / "spoken_line.flac").slice(0, 33_000)


def test_codes_do_not_depend_on_the_sample_rate(spoken):
    features = {rate: extract_world_features(spoken.resample(rate)) for rate in (16_000, 44_100)}
    codes = {rate: encode_features(one)[find_audible_frames(one)] for rate, one in features.items()}
    means = [values.mean(axis=0) for values in codes.values()]
    assert np.abs(means[0] - means[1]).max() < 0.25
    assert compute_log_power(codes[16_000]).mean() == pytest.approx(compute_log_power(codes[44_100]).mean(), abs=0.15)


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_no_change_and_a_change_of_level(spoken, rate):
    features = extract_world_features(spoken.resample(rate))
    codes = encode_features(features)
    same = apply_code_change(features, codes, codes)
    np.testing.assert_allclose(same.envelope, features.envelope, rtol=1e-6)
    louder = apply_code_change(features, codes, codes + np.eye(CODE_DIMENSIONS)[0])
    np.testing.assert_allclose(louder.envelope, np.e * features.envelope, rtol=1e-3)
    np.testing.assert_array_equal(louder.hertz, features.hertz)


def test_extreme_change_is_limited(spoken):
    features = extract_world_features(spoken.resample(16_000))
    codes = encode_features(features)
    loud = apply_code_change(features, codes, codes + 100 * np.eye(CODE_DIMENSIONS)[0])
    np.testing.assert_allclose(loud.envelope, 1_000 * features.envelope, rtol=1e-3)


def test_code_power_equals_the_audio_power(spoken):
    audio = spoken.resample(16_000)
    features = extract_world_features(audio)
    power = np.exp(compute_log_power(encode_features(features))).mean()
    assert 10 * np.log10(power / (audio.samples**2).mean()) == pytest.approx(0.0, abs=2.0)
