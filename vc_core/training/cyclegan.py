"""Train two voices at once from recordings of two people, who need not say the same: CycleGAN-VC2.

T. Kaneko et al., ICASSP 2019. Of each direction: a generator, a judge of what it makes, and a second judge of what has
gone there and come back, which the generators answer to as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as as_safetensors
from torch import Tensor

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.manners import Manner, manner_of
from vc_core.models.cyclegan import Discriminator, Generator
from vc_core.pitch import pitch_range
from vc_core.progress import Progress, part_of
from vc_core.reading import read_audio
from vc_core.speaker_model import MODEL_FILE, SpeakerModel
from vc_core.training.adversarial import Average, Learner, beside_floors, frozen, off, on_cpu, strayed
from vc_core.training.base import Clips, Product, Trainer
from vc_core.training.envelopes import (
    best_constant_distance,
    crop,
    frechet_distance,
    listen_to,
    normalised,
    preview,
    split,
    whole,
)
from vc_core.training.gan_settings import CycleganSettings
from vc_core.voices import LONGEST_NAME
from vc_core.world import find_world_pitch, world_rate
from vc_core.world_codes import DIMENSIONS

CYCLE, IDENTITY = 5.0, 2.5
"""Half of what is published, or a voice stays as it is for long."""
ADVERSARIAL_FLOOR = 1 / 4
"""Of a judge that always answers ½, and of a voice before it."""


@dataclass(frozen=True, eq=False)
class Speaker:
    name: str
    manner: Manner
    learned: Tensor
    """Normalised envelopes, shape (dimensions, frames)."""
    held_out: Tensor
    sample: Path
    sample_rate: int
    pitch_range_hz: tuple[float, float]


class CycleganTrainer(Trainer):
    def __init__(self, speakers: tuple[Speaker, Speaker], settings: CycleganSettings, device: str) -> None:
        self.speakers, self._settings, self._device = speakers, settings, torch.device(device)
        torch.manual_seed(settings.seed)
        self._random = torch.Generator().manual_seed(settings.seed)
        # The first of each two leads to the second speaker, or judges what is the second speaker's.
        self.generators = [Generator(DIMENSIONS, width=settings.width).to(self._device) for _ in range(2)]
        self.judges = [Discriminator(width=settings.width).to(self._device) for _ in range(2)]
        self.second_judges = [Discriminator(width=settings.width).to(self._device) for _ in range(2)]
        self._averages = [Average(generator, settings.average) for generator in self.generators]
        self._generating = Learner(self.generators, settings.rate, settings.steps)
        self._judging = Learner([*self.judges, *self.second_judges], settings.judge_rate, settings.steps)
        spread = best_constant_distance([one.learned for one in speakers])
        adversarial = dict.fromkeys(("judge: real", "judge: came back", "real", "came back"), ADVERSARIAL_FLOOR)
        self.floors = adversarial | {"cycle": spread, "identity": spread}

    def step(self) -> dict[str, float]:
        drawn = [self._draw(speaker) for speaker in self.speakers]
        masks = [self._mask(one) for one in drawn]
        made = [self.generators[at](drawn[at], masks[at]) for at in range(2)]
        returned = [self.generators[1 - at](made[at]) for at in range(2)]
        judged = self._judge_terms(drawn, [m.detach() for m in made], [r.detach() for r in returned])
        self._judging.learn(torch.stack([*judged.values()]).sum(), self.steps_done)
        with frozen(*self.judges, *self.second_judges):
            terms = self._generator_terms(drawn, made, returned)
            weights = {"real": 1.0, "came back": 1.0, "cycle": CYCLE, "identity": IDENTITY}
            loss = torch.stack([weights[name] * term for name, term in terms.items()]).sum()
            self._generating.learn(loss, self.steps_done)
        for average, generator in zip(self._averages, self.generators, strict=True):
            average.follow(generator, self.steps_done)
        self.steps_done += 1
        # Both directions together, as halves, so that a floor is that of one.
        return beside_floors({name: term / 2 for name, term in (judged | terms).items()}, self.floors)

    def _judge_terms(self, drawn: list[Tensor], made: list[Tensor], returned: list[Tensor]) -> dict[str, Tensor]:
        real, back = [], []
        for at in range(2):
            # Direction `at` makes the other speaker's voice, and comes back to its own.
            real += [off(self.judges[at](drawn[1 - at]), 1.0), off(self.judges[at](made[at]), 0.0)]
            judge = self.second_judges[at]
            back += [off(judge(drawn[at]), 1.0), off(judge(returned[at]), 0.0)]
        return {"judge: real": torch.stack(real).sum() / 2, "judge: came back": torch.stack(back).sum() / 2}

    def _generator_terms(self, drawn: list[Tensor], made: list[Tensor], returned: list[Tensor]) -> dict[str, Tensor]:
        terms = {
            "real": sum(off(self.judges[at](made[at]), 1.0) for at in range(2)),
            "came back": sum(off(self.second_judges[at](returned[at]), 1.0) for at in range(2)),
            "cycle": sum(strayed(returned[at], drawn[at]) for at in range(2)),
        }
        if self.steps_done < self._settings.identity_steps:
            terms["identity"] = sum(strayed(self.generators[at](drawn[1 - at]), drawn[1 - at]) for at in range(2))
        return {name: torch.as_tensor(term) for name, term in terms.items()}

    def _draw(self, speaker: Speaker) -> Tensor:
        crops = [crop(speaker.learned, self._settings.frames, self._random) for _ in range(self._settings.batch)]
        return torch.stack(crops).to(self._device)

    def _mask(self, envelopes: Tensor) -> Tensor | None:
        """One stretch of each is hidden; a mask of ones where nothing is."""
        longest = min(self._settings.masked_frames, self._settings.frames)
        if not longest:
            return None
        mask = torch.ones_like(envelopes)
        for one in mask:
            frames = int(torch.randint(longest + 1, (), generator=self._random))
            start = int(torch.randint(self._settings.frames - frames + 1, (), generator=self._random))
            one[:, start : start + frames] = 0.0
        return mask

    def state(self) -> dict[str, Any]:
        state = {
            "steps_done": self.steps_done,
            "generating": self._generating.state(),
            "judging": self._judging.state(),
            "averages": [average.state() for average in self._averages],
            "random": self._random.get_state(),
        }
        return dict(on_cpu(state))

    def restore(self, state: Mapping[str, Any]) -> None:
        self.steps_done = state["steps_done"]
        self._generating.restore(state["generating"])
        self._judging.restore(state["judging"])
        for average, kept in zip(self._averages, state["averages"], strict=True):
            average.restore(kept)
        self._random.set_state(state["random"])

    @torch.inference_mode()
    def score(self) -> float:
        """How unlike each speaker's real speech is what is made for him or her; the mean over both."""
        found = []
        for at, average in enumerate(self._averages):
            made = average.network(whole(self.speakers[at].held_out).to(self._device)[None])[0]
            found.append(frechet_distance(made, self.speakers[1 - at].held_out))
        return sum(found) / 2

    def samples(self) -> dict[str, Audio]:
        found = {}
        for at in range(2):
            source, target = self.speakers[at], self.speakers[1 - at]
            name = f"{source.name} as {target.name}"
            found[name] = preview(source.sample, partial(self.model(at).spoken, pitch=target.manner.pitch))
        return found

    def export(self, folder: Path) -> Product:
        """The second speaker's voice, for what the first one sings."""
        return self.export_toward(folder, 1)

    def export_second(self, folder: Path) -> Product:
        """The first speaker's, called after his or her folder."""
        return replace(self.export_toward(folder, 0), name=self.speakers[0].name[:LONGEST_NAME])

    def export_toward(self, folder: Path, speaker: int) -> Product:
        source, target = self.speakers[1 - speaker], self.speakers[speaker]
        (folder / MODEL_FILE).write_bytes(as_safetensors(self.model(1 - speaker).tensors()))
        return Product("cyclegan", target.sample_rate, target.pitch_range_hz, {"source": source.name})

    def model(self, direction: int) -> SpeakerModel:
        generator = Generator(DIMENSIONS, width=self._settings.width).requires_grad_(False)
        generator.load_state_dict(on_cpu(self._averages[direction].network.state_dict()))
        source, target = self.speakers[direction], self.speakers[1 - direction]
        return SpeakerModel(source.manner, target.manner, generator.eval())


def prepare_cyclegan(
    clips: Clips, settings: CycleganSettings, folder: Path, device: str, progress: Progress
) -> CycleganTrainer:
    if len(clips.folders) != 2:
        found = ", ".join(clips.folders) or "none"
        raise UserError(f"CycleGAN learns from recordings of two people, in a folder each, and found: {found}.")
    first, second = (
        _prepare(name, list(paths), settings.frames, folder, part_of(progress, at / 2, (at + 1) / 2))
        for at, (name, paths) in enumerate(clips.folders.items())
    )
    return CycleganTrainer((first, second), settings, device)


def _prepare(name: str, paths: list[Path], frames: int, folder: Path, progress: Progress) -> Speaker:
    learned, held_out = split(listen_to(paths, folder, progress))
    manner = manner_of(learned)
    first = read_audio(paths[0])
    return Speaker(
        name,
        manner,
        normalised(learned, manner.mean, manner.deviation, frames),
        normalised(held_out, manner.mean, manner.deviation, frames),
        paths[-1],
        world_rate(first.sample_rate),
        pitch_range(find_world_pitch(first)),
    )
