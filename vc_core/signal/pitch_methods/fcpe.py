"""FCPE pitch (F0) estimation: a small network on log-mel spectrograms; weights from the package torchfcpe.

After Y. Luo et al., “FCPE: a fast context-based pitch estimation model”, 2025. Only the
package's network and mel front end are used: its loader unpickles arbitrary code and prints to the terminal.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vc_core.audio import Audio
from vc_core.checkpoints.torchaudio_guard import ensure_torchaudio
from vc_core.checkpoints.weights import load_tensors, load_weights
from vc_core.signal.pitch_methods.base import Pitch, PitchEngine, PitchEstimator, PitchSettings
from vc_core.signal.pitch_methods.bins import FrameGrid, PitchBins, decode_bins, resample_pitch

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS = "fcpe_c_v001.pt"
THRESHOLD = 0.03
"""With the package's default of 0.006, steady noise is voiced."""


class Fcpe:
    def __init__(self, device: str) -> None:
        ensure_torchaudio()
        import torchfcpe
        from torchfcpe.tools import DotDict

        weights = Path(torchfcpe.__file__).parent / "assets" / WEIGHTS
        checkpoint = load_tensors(weights)
        settings = checkpoint["config_dict"]
        # Defaults for missing settings, which the package would otherwise print a warning about.
        settings["model"] |= {"conv_dropout": 0.0, "atten_dropout": 0.0, "use_harmonic_emb": False}
        network = torchfcpe.spawn_model(DotDict(settings))
        load_weights(network, _rename_weight_norm(checkpoint["model"]), source=WEIGHTS)
        self._network = network.eval().to(device)
        self._mel = torchfcpe.spawn_wav2mel(DotDict(settings), device=device)
        self._device = device
        self._sample_rate, self._hop = settings["mel"]["sr"], settings["mel"]["hop_size"]
        centres = network.cent_table.double().numpy()
        self._bins = PitchBins(float(centres[0]), float(centres[-1] - centres[0]) / (len(centres) - 1), len(centres))

    def __call__(self, audio: Audio, settings: PitchSettings) -> Pitch:
        import torch

        wave = audio.resample(self._sample_rate).samples
        with torch.inference_mode():
            samples = torch.from_numpy(np.clip(wave, -1, 1)).to(self._device)
            activations = self._network(self._mel(samples[..., None], self._sample_rate))[0].cpu().numpy()
        hertz, confidence = decode_bins(activations, self._bins, settings, THRESHOLD)
        return resample_pitch(settings, audio, hertz, confidence, FrameGrid(self._hop / self._sample_rate))


def _rename_weight_norm(tensors: "dict[str, Tensor]") -> "dict[str, Tensor]":
    """Map weight norm tensors to the names that current torch uses (`parametrizations`)."""
    renamed = {"weight_g": "parametrizations.weight.original0", "weight_v": "parametrizations.weight.original1"}
    split = {name: name.rpartition(".") for name in tensors}
    return {
        f"{before}.{renamed.get(last, last)}".lstrip("."): tensors[name] for name, (before, _, last) in split.items()
    }


def load_fcpe(device: str) -> PitchEstimator:
    return Fcpe(device)


ENGINE = PitchEngine(
    "fcpe",
    "FCPE",
    load=lambda options, device: load_fcpe(device),
    notice="The surest of those that need no download, through noise too, and still fast.",
    package="torchfcpe",
    install="torchfcpe",
    is_network=True,
    window_seconds=10.0,
    cpu_seconds_per_second=0.1,
)
