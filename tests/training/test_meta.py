"""The start that all voices share: learned from several in either way, and sensible above what they had sound in."""

from copy import deepcopy

import numpy as np
import pytest
import torch

from vc_core.models.ddsp import HIGHEST_HZ, POINTS, Decoder, hop_of
from vc_core.models.units import UNITS
from vc_core.training.instant_learning import distance, draw, sung_by
from vc_core.training.instant_recordings import LOW_RATE, Prepared
from vc_core.training.meta import MetaSettings, carried_on, pretrain, reptile

SMALL = MetaSettings(steps=16, excerpts=2, moments=20, steps_of_a_voice=4)


def speaker(seed: int) -> list[Prepared]:
    """Noise of a colour of its own, and a hum."""
    generator = torch.Generator().manual_seed(seed)
    moments = 60
    sound = torch.randn((moments - 1) * hop_of(LOW_RATE), generator=generator)
    colour = torch.randn(15, generator=generator)
    sound = torch.nn.functional.conv1d(sound[None, None], colour[None, None] / colour.norm(), padding="same")[0, 0]
    units = torch.randn(1, moments, UNITS, generator=generator).tanh()
    hertz = torch.full((moments,), 100.0 + 10 * seed)
    return [Prepared(units, hertz, torch.zeros(1, moments), sound, LOW_RATE, LOW_RATE / 2)]


SPEAKERS = [speaker(seed) for seed in range(3)]


def distance_of(decoder: Decoder, voice: list[Prepared]) -> float:
    excerpts = draw([voice], 2, 40, np.random.default_rng(0))
    with torch.no_grad():
        made = sung_by(decoder, excerpts)
    return float(distance(made, excerpts.sound, excerpts.bandwidth_hz, excerpts.rate))


@pytest.mark.parametrize("learn", [pretrain, reptile])
def test_a_start_is_nearer_to_a_new_voice_than_chance(learn):
    torch.manual_seed(0)
    fresh = Decoder()
    learned = learn(deepcopy(fresh), SPEAKERS, SMALL)
    assert distance_of(learned, speaker(9)) < distance_of(fresh, speaker(9))


@pytest.mark.parametrize("learn", [pretrain, reptile])
def test_the_same_seed_gives_the_same_start(learn):
    torch.manual_seed(0)
    fresh = Decoder()
    first, second = (learn(deepcopy(fresh), SPEAKERS, SMALL).state_dict() for _ in range(2))
    for name, value in first.items():
        torch.testing.assert_close(value, second[name])


def test_above_what_was_learned_the_filters_fall_evenly():
    decoder = carried_on(Decoder(), 10_000.0)
    curves = decoder(torch.randn(1, 9, UNITS), torch.full((1, 9), 200.0), torch.zeros(1, 9))
    mels = np.linspace(0, np.log1p(HIGHEST_HZ / 700), POINTS)
    unknown = int((700 * np.expm1(mels) < 10_000.0).sum())
    steps = curves[..., unknown:].diff(dim=-1)
    torch.testing.assert_close(steps, torch.full_like(steps, -0.1))
