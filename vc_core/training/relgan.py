"""Train a model of emotions from recordings by emotion: how each sounds on average, and RelGAN for the rest."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as as_safetensors
from torch import Tensor

import vc_core.training.relgan_losses as losses
from vc_core.audio import Audio
from vc_core.emotion_model import MODEL_FILE, NEUTRAL, EmotionModel, mean_steps, way_between
from vc_core.models.relgan import Discriminator, Generator
from vc_core.progress import Progress
from vc_core.training.adversarial import Average, Learner, beside_floors, frozen, on_cpu
from vc_core.training.base import Clips, Product, Trainer
from vc_core.training.envelopes import best_constant_distance, crop, frechet_distance, preview, whole
from vc_core.training.gan_settings import RelganSettings
from vc_core.training.relgan_corpus import FEWEST_EMOTIONS, Corpus, prepare_corpus
from vc_core.world_codes import RATE


class RelganTrainer(Trainer):
    def __init__(self, corpus: Corpus, settings: RelganSettings, device: str) -> None:
        self._corpus, self._settings, self._device = corpus, settings, torch.device(device)
        self.emotions = tuple(corpus.manners)
        torch.manual_seed(settings.seed)
        self._random = torch.Generator().manual_seed(settings.seed)
        count = len(self.emotions)
        steps = mean_steps(corpus.manners)
        self.generator = Generator(steps, width=settings.width).to(self._device)
        self.judge = Discriminator(count, width=settings.width).to(self._device)
        self._average = Average(self.generator, settings.average)
        self._generating = Learner([self.generator], settings.rate, settings.steps)
        self._judging = Learner([self.judge], settings.judge_rate, settings.steps)
        self._weights = losses.Weights(
            linear=settings.linear,
            mode_seeking=settings.mode_seeking,
            triangle=settings.triangle,
            backward=settings.backward,
        )
        everything = [one for moods in corpus.learned.values() for one in moods.values()]
        kept = dict.fromkeys(("cycle", "unchanged", "triangle", "backward"), best_constant_distance(everything))
        self.floors = losses.JUDGE_FLOORS | losses.FOOLING_FLOORS | kept

    def step(self) -> dict[str, float]:
        batch = self.draw()
        made = losses.make(self.generator, batch)
        judged = losses.judge_terms(self.judge, batch, made.detached())
        self._judging.learn(losses.judge_loss(judged, self._weights), self.steps_done)
        with frozen(self.judge):
            terms = losses.fooling_terms(self.judge, batch, made)
            terms |= losses.keeping_terms(self.generator, batch, made, self._weights)
            self._generating.learn(losses.generator_loss(terms, self._weights), self.steps_done)
        self._average.follow(self.generator, self.steps_done)
        self.steps_done += 1
        return beside_floors(judged | terms, self.floors)

    def draw(self) -> losses.Batch:
        """Three emotions of one speaker for each sample: who speaks should tell a judge nothing."""
        triples, which = [], []
        speakers = list(self._corpus.learned.values())
        for _ in range(self._settings.batch):
            moods = speakers[int(torch.randint(len(speakers), (), generator=self._random))]
            names = list(moods)
            order = torch.randperm(len(names), generator=self._random)[:FEWEST_EMOTIONS]
            chosen = [names[int(at)] for at in order]
            triples.append(torch.stack([crop(moods[n], self._settings.frames, self._random) for n in chosen]))
            which.append(torch.stack([self._one_hot(name) for name in chosen]))
        x, y, z = torch.stack(triples, dim=1).to(self._device)
        a, b, c = torch.stack(which, dim=1).to(self._device)
        part = torch.rand(self._settings.batch, generator=self._random).to(self._device)
        return losses.Batch(x, y, z, a, b, c, part)

    def _one_hot(self, emotion: str) -> Tensor:
        return torch.eye(len(self.emotions))[self.emotions.index(emotion)]

    def state(self) -> dict[str, Any]:
        state = {
            "steps_done": self.steps_done,
            "generating": self._generating.state(),
            "judging": self._judging.state(),
            "average": self._average.state(),
            "random": self._random.get_state(),
        }
        return dict(on_cpu(state))

    def restore(self, state: Mapping[str, Any]) -> None:
        self.steps_done = state["steps_done"]
        self._generating.restore(state["generating"])
        self._judging.restore(state["judging"])
        self._average.restore(state["average"])
        self._random.set_state(state["random"])

    @torch.inference_mode()
    def score(self) -> float:
        """How unlike real speech of an emotion is what is made for it from neutral; the mean over emotions."""
        found = []
        for emotion in (name for name in self.emotions if name != NEUTRAL):
            way = way_between(self.emotions, NEUTRAL, emotion).to(self._device)
            pairs = [m for m in self._corpus.held_out.values() if NEUTRAL in m and emotion in m]
            made = [self._average.network(whole(m[NEUTRAL]).to(self._device)[None], way[None])[0] for m in pairs]
            real = [m[emotion] for m in pairs]
            found.append(frechet_distance(torch.cat(made, dim=1), torch.cat(real, dim=1)))
        return sum(found) / len(found)

    def samples(self) -> dict[str, Audio]:
        model, recorded = self._model(), self._corpus.sample
        others = [name for name in self.emotions if name != NEUTRAL]
        return {name: preview(recorded, partial(model.spoken, source=NEUTRAL, target=name)) for name in others}

    def export(self, folder: Path) -> Product:
        (folder / MODEL_FILE).write_bytes(as_safetensors(self._model().tensors()))
        return Product("relgan", RATE, settings={"emotions": list(self.emotions), "width": self._settings.width})

    def _model(self) -> EmotionModel:
        generator = Generator(mean_steps(self._corpus.manners), width=self._settings.width).requires_grad_(False)
        generator.load_state_dict(on_cpu(self._average.network.state_dict()))
        return EmotionModel(self._corpus.manners, generator.eval())


def prepare_relgan(
    clips: Clips, settings: RelganSettings, folder: Path, device: str, progress: Progress
) -> RelganTrainer:
    return RelganTrainer(prepare_corpus(clips, settings.frames, folder, progress), settings, device)
