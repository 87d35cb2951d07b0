"""Training on a GPU: the losses of a CPU in full precision, about the same in half, and exact resuming."""

import numpy as np
import pytest
import torch
from so_vits_training import SEGMENT_FRAMES, TINY, write_features
from training.emotional_speech import write_emotions, write_two_speakers

from vc_core.progress import silent
from vc_core.training.gan.cyclegan import prepare_cyclegan
from vc_core.training.gan.relgan import prepare_relgan
from vc_core.training.gan.settings import CycleganSettings, RelganSettings
from vc_core.training.recordings.corpora import read_emotions, read_two_speakers
from vc_core.training.so_vits.config import HOP_SAMPLES, build_config
from vc_core.training.so_vits.diffusion import DiffusionTrainer, read_clip
from vc_core.training.so_vits.settings import DiffusionSettings
from vc_core.training.so_vits.split import split_held_out
from vc_core.training.so_vits.trainer import SoVitsTrainer

pytestmark = pytest.mark.gpu
STEPS = 3


def make_cyclegan(folder, device):
    clips = read_two_speakers(write_two_speakers(folder / device.replace(":", "")))
    settings = CycleganSettings(steps=100, width=1 / 32, batch=2, frames=64)
    return prepare_cyclegan(clips, settings, folder / "features", device, silent)


def make_relgan(folder, device):
    clips = read_emotions(write_emotions(folder / device.replace(":", "")))
    settings = RelganSettings(steps=100, width=1 / 32, batch=3, frames=64)
    return prepare_relgan(clips, settings, folder / "features", device, silent)


def make_diffusion(folder, device):
    clips = [read_clip(path) for path in write_features(folder / "clips", 4)]
    settings = DiffusionSettings(batch_size=4, excerpt_seconds=0.25, layers=1, channels=64, learning_rate=1e-3)
    return DiffusionTrainer(clips[:3], clips[3:], settings, speakers=1, device=device)


TRAINERS = {"cyclegan": make_cyclegan, "relgan": make_relgan, "diffusion": make_diffusion}


@pytest.mark.parametrize("precision", ["full", "half"])
@pytest.mark.parametrize("name", TRAINERS)
def test_the_losses_are_those_of_the_cpu(gpu, tmp_path, monkeypatch, name, precision):
    """All that is drawn at random is drawn on the CPU."""
    if precision == "full":
        monkeypatch.setattr("vc_core.training.mixed_precision.choose_half_precision", lambda device: None)
    rows = []
    for at, device in enumerate(("cpu", gpu)):
        (folder := tmp_path / str(at)).mkdir()
        trainer = TRAINERS[name](folder, device)
        rows.append(np.array([list(trainer.step().values()) for _ in range(STEPS)]))
    np.testing.assert_allclose(rows[1], rows[0], rtol=1e-3 if precision == "full" else 0.1, atol=1e-4)


@pytest.mark.parametrize("name", TRAINERS)
def test_a_resumed_training_goes_on_as_before(gpu, tmp_path, name):
    (tmp_path / "other").mkdir()
    trainer, other = TRAINERS[name](tmp_path, gpu), TRAINERS[name](tmp_path / "other", gpu)
    trainer.step()
    other.load_state_dict(trainer.state_dict())
    for _ in range(STEPS):
        assert list(other.step().values()) == pytest.approx(list(trainer.step().values()), rel=0.02, abs=1e-4)


def make_so_vits(folder, device, **settings):
    settings = TINY.__class__(**{**vars(TINY), **settings})
    config = build_config(settings, ["singer"])
    config["train"]["segment_size"] = SEGMENT_FRAMES * HOP_SAMPLES
    config["model"]["n_layers"] = 2
    paths = write_features(folder / "singer", 5, config["model"]["ssl_dim"])
    return SoVitsTrainer(split_held_out({"singer": paths}, folder), settings, config, device)


@pytest.mark.parametrize("precision", ["full", "bf16", "fp16"])
def test_so_vits_learns(gpu, tmp_path, precision):
    if gpu == "cpu" and precision != "full":
        pytest.skip("half precision is slow on most CPUs")
    trainer = make_so_vits(tmp_path, gpu, precision=precision)
    losses = [trainer.step()["mel"] for _ in range(40)]
    assert np.isfinite(losses).all()
    assert np.mean(losses[-8:]) < np.mean(losses[:8])


def test_a_resumed_so_vits_training_has_the_same_losses(gpu, tmp_path):
    (tmp_path / "other").mkdir()
    trainer, other = make_so_vits(tmp_path, gpu), make_so_vits(tmp_path / "other", gpu)
    trainer.step()
    other.load_state_dict(trainer.state_dict())
    torch.manual_seed(1)  # the steps' noise doesn't depend on the generator's state
    assert other.step() == pytest.approx(trainer.step(), rel=0.01, abs=1e-3)
