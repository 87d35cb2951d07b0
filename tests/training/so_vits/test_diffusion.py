"""Training of shallow diffusion: the loss decreases, resuming is exact, and the converter loads the model."""

import numpy as np
import pytest
import torch
from conversion.so_vits_maker import HOP, RATE, write_diffusion
from so_vits_training import write_features

from vc_core.conversion.so_vits.config import SoVitsConfig
from vc_core.conversion.so_vits.diffusion import DiffusionSettings as ReadSettings
from vc_core.conversion.so_vits.diffusion import ShallowDiffusion, read_diffusion
from vc_core.models.nsf_hifigan import Generator, GeneratorShape
from vc_core.training.so_vits.diffusion import MELS, DiffusionTrainer, draw_excerpts, read_clip
from vc_core.training.so_vits.features import load_features
from vc_core.training.so_vits.settings import DiffusionSettings

SMALL = DiffusionSettings(batch_size=4, excerpt_seconds=0.25, layers=1, channels=256, learning_rate=1e-3)


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return write_features(tmp_path_factory.mktemp("clips"), 4)


@pytest.fixture
def trainer(paths):
    clips = [read_clip(path) for path in paths]
    return DiffusionTrainer(clips[:3], clips[3:], SMALL, speakers=2)


def test_mels_and_loudness_are_those_of_the_converter(paths):
    clip, sound = read_clip(paths[0]), load_features(paths[0])["audio"]
    shape = GeneratorShape(MELS, 8, (8, 64), (16, 128), (3,), ((1,),))
    settings = ReadSettings((8, 64), ((1,),), 2048, 40.0, 16_000.0, 1000)
    diffusion = ShallowDiffusion(None, Generator(shape), settings, RATE)
    torch.testing.assert_close(clip.mels, diffusion.compute_log_mel(sound)[0], atol=1e-4, rtol=1e-4)
    assert clip.loudness.shape == clip.hertz.shape
    level = float(sound.square().mean().sqrt())
    assert float(clip.loudness.mean()) == pytest.approx(level, rel=0.1)


def test_features_of_an_excerpt_have_equal_length_and_the_same_position(paths):
    clips = [read_clip(path) for path in paths]
    drawn = draw_excerpts(clips, 6, 40, np.random.default_rng(0))
    assert drawn.mels.shape == (6, MELS, 40)
    for content, hertz in zip(drawn.content, drawn.hertz, strict=True):
        source = next(clip for clip in clips if (clip.hertz == hertz[0]).any())
        start = int((source.hertz == hertz[0]).nonzero()[0])
        assert torch.equal(content[:, 0], source.content[:, start])


def test_the_held_out_noise_prediction_improves(trainer):
    before = trainer.score_held_out()
    losses = [trainer.step()["noise"] for _ in range(70)]
    assert trainer.score_held_out() < 0.95 * before
    assert np.mean(losses[-10:]) < 0.95 * np.mean(losses[:10])


def test_a_resumed_training_has_the_same_losses(trainer, paths, tmp_path):
    for _ in range(2):
        trainer.step()
    torch.save(trainer.state_dict(), tmp_path / "state.pt")
    expected = [trainer.step()["noise"] for _ in range(10)]
    clips = [read_clip(path) for path in paths]
    resumed = DiffusionTrainer(clips[:3], clips[3:], SMALL, speakers=2)
    resumed.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert [resumed.step()["noise"] for _ in range(10)] == pytest.approx(expected, abs=1e-5)


def test_the_converter_loads_the_model(trainer, tmp_path):
    """A tiny vocoder suffices: only its sizes must fit."""
    product = trainer.export(tmp_path)
    assert product.engine == "so-vits diffusion"
    _, _, vocoder, vocoder_config = write_diffusion(tmp_path / "other")
    loaded = torch.load(vocoder, weights_only=True)
    first = loaded["generator"]["conv_pre.weight_v"]
    loaded["generator"]["conv_pre.weight_v"] = torch.randn(first.shape[0], MELS, first.shape[2])
    torch.save(loaded, vocoder)
    config = SoVitsConfig(RATE, HOP, (8, 8, 2, 2, 2), ((1, 3, 5),) * 3, {"a": 0, "b": 1})
    files = (tmp_path / "diffusion.safetensors", tmp_path / "diffusion_config.json", vocoder, vocoder_config)
    tensors, _, settings = read_diffusion(files, config, 768)
    assert torch.equal(tensors["unit_embed.weight"], trainer.network.unit_embed.weight)
    assert '"deepest": 1000' in settings
