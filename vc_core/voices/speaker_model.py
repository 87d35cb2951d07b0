"""CycleGAN voice conversion model: statistics of both speakers, and a generator on normalised spectral codes."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vc_core.checkpoints.weights import load_tensors, load_weights
from vc_core.errors import UserError
from vc_core.models.gan.cyclegan import Generator
from vc_core.models.gated import FRAMES_DIVIDE_BY, FULL_WIDTH
from vc_core.signal.world import FloatArray, WorldFeatures, interpolate_log_pitch
from vc_core.signal.world_codes import (
    CODE_DIMENSIONS,
    apply_code_change,
    compute_log_power,
    encode_features,
    find_audible_frames,
)
from vc_core.voices.speaker_statistics import SpeakerStatistics, read_statistics

MODEL_FILE = "speaker.safetensors"
NETWORK = "generator."
CLIP_DEVIATIONS = 5.0
QUIET_DB, SILENT_DB = -35.0, -50.0
"""Relative to the mean level: from the first to the second the change fades out, lest background noise is amplified."""


@dataclass(frozen=True, eq=False)
class SpeakerModel:
    source: SpeakerStatistics
    target: SpeakerStatistics
    generator: Generator | None
    """None converts by the statistics alone."""

    def convert_features(self, features: WorldFeatures, log_level: float) -> WorldFeatures:
        """The target's envelopes at the source's level; `log_level` is that of the whole recording."""
        codes = encode_features(features).astype(np.float64)
        codes[:, 0] += self.source.level - log_level  # the first code is the level
        generated = self._generate(
            np.clip((codes - self.source.mean) / self.source.deviation, -CLIP_DEVIATIONS, CLIP_DEVIATIONS)
        )
        after = generated * self.target.deviation + self.target.mean
        after[:, 0] += self.source.level - self.target.level
        below_db = 10 / np.log(10) * (compute_log_power(codes) - self.source.level)
        changes = np.clip((below_db - SILENT_DB) / (QUIET_DB - SILENT_DB), 0.0, 1.0)[:, None]
        return apply_code_change(features, codes, codes + changes * (after - codes))

    def convert_recording(self, features: WorldFeatures, *, pitch: float) -> WorldFeatures:
        """A whole recording, with the mean of its log F0 moved to `pitch`."""
        log_hertz, voiced = interpolate_log_pitch(features.hertz)
        level = float(compute_log_power(encode_features(features)[find_audible_frames(features)]).mean())
        shift = np.exp(pitch - log_hertz[voiced].mean()) if voiced.any() else 1.0
        return replace(self.convert_features(features, level), hertz=features.hertz * shift)

    def _generate(self, normal: FloatArray) -> FloatArray:
        """Codes of shape (frames, dimensions), normalised by the source's statistics."""
        if self.generator is None:
            return normal
        with torch.inference_mode():
            codes = torch.from_numpy(np.ascontiguousarray(normal.T, np.float32))[None]
            missing = -codes.shape[2] % FRAMES_DIVIDE_BY
            generated = self.generator(torch.nn.functional.pad(codes, (0, missing), mode="replicate"))
        return np.asarray(generated[0, :, : codes.shape[2]].T.double().numpy())

    def without_network(self) -> "SpeakerModel":
        return replace(self, generator=None)

    def tensors(self) -> dict[str, Tensor]:
        statistics = self.source.tensors("source") | self.target.tensors("target")
        network = self.generator.state_dict() if self.generator else {}
        return {name: torch.from_numpy(values).float() for name, values in statistics.items()} | {
            NETWORK + name: value.detach().cpu().contiguous() for name, value in network.items()
        }


def load_speaker_model(path: Path) -> SpeakerModel:
    """From an untrusted file; on the CPU, where it is fast enough."""
    tensors = load_tensors(path)
    source, target = (read_statistics(tensors, name, source=path.name) for name in ("source", "target"))
    network = {name.removeprefix(NETWORK): value for name, value in tensors.items() if name.startswith(NETWORK)}
    first = network.get("body.first.weight", torch.zeros(0))
    if first.dim() != 4 or not len(first):
        raise UserError("“{file}” is no voice of CycleGAN: it has no network.", file=path.name)
    generator = Generator(CODE_DIMENSIONS, width=len(first) / (2 * FULL_WIDTH))
    load_weights(generator, {name: value.float() for name, value in network.items()}, source=path.name)
    return SpeakerModel(source, target, generator.eval().requires_grad_(False))
