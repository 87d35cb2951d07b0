"""The instant engine's corpus: phones where they are heard, the same words beside them, and an evaluation unheard."""

import shutil

import numpy as np
import pytest
import torch
from conftest import ROOT

from starters.instant import augment, corpus, parallel, sentences, train_voices
from starters.instant.measures import distortion_db, pitch_likeness
from starters.instant.recordings import said_by_flite, say, spoken_by
from starters.separator import texts
from vc_core.audio import Audio
from vc_core.instant_weights import load_units
from vc_core.models import units
from vc_core.models.units import Units
from vc_core.pitch import find_pitch
from vc_core.reading import read_audio
from vc_core.training.instant_learning import distance, pitch_at_frames
from vc_core.training.instant_recordings import LOW_RATE, prepare

with_flite = pytest.mark.skipif(not shutil.which("flite"), reason="flite is not installed (Debian: apt install flite)")


def espeak_utterance() -> corpus.Utterance:
    text = "She sells fresh cheese."
    spoken, canonical = (corpus.say_with_espeak(text, f"en-us+{name}", 150) for name in ("m1", "f5"))
    bands = corpus.beside(spoken, canonical)
    assert bands is not None
    return corpus.Utterance("espeak", "m1", spoken, bands)


@pytest.fixture(scope="module")
def utterance():
    return espeak_utterance()


def test_the_evaluation_says_what_no_training_says():
    generator = np.random.default_rng(0)
    said = {sentences.choose_text("en", generator) for _ in range(2_000)}
    assert not said & set(sentences.EVALUATION)
    assert not {text for spoken in texts.TRAINING.values() for text in spoken} & set(sentences.EVALUATION)
    assert len(said) > 1_000


def test_the_voice_of_the_evaluation_is_in_no_training():
    starters = [starter.singer.spoken_by.partition("*")[0] for starter in train_voices.STARTERS]
    assert "rms" not in (*corpus.FLITE_VOICES, *train_voices.START_VOICES, *starters)


def test_the_voice_that_a_bench_learns_is_new_to_the_start():
    assert "awb" not in train_voices.START_VOICES


def spectral_middle(audio: Audio) -> float:
    power = np.abs(np.fft.rfft(audio.resampled(16_000).samples[0])) ** 2
    return float((power * np.arange(len(power))).sum() / power.sum() / len(power))


@with_flite
def test_a_smaller_throat_says_the_same_as_fast_and_higher():
    text = "The river runs slowly under the old stone bridge."
    plain, small = say("slt", text), say("slt*1.14", text)
    assert small.seconds == pytest.approx(plain.seconds, rel=0.02)
    assert spectral_middle(small) > 1.05 * spectral_middle(plain)


@with_flite
def test_a_voice_says_the_same_at_the_wanted_pitch_in_as_much_time():
    text = "The river runs slowly under the old stone bridge."
    plain, _ = said_by_flite("slt*1.14", text)
    low, spoken = said_by_flite("slt*1.14", text, pitch_hz=150.0)
    hertz = find_pitch(low).hertz
    assert np.median(hertz[hertz > 0]) == pytest.approx(150, rel=0.08)
    assert low.seconds == pytest.approx(plain.seconds, rel=0.01)
    assert spoken.borders[-1] == pytest.approx(low.seconds, abs=0.05)


@with_flite
def test_other_speakers_say_the_same_at_the_same_moments():
    singer = parallel.Singer("slt", (120.0, 250.0))
    (recording,) = parallel.prepare_singer(singer, 0.1, load_units(), 3, units.RATE)
    own, others = recording.units[0], recording.units[parallel.OWN_HEARINGS :]
    assert len(others) == len(recording.energy) - parallel.OWN_HEARINGS == 2 * parallel.HEARINGS_OF_OTHERS
    for other in others:
        late = (own[:-25] - other[25:]).square().mean()
        assert (own - other).square().mean() < 0.6 * late
    assert not torch.equal(recording.energy[0], recording.energy[-1])


def test_hissing_phones_hiss_and_vowels_don_t(utterance):
    """The labels lie where the sounds are: an “s” or “S” has its power higher up than a vowel."""
    spectrum = units.power_spectrum(torch.from_numpy(utterance.spoken.samples)[None])[0]
    middles = (utterance.spoken.borders[:-1] + utterance.spoken.borders[1:]) / 2 * units.MOMENTS_PER_SECOND
    high = {}
    for phone, at in zip(utterance.spoken.phones, middles, strict=True):
        high.setdefault(phone, []).append(float(spectrum[round(at), 80:].sum() / spectrum[round(at)].sum()))
    assert min(high["S"] + high["s"]) > 0.5
    assert max(high["i"] + high["E"]) < 0.2


def test_the_canonical_voice_says_the_same_at_the_same_moments(utterance):
    bands = corpus.bands_of(utterance.spoken.samples)
    assert utterance.canonical.shape == bands.shape
    off = np.abs(bands - utterance.canonical).mean()
    later = np.abs(bands - np.roll(utterance.canonical, 15, axis=0)).mean()
    assert off < 0.75 * later


def test_other_words_have_no_canonical():
    spoken = corpus.say_with_espeak("Yes.", "en-us+m1", 150)
    assert corpus.beside(spoken, corpus.say_with_espeak("No.", "en-us+f5", 150)) is None


def test_what_is_stored_is_read_again(utterance, tmp_path):
    corpus.store(tmp_path / "0.npz", utterance)
    again = corpus.read(tmp_path / "0.npz")
    assert (again.synthesiser, again.voice, again.spoken.phones) == ("espeak", "m1", utterance.spoken.phones)
    np.testing.assert_allclose(again.spoken.samples, utterance.spoken.samples, atol=1e-4)
    np.testing.assert_allclose(again.canonical, utterance.canonical, atol=0.01)


@with_flite
def test_flite_s_phones_are_those_of_its_sound():
    spoken = corpus.say_with_flite("She sells fresh cheese.", "slt")
    assert len(spoken.borders) == len(spoken.phones) + 1
    assert (np.diff(spoken.borders) >= 0).all()
    assert spoken.borders[-1] == pytest.approx(len(spoken.samples) / units.RATE, abs=0.05)


def test_clips_have_their_length_and_their_labels(utterance):
    generator = np.random.default_rng(0)
    alphabet = {"": 0, **{phone: at + 1 for at, phone in enumerate(sorted(set(utterance.spoken.phones) - {"_", ""}))}}
    variety = []
    for _ in range(20):
        clip = augment.choose_clip(utterance, generator, 120)
        labels = augment.labels_of(utterance, clip.sources, alphabet)
        assert clip.places.shape == clip.sources.shape == labels.shape == (120,)
        assert (np.diff(clip.sources) >= 0).all()
        assert labels.min() >= 0
        variety.append(len(set(labels)))
        assert np.isfinite(clip.samples).all()
        assert 0 <= clip.places.min() <= clip.places.max() <= len(clip.samples) // units.HOP
    assert np.median(variety) > 2  # a clip in which one vowel is held may have less


def test_a_recording_is_prepared_moment_by_moment():
    generator = np.random.default_rng(0)
    recording = next(spoken_by("en-us+f2", 1, generator))
    made = prepare(recording, Units().eval(), generator)
    moments = len(made.hertz)
    assert made.units.shape == (4, moments, units.UNITS)
    assert made.energy.shape == (4, moments)
    assert made.sound.shape == ((moments - 1) * LOW_RATE // 100,)
    assert made.bandwidth_hz == pytest.approx(10_800, abs=10)
    assert 0.3 < float(made.sound.std()) < 3


def test_pitch_is_a_line_between_voiced_moments():
    track = pitch_at_frames(torch.tensor([0.0, 100.0, 110.0, 0.0]), 720, 240)
    assert not track[:119].any()
    assert track[240] == pytest.approx(100, abs=0.1)
    assert track[360] == pytest.approx(105, abs=0.1)


def test_the_distance_of_a_sound_to_itself_is_0_and_hears_only_its_band():
    sound = torch.randn(1, 4_800)
    whole, low = torch.tensor([12_000.0]), torch.tensor([2_000.0])
    assert distance(sound, sound, whole, LOW_RATE) == 0
    times = torch.arange(4_800) / LOW_RATE
    hissing = sound + torch.sin(2 * torch.pi * 8_000 * times)[None]
    assert distance(hissing, sound, low, LOW_RATE) < 0.1 * distance(hissing, sound, whole, LOW_RATE)


def test_the_measures_know_the_same_from_another(utterance):
    mine = Audio(utterance.spoken.samples[None], units.RATE)
    other = Audio(corpus.say_with_espeak("Hold me now.", "en-us+f2", 150).samples[None], units.RATE)
    assert distortion_db(mine, mine) == pytest.approx(0, abs=1e-6)
    assert distortion_db(mine, mine.with_samples(0.01 * mine.samples)) < 0.3
    assert distortion_db(mine, other) > 6
    sung = read_audio(ROOT / "examples" / "sung_line.flac")  # what espeak-ng says hangs on all that it said before
    correlation, voicing_errors = pitch_likeness(sung, sung)
    assert correlation > 0.98
    assert voicing_errors == 0
