"""Emotion by rules moves pitch, speed, level and colour by what was asked for, and nothing else."""

import numpy as np
import pytest

from bench.metrics import harmonicity_db, syllable_rate
from vc_core.audio import Audio
from vc_core.emotion import EMOTIONS, NEUTRAL, StyleOptions, load_styler
from vc_core.emotion.profiles import PROFILES
from vc_core.emotion.tempo import change_speaking_rate, keep_timing
from vc_core.files.reading import read_audio
from vc_core.progress import Cancelled
from vc_core.signal.pitch import Pitch, estimate_pitch
from vc_core.signal.world import HOP_SECONDS, estimate_world_pitch, extract_world_features

STEADY = StyleOptions(changes_tempo=False)
SINGING = StyleOptions(is_singing=True)


@pytest.fixture(scope="module")
def styler():
    return load_styler("rules")


@pytest.fixture(scope="module")
def spoken(request) -> Audio:
    return read_audio(request.config.rootpath / "examples" / "spoken_line.flac").slice(0, 75_000)


@pytest.fixture(scope="module")
def sung(request) -> Audio:
    return read_audio(request.config.rootpath / "examples" / "sung_line.flac").resample(16_000).slice(0, 48_000)


def vowel(seconds: float = 1.5, hertz: float = 125.0, sample_rate: int = 16_000) -> Audio:
    """Harmonics under two formants, with a little breath."""
    times = np.arange(round(seconds * sample_rate)) / sample_rate
    harmonics = np.arange(1, int(7_000 / hertz)) * hertz
    levels = sum(1 / (1 + ((harmonics - formant) / 200) ** 2) for formant in (500.0, 1_500.0)) + 0.02
    wave = sum(level * np.sin(2 * np.pi * h * times + h) for level, h in zip(levels, harmonics, strict=True))
    wave += 0.02 * np.random.default_rng(0).standard_normal(len(times))
    return Audio((0.2 * wave / np.abs(wave).max()).astype(np.float32)[None], sample_rate)


def level_db(audio: Audio) -> float:
    return float(10 * np.log10((audio.samples.astype(np.float64) ** 2).mean()))


def voice_of(audio: Audio) -> tuple[float, float]:
    """Mean and deviation of the log pitch, in cents."""
    pitch = estimate_world_pitch(audio)
    cents = 1200 * np.log2(pitch.hertz[pitch.voiced])
    return float(cents.mean()), float(cents.std())


def band_db(audio: Audio, low: float, high: float) -> float:
    power = np.abs(np.fft.rfft(audio.samples[0].astype(np.float64))) ** 2
    hertz = np.fft.rfftfreq(audio.frames, 1 / audio.sample_rate)
    return float(10 * np.log10(power[(hertz >= low) & (hertz < high)].sum()))


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_at_intensity_0_the_samples_are_unchanged(styler, spoken, emotion):
    np.testing.assert_array_equal(styler.style(spoken, emotion, 0.0).samples, spoken.samples)


@pytest.mark.parametrize("emotion", ["happy", "angry", "sad", "fear", "surprise"])
def test_pitch_range_and_rate_become_those_of_the_profile(styler, spoken, emotion):
    profile = PROFILES[emotion]
    styled = styler.style(spoken, emotion, 1.0)
    (mean, spread), (new_mean, new_spread) = voice_of(spoken), voice_of(styled)
    assert new_mean - mean == pytest.approx(1200 * np.log2(profile.pitch), abs=30)
    assert new_spread / spread == pytest.approx(profile.pitch_range, rel=0.15)
    assert spoken.frames / styled.frames == pytest.approx(profile.speaking_rate, rel=0.02)
    # The shelf adds to what the profile says of the level, by up to a quarter of its own height.
    assert level_db(styled) - level_db(spoken) == pytest.approx(
        profile.level_db, abs=1.0 + abs(profile.brightness_db) / 4
    )


def test_speech_is_really_faster_and_slower(styler, spoken):
    slow, fast = (syllable_rate(styler.style(spoken, emotion, 1.0)) for emotion in ("sad", "fear"))
    assert slow < 0.9 * syllable_rate(spoken)
    assert fast > 1.25 * slow


def test_every_change_grows_with_the_intensity(styler, spoken):
    steps = [spoken, *(styler.style(spoken, "angry", intensity) for intensity in (0.25, 0.5, 1.0, 1.5))]
    means, spreads = zip(*map(voice_of, steps), strict=True)
    for values in (means, spreads, [-step.frames for step in steps], [level_db(step) for step in steps]):
        assert (np.diff(values) > 0).all()
    assert means[4] - means[0] == pytest.approx(1.5 * 1200 * np.log2(1.2), abs=40)


def test_from_an_emotion_to_neutral_is_the_reverse_change(styler, spoken):
    styled = styler.style(spoken, NEUTRAL, 1.0, StyleOptions(source="sad"))
    assert voice_of(styled)[0] - voice_of(spoken)[0] == pytest.approx(-1200 * np.log2(0.92), abs=30)
    assert styled.frames / spoken.frames == pytest.approx(0.8, rel=0.02)


def test_a_voice_that_has_the_emotion_is_left_alone(styler, spoken):
    assert styler.style(spoken, "sad", 1.0, StyleOptions(source="sad")) is spoken


@pytest.mark.parametrize("emotion", ["angry", "sad"])
def test_brightness_is_added_above_one_and_a_half_kilohertz(styler, emotion):
    note = vowel()
    styled = styler.style(note, emotion, 1.0, STEADY)
    ratios = [band_db(sound, 2_800, 6_000) - band_db(sound, 80, 800) for sound in (note, styled)]
    assert ratios[1] - ratios[0] == pytest.approx(PROFILES[emotion].brightness_db, abs=1.2)


def test_happiness_moves_the_first_two_formants_up(styler):
    def formants(audio: Audio) -> list[float]:
        features = extract_world_features(audio)
        shape = np.log(features.envelope[40:-40]).mean(axis=0)
        bands = [
            (features.frequencies > low) & (features.frequencies < high) for low, high in ((300, 800), (1200, 2000))
        ]
        return [float(np.average(features.frequencies[band], weights=np.exp(4 * shape[band]))) for band in bands]

    before, after = formants(vowel()), formants(styler.style(vowel(), "happy", 1.5, SINGING))
    for old, new in zip(before, after, strict=True):
        assert 1.02 < new / old < 1.1


def test_fear_has_jitter_and_calm_does_not(styler):
    def jitter(audio: Audio) -> float:
        pitch = estimate_pitch(audio)
        return float(np.median(np.abs(np.diff(np.log(pitch.hertz[40:-40])))))

    assert jitter(styler.style(vowel(), "calm", 1.0)) < 0.002
    assert jitter(styler.style(vowel(), "fear", 1.0)) > 0.005


def test_sadness_is_breathy(styler):
    sounds = [vowel(), styler.style(vowel(), "sad", 1.5, SINGING)]
    clear, breathy = (harmonicity_db(sound) for sound in sounds)
    assert breathy < clear - 1.0


@pytest.mark.parametrize("emotion", ["sad", "panic"])
def test_a_singer_keeps_melody_and_beat(styler, sung, emotion):
    styled = styler.style(sung, emotion, 1.0, SINGING)
    before, after = estimate_pitch(sung, "harvest"), estimate_pitch(styled, "harvest")
    both = before.voiced & after.voiced
    cents = np.abs(1200 * np.log2(after.hertz[both] / before.hertz[both]))
    assert styled.frames == sung.frames
    assert both.sum() > 0.95 * before.voiced.sum()
    assert np.percentile(cents, 90) < 20
    assert np.abs(level_db(styled) - level_db(sung)) > 0.5


def test_without_tempo_the_length_stays_to_the_sample(styler, spoken):
    for sample_rate in (8_000, 48_000):
        audio = spoken.resample(sample_rate).slice(0, sample_rate + 11)
        styled = styler.style(audio, "sad", 1.0, STEADY)
        assert (styled.frames, styled.sample_rate) == (audio.frames, sample_rate)


def test_consonants_stay_the_speakers_own(styler, spoken):
    styled = styler.style(spoken, "angry", 1.0, STEADY)
    pitch = estimate_world_pitch(spoken)
    gain = 10 ** (PROFILES["angry"].level_db / 20)
    kept = keep_timing(spoken, pitch).passthrough
    assert len(kept) >= 5
    for stretch in kept:
        ends = np.array([stretch.start + 2, stretch.start + stretch.hops - 2]) * HOP_SECONDS * spoken.sample_rate
        inside = slice(*np.round(ends).astype(int))
        np.testing.assert_allclose(styled.samples[0, inside], gain * spoken.samples[0, inside], atol=1e-4)


def test_consonants_keep_their_length_and_vowels_are_shortened(spoken):
    pitch = estimate_world_pitch(spoken)
    timing = change_speaking_rate(spoken, pitch, 0.8)
    assert len(timing.passthrough) >= 3
    for stretch in timing.passthrough:
        inside = np.arange(int(np.ceil(stretch.start)), int(stretch.start + stretch.hops))
        np.testing.assert_allclose(np.diff(timing.source_frames[inside]), 1.0, atol=1e-6)
    assert np.median(np.diff(timing.source_frames)) < 0.8
    assert (np.diff(timing.source_frames) >= 0).all()
    assert timing.frames == pytest.approx(spoken.frames / 0.8, rel=0.01)


def test_a_whisper_is_stretched_though_all_of_it_is_unvoiced(spoken):
    silent_pitch = Pitch(np.zeros(681, np.float32), np.zeros(681, np.float32), HOP_SECONDS)
    assert change_speaking_rate(spoken, silent_pitch, 0.8).frames == pytest.approx(spoken.frames / 0.8, rel=0.02)


def test_each_phrase_changes_its_speed_and_not_only_the_whole(spoken):
    """Two phrases and a pause: each lasts as long as the rate says."""
    pause = np.zeros((1, spoken.sample_rate), np.float32)
    audio = spoken.with_samples(np.concatenate([spoken.samples, pause, spoken.samples], axis=1))
    timing = change_speaking_rate(audio, estimate_world_pitch(audio), 1.25)
    first_end, second_start = spoken.seconds, spoken.seconds + 1.0
    at = np.interp(
        np.array([first_end, second_start]) / HOP_SECONDS, timing.source_frames, np.arange(len(timing.source_frames))
    )
    np.testing.assert_allclose(at * HOP_SECONDS, np.array([first_end, second_start]) / 1.25, atol=0.1)


def test_stereo_stays_stereo(styler, spoken):
    short = spoken.slice(20_000, 60_000)
    panned = short.with_samples(np.concatenate([short.samples, 0.25 * short.samples]))
    styled = styler.style(panned, "happy", 1.0)
    assert styled.channels == 2
    left, right = styled.samples
    assert 20 * np.log10(left.std() / right.std()) == pytest.approx(12.04, abs=0.3)


def test_silence_stays_silent(styler, spoken):
    silence = spoken.with_samples(np.zeros_like(spoken.samples))
    assert styler.style(silence, "angry", 1.0) is silence
    gap = spoken.samples[:, 20_000:60_000].copy()
    gap[:, 10_000:25_000] = 0.0
    styled = styler.style(spoken.with_samples(gap), "angry", 1.0)
    middle = round(17_500 / 40_000 * styled.frames)
    assert np.abs(styled.samples[0, middle - 2_000 : middle + 2_000]).max() < 1e-4


def test_the_output_is_deterministic(styler):
    np.testing.assert_array_equal(
        styler.style(vowel(), "fear", 1.0).samples, styler.style(vowel(), "fear", 1.0).samples
    )


def test_progress_rises_to_the_end_and_work_can_be_stopped(styler):
    steps = []
    styler.style(vowel(), "happy", 1.0, progress=lambda fraction, message: steps.append(fraction))
    assert steps == sorted(steps)
    assert steps[-1] == 1.0

    def stop(fraction, message):
        if fraction >= 0.2:
            raise Cancelled

    with pytest.raises(Cancelled):
        styler.style(vowel(), "happy", 1.0, progress=stop)


@pytest.mark.parametrize("peak", [4.0, 100.0])
def test_a_tone_beyond_full_scale_stays_finite_and_loud(styler, peak):
    times = np.arange(16_000) / 16_000
    loud = Audio((peak * np.sin(2 * np.pi * 220 * times)).astype(np.float32)[None], 16_000)
    styled = styler.style(loud, "angry", 1.0)
    assert np.isfinite(styled.samples).all()
    assert np.abs(styled.samples).max() > peak / 2
