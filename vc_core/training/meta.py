"""The start that all voices of the instant engine share: learned from many, so that a new one needs few steps.

Two ways. `pretrain` learns all voices at once, each with a code of its own. `reptile` pretends, again and again, that a
voice is new, learns it for a few steps, and goes part of the way there (A. Nichol et al., “On first-order meta-learning
algorithms”, 2018): the start from which the same few steps lead furthest.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from vc_core.models.ddsp import CODE, POINTS, POINTS_HZ, Decoder
from vc_core.progress import Progress, silent
from vc_core.training.instant_learning import distance, draw, learning_rate, sung_by
from vc_core.training.instant_recordings import Prepared

Speakers = Sequence[Sequence[Prepared]]
BETAS = (0.8, 0.99)
LARGEST_GRADIENT = 1.0
CODES_SPREAD = 0.3
FALL_FOR_EACH_POINT = 0.1
"""Of the logarithm: about 1 dB."""


@dataclass(frozen=True)
class MetaSettings:
    steps: int = 1_000
    """Of gradients altogether, so that both ways can be compared."""
    seed: int = 1
    learning_rate: float = 1.5e-3
    excerpts: int = 8
    moments: int = 100
    steps_of_a_voice: int = 10
    approach: float = 0.5
    """The share of the way to where a voice has led, at first; it falls to 0."""


def pretrain(decoder: Decoder, speakers: Speakers, settings: MetaSettings, *, progress: Progress = silent) -> Decoder:
    """The decoder itself learns; its code becomes the mean of all."""
    generator = np.random.default_rng(settings.seed)
    codes = nn.Embedding(len(speakers), CODE)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        nn.init.normal_(codes.weight, std=CODES_SPREAD)
    parameters = [*decoder.parameters(), *codes.parameters()]
    optimizer = torch.optim.AdamW(parameters, settings.learning_rate, betas=BETAS, weight_decay=1e-4)
    for step in range(1, settings.steps + 1):
        rate = learning_rate(settings.learning_rate, step, settings.steps)
        loss = _step(decoder, speakers, settings, (optimizer, rate, generator), codes)
        progress(step / settings.steps, f"{loss:.3f}")
    decoder.code.data = codes.weight.data.mean(0)
    return decoder


def reptile(decoder: Decoder, speakers: Speakers, settings: MetaSettings, *, progress: Progress = silent) -> Decoder:
    """Each voice has its own moments of Adam for its few steps, as a new one will."""
    generator = np.random.default_rng(settings.seed)
    rounds = settings.steps // settings.steps_of_a_voice
    for done in range(rounds):
        learner = deepcopy(decoder)
        optimizer = torch.optim.AdamW(learner.parameters(), settings.learning_rate, betas=BETAS, weight_decay=1e-4)
        voice = [speakers[int(generator.integers(len(speakers)))]]
        for step in range(1, settings.steps_of_a_voice + 1):
            rate = settings.learning_rate * step / settings.steps_of_a_voice
            loss = _step(learner, voice, settings, (optimizer, rate, generator))
        approach = settings.approach * (1 - done / rounds)
        with torch.no_grad():
            for mine, theirs in zip(decoder.parameters(), learner.parameters(), strict=True):
                mine.lerp_(theirs, approach)
        progress((done + 1) / rounds, f"{loss:.3f}")
    return decoder


def carried_on(decoder: Decoder, highest_hz: float) -> Decoder:
    """Above what any voice had sound in, the filters go on as at the highest point that was learned, and fall."""
    known = int(np.searchsorted(POINTS_HZ, highest_hz)) - 1
    with torch.no_grad():
        parts = dict(decoder.last.named_parameters())
        for part in parts.values():
            curves = part.view(2, POINTS, *part.shape[1:])
            curves[:, known + 1 :] = curves[:, known : known + 1]
        parts["bias"].view(2, POINTS)[:, known + 1 :] -= FALL_FOR_EACH_POINT * torch.arange(1, POINTS - known)
    return decoder


def _step(
    decoder: Decoder,
    speakers: Speakers,
    settings: MetaSettings,
    learning: tuple[torch.optim.Optimizer, float, np.random.Generator],
    codes: nn.Embedding | None = None,
) -> float:
    optimizer, rate, generator = learning
    for group in optimizer.param_groups:
        group["lr"] = rate
    excerpts = draw(speakers, settings.excerpts, settings.moments, generator)
    made = sung_by(decoder, excerpts, codes(excerpts.speakers) if codes else None)
    loss = distance(made, excerpts.sound, excerpts.bandwidth_hz, excerpts.rate)
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    nn.utils.clip_grad_norm_(parameters, LARGEST_GRADIENT)
    optimizer.step()
    return loss.item()
