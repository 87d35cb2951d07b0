"""Refine a trained decoder on conversions, for which no target recording exists.

Two losses judge them. Content: the content encoder must hear in a conversion what it heard in the source. Adversarial:
spectrogram discriminators tell conversions from recordings of the voice. The voice's own recordings keep their spectral
loss meanwhile.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from vc_core.models import content_encoder
from vc_core.models.ddsp import Decoder, compute_hop
from vc_core.models.gan.discriminators import (
    Discriminators,
    compute_adversarial_loss,
    compute_discriminator_loss,
    compute_feature_matching_loss,
)
from vc_core.training.adversarial import freeze
from vc_core.training.instant.discriminator import smooth_features
from vc_core.training.instant.losses import (
    Excerpts,
    compute_spectral_loss,
    draw_excerpts,
    schedule_learning_rate,
    synthesise_excerpts,
)
from vc_core.voices.instant_weights import load_content_encoder
from vc_core.voices.prepared_recording import PreparedRecording, make_excitation

Recordings = Sequence[PreparedRecording]
DISCRIMINATOR_RATE, ADAM_BETAS = 1e-3, (0.8, 0.99)
DISCRIMINATOR_WARM_UP_STEPS = 30
MAX_GRADIENT_NORM = 1.0


@dataclass(frozen=True)
class RefineSettings:
    steps: int = 150
    seed: int = 5
    learning_rate: float = 5e-4
    excerpts: int = 8
    """Of the voice's recordings, in each step."""
    conversions: int = 6
    frames: int = 150
    judged_frames: int = 50
    """Of each excerpt, a part for the discriminators, which take the most time."""
    content_weight: float = 15.0
    adversarial_weight: float = 0.3
    feature_matching_weight: float = 0.3


class Refinement:
    """`voice` are recordings of the decoder's own voice, `sources` those of others, whose speech is converted to it."""

    def __init__(
        self, decoder: Decoder, voice: Recordings, sources: Sequence[Recordings], settings: RefineSettings
    ) -> None:
        self._decoder, self._voice, self._sources, self.settings = decoder, voice, sources, settings
        self._generator = np.random.default_rng(settings.seed)
        # A copy, since the loaded one's tensors may be of the inference mode.
        self._content = deepcopy(load_content_encoder()).requires_grad_(False)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self._discriminators = Discriminators(periods=())
        parameters = decoder.parameters(), self._discriminators.parameters()
        rates = settings.learning_rate, DISCRIMINATOR_RATE
        self._optimizer, self._critic = (
            torch.optim.AdamW(one, rate, betas=ADAM_BETAS, weight_decay=1e-4)
            for one, rate in zip(parameters, rates, strict=True)
        )
        self._steps_done = 0

    def step(self) -> dict[str, float]:
        settings = self.settings
        self._steps_done += 1
        for group in self._optimizer.param_groups:
            group["lr"] = schedule_learning_rate(settings.learning_rate, self._steps_done, settings.steps)
        own, own_embeddings = self.draw_own()
        sources, embeddings = self.draw_sources()
        rendered = synthesise_excerpts(self._decoder, own, own_embeddings)
        converted = synthesise_excerpts(self._decoder, sources, embeddings)
        half = settings.excerpts // 2
        losses = {
            "spectral": compute_spectral_loss(rendered, own.sound, own.bandwidth_hz, own.sample_rate),
            "own content": self._compare_content(rendered[:half], own.sound[:half]),
            "content": self._compare_content(converted, sources.sound),
            "adversarial": self._judge(own.sound, rendered, converted),
        }
        weights = 1.0, settings.content_weight / 2, settings.content_weight, 1.0
        loss = torch.stack([weight * one for weight, one in zip(weights, losses.values(), strict=True)]).sum()
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._decoder.parameters(), MAX_GRADIENT_NORM)
        self._optimizer.step()
        return {name: one.item() for name, one in losses.items()}

    def draw_own(self) -> tuple[Excerpts, Tensor | None]:
        """Excerpts of the voice, and speaker embeddings in place of the decoder's own."""
        return draw_excerpts([self._voice], self.settings.excerpts, self.settings.frames, self._generator), None

    def draw_sources(self) -> tuple[Excerpts, Tensor | None]:
        """Excerpts of another speaker, in the voice's key."""
        speaker = self._sources[int(self._generator.integers(len(self._sources)))]
        ratios = torch.full((self.settings.conversions, 1), median_pitch_hz(self._voice) / median_pitch_hz(speaker))
        return self.draw_transposed(speaker, ratios), None

    def draw_transposed(self, speaker: Recordings, ratios: Tensor) -> Excerpts:
        """Excerpts of a speaker, as many as there are ratios of the pitch, (conversions, 1)."""
        settings, generator = self.settings, self._generator
        drawn = draw_excerpts([speaker], len(ratios), settings.frames, generator)
        hertz = drawn.hertz * ratios
        samples = settings.frames * compute_hop(drawn.sample_rate)
        sources = torch.stack([make_excitation(one, samples, drawn.sample_rate, generator) for one in hertz])
        return replace(drawn, hertz=hertz, sources=sources)

    def _compare_content(self, made: Tensor, source: Tensor) -> Tensor:
        made, source = (compute_log_mel(one) for one in (made, source))
        return (self._content.encode(made) - self._content.encode(source)).abs().mean()

    def _judge(self, real: Tensor, *made: Tensor) -> Tensor:
        """Train the discriminators for a step; return the decoder's adversarial and feature matching loss."""
        settings = self.settings
        length = real.shape[1] * settings.judged_frames // settings.frames
        at = int(self._generator.integers(real.shape[1] - length + 1))
        real, fake = real[:, at : at + length], torch.cat(made)[:, at : at + length]
        loss = compute_discriminator_loss(self._discriminators(real), self._discriminators(fake.detach()))
        self._critic.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._critic.step()
        with freeze(self._discriminators):
            with torch.no_grad():
                wanted = self._discriminators(real)
            judged = self._discriminators(fake)
        rendered = [(scores, [one[: len(real)] for one in features]) for scores, features in judged]
        matching = compute_feature_matching_loss(smooth_features(wanted), smooth_features(rendered))
        rising = min(1.0, self._steps_done / DISCRIMINATOR_WARM_UP_STEPS)
        weight = rising * settings.adversarial_weight
        return weight * compute_adversarial_loss(judged) + settings.feature_matching_weight * matching


def compute_log_mel(sound: Tensor) -> Tensor:
    """The content encoder's input from sound at 24 kHz; band-limited resampling by the spectrum has a gradient."""
    samples = sound.shape[1] * 2 // 3
    wave = torch.fft.irfft(torch.fft.rfft(sound)[:, : samples // 2 + 1], samples) * (2 / 3)
    spectrum = content_encoder.compute_power_spectrum(content_encoder.normalise_level(wave))
    return content_encoder.compute_log_mel(spectrum)


def median_pitch_hz(recordings: Recordings) -> float:
    hertz = torch.cat([one.hertz for one in recordings])
    return float(hertz[hertz > 0].median())
