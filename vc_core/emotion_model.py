"""A trained model of emotions: how each sounds on average, and a network for what averages don't say."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vc_core.errors import UserError
from vc_core.manners import Manner, manner_from
from vc_core.models.gated import FRAMES_DIVIDE_BY, FULL_WIDTH
from vc_core.models.relgan import Generator
from vc_core.weights import fill, load_tensors
from vc_core.world import Values, WorldFeatures
from vc_core.world_codes import Codes, audible, code, with_change

MODEL_FILE = "emotions.safetensors"
NEUTRAL = "neutral"
NETWORK = "generator."
FURTHEST = 5.0
"""Deviations from the mean that a network has to hear; pauses lie beyond."""


@dataclass(frozen=True, eq=False)
class EmotionModel:
    manners: Mapping[str, Manner]
    """By emotion, the neutral one among them; the order is that of the ways."""
    generator: Generator | None
    """None for the averages alone."""

    @property
    def emotions(self) -> tuple[str, ...]:
        return tuple(self.manners)

    def moved(self, codes: Codes, mean: Codes, source: str, target: str, intensity: float) -> tuple[Codes, Codes]:
        """What is heard as the network would give it back unchanged, and moved; `mean` is the recording's own.

        The change lies between those two, so that nothing changes at intensity 0, however well it gives voices back.
        """
        here, there = self.manners[source], self.manners[target]
        if self.generator is None:
            moved = here.blended(there, intensity)
            after = (codes - mean) / here.deviation * moved.deviation + mean + moved.mean - here.mean
            return codes, after.astype(np.float32)
        scale = self.manners[NEUTRAL].deviation
        normal = np.clip((codes - mean + here.mean) / scale, -FURTHEST, FURTHEST)
        way = way_between(self.emotions, source, target)
        before, after = (_generated(self.generator, normal, part * way) * scale for part in (0.0, intensity))
        return before.astype(np.float32), after.astype(np.float32)

    def coloured(
        self, features: WorldFeatures, mean: Codes, source: str, target: str, intensity: float
    ) -> WorldFeatures:
        """With another envelope and breath; the pitch is left alone."""
        before, after = self.moved(code(features), mean, source, target, intensity)
        breath = np.exp(intensity * (self.manners[target].breath - self.manners[source].breath))
        aperiodicity = np.clip(features.aperiodicity * breath, 0.0, 1.0)
        return replace(with_change(features, before, after), aperiodicity=aperiodicity)

    def spoken(self, features: WorldFeatures, *, source: str, target: str, intensity: float = 1.0) -> WorldFeatures:
        """A whole recording, with the mean of its pitch moved too."""
        mean = code(features)[audible(features)].mean(axis=0)
        moved = self.coloured(features, mean, source, target, intensity)
        pitch = np.exp(intensity * (self.manners[target].pitch - self.manners[source].pitch))
        return replace(moved, hertz=features.hertz * pitch)

    def tensors(self) -> dict[str, Tensor]:
        averages = [manner.tensors(name) for name, manner in self.manners.items()]
        found = {name: torch.from_numpy(values).float() for one in averages for name, values in one.items()}
        network = self.generator.state_dict() if self.generator else {}
        return found | {NETWORK + name: value.detach().cpu().contiguous() for name, value in network.items()}


def _generated(generator: Generator, normal: Values, way: Tensor) -> Values:
    with torch.inference_mode():
        heard = torch.from_numpy(np.ascontiguousarray(normal.T, np.float32))[None]
        missing = -heard.shape[2] % FRAMES_DIVIDE_BY
        padded = torch.nn.functional.pad(heard, (0, missing), mode="replicate")
        made = generator(padded, way[None])[0, :, : heard.shape[2]]
    return np.asarray(made.T.double().numpy())


def way_between(emotions: tuple[str, ...], source: str, target: str) -> Tensor:
    """One-hot difference: -1 where it comes from, 1 where it goes to."""
    way = torch.zeros(len(emotions))
    way[emotions.index(target)] += 1
    way[emotions.index(source)] -= 1
    return way


def mean_steps(manners: Mapping[str, Manner]) -> Tensor:
    """From neutral to each, in deviations of neutral speech."""
    steps = np.stack([manner.mean for manner in manners.values()]) / manners[NEUTRAL].deviation
    return torch.from_numpy(steps).float()


def load_emotion_model(path: Path) -> EmotionModel:
    """Of a file that nobody vouches for; on the CPU, where it is fast enough."""
    tensors = load_tensors(path)
    emotions = sorted(name.removesuffix(".prosody") for name in tensors if name.endswith(".prosody"))
    if NEUTRAL not in emotions:
        raise UserError(f"“{path.name}” is no model of emotions: it does not know the neutral one.")
    manners = {name: manner_from(tensors, name, source=path.name) for name in emotions}
    network = {name.removeprefix(NETWORK): value for name, value in tensors.items() if name.startswith(NETWORK)}
    first = network.get("body.first.weight", torch.zeros(0))
    if first.dim() != 4 or not len(first):
        raise UserError(f"“{path.name}” is no model of emotions: it has no network.")
    generator = Generator(mean_steps(manners), width=len(first) / (2 * FULL_WIDTH))
    fill(generator, {name: value.float() for name, value in network.items()}, source=path.name)
    return EmotionModel(manners, generator.eval().requires_grad_(False))
