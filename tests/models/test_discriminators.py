"""Discriminators learn to tell real from generated audio, and their losses have gradients for the generator."""

import torch

from vc_core.models.gan.discriminators import (
    FFT_SIZES,
    PERIODS,
    Discriminators,
    compute_adversarial_loss,
    compute_discriminator_loss,
    compute_feature_matching_loss,
)


def hum(count: int, seed: int) -> torch.Tensor:
    phase = torch.rand(count, 1, generator=torch.Generator().manual_seed(seed))
    return torch.sin(2 * torch.pi * (phase + 220 / 16_000 * torch.arange(4_096)))


def test_there_is_a_small_discriminator_for_each_period_and_each_fft_size():
    discriminators = Discriminators()
    assert len(discriminators(torch.zeros(2, 4_096))) == len(PERIODS) + len(FFT_SIZES)
    assert sum(parameter.numel() for parameter in discriminators.parameters()) < 300_000


def test_discriminators_learn_to_score_a_hum_above_noise():
    torch.manual_seed(0)
    discriminators = Discriminators(width=4)
    optimizer = torch.optim.Adam(discriminators.parameters(), 3e-3)
    for seed in range(25):
        loss = compute_discriminator_loss(discriminators(hum(4, seed)), discriminators(torch.randn(4, 4_096)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        real, generated = discriminators(hum(4, 99)), discriminators(torch.randn(4, 4_096))
    for (real_scores, _), (generated_scores, _) in zip(real, generated, strict=True):
        assert real_scores.mean() > generated_scores.mean()
    assert compute_adversarial_loss(real) < compute_adversarial_loss(generated)


def test_feature_matching_loss_of_identical_audio_is_0():
    discriminators, sound = Discriminators(width=4), hum(2, 0)
    with torch.no_grad():
        assert compute_feature_matching_loss(discriminators(sound), discriminators(sound)) == 0
        assert (
            compute_feature_matching_loss(discriminators(sound), discriminators(sound + 0.1 * torch.randn(2, 4_096)))
            > 0.01
        )


def test_the_adversarial_loss_has_a_gradient_at_the_waveform():
    sound = hum(2, 0).requires_grad_()
    compute_adversarial_loss(Discriminators(width=4)(sound)).backward()
    assert sound.grad.abs().sum() > 0
