"""Loss terms of RelGAN, with the score (floor) of the best constant prediction for each adversarial term.

P.-W. Wu et al., ICCV 2019; triangle, backward and mode-seeking terms after H. Tanaka's and Q. Mao's. The target of the
interpolation discriminator is each sample's distance from the nearer end, from 0 to ½.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from vc_core.models.gan.relgan import Discriminator, Generator
from vc_core.models.gated import compute_orthogonality_loss
from vc_core.training.adversarial import huber_loss, least_squares_loss

MAX_MODE_SEEKING = 10.0
"""So that the mode-seeking term does not outweigh all others."""
DISCRIMINATOR_FLOORS = {"judge: real": 1 / 4, "judge: match": 5 / 6, "judge: between": 5 / 96}
"""The best constants: ½ for real and generated; 1/6 for one matching and five wrong triples; ⅛ for ends at 0 and
interpolations spread evenly from 0 to ½."""
ADVERSARIAL_FLOORS = {"real": 1 / 4, "match": 25 / 36, "between": 1 / 64}
"""The generator's losses against a discriminator that answers with those constants."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Envelopes of three emotions, Tensors of shape (B, dimensions, T), and their one-hot attributes, (B, emotions)."""

    source: Tensor
    target: Tensor
    other: Tensor
    source_attribute: Tensor
    target_attribute: Tensor
    other_attribute: Tensor
    fraction: Tensor
    """Interpolation from source (0) to target (1) for each sample, shape (B,)."""

    @property
    def relative_attributes(self) -> Tensor:
        return self.target_attribute - self.source_attribute

    @property
    def nearest_end(self) -> Tensor:
        return torch.minimum(self.fraction, 1 - self.fraction)


@dataclass(frozen=True, eq=False)
class Generated:
    """The generator's outputs for the full conversion, an interpolation, and no conversion: each (B, dimensions, T)."""

    full: Tensor
    partial: Tensor
    none: Tensor

    def detach(self) -> "Generated":
        return Generated(self.full.detach(), self.partial.detach(), self.none.detach())


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


def generate(generator: Generator, batch: Batch) -> Generated:
    """Generate all three outputs in one pass; instance norm makes the samples independent."""
    full = batch.relative_attributes
    attributes = torch.cat([full, batch.fraction[:, None] * full, torch.zeros_like(full)])
    return Generated(*generator(batch.source.repeat(3, 1, 1), attributes).chunk(3))


def compute_discriminator_terms(discriminator: Discriminator, batch: Batch, generated: Generated) -> dict[str, Tensor]:
    ends = torch.where((batch.fraction < 0.5)[:, None, None], generated.none, generated.full)
    features = discriminator.extract_features(
        torch.cat([batch.source, batch.target, batch.other, generated.full, generated.partial, ends])
    )
    source, target, other, full, partial, end = features.chunk(6)
    attributes = batch.relative_attributes
    triples = (
        (source, attributes, target),
        (source, attributes, full),
        (other, attributes, target),
        (source, attributes, other),
        (source, batch.other_attribute - batch.source_attribute, target),
        (source, batch.target_attribute - batch.other_attribute, target),
    )
    columns = zip(*triples, strict=True)
    matches = discriminator.score_match(*(torch.cat(list(column)) for column in columns)).chunk(len(triples))
    real = least_squares_loss(discriminator.score_real(target), 1.0)
    fake = least_squares_loss(discriminator.score_real(full), 0.0)
    interpolated = least_squares_loss(discriminator.score_interpolation(partial), batch.nearest_end)
    at_end = least_squares_loss(discriminator.score_interpolation(end), 0.0)
    wrong = [least_squares_loss(scores, 0.0) for scores in matches[1:]]
    return {
        "judge: real": (real + fake) / 2,
        "judge: match": least_squares_loss(matches[0], 1.0) + sum(wrong),
        "judge: between": interpolated + at_end,
    }


def weigh_discriminator_terms(terms: dict[str, Tensor], weights: Weights) -> Tensor:
    return terms["judge: real"] + terms["judge: match"] + weights.between * terms["judge: between"]


def compute_adversarial_terms(discriminator: Discriminator, batch: Batch, generated: Generated) -> dict[str, Tensor]:
    source, full, partial = discriminator.extract_features(
        torch.cat([batch.source, generated.full, generated.partial])
    ).chunk(3)
    return {
        "real": least_squares_loss(discriminator.score_real(full), 1.0),
        "match": least_squares_loss(discriminator.score_match(source, batch.relative_attributes, full), 1.0),
        "between": least_squares_loss(discriminator.score_interpolation(partial), 0.0),
    }


def compute_reconstruction_terms(
    generator: Generator, batch: Batch, generated: Generated, weights: Weights
) -> dict[str, Tensor]:
    """Cycle, identity, linearity and similar losses; linearity means that half an intensity is half the change."""
    attributes, fraction = batch.relative_attributes, batch.fraction[:, None]
    scaled = batch.fraction[:, None, None] * (generated.full - generated.none)
    terms = {
        "cycle": huber_loss(generator(generated.full, -attributes), batch.source),
        "unchanged": huber_loss(generated.none, batch.source),
        "linear": huber_loss(generated.partial - generated.none, scaled),
        "orthogonal": compute_orthogonality_loss(generator),
    }
    if weights.backward:
        terms["backward"] = huber_loss(generator(generated.partial, -fraction * attributes), batch.source)
    if weights.triangle:
        third = generator(generated.full, batch.other_attribute - batch.target_attribute)
        terms["triangle"] = huber_loss(generator(third, batch.source_attribute - batch.other_attribute), batch.source)
    if weights.mode_seeking:
        terms["mode seeking"] = compute_mode_seeking_loss(batch.source, generated.full)
    return terms


def weigh_generator_terms(terms: dict[str, Tensor], weights: Weights) -> Tensor:
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


def compute_mode_seeking_loss(sources: Tensor, outputs: Tensor) -> Tensor:
    """Ratio of the distance between two inputs to that between their outputs, which rises with mode collapse."""
    before, after = (functional.l1_loss(one, one.roll(1, 0)) for one in (sources, outputs))
    return (before / (after + 1e-6)).clamp(max=MAX_MODE_SEEKING)
