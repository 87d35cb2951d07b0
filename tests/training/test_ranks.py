"""Data-parallel training has the gradients of a single device, and a rank that dies leaves nothing hanging."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from copy import deepcopy
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import ROOT
from so_vits_training import TINY, tiny_trainer

from vc_core.errors import UserError
from vc_core.training.ranks import list_devices, start_ranks
from vc_core.training.so_vits.batches import Shard, choose_clips, load_batch
from vc_core.training.so_vits.settings import SoVitsSettings
from vc_core.training.so_vits.trainer import SoVitsTrainer

STEPS = 6


def shared_trainer(folder) -> SoVitsTrainer:
    """Settings for two ranks: of five clips in batches of two, the third step of an epoch leaves rank 1 none."""
    trainer = tiny_trainer(folder)
    trainer.ranks = start_ranks(partial(SoVitsTrainer, trainer._features, TINY, trainer.config), ("cpu", "cpu"))
    return trainer


def step_by_shards(trainer: SoVitsTrainer) -> dict[str, float]:
    """Do a step in one process, shard by shard, and average the gradients."""
    networks, sums, total, losses = (trainer.generator, trainer.discriminator), {}, 0, 0.0
    weights = [weight for network in networks for weight in network.parameters()]
    for rank in range(2):
        batch = load_batch(trainer._clips, TINY.batch_size, TINY.seed, trainer.steps_done, Shard(rank, 2))
        if batch is None:
            continue
        trainer.ranks = SimpleNamespace(rank=rank)
        clips = len(batch.lengths)
        losses, total = losses + clips * trainer._backpropagate(batch), total + clips
        for weight in weights:
            if weight.grad is not None:
                sums[weight] = sums.get(weight, 0) + clips * weight.grad
                weight.grad = None
    for weight, gradient in sums.items():
        weight.grad = gradient / total
    for optimiser in trainer._optimisers:
        optimiser.param_groups[0]["lr"] = trainer.learning_rate
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
    trainer.steps_done += 1
    return losses / total


def test_the_shards_of_a_batch_are_the_batch():
    for step in range(6):
        whole = choose_clips(5, 2, 0, step)
        assert sorted(whole[0::2] + whole[1::2]) == sorted(whole)


def test_more_devices_than_available_are_refused():
    assert list_devices("cpu", 2) == ("cpu", "cpu")
    with pytest.raises(UserError, match="1 to 16 devices"):
        SoVitsSettings(devices=0)
    with pytest.raises(UserError, match="graphics cards here"):
        list_devices("cuda", torch.cuda.device_count() + 2)
    with pytest.raises(UserError, match="cores here"):
        list_devices("cpu", os.cpu_count() + 1)


@pytest.mark.slow
def test_two_ranks_have_the_gradients_of_one_and_resume_exactly(tmp_path):
    alone, plain, shared = tiny_trainer(tmp_path / "a"), tiny_trainer(tmp_path / "b"), shared_trainer(tmp_path / "c")
    losses, kept = [], None
    try:
        for step in range(STEPS):
            losses.append(shared.step())
            assert list(losses[-1].values()) == pytest.approx(step_by_shards(alone).tolist(), rel=1e-3, abs=1e-4)
            if step == 2:
                kept = deepcopy(shared.state_dict())
    finally:
        shared.close()
    ours, theirs = shared.generator.state_dict(), alone.generator.state_dict()
    assert all(torch.allclose(value, theirs[name], atol=1e-4) for name, value in ours.items())
    # One process that hears the whole batches at once draws other noise, and learns as fast.
    usual = [plain.step() for _ in range(STEPS)]
    assert np.mean([one["mel"] for one in losses]) == pytest.approx(np.mean([one["mel"] for one in usual]), rel=0.1)
    resumed = shared_trainer(tmp_path / "d")
    try:
        resumed.load_state_dict(kept)
        for before in losses[3:]:
            assert resumed.step() == pytest.approx(before, abs=1e-5, rel=1e-5)
    finally:
        resumed.close()


@pytest.mark.slow
def test_a_lost_rank_is_reported_and_ranks_end_with_a_killed_rank_0(tmp_path):
    trainer = shared_trainer(tmp_path / "a")
    trainer.step()
    (other,) = multiprocessing.active_children()
    other.kill()
    other.join()
    with pytest.raises(UserError, match="What was saved is kept"):
        for _ in range(3):
            trainer.step()
    trainer.close()

    lines = [
        "import multiprocessing, sys",
        "from pathlib import Path",
        "from test_ranks import shared_trainer",
        "if __name__ == '__main__':",
        "    trainer = shared_trainer(Path(sys.argv[1]))",
        "    trainer.step()",
        "    print(multiprocessing.active_children()[0].pid, flush=True)",
        "    while True: trainer.step()",
    ]
    (tmp_path / "lead.py").write_text("\n".join(lines))
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "tests", ROOT / "tests" / "training")))
    command = [sys.executable, str(tmp_path / "lead.py"), str(tmp_path / "b")]
    leader = subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": paths}, text=True)
    trainer = int(leader.stdout.readline())
    leader.send_signal(signal.SIGKILL)
    leader.wait()
    end = time.monotonic() + 60
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < end:
            os.kill(trainer, 0)
            time.sleep(0.2)
