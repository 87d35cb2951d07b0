"""Train the starter separation model for some minutes of processor time, on one thread; a stopped run resumes.

    python -m starters.separator.corpus POOL SPEECH
    python -m starters.separator.train POOL STATE MINUTES WEIGHTS

STATE holds everything that a run needs to resume. The learning rate follows the minutes spent, which other programs on
the machine don't shorten.
"""

import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save as as_safetensors
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from starters.separator.remix import SongSpectra
from vc_core.device import autocast_bfloat16
from vc_core.models.band_unet import BandUNet

METADATA = {
    "origin": "Trained by starters/separator on natural and synthetic voices, sampled and synthetic instruments.",
    "licence": "MIT",
}
EMA_DECAY = 0.995
"""Decay of the exponential moving average of the weights."""
WARM_UP_STEPS = 50
REPORT_EVERY, SAVE_EVERY = 50, 100
SILENT_SHARE = 0.02
"""How the vocals of a song count at least in the error's ratio: some songs have none."""


@dataclass(frozen=True)
class Plan:
    minutes: float
    learning_rate: float = 2e-3
    final_factor: float = 0.02
    """Final learning rate divided by the initial one."""
    batch: int = 4
    frames: int = 128
    """3 seconds: much shorter than in use, for more variety in a batch."""
    device: str = "cpu"


@dataclass
class Run:
    """The state that a checkpoint holds."""

    model: BandUNet
    average: AveragedModel
    optimizer: torch.optim.AdamW
    step: int = 0
    seconds: float = 0.0

    def save(self, path: Path) -> None:
        unfinished = path.with_suffix(".part")
        parts = {name: getattr(self, name).state_dict() for name in ("model", "average", "optimizer")}
        torch.save({**parts, "step": self.step, "seconds": self.seconds}, unfinished)
        unfinished.rename(path)

    def resume(self, path: Path) -> None:
        state = torch.load(path, weights_only=True)
        for name in ("model", "average", "optimizer"):
            getattr(self, name).load_state_dict(state[name])
        self.step, self.seconds = state["step"], state["seconds"]


def start_run(plan: Plan) -> Run:
    model = BandUNet().to(plan.device, memory_format=torch.channels_last).train()
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(EMA_DECAY), use_buffers=True)
    return Run(model, average, torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=1e-3))


def loss_of(estimate: Tensor, vocals: Tensor, song: Tensor) -> Tensor:
    """Error of the vocals: relative to them on a logarithmic scale, so that quiet excerpts count as much as others, and
    as magnitude, so that quiet bins do.
    """
    power = measure_power(estimate - vocals)
    song_power = measure_power(song)
    least = SILENT_SHARE * song_power.sum((1, 2, 3)) + 1e-6
    over_vocals = power.sum((1, 2, 3)) / (measure_power(vocals).sum((1, 2, 3)) + least)
    in_size = (power + 1e-8).sqrt().sum((1, 2, 3)) / (song_power + 1e-8).sqrt().sum((1, 2, 3))
    return (torch.log(over_vocals + 1e-3) + 3 * in_size).mean()


def measure_power(spectra: Tensor) -> Tensor:
    return torch.view_as_real(spectra).square().sum(-1)


def train(pool: Path, state: Path, weights: Path, plan: Plan) -> Run:
    """Train until the minutes are spent, and save regularly."""
    run = start_run(plan)
    if state.exists():
        run.resume(state)
    excerpts = SongSpectra(pool, plan.frames, seed=run.step)
    batches = iter(DataLoader(excerpts, plan.batch, num_workers=1, prefetch_factor=3))
    losses, began = [], time.process_time() - run.seconds
    while run.seconds < 60 * plan.minutes:
        song, vocals = (spectra.to(plan.device) for spectra in next(batches))
        for group in run.optimizer.param_groups:
            group["lr"] = plan.learning_rate * compute_learning_rate_factor(plan, run)
        with autocast_bfloat16(plan.device):
            estimate = run.model(song)
        loss = loss_of(estimate, vocals, song)
        run.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
        run.optimizer.step()
        run.average.update_parameters(run.model)
        losses.append(loss.item())
        run.step, run.seconds = run.step + 1, time.process_time() - began
        if run.step % REPORT_EVERY == 0:
            print(f"{run.step} {np.mean(losses):.3f} after {run.seconds / 60:.1f} minutes", flush=True)
            losses.clear()
        if run.step % SAVE_EVERY == 0:
            run.save(state)
            save_weights(run.average.module, weights)
    run.save(state)
    save_weights(run.average.module, weights)
    return run


def compute_learning_rate_factor(plan: Plan, run: Run) -> float:
    share = min(run.seconds / (60 * plan.minutes), 1.0)
    cosine = (1 + math.cos(math.pi * share)) / 2
    return min((run.step + 1) / WARM_UP_STEPS, 1.0) * (plan.final_factor + (1 - plan.final_factor) * cosine)


def save_weights(model: nn.Module, path: Path) -> None:
    """Save in float16; the norms' vectors stay in float32, whose range variances need."""
    tensors = {
        name: (tensor.half() if tensor.ndim > 1 else tensor.float()).contiguous()
        for name, tensor in model.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    path.write_bytes(as_safetensors(tensors, METADATA))


def main(pool: Path, state: Path, minutes: float, weights: Path) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    train(pool, state, weights, Plan(minutes, device=device))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))
