"""Separation by a RoFormer: windows of the published size, of which each sample is covered by several."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from vc_core.audio import Audio, Samples
from vc_core.device import choose_half_precision, download, upload
from vc_core.separation.base import Separator, Stems
from vc_core.separation.roformer.config import RoformerConfig
from vc_core.separation.roformer.offers import Offer
from vc_core.signal.windows import Windows

if TYPE_CHECKING:
    from vc_core.models.roformer.network import Roformer

MOST_OVERLAP = 4
"""More windows over a sample cost more and change nothing, since only the middle of each is used."""


class RoformerSeparator(Separator):
    def __init__(self, network: "Roformer", config: RoformerConfig, offer: Offer, stems: tuple[str, ...]) -> None:
        """`stems` are those to separate. Of fewer than the model has, the last one is the rest."""
        self.stem_names, self.sample_rate, self.windows = stems, config.sample_rate, make_windows(config)
        self.requires_stereo = network.shape.channels == 2
        self._network = network
        wanted = stems[:-1] if len(stems) < len(offer.stem_names) else stems
        self._stems = {name: at for at, name in enumerate(offer.estimated) if name in wanted}

    @classmethod
    def load(
        cls, network: "Roformer", config: RoformerConfig, offer: Offer, stems: tuple[str, ...], device: str
    ) -> "RoformerSeparator":
        separator = cls(network, config, offer, stems)
        if half := choose_half_precision(device):
            network.set_precision(half)
        network.to(device)
        separator.device = device
        return separator

    def split(self, window: Audio) -> Stems:
        return self.split_batch([window])[0]

    def split_batch(self, windows: Sequence[Audio]) -> list[Stems]:
        stacked = np.stack([window.samples for window in windows])
        silence = np.zeros((len(self._stems), *stacked.shape), np.float32)
        estimates = self._estimate(stacked) if stacked.any() else silence
        found = dict(zip(self._stems, estimates, strict=True))
        rest = stacked - estimates.sum(axis=0)
        return [
            {name: window.with_samples(found.get(name, rest)[at]) for name in self.stem_names}
            for at, window in enumerate(windows)
        ]

    def _estimate(self, samples: Samples) -> Samples:
        """(B, channels, frames) to (stems, B, channels, frames); a mono network gets the channels as a batch."""
        import torch

        batch, channels, frames = samples.shape
        own = samples if self.requires_stereo else samples.reshape(batch * channels, 1, frames)
        missing = max(0, self._network.stft.fft_size - frames)  # the transform reflects half of it at the ends
        padded = np.pad(own, ((0, 0), (0, 0), (0, missing)))
        with torch.inference_mode():
            estimates = self._network(upload(padded, self.device), list(self._stems.values()))
        return np.moveaxis(download(estimates[..., :frames]), 1, 0).reshape(-1, batch, channels, frames)


def make_windows(config: RoformerConfig) -> Windows:
    """Cross-faded without their ends, which are estimated worst; with a published overlap of 1, by a quarter."""
    chunk, overlap = config.chunk_samples, min(config.overlap, MOST_OVERLAP)
    hop = chunk // overlap if overlap > 1 else chunk * 3 // 4
    context = (chunk - hop) // 2
    unused = min(max(config.stft.fft_size, context // 4), context // 2)
    return Windows(
        seconds=hop / config.sample_rate,
        context_seconds=context / config.sample_rate,
        fade_seconds=2 * min(context - unused, hop) / config.sample_rate,
        leading_silence=True,
    )
