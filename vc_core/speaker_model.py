"""A trained change from one speaker to another: the averages of both, and a network for what averages don't say."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vc_core.errors import UserError
from vc_core.manners import Manner, manner_from
from vc_core.models.cyclegan import Generator
from vc_core.models.gated import FRAMES_DIVIDE_BY, FULL_WIDTH
from vc_core.weights import fill, load_tensors
from vc_core.world import Values, WorldFeatures, log_pitch
from vc_core.world_codes import DIMENSIONS, audible, code, log_levels, with_change

MODEL_FILE = "speaker.safetensors"
NETWORK = "generator."
FURTHEST = 5.0
QUIET_DB, SILENT_DB = -35.0, -50.0
"""Next to how loud a voice is on average: from one to the other ever less is changed, or its background would roar."""


@dataclass(frozen=True, eq=False)
class SpeakerModel:
    source: Manner
    target: Manner
    generator: Generator | None
    """None for the averages alone."""

    def changed(self, features: WorldFeatures, log_level: float) -> WorldFeatures:
        """The target's envelopes, as loud as the source's; `log_level` is that of the whole recording."""
        heard = code(features).astype(np.float64)
        heard[:, 0] += self.source.level - log_level  # the first code is the level
        made = self._generated(np.clip((heard - self.source.mean) / self.source.deviation, -FURTHEST, FURTHEST))
        after = made * self.target.deviation + self.target.mean
        after[:, 0] += self.source.level - self.target.level
        below_db = 10 / np.log(10) * (log_levels(heard) - self.source.level)
        changes = np.clip((below_db - SILENT_DB) / (QUIET_DB - SILENT_DB), 0.0, 1.0)[:, None]
        return with_change(features, heard, heard + changes * (after - heard))

    def spoken(self, features: WorldFeatures, *, pitch: float) -> WorldFeatures:
        """A whole recording, with the mean of its pitch moved too, to a logarithm of hertz."""
        heard, voiced = log_pitch(features.hertz)
        level = float(log_levels(code(features)[audible(features)]).mean())
        shift = np.exp(pitch - heard[voiced].mean()) if voiced.any() else 1.0
        return replace(self.changed(features, level), hertz=features.hertz * shift)

    def _generated(self, normal: Values) -> Values:
        if self.generator is None:
            return normal
        with torch.inference_mode():
            heard = torch.from_numpy(np.ascontiguousarray(normal.T, np.float32))[None]
            missing = -heard.shape[2] % FRAMES_DIVIDE_BY
            made = self.generator(torch.nn.functional.pad(heard, (0, missing), mode="replicate"))
        return np.asarray(made[0, :, : heard.shape[2]].T.double().numpy())

    def without_network(self) -> "SpeakerModel":
        return replace(self, generator=None)

    def tensors(self) -> dict[str, Tensor]:
        averages = self.source.tensors("source") | self.target.tensors("target")
        network = self.generator.state_dict() if self.generator else {}
        return {name: torch.from_numpy(values).float() for name, values in averages.items()} | {
            NETWORK + name: value.detach().cpu().contiguous() for name, value in network.items()
        }


def load_speaker_model(path: Path) -> SpeakerModel:
    """Of a file that nobody vouches for; on the CPU, where it is fast enough."""
    tensors = load_tensors(path)
    source, target = (manner_from(tensors, name, source=path.name) for name in ("source", "target"))
    network = {name.removeprefix(NETWORK): value for name, value in tensors.items() if name.startswith(NETWORK)}
    first = network.get("body.first.weight", torch.zeros(0))
    if first.dim() != 4 or not len(first):
        raise UserError(f"“{path.name}” is no voice of CycleGAN: it has no network.")
    generator = Generator(DIMENSIONS, width=len(first) / (2 * FULL_WIDTH))
    fill(generator, {name: value.float() for name, value in network.items()}, source=path.name)
    return SpeakerModel(source, target, generator.eval().requires_grad_(False))
