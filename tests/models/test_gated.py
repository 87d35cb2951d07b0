"""GAN blocks: receptive field, conditioning, masks and the spectral norm of discriminators."""

import pytest
import torch
from torch import nn

from vc_core.models.gan import cyclegan, relgan
from vc_core.models.gated import FULL_WIDTH, DiscriminatorTrunk, GeneratorBody, compute_orthogonality_loss

DIMENSIONS, EMOTIONS = 36, 4


def scale_up_last_layer(body: GeneratorBody) -> GeneratorBody:
    """With larger weights in the last layer, as after training."""
    torch.manual_seed(0)
    nn.init.normal_(body.last.weight, std=0.1)
    return body.eval()


@pytest.fixture(scope="module")
def generator() -> relgan.Generator:
    torch.manual_seed(0)
    made = relgan.Generator(torch.randn(EMOTIONS, DIMENSIONS), width=1 / 32)
    scale_up_last_layer(made.body)
    return made


def parameters(module: nn.Module) -> float:
    return sum(weight.numel() for weight in module.parameters()) / 1e6


def test_at_full_width_the_networks_are_as_large_as_published():
    assert parameters(relgan.Generator(torch.zeros(EMOTIONS, DIMENSIONS))) == pytest.approx(33.0, rel=0.01)
    assert parameters(DiscriminatorTrunk()) == pytest.approx(22.9, rel=0.01)
    narrow = parameters(relgan.Generator(torch.zeros(EMOTIONS, DIMENSIONS), width=1 / 8))
    assert narrow == pytest.approx(0.53, rel=0.05)


@pytest.mark.parametrize("width", [0.01, 0.05, 0.07, 0.123, 0.3])
def test_the_weights_of_any_width_state_it(width):
    """Models are loaded with the width that their first layer has."""
    trained = relgan.Generator(torch.zeros(EMOTIONS, DIMENSIONS), width=width)
    stated = len(trained.body.first.weight) / (2 * FULL_WIDTH)
    loaded = relgan.Generator(torch.zeros(EMOTIONS, DIMENSIONS), width=stated)
    loaded.load_state_dict(trained.state_dict())


def test_a_change_in_one_frame_stays_within_the_receptive_field():
    """If 2-D to 1-D mixed time and coefficients, the change would spread everywhere."""
    body = scale_up_last_layer(GeneratorBody(DIMENSIONS, width=1 / 32))
    for norm in [layer for layer in body.modules() if isinstance(layer, nn.InstanceNorm1d | nn.InstanceNorm2d)]:
        norm.forward = lambda x: x  # its statistics cover all frames
    envelopes = torch.randn(1, 1, DIMENSIONS, 256)
    touched = envelopes.clone()
    touched[..., 128] += 1.0
    with torch.no_grad():
        difference = (body(touched) - body(envelopes)).abs().sum(dim=(0, 1))
    receptive_field = 7 + 2 * 2 + 4 * 2 + 6 * 2 * 4 + 4 * 2 + 2 * 2 + 7 + 8
    assert difference[128 - 8 : 128 + 8].sum() > 0
    assert difference[: 128 - receptive_field].max() == 0
    assert difference[128 + receptive_field :].max() == 0


def test_relative_attributes_change_the_output_although_they_are_constant_over_time(generator):
    envelopes = torch.randn(2, DIMENSIONS, 64)
    there, back = torch.eye(EMOTIONS)[1] - torch.eye(EMOTIONS)[0], torch.eye(EMOTIONS)[0] - torch.eye(EMOTIONS)[1]
    with torch.no_grad():
        changes = [generator.body(envelopes[:, None], attributes.expand(2, -1)) for attributes in (there, back)]
    assert (changes[0] - changes[1]).abs().mean() > 0.1 * changes[0].abs().mean()


def zero_last_layer(body: GeneratorBody) -> None:
    for parameter in body.last.parameters():
        nn.init.zeros_(parameter)


def test_a_zero_network_moves_by_the_mean_steps_and_without_attributes_not_at_all():
    torch.manual_seed(1)
    steps = torch.randn(EMOTIONS, DIMENSIONS)
    made, envelopes = relgan.Generator(steps, width=1 / 32), torch.randn(1, DIMENSIONS, 32)
    zero_last_layer(made.body)
    attributes = torch.tensor([[-0.5, 0.0, 0.5, 0.0]])
    torch.testing.assert_close(made(envelopes, attributes), envelopes + (0.5 * (steps[2] - steps[0]))[None, :, None])
    torch.testing.assert_close(made(envelopes, torch.zeros(1, EMOTIONS)), envelopes)


def test_an_untrained_generator_changes_little_but_all_its_layers_have_a_gradient():
    torch.manual_seed(1)
    made, envelopes = cyclegan.Generator(DIMENSIONS, width=1 / 8), torch.randn(1, DIMENSIONS, 64)
    changed = made(envelopes)
    assert 0.0 < float((changed - envelopes).detach().std()) < 0.5
    (changed - 1).square().mean().backward()
    for name, weight in made.named_parameters():
        if weight.dim() > 2:
            assert weight.grad is not None
            assert float(weight.grad.abs().max()) > 0, name


def test_spectral_norm_keeps_discriminator_convolutions_at_norm_1():
    torch.manual_seed(0)
    discriminator = relgan.Discriminator(EMOTIONS, width=1 / 16)
    layers = [*discriminator.trunk.layers, discriminator.pair]
    with torch.no_grad():
        for layer in layers:
            layer.convolution.parametrizations.weight.original.mul_(7.0)
        for _ in range(30):  # the power iteration of the spectral norm makes one step per call
            features = discriminator.extract_features(torch.randn(2, DIMENSIONS, 32))
            discriminator.score_match(features, torch.zeros(2, EMOTIONS), features)
    for layer in layers:
        stretch = torch.linalg.matrix_norm(layer.convolution.weight.flatten(1), ord=2)
        assert float(stretch.detach()) == pytest.approx(1.0, abs=0.05)


def test_the_orthogonality_loss_follows_its_formula():
    layer = nn.Conv1d(1, 2, 2, bias=False)
    layer.weight.data = torch.tensor([[[1.0, 2.0]], [[3.0, -1.0]]])
    assert float(compute_orthogonality_loss(layer).detach()) == pytest.approx(2 * (1 * 3 - 2 * 1) ** 2)


def test_a_mask_hides_what_it_covers_and_is_an_input_itself():
    made = cyclegan.Generator(DIMENSIONS, width=1 / 32)
    scale_up_last_layer(made.body)
    one, other, mask = torch.randn(1, DIMENSIONS, 64), torch.randn(1, DIMENSIONS, 64), torch.ones(1, DIMENSIONS, 64)
    mask[..., 20:40] = 0.0
    mixed = torch.where(mask.bool(), one, other)
    with torch.no_grad():
        torch.testing.assert_close(made(one, mask), made(mixed, mask))
        silent = one * mask
        assert not torch.allclose(made(silent, mask), made(silent))
