"""Every method finds what was sung, when it was sung, and nothing where nobody sings."""

import sys

import numpy as np
import pytest

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.pitch import (
    METHODS,
    Pitch,
    find_pitch,
    load_pitch_method,
    pitch_range,
    prepare_pitch_method,
    smoothed,
    without_octave_errors,
)
from vc_core.pitch_methods.base import PitchSearch
from vc_core.pitch_methods.bins import Bins, Moments, at_moments_of, read_bins

RATE = 16_000
EXACT_CENTS = {"dio": 6, "harvest": 6, "praat": 6, "fcpe": 15, "crepe-tiny": 20, "crepe": 20}
"""How far 95 of 100 moments may be off in held notes."""
QUICK = [name for name in EXACT_CENTS if name != "crepe"]
every_method = pytest.mark.parametrize("method", [*QUICK, pytest.param("crepe", marks=pytest.mark.slow)])
methods = pytest.mark.parametrize("method", QUICK)


@pytest.fixture
def loaded(method):
    if not METHODS[method].is_installed():
        pytest.skip(f"the extra `{method}` is not installed")
    return load_pitch_method(method)


def sung(octaves: np.ndarray, rate: int = RATE) -> Audio:
    """A vowel: harmonics under two formants, at a pitch that is given for each frame, in octaves over 1 Hz."""
    phase = 2 * np.pi * np.cumsum(2**octaves) / rate
    wave = np.zeros(len(octaves))
    for count in range(1, 21):
        hertz = count * 2**octaves
        height = sum(1 / (1 + ((hertz - formant) / 200) ** 2) for formant in (650, 1_100)) + 0.05
        wave += np.where(hertz < 4_000, height * np.sin(count * phase), 0.0)
    return Audio((0.3 * wave / np.abs(wave).max())[None].astype(np.float32), rate)


def truth_at(pitch: Pitch, octaves: np.ndarray, rate: int = RATE) -> np.ndarray:
    at = np.round(np.arange(pitch.frames) * pitch.hop_seconds * rate).astype(int)
    return octaves[np.minimum(at, len(octaves) - 1)]


def cents_off(pitch: Pitch, octaves: np.ndarray) -> np.ndarray:
    """Of moments that are voiced, without the ends."""
    inside = np.arange(12, pitch.frames - 12)
    inside = inside[pitch.voiced[inside]]
    return 1200 * (np.log2(pitch.hertz[inside]) - truth_at(pitch, octaves)[inside])


@every_method
def test_held_notes_are_found_and_none_is_left_in_another_octave(method, loaded):
    notes = np.repeat(np.log2([147, 98, 196, 262, 349, 440, 587, 784]), RATE // 2)
    pitch = without_octave_errors(find_pitch(sung(notes), loaded))
    off = np.abs(cents_off(pitch, notes))
    assert pitch.voiced[12:-12].mean() > 0.9
    settled = off[off < 400]  # at the border between two notes a moment hears both
    assert len(settled) > 0.97 * len(off)
    assert np.percentile(settled, 80) < EXACT_CENTS[method]
    assert (np.abs(off - 1200) < 100).mean() < 0.01


@every_method
def test_a_glide_is_found_at_its_time(method, loaded):
    """At two octaves a second, 5 ms too late would be 12 cents too low."""
    times = np.arange(RATE) / RATE
    octaves = np.log2(130) + 2 * times
    off = cents_off(find_pitch(sung(octaves), loaded), octaves)
    assert len(off) > 150
    assert np.abs(np.median(off)) < 7


@methods
def test_there_is_no_voice_in_silence_and_noise(method, loaded):
    noise = np.random.default_rng(0).standard_normal((1, 2 * RATE)).astype(np.float32)
    assert not find_pitch(Audio(np.zeros_like(noise), RATE), loaded).voiced.any()
    for level in (1e-4, 0.1):
        assert find_pitch(Audio(level * noise, RATE), loaded).voiced.mean() < 0.15


@every_method
def test_a_voice_between_rests_is_voiced_and_the_rests_are_not(method, loaded):
    rest = np.zeros(RATE // 2)
    audio = sung(np.full(RATE, np.log2(250)))
    whole = np.concatenate([rest, audio.samples[0], rest])
    pitch = find_pitch(Audio(whole[None].astype(np.float32), RATE), loaded)
    assert pitch.voiced[110:290].mean() > 0.97
    assert not pitch.voiced[:80].any()
    assert not pitch.voiced[-80:].any()


@methods
@pytest.mark.parametrize("frames", [0, 1, 99, 3_199, 4_801])
@pytest.mark.parametrize("hop_seconds", [0.005, 512 / 44_100])
def test_there_are_as_many_frames_as_world_makes(method, loaded, frames, hop_seconds):
    audio = Audio(np.zeros((1, frames), np.float32), RATE)
    assert find_pitch(audio, loaded, hop_seconds=hop_seconds).frames == int(frames / RATE / hop_seconds + 1e-9) + 1


@methods
def test_a_fast_vibrato_is_in_step_to_the_end(method, loaded):
    """86.13 moments a second, as so-vits-svc has them: cut down to whole samples they would drift."""
    times = np.arange(5 * 44_100) / 44_100
    octaves = np.log2(240) + 0.08 * np.sin(2 * np.pi * 5 * times)
    pitch = find_pitch(sung(octaves, 44_100), loaded, hop_seconds=512 / 44_100)
    end = slice(pitch.frames - 100, pitch.frames - 10)
    off = 1200 * (np.log2(np.maximum(pitch.hertz, 1)) - truth_at(pitch, octaves, 44_100))[end]
    assert np.percentile(np.abs(off), 90) < 30


@methods
def test_what_is_heard_in_pieces_is_what_is_heard_at_once(method, loaded, monkeypatch):
    times = np.arange(4 * RATE) / RATE
    audio = sung(np.log2(300) + 0.3 * np.sin(times))
    whole = find_pitch(audio, loaded)
    monkeypatch.setattr("vc_core.pitch.PIECE_SECONDS", 1.3)
    pieces = find_pitch(audio, loaded)
    inside = slice(10, -10)
    assert (pieces.voiced == whole.voiced)[inside].mean() > 0.99
    both = (pieces.voiced & whole.voiced)[inside]
    np.testing.assert_allclose(pieces.hertz[inside][both], whole.hertz[inside][both], rtol=0.005)


@methods
def test_the_same_sound_gives_the_same_pitch_within_the_range_asked_for(method, loaded):
    octaves = np.log2(150) + np.linspace(0, 2, RATE)
    found = [find_pitch(sung(octaves), loaded, lowest_hz=200, highest_hz=400) for _ in range(2)]
    np.testing.assert_array_equal(found[0].hertz, found[1].hertz)
    heard = found[0].hertz[found[0].voiced]
    assert len(heard) > 60
    assert 200 <= heard.min() <= heard.max() <= 400
    assert ((found[0].confidence >= 0) & (found[0].confidence <= 1)).all()


@methods
def test_the_repairs_leave_a_sung_line_as_it_is(method, loaded):
    times = np.arange(2 * RATE) / RATE
    octaves = np.log2(200) + 0.5 * (times > 1) + 0.04 * np.sin(2 * np.pi * 5.5 * times)
    pitch = find_pitch(sung(octaves), loaded)
    mended = smoothed(without_octave_errors(pitch))
    assert np.abs(1200 * np.log2(mended.hertz[pitch.voiced] / pitch.hertz[pitch.voiced])).mean() < 5
    low, high = pitch_range(mended)
    assert low == pytest.approx(200 * 2**-0.04, rel=0.03)
    assert high == pytest.approx(200 * 2**0.54, rel=0.03)


def test_crepe_hears_what_the_package_hears():
    """Torchcrepe itself, moment by moment; it adds a dither of up to 20 cents to its pitch."""
    load_pitch_method("crepe-tiny")
    import torch
    import torchcrepe

    audio = sung(np.log2(200) + np.linspace(0, 1, 2 * RATE))
    wanted, periodicity = torchcrepe.predict(
        torch.from_numpy(audio.samples), RATE, 160, 50, 1100, "tiny", torchcrepe.decode.argmax, False, True, 512
    )
    pitch = find_pitch(audio, "crepe-tiny", hop_seconds=0.01)
    np.testing.assert_allclose(pitch.confidence, periodicity[0].numpy(), atol=1e-3)
    off = 1200 * np.log2(pitch.hertz / wanted[0].numpy())[pitch.voiced]
    assert np.percentile(np.abs(off), 95) < 40
    assert np.abs(off.mean()) < 3


def test_fcpe_hears_what_the_package_hears(capsys):
    load_pitch_method("fcpe")
    assert capsys.readouterr().out == ""
    import torch
    import torchfcpe

    audio = sung(np.log2(200) + np.linspace(0, 1, 2 * RATE))
    package = torchfcpe.spawn_bundled_infer_model("cpu")
    wanted = package.infer(torch.from_numpy(audio.samples)[..., None], RATE)[0, :, 0].numpy()
    pitch = find_pitch(audio, "fcpe", hop_seconds=0.01)
    both = pitch.voiced & (wanted[: pitch.frames] > 0)
    assert both.mean() > 0.95
    np.testing.assert_allclose(pitch.hertz[both], wanted[: pitch.frames][both], rtol=1e-4)


def test_praat_says_what_praat_says():
    parselmouth = pytest.importorskip("parselmouth", reason="the extra `praat` is not installed")
    audio = sung(np.log2(200) + np.linspace(0, 1, 2 * RATE))
    wanted = parselmouth.Sound(audio.samples[0].astype(np.float64), RATE).to_pitch_ac(0.005, 50.0, pitch_ceiling=1100.0)
    pitch = find_pitch(audio, "praat")
    for at in range(20, pitch.frames - 20, 17):
        assert pitch.hertz[at] == pytest.approx(wanted.get_value_at_time(at * 0.005), rel=1e-3)


@pytest.mark.parametrize(("method", "install"), [("praat", r"vc-core\[praat\]"), ("fcpe", "torchfcpe")])
def test_where_a_package_is_missing_a_sentence_says_what_to_install(monkeypatch, method, install):
    monkeypatch.setitem(sys.modules, METHODS[method].module, None)
    load_pitch_method.cache_clear()
    assert not METHODS[method].is_installed()
    with pytest.raises(UserError, match=f"pip install '{install}'"):
        find_pitch(Audio(np.zeros((1, RATE), np.float32), RATE), method)


def test_an_unknown_method_is_named_in_a_sentence():
    for ask in (prepare_pitch_method, load_pitch_method):
        with pytest.raises(UserError, match="called “ear”.*There are: dio"):
            ask("ear")


def test_every_choice_says_what_it_is():
    for choice in METHODS.values():
        assert choice.label
        assert choice.notice.endswith(".")


def test_the_highest_bin_is_read_between_bins_and_only_in_the_range():
    bins = Bins(lowest_cents=2_400, cents=20.0, count=200)
    wanted = 2_400 + 20 * np.array([50.3, 120.7, 30.0])
    activations = np.exp(-((wanted[:, None] - bins.centres) ** 2) / 1250).astype(np.float32)
    activations[2] *= 0.02
    hertz, confidence = read_bins(activations, bins, PitchSearch(lowest_hz=50, highest_hz=1000), 0.03)
    np.testing.assert_allclose(1200 * np.log2(hertz[:2] / 10), wanted[:2], atol=2)
    assert hertz[2] == 0
    assert confidence[2] == pytest.approx(0.02, abs=1e-3)
    high = read_bins(activations, bins, PitchSearch(lowest_hz=100, highest_hz=1000), 0.0)[0]
    assert high.min() >= 100


def test_between_two_moments_lies_what_is_between_their_pitches_but_never_between_two_notes():
    search, audio = PitchSearch(0.005), Audio(np.zeros((1, 640), np.float32), RATE)
    hertz = np.array([100.0, 102.0, 200.0, 0.0, 0.0])
    pitch = at_moments_of(search, audio, hertz, np.ones(5), Moments(0.01))
    assert pitch.hertz[1] == pytest.approx(np.sqrt(100 * 102))
    assert pitch.hertz[3] in (102, 200)
    assert pitch.hertz[7] == 0
