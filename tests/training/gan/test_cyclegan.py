"""CycleGAN training: both discriminators count, each optimiser has its learning rate decay, two voices are exported."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from training.emotional_speech import write_two_speakers

from vc_core.errors import UserError
from vc_core.progress import silent
from vc_core.training import TRAINING_METHODS
from vc_core.training.adversarial import huber_loss
from vc_core.training.base import Clips
from vc_core.training.gan.cyclegan import CycleganTrainer, prepare_cyclegan
from vc_core.training.gan.settings import CycleganSettings
from vc_core.training.recordings.corpora import read_two_speakers
from vc_core.voices.speaker_model import MODEL_FILE, load_speaker_model

SETTINGS = CycleganSettings(steps=100, width=1 / 32, batch=2, frames=64, rate=1e-3, judge_rate=1e-3)


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> Clips:
    return read_two_speakers(write_two_speakers(tmp_path_factory.mktemp("cyclegan") / "speech"))


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    return tmp_path_factory.mktemp("cyclegan-features")


@pytest.fixture
def trainer(clips, features) -> CycleganTrainer:
    return prepare_cyclegan(clips, SETTINGS, features, "cpu", silent)


def other(trainer: CycleganTrainer, **settings: float) -> CycleganTrainer:
    return CycleganTrainer(trainer.speakers, replace(SETTINGS, **settings), "cpu")


def test_it_is_a_registered_training_method(clips, features):
    method = TRAINING_METHODS["cyclegan"]
    assert method.sort is read_two_speakers
    assert isinstance(method.load(method.settings(width=1 / 32), "cpu")(clips, features, silent), CycleganTrainer)


def test_discriminators_that_answer_one_half_score_the_floors(trainer):
    trainer = other(trainer, judge_rate=1e-12)
    for discriminator in (*trainer.discriminators, *trainer.cycle_discriminators):
        torch.nn.init.zeros_(discriminator.real.weight)
        torch.nn.init.constant_(discriminator.real.bias, 0.5)
    row = trainer.step()
    assert row.pop("cycle (" + f"{trainer.floors['cycle']:.3g} by guessing)") < 0.2 * trainer.floors["cycle"]
    adversarial = [value for name, value in row.items() if "0.25" in name]
    assert len(adversarial) == 4
    assert adversarial == pytest.approx([1 / 4] * 4)


def test_the_cycle_discriminators_give_gradients_to_the_generators(trainer):
    """A widespread implementation computes the two-step adversarial loss but never uses it."""
    for at in range(2):
        torch.nn.init.normal_(trainer.generators[at].body.last.weight, std=0.05)
    drawn = [trainer._draw(speaker) for speaker in trainer.speakers]
    made = [trainer.generators[at](drawn[at]) for at in range(2)]
    returned = [trainer.generators[1 - at](made[at]) for at in range(2)]
    trainer._compute_generator_terms(drawn, made, returned)["came back"].backward()
    for generator in trainer.generators:
        assert all(
            weight.grad is not None and weight.grad.abs().sum() > 0 for weight in generator.body.last.parameters()
        )


def test_the_gradient_of_the_reconstruction_loss_vanishes_at_zero_and_grows_with_the_error():
    """With an L1 loss, generators that start as the identity would stay there."""
    wanted = torch.zeros(1, 36, 8)
    pulls = []
    for step in (0.001, 0.1, 1.0):
        made = (wanted + step).requires_grad_()
        huber_loss(made, wanted).backward()
        pulls.append(float(made.grad.abs().sum()))
    assert pulls[0] < 0.01 * pulls[2]
    assert pulls[0] < pulls[1] < pulls[2]


def test_each_optimiser_has_its_own_learning_rate_decay(trainer):
    short = other(trainer, steps=4, rate=1e-3, judge_rate=4e-3)
    rates = []
    for _ in range(4):
        short.step()
        rates.append((short._generator_optimiser.learning_rate, short._discriminator_optimiser.learning_rate))
    assert rates[:3] == [(pytest.approx(1e-3), pytest.approx(4e-3))] * 3
    assert rates[3] == (pytest.approx(0.55e-3), pytest.approx(2.2e-3))


def test_the_identity_loss_ends_after_its_last_step(trainer):
    short = other(trainer, identity_steps=1)
    assert any(name.startswith("identity") for name in short.step())
    assert not any(name.startswith("identity") for name in short.step())


def test_masks_hide_one_span_of_each_excerpt_and_are_off_by_default(trainer):
    envelopes = torch.zeros(20, 36, 64)
    assert trainer._draw_mask(envelopes) is None
    masks = other(trainer, masked_frames=16)._draw_mask(envelopes)
    hidden = (masks[:, 0] == 0).sum(dim=1)
    assert hidden.max() <= 16
    assert hidden.unique().numel() > 3
    assert ((masks[:, 0].diff(dim=1).abs()).sum(dim=1) <= 2).all()


def test_training_with_masks_resumes_with_the_same_losses(trainer):
    masked = other(trainer, masked_frames=16)
    masked.step()
    file = io.BytesIO()
    torch.save(masked.state_dict(), file)
    file.seek(0)
    wanted = [masked.step() for _ in range(2)]
    again = other(trainer, masked_frames=16, seed=5)
    again.load_state_dict(torch.load(file, weights_only=True))
    assert [again.step() for _ in range(2)] == wanted
    assert again.score_held_out() == masked.score_held_out()


def test_both_directions_export_voices_with_the_statistics_of_their_targets(trainer, tmp_path):
    trainer.step()
    low_and_high = [trainer.speakers[at].statistics.pitch for at in (1, 0)]
    assert np.exp(low_and_high) == pytest.approx([110, 200], rel=0.03)
    for at, name in ((1, "toward the second"), (0, "toward the first")):
        (tmp_path / name).mkdir()
        product = trainer.export_target(tmp_path / name, at)
        assert product.engine == "cyclegan"
        model = load_speaker_model(tmp_path / name / MODEL_FILE)
        assert model.target.pitch == pytest.approx(trainer.speakers[at].statistics.pitch, abs=1e-5)
        assert product.pitch_range_hz[0] < np.exp(model.target.pitch) < product.pitch_range_hz[1]
    (tmp_path / "voice").mkdir()
    assert trainer.export(tmp_path / "voice").settings == {"source": "Ann"}


def test_samples_render_both_directions(trainer):
    samples = trainer.render_samples()
    assert set(samples) == {"Ann as Bob", "Bob as Ann"}
    assert all(audio.samples.std() > 0.005 for audio in samples.values())


def test_a_single_speaker_raises_an_error(clips, features):
    with pytest.raises(UserError, match="two people"):
        prepare_cyclegan(Clips({"Ann": clips.folders["Ann"]}), SETTINGS, features, "cpu", silent)
