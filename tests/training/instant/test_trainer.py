"""Training of instant voices: the score improves, resuming is exact, and the converter loads the voice."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from vc_core.audio import Audio
from vc_core.conversion import ConversionOptions, load_converter
from vc_core.errors import UserError
from vc_core.files.writing import write_audio
from vc_core.speech.espeak import speak
from vc_core.training import TRAINING_METHODS
from vc_core.training.base import Clips
from vc_core.training.instant.dataset import Dataset, load_dataset, split_held_out, split_into_segments
from vc_core.training.instant.features import FULL_SAMPLE_RATE, LOWEST_SAMPLE_RATE, choose_sample_rate
from vc_core.training.instant.settings import InstantSettings
from vc_core.training.instant.trainer import InstantTrainer, prepare_instant
from vc_core.voices.instant_weights import load_decoder
from vc_core.voices.library import Voice, VoiceCard, hash_files, write_card
from vc_core.voices.prepared_recording import LOW_SAMPLE_RATE, measure_bandwidth_hz

SMALL = InstantSettings(steps=30, excerpts=2, excerpt_seconds=0.4)
SENTENCES = ("The river runs slowly under the old stone bridge.", "Seven hungry wolves were watching.", "Hold me now.")


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    paths = [folder / f"{at}.wav" for at in range(len(SENTENCES))]
    for path, text in zip(paths, SENTENCES, strict=True):
        write_audio(path, speak(text, voice="en-us+m3").audio)
    return Clips({"Tester": paths})


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("features")


@pytest.fixture(scope="module")
def dataset(clips, kept):
    return load_dataset(clips.all, SMALL.seed, kept)


def trainer_of(dataset, settings=SMALL):
    return InstantTrainer(dataset, settings, load_decoder())


def hiss(rate: int, seconds: float) -> Audio:
    samples = np.random.default_rng(0).standard_normal((1, round(seconds * rate))) * 0.1
    return Audio(samples.astype(np.float32), rate)


def test_the_held_out_score_improves(dataset):
    trainer = trainer_of(dataset)
    before = trainer.score_held_out()
    losses = [trainer.step()["distance"] for _ in range(SMALL.steps)]
    assert trainer.score_held_out() < 0.95 * before
    assert np.mean(losses[-5:]) < np.mean(losses[:5])


@pytest.mark.parametrize("judged", [0, 4])
def test_a_resumed_training_has_the_same_losses(dataset, tmp_path, judged):
    settings = replace(SMALL, steps=6, judged_steps=judged)
    unbroken, first = trainer_of(dataset, settings), trainer_of(dataset, settings)
    expected = [unbroken.step() for _ in range(6)]
    for _ in range(3):
        first.step()
    torch.save(first.state_dict(), tmp_path / "state.pt")
    resumed = trainer_of(dataset, settings)
    resumed.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert resumed.steps_done == 3
    assert [resumed.step() for _ in range(3)] == expected[3:]
    assert resumed.score_held_out() == unbroken.score_held_out()


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_a_voice_lies_between_the_start_and_what_was_trained(dataset, tmp_path, share):
    trainer, start = trainer_of(dataset, replace(SMALL, start_share=share)), trainer_of(dataset)._decoder
    for _ in range(3):
        trainer.step()
    trainer.export(tmp_path)
    found, trained = load_decoder(tmp_path / "decoder.safetensors"), trainer._decoder
    wanted = share * start.first.weight + (1 - share) * trained.first.weight
    torch.testing.assert_close(found.first.weight, wanted, atol=1e-3, rtol=0)  # files have half precision
    assert not torch.equal(start.first.weight, trained.first.weight)


def test_the_adversarial_loss_joins_for_the_last_steps_only(dataset):
    trainer = trainer_of(dataset, replace(SMALL, steps=3, judged_steps=1))
    assert [("judges" in trainer.step()) for _ in range(3)] == [False, False, True]


def test_held_out_clips_are_not_trained_on(dataset):
    changed = replace(dataset.held_out, sound=torch.zeros_like(dataset.held_out.sound))
    trainers = [trainer_of(dataset), trainer_of(Dataset(dataset.training, changed, dataset.sample_rate))]
    assert trainers[0].step() == trainers[1].step()
    assert all(one.sound.shape != dataset.held_out.sound.shape for one in dataset.training)


def test_a_short_clip_or_the_end_of_the_longest_is_held_out():
    minute, short = hiss(8_000, 60), hiss(8_000, 5)
    assert split_held_out([minute, short])[0] is short
    end, rest = split_held_out([minute])
    assert (end.seconds, rest.seconds) == (6, 54)
    np.testing.assert_array_equal(np.concatenate([rest.samples, end.samples], 1), minute.samples)


def test_long_recordings_are_split_without_loss():
    whole = hiss(8_000, 50)
    pieces = list(split_into_segments(whole))
    assert len(pieces) == 3
    np.testing.assert_array_equal(np.concatenate([piece.samples for piece in pieces], 1), whole.samples)


def test_too_little_sound_is_refused(tmp_path):
    write_audio(tmp_path / "a.wav", hiss(16_000, 2))
    with pytest.raises(UserError, match="only 2 seconds"):
        load_dataset([tmp_path / "a.wav"], 1, tmp_path)


def test_recordings_without_a_voice_are_refused(tmp_path):
    write_audio(tmp_path / "a.wav", Audio(np.full((1, 96_000), 0.1, np.float32), 16_000))
    with pytest.raises(UserError, match="No voice"):
        load_dataset([tmp_path / "a.wav"], 1, tmp_path)


def test_prepared_recordings_are_cached(clips, kept, dataset):
    before = {path: path.stat().st_mtime_ns for path in kept.iterdir()}
    again = load_dataset(clips.all, SMALL.seed, kept)
    assert {path: path.stat().st_mtime_ns for path in kept.iterdir()} == before
    torch.testing.assert_close(again.held_out.sound, dataset.held_out.sound)
    assert len(again.training) == len(dataset.training)


def test_the_sample_rate_follows_from_the_bandwidth():
    narrow = hiss(22_050, 2).resample(44_100)
    assert measure_bandwidth_hz(narrow) == pytest.approx(11_000, abs=400)
    assert choose_sample_rate(measure_bandwidth_hz(narrow)) == LOW_SAMPLE_RATE
    assert choose_sample_rate(measure_bandwidth_hz(hiss(16_000, 2).resample(44_100))) == LOWEST_SAMPLE_RATE
    assert choose_sample_rate(measure_bandwidth_hz(hiss(44_100, 2))) == FULL_SAMPLE_RATE


def test_full_band_recordings_train_the_full_band(clips, tmp_path):
    """A voice with noise up to 20 kHz is reproduced with it."""
    voice = speak(SENTENCES[0], voice="en-us+m3").audio.resample(44_100)
    bright = voice.with_samples(voice.samples + 0.02 * hiss(44_100, 60).samples[:, : voice.frames])
    for at in range(3):
        write_audio(tmp_path / f"{at}.wav", bright)
    paths = [tmp_path / f"{at}.wav" for at in range(3)]
    trainer = prepare_instant(Clips({"Bright": paths}), SMALL, tmp_path)
    for _ in range(SMALL.steps):
        trainer.step()
    made = trainer.render_samples()["phrase"]
    assert made.sample_rate == FULL_SAMPLE_RATE
    high_hz, spectrum = np.fft.rfftfreq(made.frames, 1 / FULL_SAMPLE_RATE), np.abs(np.fft.rfft(made.samples[0])) ** 2
    wanted = np.abs(np.fft.rfft(trainer._dataset.held_out.sound.numpy())) ** 2
    top = (high_hz > 14_000) & (high_hz < 20_000)
    scale = 10 * np.log10(wanted.sum() / spectrum.sum())
    assert 10 * np.log10(wanted[: len(top)][top].mean() / spectrum[top].mean()) - scale == pytest.approx(0, abs=6)


def test_the_converter_loads_the_trained_voice(dataset, tmp_path):
    trainer = trainer_of(dataset)
    trainer.step()
    product = trainer.export(tmp_path)
    assert (product.engine, product.sample_rate) == ("instant", LOW_SAMPLE_RATE)
    assert 50 < product.pitch_range_hz[0] < product.pitch_range_hz[1] < 400
    card = VoiceCard(
        name="Tester",
        engine=product.engine,
        sample_rate=product.sample_rate,
        licence="MIT",
        consent="synthetic",
        origin="A test's.",
        files=hash_files(tmp_path),
        pitch_range_hz=product.pitch_range_hz,
    )
    write_card(tmp_path, card)
    source = speak("Hey, hey, baby.", voice="en-us+f2").audio
    made = load_converter(Voice(card, tmp_path)).convert(source, ConversionOptions())
    assert made.frames == source.frames
    assert 0.005 < np.abs(made.samples).max() < 2


def test_a_voice_of_the_engine_before_is_to_be_trained_anew(dataset, tmp_path):
    old = {"code": torch.zeros(32), "last.bias": torch.zeros(192)}
    save_file(old, tmp_path / "decoder.safetensors")
    with pytest.raises(UserError, match="Train it anew"):
        load_decoder(tmp_path / "decoder.safetensors")
    with pytest.raises(UserError, match="Train it anew"):
        trainer_of(dataset).load_state_dict({"steps_done": 1, "decoder": old})


def test_samples_are_deterministic(dataset):
    trainer = trainer_of(dataset)
    first, second = trainer.render_samples(), trainer.render_samples()
    assert set(first) == {"phrase", "song"}
    for name, audio in first.items():
        np.testing.assert_array_equal(audio.samples, second[name].samples)
        assert audio.sample_rate == dataset.sample_rate
        assert 0.01 < audio.samples.std() < 0.2


def test_it_is_a_registered_training_method(clips, kept):
    method = TRAINING_METHODS["instant"]
    trainer = method.load(method.settings(steps=1, excerpts=1), "cpu")(clips, kept, lambda fraction, message: None)
    assert trainer.step()["distance"] > 0
