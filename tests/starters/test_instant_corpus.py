"""The instant engine's corpora: phone alignments, damaged and sung speech, and a held-out evaluation."""

import shutil

import numpy as np
import pytest
import torch

from starters.instant import corpus, degrade, singing, starter_voices
from starters.instant.recordings import say, say_with_formant_scale
from starters.instant.teacher import Heard
from starters.separator import texts
from starters.speech import held_out, sentences
from vc_core.audio import Audio
from vc_core.models import content_encoder
from vc_core.models.content_encoder import ContentEncoder
from vc_core.signal.pitch import estimate_pitch
from vc_core.training.instant.losses import compute_spectral_loss
from vc_core.voices.prepared_recording import (
    AUGMENTATIONS,
    LOW_SAMPLE_RATE,
    interpolate_pitch,
    prepare_recording,
)

with_flite = pytest.mark.skipif(not shutil.which("flite"), reason="flite is not installed (Debian: apt install flite)")


def espeak_utterance() -> corpus.Utterance:
    text = "She sells fresh cheese."
    return corpus.Utterance("espeak", "m1", corpus.say_with_espeak(text, "en-us+m1", 150))


@pytest.fixture(scope="module")
def utterance():
    return espeak_utterance()


def test_evaluation_sentences_are_in_no_training():
    generator = np.random.default_rng(0)
    said = {sentences.choose_text("en", generator) for _ in range(2_000)}
    assert not said & set(sentences.EVALUATION)
    assert not {text for spoken in texts.TRAINING.values() for text in spoken} & set(sentences.EVALUATION)
    assert len(said) > 1_000


def spectral_middle(audio: Audio) -> float:
    power = np.abs(np.fft.rfft(audio.resample(16_000).samples[0])) ** 2
    return float((power * np.arange(len(power))).sum() / power.sum() / len(power))


@with_flite
def test_scaled_formants_raise_the_pitch_and_keep_the_duration():
    text = "The river runs slowly under the old stone bridge."
    plain, small = say("slt", text), say("slt*1.14", text)
    assert small.seconds == pytest.approx(plain.seconds, rel=0.02)
    assert spectral_middle(small) > 1.05 * spectral_middle(plain)


@with_flite
def test_a_requested_pitch_keeps_the_phones_and_the_duration():
    text = "The river runs slowly under the old stone bridge."
    plain, _ = say_with_formant_scale("slt*1.14", text)
    low, spoken = say_with_formant_scale("slt*1.14", text, pitch_hz=150.0)
    hertz = estimate_pitch(low).hertz
    assert np.median(hertz[hertz > 0]) == pytest.approx(150, rel=0.08)
    assert low.seconds == pytest.approx(plain.seconds, rel=0.01)
    assert spoken.borders[-1] == pytest.approx(low.seconds, abs=0.05)


def test_phone_labels_are_aligned_with_the_sound(utterance):
    """The power of an “s” or “S” is at higher frequencies than that of a vowel."""
    spectrum = content_encoder.compute_power_spectrum(torch.from_numpy(utterance.spoken.samples)[None])[0]
    middles = (utterance.spoken.borders[:-1] + utterance.spoken.borders[1:]) / 2 * content_encoder.FRAMES_PER_SECOND
    high = {}
    for phone, at in zip(utterance.spoken.phones, middles, strict=True):
        high.setdefault(phone, []).append(float(spectrum[round(at), 80:].sum() / spectrum[round(at)].sum()))
    assert min(high["S"] + high["s"]) > 0.5
    assert max(high["i"] + high["E"]) < 0.2


def test_an_utterance_survives_writing_and_reading(utterance, tmp_path):
    corpus.store(tmp_path / "0.npz", utterance)
    again = corpus.read(tmp_path / "0.npz")
    assert (again.synthesiser, again.voice, again.spoken.phones) == ("espeak", "m1", utterance.spoken.phones)
    np.testing.assert_allclose(again.spoken.samples, utterance.spoken.samples, atol=1e-4)


@with_flite
def test_phones_of_flite_cover_its_audio():
    spoken = corpus.say_with_flite("She sells fresh cheese.", "slt")
    assert len(spoken.borders) == len(spoken.phones) + 1
    assert (np.diff(spoken.borders) >= 0).all()
    assert spoken.borders[-1] == pytest.approx(len(spoken.samples) / content_encoder.SAMPLE_RATE, abs=0.05)


def test_prepared_features_have_the_right_shapes():
    generator = np.random.default_rng(0)
    recording = say("en-us+f2", "The river runs slowly under the old stone bridge.")
    made = prepare_recording(recording, ContentEncoder().eval(), generator)
    frames = len(made.hertz)
    assert made.units.shape == (AUGMENTATIONS, frames, content_encoder.CONTENT_UNITS)
    assert made.energy.shape == (AUGMENTATIONS, frames)
    assert made.sound.shape == ((frames - 1) * LOW_SAMPLE_RATE // 100,)
    assert made.bandwidth_hz == pytest.approx(10_800, abs=10)
    assert 0.3 < float(made.sound.std()) < 3


def test_pitch_is_interpolated_between_voiced_frames():
    track = interpolate_pitch(torch.tensor([0.0, 100.0, 110.0, 0.0]), 720, 240)
    assert not track[:119].any()
    assert track[240] == pytest.approx(100, abs=0.1)
    assert track[360] == pytest.approx(105, abs=0.1)


def test_the_spectral_loss_is_zero_for_equal_sounds_and_limited_to_the_bandwidth():
    sound = torch.randn(1, 4_800)
    whole, low = torch.tensor([12_000.0]), torch.tensor([2_000.0])
    assert compute_spectral_loss(sound, sound, whole, LOW_SAMPLE_RATE) == 0
    times = torch.arange(4_800) / LOW_SAMPLE_RATE
    hissing = sound + torch.sin(2 * torch.pi * 8_000 * times)[None]
    assert compute_spectral_loss(hissing, sound, low, LOW_SAMPLE_RATE) < 0.1 * compute_spectral_loss(
        hissing, sound, whole, LOW_SAMPLE_RATE
    )


def test_the_starter_voices_are_none_of_the_evaluation():
    generator = np.random.default_rng(0)
    for voice in starter_voices.STARTER_VOICES:
        held_out.require_allowed(voice.kokoro)
        texts_said = {starter_voices.choose_text(voice, generator)[0] for _ in range(200)}
        assert not texts_said & set(held_out.HARVARD_SENTENCES)


def test_damaged_speech_keeps_its_time_and_differs(utterance):
    speech, generator = utterance.spoken.samples, np.random.default_rng(0)
    made = [degrade.degrade(speech, [speech[::-1].copy()], generator) for _ in range(12)]
    for one in made:
        assert one.log_mel.shape[1] == content_encoder.MELS
        assert len(one.log_mel) * one.speed == pytest.approx(len(speech) / content_encoder.HOP_SAMPLES, abs=3)
        assert one.log_mel.isfinite().all()
    assert len({round(one.speed, 3) for one in made}) > 3
    still = degrade.degrade(speech, (), generator, changes_speed=False)
    assert still.speed == 1


def test_sung_speech_holds_vowels_on_other_notes(utterance):
    samples = np.round(utterance.spoken.samples * 20_000).astype(np.int16)
    frames = len(samples) // 320
    features = np.repeat(np.arange(frames)[:, None], 4, axis=1).astype(np.float16)
    heard = Heard(samples[: frames * 320], features, "", 0)
    drawn = [sung for seed in range(5) if (sung := singing.sing(heard, np.random.default_rng(seed)))]
    sung = max(drawn, key=lambda one: len(one.features))
    assert len(sung.samples) == 320 * len(sung.features)
    places = sung.features[:, 0].astype(float)
    assert (np.diff(places) >= 0).all()
    assert places[-1] > 0.9 * frames
    assert len(places) > 1.3 * frames
    hertz = [estimate_pitch(Audio(one.samples[None].astype(np.float32) / 32768, 16_000)).hertz for one in drawn]
    keys = [12 * np.log2(np.median(found[found > 0])) for found in hertz]
    assert max(keys) - min(keys) > 2


def test_silence_can_t_be_sung():
    silence = Heard(np.zeros(16_000, np.int16), np.zeros((50, 4), np.float16), "", 0)
    assert singing.sing(silence, np.random.default_rng(0)) is None
