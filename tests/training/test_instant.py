"""Training a voice of the instant engine: it learns, resumes as if it had never stopped, and the converter sings it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from vc_core.audio import Audio
from vc_core.conversion import ConversionOptions, load_converter
from vc_core.errors import UserError
from vc_core.espeak import speak
from vc_core.instant_weights import load_decoder
from vc_core.training import TRAINING_METHODS
from vc_core.training.base import Clips
from vc_core.training.instant import InstantTrainer, prepare_instant
from vc_core.training.instant_dataset import Dataset, hold_out, load_dataset, pieces_of
from vc_core.training.instant_recordings import FULL_RATE, LOW_RATE, LOWEST_RATE, bandwidth_hz, choose_rate
from vc_core.training.instant_settings import InstantSettings
from vc_core.voices import Voice, VoiceCard, hashes_of, write_card
from vc_core.writing import write_audio

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


def test_it_comes_nearer_to_a_recording_it_does_not_learn_from(dataset):
    trainer = trainer_of(dataset)
    before = trainer.score()
    losses = [trainer.step()["distance"] for _ in range(SMALL.steps)]
    assert trainer.score() < 0.95 * before
    assert np.mean(losses[-5:]) < np.mean(losses[:5])


@pytest.mark.parametrize("judged", [0, 4])
def test_stopped_and_resumed_is_never_having_stopped(dataset, tmp_path, judged):
    settings = replace(SMALL, steps=6, judged_steps=judged)
    unbroken, first = trainer_of(dataset, settings), trainer_of(dataset, settings)
    expected = [unbroken.step() for _ in range(6)]
    for _ in range(3):
        first.step()
    torch.save(first.state(), tmp_path / "state.pt")
    resumed = trainer_of(dataset, settings)
    resumed.restore(torch.load(tmp_path / "state.pt", weights_only=True))
    assert resumed.steps_done == 3
    assert [resumed.step() for _ in range(3)] == expected[3:]
    assert resumed.score() == unbroken.score()


def test_judges_join_for_the_last_steps_only(dataset):
    trainer = trainer_of(dataset, replace(SMALL, steps=3, judged_steps=1))
    assert [("judges" in trainer.step()) for _ in range(3)] == [False, False, True]


def test_what_is_held_out_is_not_learned_from(dataset):
    changed = replace(dataset.held_out, sound=torch.zeros_like(dataset.held_out.sound))
    trainers = [trainer_of(dataset), trainer_of(Dataset(dataset.training, changed, dataset.rate))]
    assert trainers[0].step() == trainers[1].step()
    assert all(one.sound.shape != dataset.held_out.sound.shape for one in dataset.training)


def test_a_short_clip_is_held_out_or_else_the_end_of_the_longest():
    minute, short = hiss(8_000, 60), hiss(8_000, 5)
    assert hold_out([minute, short])[0] is short
    end, rest = hold_out([minute])
    assert (end.seconds, rest.seconds) == (6, 54)
    np.testing.assert_array_equal(np.concatenate([rest.samples, end.samples], 1), minute.samples)


def test_long_recordings_are_cut_and_nothing_is_lost():
    whole = hiss(8_000, 50)
    pieces = list(pieces_of(whole))
    assert len(pieces) == 3
    np.testing.assert_array_equal(np.concatenate([piece.samples for piece in pieces], 1), whole.samples)


def test_too_little_is_refused(tmp_path):
    write_audio(tmp_path / "a.wav", hiss(16_000, 2))
    with pytest.raises(UserError, match="only 2 seconds"):
        load_dataset([tmp_path / "a.wav"], 1, tmp_path)


def test_recordings_without_a_voice_are_refused(tmp_path):
    write_audio(tmp_path / "a.wav", Audio(np.full((1, 96_000), 0.1, np.float32), 16_000))
    with pytest.raises(UserError, match="No voice"):
        load_dataset([tmp_path / "a.wav"], 1, tmp_path)


def test_a_second_start_finds_what_was_prepared(clips, kept, dataset):
    before = {path: path.stat().st_mtime_ns for path in kept.iterdir()}
    again = load_dataset(clips.all, SMALL.seed, kept)
    assert {path: path.stat().st_mtime_ns for path in kept.iterdir()} == before
    torch.testing.assert_close(again.held_out.sound, dataset.held_out.sound)
    assert len(again.training) == len(dataset.training)


def test_the_rate_is_that_of_what_was_recorded_not_of_the_file():
    narrow = hiss(22_050, 2).resampled(44_100)
    assert bandwidth_hz(narrow) == pytest.approx(11_000, abs=400)
    assert choose_rate(bandwidth_hz(narrow)) == LOW_RATE
    assert choose_rate(bandwidth_hz(hiss(16_000, 2).resampled(44_100))) == LOWEST_RATE
    assert choose_rate(bandwidth_hz(hiss(44_100, 2))) == FULL_RATE


def test_recordings_at_44_khz_train_the_whole_band(clips, tmp_path):
    """A voice with breath up to 20 kHz gets it back."""
    voice = speak(SENTENCES[0], voice="en-us+m3").audio.resampled(44_100)
    bright = voice.with_samples(voice.samples + 0.02 * hiss(44_100, 60).samples[:, : voice.frames])
    for at in range(3):
        write_audio(tmp_path / f"{at}.wav", bright)
    paths = [tmp_path / f"{at}.wav" for at in range(3)]
    trainer = prepare_instant(Clips({"Bright": paths}), SMALL, tmp_path)
    for _ in range(SMALL.steps):
        trainer.step()
    made = trainer.samples()["phrase"]
    assert made.sample_rate == FULL_RATE
    high_hz, spectrum = np.fft.rfftfreq(made.frames, 1 / FULL_RATE), np.abs(np.fft.rfft(made.samples[0])) ** 2
    wanted = np.abs(np.fft.rfft(trainer._dataset.held_out.sound.numpy())) ** 2
    top = (high_hz > 14_000) & (high_hz < 20_000)
    scale = 10 * np.log10(wanted.sum() / spectrum.sum())
    assert 10 * np.log10(wanted[: len(top)][top].mean() / spectrum[top].mean()) - scale == pytest.approx(0, abs=6)


def test_the_voice_is_heard_in_the_converter(dataset, tmp_path):
    trainer = trainer_of(dataset)
    trainer.step()
    product = trainer.export(tmp_path)
    assert (product.engine, product.sample_rate) == ("instant", LOW_RATE)
    assert 50 < product.pitch_range_hz[0] < product.pitch_range_hz[1] < 400
    card = VoiceCard(
        name="Tester",
        engine=product.engine,
        sample_rate=product.sample_rate,
        licence="MIT",
        consent="synthetic",
        origin="A test's.",
        files=hashes_of(tmp_path),
        pitch_range_hz=product.pitch_range_hz,
    )
    write_card(tmp_path, card)
    source = speak("Hey, hey, baby.", voice="en-us+f2").audio
    made = load_converter(Voice(card, tmp_path)).convert(source, ConversionOptions())
    assert made.frames == source.frames
    assert 0.005 < np.abs(made.samples).max() < 2


def test_samples_are_the_same_phrases_each_time(dataset):
    trainer = trainer_of(dataset)
    first, second = trainer.samples(), trainer.samples()
    assert set(first) == {"phrase", "song"}
    for name, audio in first.items():
        np.testing.assert_array_equal(audio.samples, second[name].samples)
        assert audio.sample_rate == dataset.rate
        assert 0.01 < audio.samples.std() < 0.2


def test_it_is_one_of_the_ways_to_train(clips, kept):
    method = TRAINING_METHODS["instant"]
    trainer = method.prepare(clips, method.settings(steps=1, excerpts=1), kept, "cpu", lambda fraction, message: None)
    assert trainer.step()["distance"] > 0
