"""Train the base decoder and the speaker encoder on many voices, so that ten seconds of a voice are enough.

    python -m starters.instant.train_decoder CORPUS STARTER_RECORDINGS FOLDER [MINUTES]

Each excerpt is made again from its content units, its pitch and another recording of its speaker. Resampling makes new
speakers of the known ones. FOLDER gets the weights and the state; a run that was cut off goes on.
"""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from starters.instant.degrade import Wave, degrade
from starters.instant.train_encoder import LIVE_LOOK_AHEADS
from starters.separator.effects import Generator, log_uniform
from starters.speech.speech_pool import SAMPLE_RATE, Recording, SpeechPool, read_pool
from vc_core.device import autocast_bfloat16
from vc_core.models import content_encoder
from vc_core.models.content_encoder import FRAMES_PER_SECOND, LOOK_AHEAD, ContentEncoder
from vc_core.models.ddsp import Decoder, compute_hop
from vc_core.models.speaker_encoder import SpeakerEncoder
from vc_core.training.instant.losses import Excerpts, compute_spectral_loss, synthesise_excerpts
from vc_core.voices.instant_weights import load_content_encoder, write_weights
from vc_core.voices.prepared_recording import make_excitation

FRAMES, CONTEXT_FRAMES = 150, 50
"""Of an excerpt, and on both of its sides for the content encoder alone."""
REFERENCE_SECONDS = (2.5, 6.0)
PLAIN_SHARE = 0.2
"""Of the excerpts, whose units are those of the clean recording."""
RESAMPLED_SHARE = 0.5
LIVE_SHARE = 0.25
"""Of the excerpts, whose units were computed with the short look-ahead of live conversion."""
STARTERS_SHARE = 0.3
HOP = compute_hop(SAMPLE_RATE)
REPORT_EVERY = 50
METADATA = {"origin": "Trained by starters/instant on speech of Kokoro-82M (Apache-2.0).", "licence": "MIT"}


@dataclass(frozen=True)
class TrainingPlan:
    minutes: float = 64.0
    excerpts: int = 8
    learning_rate: float = 1.5e-3
    seed: int = 1


@dataclass(frozen=True)
class Example:
    """An excerpt with its reference; as in `Excerpts`, and a log mel of (frames, mels)."""

    units: Tensor
    hertz: Tensor
    energy: Tensor
    sources: Tensor
    sound: Tensor
    reference: Tensor


class Examples(IterableDataset[tuple[Excerpts, Tensor]]):
    """Endless batches of excerpts with the log mel of their references, (batch, frames, mels)."""

    def __init__(self, pools: tuple[SpeechPool, SpeechPool], encoder: ContentEncoder, plan: TrainingPlan) -> None:
        self._pools, self._encoder, self._plan = pools, encoder, plan

    def __iter__(self) -> Iterator[tuple[Excerpts, Tensor]]:
        torch.set_num_threads(1)
        generator = np.random.default_rng([self._plan.seed, int(time.time())])
        while True:
            frames = round(generator.uniform(*REFERENCE_SECONDS) * FRAMES_PER_SECOND)
            rows = [self._draw(generator, frames) for _ in range(self._plan.excerpts)]
            parts = [torch.stack([getattr(row, name) for row in rows]) for name in Example.__dataclass_fields__]
            units, hertz, energy, sources, sound, reference = parts
            limits = torch.full((len(rows),), 0.98 * SAMPLE_RATE / 2)
            speakers = torch.zeros(len(rows), dtype=torch.long)
            yield Excerpts(units, hertz, energy, sources, sound, limits, speakers, SAMPLE_RATE), reference

    def _draw(self, generator: Generator, reference_frames: int) -> Example:
        pool = self._pools[int(generator.random() < STARTERS_SHARE)]
        recording, other = pool.choose(generator)
        ratio = log_uniform(generator, 0.84, 1.19) if generator.random() < RESAMPLED_SHARE else 1.0
        return make_example(
            recording, cut_reference(other, ratio, reference_frames, generator), ratio, (self._encoder, generator)
        )


def make_example(
    recording: Recording, reference: Tensor, ratio: float, tools: tuple[ContentEncoder, Generator]
) -> Example:
    """`ratio` scales pitch, formants and tempo."""
    encoder, generator = tools
    frames = FRAMES + 2 * CONTEXT_FRAMES
    taken = round(frames * ratio)
    start = int(generator.integers(0, max(1, len(recording.hertz) - taken)))
    samples = recording.samples[start * HOP : (start + taken) * HOP].astype(np.float32) / 32768
    sound = resample(samples, SAMPLE_RATE * ratio, SAMPLE_RATE)
    sound = np.pad(sound[: frames * HOP], (0, max(0, frames * HOP - len(sound))))
    at = np.clip(np.round(start + np.arange(frames + 1) * ratio).astype(int), 0, len(recording.hertz) - 1)
    hertz = torch.from_numpy(recording.hertz[at] * np.float32(ratio))
    low = resample(sound, SAMPLE_RATE, content_encoder.SAMPLE_RATE)
    wave = torch.from_numpy(low)[None]
    levels = content_encoder.compute_slow_levels(content_encoder.compute_frame_power(wave))
    normalised = wave / content_encoder.interpolate_to_samples(levels, wave.shape[1])
    if generator.random() < PLAIN_SHARE:
        log_mel = content_encoder.compute_log_mel(content_encoder.compute_power_spectrum(normalised))[0]
    else:
        log_mel = degrade(low, (), generator, changes_speed=False).log_mel
    look_ahead = LOOK_AHEAD
    if generator.random() < LIVE_SHARE:
        look_ahead = LIVE_LOOK_AHEADS[generator.integers(len(LIVE_LOOK_AHEADS))]
    with torch.inference_mode():
        units = encoder(log_mel[None], look_ahead)[0]
    energy = content_encoder.compute_log_energy(normalised)[0]
    target = torch.from_numpy(sound) / content_encoder.interpolate_to_samples(levels, len(sound), HOP)[0]
    span = slice(CONTEXT_FRAMES, CONTEXT_FRAMES + FRAMES + 1)
    inside = slice(CONTEXT_FRAMES * HOP, (CONTEXT_FRAMES + FRAMES) * HOP)
    sources = make_excitation(hertz[span], FRAMES * HOP, SAMPLE_RATE, generator)
    return Example(units[span].clone(), hertz[span], energy[span], sources, target[inside], reference)


def resample(samples: npt.NDArray[np.float32], old: float, new: float) -> Wave:
    return samples if old == new else np.asarray(soxr.resample(samples, old, new, quality="MQ"), np.float32)


def cut_reference(recording: Recording, ratio: float, frames: int, generator: Generator) -> Tensor:
    """Log mel of (frames, mels) of some part of the recording, by another microphone."""
    taken = round(frames * ratio * HOP) + HOP
    start = int(generator.integers(0, max(1, len(recording.samples) - taken)))
    samples = recording.samples[start : start + taken].astype(np.float32) / 32768
    # A shorter recording is repeated.
    low = resample(np.resize(samples, taken), SAMPLE_RATE * ratio, content_encoder.SAMPLE_RATE)
    if generator.random() < 0.5:
        return degrade(low, (), generator, changes_speed=False, changes_throat=False).log_mel[:frames]
    normalised = content_encoder.normalise_level(torch.from_numpy(low)[None])
    return content_encoder.compute_log_mel(content_encoder.compute_power_spectrum(normalised))[0, :frames]


def train(pools: tuple[SpeechPool, SpeechPool], plan: TrainingPlan, folder: Path) -> None:
    decoder, speaker_encoder = Decoder(), SpeakerEncoder()
    networks = nn.ModuleDict({"decoder": decoder, "speaker_encoder": speaker_encoder}).train()
    optimizer = torch.optim.AdamW(networks.parameters(), plan.learning_rate, betas=(0.8, 0.99), weight_decay=1e-4)
    state, step, spent = folder / "state.pt", 0, 0.0
    if state.exists():
        stored = torch.load(state, weights_only=True)
        networks.load_state_dict(stored["networks"])
        optimizer.load_state_dict(stored["optimizer"])
        step, spent = stored["step"], stored["spent"]
    batches = iter(DataLoader(Examples(pools, load_content_encoder(), plan), None, num_workers=1, prefetch_factor=4))
    began, losses = time.monotonic(), []
    while spent < 60 * plan.minutes:
        step, now = step + 1, time.monotonic()
        spent, began = spent + now - began, now
        left = max(0.0, 1 - spent / 60 / plan.minutes)
        for group in optimizer.param_groups:
            group["lr"] = float(plan.learning_rate * min(step / 100, 1.0) * left**0.7 + 1e-6)
        excerpts, reference = next(batches)
        with autocast_bfloat16("cpu"):
            codes = speaker_encoder(reference)
        generated = synthesise_excerpts(decoder, excerpts, codes.float())
        loss = compute_spectral_loss(generated, excerpts.sound, excerpts.bandwidth_hz, excerpts.sample_rate)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(networks.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        if step % REPORT_EVERY == 0:
            print(step, f"{spent:.0f} s", f"{np.mean(losses):.4f}", flush=True)
            losses.clear()
            save(networks, folder)
            kept = {
                "networks": networks.state_dict(),
                "optimizer": optimizer.state_dict(),
                "step": step,
                "spent": spent,
            }
            torch.save(kept, state.with_suffix(".part"))
            state.with_suffix(".part").replace(state)
    save(networks, folder)


def save(networks: nn.ModuleDict, folder: Path) -> None:
    for network, name in zip(networks.values(), ("start", "speakers"), strict=True):
        write_weights(network, folder / f"{name}.safetensors", METADATA)


def read_pools(corpus: Path, starters: Path) -> tuple[SpeechPool, SpeechPool]:
    folders = sorted(path for path in starters.iterdir() if path.is_dir())
    own = [recording for folder in folders for recording in read_pool(folder, folder.name)]
    return SpeechPool(read_pool(corpus)), SpeechPool(own)


def main(corpus: Path, starters: Path, folder: Path, minutes: float = TrainingPlan.minutes) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(1)
    folder.mkdir(parents=True, exist_ok=True)
    train(read_pools(corpus, starters), TrainingPlan(minutes), folder)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]), *map(float, sys.argv[4:]))
