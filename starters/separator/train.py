"""Train the starter model of the separation on the synthetic corpus, on one thread.

    python -m starters.separator.train [POOL] [WEIGHTS]

For the first half a single network learns what is voice, at half the cost of two. Its copy with the opposite
claim is then the accompaniment's, and both go on together.
"""

import copy
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save as as_safetensors
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, IterableDataset

from starters.separator.corpus import Pool, fill_pool
from vc_core.models.unet import StemNets, UNet
from vc_core.separation import STARTER_WEIGHTS
from vc_core.separation.spleeter import FFT_FRAMES, HOP_FRAMES, LOW_BINS, spectrum_of

POOL = Path(tempfile.gettempdir()) / "starter-separator-pool"
STEMS = ("vocals", "accompaniment")
FILTERS = (8, 16, 32, 64, 128, 256)
METADATA = {
    "stems": ",".join(STEMS),
    "activation": "relu",
    "exclusive": "false",
    "origin": "Trained by starters/separator on the voices of espeak-ng and flite and on synthesised music alone.",
    "licence": "MIT",
}


Excerpt = tuple[Tensor, Tensor, Tensor]
"""Magnitudes of a song; at each point the best share of it, phases included, for the vocals; and what even that
leaves wrong."""


@dataclass(frozen=True)
class Stage:
    steps: int
    rate: float
    """Of learning; it falls evenly."""
    left: float
    """How much of the rate is left at the end."""


@dataclass(frozen=True)
class Plan:
    alone: Stage = Stage(steps=2_000, rate=2e-3, left=0.4)
    together: Stage = Stage(steps=2_600, rate=1.2e-3, left=0.0)
    batch: int = 8
    moments: int = 128
    """Much shorter than in use, for more variety in a batch: 3 seconds."""
    seed: int = 1


WARM_STEPS = 100
AVERAGED = 0.995
"""What is kept is the average of the last few hundred steps."""
REPORT_EVERY = 100


class Excerpts(IterableDataset[Excerpt]):
    """Without end."""

    def __init__(self, pool: Path, plan: Plan) -> None:
        self._pool, self._plan = pool, plan

    def __iter__(self) -> Iterator[Excerpt]:
        torch.set_num_threads(1)
        generator = np.random.default_rng(self._plan.seed)
        pool = Pool(self._pool)
        frames = (self._plan.moments - 1) * HOP_FRAMES + FFT_FRAMES
        while True:
            mixture = pool.draw(generator, frames)
            sounds = torch.from_numpy(np.concatenate([mixture.vocals, mixture.song]))
            spectrum = spectrum_of(sounds, self._plan.moments)[..., :LOW_BINS]
            yield excerpt_of(*spectrum.split(2))


def excerpt_of(vocals: Tensor, song: Tensor) -> Excerpt:
    magnitudes = song.abs()
    share = (vocals * song.conj()).real / (magnitudes**2 + 1e-10)
    return magnitudes, share, (vocals - share * song).abs()


class Alone(nn.Module):
    """One network whose claim is the voice's, and whose opposite the accompaniment's."""

    def __init__(self) -> None:
        super().__init__()
        self.net = UNet(FILTERS)
        with torch.no_grad():  # magnitudes are of the order of 10, and the first skip isn't normalised
            self.net.convolutions[0].weight *= 0.1

    def forward(self, magnitudes: Tensor) -> Tensor:
        """The logarithm of the voice's share over the other's."""
        claim: Tensor = self.net(magnitudes)
        return 2 * claim

    def as_stem_nets(self) -> StemNets:
        both = StemNets(STEMS, FILTERS)
        voice, rest = copy.deepcopy(self.net), copy.deepcopy(self.net)
        with torch.no_grad():
            for parameter in rest.last.parameters():
                parameter.neg_()
        both.nets = nn.ModuleDict(dict(zip(STEMS, (voice, rest), strict=True)))
        return both


class Together(nn.Module):
    def __init__(self, both: StemNets) -> None:
        super().__init__()
        self.both = both

    def forward(self, magnitudes: Tensor) -> Tensor:
        voice, rest = (functional.logsigmoid(net(magnitudes).float()) for net in self.both.nets.values())
        return 2 * (voice - rest)

    def as_stem_nets(self) -> StemNets:
        return self.both


def loss_of(balance: Tensor, magnitudes: Tensor, share: Tensor, rest: Tensor) -> Tensor:
    """How far the masked song is from the vocals: in decibels, so that quiet and hard excerpts count as much as
    others, and in size, so that quiet points do.
    """
    power = (magnitudes * (torch.sigmoid(balance.float()) - share)) ** 2 + rest**2
    over_song = power.sum((1, 2, 3)) / (magnitudes**2).sum((1, 2, 3))
    in_size = (power + 1e-8).sqrt().sum((1, 2, 3)) / magnitudes.sum((1, 2, 3))
    return (torch.log(over_song + 1e-3) + 3 * in_size).mean()


def train(model: Alone | Together, batches: Iterator[list[Tensor]], stage: Stage, weights: Path) -> StemNets:
    """Writes the average on the way, too."""
    for part in model.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0  # nothing is heard twice
    model.train().to(memory_format=torch.channels_last)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(AVERAGED), use_buffers=True)
    optimizer = torch.optim.AdamW(model.parameters(), stage.rate, betas=(0.9, 0.98), weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate_share(stage, step))
    losses, began = [], time.monotonic()
    for step in range(1, stage.steps + 1):
        magnitudes, share, rest = next(batches)
        with torch.autocast("cpu", torch.bfloat16):
            balance = model(magnitudes.contiguous(memory_format=torch.channels_last))
        loss = loss_of(balance, magnitudes, share, rest)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        average.update_parameters(model)
        losses.append(loss.item())
        if step % REPORT_EVERY == 0:
            print(f"{step}/{stage.steps} {np.mean(losses):.3f} after {time.monotonic() - began:.0f} s", flush=True)
            losses.clear()
            save(average.module.as_stem_nets(), weights)
    return average.module.as_stem_nets()


def _rate_share(stage: Stage, step: int) -> float:
    return min((step + 1) / WARM_STEPS, 1.0) * (1 - (1 - stage.left) * step / stage.steps)


def save(nets: StemNets, weights: Path) -> None:
    """Kernels as half-precision numbers, which costs nothing that can be measured; variances may not fit into them."""
    tensors = {
        name: (tensor.half() if tensor.ndim == 4 else tensor).contiguous()
        for name, tensor in nets.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    weights.write_bytes(as_safetensors(tensors, METADATA))


def main(pool: Path = POOL, weights: Path = STARTER_WEIGHTS, plan: Plan = Plan()) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(plan.seed)
    fill_pool(pool)
    batches = iter(DataLoader(Excerpts(pool, plan), plan.batch, num_workers=1, prefetch_factor=4))
    both = train(Alone(), batches, plan.alone, weights)
    save(train(Together(both), batches, plan.together, weights), weights)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
