"""RelGAN's training: what it learns from, that it learns, and that it can be stopped after any step."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from training.emotional_speech import HERTZ, write_emotions

from vc_core.emotion_model import load_emotion_model
from vc_core.errors import UserError
from vc_core.progress import Cancelled, silent
from vc_core.training import TRAINING_METHODS
from vc_core.training.base import Clips
from vc_core.training.corpora import read_emotions
from vc_core.training.gan_settings import RelganSettings
from vc_core.training.relgan import RelganTrainer, prepare_relgan

SETTINGS = RelganSettings(steps=100, width=1 / 32, batch=3, frames=64, rate=1e-3, judge_rate=1e-3)


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> Clips:
    return read_emotions(write_emotions(tmp_path_factory.mktemp("relgan") / "speech"))


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    return tmp_path_factory.mktemp("relgan-features")


@pytest.fixture
def trainer(clips, heard) -> RelganTrainer:
    return prepare_relgan(clips, SETTINGS, heard, "cpu", silent)


def written_and_read(state):
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def test_it_is_one_of_the_ways_to_train(clips, heard):
    method = TRAINING_METHODS["relgan"]
    assert method.sort is read_emotions
    assert isinstance(method.prepare(clips, method.settings(width=1 / 32), heard, "cpu", silent), RelganTrainer)


def test_the_averages_are_those_of_the_recordings(trainer):
    manners = trainer._corpus.manners
    for emotion, factor in HERTZ.items():
        assert np.exp(manners[emotion].pitch) == pytest.approx(factor, rel=0.03)
    assert not manners["neutral"].mean.any()
    # The second code is how much lower frequencies are louder than higher ones.
    assert manners["sad"].mean[1] > manners["neutral"].mean[1] > manners["happy"].mean[1]


def test_what_is_held_out_is_not_learned_from(trainer):
    for speaker, moods in trainer._corpus.learned.items():
        for emotion, learned in moods.items():
            held_out = trainer._corpus.held_out[speaker][emotion]
            first = held_out[:, :16]
            windows = learned.unfold(1, 16, 1).transpose(0, 1)
            assert (windows - first).abs().amax(dim=(1, 2)).min() > 1e-3


def test_the_three_of_each_sample_are_one_speaker_s_and_differ(trainer):
    batch = trainer.draw()
    which = torch.stack([batch.source_is, batch.target_is, batch.other_is])
    assert (which.sum(dim=0) == 1).all()  # three emotions in all, each once
    assert batch.part.unique().numel() == len(batch.part)
    own = [torch.cat([m.T for m in moods.values()]) for moods in trainer._corpus.learned.values()]
    for at in range(len(batch.part)):
        frames = [envelopes[at, :, 0] for envelopes in (batch.source, batch.target, batch.other)]
        assert any(all((frame == rows).all(dim=1).any() for frame in frames) for rows in own)


def test_a_few_dozen_steps_bring_each_term_of_the_judge_towards_what_guessing_scores(trainer):
    rows = [trainer.step() for _ in range(24)]
    for name, floor in trainer.floors.items():
        values = [
            row[f"{name} ({floor:.3g} by guessing)"] for row in rows if f"{name} ({floor:.3g} by guessing)" in row
        ]
        assert np.isfinite(values).all()
        if name in ("judge: real", "judge: match"):
            assert np.mean(values[-6:]) < np.mean(values[:6]) < 2 * floor + 0.2
    kept = [row for row in rows[-1] if row.startswith(("cycle", "unchanged"))]
    assert all(rows[-1][name] < 0.5 * trainer.floors["cycle"] for name in kept)


def test_a_rate_falls_in_the_second_half_and_each_of_its_own(trainer):
    short = RelganTrainer(trainer._corpus, replace(SETTINGS, steps=4, rate=1e-3, judge_rate=4e-3), "cpu")
    rates = []
    for _ in range(4):
        short.step()
        rates.append((short._generating.rate, short._judging.rate))
    assert rates[:3] == [(pytest.approx(1e-3), pytest.approx(4e-3))] * 3
    assert rates[3] == (pytest.approx(0.55e-3), pytest.approx(2.2e-3))


def test_it_goes_on_from_a_state_as_if_it_had_never_stopped(trainer, clips, heard):
    for _ in range(2):
        trainer.step()
    kept = written_and_read(trainer.state())
    wanted = [trainer.step() for _ in range(2)]
    other = prepare_relgan(clips, SETTINGS, heard, "cpu", silent)
    other.restore(kept)
    assert [other.step() for _ in range(2)] == wanted
    assert other.steps_done == trainer.steps_done == 4
    assert other.score() == trainer.score()


def test_what_it_writes_is_a_model_of_these_emotions(trainer, tmp_path):
    trainer.step()
    product = trainer.export(tmp_path)
    assert product.engine == "relgan"
    (file,) = tmp_path.iterdir()
    model = load_emotion_model(file)
    assert model.emotions == tuple(sorted(HERTZ))
    for name, weight in trainer._average.network.state_dict().items():
        torch.testing.assert_close(model.generator.state_dict()[name], weight)


def test_samples_are_of_the_same_phrase_in_each_emotion(trainer):
    samples = trainer.samples()
    assert set(samples) == {"happy", "sad"}
    assert len({audio.frames for audio in samples.values()}) == 1
    assert all(audio.samples.std() > 0.01 for audio in samples.values())


def test_too_few_emotions_and_none_neutral_are_told(clips, heard):
    for left_out in ("neutral", "sad"):
        fewer = Clips({name: paths for name, paths in clips.folders.items() if name != left_out})
        with pytest.raises(UserError, match="at least 3 emotions, “neutral” among them"):
            prepare_relgan(fewer, SETTINGS, heard, "cpu", silent)


def test_preparing_can_be_stopped_and_is_quick_the_second_time(clips, heard, trainer):
    def stop(fraction: float, message: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        prepare_relgan(clips, SETTINGS, heard, "cpu", stop)
    files = {path: path.stat().st_mtime_ns for path in heard.iterdir()}
    prepare_relgan(clips, SETTINGS, heard, "cpu", silent)
    assert {path: path.stat().st_mtime_ns for path in heard.iterdir()} == files
