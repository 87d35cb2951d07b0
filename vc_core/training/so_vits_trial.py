"""What a so-vits voice can do by now: it sings clips that were held out, and their words to another melody."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from vc_core.audio import Audio
from vc_core.training.so_vits_batches import part_of_clip
from vc_core.training.so_vits_config import HOP, RATE
from vc_core.training.so_vits_features import Features, load_features
from vc_core.training.so_vits_network import sing
from vc_core.training.so_vits_spectra import mels_of, spectrum_of

LONGEST_SECONDS = 6.0
MELODY = (0, 2, 4, 7, 4, 0)
"""In semitones, around the singer's middle pitch."""
NOTE_SECONDS, SLOWNESS = 0.6, 0.6
VIBRATO_CENTS, VIBRATO_HZ = 25.0, 5.5
LOUDNESS = 0.1


class Trial:
    def __init__(self, held_out: Sequence[Path]) -> None:
        self._clips = [excerpt(load_features(path)) for path in held_out]

    def distance(self, generator: nn.Module) -> float:
        """Of logarithmic mel spectra, on average."""
        apart = [
            (mels_of(spectrum_of(sung(generator, clip)[None]))[0] - clip["mel_spec"]).abs() for clip in self._clips
        ]
        return float(torch.cat([one.flatten() for one in apart]).mean())

    def samples(self, generator: nn.Module) -> dict[str, Audio]:
        first = self._clips[0]
        sounds = {"phrase": sung(generator, first)}
        if (first["uv"] > 0).any():
            sounds["song"] = sung(generator, on_melody(first))
        return {name: _at_loudness(sound) for name, sound in sounds.items()}


def excerpt(clip: Features) -> Features:
    """The part of a clip in which most is voiced."""
    hops = round(LONGEST_SECONDS * RATE / HOP)
    voiced = np.concatenate([[0.0], np.cumsum(clip["uv"].numpy())])
    start = int(np.argmax(voiced[hops:] - voiced[:-hops])) if len(voiced) > hops + 1 else 0
    return part_of_clip(clip, start, start + hops)


def sung(generator: nn.Module, clip: Features) -> Tensor:
    """As many frames as the clip has."""
    return sing(generator, clip["content"], clip["f0"], clip["uv"], int(clip["spk"]))[: clip["audio"].shape[1]]


def on_melody(clip: Features) -> Features:
    """The same words, sung on long notes around the same pitch."""
    notes = np.repeat(MELODY, round(NOTE_SECONDS * RATE / HOP)) - np.mean(MELODY)
    at = np.arange(len(notes)) * HOP / RATE
    cents = 100 * notes + VIBRATO_CENTS * np.sin(2 * np.pi * VIBRATO_HZ * at)
    voiced = clip["uv"] > 0
    first = int(voiced.int().argmax())
    places = np.minimum(first + np.arange(len(notes)) * SLOWNESS, len(voiced) - 1).astype(int)
    middle_hz = float(clip["f0"][voiced].median())
    hertz = torch.from_numpy(middle_hz * 2 ** (cents / 1200)).float()
    silent = torch.zeros(1, len(notes) * HOP)
    return clip | {"content": clip["content"][:, places], "f0": hertz, "uv": clip["uv"][places], "audio": silent}


def _at_loudness(sound: Tensor) -> Audio:
    strength = float(sound.square().mean().sqrt())
    return Audio((sound * LOUDNESS / max(strength, 1e-6)).clamp(-1, 1).numpy()[None], RATE)
