"""Further training of the instant decoder on several voices: both methods."""

from copy import deepcopy

import numpy as np
import pytest
import torch

from vc_core.models.content_encoder import CONTENT_UNITS
from vc_core.models.ddsp import SPEAKER_EMBEDDING_SIZE, Decoder, compute_hop
from vc_core.training.instant.losses import compute_spectral_loss, draw_excerpts, synthesise_excerpts
from vc_core.training.instant.meta import MetaSettings, TrainingVoice, pretrain, reptile
from vc_core.voices.prepared_recording import LOW_SAMPLE_RATE, PreparedRecording

SMALL = MetaSettings(steps=16, excerpts=2, frames=20, steps_of_a_voice=4)


def speaker(seed: int) -> list[PreparedRecording]:
    """Coloured noise with a constant pitch."""
    generator = torch.Generator().manual_seed(seed)
    frames = 60
    sound = torch.randn((frames - 1) * compute_hop(LOW_SAMPLE_RATE), generator=generator)
    colour = torch.randn(15, generator=generator)
    sound = torch.nn.functional.conv1d(sound[None, None], colour[None, None] / colour.norm(), padding="same")[0, 0]
    units = torch.randn(1, frames, CONTENT_UNITS, generator=generator).tanh()
    hertz = torch.full((frames,), 100.0 + 10 * seed)
    return [PreparedRecording(units, hertz, torch.zeros(1, frames), sound, LOW_SAMPLE_RATE, LOW_SAMPLE_RATE / 2)]


def embedding(seed: int) -> torch.Tensor:
    return torch.randn(SPEAKER_EMBEDDING_SIZE, generator=torch.Generator().manual_seed(seed))


VOICES = [TrainingVoice(speaker(seed), embedding(seed)) for seed in range(3)]


def distance_of(decoder: Decoder, voice: list[PreparedRecording]) -> float:
    excerpts = draw_excerpts([voice], 2, 40, np.random.default_rng(0))
    with torch.no_grad():
        made = synthesise_excerpts(decoder, excerpts)
    return float(compute_spectral_loss(made, excerpts.sound, excerpts.bandwidth_hz, excerpts.sample_rate))


@pytest.mark.parametrize("train", [pretrain, reptile])
def test_pretrained_weights_have_a_lower_loss_on_a_new_voice(train):
    torch.manual_seed(0)
    fresh = Decoder()
    trained = train(deepcopy(fresh), VOICES, SMALL)
    assert distance_of(trained, speaker(9)) < distance_of(fresh, speaker(9))


@pytest.mark.parametrize("train", [pretrain, reptile])
def test_the_same_seed_gives_the_same_weights(train):
    torch.manual_seed(0)
    fresh = Decoder()
    first, second = (train(deepcopy(fresh), VOICES, SMALL).state_dict() for _ in range(2))
    for name, value in first.items():
        torch.testing.assert_close(value, second[name])


@pytest.mark.parametrize("train", [pretrain, reptile])
def test_the_embedding_becomes_the_mean_of_the_voices(train):
    trained = train(Decoder(), VOICES, SMALL)
    torch.testing.assert_close(trained.code.data, torch.stack([embedding(seed) for seed in range(3)]).mean(0))
