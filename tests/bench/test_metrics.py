"""The benchmarks' metrics give known values for synthetic sounds."""

import numpy as np
import pytest

from bench.metrics import (
    best_alignment,
    harmonicity_db,
    mcd_db,
    mel_cepstra,
    pitch_errors,
    spectral_tilt_db,
    syllable_rate,
)
from vc_core.audio import Audio
from vc_core.signal.loudness import apply_gain
from vc_core.signal.pitch import Pitch

RATE = 16_000


def audio_of(wave: np.ndarray) -> Audio:
    return Audio(np.asarray(wave, np.float32)[None], RATE)


def pitch_of(hertz: list[float]) -> Pitch:
    return Pitch(np.array(hertz, np.float32), np.ones(len(hertz), np.float32), 0.005)


def vowel(*, hertz: float = 120.0, formants: tuple[float, ...] = (500.0, 1500.0), seconds: float = 1.0) -> Audio:
    """Harmonics with formants."""
    times = np.arange(round(seconds * RATE)) / RATE
    harmonics = np.arange(1, int(7_500 / hertz)) * hertz
    levels = sum(1 / (1 + ((harmonics - formant) / 150) ** 2) for formant in formants) + 0.01
    wave = sum(level * np.sin(2 * np.pi * h * times + h) for level, h in zip(levels, harmonics, strict=True))
    return audio_of(0.3 * wave / np.abs(wave).max())


def shaped_noise(db_per_octave: float) -> Audio:
    frames = 8 * RATE
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(frames))
    hertz = np.maximum(np.fft.rfftfreq(frames, 1 / RATE), 50.0)
    wave = np.fft.irfft(spectrum * (hertz / 1000) ** (db_per_octave / 20 / np.log10(2)))
    return audio_of(0.3 * wave / np.abs(wave).max())


def test_the_mel_cepstrum_of_a_single_cosine_is_known():
    """A log spectrum that is a cosine on the warped axis has a single coefficient."""
    from bench.metrics import ALPHA, ORDER, _warping

    bins, alpha = 513, ALPHA[RATE]
    omega = np.linspace(0, np.pi, bins)
    warped = omega + 2 * np.arctan(alpha * np.sin(omega) / (1 - alpha * np.cos(omega)))
    cepstrum = np.fft.irfft(np.cos(3 * warped))[:bins]
    cepstrum[1:-1] *= 2
    coefficients = _warping(bins, alpha) @ cepstrum
    np.testing.assert_allclose(coefficients, np.eye(ORDER + 1)[3], atol=1e-6)


def test_the_distortion_is_zero_for_equal_sounds_at_any_level():
    heard = vowel()
    assert mcd_db(heard, heard) == 0.0
    assert mcd_db(heard, apply_gain(heard, -6.0)) < 0.05  # a recipe that counts the level says 4 dB


def test_the_distortion_grows_with_the_formant_shift():
    distances = [mcd_db(vowel(), vowel(formants=(500 * shift, 1500 * shift))) for shift in (1.05, 1.1, 1.2)]
    assert distances == sorted(distances)
    assert distances[-1] > 4


def test_time_warping_removes_a_speed_difference():
    def word(seconds: float) -> Audio:
        parts = [vowel(seconds=seconds), vowel(formants=(300.0, 2300.0), seconds=seconds)]
        return audio_of(np.concatenate([part.samples[0] for part in parts]))

    assert mcd_db(word(0.6), word(0.8)) < 0.5
    assert mcd_db(word(0.6), word(0.8), aligned=True) > 2.0


def test_alignment_finds_a_repeated_frame():
    one = np.array([[0.0], [1.0], [2.0]])
    other = np.array([[0.0], [1.0], [1.0], [2.0]])
    np.testing.assert_array_equal(best_alignment(one, other), [[0, 1, 1, 2], [0, 1, 2, 3]])


def test_cepstra_have_no_level_and_the_right_order():
    cepstra, loud = mel_cepstra(vowel())
    assert cepstra.shape == (len(loud), 24)


def test_pitch_errors_match_the_simulated_ones():
    wanted = [100.0] * 10 + [200.0] * 10 + [0.0] * 10
    heard = [100 * 2 ** (50 / 1200)] * 10 + [200 * 2 ** (50 / 1200)] * 5 + [0.0] * 5 + [0.0] * 8 + [90.0] * 2
    errors = pitch_errors(pitch_of(wanted), pitch_of(heard))
    assert errors.rmse_cents == pytest.approx(50, abs=0.1)
    assert errors.correlation == pytest.approx(1.0)
    assert errors.voicing == pytest.approx(7 / 30)


def test_pitches_without_common_voiced_frames_have_only_voicing_errors():
    errors = pitch_errors(pitch_of([100.0, 0.0]), pitch_of([0.0, 100.0]))
    assert np.isnan(errors.rmse_cents)
    assert errors.voicing == 1.0


@pytest.mark.parametrize("slope", [0.0, -6.0, -12.0])
def test_the_tilt_of_shaped_noise_is_its_slope(slope):
    assert spectral_tilt_db(shaped_noise(slope)) == pytest.approx(slope, abs=0.3)


@pytest.mark.parametrize("ratio_db", [5.0, 15.0, 25.0])
def test_harmonicity_is_the_ratio_that_was_mixed(ratio_db):
    clean = vowel(seconds=2.0)
    noise = np.random.default_rng(0).standard_normal(clean.frames)
    noise *= clean.samples.std() / noise.std() * 10 ** (-ratio_db / 20)
    pitch = Pitch(np.full(401, 120.0, np.float32), np.ones(401, np.float32), 0.005)
    assert harmonicity_db(audio_of(clean.samples[0] + noise), pitch) == pytest.approx(ratio_db, abs=1.5)


@pytest.mark.parametrize("syllables", [3.0, 5.0])
def test_the_syllable_rate_is_that_of_the_amplitude_modulation(syllables):
    swelling = vowel(seconds=4.0)
    times = np.arange(swelling.frames) / RATE
    level = 0.02 + 0.98 * np.sin(np.pi * syllables * times) ** 2
    assert syllable_rate(audio_of(swelling.samples[0] * level)) == pytest.approx(syllables, rel=0.08)
