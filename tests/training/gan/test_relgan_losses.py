"""RelGAN's loss terms follow the paper, and each floor is the score of the best constant prediction."""

import pytest
import torch
from torch import Tensor

from vc_core.models.gan.relgan import Generator
from vc_core.training.gan import relgan_losses as losses
from vc_core.training.gan.relgan_losses import Batch, Generated, Weights

EMOTIONS, DIMENSIONS, FRAMES = 4, 36, 8


class Constant:
    """A discriminator with constant outputs."""

    def __init__(self, real: float = 0.0, between: float = 0.0, match: float = 0.0) -> None:
        self._answers = real, between, match

    def extract_features(self, envelopes: Tensor) -> Tensor:
        return envelopes

    def score_real(self, features: Tensor) -> Tensor:
        return torch.full((len(features), 3), self._answers[0])

    def score_interpolation(self, features: Tensor) -> Tensor:
        return torch.full((len(features), 3), self._answers[1])

    def score_match(self, source: Tensor, way: Tensor, target: Tensor) -> Tensor:
        return torch.full((len(source), 3), self._answers[2])


class Recording(Constant):
    """Records its inputs; its interpolation score is the mean of the envelopes."""

    def __init__(self) -> None:
        super().__init__()
        self.triples: list[tuple[Tensor, Tensor, Tensor]] = []

    def score_interpolation(self, features: Tensor) -> Tensor:
        return features.mean(dim=(1, 2))[:, None]

    def score_match(self, source: Tensor, way: Tensor, target: Tensor) -> Tensor:
        self.triples.append((source, way, target))
        return super().score_match(source, way, target)


def batch_of(size: int) -> Batch:
    generator = torch.Generator().manual_seed(0)
    envelopes = torch.randn(3, size, DIMENSIONS, FRAMES, generator=generator)
    which = torch.stack([torch.randperm(EMOTIONS, generator=generator)[:3] for _ in range(size)], dim=1)
    return Batch(*envelopes, *torch.eye(EMOTIONS)[which], torch.linspace(0, 1, size))


def generated_of(batch: Batch) -> Generated:
    return Generated(*(torch.full_like(batch.source, value) for value in (1.0, 0.5, 0.0)))


def find_best_constant_score(name: str, answer: str) -> float:
    """The lowest loss of any constant output, by grid search in steps of 1/24."""
    batch = batch_of(501)
    tried = [Constant(**{answer: float(value)}) for value in torch.linspace(0, 1, 25)]
    generated = generated_of(batch)
    return min(float(losses.compute_discriminator_terms(one, batch, generated)[name]) for one in tried)


@pytest.mark.parametrize(
    ("name", "answer"), [("judge: real", "real"), ("judge: between", "between"), ("judge: match", "match")]
)
def test_no_constant_prediction_beats_its_floor(name, answer):
    assert find_best_constant_score(name, answer) == pytest.approx(losses.DISCRIMINATOR_FLOORS[name], abs=1e-3)


def test_the_generator_losses_against_a_constant_discriminator_are_their_floors():
    batch = batch_of(4)
    terms = losses.compute_adversarial_terms(Constant(1 / 2, 1 / 8, 1 / 6), batch, generated_of(batch))
    assert {name: float(value) for name, value in terms.items()} == pytest.approx(losses.ADVERSARIAL_FLOORS)


def test_the_discriminator_loss_of_zeros_and_of_the_best_constants_follows_from_the_targets_of_the_paper():
    """2.33 and 1.6; a branch frozen at one of the two ends would give 4.8 and 3.2."""
    batch, weights = batch_of(501), Weights()
    scores = [
        float(
            losses.weigh_discriminator_terms(
                losses.compute_discriminator_terms(discriminator, batch, generated_of(batch)), weights
            )
        )
        for discriminator in (Constant(), Constant(1 / 2, 1 / 8, 1 / 6))
    ]
    assert scores == pytest.approx([0.5 + 1 + 10 / 12, 1 / 4 + 5 / 6 + 50 / 96], abs=0.01)


def test_the_interpolation_target_of_each_sample_is_its_distance_from_the_nearer_end():
    batch = batch_of(9)
    right = Generated(
        torch.zeros_like(batch.source), batch.nearest_end[:, None, None].expand_as(batch.source), batch.source * 0
    )
    assert float(losses.compute_discriminator_terms(Recording(), batch, right)["judge: between"]) == pytest.approx(
        0.0, abs=1e-6
    )
    assert batch.nearest_end.tolist() == pytest.approx([0, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 3 / 8, 1 / 4, 1 / 8, 0])


def test_each_end_of_the_interpolation_has_target_zero_from_the_samples_nearer_to_it():
    batch = batch_of(8)
    middle = batch.nearest_end[:, None, None].expand_as(batch.source)
    nothing = torch.zeros_like(batch.source)
    for full, none in ((nothing + 1, nothing), (nothing, nothing + 1)):
        value = float(
            losses.compute_discriminator_terms(Recording(), batch, Generated(full, middle, none))["judge: between"]
        )
        assert value == pytest.approx(1 / 2, abs=1e-6)


def test_one_triple_matches_and_four_real_triples_have_one_mismatch_each():
    batch = batch_of(5)
    discriminator = Recording()
    losses.compute_discriminator_terms(discriminator, batch, generated_of(batch))
    (sources, ways, targets), *_ = discriminator.triples
    triples = list(zip(sources.chunk(6), ways.chunk(6), targets.chunk(6), strict=True))
    x, y, z = batch.source, batch.target, batch.other
    a, b, c = batch.source_attribute, batch.target_attribute, batch.other_attribute
    wanted = [(x, b - a, y), (x, b - a, torch.ones_like(x)), (z, b - a, y), (x, b - a, z), (x, c - a, y), (x, b - c, y)]
    for triple, expected in zip(triples, wanted, strict=True):
        for one, other in zip(triple, expected, strict=True):
            torch.testing.assert_close(one, other)


def constant_generator(steps: Tensor) -> Generator:
    made = Generator(steps, width=1 / 32)
    for parameter in made.body.last.parameters():
        torch.nn.init.zeros_(parameter)
    return made


def test_a_constant_offset_generator_has_zero_reconstruction_losses():
    torch.manual_seed(0)
    batch, generator = batch_of(3), constant_generator(torch.randn(EMOTIONS, DIMENSIONS))
    weights = Weights(triangle=5.0, backward=5.0)
    made = losses.generate(generator, batch)
    terms = losses.compute_reconstruction_terms(generator, batch, made, weights)
    for name in ("cycle", "unchanged", "linear", "backward", "triangle"):
        assert float(terms[name].detach()) == pytest.approx(0.0, abs=1e-5), name
    assert "mode seeking" not in terms


def test_a_change_that_is_not_linear_in_the_intensity_costs_linearity_loss():
    batch = batch_of(3)
    full = torch.ones_like(batch.source)
    eager = Generated(full, full * (batch.fraction[:, None, None] > 0), full * 0)
    terms = losses.compute_reconstruction_terms(
        constant_generator(torch.zeros(EMOTIONS, DIMENSIONS)), batch, eager, Weights()
    )
    assert float(terms["linear"]) == pytest.approx(float((1 - batch.fraction[1:]).square().sum()) / 2 / 3)


def test_the_mode_seeking_loss_is_a_ratio_of_distances_and_bounded():
    sources = torch.zeros(2, DIMENSIONS, FRAMES)
    sources[1] = 1.0
    assert float(losses.compute_mode_seeking_loss(sources, 2 * sources)) == pytest.approx(0.5, abs=1e-4)
    assert float(losses.compute_mode_seeking_loss(sources, 0 * sources)) == losses.MAX_MODE_SEEKING


def test_every_term_has_its_weight():
    named = dict.fromkeys(
        (
            "real",
            "match",
            "between",
            "cycle",
            "unchanged",
            "orthogonal",
            "linear",
            "mode seeking",
            "triangle",
            "backward",
        ),
        torch.tensor(1.0),
    )
    weights = Weights(mode_seeking=1.0, triangle=5.0, backward=5.0)
    assert float(losses.weigh_generator_terms(named, weights)) == pytest.approx(
        1 + 1 + 10 + 10 + 10 + 1e-6 + 1 + 1 + 5 + 5
    )
