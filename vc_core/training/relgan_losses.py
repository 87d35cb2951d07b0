"""What RelGAN's networks are asked to do, term by term, each with the score of the best constant answer.

P.-W. Wu et al., ICCV 2019; triangle, backward and mode-seeking terms after H. Tanaka's and Q. Mao's. The interpolation
target is how far a voice is from the nearer end, so both ends are pulled to 0; and it differs from sample to sample.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from vc_core.models.gated import orthogonality
from vc_core.models.relgan import Discriminator, Generator
from vc_core.training.adversarial import off, strayed

HIGHEST_RATIO = 10.0
"""The mode-seeking term may not make up for all others."""
JUDGE_FLOORS = {"judge: real": 1 / 4, "judge: match": 5 / 6, "judge: between": 5 / 96}
"""Of ½ for real and made alike; of 1/6 for one right triple and five wrong ones; of ⅛ for ends at 0 and a middle that
is spread evenly from 0 to ½."""
FOOLING_FLOORS = {"real": 1 / 4, "match": 25 / 36, "between": 1 / 64}
"""What a voice gets from a judge that answers with those constants."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Envelopes of three attributes, shape (batch, dimensions, frames), and one-hot which these are."""

    source: Tensor
    target: Tensor
    other: Tensor
    source_is: Tensor
    target_is: Tensor
    other_is: Tensor
    part: Tensor
    """Of the way from source to target, for each sample: from 0 to 1."""

    @property
    def way(self) -> Tensor:
        return self.target_is - self.source_is

    @property
    def nearest_end(self) -> Tensor:
        return torch.minimum(self.part, 1 - self.part)


@dataclass(frozen=True, eq=False)
class Made:
    """What the generator makes of a batch: all the way, part of it, and none."""

    full: Tensor
    part: Tensor
    none: Tensor

    def detached(self) -> "Made":
        return Made(self.full.detach(), self.part.detach(), self.none.detach())


@dataclass(frozen=True)
class Weights:
    between: float = 10.0
    cycle: float = 10.0
    unchanged: float = 10.0
    orthogonal: float = 1e-6
    linear: float = 1.0
    mode_seeking: float = 0.0
    triangle: float = 0.0
    backward: float = 0.0


def make(generator: Generator, batch: Batch) -> Made:
    """In one pass: instance norms look at each sample alone."""
    ways = torch.cat([batch.way, batch.part[:, None] * batch.way, torch.zeros_like(batch.way)])
    return Made(*generator(batch.source.repeat(3, 1, 1), ways).chunk(3))


def judge_terms(judge: Discriminator, batch: Batch, made: Made) -> dict[str, Tensor]:
    ends = torch.where((batch.part < 0.5)[:, None, None], made.none, made.full)
    heard = judge.hear(torch.cat([batch.source, batch.target, batch.other, made.full, made.part, ends]))
    source, target, other, full, part, end = heard.chunk(6)
    way = batch.way
    triples = (
        (source, way, target),
        (source, way, full),
        (other, way, target),
        (source, way, other),
        (source, batch.other_is - batch.source_is, target),
        (source, batch.target_is - batch.other_is, target),
    )
    columns = zip(*triples, strict=True)
    matches = judge.match(*(torch.cat(list(column)) for column in columns)).chunk(len(triples))
    return {
        "judge: real": (off(judge.is_real(target), 1.0) + off(judge.is_real(full), 0.0)) / 2,
        "judge: match": off(matches[0], 1.0) + sum(off(wrong, 0.0) for wrong in matches[1:]),
        "judge: between": off(judge.is_between(part), batch.nearest_end) + off(judge.is_between(end), 0.0),
    }


def judge_loss(terms: dict[str, Tensor], weights: Weights) -> Tensor:
    return terms["judge: real"] + terms["judge: match"] + weights.between * terms["judge: between"]


def fooling_terms(judge: Discriminator, batch: Batch, made: Made) -> dict[str, Tensor]:
    source, full, part = judge.hear(torch.cat([batch.source, made.full, made.part])).chunk(3)
    return {
        "real": off(judge.is_real(full), 1.0),
        "match": off(judge.match(source, batch.way, full), 1.0),
        "between": off(judge.is_between(part), 0.0),
    }


def keeping_terms(generator: Generator, batch: Batch, made: Made, weights: Weights) -> dict[str, Tensor]:
    """What a voice must keep, and that half an intensity is half the change."""
    way, part = batch.way, batch.part[:, None]
    scaled = batch.part[:, None, None] * (made.full - made.none)
    terms = {
        "cycle": strayed(generator(made.full, -way), batch.source),
        "unchanged": strayed(made.none, batch.source),
        "linear": strayed(made.part - made.none, scaled),
        "orthogonal": orthogonality(generator),
    }
    if weights.backward:
        terms["backward"] = strayed(generator(made.part, -part * way), batch.source)
    if weights.triangle:
        further = generator(made.full, batch.other_is - batch.target_is)
        terms["triangle"] = strayed(generator(further, batch.source_is - batch.other_is), batch.source)
    if weights.mode_seeking:
        terms["mode seeking"] = mode_seeking(batch.source, made.full)
    return terms


def generator_loss(terms: dict[str, Tensor], weights: Weights) -> Tensor:
    factors = {
        "real": 1.0,
        "match": 1.0,
        "between": weights.between,
        "cycle": weights.cycle,
        "unchanged": weights.unchanged,
        "orthogonal": weights.orthogonal,
        "linear": weights.linear,
        "mode seeking": weights.mode_seeking,
        "triangle": weights.triangle,
        "backward": weights.backward,
    }
    return torch.stack([factors[name] * value for name, value in terms.items()]).sum()


def mode_seeking(sources: Tensor, made: Tensor) -> Tensor:
    """How much nearer to each other two voices have come than they were."""
    before, after = distance(sources, sources.roll(1, 0)), distance(made, made.roll(1, 0))
    return (before / (after + 1e-6)).clamp(max=HIGHEST_RATIO)


def distance(one: Tensor, other: Tensor) -> Tensor:
    return (one - other).abs().mean()
