"""RelGAN for emotional voice conversion, and the mean statistics of each emotion, from recordings by emotion."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as as_safetensors
from torch import Tensor

import vc_core.training.gan.relgan_losses as losses
from vc_core.audio import Audio
from vc_core.models.gan.relgan import Discriminator, Generator
from vc_core.progress import Progress
from vc_core.signal.world_codes import CODE_SAMPLE_RATE
from vc_core.training.adversarial import AdversarialOptimiser, MovingAverage, freeze, label_with_floors, move_to_cpu
from vc_core.training.base import Clips, TrainedModel, Trainer
from vc_core.training.gan.envelopes import (
    compute_constant_floor,
    compute_frechet_distance,
    crop_randomly,
    render_preview,
    trim_to_multiple,
)
from vc_core.training.gan.relgan_corpus import MIN_EMOTIONS, Corpus, prepare_corpus
from vc_core.training.gan.settings import RelganSettings
from vc_core.voices.emotion_model import (
    MODEL_FILE,
    NEUTRAL,
    EmotionModel,
    compute_mean_steps,
    compute_relative_attributes,
)


class RelganTrainer(Trainer):
    def __init__(self, corpus: Corpus, settings: RelganSettings, device: str) -> None:
        self._corpus, self._settings, self._device = corpus, settings, torch.device(device)
        self.emotions = tuple(corpus.statistics)
        torch.manual_seed(settings.seed)
        self._random = torch.Generator().manual_seed(settings.seed)
        count = len(self.emotions)
        steps = compute_mean_steps(corpus.statistics)
        self.generator = Generator(steps, width=settings.width).to(self._device)
        self.discriminator = Discriminator(count, width=settings.width).to(self._device)
        self._average = MovingAverage(self.generator, settings.average)
        self._generator_optimiser = AdversarialOptimiser([self.generator], settings.rate, settings.steps)
        self._discriminator_optimiser = AdversarialOptimiser([self.discriminator], settings.judge_rate, settings.steps)
        self._weights = losses.Weights(
            linear=settings.linear,
            mode_seeking=settings.mode_seeking,
            triangle=settings.triangle,
            backward=settings.backward,
        )
        everything = [envelopes for by_emotion in corpus.training.values() for envelopes in by_emotion.values()]
        names = ("cycle", "unchanged", "triangle", "backward")
        reconstruction_floors = dict.fromkeys(names, compute_constant_floor(everything))
        self.floors = losses.DISCRIMINATOR_FLOORS | losses.ADVERSARIAL_FLOORS | reconstruction_floors

    def step(self) -> dict[str, float]:
        batch = self.draw_batch()
        with self._generator_optimiser.autocast():
            generated = losses.generate(self.generator, batch)
            discriminator_terms = losses.compute_discriminator_terms(self.discriminator, batch, generated.detach())
        discriminator_loss = losses.weigh_discriminator_terms(discriminator_terms, self._weights)
        self._discriminator_optimiser.step(discriminator_loss, self.steps_done)
        with freeze(self.discriminator):
            with self._generator_optimiser.autocast():
                terms = losses.compute_adversarial_terms(self.discriminator, batch, generated)
                terms |= losses.compute_reconstruction_terms(self.generator, batch, generated, self._weights)
            self._generator_optimiser.step(losses.weigh_generator_terms(terms, self._weights), self.steps_done)
        self._average.update(self.generator, self.steps_done)
        self.steps_done += 1
        return label_with_floors(discriminator_terms | terms, self.floors)

    def draw_batch(self) -> losses.Batch:
        """Draw three emotions of the same speaker for each sample, so that discriminators learn nothing of identity."""
        triples, attributes = [], []
        speakers = list(self._corpus.training.values())
        for _ in range(self._settings.batch):
            by_emotion = speakers[int(torch.randint(len(speakers), (), generator=self._random))]
            names = list(by_emotion)
            order = torch.randperm(len(names), generator=self._random)[:MIN_EMOTIONS]
            chosen = [names[int(at)] for at in order]
            crops = [crop_randomly(by_emotion[name], self._settings.frames, self._random) for name in chosen]
            triples.append(torch.stack(crops))
            attributes.append(torch.stack([self._encode_one_hot(name) for name in chosen]))
        source, target, other = torch.stack(triples, dim=1).to(self._device)
        source_attribute, target_attribute, other_attribute = torch.stack(attributes, dim=1).to(self._device)
        fraction = torch.rand(self._settings.batch, generator=self._random).to(self._device)
        return losses.Batch(source, target, other, source_attribute, target_attribute, other_attribute, fraction)

    def _encode_one_hot(self, emotion: str) -> Tensor:
        return torch.eye(len(self.emotions))[self.emotions.index(emotion)]

    def state_dict(self) -> dict[str, Any]:
        state = {
            "steps_done": self.steps_done,
            "generating": self._generator_optimiser.state_dict(),
            "judging": self._discriminator_optimiser.state_dict(),
            "average": self._average.state_dict(),
            "random": self._random.get_state(),
        }
        return dict(move_to_cpu(state))

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.steps_done = state["steps_done"]
        self._generator_optimiser.load_state_dict(state["generating"])
        self._discriminator_optimiser.load_state_dict(state["judging"])
        self._average.load_state_dict(state["average"])
        self._random.set_state(state["random"])

    @torch.inference_mode()
    def score_held_out(self) -> float:
        """Fréchet distance between converted neutral and real emotional speech; the mean over the emotions."""
        distances = []
        for emotion in (name for name in self.emotions if name != NEUTRAL):
            attributes = compute_relative_attributes(self.emotions, NEUTRAL, emotion).to(self._device)[None]
            pairs = [one for one in self._corpus.held_out.values() if NEUTRAL in one and emotion in one]
            neutral = [trim_to_multiple(one[NEUTRAL]).to(self._device)[None] for one in pairs]
            converted = [self._average.network(envelopes, attributes)[0] for envelopes in neutral]
            real = [one[emotion] for one in pairs]
            distances.append(compute_frechet_distance(torch.cat(converted, dim=1), torch.cat(real, dim=1)))
        return sum(distances) / len(distances)

    def render_samples(self) -> dict[str, Audio]:
        model, recorded = self._build_model(), self._corpus.sample
        others = [name for name in self.emotions if name != NEUTRAL]
        return {
            name: render_preview(recorded, partial(model.convert_recording, source=NEUTRAL, target=name))
            for name in others
        }

    def export(self, folder: Path) -> TrainedModel:
        (folder / MODEL_FILE).write_bytes(as_safetensors(self._build_model().tensors()))
        return TrainedModel(
            "relgan", CODE_SAMPLE_RATE, settings={"emotions": list(self.emotions), "width": self._settings.width}
        )

    def _build_model(self) -> EmotionModel:
        generator = Generator(compute_mean_steps(self._corpus.statistics), width=self._settings.width)
        generator.load_state_dict(move_to_cpu(self._average.network.state_dict()))
        return EmotionModel(self._corpus.statistics, generator.requires_grad_(False).eval())


def prepare_relgan(
    clips: Clips, settings: RelganSettings, folder: Path, device: str, progress: Progress
) -> RelganTrainer:
    return RelganTrainer(prepare_corpus(clips, settings.frames, folder, progress), settings, device)
