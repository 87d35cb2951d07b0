"""Trainer of instant voices: fine-tunes the pretrained decoder on one voice, in a minute on a CPU."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vc_core.audio import Audio, Samples
from vc_core.models.content_encoder import FRAMES_PER_SECOND
from vc_core.models.ddsp import CURVE_POINTS, CURVE_POINTS_HZ, LOWEST_LOG_GAIN, Decoder
from vc_core.progress import Progress, silent
from vc_core.signal.pitch import estimate_pitch
from vc_core.training.base import Clips, TrainedModel, Trainer
from vc_core.training.instant.dataset import Dataset, load_dataset
from vc_core.training.instant.discriminator import DiscriminatorTrainer
from vc_core.training.instant.features import measure_range_hz
from vc_core.training.instant.interpolation import interpolate
from vc_core.training.instant.losses import (
    compute_spectral_loss,
    draw_excerpts,
    schedule_learning_rate,
    synthesise_excerpts,
)
from vc_core.training.instant.settings import InstantSettings
from vc_core.training.instant.starts import embed_recordings, load_start
from vc_core.voices.instant_weights import DECODER_FILE, refuse_outdated, write_weights
from vc_core.voices.prepared_recording import PreparedRecording, resynthesise
from vc_core.voices.similarity import EMBEDDING_SETTING, compute_speaker_embedding
from vc_core.voices.spectral_match import match_spectrum

SAMPLE_RMS = 0.1
"""Level of the rendered samples."""
MELODY = (0, 2, 4, 7, 4, 0)
"""In semitones around the voice's middle pitch."""
EMBEDDING_SECONDS = 120.0
"""Of the recordings, for the speaker embedding on the voice's card."""
FULL_BANDWIDTH = 0.95
"""Recordings with signal up to this share of the Nyquist frequency count as full-band."""
NOTE_SECONDS, VIBRATO_CENTS, VIBRATO_HZ = 0.6, 25.0, 5.5


class InstantTrainer(Trainer):
    def __init__(self, dataset: Dataset, settings: InstantSettings, decoder: Decoder) -> None:
        self._dataset, self.settings, self._decoder = dataset, settings, decoder.train()
        self.highest_hz = max(one.bandwidth_hz for one in dataset.training)
        if self.highest_hz < FULL_BANDWIDTH * dataset.sample_rate / 2:
            silence_above(decoder, self.highest_hz)
        self._start = deepcopy(decoder)
        self._generator = np.random.default_rng(settings.seed)
        self._optimizer = torch.optim.AdamW(
            decoder.parameters(), settings.learning_rate, betas=(0.8, 0.99), weight_decay=1e-4
        )
        self._discriminator = DiscriminatorTrainer(settings.seed) if settings.judged_steps else None

    def step(self) -> dict[str, float]:
        settings = self.settings
        self.steps_done += 1
        for group in self._optimizer.param_groups:
            group["lr"] = schedule_learning_rate(settings.learning_rate, self.steps_done, settings.steps)
        frames = round(settings.excerpt_seconds * FRAMES_PER_SECOND)
        excerpts = draw_excerpts([self._dataset.training], settings.excerpts, frames, self._generator)
        generated = synthesise_excerpts(self._decoder, excerpts)
        loss = spectral = compute_spectral_loss(generated, excerpts.sound, excerpts.bandwidth_hz, excerpts.sample_rate)
        losses = {"distance": spectral.item()}
        if self._discriminator and self.steps_done > settings.steps - settings.judged_steps:
            losses["judges"] = self._discriminator.step(generated, excerpts.sound).item()
            adversarial = self._discriminator.compute_loss(generated, excerpts.sound)
            losses["judged"] = adversarial.item()
            loss = spectral + adversarial
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._decoder.parameters(), 1.0)
        self._optimizer.step()
        return losses

    def state_dict(self) -> dict[str, Any]:
        return {
            "steps_done": self.steps_done,
            "decoder": self._decoder.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "generator": self._generator.bit_generator.state,
            "adversary": self._discriminator.state_dict() if self._discriminator else None,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        refuse_outdated(state["decoder"])
        self.steps_done = state["steps_done"]
        self._decoder.load_state_dict(state["decoder"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._generator.bit_generator.state = state["generator"]
        if self._discriminator and state["adversary"]:
            self._discriminator.load_state_dict(state["adversary"])

    def score_held_out(self) -> float:
        """Spectral loss of the held-out recording."""
        held_out = self._dataset.held_out
        generated, bandwidth_hz = self._resynthesise(held_out), torch.tensor([held_out.bandwidth_hz])
        return float(compute_spectral_loss(generated, held_out.sound[None], bandwidth_hz, held_out.sample_rate))

    def render_samples(self) -> dict[str, Audio]:
        held_out, pitch_range = self._dataset.held_out, measure_range_hz(self._dataset.training)
        sounds = {"phrase": self._resynthesise(held_out)}
        if pitch_range:
            middle_hz = float(np.sqrt(pitch_range[0] * pitch_range[1]))
            sounds["song"] = self._resynthesise(apply_melody(held_out, middle_hz))
        return {name: Audio(_normalise_rms(sound), held_out.sample_rate) for name, sound in sounds.items()}

    def export(self, folder: Path) -> TrainedModel:
        training, sample_rate = self._dataset.training, self._dataset.sample_rate
        write_weights(self._voice(), folder / DECODER_FILE)
        audio = Audio(torch.cat([one.sound for one in training])[None].numpy(), sample_rate)
        audio = audio.slice(0, round(EMBEDDING_SECONDS * sample_rate))
        embedding = compute_speaker_embedding([audio], estimate_pitch(audio))
        settings = {EMBEDDING_SETTING: embedding} if embedding else {}
        return TrainedModel("instant", sample_rate, measure_range_hz(training), settings)

    def _resynthesise(self, recording: PreparedRecording) -> Tensor:
        """Tensor of shape (1, samples)."""
        return resynthesise(self._voice(), recording)[None]

    def _voice(self) -> Decoder:
        return interpolate(self._start, self._decoder, self.settings.start_share, self._dataset.training)


def silence_above(decoder: Decoder, highest_hz: float) -> None:
    """Set the filters to silence above the recordings' bandwidth, where nothing is learned.

    Full-band recordings need none of this: a notch at the Nyquist frequency would be audible.
    """
    empty = torch.from_numpy(CURVE_POINTS_HZ).gt(highest_hz)
    with torch.no_grad():
        for part, value in ((decoder.last.weight, 0.0), (decoder.last_bias, LOWEST_LOG_GAIN)):
            part.view(2, CURVE_POINTS, *part.shape[1:])[:, empty] = value


def apply_melody(recording: PreparedRecording, middle_hz: float) -> PreparedRecording:
    """Stretch a recording's content over long notes of a melody around that pitch."""
    notes = np.repeat(MELODY, round(NOTE_SECONDS * FRAMES_PER_SECOND)) - np.mean(MELODY)
    at = np.arange(len(notes)) / FRAMES_PER_SECOND
    cents = 100 * notes + VIBRATO_CENTS * np.sin(2 * np.pi * VIBRATO_HZ * at)
    # Start at the first voiced frame.
    first = int((recording.hertz > 0).int().argmax())
    positions = first + np.arange(len(notes)) * 0.6
    positions = np.minimum(positions, recording.frames - 1).astype(int)
    voiced = recording.hertz.numpy()[positions] > 0
    hertz = np.where(voiced, middle_hz * 2 ** (cents / 1200), 0.0).astype(np.float32)
    return replace(
        recording,
        units=recording.units[:, positions],
        hertz=torch.from_numpy(hertz),
        energy=recording.energy[:, positions],
        sound=recording.sound[:0],
    )


def _normalise_rms(sound: Tensor) -> Samples:
    rms = float(sound.square().mean().sqrt())
    samples: Samples = (sound * SAMPLE_RMS / max(rms, 1e-6)).clamp(-1.0, 1.0).numpy()
    return samples


def prepare_instant(
    clips: Clips, settings: InstantSettings, folder: Path, device: str = "cpu", progress: Progress = silent
) -> InstantTrainer:
    """Always on the CPU: a network this small gains nothing from a GPU."""
    dataset = load_dataset(clips.all, settings.seed, folder, progress=progress)
    return InstantTrainer(dataset, settings, begin_decoder(dataset, settings.start))


def begin_decoder(dataset: Dataset, start: str = "plain") -> Decoder:
    """A start with the embedding and the spectrum of the speaker, which sounds like them before any training."""
    decoder = load_start(start)
    decoder.code.data = embed_recordings(dataset.training)
    match_spectrum(decoder, dataset.training)
    return decoder
