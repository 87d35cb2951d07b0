"""Train a voice of the instant engine: its decoder, from the start that all voices share, in a minute on a CPU."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vc_core.audio import Audio, Samples
from vc_core.instant_weights import DECODER_FILE, load_decoder, write_decoder
from vc_core.models.ddsp import LOWEST_LOG, POINTS, POINTS_HZ, Decoder, hop_of
from vc_core.models.units import MOMENTS_PER_SECOND
from vc_core.pitch import find_pitch
from vc_core.progress import Progress, silent
from vc_core.training.base import Clips, Product, Trainer
from vc_core.training.instant_adversary import Adversary
from vc_core.training.instant_dataset import Dataset, load_dataset
from vc_core.training.instant_learning import Excerpts, distance, draw, learning_rate, sources_of, sung_by
from vc_core.training.instant_recordings import Prepared, pitch_range_of
from vc_core.training.instant_settings import InstantSettings
from vc_core.voice_print import SETTING, voice_print

LOUDNESS = 0.1
"""Effective value of the samples that are to be listened to."""
MELODY = (0, 2, 4, 7, 4, 0)
"""In semitones, sung to the held-out words."""
PRINT_SECONDS = 120.0
"""Of the recordings, for what conversions to this voice are compared with."""
NEARLY_ALL = 0.95
"""Of half the rate: recordings that reach so far have sound in the whole band."""
NOTE_SECONDS, VIBRATO_CENTS, VIBRATO_HZ = 0.6, 25.0, 5.5


class InstantTrainer(Trainer):
    def __init__(self, dataset: Dataset, settings: InstantSettings, decoder: Decoder) -> None:
        self._dataset, self.settings, self._decoder = dataset, settings, decoder.train()
        self.highest_hz = max(one.bandwidth_hz for one in dataset.training)
        if self.highest_hz < NEARLY_ALL * dataset.rate / 2:
            silence_above(decoder, self.highest_hz)
        self._generator = np.random.default_rng(settings.seed)
        self._optimizer = torch.optim.AdamW(
            decoder.parameters(), settings.learning_rate, betas=(0.8, 0.99), weight_decay=1e-4
        )
        self._adversary = Adversary(settings.seed) if settings.judged_steps else None

    def step(self) -> dict[str, float]:
        settings = self.settings
        self.steps_done += 1
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate(settings.learning_rate, self.steps_done, settings.steps)
        moments = round(settings.excerpt_seconds * MOMENTS_PER_SECOND)
        excerpts = draw([self._dataset.training], settings.excerpts, moments, self._generator)
        made = sung_by(self._decoder, excerpts)
        loss = spectral = distance(made, excerpts.sound, excerpts.bandwidth_hz, excerpts.rate)
        losses = {"distance": spectral.item()}
        if self._adversary and self.steps_done > settings.steps - settings.judged_steps:
            losses["judges"] = self._adversary.learn(made, excerpts.sound).item()
            judged = self._adversary.loss(made, excerpts.sound)
            losses["judged"] = judged.item()
            loss = spectral + judged
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._decoder.parameters(), 1.0)
        self._optimizer.step()
        return losses

    def state(self) -> dict[str, Any]:
        return {
            "steps_done": self.steps_done,
            "decoder": self._decoder.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "generator": self._generator.bit_generator.state,
            "adversary": self._adversary.state() if self._adversary else None,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.steps_done = state["steps_done"]
        self._decoder.load_state_dict(state["decoder"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._generator.bit_generator.state = state["generator"]
        if self._adversary and state["adversary"]:
            self._adversary.restore(state["adversary"])

    def score(self) -> float:
        """The spectral distance to the recording that was held out."""
        held = self._dataset.held_out
        made = self._sung(held)
        return float(distance(made, held.sound[None], torch.tensor([held.bandwidth_hz]), held.rate))

    def samples(self) -> dict[str, Audio]:
        held, home = self._dataset.held_out, pitch_range_of(self._dataset.training)
        sung = {"phrase": self._sung(held)}
        if home:
            sung["song"] = self._sung(on_melody(held, float(np.sqrt(home[0] * home[1]))))
        return {name: Audio(_at_loudness(sound), held.rate) for name, sound in sung.items()}

    def export(self, folder: Path) -> Product:
        training = self._dataset.training
        write_decoder(self._decoder, folder / DECODER_FILE)
        heard = Audio(torch.cat([one.sound for one in training])[None].numpy(), self._dataset.rate)
        heard = heard.between(0, round(PRINT_SECONDS * heard.sample_rate))
        known = voice_print([heard], find_pitch(heard))
        return Product("instant", self._dataset.rate, pitch_range_of(training), {SETTING: known} if known else {})

    def _sung(self, recording: Prepared) -> Tensor:
        """With the same noise each time."""
        frames = (recording.moments - 1) * hop_of(recording.rate)
        sources = sources_of(recording.hertz, frames, recording.rate, np.random.default_rng(0))
        whole = Excerpts(
            recording.units[:1],
            recording.hertz[None],
            recording.energy[:1],
            sources[None],
            torch.zeros(1, frames),
            torch.tensor([recording.bandwidth_hz]),
            torch.zeros(1, dtype=torch.long),
            recording.rate,
        )
        with torch.inference_mode():
            return sung_by(self._decoder, whole)


def silence_above(decoder: Decoder, highest_hz: float) -> None:
    """A voice is silent where its recordings have nothing, and learns nothing there.

    Not where they only end with their rate: a notch at the edge of the band would be heard as a colour.
    """
    empty = torch.from_numpy(POINTS_HZ).gt(highest_hz)
    with torch.no_grad():
        for part, value in ((decoder.last.weight, 0.0), (decoder.last.bias, LOWEST_LOG)):
            if part is not None:
                part.view(2, POINTS, *part.shape[1:])[:, empty] = value


def on_melody(recording: Prepared, middle_hz: float) -> Prepared:
    """The same words, sung on long notes around that pitch."""
    notes = np.repeat(MELODY, round(NOTE_SECONDS * MOMENTS_PER_SECOND)) - np.mean(MELODY)
    at = np.arange(len(notes)) / MOMENTS_PER_SECOND
    cents = 100 * notes + VIBRATO_CENTS * np.sin(2 * np.pi * VIBRATO_HZ * at)
    # Words begin with the first voiced moment, and are drawn out over the notes.
    first = int((recording.hertz > 0).int().argmax())
    places = first + np.arange(len(notes)) * 0.6
    places = np.minimum(places, recording.moments - 1).astype(int)
    voiced = recording.hertz.numpy()[places] > 0
    hertz = np.where(voiced, middle_hz * 2 ** (cents / 1200), 0.0).astype(np.float32)
    return Prepared(
        recording.units[:, places],
        torch.from_numpy(hertz),
        recording.energy[:, places],
        recording.sound[:0],
        recording.rate,
        recording.bandwidth_hz,
    )


def _at_loudness(sound: Tensor) -> Samples:
    strength = float(sound.square().mean().sqrt())
    samples: Samples = (sound * LOUDNESS / max(strength, 1e-6)).clamp(-1.0, 1.0).numpy()
    return samples


def prepare_instant(
    clips: Clips, settings: InstantSettings, folder: Path, device: str = "cpu", progress: Progress = silent
) -> InstantTrainer:
    """Always on the CPU: so small a network gains nothing from another device."""
    return InstantTrainer(load_dataset(clips.all, settings.seed, folder, progress=progress), settings, load_decoder())


def train_at_once(recordings: Sequence[Prepared], settings: InstantSettings, decoder: Decoder) -> InstantTrainer:
    """All steps in a row, of recordings that are prepared; the last one is held out."""
    trainer = InstantTrainer(Dataset(list(recordings[:-1]), recordings[-1], recordings[0].rate), settings, decoder)
    for _ in range(settings.steps):
        trainer.step()
    return trainer
