"""Train the content encoder: three of Whisper's layers learn to hear locally, and to say the same of damaged speech.

    python -m starters.instant.train_encoder SHARDS WEIGHTS [MINUTES]

The units must predict the teacher's features of the clean speech (distillation) and the phones that were said (CTC).
Every REPORT_EVERY steps the state is stored beside WEIGHTS, and a run that was cut off goes on from it.
"""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

from starters.instant.degrade import Wave, degrade
from starters.instant.teacher import SAMPLE_RATE, Heard, read_shard
from starters.instant.whisper import WhisperEncoder, compute_whisper_log_mel, load_whisper_encoder
from vc_core.conversion.live import LOOK_AHEADS
from vc_core.device import autocast_bfloat16
from vc_core.models import content_encoder
from vc_core.models.content_encoder import CONTENT_UNITS, LAYERS, WIDTH, ContentEncoder
from vc_core.voices.instant_weights import write_weights

PHONES = "AIOQWYabcdefhijklmnopqrstuvwxyzæçðøŋœɐɑɒɔɕɖəɛɜɟɡɣɪɯɲɹɽɾʁʃʈʊʋʌʎʒʣʤʥʦʧʨʰʲ\u0303βθᵊᵝᵻ"
"""Kokoro's symbols without stress, length and punctuation."""
NUMBERS = {symbol: at + 1 for at, symbol in enumerate(PHONES)}
SHORTEST, LONGEST = 1.2, 8.0
REPORT_EVERY = 50
NEW_LAYERS_FACTOR = 4
"""Of the learning rate, for layers that don't come from Whisper."""
LIVE_LOOK_AHEADS = tuple(reversed(LOOK_AHEADS.values()))
"""Frames of 20 ms, layer by layer, for live conversion: 72, 52 and 32 ms with the spectrum and the convolutions."""
METADATA = {
    "origin": "Begun with three layers of Whisper tiny.en's encoder (OpenAI, MIT) and trained by starters/instant on "
    "synthetic speech.",
    "licence": "MIT",
}


@dataclass(frozen=True)
class TrainingPlan:
    minutes: float = 45.0
    seconds_of_speech: float = 28.0
    """In each step."""
    learning_rate: float = 5e-4
    live_share: float = 0.35
    """Of the steps, with the short look-ahead."""
    phones_weight: float = 0.3
    seed: int = 1


class Corpus:
    def __init__(self, folder: Path) -> None:
        everything = [heard for path in sorted(folder.glob("*.npz")) for heard in read_shard(path)]
        usable = [h for h in everything if SHORTEST < len(h.samples) / SAMPLE_RATE < LONGEST]
        self.validation, self.training = usable[::60], [h for at, h in enumerate(usable) if at % 60]
        self.training.sort(key=lambda heard: len(heard.features))
        features = np.concatenate([heard.features for heard in self.training[:: len(self.training) // 200 or 1]])
        self.mean = torch.from_numpy(features.astype(np.float32).mean(0))
        self.deviation = torch.from_numpy(features.astype(np.float32).std(0))


@dataclass(frozen=True)
class Batch:
    log_mel: Tensor
    """(batch, T at 100 Hz, mels)"""
    wanted: Tensor
    """(batch, T at 50 Hz, WIDTH)"""
    frames: Tensor
    """Length of each at 50 Hz."""
    phones: Tensor
    phone_counts: Tensor


class Batches(IterableDataset[Batch]):
    """Endless; each of utterances of like length."""

    def __init__(self, corpus: Corpus, plan: TrainingPlan) -> None:
        self._corpus, self._plan = corpus, plan

    def __iter__(self) -> Iterator[Batch]:
        torch.set_num_threads(1)
        generator = np.random.default_rng([self._plan.seed, int(time.time())])
        training = self._corpus.training
        while True:
            first = int(generator.integers(len(training)))
            count = max(1, round(self._plan.seconds_of_speech * 50 / len(training[first].features)))
            start = max(0, min(first, len(training) - count))
            yield make_batch(training[start : start + count], self._corpus, generator)


def make_batch(heard: list[Heard], corpus: Corpus, generator: np.random.Generator) -> Batch:
    rows = [make_example(one, corpus, generator) for one in heard]
    frames = torch.tensor([len(wanted) for _, wanted, _ in rows])
    quiet = float(content_encoder.QUIETEST_LOG_MEL)
    longest = int(frames.max())
    log_mel = torch.stack([functional.pad(m, (0, 0, 0, 2 * longest - len(m)), value=quiet) for m, _, _ in rows])
    wanted = torch.stack([functional.pad(w, (0, 0, 0, longest - len(w))) for _, w, _ in rows])
    phones = torch.cat([p for _, _, p in rows])
    return Batch(log_mel, wanted, frames, phones, torch.tensor([len(p) for _, _, p in rows]))


def make_example(heard: Heard, corpus: Corpus, generator: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Log mel of the damaged speech, the teacher's features at the same times, and the phones."""
    others = [to_wave(corpus.training[generator.integers(len(corpus.training))]) for _ in range(2)]
    damaged = degrade(to_wave(heard), others, generator)
    frames = len(damaged.log_mel) // 2
    at = np.clip(np.arange(frames) * damaged.speed, 0, len(heard.features) - 1.001)
    low, part = at.astype(int), (at % 1)[:, None].astype(np.float32)
    features = heard.features.astype(np.float32)
    wanted = (1 - part) * features[low] + part * features[np.minimum(low + 1, len(features) - 1)]
    numbers = [NUMBERS[symbol] for symbol in heard.phonemes if symbol in NUMBERS]
    standard = (torch.from_numpy(wanted) - corpus.mean) / corpus.deviation
    return damaged.log_mel[: 2 * frames], standard, torch.tensor(numbers)


def to_wave(heard: Heard) -> Wave:
    return heard.samples.astype(np.float32) / 32767


class Student(nn.Module):
    """The encoder with its training heads."""

    def __init__(self, phones: int) -> None:
        super().__init__()
        self.encoder = ContentEncoder()
        self.features = nn.Linear(CONTENT_UNITS, WIDTH)
        self.phones = nn.Conv1d(CONTENT_UNITS, phones + 1, 5, padding=2)

    def forward(self, batch: Batch, look_ahead: tuple[int, ...], phones_weight: float) -> tuple[Tensor, float, float]:
        """The loss, the share of the teacher's variance that is explained, and the CTC loss of a phone."""
        with autocast_bfloat16("cpu"):
            units = self.encoder.encode(batch.log_mel, look_ahead)
        units = units.float()
        within = torch.arange(units.shape[1]) < batch.frames[:, None]
        error = (self.features(units) - batch.wanted)[within].square().mean()
        said = functional.log_softmax(self.phones(units.transpose(1, 2)), 1).permute(2, 0, 1)
        ctc = functional.ctc_loss(said, batch.phones, batch.frames, batch.phone_counts, zero_infinity=True)
        return error + phones_weight * ctc, 1 - error.item(), ctc.item()


def begin(student: Student, whisper: WhisperEncoder, patterns: Tensor) -> None:
    """Whisper's first layers; attention that followed positions begins with the mean pattern over distances."""
    encoder = student.encoder
    encoder.first.load_state_dict(whisper.first.state_dict())
    encoder.second.load_state_dict(whisper.second.state_dict())
    encoder.offset.data = whisper.positions.mean(0).clone()
    for number in range(LAYERS):
        encoder.blocks[number].load_state_dict(whisper.blocks[number].state_dict(), strict=False)
        encoder.blocks[number].bias.data = torch.log(patterns[number] + 1e-4)
    encoder.norm.load_state_dict(whisper.norm.state_dict())


def measure_patterns(whisper: WhisperEncoder, log_mel: Tensor, past: int, future: int) -> Tensor:
    """Mean attention at each distance, (LAYERS, heads, past + 1 + future), of sound that fills Whisper's 30 s."""
    patterns = []
    with torch.inference_mode():
        x = functional.gelu(whisper.second(functional.gelu(whisper.first(log_mel)))).transpose(1, 2) + whisper.positions
        for block in whisper.blocks[:LAYERS]:
            parts = block.query_key_value(block.attention_norm(x)).unflatten(2, (3, 6, -1)).permute(2, 0, 3, 1, 4)
            attention = (parts[0] @ parts[1].transpose(-1, -2) / parts.shape[-1] ** 0.5).softmax(-1)[0]
            distances = range(-past, future + 1)
            patterns.append(torch.stack([torch.diagonal(attention, at, 1, 2).mean(1) for at in distances], 1))
            x = block(x)
    return torch.stack(patterns).clone()


def train(corpus: Corpus, plan: TrainingPlan, weights: Path) -> Student:
    student = Student(len(PHONES)).train()
    new = [*student.encoder.last.parameters(), *student.features.parameters(), *student.phones.parameters()]
    groups = [{"params": [*student.encoder.parameters()][:-2]}, {"params": new}]
    optimizer = torch.optim.AdamW(groups, plan.learning_rate, betas=(0.9, 0.98), weight_decay=1e-2)
    state, step, spent = weights.with_suffix(".state.pt"), 0, 0.0
    if state.exists():
        stored = torch.load(state, weights_only=True)
        student.load_state_dict(stored["student"])
        optimizer.load_state_dict(stored["optimizer"])
        step, spent = stored["step"], stored["spent"]
    else:
        whisper = load_whisper_encoder()
        begin(student, whisper, measure_patterns(whisper, *make_pattern_input(corpus)))
    batches = iter(DataLoader(Batches(corpus, plan), None, num_workers=1, prefetch_factor=4))
    generator, began, reports = np.random.default_rng(step), time.monotonic(), []
    while spent < 60 * plan.minutes:
        step += 1
        now = time.monotonic()
        spent, began = spent + now - began, now
        fall = 0.5 * (1 + np.cos(np.pi * min(1.0, spent / 60 / plan.minutes)))
        for group, factor in zip(optimizer.param_groups, (1, NEW_LAYERS_FACTOR), strict=True):
            group["lr"] = float(factor * plan.learning_rate * min(step / 100, 1.0) * fall + 1e-6)
        look_ahead = content_encoder.LOOK_AHEAD
        if generator.random() < plan.live_share:
            look_ahead = LIVE_LOOK_AHEADS[generator.integers(len(LIVE_LOOK_AHEADS))]
        loss, explained, ctc = student(next(batches), look_ahead, plan.phones_weight)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        reports.append((loss.item(), explained, ctc))
        if step % REPORT_EVERY == 0:
            print(step, f"{spent:.0f} s", *np.round(np.mean(reports, 0), 3), flush=True)
            reports.clear()
            write_weights(student.encoder, weights, METADATA)
            kept = {"student": student.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "spent": spent}
            torch.save(kept, state.with_suffix(".part"))
            state.with_suffix(".part").replace(state)
    write_weights(student.encoder, weights, METADATA)
    return student


def make_pattern_input(corpus: Corpus) -> tuple[Tensor, int, int]:
    speech = np.concatenate([to_wave(heard) for heard in corpus.training[::40]])
    sound = torch.from_numpy(np.resize(speech, 30 * SAMPLE_RATE))
    return compute_whisper_log_mel(sound[None]), content_encoder.PAST, content_encoder.FUTURE


def main(shards: Path, weights: Path, minutes: float = TrainingPlan.minutes) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(1)
    train(Corpus(shards), TrainingPlan(minutes), weights)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(float, sys.argv[3:]))
