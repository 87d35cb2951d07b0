"""Every pitch method: accuracy, timing, voicing, streaming, and agreement with the reference implementation."""

import os
import sys
import time
from itertools import pairwise

import numpy as np
import pytest

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.progress import Cancelled
from vc_core.signal.pitch import (
    METHODS,
    Pitch,
    correct_octave_errors,
    estimate_pitch,
    load_pitch_method,
    measure_pitch_range,
    prepare_pitch_method,
    smooth_pitch,
)
from vc_core.signal.pitch_methods.base import PitchSettings
from vc_core.signal.pitch_methods.bins import FrameGrid, PitchBins, decode_bins, resample_pitch

RATE = 16_000
MAX_ERROR_CENTS = {"dio": 6, "harvest": 6, "praat": 6, "fcpe": 15, "crepe-tiny": 20, "crepe": 20}
"""Error of 80 % of the frames in held notes."""
QUICK = [name for name in MAX_ERROR_CENTS if name != "crepe"]
every_method = pytest.mark.parametrize("method", [*QUICK, pytest.param("crepe", marks=pytest.mark.slow)])
methods = pytest.mark.parametrize("method", QUICK)


@pytest.fixture
def loaded(method):
    if not METHODS[method].is_installed():
        pytest.skip(f"the extra `{method}` is not installed")
    return load_pitch_method(method)


def make_singing(octaves: np.ndarray, rate: int = RATE) -> Audio:
    """A vowel: harmonics under two formants, with an F0 per sample in octaves above 1 Hz."""
    phase = 2 * np.pi * np.cumsum(2**octaves) / rate
    wave = np.zeros(len(octaves))
    for count in range(1, 21):
        hertz = count * 2**octaves
        amplitude = sum(1 / (1 + ((hertz - formant) / 200) ** 2) for formant in (650, 1_100)) + 0.05
        wave += np.where(hertz < 4_000, amplitude * np.sin(count * phase), 0.0)
    return Audio((0.3 * wave / np.abs(wave).max())[None].astype(np.float32), rate)


def true_octaves_at(pitch: Pitch, octaves: np.ndarray, rate: int = RATE) -> np.ndarray:
    at = np.round(np.arange(pitch.frames) * pitch.hop_seconds * rate).astype(int)
    return octaves[np.minimum(at, len(octaves) - 1)]


def errors_in_cents(pitch: Pitch, octaves: np.ndarray) -> np.ndarray:
    """Of the voiced frames, without the ends."""
    inside = np.arange(12, pitch.frames - 12)
    inside = inside[pitch.voiced[inside]]
    return 1200 * (np.log2(pitch.hertz[inside]) - true_octaves_at(pitch, octaves)[inside])


@every_method
def test_held_notes_are_accurate_without_octave_errors(method, loaded):
    notes = np.repeat(np.log2([147, 98, 196, 262, 349, 440, 587, 784]), RATE // 2)
    pitch = correct_octave_errors(estimate_pitch(make_singing(notes), loaded))
    off = np.abs(errors_in_cents(pitch, notes))
    assert pitch.voiced[12:-12].mean() > 0.9
    settled = off[off < 400]  # frames at a note change contain both notes
    assert len(settled) > 0.97 * len(off)
    assert np.percentile(settled, 80) < MAX_ERROR_CENTS[method]
    assert (np.abs(off - 1200) < 100).mean() < 0.01


@every_method
def test_glide_has_no_delay(method, loaded):
    """At two octaves a second, 5 ms too late would be 12 cents too low."""
    times = np.arange(RATE) / RATE
    octaves = np.log2(130) + 2 * times
    off = errors_in_cents(estimate_pitch(make_singing(octaves), loaded), octaves)
    assert len(off) > 150
    assert np.abs(np.median(off)) < 7


@methods
def test_silence_and_noise_are_unvoiced(method, loaded):
    noise = np.random.default_rng(0).standard_normal((1, 2 * RATE)).astype(np.float32)
    assert not estimate_pitch(Audio(np.zeros_like(noise), RATE), loaded).voiced.any()
    for level in (1e-4, 0.1):
        assert estimate_pitch(Audio(level * noise, RATE), loaded).voiced.mean() < 0.15


@every_method
def test_rests_are_unvoiced(method, loaded):
    rest = np.zeros(RATE // 2)
    audio = make_singing(np.full(RATE, np.log2(250)))
    whole = np.concatenate([rest, audio.samples[0], rest])
    pitch = estimate_pitch(Audio(whole[None].astype(np.float32), RATE), loaded)
    assert pitch.voiced[110:290].mean() > 0.97
    assert not pitch.voiced[:80].any()
    assert not pitch.voiced[-80:].any()


@methods
@pytest.mark.parametrize("frames", [0, 1, 99, 3_199, 4_801])
@pytest.mark.parametrize("hop_seconds", [0.005, 512 / 44_100])
def test_frame_count_equals_worlds(method, loaded, frames, hop_seconds):
    audio = Audio(np.zeros((1, frames), np.float32), RATE)
    assert estimate_pitch(audio, loaded, hop_seconds=hop_seconds).frames == int(frames / RATE / hop_seconds + 1e-9) + 1


@methods
def test_timing_does_not_drift_at_fractional_hops(method, loaded):
    """86.13 frames per second, as in so-vits-svc: a hop truncated to whole samples would drift."""
    times = np.arange(5 * 44_100) / 44_100
    octaves = np.log2(240) + 0.08 * np.sin(2 * np.pi * 5 * times)
    pitch = estimate_pitch(make_singing(octaves, 44_100), loaded, hop_seconds=512 / 44_100)
    end = slice(pitch.frames - 100, pitch.frames - 10)
    off = 1200 * (np.log2(np.maximum(pitch.hertz, 1)) - true_octaves_at(pitch, octaves, 44_100))[end]
    assert np.percentile(np.abs(off), 90) < 30


@methods
def test_result_does_not_depend_on_windows(method, loaded, monkeypatch):
    times = np.arange(4 * RATE) / RATE
    audio = make_singing(np.log2(300) + 0.3 * np.sin(times))
    whole = estimate_pitch(audio, loaded)
    monkeypatch.setattr("vc_core.signal.pitch.WINDOW_SECONDS", 1.3)
    windowed = estimate_pitch(audio, loaded)
    inside = slice(10, -10)
    assert (windowed.voiced == whole.voiced)[inside].mean() > 0.99
    both = (windowed.voiced & whole.voiced)[inside]
    np.testing.assert_allclose(windowed.hertz[inside][both], whole.hertz[inside][both], rtol=0.005)


@methods
def test_result_is_deterministic_and_within_the_pitch_range(method, loaded):
    octaves = np.log2(150) + np.linspace(0, 2, RATE)
    found = [estimate_pitch(make_singing(octaves), loaded, lowest_hz=200, highest_hz=400) for _ in range(2)]
    np.testing.assert_array_equal(found[0].hertz, found[1].hertz)
    hertz = found[0].hertz[found[0].voiced]
    assert len(hertz) > 60
    assert 200 <= hertz.min() <= hertz.max() <= 400
    assert ((found[0].confidence >= 0) & (found[0].confidence <= 1)).all()


@methods
def test_corrections_leave_a_sung_line_unchanged(method, loaded):
    times = np.arange(2 * RATE) / RATE
    octaves = np.log2(200) + 0.5 * (times > 1) + 0.04 * np.sin(2 * np.pi * 5.5 * times)
    pitch = estimate_pitch(make_singing(octaves), loaded)
    corrected = smooth_pitch(correct_octave_errors(pitch))
    assert np.abs(1200 * np.log2(corrected.hertz[pitch.voiced] / pitch.hertz[pitch.voiced])).mean() < 5
    low, high = measure_pitch_range(corrected)
    assert low == pytest.approx(200 * 2**-0.04, rel=0.03)
    assert high == pytest.approx(200 * 2**0.54, rel=0.03)


def test_crepe_equals_torchcrepe():
    """Frame by frame; torchcrepe adds a dither of up to 20 cents."""
    load_pitch_method("crepe-tiny")
    import torch
    import torchcrepe

    audio = make_singing(np.log2(200) + np.linspace(0, 1, 2 * RATE))
    expected, periodicity = torchcrepe.predict(
        torch.from_numpy(audio.samples), RATE, 160, 50, 1100, "tiny", torchcrepe.decode.argmax, False, True, 512
    )
    pitch = estimate_pitch(audio, "crepe-tiny", hop_seconds=0.01)
    np.testing.assert_allclose(pitch.confidence, periodicity[0].numpy(), atol=1e-3)
    off = 1200 * np.log2(pitch.hertz / expected[0].numpy())[pitch.voiced]
    assert np.percentile(np.abs(off), 95) < 40
    assert np.abs(off.mean()) < 3


def test_fcpe_equals_torchfcpe(capsys):
    load_pitch_method("fcpe")
    assert capsys.readouterr().out == ""
    import torch
    import torchfcpe

    audio = make_singing(np.log2(200) + np.linspace(0, 1, 2 * RATE))
    package = torchfcpe.spawn_bundled_infer_model("cpu")
    expected = package.infer(torch.from_numpy(audio.samples)[..., None], RATE)[0, :, 0].numpy()
    pitch = estimate_pitch(audio, "fcpe", hop_seconds=0.01)
    both = pitch.voiced & (expected[: pitch.frames] > 0)
    assert both.mean() > 0.95
    np.testing.assert_allclose(pitch.hertz[both], expected[: pitch.frames][both], rtol=1e-4)


def test_praat_equals_parselmouth():
    parselmouth = pytest.importorskip("parselmouth", reason="the extra `praat` is not installed")
    audio = make_singing(np.log2(200) + np.linspace(0, 1, 2 * RATE))
    expected = parselmouth.Sound(audio.samples[0].astype(np.float64), RATE).to_pitch_ac(
        0.005, 50.0, pitch_ceiling=1100.0
    )
    pitch = estimate_pitch(audio, "praat")
    for at in range(20, pitch.frames - 20, 17):
        assert pitch.hertz[at] == pytest.approx(expected.get_value_at_time(at * 0.005), rel=1e-3)


@pytest.mark.parametrize(("method", "install"), [("praat", r"vc-core\[praat\]"), ("fcpe", "torchfcpe")])
def test_missing_package_raises_with_the_pip_command(monkeypatch, method, install):
    monkeypatch.setitem(sys.modules, METHODS[method].package, None)
    load_pitch_method.cache_clear()
    assert not METHODS[method].is_installed()
    with pytest.raises(UserError, match=f"pip install '{install}'"):
        estimate_pitch(Audio(np.zeros((1, RATE), np.float32), RATE), method)


def test_unknown_method_raises():
    for function in (prepare_pitch_method, load_pitch_method):
        with pytest.raises(UserError, match="no engine “ear”.*There are: dio"):
            function("ear")


def test_every_method_has_label_and_notice():
    for engine in METHODS.values():
        assert engine.label
        assert engine.notice.endswith(".")


def test_bins_are_decoded_between_centres_and_within_the_pitch_range():
    bins = PitchBins(lowest_cents=2_400, bin_cents=20.0, count=200)
    expected = 2_400 + 20 * np.array([50.3, 120.7, 30.0])
    activations = np.exp(-((expected[:, None] - bins.centres) ** 2) / 1250).astype(np.float32)
    activations[2] *= 0.02
    hertz, confidence = decode_bins(activations, bins, PitchSettings(lowest_hz=50, highest_hz=1000), 0.03)
    np.testing.assert_allclose(1200 * np.log2(hertz[:2] / 10), expected[:2], atol=2)
    assert hertz[2] == 0
    assert confidence[2] == pytest.approx(0.02, abs=1e-3)
    high = decode_bins(activations, bins, PitchSettings(lowest_hz=100, highest_hz=1000), 0.0)[0]
    assert high.min() >= 100


def test_pitch_is_interpolated_between_frames_but_not_between_notes():
    settings, audio = PitchSettings(0.005), Audio(np.zeros((1, 640), np.float32), RATE)
    hertz = np.array([100.0, 102.0, 200.0, 0.0, 0.0])
    pitch = resample_pitch(settings, audio, hertz, np.ones(5), FrameGrid(0.01))
    assert pitch.hertz[1] == pytest.approx(np.sqrt(100 * 102))
    assert pitch.hertz[3] in (102, 200)
    assert pitch.hertz[7] == 0


@pytest.mark.parametrize("name", ["harvest", "fcpe", "crepe-tiny"])
def test_the_windows_of_a_method_change_nothing(name, monkeypatch):
    """Slow methods get short windows, so that they can be stopped."""
    times = np.arange(5 * RATE) / RATE
    audio = make_singing(np.log2(300) + 0.3 * np.sin(times))
    monkeypatch.setattr("vc_core.signal.pitch.WINDOW_SECONDS", 4.0)
    windowed, whole = estimate_pitch(audio, name), estimate_pitch(audio, load_pitch_method(name))
    inside = slice(10, -10)
    assert (windowed.voiced == whole.voiced)[inside].mean() > 0.99
    both = (windowed.voiced & whole.voiced)[inside]
    np.testing.assert_allclose(windowed.hertz[inside][both], whole.hertz[inside][both], rtol=0.005)


def test_the_slowest_method_moves_the_bar_and_stops_in_the_middle_of_a_line():
    """It took 100 s at 0 % for 6 s of singing."""
    audio = make_singing(np.log2(300) + 0.3 * np.sin(np.arange(6 * RATE) / RATE))
    fractions, times = [], []

    def stop(fraction, message):
        fractions.append(fraction)
        times.append(time.process_time())  # of its own work, since the machine may be busy
        if len(fractions) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        estimate_pitch(audio, "crepe", progress=stop)
    assert 0.0 == fractions[0] < fractions[1] < fractions[2] < 0.1
    work = [later - earlier for earlier, later in pairwise(times)]
    assert min(work) < 3 * max(1.0, os.getloadavg()[0] / os.cpu_count())  # two threads share a busy core
