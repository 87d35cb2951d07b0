"""RelGAN training: the corpus, convergence, and resuming after any step."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from training.emotional_speech import HERTZ, write_emotions

from vc_core.errors import UserError
from vc_core.progress import Cancelled, silent
from vc_core.training import TRAINING_METHODS
from vc_core.training.base import Clips
from vc_core.training.gan.relgan import RelganTrainer, prepare_relgan
from vc_core.training.gan.settings import RelganSettings
from vc_core.training.recordings.corpora import read_emotions
from vc_core.voices.emotion_model import load_emotion_model

SETTINGS = RelganSettings(steps=100, width=1 / 32, batch=3, frames=64, rate=1e-3, judge_rate=1e-3)


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> Clips:
    return read_emotions(write_emotions(tmp_path_factory.mktemp("relgan") / "speech"))


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    return tmp_path_factory.mktemp("relgan-features")


@pytest.fixture
def trainer(clips, features) -> RelganTrainer:
    return prepare_relgan(clips, SETTINGS, features, "cpu", silent)


def save_and_load(state):
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def test_it_is_a_registered_training_method(clips, features):
    method = TRAINING_METHODS["relgan"]
    assert method.sort is read_emotions
    assert isinstance(method.load(method.settings(width=1 / 32), "cpu")(clips, features, silent), RelganTrainer)


def test_the_statistics_are_those_of_the_recordings(trainer):
    manners = trainer._corpus.statistics
    for emotion, factor in HERTZ.items():
        assert np.exp(manners[emotion].pitch) == pytest.approx(factor, rel=0.03)
    assert not manners["neutral"].mean.any()
    # The second code is how much lower frequencies are louder than higher ones.
    assert manners["sad"].mean[1] > manners["neutral"].mean[1] > manners["happy"].mean[1]


def test_training_and_held_out_envelopes_do_not_overlap(trainer):
    for speaker, moods in trainer._corpus.training.items():
        for emotion, learned in moods.items():
            held_out = trainer._corpus.held_out[speaker][emotion]
            first = held_out[:, :16]
            windows = learned.unfold(1, 16, 1).transpose(0, 1)
            assert (windows - first).abs().amax(dim=(1, 2)).min() > 1e-3


def test_each_sample_has_three_different_emotions_of_one_speaker(trainer):
    batch = trainer.draw_batch()
    which = torch.stack([batch.source_attribute, batch.target_attribute, batch.other_attribute])
    assert (which.sum(dim=0) == 1).all()  # three emotions in all, each once
    assert batch.fraction.unique().numel() == len(batch.fraction)
    own = [torch.cat([m.T for m in moods.values()]) for moods in trainer._corpus.training.values()]
    for at in range(len(batch.fraction)):
        frames = [envelopes[at, :, 0] for envelopes in (batch.source, batch.target, batch.other)]
        assert any(all((frame == rows).all(dim=1).any() for frame in frames) for rows in own)


def test_discriminator_losses_approach_their_floors_within_a_few_dozen_steps(trainer):
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


def test_each_learning_rate_decays_in_the_second_half_of_the_steps(trainer):
    short = RelganTrainer(trainer._corpus, replace(SETTINGS, steps=4, rate=1e-3, judge_rate=4e-3), "cpu")
    rates = []
    for _ in range(4):
        short.step()
        rates.append((short._generator_optimiser.learning_rate, short._discriminator_optimiser.learning_rate))
    assert rates[:3] == [(pytest.approx(1e-3), pytest.approx(4e-3))] * 3
    assert rates[3] == (pytest.approx(0.55e-3), pytest.approx(2.2e-3))


def test_resuming_from_a_state_gives_the_same_losses(trainer, clips, features):
    for _ in range(2):
        trainer.step()
    kept = save_and_load(trainer.state_dict())
    wanted = [trainer.step() for _ in range(2)]
    other = prepare_relgan(clips, SETTINGS, features, "cpu", silent)
    other.load_state_dict(kept)
    assert [other.step() for _ in range(2)] == wanted
    assert other.steps_done == trainer.steps_done == 4
    assert other.score_held_out() == trainer.score_held_out()


def test_the_exported_model_has_these_emotions_and_the_averaged_weights(trainer, tmp_path):
    trainer.step()
    product = trainer.export(tmp_path)
    assert product.engine == "relgan"
    (file,) = tmp_path.iterdir()
    model = load_emotion_model(file)
    assert model.emotions == tuple(sorted(HERTZ))
    for name, weight in trainer._average.network.state_dict().items():
        torch.testing.assert_close(model.generator.state_dict()[name], weight)


def test_samples_render_the_same_phrase_in_each_emotion(trainer):
    samples = trainer.render_samples()
    assert set(samples) == {"happy", "sad"}
    assert len({audio.frames for audio in samples.values()}) == 1
    assert all(audio.samples.std() > 0.01 for audio in samples.values())


def test_too_few_emotions_or_no_neutral_one_raise_an_error(clips, features):
    for left_out in ("neutral", "sad"):
        fewer = Clips({name: paths for name, paths in clips.folders.items() if name != left_out})
        with pytest.raises(UserError, match="at least 3 emotions, “neutral” among them"):
            prepare_relgan(fewer, SETTINGS, features, "cpu", silent)


def test_preparation_can_be_cancelled_and_is_cached(clips, features, trainer):
    def stop(fraction: float, message: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        prepare_relgan(clips, SETTINGS, features, "cpu", stop)
    files = {path: path.stat().st_mtime_ns for path in features.iterdir()}
    prepare_relgan(clips, SETTINGS, features, "cpu", silent)
    assert {path: path.stat().st_mtime_ns for path in features.iterdir()} == files
