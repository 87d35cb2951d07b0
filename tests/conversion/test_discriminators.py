"""The judges learn to tell what is real, and a decoder that listens to them comes nearer to it."""

import torch

from vc_core.models.discriminators import (
    PERIODS,
    SPECTRA,
    Discriminators,
    deceiving_loss,
    feature_distance,
    judging_loss,
)


def hum(count: int, seed: int) -> torch.Tensor:
    phase = torch.rand(count, 1, generator=torch.Generator().manual_seed(seed))
    return torch.sin(2 * torch.pi * (phase + 220 / 16_000 * torch.arange(4_096)))


def test_there_is_a_judge_for_each_period_and_each_spectrum_and_all_are_small():
    judges = Discriminators()
    assert len(judges(torch.zeros(2, 4_096))) == len(PERIODS) + len(SPECTRA)
    assert sum(parameter.numel() for parameter in judges.parameters()) < 300_000


def test_they_learn_to_tell_a_hum_from_noise():
    torch.manual_seed(0)
    judges = Discriminators(width=4)
    optimizer = torch.optim.Adam(judges.parameters(), 3e-3)
    for seed in range(25):
        loss = judging_loss(judges(hum(4, seed)), judges(torch.randn(4, 4_096)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        real, imitated = judges(hum(4, 99)), judges(torch.randn(4, 4_096))
    for (mine, _), (other, _) in zip(real, imitated, strict=True):
        assert mine.mean() > other.mean()
    assert deceiving_loss(real) < deceiving_loss(imitated)


def test_features_of_the_same_sound_are_the_same():
    judges, sound = Discriminators(width=4), hum(2, 0)
    with torch.no_grad():
        assert feature_distance(judges(sound), judges(sound)) == 0
        assert feature_distance(judges(sound), judges(sound + 0.1 * torch.randn(2, 4_096))) > 0.01


def test_a_gradient_reaches_the_sound():
    sound = hum(2, 0).requires_grad_()
    deceiving_loss(Discriminators(width=4)(sound)).backward()
    assert sound.grad.abs().sum() > 0
