"""RelGAN's terms ask for what the paper asks, and each floor is what the best constant really scores."""

import pytest
import torch
from torch import Tensor

from vc_core.models.relgan import Generator
from vc_core.training import relgan_losses as losses
from vc_core.training.relgan_losses import Batch, Made, Weights

EMOTIONS, DIMENSIONS, FRAMES = 4, 36, 8


class Constant:
    """A judge that answers the same whatever it hears."""

    def __init__(self, real: float = 0.0, between: float = 0.0, match: float = 0.0) -> None:
        self._answers = real, between, match

    def hear(self, envelopes: Tensor) -> Tensor:
        return envelopes

    def is_real(self, heard: Tensor) -> Tensor:
        return torch.full((len(heard), 3), self._answers[0])

    def is_between(self, heard: Tensor) -> Tensor:
        return torch.full((len(heard), 3), self._answers[1])

    def match(self, source: Tensor, way: Tensor, target: Tensor) -> Tensor:
        return torch.full((len(source), 3), self._answers[2])


class Listening(Constant):
    """Keeps what it was asked about; its answers are what the envelopes themselves say."""

    def __init__(self) -> None:
        super().__init__()
        self.triples: list[tuple[Tensor, Tensor, Tensor]] = []

    def is_between(self, heard: Tensor) -> Tensor:
        return heard.mean(dim=(1, 2))[:, None]

    def match(self, source: Tensor, way: Tensor, target: Tensor) -> Tensor:
        self.triples.append((source, way, target))
        return super().match(source, way, target)


def batch_of(size: int) -> Batch:
    generator = torch.Generator().manual_seed(0)
    envelopes = torch.randn(3, size, DIMENSIONS, FRAMES, generator=generator)
    which = torch.stack([torch.randperm(EMOTIONS, generator=generator)[:3] for _ in range(size)], dim=1)
    return Batch(*envelopes, *torch.eye(EMOTIONS)[which], torch.linspace(0, 1, size))


def made_of(batch: Batch) -> Made:
    return Made(*(torch.full_like(batch.source, value) for value in (1.0, 0.5, 0.0)))


def best(name: str, answer: str) -> float:
    """By trying, in steps of 1/24: the lowest score that any constant answer gets."""
    batch = batch_of(501)
    tried = [Constant(**{answer: float(value)}) for value in torch.linspace(0, 1, 25)]
    return min(float(losses.judge_terms(judge, batch, made_of(batch))[name]) for judge in tried)


@pytest.mark.parametrize(
    ("name", "answer"), [("judge: real", "real"), ("judge: between", "between"), ("judge: match", "match")]
)
def test_no_constant_answer_beats_its_floor(name, answer):
    assert best(name, answer) == pytest.approx(losses.JUDGE_FLOORS[name], abs=1e-3)


def test_what_a_voice_gets_from_such_a_judge_is_its_floor():
    batch = batch_of(4)
    terms = losses.fooling_terms(Constant(1 / 2, 1 / 8, 1 / 6), batch, made_of(batch))
    assert {name: float(value) for name, value in terms.items()} == pytest.approx(losses.FOOLING_FLOORS)


def test_a_judge_of_zeros_and_one_that_guesses_best_score_what_the_paper_s_targets_give():
    """2.33 and 1.6; a branch frozen at one of the two ends would give 4.8 and 3.2."""
    batch, weights = batch_of(501), Weights()
    scores = [
        float(losses.judge_loss(losses.judge_terms(judge, batch, made_of(batch)), weights))
        for judge in (Constant(), Constant(1 / 2, 1 / 8, 1 / 6))
    ]
    assert scores == pytest.approx([0.5 + 1 + 10 / 12, 1 / 4 + 5 / 6 + 50 / 96], abs=0.01)


def test_how_far_between_is_asked_of_each_sample_by_its_own_distance_from_the_nearer_end():
    batch = batch_of(9)
    right = Made(
        torch.zeros_like(batch.source), batch.nearest_end[:, None, None].expand_as(batch.source), batch.source * 0
    )
    assert float(losses.judge_terms(Listening(), batch, right)["judge: between"]) == pytest.approx(0.0, abs=1e-6)
    assert batch.nearest_end.tolist() == pytest.approx([0, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 3 / 8, 1 / 4, 1 / 8, 0])


def test_both_ends_are_pulled_to_nothing_each_by_the_samples_that_are_nearer_to_it():
    batch = batch_of(8)
    middle = batch.nearest_end[:, None, None].expand_as(batch.source)
    nothing = torch.zeros_like(batch.source)
    for full, none in ((nothing + 1, nothing), (nothing, nothing + 1)):
        value = float(losses.judge_terms(Listening(), batch, Made(full, middle, none))["judge: between"])
        assert value == pytest.approx(1 / 2, abs=1e-6)


def test_one_triple_is_right_and_four_real_ones_are_each_wrong_in_one_thing():
    batch = batch_of(5)
    judge = Listening()
    losses.judge_terms(judge, batch, made_of(batch))
    (sources, ways, targets), *_ = judge.triples
    triples = list(zip(sources.chunk(6), ways.chunk(6), targets.chunk(6), strict=True))
    x, y, z = batch.source, batch.target, batch.other
    a, b, c = batch.source_is, batch.target_is, batch.other_is
    wanted = [(x, b - a, y), (x, b - a, torch.ones_like(x)), (z, b - a, y), (x, b - a, z), (x, c - a, y), (x, b - c, y)]
    for triple, expected in zip(triples, wanted, strict=True):
        for one, other in zip(triple, expected, strict=True):
            torch.testing.assert_close(one, other)


def generator_that_moves(steps: Tensor) -> Generator:
    made = Generator(steps, width=1 / 32)
    for parameter in made.body.last.parameters():
        torch.nn.init.zeros_(parameter)
    return made


def test_a_generator_that_moves_evenly_loses_nothing_there_and_back_and_around():
    torch.manual_seed(0)
    batch, generator = batch_of(3), generator_that_moves(torch.randn(EMOTIONS, DIMENSIONS))
    weights = Weights(triangle=5.0, backward=5.0)
    made = losses.make(generator, batch)
    terms = losses.keeping_terms(generator, batch, made, weights)
    for name in ("cycle", "unchanged", "linear", "backward", "triangle"):
        assert float(terms[name].detach()) == pytest.approx(0.0, abs=1e-5), name
    assert "mode seeking" not in terms


def test_most_of_the_change_at_a_third_of_the_way_costs_linearity():
    batch = batch_of(3)
    full = torch.ones_like(batch.source)
    eager = Made(full, full * (batch.part[:, None, None] > 0), full * 0)
    terms = losses.keeping_terms(generator_that_moves(torch.zeros(EMOTIONS, DIMENSIONS)), batch, eager, Weights())
    assert float(terms["linear"]) == pytest.approx(float((1 - batch.part[1:]).square().sum()) / 2 / 3)


def test_mode_seeking_is_the_ratio_of_distances_and_can_t_run_away():
    sources = torch.zeros(2, DIMENSIONS, FRAMES)
    sources[1] = 1.0
    assert float(losses.mode_seeking(sources, 2 * sources)) == pytest.approx(0.5, abs=1e-4)
    assert float(losses.mode_seeking(sources, 0 * sources)) == losses.HIGHEST_RATIO


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
    assert float(losses.generator_loss(named, weights)) == pytest.approx(1 + 1 + 10 + 10 + 10 + 1e-6 + 1 + 1 + 5 + 5)
