"""CycleGAN-VC2: train voice conversion in both directions from non-parallel recordings of two speakers.

T. Kaneko et al., ICASSP 2019. Each direction has a generator, a discriminator of its output, and a second discriminator
of the cycle output (there and back), the two-step adversarial loss.
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
from vc_core.errors import Message, UserError
from vc_core.files.reading import read_audio
from vc_core.models.gan.cyclegan import Discriminator, Generator
from vc_core.progress import Progress, subprogress
from vc_core.signal.pitch import measure_pitch_range
from vc_core.signal.world import choose_world_sample_rate, estimate_world_pitch
from vc_core.signal.world_codes import CODE_DIMENSIONS
from vc_core.training.adversarial import (
    AdversarialOptimiser,
    MovingAverage,
    freeze,
    huber_loss,
    label_with_floors,
    least_squares_loss,
    move_to_cpu,
)
from vc_core.training.base import Clips, TrainedModel, Trainer
from vc_core.training.gan.envelopes import (
    compute_constant_floor,
    compute_frechet_distance,
    crop_randomly,
    extract_envelopes,
    normalise_envelopes,
    render_preview,
    split_held_out,
    trim_to_multiple,
)
from vc_core.training.gan.settings import CycleganSettings
from vc_core.voices.library import LONGEST_NAME
from vc_core.voices.speaker_model import MODEL_FILE, SpeakerModel
from vc_core.voices.speaker_statistics import SpeakerStatistics, compute_statistics

CYCLE_WEIGHT, IDENTITY_WEIGHT = 5.0, 2.5
"""Half of the published weights: with those the generators remain close to the identity for long."""
ADVERSARIAL_FLOOR = 1 / 4
"""The loss of a discriminator that always answers ½, and of a generator against it."""


@dataclass(frozen=True, eq=False)
class Speaker:
    name: str
    statistics: SpeakerStatistics
    training: Tensor
    """Normalised envelopes, Tensor of shape (dimensions, T)."""
    held_out: Tensor
    sample: Path
    sample_rate: int
    pitch_range_hz: tuple[float, float]


class CycleganTrainer(Trainer):
    def __init__(self, speakers: tuple[Speaker, Speaker], settings: CycleganSettings, device: str) -> None:
        self.speakers, self._settings, self._device = speakers, settings, torch.device(device)
        torch.manual_seed(settings.seed)
        self._random = torch.Generator().manual_seed(settings.seed)
        # Index 0 converts to the second speaker, or discriminates the second speaker's voice.
        self.generators = [Generator(CODE_DIMENSIONS, width=settings.width).to(self._device) for _ in range(2)]
        self.discriminators = [Discriminator(width=settings.width).to(self._device) for _ in range(2)]
        self.cycle_discriminators = [Discriminator(width=settings.width).to(self._device) for _ in range(2)]
        self._averages = [MovingAverage(generator, settings.average) for generator in self.generators]
        self._generator_optimiser = AdversarialOptimiser(self.generators, settings.rate, settings.steps)
        discriminators = [*self.discriminators, *self.cycle_discriminators]
        self._discriminator_optimiser = AdversarialOptimiser(discriminators, settings.judge_rate, settings.steps)
        floor = compute_constant_floor([speaker.training for speaker in speakers])
        adversarial = dict.fromkeys(("judge: real", "judge: came back", "real", "came back"), ADVERSARIAL_FLOOR)
        self.floors = adversarial | {"cycle": floor, "identity": floor}

    def step(self) -> dict[str, float]:
        drawn = [self._draw(speaker) for speaker in self.speakers]
        masks = [self._draw_mask(envelopes) for envelopes in drawn]
        with self._generator_optimiser.autocast():
            generated = [self.generators[at](drawn[at], masks[at]) for at in range(2)]
            cycled = [self.generators[1 - at](generated[at]) for at in range(2)]
            discriminator_terms = self._compute_discriminator_terms(
                drawn, [g.detach() for g in generated], [c.detach() for c in cycled]
            )
        self._discriminator_optimiser.step(torch.stack([*discriminator_terms.values()]).sum(), self.steps_done)
        with freeze(*self.discriminators, *self.cycle_discriminators):
            with self._generator_optimiser.autocast():
                terms = self._compute_generator_terms(drawn, generated, cycled)
            weights = {"real": 1.0, "came back": 1.0, "cycle": CYCLE_WEIGHT, "identity": IDENTITY_WEIGHT}
            loss = torch.stack([weights[name] * term for name, term in terms.items()]).sum()
            self._generator_optimiser.step(loss, self.steps_done)
        for average, generator in zip(self._averages, self.generators, strict=True):
            average.update(generator, self.steps_done)
        self.steps_done += 1
        # The mean over both directions, so that the floors are those of one direction.
        return label_with_floors({name: term / 2 for name, term in (discriminator_terms | terms).items()}, self.floors)

    def _compute_discriminator_terms(
        self, drawn: list[Tensor], generated: list[Tensor], cycled: list[Tensor]
    ) -> dict[str, Tensor]:
        converted_losses, cycle_losses = [], []
        for at in range(2):
            # Direction `at` generates the other speaker's voice, and its cycle output is its own speaker's.
            discriminator, second = self.discriminators[at], self.cycle_discriminators[at]
            converted_losses += [
                least_squares_loss(discriminator(drawn[1 - at]), 1.0),
                least_squares_loss(discriminator(generated[at]), 0.0),
            ]
            cycle_losses += [least_squares_loss(second(drawn[at]), 1.0), least_squares_loss(second(cycled[at]), 0.0)]
        return {
            "judge: real": torch.stack(converted_losses).sum() / 2,
            "judge: came back": torch.stack(cycle_losses).sum() / 2,
        }

    def _compute_generator_terms(
        self, drawn: list[Tensor], generated: list[Tensor], cycled: list[Tensor]
    ) -> dict[str, Tensor]:
        terms = {
            "real": sum(least_squares_loss(self.discriminators[at](generated[at]), 1.0) for at in range(2)),
            "came back": sum(least_squares_loss(self.cycle_discriminators[at](cycled[at]), 1.0) for at in range(2)),
            "cycle": sum(huber_loss(cycled[at], drawn[at]) for at in range(2)),
        }
        if self.steps_done < self._settings.identity_steps:
            terms["identity"] = sum(huber_loss(self.generators[at](drawn[1 - at]), drawn[1 - at]) for at in range(2))
        return {name: torch.as_tensor(term) for name, term in terms.items()}

    def _draw(self, speaker: Speaker) -> Tensor:
        """Tensor of shape (B, dimensions, T)."""
        settings = self._settings
        crops = [crop_randomly(speaker.training, settings.frames, self._random) for _ in range(settings.batch)]
        return torch.stack(crops).to(self._device)

    def _draw_mask(self, envelopes: Tensor) -> Tensor | None:
        """Draw a mask of shape (B, dimensions, T): 0 for one span of frames in each, else 1 (MaskCycleGAN)."""
        longest = min(self._settings.masked_frames, self._settings.frames)
        if not longest:
            return None
        mask = torch.ones_like(envelopes)
        for one in mask:
            frames = int(torch.randint(longest + 1, (), generator=self._random))
            start = int(torch.randint(self._settings.frames - frames + 1, (), generator=self._random))
            one[:, start : start + frames] = 0.0
        return mask

    def state_dict(self) -> dict[str, Any]:
        state = {
            "steps_done": self.steps_done,
            "generating": self._generator_optimiser.state_dict(),
            "judging": self._discriminator_optimiser.state_dict(),
            "averages": [average.state_dict() for average in self._averages],
            "random": self._random.get_state(),
        }
        return dict(move_to_cpu(state))

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.steps_done = state["steps_done"]
        self._generator_optimiser.load_state_dict(state["generating"])
        self._discriminator_optimiser.load_state_dict(state["judging"])
        for average, saved in zip(self._averages, state["averages"], strict=True):
            average.load_state_dict(saved)
        self._random.set_state(state["random"])

    @torch.inference_mode()
    def score_held_out(self) -> float:
        """Fréchet distance between converted and real held-out envelopes; the mean over both directions."""
        distances = []
        for at, average in enumerate(self._averages):
            converted = average.network(trim_to_multiple(self.speakers[at].held_out).to(self._device)[None])[0]
            distances.append(compute_frechet_distance(converted, self.speakers[1 - at].held_out))
        return sum(distances) / 2

    def render_samples(self) -> dict[str, Audio]:
        samples = {}
        for at in range(2):
            source, target = self.speakers[at], self.speakers[1 - at]
            convert = partial(self.build_model(at).convert_recording, pitch=target.statistics.pitch)
            samples[f"{source.name} as {target.name}"] = render_preview(source.sample, convert)
        return samples

    def export(self, folder: Path) -> TrainedModel:
        """Export the second speaker's voice, which converts from the first speaker."""
        return self.export_target(folder, 1)

    def export_second(self, folder: Path) -> TrainedModel:
        """Export the first speaker's voice, named after the speaker's folder."""
        return replace(self.export_target(folder, 0), name=self.speakers[0].name[:LONGEST_NAME])

    def export_target(self, folder: Path, speaker: int) -> TrainedModel:
        source, target = self.speakers[1 - speaker], self.speakers[speaker]
        (folder / MODEL_FILE).write_bytes(as_safetensors(self.build_model(1 - speaker).tensors()))
        return TrainedModel("cyclegan", target.sample_rate, target.pitch_range_hz, {"source": source.name})

    def build_model(self, direction: int) -> SpeakerModel:
        generator = Generator(CODE_DIMENSIONS, width=self._settings.width).requires_grad_(False)
        generator.load_state_dict(move_to_cpu(self._averages[direction].network.state_dict()))
        source, target = self.speakers[direction], self.speakers[1 - direction]
        return SpeakerModel(source.statistics, target.statistics, generator.eval())


def prepare_cyclegan(
    clips: Clips, settings: CycleganSettings, folder: Path, device: str, progress: Progress
) -> CycleganTrainer:
    if len(clips.folders) != 2:
        found = ", ".join(clips.folders) or Message("none")
        raise UserError(
            "CycleGAN learns from recordings of two people, in a folder each, and found: {found}.", found=found
        )
    first, second = (
        _prepare_speaker(name, list(paths), settings.frames, folder, subprogress(progress, at / 2, (at + 1) / 2))
        for at, (name, paths) in enumerate(clips.folders.items())
    )
    return CycleganTrainer((first, second), settings, device)


def _prepare_speaker(name: str, paths: list[Path], frames: int, folder: Path, progress: Progress) -> Speaker:
    training, held_out = split_held_out(extract_envelopes(paths, folder, progress))
    statistics = compute_statistics(training)
    first = read_audio(paths[0])
    return Speaker(
        name=name,
        statistics=statistics,
        training=normalise_envelopes(training, statistics.mean, statistics.deviation, frames),
        held_out=normalise_envelopes(held_out, statistics.mean, statistics.deviation, frames),
        sample=paths[-1],
        sample_rate=choose_world_sample_rate(first.sample_rate),
        pitch_range_hz=measure_pitch_range(estimate_world_pitch(first)),
    )
