"""Training a so-vits voice: what it learns, that it resumes as if it had never stopped, and who can read the result."""

import json
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from so_vits_training import SEGMENT_HOPS, TINY, tiny_trainer, tone_features, write_features

from vc_core.conversion.so_vits_config import read_config, shape_of
from vc_core.conversion.so_vits_network import build_network
from vc_core.conversion.so_vits_weights import read_generator
from vc_core.errors import UserError
from vc_core.training.so_vits_batches import batch_of_step, clips_of_step, together
from vc_core.training.so_vits_config import config_of
from vc_core.training.so_vits_export import FORK_FOLDER
from vc_core.training.so_vits_memory import batch_that_fits, choose_batch_size
from vc_core.training.so_vits_network import build_generator, losses_of, sing
from vc_core.training.so_vits_recordings import hold_out
from vc_core.training.so_vits_settings import SoVitsSettings, count_steps, steps_per_epoch
from vc_core.training.so_vits_spectra import mels_of, spectrum_of


def steps_of(trainer, count):
    return [trainer.step() for _ in range(count)]


def test_the_arithmetic_of_the_tutorial():
    told = count_steps(clips=200, batch_size=20, epochs=100)
    assert "10 steps an epoch" in told
    assert "100 epochs = 1,000 steps, plus one" in told
    assert steps_per_epoch(201, 20) == 11  # the last step hears one clip


def test_spectra_are_those_of_the_original():
    from so_vits_svc_fork.hparams import HParams
    from so_vits_svc_fork.modules import mel_processing

    hparams = HParams(**config_of(TINY, ["singer"]))
    sound = torch.from_numpy(np.random.default_rng(0).uniform(-0.9, 0.9, (2, 20_480)).astype(np.float32))
    spectrum = spectrum_of(sound)
    torch.testing.assert_close(spectrum, mel_processing.spectrogram_torch(sound, hparams), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        mels_of(spectrum), mel_processing.mel_spectrogram_torch(sound, hparams), atol=1e-4, rtol=0
    )


def test_an_epoch_hears_every_clip_once_and_each_in_another_order():
    epochs = [[one for step in range(3) for one in clips_of_step(8, 3, 0, 3 * epoch + step)] for epoch in range(4)]
    assert all(sorted(epoch) == list(range(8)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1


def test_what_a_step_hears_follows_from_its_number(tmp_path):
    paths = [tmp_path / f"{at}.data.pt" for at in range(4)]
    for at, path in enumerate(paths):
        torch.save(tone_features(at, hops=801), path)
    one, again, next_one = (batch_of_step(paths, 2, 0, step) for step in (5, 5, 6))
    assert one.mels.shape[-1] == 790
    assert one.sound.shape[-1] == 790 * 512
    assert torch.equal(one.sound, again.sound)
    assert not torch.equal(one.sound, next_one.sound)


def test_parts_of_a_clip_stay_together():
    """Where a batch's clips differ in length, each is as it was, and zeros follow."""
    long, short = tone_features(0, hops=50), tone_features(1, hops=30, speaker=3)
    batch = together([long, short])
    assert batch.lengths.tolist() == [50, 30]
    assert batch.speakers.tolist() == [[0], [3]]
    assert torch.equal(batch.content[1, :, :30], short["content"])
    assert not batch.content[1, :, 30:].any()
    assert torch.equal(batch.sound[1, :, : 30 * 512], short["audio"])


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """A run of 12 steps that nobody interrupts, and its state after 2 of them."""
    folder = tmp_path_factory.mktemp("unbroken")
    trainer = tiny_trainer(folder)
    losses = steps_of(trainer, 2)
    torch.save(trainer.state(), folder / "state.pt")
    return trainer, losses + steps_of(trainer, 10), folder / "state.pt"


def test_it_learns(unbroken):
    _, losses, _ = unbroken
    assert all(np.isfinite(list(one.values())).all() for one in losses)
    assert np.mean([one["mel"] for one in losses[-4:]]) < 0.95 * np.mean([one["mel"] for one in losses[:2]])
    assert np.mean([one["kl"] for one in losses[-4:]]) < np.mean([one["kl"] for one in losses[:2]])
    assert losses[-1]["judges"] < losses[0]["judges"]


def test_stopped_and_resumed_is_never_having_stopped(unbroken, tmp_path):
    trainer, losses, state = unbroken
    resumed = tiny_trainer(tmp_path)
    torch.rand(7)  # what others draw in the meantime is of no consequence
    resumed.restore(torch.load(state, weights_only=True))
    for one, other in zip(steps_of(resumed, 10), losses[2:], strict=True):
        assert one == pytest.approx(other, abs=1e-5, rel=1e-5)
    assert resumed.epoch == trainer.epoch == 6
    assert resumed.score() == pytest.approx(trainer.score(), abs=1e-5)


def test_the_rate_falls_with_each_epoch(unbroken):
    trainer, _, _ = unbroken
    assert trainer.rate == pytest.approx(TINY.learning_rate * TINY.lr_decay**6)
    assert trainer._optimisers[0].param_groups[0]["lr"] == pytest.approx(TINY.learning_rate * TINY.lr_decay**5)


def test_one_pass_through_the_judges_teaches_what_the_originals_two_do(tmp_path):
    """The original asks them once for each side; here both sides learn from one answer."""
    from so_vits_svc_fork.modules.losses import discriminator_loss, feature_loss, generator_loss

    trainer = tiny_trainer(tmp_path)
    batch = batch_of_step(trainer._clips, 2, 0, 0)
    torch.manual_seed(5)
    ours = losses_of(trainer.generator, trainer.judges, batch, 45, 1.0)
    ours.judges.backward(inputs=list(trainer.judges.parameters()), retain_graph=True)
    ours.generator.backward(inputs=list(trainer.generator.parameters()))
    networks = (trainer.generator, trainer.judges)
    found = [[p.grad.clone() for p in network.parameters() if p.grad is not None] for network in networks]

    for network in networks:
        network.zero_grad(set_to_none=True)
    torch.manual_seed(5)
    made, _, starts, *_ = trainer.generator(
        batch.content, batch.hertz, batch.voiced, batch.spectrum, batch.speakers, batch.lengths, batch.lengths
    )
    real = torch.stack([batch.sound[at, :, s * 512 : (s + SEGMENT_HOPS) * 512] for at, s in enumerate(starts)])
    trainer.judges.requires_grad_(False)
    _, imitated, real_seen, imitated_seen = trainer.judges(real, made)
    assert feature_loss(real_seen, imitated_seen).item() == pytest.approx(ours.terms["features"].item(), rel=1e-5)
    assert generator_loss(imitated)[0].item() == pytest.approx(ours.terms["deceiving"].item(), rel=1e-5)
    trainer.judges.requires_grad_(True)
    real_judged, imitated_judged, _, _ = trainer.judges(real, made.detach())
    loss = discriminator_loss(real_judged, imitated_judged)[0]
    assert loss.item() == pytest.approx(ours.judges.item(), rel=1e-5)
    loss.backward()
    for one, parameter in zip(found[1], trainer.judges.parameters(), strict=True):
        torch.testing.assert_close(one, parameter.grad, atol=1e-6, rtol=1e-4)
    assert all(gradient.isfinite().all() for gradient in found[0])


@pytest.mark.parametrize("template", ["so-vits-svc-4.0v1-legacy", "quickvc"])
def test_other_templates_learn_too(tmp_path, template):
    trainer = tiny_trainer(tmp_path, replace(TINY, template=template))
    assert np.isfinite(list(trainer.step().values())).all()
    assert np.isfinite(trainer.score())


@pytest.mark.slow
def test_half_precision_learns_nearly_the_same(tmp_path):
    full, half = (tiny_trainer(tmp_path, replace(TINY, precision=precision)) for precision in ("full", "bf16"))
    before, rounded = full.step(), half.step()
    assert rounded["pitch"] == pytest.approx(before["pitch"], rel=0.3)
    assert rounded != before
    assert all(weight.dtype == torch.float32 for weight in half.generator.parameters())


def test_the_original_reads_the_checkpoint(tmp_path):
    """With its own loader, which warns of every layer that it would leave at random."""
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
    sounds = [sing(net, features["content"], features["f0"], features["uv"], 0) for net in (network, trainer.generator)]
    assert torch.equal(*sounds)
    saved = torch.load(folder / "G_2.pth", weights_only=True)["optimizer"]["state"]
    assert len(saved) == len(list(trainer.generator.parameters()))
    assert all(state["step"] == 2 for state in saved.values())


def test_the_converter_reads_the_voice(tmp_path):
    trainer = tiny_trainer(tmp_path, replace(TINY, clusters=5))
    trainer.step()
    product = trainer.export(tmp_path)
    assert product.engine == "so-vits"
    assert product.settings["speaker"] == "singer"
    assert 100 < product.pitch_range_hz[0] < product.pitch_range_hz[1] < 320
    tensors = read_generator(tmp_path / "so_vits.safetensors")
    config = read_config(tmp_path / "config.json")
    shape = shape_of(tensors.folded, config, "voice")
    build_network(shape, tensors.folded, "voice")  # raises if any weight has no place
    assert config.speakers == {"singer": 0}
    from safetensors.torch import load_file

    assert load_file(tmp_path / "clusters.safetensors")["singer"].shape == (5, 768)


def test_it_sings_what_was_held_out_and_the_words_to_another_melody(tmp_path):
    trainer = tiny_trainer(tmp_path)
    samples = trainer.samples()
    assert set(samples) == {"phrase", "song"}
    assert samples["phrase"].frames == 52 * 512  # the last clip, whole
    assert np.array_equal(samples["song"].samples, trainer.samples()["song"].samples)
    assert trainer.score() == trainer.score() > 0
    assert trainer.generator.training


def test_what_is_held_out_is_not_learned_from(tmp_path):
    paths = write_features(tmp_path, 12)
    recordings = hold_out({"a": paths, "b": paths[:3]}, tmp_path)
    assert recordings.learned["a"] == paths[:11]
    assert recordings.held_out == {"a": paths[11:], "b": paths[2:3]}
    with pytest.raises(UserError, match="only 2 clips"):
        hold_out({"a": paths[:2]}, tmp_path)


def test_the_batch_that_fits_is_chosen_once(tmp_path):
    assert batch_that_fits(24.0, 200) == 21
    assert batch_that_fits(1.0, 200) == 1
    assert batch_that_fits(500.0, 30) == 30
    chosen = choose_batch_size(tmp_path, "cpu", 200)
    (tmp_path / "batch.json").write_text("7")
    assert chosen >= 1
    assert choose_batch_size(tmp_path, "cpu", 200) == 7


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"pitch_method": "by ear"}, "no way to find pitch"),
        ({"start": "pretrained"}, "from scratch"),
        ({"learning_rate": 0.0}, "learning rate"),
        ({"batch_size": -1}, "negative"),
        ({"judges": 7}, "judges"),
    ],
)
def test_settings_that_make_no_sense_are_refused(change, match):
    with pytest.raises(UserError, match=match):
        replace(TINY, **change)


def test_the_defaults_are_those_of_the_original():
    original = json.loads(
        (
            Path(__import__("so_vits_svc_fork").__file__).parent
            / "preprocessing/config_templates/so-vits-svc-4.0v1.json"
        ).read_text()
    )
    config = config_of(SoVitsSettings(), ["singer"])
    assert config["model"] == original["model"]
    assert config["data"] == original["data"]
    changed = {name for name in original["train"] if config["train"][name] != original["train"][name]}
    assert changed == {"seed", "keep_ckpts"}
