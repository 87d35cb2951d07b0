"""Separate vocals by the band-split U-Net of `models/band_unet.py`: STFT, complex masks, iSTFT."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vc_core.audio import Audio
from vc_core.checkpoints.weights import load_tensors, load_weights
from vc_core.device import download, upload
from vc_core.separation.base import Separator, Stems
from vc_core.separation.spleeter.separator import FFT_SIZE, HOP_SAMPLES, SAMPLE_RATE, compute_istft, compute_stft
from vc_core.signal.windows import Windows

if TYPE_CHECKING:
    from torch import Tensor

    from vc_core.models.band_unet import BandUNet

PADDING = FFT_SIZE - HOP_SAMPLES
"""Silence before the first sample, so that as many frames overlap there as elsewhere."""
GRID_SECONDS = 8 * HOP_SAMPLES / SAMPLE_RATE
"""Windows that start on this grid have the same frames at every resolution of the network."""


class BandUNetSeparator(Separator):
    stem_names = ("vocals", "accompaniment")
    sample_rate = SAMPLE_RATE
    requires_stereo = True
    windows = Windows(seconds=54 * GRID_SECONDS, context_seconds=6 * GRID_SECONDS, fade_seconds=0.2)

    def __init__(self, network: "BandUNet", device: str) -> None:
        self._network = network.eval().to(device)
        self.device = device

    def split(self, window: Audio) -> Stems:
        return self.split_batch([window])[0]

    def split_batch(self, windows: Sequence[Audio]) -> list[Stems]:
        import torch

        with torch.inference_mode():
            samples = upload(np.stack([window.samples for window in windows]), self.device)
            vocals = download(self._extract_vocals(samples))
        return [
            {"vocals": window.with_samples(part), "accompaniment": window.with_samples(window.samples - part)}
            for window, part in zip(windows, vocals, strict=True)
        ]

    def _extract_vocals(self, samples: "Tensor") -> "Tensor":
        """Stereo samples (B, 2, frames) to those of the vocals."""
        from torch.nn import functional

        from vc_core.models.band_unet import BINS, HALVINGS, to_mid_side

        batch, _, length = samples.shape
        channels = functional.pad(to_mid_side(samples.transpose(0, 1)), (PADDING, 0)).transpose(0, 1).flatten(0, 1)
        frames = -(-(length + PADDING) // HOP_SAMPLES)
        spectra = compute_stft(channels, frames + -frames % 2**HALVINGS)
        vocals = self._network(spectra[..., :BINS].reshape(batch, 2, -1, BINS)).flatten(0, 1)
        mid_side = compute_istft(vocals)[:, PADDING : PADDING + length].reshape(batch, 2, length)
        return to_mid_side(mid_side.transpose(0, 1)).transpose(0, 1)


def load_network(path: Path) -> "BandUNet":
    """The network of a safetensors file."""
    from vc_core.models.band_unet import BandUNet

    network = BandUNet()
    load_weights(network, {name: tensor.float() for name, tensor in load_tensors(path).items()}, source=path.name)
    return network
