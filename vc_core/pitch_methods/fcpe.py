"""Pitch by FCPE, a small network over log-mel bands; its weights come with the package torchfcpe.

After Y. Luo et al., “FCPE: a fast context-based pitch estimation model”, 2025. Of the package the network and its
bands are used; its loader would run whatever a checkpoint tells it to, and prints as it goes.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vc_core.audio import Audio
from vc_core.pitch_methods.base import Method, Pitch, PitchSearch
from vc_core.pitch_methods.bins import Bins, Moments, at_moments_of, read_bins
from vc_core.torchaudio_guard import ensure_torchaudio
from vc_core.weights import fill, load_tensors

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS = "fcpe_c_v001.pt"
THRESHOLD = 0.03
"""The package's own 0.006 hears a voice in steady noise."""


class Fcpe:
    def __init__(self, device: str) -> None:
        ensure_torchaudio()
        import torchfcpe
        from torchfcpe.tools import DotDict

        weights = Path(torchfcpe.__file__).parent / "assets" / WEIGHTS
        checkpoint = load_tensors(weights)
        settings = checkpoint["config_dict"]
        # What the settings lack is named, since the package would print that it was missing.
        settings["model"] |= {"conv_dropout": 0.0, "atten_dropout": 0.0, "use_harmonic_emb": False}
        network = torchfcpe.spawn_model(DotDict(settings))
        fill(network, _named_as_today(checkpoint["model"]), source=WEIGHTS)
        self._network = network.eval().to(device)
        self._bands = torchfcpe.spawn_wav2mel(DotDict(settings), device=device)
        self._device = device
        self._rate, self._hop = settings["mel"]["sr"], settings["mel"]["hop_size"]
        centres = network.cent_table.double().numpy()
        self._bins = Bins(float(centres[0]), float(centres[-1] - centres[0]) / (len(centres) - 1), len(centres))

    def __call__(self, audio: Audio, search: PitchSearch) -> Pitch:
        import torch

        wave = audio.resampled(self._rate).samples
        with torch.inference_mode():
            heard = torch.from_numpy(np.clip(wave, -1, 1)).to(self._device)
            activations = self._network(self._bands(heard[..., None], self._rate))[0].cpu().numpy()
        hertz, confidence = read_bins(activations, self._bins, search, THRESHOLD)
        return at_moments_of(search, audio, hertz, confidence, Moments(self._hop / self._rate))


def _named_as_today(tensors: "dict[str, Tensor]") -> "dict[str, Tensor]":
    """Torch has renamed the two parts of a normalised weight since."""
    renamed = {"weight_g": "parametrizations.weight.original0", "weight_v": "parametrizations.weight.original1"}
    parts = {name: name.rpartition(".") for name in tensors}
    return {
        f"{before}.{renamed.get(last, last)}".lstrip("."): tensors[name] for name, (before, _, last) in parts.items()
    }


def load_fcpe(device: str) -> Method:
    return Fcpe(device)
