"""The blocks of GANs keep time in its order, let conditions through, and judge without ever exaggerating."""

import pytest
import torch
from torch import nn

from vc_core.models import cyclegan, relgan
from vc_core.models.gated import Body, Trunk, orthogonality

DIMENSIONS, EMOTIONS = 36, 4


def awake(body: Body) -> Body:
    """With a last layer that says something, as it will once it has learned."""
    torch.manual_seed(0)
    nn.init.normal_(body.last.weight, std=0.1)
    return body.eval()


@pytest.fixture(scope="module")
def generator() -> relgan.Generator:
    torch.manual_seed(0)
    made = relgan.Generator(torch.randn(EMOTIONS, DIMENSIONS), width=1 / 32)
    awake(made.body)
    return made


def parameters(module: nn.Module) -> float:
    return sum(weight.numel() for weight in module.parameters()) / 1e6


def test_at_full_width_the_networks_are_as_large_as_published():
    assert parameters(relgan.Generator(torch.zeros(EMOTIONS, DIMENSIONS))) == pytest.approx(33.0, rel=0.01)
    assert parameters(Trunk()) == pytest.approx(22.9, rel=0.01)
    narrow = parameters(relgan.Generator(torch.zeros(EMOTIONS, DIMENSIONS), width=1 / 8))
    assert narrow == pytest.approx(0.53, rel=0.05)


def test_a_change_at_one_moment_is_heard_around_that_moment_and_hardly_elsewhere():
    """Were time and coefficients mixed when 2-D becomes 1-D, it would be heard all over."""
    body = awake(Body(DIMENSIONS, width=1 / 32))
    for norm in [layer for layer in body.modules() if isinstance(layer, nn.InstanceNorm1d | nn.InstanceNorm2d)]:
        norm.forward = lambda heard: heard  # it looks at all moments, which is not in question here
    envelopes = torch.randn(1, 1, DIMENSIONS, 256)
    touched = envelopes.clone()
    touched[..., 128] += 1.0
    with torch.no_grad():
        difference = (body(touched) - body(envelopes)).abs().sum(dim=(0, 1))
    reach = 7 + 2 * 2 + 4 * 2 + 6 * 2 * 4 + 4 * 2 + 2 * 2 + 7 + 8
    assert difference[128 - 8 : 128 + 8].sum() > 0
    assert difference[: 128 - reach].max() == 0
    assert difference[128 + reach :].max() == 0


def test_a_way_reaches_the_result_although_it_is_the_same_everywhere(generator):
    envelopes = torch.randn(2, DIMENSIONS, 64)
    there, back = torch.eye(EMOTIONS)[1] - torch.eye(EMOTIONS)[0], torch.eye(EMOTIONS)[0] - torch.eye(EMOTIONS)[1]
    with torch.no_grad():
        changes = [generator.body(envelopes[:, None], way.expand(2, -1)) for way in (there, back)]
    assert (changes[0] - changes[1]).abs().mean() > 0.1 * changes[0].abs().mean()


def asleep(body: Body) -> None:
    for parameter in body.last.parameters():
        nn.init.zeros_(parameter)


def test_a_network_that_says_nothing_moves_by_the_means_and_without_a_way_not_at_all():
    torch.manual_seed(1)
    steps = torch.randn(EMOTIONS, DIMENSIONS)
    made, envelopes = relgan.Generator(steps, width=1 / 32), torch.randn(1, DIMENSIONS, 32)
    asleep(made.body)
    way = torch.tensor([[-0.5, 0.0, 0.5, 0.0]])
    torch.testing.assert_close(made(envelopes, way), envelopes + (0.5 * (steps[2] - steps[0]))[None, :, None])
    torch.testing.assert_close(made(envelopes, torch.zeros(1, EMOTIONS)), envelopes)


def test_an_untrained_network_changes_little_but_all_its_layers_learn_from_the_first_step():
    torch.manual_seed(1)
    made, envelopes = cyclegan.Generator(DIMENSIONS, width=1 / 8), torch.randn(1, DIMENSIONS, 64)
    changed = made(envelopes)
    assert 0.0 < float((changed - envelopes).detach().std()) < 0.5
    (changed - 1).square().mean().backward()
    for name, weight in made.named_parameters():
        if weight.dim() > 2:
            assert weight.grad is not None
            assert float(weight.grad.abs().max()) > 0, name


def test_no_convolution_of_a_judge_stretches_anything_even_if_its_weights_grow():
    torch.manual_seed(0)
    judge = relgan.Discriminator(EMOTIONS, width=1 / 16)
    layers = [*judge.trunk.layers, judge.pair]
    with torch.no_grad():
        for layer in layers:
            layer.convolution.parametrizations.weight.original.mul_(7.0)
        for _ in range(30):  # the norm is found by turns, one at each hearing
            heard = judge.hear(torch.randn(2, DIMENSIONS, 32))
            judge.match(heard, torch.zeros(2, EMOTIONS), heard)
    for layer in layers:
        stretch = torch.linalg.matrix_norm(layer.convolution.weight.flatten(1), ord=2)
        assert float(stretch.detach()) == pytest.approx(1.0, abs=0.05)


def test_orthogonality_is_that_of_the_formula():
    layer = nn.Conv1d(1, 2, 2, bias=False)
    layer.weight.data = torch.tensor([[[1.0, 2.0]], [[3.0, -1.0]]])
    assert float(orthogonality(layer).detach()) == pytest.approx(2 * (1 * 3 - 2 * 1) ** 2)


def test_a_mask_hides_what_it_covers_and_is_told():
    made = cyclegan.Generator(DIMENSIONS, width=1 / 32)
    awake(made.body)
    one, other, mask = torch.randn(1, DIMENSIONS, 64), torch.randn(1, DIMENSIONS, 64), torch.ones(1, DIMENSIONS, 64)
    mask[..., 20:40] = 0.0
    mixed = torch.where(mask.bool(), one, other)
    with torch.no_grad():
        torch.testing.assert_close(made(one, mask), made(mixed, mask))
        silent = one * mask
        assert not torch.allclose(made(silent, mask), made(silent))
