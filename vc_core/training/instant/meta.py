"""Further training of the instant engine's decoder on many voices, so that a new voice needs fewer steps.

Two methods. `pretrain` trains all voices jointly. `reptile` (A. Nichol et al., “On first-order meta-learning
algorithms”, 2018) adapts to one voice for a few steps, and moves the weights part of the way.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from vc_core.models.ddsp import Decoder
from vc_core.progress import Progress, silent
from vc_core.training.instant.losses import (
    compute_spectral_loss,
    draw_excerpts,
    schedule_learning_rate,
    synthesise_excerpts,
)
from vc_core.voices.prepared_recording import PreparedRecording

ADAM_BETAS = (0.8, 0.99)
MAX_GRADIENT_NORM = 1.0


@dataclass(frozen=True, eq=False)
class TrainingVoice:
    recordings: Sequence[PreparedRecording]
    embedding: Tensor
    """Shape (SPEAKER_EMBEDDING_SIZE,), as the training of this voice alone would begin with."""


@dataclass(frozen=True)
class MetaSettings:
    steps: int = 1_000
    """Optimiser steps in all, so that both methods can be compared."""
    seed: int = 1
    learning_rate: float = 1.5e-3
    excerpts: int = 8
    frames: int = 100
    steps_of_a_voice: int = 10
    approach: float = 0.5
    """Initial interpolation towards the weights adapted to a voice; it decays to 0."""


def pretrain(
    decoder: Decoder, voices: Sequence[TrainingVoice], settings: MetaSettings, *, progress: Progress = silent
) -> Decoder:
    """Train the decoder in place; its embedding becomes the mean of all."""
    generator = np.random.default_rng(settings.seed)
    embeddings = torch.stack([voice.embedding for voice in voices])
    optimizer = _make_optimizer(decoder, settings)
    for step in range(1, settings.steps + 1):
        learning_rate = schedule_learning_rate(settings.learning_rate, step, settings.steps)
        loss = _train_step(decoder, voices, settings, (optimizer, learning_rate, generator), embeddings)
        progress(step / settings.steps, f"{loss:.3f}")
    decoder.code.data = embeddings.mean(0)
    return decoder


def reptile(
    decoder: Decoder, voices: Sequence[TrainingVoice], settings: MetaSettings, *, progress: Progress = silent
) -> Decoder:
    """Train the decoder in place; each voice starts with its embedding and a new Adam state, as in use."""
    generator = np.random.default_rng(settings.seed)
    rounds = max(1, settings.steps // settings.steps_of_a_voice)
    for done in range(rounds):
        adapted, voice = deepcopy(decoder), voices[int(generator.integers(len(voices)))]
        adapted.code.data = voice.embedding.clone()
        optimizer = _make_optimizer(adapted, settings)
        for step in range(1, settings.steps_of_a_voice + 1):
            learning_rate = settings.learning_rate * step / settings.steps_of_a_voice
            loss = _train_step(adapted, [voice], settings, (optimizer, learning_rate, generator))
        approach = settings.approach * (1 - done / rounds)
        with torch.no_grad():
            for weight, adapted_weight in zip(decoder.parameters(), adapted.parameters(), strict=True):
                weight.lerp_(adapted_weight, approach)
        progress((done + 1) / rounds, f"{loss:.3f}")
    decoder.code.data = torch.stack([voice.embedding for voice in voices]).mean(0)
    return decoder


def _make_optimizer(decoder: Decoder, settings: MetaSettings) -> torch.optim.Optimizer:
    return torch.optim.AdamW(decoder.parameters(), settings.learning_rate, betas=ADAM_BETAS, weight_decay=1e-4)


def _train_step(
    decoder: Decoder,
    voices: Sequence[TrainingVoice],
    settings: MetaSettings,
    optimisation: tuple[torch.optim.Optimizer, float, np.random.Generator],
    embeddings: Tensor | None = None,
) -> float:
    """`embeddings` has the shape (voices, SPEAKER_EMBEDDING_SIZE); without it, the decoder's own is trained."""
    optimizer, learning_rate, generator = optimisation
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    speakers = [voice.recordings for voice in voices]
    excerpts = draw_excerpts(speakers, settings.excerpts, settings.frames, generator)
    chosen = None if embeddings is None else embeddings[excerpts.speakers]
    generated = synthesise_excerpts(decoder, excerpts, chosen)
    loss = compute_spectral_loss(generated, excerpts.sound, excerpts.bandwidth_hz, excerpts.sample_rate)
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(decoder.parameters(), MAX_GRADIENT_NORM)
    optimizer.step()
    return loss.item()
