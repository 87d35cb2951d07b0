"""Train the ear of the check-up: which kind of phone is said, from the encoder's units; a minute on one thread.

    python -m starters.instant.train_sounds [POOL] [WEIGHTS]

It is one matrix for the encoder that ships: train it anew with another encoder.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save as as_safetensors
from torch import Tensor, nn
from torch.nn import functional

from starters.instant.corpus import SILENCES, Utterance, bands_of, read
from starters.instant.train_units import METADATA, POOL
from vc_core.instant_weights import SHIPPED, UNITS_FILE, load_units
from vc_core.models import units
from vc_core.provenance import sha256_of
from vc_core.training.sounds import IN_ESPEAK, SOUNDS

IN_FLITE = {
    "a": "aa ah", "e": "eh ae", "i": "iy ih", "o": "ao", "u": "uw uh", "er": "er ax", "m": "m", "n": "n", "ng": "ng",
    "l": "l", "r": "r", "w": "w", "y": "y", "p b": "p b", "t d": "t d", "k g": "k g", "f v": "f v", "th": "th dh",
    "s z": "s z", "sh": "sh zh", "ch j": "ch jh", "h": "hh",
}  # fmt: skip
"""Diphthongs are left out."""
DIPHTHONGS = ("aI", "aU", "eI", "oU", "OI", "U@")
PAUSES = ("pau", "_", "_!")
UTTERANCES, STEPS, BATCH, RATE = 900, 1_500, 2_048, 1e-2


def labels_of(utterance: Utterance, moments: int) -> np.ndarray:
    """The number of the sound for each moment: 0 for a pause, and -1 for what is none of them."""
    names = IN_ESPEAK if utterance.synthesiser == "espeak" else IN_FLITE
    numbers = {name: at + 1 for at, sound in enumerate(SOUNDS) for name in names[sound].split()}
    numbers |= dict.fromkeys(PAUSES, 0) | dict.fromkeys(DIPHTHONGS, -1)
    spoken = utterance.spoken
    at = np.searchsorted(spoken.borders, np.arange(moments) / units.MOMENTS_PER_SECOND, side="right") - 1
    own = [numbers.get(phone, -1) if phone not in SILENCES else 0 for phone in spoken.phones]
    return np.array(own)[np.clip(at, 0, len(own) - 1)]


@torch.inference_mode()
def heard_in(folder: Path) -> tuple[Tensor, Tensor]:
    encoder, codes, labels = load_units(), [], []
    for path in sorted(folder.glob("*.npz"), key=lambda path: int(path.stem))[:UTTERANCES]:
        utterance = read(path)
        codes.append(encoder(torch.from_numpy(bands_of(utterance.spoken.samples))[None])[0])
        labels.append(torch.from_numpy(labels_of(utterance, len(codes[-1]))))
    known = torch.cat(labels) >= 0
    return torch.cat(codes)[known], torch.cat(labels)[known]


def main(folder: Path = POOL, weights: Path = SHIPPED / "sounds.safetensors") -> None:
    codes, labels = (tensor.clone() for tensor in heard_in(folder))
    torch.manual_seed(1)
    ear = nn.Linear(units.UNITS, len(SOUNDS) + 1)
    optimizer = torch.optim.Adam(ear.parameters(), RATE)
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = RATE * (1 - step / STEPS)
        chosen = torch.randint(len(codes), (BATCH,))
        loss = functional.cross_entropy(ear(codes[chosen]), labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.inference_mode():
        print(f"right: {float((ear(codes).argmax(1) == labels).float().mean()):.3f} of what it learned from")
    tensors = {name: value.detach().contiguous() for name, value in ear.state_dict().items()}
    weights.write_bytes(as_safetensors(tensors, METADATA | {"encoder": f"sha256:{sha256_of(UNITS_FILE)}"}))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*map(Path, sys.argv[1:3]))
