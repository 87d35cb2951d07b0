"""BS-RoFormer (W.-T. Lu et al., 2023) and Mel-Band RoFormer (J.-C. Wang et al., 2023): stems by complex masks.

Both split the spectrum into bands, apply transformers along time and bands in turn, and estimate a mask for each band
and stem. They differ in their bands, which overlap on the mel scale, and in where they normalise.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor, nn

from vc_core.models.roformer.shape import RoformerShape, Stft
from vc_core.models.roformer.transformer import Attention, LinearAttention, RmsNorm, Transformer, make_rotation

CPU_ROWS, GPU_ROWS = 2048, 1 << 18
"""Tokens that go through a transformer at once: on a CPU few enough for its cache, on a GPU for its memory."""


class Band(nn.Module):
    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.norm, self.linear = RmsNorm(inputs), nn.Linear(inputs, width)

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.linear(self.norm(x))
        return features


class Block(nn.Module):
    """Transformers over all tokens (usually none), over time and over bands."""

    def __init__(self, shape: RoformerShape) -> None:
        super().__init__()

        def make(kind: type[Attention | LinearAttention], layers: int) -> Transformer:
            attentions = [kind(shape.width, shape.heads, shape.head_width) for _ in range(layers)]
            return Transformer(attentions, shape.width, shape.feed_forward_width, has_norm=shape.normalises_each)

        self.linear = make(LinearAttention, shape.linear_layers) if shape.linear_layers else None
        self.time, self.frequency = make(Attention, shape.time_layers), make(Attention, shape.frequency_layers)


class Roformer(nn.Module):
    def __init__(self, shape: RoformerShape, stft: Stft, *, skips: bool = False) -> None:
        """`skips` adds the outputs of all earlier blocks to the input of each."""
        super().__init__()
        self.shape, self.stft, self.skips = shape, stft, skips
        self.bands = nn.ModuleList(Band(shape.band_width(band), shape.width) for band in range(len(shape.bands)))
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.blocks))
        self.norm = nn.Identity() if shape.normalises_each else RmsNorm(shape.width)
        self.masks = nn.ModuleList(
            nn.ModuleList(_make_mask_estimator(shape, band) for band in range(len(shape.bands)))
            for _ in range(shape.stems)
        )

    def set_precision(self, dtype: torch.dtype) -> None:
        """For the linear layers of transformers and masks; everything else stays float32."""
        for module in (*self.blocks.modules(), *self.masks.modules()):
            if isinstance(module, nn.Linear):
                module.to(dtype)

    def forward(self, samples: Tensor, stems: Sequence[int]) -> Tensor:
        """Samples of shape (B, channels, L) to the stems with these numbers, (B, stems, channels, L)."""
        spectrum = self._compute_stft(samples)
        features = self._transform(self._split_bands(spectrum))
        masked = torch.stack([spectrum * self._estimate_mask(features, stem) for stem in stems], dim=1)
        return self._invert_stft(masked, samples.shape[-1])

    def _compute_stft(self, samples: Tensor) -> Tensor:
        """Complex spectrum of shape (B, T, bins, channels)."""
        spectrum = torch.stft(samples.flatten(0, 1), **self._stft_settings(samples.device), return_complex=True)
        return spectrum.view(*samples.shape[:2], *spectrum.shape[1:]).permute(0, 3, 2, 1)

    def _invert_stft(self, spectrum: Tensor, frames: int) -> Tensor:
        """(B, stems, T, bins, channels) to samples of shape (B, stems, channels, frames)."""
        if self.stft.zero_dc:
            spectrum[:, :, :, 0] = 0
        settings = self._stft_settings(spectrum.device)
        ordered = spectrum.permute(0, 1, 4, 3, 2)
        samples: Tensor = torch.istft(ordered.flatten(0, 2), **settings, length=frames)
        return samples.view(*ordered.shape[:3], frames)

    def _stft_settings(self, device: torch.device) -> dict[str, Any]:
        return {
            "n_fft": self.stft.fft_size,
            "hop_length": self.stft.hop_samples,
            "win_length": self.stft.window_samples,
            "window": torch.hann_window(self.stft.window_samples, device=device),
            "normalized": self.stft.normalised,
        }

    def _split_bands(self, spectrum: Tensor) -> Tensor:
        """Features of each band, (B, T, bands, width)."""
        parts = torch.view_as_real(spectrum)
        features = [
            band(parts[:, :, start:stop].flatten(2))
            for band, (start, stop) in zip(self.bands, self.shape.bands, strict=True)
        ]
        return torch.stack(features, dim=2)

    def _transform(self, x: Tensor) -> Tensor:
        _, frames, bands, _ = x.shape
        time, frequency = (make_rotation(count, self.shape.head_width, x.device) for count in (frames, bands))
        earlier: list[Tensor] = []
        for module in self.blocks:
            block = cast(Block, module)
            if block.linear is not None:
                x = block.linear(x.flatten(1, 2), time).view_as(x)
            for one in earlier:
                x = x + one
            self._apply_in_parts(block.time, x.transpose(1, 2), time)
            self._apply_in_parts(block.frequency, x, frequency)
            if self.skips:
                earlier.append(x.clone())
        normed: Tensor = self.norm(x)
        return normed

    def _apply_in_parts(self, transformer: nn.Module, x: Tensor, rotation: Tensor) -> None:
        """In place, along the third axis of (B, others, positions, width)."""
        batch, _, positions, width = x.shape
        rows = CPU_ROWS if x.device.type == "cpu" else GPU_ROWS
        for part in torch.split(x, max(1, rows // (batch * positions)), dim=1):
            part.copy_(transformer(part.reshape(-1, positions, width), rotation).view(part.shape))

    def _estimate_mask(self, features: Tensor, stem: int) -> Tensor:
        """Complex mask of shape (B, T, bins, channels), the average where bands overlap."""
        shape = self.shape
        mask = features.new_zeros(*features.shape[:2], shape.bins, shape.channels, 2)
        bands_of_bin = features.new_zeros(shape.bins, 1, 1)
        estimators = cast(Iterable[nn.Sequential], self.masks[stem])
        for band, (estimator, (start, stop)) in enumerate(zip(estimators, shape.bands, strict=True)):
            estimate = estimator(features[:, :, band].to(cast(nn.Linear, estimator[0]).weight.dtype))
            part = mask[:, :, start:stop]
            part += estimate.view(part.shape)
            bands_of_bin[start:stop] += 1
        return torch.view_as_complex(mask / bands_of_bin)


def _make_mask_estimator(shape: RoformerShape, band: int) -> nn.Sequential:
    widths = [shape.width, *[shape.mask_width] * (shape.mask_layers - 1), 2 * shape.band_width(band)]
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.Tanh()]
    return nn.Sequential(*layers[:-1], nn.GLU())
