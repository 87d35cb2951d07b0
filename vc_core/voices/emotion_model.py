"""RelGAN emotion model: statistics of each emotion, and a generator on normalised spectral codes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from vc_core.checkpoints.weights import load_tensors, load_weights
from vc_core.errors import UserError
from vc_core.models.gan.relgan import Generator
from vc_core.models.gated import FRAMES_DIVIDE_BY, FULL_WIDTH
from vc_core.signal.world import FloatArray, WorldFeatures
from vc_core.signal.world_codes import Codes, apply_code_change, encode_features, find_audible_frames
from vc_core.voices.speaker_statistics import SpeakerStatistics, read_statistics

MODEL_FILE = "emotions.safetensors"
NEUTRAL = "neutral"
NETWORK = "generator."
CLIP_DEVIATIONS = 5.0
"""Normalised codes are clipped to so many deviations; pauses lie beyond."""


@dataclass(frozen=True, eq=False)
class EmotionModel:
    statistics: Mapping[str, SpeakerStatistics]
    """By emotion, neutral included; the order is that of the relative attributes."""
    generator: Generator | None
    """None converts by the statistics alone."""

    @property
    def emotions(self) -> tuple[str, ...]:
        return tuple(self.statistics)

    def convert_codes(
        self, codes: Codes, mean: Codes, source: str, target: str, intensity: float
    ) -> tuple[Codes, Codes]:
        """The codes as the network reconstructs them, and as it converts them; `mean` is that of the recording.

        The change is the difference of both, so that intensity 0 changes nothing despite reconstruction errors.
        """
        here, there = self.statistics[source], self.statistics[target]
        if self.generator is None:
            between = here.interpolate(there, intensity)
            after = (codes - mean) / here.deviation * between.deviation + mean + between.mean - here.mean
            return codes, after.astype(np.float32)
        scale = self.statistics[NEUTRAL].deviation
        normal = np.clip((codes - mean + here.mean) / scale, -CLIP_DEVIATIONS, CLIP_DEVIATIONS)
        attributes = compute_relative_attributes(self.emotions, source, target)
        before, after = (_generate(self.generator, normal, part * attributes) * scale for part in (0.0, intensity))
        return before.astype(np.float32), after.astype(np.float32)

    def convert_features(
        self, features: WorldFeatures, mean: Codes, source: str, target: str, intensity: float
    ) -> WorldFeatures:
        """Changes the spectral envelope and the aperiodicity; F0 stays."""
        before, after = self.convert_codes(encode_features(features), mean, source, target, intensity)
        factor = np.exp(intensity * (self.statistics[target].aperiodicity - self.statistics[source].aperiodicity))
        aperiodicity = np.clip(features.aperiodicity * factor, 0.0, 1.0)
        return replace(apply_code_change(features, before, after), aperiodicity=aperiodicity)

    def convert_recording(
        self, features: WorldFeatures, *, source: str, target: str, intensity: float = 1.0
    ) -> WorldFeatures:
        """A whole recording, with its F0 scaled too."""
        mean = encode_features(features)[find_audible_frames(features)].mean(axis=0)
        converted = self.convert_features(features, mean, source, target, intensity)
        pitch = np.exp(intensity * (self.statistics[target].pitch - self.statistics[source].pitch))
        return replace(converted, hertz=features.hertz * pitch)

    def tensors(self) -> dict[str, Tensor]:
        statistics = [one.tensors(name) for name, one in self.statistics.items()]
        found = {name: torch.from_numpy(values).float() for one in statistics for name, values in one.items()}
        network = self.generator.state_dict() if self.generator else {}
        return found | {NETWORK + name: value.detach().cpu().contiguous() for name, value in network.items()}


def _generate(generator: Generator, normal: FloatArray, relative_attributes: Tensor) -> FloatArray:
    """Codes of shape (frames, dimensions), normalised by the neutral statistics."""
    with torch.inference_mode():
        codes = torch.from_numpy(np.ascontiguousarray(normal.T, np.float32))[None]
        missing = -codes.shape[2] % FRAMES_DIVIDE_BY
        padded = torch.nn.functional.pad(codes, (0, missing), mode="replicate")
        generated = generator(padded, relative_attributes[None])[0, :, : codes.shape[2]]
    return np.asarray(generated.T.double().numpy())


def compute_relative_attributes(emotions: tuple[str, ...], source: str, target: str) -> Tensor:
    """One-hot target minus one-hot source, shape (emotions,)."""
    attributes = torch.zeros(len(emotions))
    attributes[emotions.index(target)] += 1
    attributes[emotions.index(source)] -= 1
    return attributes


def compute_mean_steps(statistics: Mapping[str, SpeakerStatistics]) -> Tensor:
    """From neutral to each emotion, in deviations of neutral speech; shape (emotions, dimensions)."""
    steps = np.stack([one.mean for one in statistics.values()]) / statistics[NEUTRAL].deviation
    return torch.from_numpy(steps).float()


def list_emotions(path: Path) -> tuple[str, ...]:
    """From the names of the tensors alone; empty if the file can't be read."""
    try:
        with safe_open(path, framework="numpy") as file:
            return _find_emotions(file.keys())
    except (OSError, SafetensorError):  # reported when it is used
        return ()


def _find_emotions(tensors: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(name.removesuffix(".prosody") for name in tensors if name.endswith(".prosody")))


def load_emotion_model(path: Path) -> EmotionModel:
    """From an untrusted file; on the CPU, where it is fast enough."""
    tensors = load_tensors(path)
    emotions = _find_emotions(tensors)
    if NEUTRAL not in emotions:
        raise UserError("“{file}” is no model of emotions: it does not know the neutral one.", file=path.name)
    statistics = {name: read_statistics(tensors, name, source=path.name) for name in emotions}
    network = {name.removeprefix(NETWORK): value for name, value in tensors.items() if name.startswith(NETWORK)}
    first = network.get("body.first.weight", torch.zeros(0))
    if first.dim() != 4 or not len(first):
        raise UserError("“{file}” is no model of emotions: it has no network.", file=path.name)
    generator = Generator(compute_mean_steps(statistics), width=len(first) / (2 * FULL_WIDTH))
    load_weights(generator, {name: value.float() for name, value in network.items()}, source=path.name)
    return EmotionModel(statistics, generator.eval().requires_grad_(False))
