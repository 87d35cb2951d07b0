"""Train the content encoder on the synthetic corpus, on one thread.

    python -m starters.instant.train_units [POOL] [WEIGHTS] [STEPS]

It learns which phone is said, how a canonical voice would say it, and to hear the same in two throats.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save as as_safetensors
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

from starters.instant.augment import another_throat, canonical_at, choose_clip, choose_warp, labels_of
from starters.instant.corpus import CANONICAL, SILENCES, Utterance, bands_of, fill_pool, read
from vc_core.instant_weights import UNITS_FILE
from vc_core.models import units
from vc_core.models.units import Units
from vc_core.training.instant_recordings import microphone

POOL = Path(tempfile.gettempdir()) / "starter-instant-pool" / "units"
METADATA = {
    "origin": "Trained by starters/instant on speech of espeak-ng and flite; no recordings were used directly.",
    "licence": "MIT",
}
SYNTHESISERS = tuple(CANONICAL)
SHARES = (0.55, 0.45)
"""How often each is heard: recorded voices are few, and the nearest to a person's."""
COMMON = 30
"""Phones said more seldom than this in the whole corpus are not learned."""
REPORT_EVERY = 100


@dataclass(frozen=True)
class Plan:
    steps: int = 10_000
    seconds: float = 1e9
    """It ends after so many, if the steps aren't done; the rate falls either way."""
    rate: float = 2e-3
    utterances: int = 8
    moments: int = 200
    seed: int = 1
    validated: int = 40
    """Utterances that are kept for the report."""


class Pool:
    def __init__(self, folder: Path, plan: Plan) -> None:
        paths = sorted(folder.glob("*.npz"), key=lambda path: int(path.stem))
        everything = [read(path) for path in paths]
        every = max(2, len(everything) // plan.validated)
        self.training = [utterance for at, utterance in enumerate(everything) if at % every]
        self.validation = everything[::every]
        self.by_synthesiser = {name: [u for u in self.training if u.synthesiser == name] for name in SYNTHESISERS}
        self.alphabets = {name: self._alphabet(name) for name in SYNTHESISERS}

    def choose(self, generator: np.random.Generator) -> Utterance:
        name = generator.choice(SYNTHESISERS, p=SHARES)
        choice = self.by_synthesiser[str(name)]
        return choice[generator.integers(len(choice))]

    def _alphabet(self, synthesiser: str) -> dict[str, int]:
        said = Counter(
            phone
            for utterance in self.training
            if utterance.synthesiser == synthesiser
            for phone in utterance.spoken.phones
            if phone not in SILENCES
        )
        return {phone: at for at, phone in enumerate(["", *sorted(p for p, count in said.items() if count >= COMMON)])}


Example = dict[str, Tensor]


class Examples(IterableDataset[Example]):
    """Without end; two hearings of each clip."""

    def __init__(self, pool: Pool, plan: Plan) -> None:
        self._pool, self._plan = pool, plan

    def __iter__(self) -> Iterator[Example]:
        torch.set_num_threads(1)
        generator = np.random.default_rng(self._plan.seed)
        while True:
            utterance = self._pool.choose(generator)
            yield example_of(utterance, self._pool, generator, self._plan.moments)


def example_of(utterance: Utterance, pool: Pool, generator: np.random.Generator, moments: int) -> Example:
    clip = choose_clip(utterance, generator, moments)
    spectrum = units.power_spectrum(units.levelled(torch.from_numpy(clip.samples)[None]))[0]
    low = np.minimum(clip.places.astype(int), len(spectrum) - 2)
    part = torch.from_numpy((clip.places - low).astype(np.float32))[:, None]
    heard = (1 - part) * spectrum[low] + part * spectrum[low + 1]
    hearings = [_hearing(heard, clip.playing, generator) for _ in range(2)]
    labels = {
        name: torch.from_numpy(labels_of(utterance, clip.sources, alphabet))
        if name == utterance.synthesiser
        else torch.full((moments,), -1)
        for name, alphabet in pool.alphabets.items()
    }
    canonical = torch.from_numpy(canonical_at(utterance, clip.sources))
    which = torch.tensor(SYNTHESISERS.index(utterance.synthesiser))
    return {"hearings": torch.stack(hearings), "canonical": canonical, "which": which, **labels}


def _hearing(heard: Tensor, playing: float, generator: np.random.Generator) -> Tensor:
    bands = units.log_mel(heard * 10 ** generator.normal(0, 0.15), choose_warp(playing, generator)).numpy()
    return torch.from_numpy(another_throat(bands, generator) + microphone(generator))


class Teacher(nn.Module):
    """The encoder with the heads that only its training needs."""

    def __init__(self, alphabets: dict[str, dict[str, int]]) -> None:
        super().__init__()
        self.encoder = Units()
        self.phones = nn.ModuleDict(
            {name: nn.Conv1d(units.UNITS, len(alphabet), 1) for name, alphabet in alphabets.items()}
        )
        self.voices = nn.ModuleDict(
            {
                name: nn.Sequential(nn.Conv1d(units.UNITS, 192, 5, padding=2), nn.GELU(), nn.Conv1d(192, units.MELS, 1))
                for name in alphabets
            }
        )

    def forward(self, batch: Example) -> tuple[Tensor, dict[str, float]]:
        """The loss, and the share of moments whose phone is recognised, for each synthesiser."""
        pairs = batch["hearings"].flatten(0, 1)
        with torch.autocast("cpu", torch.bfloat16):
            said = self.encoder(pairs)
        said = said.float()
        channels = said.transpose(1, 2)
        loss = 0.5 * (said[0::2] - said[1::2]).square().mean() * units.UNITS**0.5
        right = {}
        for index, name in enumerate(SYNTHESISERS):
            wanted = batch[name].repeat_interleave(2, 0)
            claims = self.phones[name](channels)
            known = wanted >= 0
            if not known.any():
                continue
            loss = loss + functional.cross_entropy(claims, wanted, ignore_index=-1, label_smoothing=0.05)
            right[name] = float((claims.argmax(1) == wanted)[known].float().mean())
            mine = (batch["which"] == index).repeat_interleave(2, 0)
            bands = self.voices[name](channels[mine]).transpose(1, 2)
            loss = loss + 0.7 * (bands - batch["canonical"].repeat_interleave(2, 0)[mine]).abs().mean()
        return loss, right


def train(pool: Pool, plan: Plan, weights: Path) -> Units:
    teacher = Teacher(pool.alphabets).train()
    optimizer = torch.optim.AdamW(teacher.parameters(), plan.rate, betas=(0.9, 0.98), weight_decay=1e-3)
    batches = iter(DataLoader(Examples(pool, plan), plan.utterances, num_workers=1, prefetch_factor=4))
    losses, rights, began = [], [], time.monotonic()
    for step in range(1, plan.steps + 1):
        passed = max(step / plan.steps, (time.monotonic() - began) / plan.seconds)
        if passed > 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = plan.rate * min(step / 200, 1.0) * 0.5 * (1 + np.cos(np.pi * passed)) + 1e-6
        loss, right = teacher(next(batches))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(teacher.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        rights.append(list(right.values()))
        if step % REPORT_EVERY == 0:
            shares = {name: np.mean([r[at] for r in rights if len(r) > at]) for at, name in enumerate(SYNTHESISERS)}
            shown = " ".join(f"{name} {share:.3f}" for name, share in shares.items())
            print(f"{step}/{plan.steps} {np.mean(losses):.3f} {shown} {time.monotonic() - began:.0f} s", flush=True)
            losses.clear()
            rights.clear()
            save(teacher.encoder, weights)
    shares = ", ".join(f"{name} {share:.3f}" for name, share in recognised(teacher, pool).items())
    print(f"recognised of what it hasn't heard, by known voices: {shares}")
    return teacher.encoder


def recognised(teacher: Teacher, pool: Pool) -> dict[str, float]:
    """The share of moments whose phone is found, of each synthesiser's utterances that were kept for this."""
    teacher.eval()
    found: dict[str, list[float]] = {name: [] for name in SYNTHESISERS}
    for utterance in pool.validation:
        bands = torch.from_numpy(bands_of(utterance.spoken.samples))[None]
        with torch.inference_mode():
            claims = teacher.phones[utterance.synthesiser](teacher.encoder(bands).transpose(1, 2))[0].argmax(0).numpy()
        labels = labels_of(utterance, np.arange(len(claims)), pool.alphabets[utterance.synthesiser])
        found[utterance.synthesiser].append(float((claims == labels)[labels >= 0].mean()))
    return {name: float(np.mean(shares)) for name, shares in found.items() if shares}


def save(encoder: Units, weights: Path) -> None:
    tensors = {name: value.half().contiguous() for name, value in encoder.state_dict().items() if "batches" not in name}
    weights.write_bytes(as_safetensors(tensors, METADATA))


def main(pool: Path = POOL, weights: Path = UNITS_FILE, plan: Plan = Plan()) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(plan.seed)
    if not any(pool.glob("*.npz")):
        fill_pool(pool)
    save(train(Pool(pool, plan), plan, weights), weights)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]), *(Plan(steps=int(steps)) for steps in sys.argv[3:]))
