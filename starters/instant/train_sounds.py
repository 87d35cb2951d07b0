"""Train the phone classifier of the quality check on the content encoder's units: a minute on one thread.

    python -m starters.instant.train_sounds [POOL] [WEIGHTS]

It is a linear layer for the shipped encoder: retrain it with another encoder.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save as as_safetensors
from torch import Tensor, nn
from torch.nn import functional

from starters.instant.corpus import POOL, SILENCES, Utterance, compute_log_mel, read
from vc_core.files.provenance import compute_sha256
from vc_core.models import content_encoder
from vc_core.training.recordings.phones import ESPEAK_NAMES, PHONES
from vc_core.voices.instant_weights import CONTENT_ENCODER_FILE, SHIPPED, load_content_encoder

FLITE_NAMES = {
    "a": "aa ah", "e": "eh ae", "i": "iy ih", "o": "ao", "u": "uw uh", "er": "er ax", "m": "m", "n": "n", "ng": "ng",
    "l": "l", "r": "r", "w": "w", "y": "y", "p b": "p b", "t d": "t d", "k g": "k g", "f v": "f v", "th": "th dh",
    "s z": "s z", "sh": "sh zh", "ch j": "ch jh", "h": "hh",
}  # fmt: skip
"""Diphthongs are left out."""
DIPHTHONGS = ("aI", "aU", "eI", "oU", "OI", "U@")
PAUSES = ("pau", "_", "_!")
METADATA = {"origin": "Trained by starters/instant on speech of espeak-ng and flite.", "licence": "MIT"}
UTTERANCES, STEPS, BATCH, RATE = 900, 1_500, 2_048, 1e-2


def align_labels(utterance: Utterance, frames: int) -> np.ndarray:
    """The number of the phone class for each frame: 0 for a pause, and -1 for others."""
    names = ESPEAK_NAMES if utterance.synthesiser == "espeak" else FLITE_NAMES
    numbers = {name: at + 1 for at, sound in enumerate(PHONES) for name in names[sound].split()}
    numbers |= dict.fromkeys(PAUSES, 0) | dict.fromkeys(DIPHTHONGS, -1)
    spoken = utterance.spoken
    at = np.searchsorted(spoken.borders, np.arange(frames) / content_encoder.FRAMES_PER_SECOND, side="right") - 1
    own = [numbers.get(phone, -1) if phone not in SILENCES else 0 for phone in spoken.phones]
    return np.array(own)[np.clip(at, 0, len(own) - 1)]


@torch.inference_mode()
def extract_frames(folder: Path) -> tuple[Tensor, Tensor]:
    encoder, codes, labels = load_content_encoder(), [], []
    for path in sorted(folder.glob("*.npz"), key=lambda path: int(path.stem))[:UTTERANCES]:
        utterance = read(path)
        codes.append(encoder(torch.from_numpy(compute_log_mel(utterance.spoken.samples))[None])[0])
        labels.append(torch.from_numpy(align_labels(utterance, len(codes[-1]))))
    known = torch.cat(labels) >= 0
    return torch.cat(codes)[known], torch.cat(labels)[known]


def main(folder: Path = POOL, weights: Path = SHIPPED / "sounds.safetensors") -> None:
    codes, labels = (tensor.clone() for tensor in extract_frames(folder))
    torch.manual_seed(1)
    classifier = nn.Linear(content_encoder.CONTENT_UNITS, len(PHONES) + 1)
    optimizer = torch.optim.Adam(classifier.parameters(), RATE)
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = RATE * (1 - step / STEPS)
        chosen = torch.randint(len(codes), (BATCH,))
        loss = functional.cross_entropy(classifier(codes[chosen]), labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.inference_mode():
        print(f"right: {float((classifier(codes).argmax(1) == labels).float().mean()):.3f} of what it learned from")
    tensors = {name: value.detach().contiguous() for name, value in classifier.state_dict().items()}
    weights.write_bytes(
        as_safetensors(tensors, METADATA | {"encoder": f"sha256:{compute_sha256(CONTENT_ENCODER_FILE)}"})
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*map(Path, sys.argv[1:3]))
