"""A recogniser of phones for the bench: small, and trained by itself on sentences and hearings of its own.

It shares nothing with the engine's encoder but the bands that both hear.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from measure import ROOT
from torch import nn
from torch.nn import functional

sys.path.insert(0, str(ROOT))

from starters.instant.augment import choose_clip, choose_warp, labels_of
from starters.instant.corpus import SILENCES, Spoken, Utterance, bands_of, say_with_flite
from starters.instant.sentences import built_sentence
from vc_core.audio import Audio
from vc_core.models import units
from vc_core.models.units import Units

VOICES = ("slt", "awb", "kal16")
"""The speaker that is converted, rms, is new to it, as he is to the engine."""
SENTENCES, STEPS, BATCH, MOMENTS = 240, 700, 8, 200
SEED = 1234


class Recogniser:
    def __init__(self, alphabet: dict[str, int]) -> None:
        self.alphabet = alphabet
        self.network = nn.Sequential(Units(width=96, dilations=(1, 2, 4, 1, 2)), nn.Linear(units.UNITS, len(alphabet)))

    def share_right(self, audio: Audio, truth: Spoken) -> float:
        """Of the moments in which `truth` says something."""
        with torch.inference_mode():
            heard = torch.from_numpy(bands_of(audio.mono().resampled(units.RATE).samples[0]))
            found = self.network(heard[None])[0].argmax(1).numpy()
        labels = labels_of(Utterance("flite", "", truth, heard.numpy()), np.arange(len(found)), self.alphabet)
        said = labels > 0
        return float((found == labels)[said].mean())


def train_recogniser(kept: Path) -> Recogniser:
    generator = np.random.default_rng(SEED)
    torch.manual_seed(SEED)
    spoken = [say_with_flite(built_sentence(generator), VOICES[at % len(VOICES)]) for at in range(SENTENCES)]
    phones = sorted({phone for one in spoken for phone in one.phones} - set(SILENCES))
    recogniser = Recogniser({phone: at for at, phone in enumerate(["", *phones])})
    if kept.exists():
        recogniser.network.load_state_dict(torch.load(kept, weights_only=True))
        recogniser.network.eval()
        return recogniser
    network = recogniser.network.train()
    optimizer = torch.optim.AdamW(network.parameters(), 2e-3)
    utterances = [Utterance("flite", "", one, np.zeros((1, 1), np.float32)) for one in spoken]
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * (1 - step / STEPS)
        rows = [_example(utterances[generator.integers(SENTENCES)], recogniser, generator) for _ in range(BATCH)]
        bands, labels = (torch.stack(column) for column in zip(*rows, strict=True))
        loss = functional.cross_entropy(network(bands).transpose(1, 2), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    network.eval()
    torch.save(network.state_dict(), kept)
    return recogniser


def _example(
    utterance: Utterance, recogniser: Recogniser, generator: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    clip = choose_clip(utterance, generator, MOMENTS)
    spectrum = units.power_spectrum(units.levelled(torch.from_numpy(clip.samples)[None]))[0]
    heard = spectrum[np.minimum(np.round(clip.places).astype(int), len(spectrum) - 1)]
    labels = labels_of(utterance, clip.sources, recogniser.alphabet)
    return units.log_mel(heard, choose_warp(clip.playing, generator)), torch.from_numpy(labels)
