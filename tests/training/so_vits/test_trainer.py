"""Training of so-vits voices: losses, exact resuming, and the formats of exports and checkpoints."""

import json
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from so_vits_training import SEGMENT_FRAMES, TINY, tiny_trainer, tone_features, write_features

from vc_core.conversion.so_vits.config import infer_shape, read_config
from vc_core.conversion.so_vits.network import build_network
from vc_core.conversion.so_vits.weights import read_generator
from vc_core.errors import UserError
from vc_core.training.so_vits.batches import choose_clips, collate, load_batch
from vc_core.training.so_vits.config import build_config
from vc_core.training.so_vits.export import FORK_FOLDER
from vc_core.training.so_vits.memory import choose_batch_size, fit_batch_size
from vc_core.training.so_vits.network import build_generator, compute_losses, synthesise
from vc_core.training.so_vits.settings import SoVitsSettings, count_steps_per_epoch, describe_steps
from vc_core.training.so_vits.spectra import compute_log_mel, compute_spectrum
from vc_core.training.so_vits.split import split_held_out


def steps_of(trainer, count):
    return [trainer.step() for _ in range(count)]


def test_steps_follow_from_clips_batch_size_and_epochs():
    told = describe_steps(clips=200, batch_size=20, epochs=100)
    assert "10 steps an epoch" in told
    assert "100 epochs = 1,000 steps, plus one" in told
    assert count_steps_per_epoch(201, 20) == 11  # the last step hears one clip


def test_spectra_are_those_of_so_vits_svc_fork():
    from so_vits_svc_fork.hparams import HParams
    from so_vits_svc_fork.modules import mel_processing

    hparams = HParams(**build_config(TINY, ["singer"]))
    sound = torch.from_numpy(np.random.default_rng(0).uniform(-0.9, 0.9, (2, 20_480)).astype(np.float32))
    spectrum = compute_spectrum(sound)
    torch.testing.assert_close(spectrum, mel_processing.spectrogram_torch(sound, hparams), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        compute_log_mel(spectrum), mel_processing.mel_spectrogram_torch(sound, hparams), atol=1e-4, rtol=0
    )


def test_each_epoch_has_every_clip_once_in_its_own_order():
    epochs = [[one for step in range(3) for one in choose_clips(8, 3, 0, 3 * epoch + step)] for epoch in range(4)]
    assert all(sorted(epoch) == list(range(8)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1


def test_the_batch_of_a_step_follows_from_its_number(tmp_path):
    paths = [tmp_path / f"{at}.data.pt" for at in range(4)]
    for at, path in enumerate(paths):
        torch.save(tone_features(at, frames=801), path)
    one, again, next_one = (load_batch(paths, 2, 0, step) for step in (5, 5, 6))
    assert one.mels.shape[-1] == 790
    assert one.sound.shape[-1] == 790 * 512
    assert torch.equal(one.sound, again.sound)
    assert not torch.equal(one.sound, next_one.sound)


def test_collating_pads_shorter_clips_with_zeros():
    """Clips of different lengths are unchanged, and padded with zeros."""
    long, short = tone_features(0, frames=50), tone_features(1, frames=30, speaker=3)
    batch = collate([long, short])
    assert batch.lengths.tolist() == [50, 30]
    assert batch.speakers.tolist() == [[0], [3]]
    assert torch.equal(batch.content[1, :, :30], short["content"])
    assert not batch.content[1, :, 30:].any()
    assert torch.equal(batch.sound[1, :, : 30 * 512], short["audio"])


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """An uninterrupted run of 12 steps, and its state after 2 of them."""
    folder = tmp_path_factory.mktemp("unbroken")
    trainer = tiny_trainer(folder)
    losses = steps_of(trainer, 2)
    torch.save(trainer.state_dict(), folder / "state.pt")
    return trainer, losses + steps_of(trainer, 10), folder / "state.pt"


def test_the_losses_decrease(unbroken):
    _, losses, _ = unbroken
    assert all(np.isfinite(list(one.values())).all() for one in losses)
    assert np.mean([one["mel"] for one in losses[-4:]]) < 0.95 * np.mean([one["mel"] for one in losses[:2]])
    assert np.mean([one["kl"] for one in losses[-4:]]) < np.mean([one["kl"] for one in losses[:2]])
    assert losses[-1]["judges"] < losses[0]["judges"]


def test_a_resumed_training_has_the_same_losses(unbroken, tmp_path):
    trainer, losses, state = unbroken
    resumed = tiny_trainer(tmp_path)
    torch.rand(7)  # what others draw in the meantime is of no consequence
    resumed.load_state_dict(torch.load(state, weights_only=True))
    for one, other in zip(steps_of(resumed, 10), losses[2:], strict=True):
        assert one == pytest.approx(other, abs=1e-5, rel=1e-5)
    assert resumed.epoch == trainer.epoch == 6
    assert resumed.score_held_out() == pytest.approx(trainer.score_held_out(), abs=1e-5)


def test_the_learning_rate_decays_with_each_epoch(unbroken):
    trainer, _, _ = unbroken
    assert trainer.learning_rate == pytest.approx(TINY.learning_rate * TINY.lr_decay**6)
    assert trainer._optimisers[0].param_groups[0]["lr"] == pytest.approx(TINY.learning_rate * TINY.lr_decay**5)


def test_a_shared_discriminator_pass_has_the_gradients_of_two_separate_ones(tmp_path):
    """so-vits-svc-fork does one pass for the discriminator's loss and one for the generator's."""
    from so_vits_svc_fork.modules.losses import discriminator_loss, feature_loss, generator_loss

    trainer = tiny_trainer(tmp_path)
    batch = load_batch(trainer._clips, 2, 0, 0)
    torch.manual_seed(5)
    ours = compute_losses(trainer.generator, trainer.discriminator, batch, 45, 1.0)
    ours.discriminator.backward(inputs=list(trainer.discriminator.parameters()), retain_graph=True)
    ours.generator.backward(inputs=list(trainer.generator.parameters()))
    networks = (trainer.generator, trainer.discriminator)
    found = [[p.grad.clone() for p in network.parameters() if p.grad is not None] for network in networks]

    for network in networks:
        network.zero_grad(set_to_none=True)
    torch.manual_seed(5)
    made, _, starts, *_ = trainer.generator(
        batch.content, batch.hertz, batch.voiced, batch.spectrum, batch.speakers, batch.lengths, batch.lengths
    )
    real = torch.stack([batch.sound[at, :, s * 512 : (s + SEGMENT_FRAMES) * 512] for at, s in enumerate(starts)])
    trainer.discriminator.requires_grad_(False)
    _, imitated, real_seen, imitated_seen = trainer.discriminator(real, made)
    assert feature_loss(real_seen, imitated_seen).item() == pytest.approx(ours.terms["features"].item(), rel=1e-5)
    assert generator_loss(imitated)[0].item() == pytest.approx(ours.terms["deceiving"].item(), rel=1e-5)
    trainer.discriminator.requires_grad_(True)
    real_judged, imitated_judged, _, _ = trainer.discriminator(real, made.detach())
    loss = discriminator_loss(real_judged, imitated_judged)[0]
    assert loss.item() == pytest.approx(ours.discriminator.item(), rel=1e-5)
    loss.backward()
    for one, parameter in zip(found[1], trainer.discriminator.parameters(), strict=True):
        torch.testing.assert_close(one, parameter.grad, atol=1e-6, rtol=1e-4)
    assert all(gradient.isfinite().all() for gradient in found[0])


@pytest.mark.parametrize("template", ["so-vits-svc-4.0v1-legacy", "quickvc"])
def test_other_templates_can_be_trained(tmp_path, template):
    trainer = tiny_trainer(tmp_path, replace(TINY, template=template))
    assert np.isfinite(list(trainer.step().values())).all()
    assert np.isfinite(trainer.score_held_out())


@pytest.mark.slow
def test_half_precision_has_nearly_the_same_losses(tmp_path):
    full, half = (tiny_trainer(tmp_path, replace(TINY, precision=precision)) for precision in ("full", "bf16"))
    before, rounded = full.step(), half.step()
    assert rounded["pitch"] == pytest.approx(before["pitch"], rel=0.3)
    assert rounded != before
    assert all(weight.dtype == torch.float32 for weight in half.generator.parameters())


def test_so_vits_svc_fork_reads_the_checkpoint(tmp_path):
    """With its own loader, which warns of every layer without weights."""
    from so_vits_svc_fork import utils

    trainer = tiny_trainer(tmp_path, replace(TINY, keep_ckpts=1))
    for _ in range(2):
        trainer.step()
        trainer.export(tmp_path)
    folder = tmp_path / FORK_FOLDER
    assert sorted(path.name for path in folder.iterdir()) == ["D_2.pth", "G_2.pth", "config.json"]
    network = build_generator(json.loads((folder / "config.json").read_text()))
    optimiser = torch.optim.AdamW(network.parameters())
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Keys not found|Shape mismatch")
        _, _, _, epoch = utils.load_checkpoint(utils.latest_checkpoint_path(folder), network, optimiser, True)
    assert epoch == trainer.epoch == 1
    features = tone_features(0)
    sounds = [
        synthesise(net, features["content"], features["f0"], features["uv"], 0) for net in (network, trainer.generator)
    ]
    assert torch.equal(*sounds)
    saved = torch.load(folder / "G_2.pth", weights_only=True)["optimizer"]["state"]
    assert len(saved) == len(list(trainer.generator.parameters()))
    assert all(state["step"] == 2 for state in saved.values())


def test_the_converter_loads_the_voice(tmp_path):
    trainer = tiny_trainer(tmp_path, replace(TINY, clusters=5))
    trainer.step()
    product = trainer.export(tmp_path)
    assert product.engine == "so-vits"
    assert product.settings["speaker"] == "singer"
    assert 100 < product.pitch_range_hz[0] < product.pitch_range_hz[1] < 320
    tensors = read_generator(tmp_path / "so_vits.safetensors")
    config = read_config(tmp_path / "config.json")
    shape = infer_shape(tensors.folded, config, "voice")
    build_network(shape, tensors.folded, "voice")  # raises if any weight has no place
    assert config.speakers == {"singer": 0}
    from safetensors.torch import load_file

    assert load_file(tmp_path / "clusters.safetensors")["singer"].shape == (5, 768)


def test_samples_render_a_held_out_clip_and_another_melody(tmp_path):
    trainer = tiny_trainer(tmp_path)
    samples = trainer.render_samples()
    assert set(samples) == {"phrase", "song"}
    assert samples["phrase"].frames == 52 * 512  # the last clip, whole
    assert np.array_equal(samples["song"].samples, trainer.render_samples()["song"].samples)
    assert trainer.score_held_out() == trainer.score_held_out() > 0
    assert trainer.generator.training


def test_held_out_clips_are_not_trained_on(tmp_path):
    paths = write_features(tmp_path, 12)
    recordings = split_held_out({"a": paths, "b": paths[:3]}, tmp_path)
    assert recordings.training["a"] == paths[:11]
    assert recordings.held_out == {"a": paths[11:], "b": paths[2:3]}
    with pytest.raises(UserError, match="only 2 clips"):
        split_held_out({"a": paths[:2]}, tmp_path)


def test_the_batch_size_that_fits_is_chosen_once(tmp_path):
    assert fit_batch_size(24.0, 200) == 21
    assert fit_batch_size(1.0, 200) == 1
    assert fit_batch_size(500.0, 30) == 30
    chosen = choose_batch_size(tmp_path, "cpu", 200)
    (tmp_path / "batch.json").write_text("7")
    assert chosen >= 1
    assert choose_batch_size(tmp_path, "cpu", 200) == 7


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"pitch_method": "by ear"}, "no engine"),
        ({"start": "pretrained"}, "from scratch"),
        ({"learning_rate": 0.0}, "learning rate"),
        ({"batch_size": -1}, "negative"),
        ({"judges": 7}, "judges"),
    ],
)
def test_invalid_settings_are_refused(change, match):
    with pytest.raises(UserError, match=match):
        replace(TINY, **change)


def test_the_defaults_are_those_of_so_vits_svc_fork():
    original = json.loads(
        (
            Path(__import__("so_vits_svc_fork").__file__).parent
            / "preprocessing/config_templates/so-vits-svc-4.0v1.json"
        ).read_text()
    )
    config = build_config(SoVitsSettings(), ["singer"])
    assert config["model"] == original["model"]
    assert config["data"] == original["data"]
    changed = {name for name in original["train"] if config["train"][name] != original["train"][name]}
    assert changed == {"seed", "keep_ckpts"}
