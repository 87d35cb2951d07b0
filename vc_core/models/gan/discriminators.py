"""GAN discriminators of waveforms, multi-period (HiFi-GAN) and multi-resolution spectrogram (UnivNet), with losses.

Far narrower than in those papers, so that a CPU can train against them.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

PERIODS = (2, 3, 5, 7)
FFT_SIZES = (512, 1024, 2048)
SLOPE = 0.1
DiscriminatorOutput = tuple[Tensor, list[Tensor]]
"""Scores, 1 where the input sounds real and 0 where it sounds generated, and the feature maps of each layer."""


class _Discriminator(nn.Module):
    """2-D convolutions with weight norm."""

    def __init__(self, channels: tuple[int, ...], kernel: tuple[int, int], stride: tuple[int, int]) -> None:
        super().__init__()
        padding = (kernel[0] // 2, kernel[1] // 2)
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(before, after, kernel, stride, padding)) for before, after in pairwise(channels)
        )
        across = min(kernel[1], 3)
        self.last = weight_norm(nn.Conv2d(channels[-1], 1, (3, across), padding=(1, across // 2)))

    def score(self, image: Tensor) -> DiscriminatorOutput:
        """An image of shape (B, 1, rows, columns)."""
        features = []
        for layer in self.layers:
            image = functional.leaky_relu(layer(image), SLOPE)
            features.append(image)
        scores: Tensor = self.last(image)
        return scores, features


class PeriodDiscriminator(_Discriminator):
    """Folds the waveform into rows of one period; its kernels span a single column."""

    def __init__(self, period: int, width: int) -> None:
        super().__init__((1, width, 2 * width, 4 * width, 4 * width), (5, 1), (3, 1))
        self._period = period

    def forward(self, waveform: Tensor) -> DiscriminatorOutput:
        rows = functional.pad(waveform, (0, -waveform.shape[1] % self._period))
        return self.score(rows.reshape(len(waveform), 1, -1, self._period))


class SpectrumDiscriminator(_Discriminator):
    """Scores a log power spectrogram at one FFT size."""

    window: Tensor

    def __init__(self, fft_size: int, width: int) -> None:
        super().__init__((1, width, 2 * width, 2 * width), (3, 5), (1, 3))
        self._fft_size = fft_size
        self.register_buffer("window", torch.hann_window(fft_size), persistent=False)

    def forward(self, waveform: Tensor) -> DiscriminatorOutput:
        hop = self._fft_size // 4
        spectrum = torch.stft(waveform, self._fft_size, hop, window=self.window, center=False, return_complex=True)
        power = torch.view_as_real(spectrum).square().sum(-1) / self._fft_size
        return self.score(torch.log(power + 1e-5).transpose(1, 2)[:, None] / 4)


class Discriminators(nn.Module):
    """All of them on the same waveforms of shape (B, samples); without `periods`, those of the spectrogram alone."""

    def __init__(self, width: int = 8, periods: tuple[int, ...] = PERIODS) -> None:
        super().__init__()
        # Saved runs hold these tensors as `judges.…`.
        self.judges = nn.ModuleList(
            [
                *(PeriodDiscriminator(period, width) for period in periods),
                *(SpectrumDiscriminator(size, width) for size in FFT_SIZES),
            ]
        )

    def forward(self, waveform: Tensor) -> list[DiscriminatorOutput]:
        return [discriminator(waveform) for discriminator in self.judges]


def compute_discriminator_loss(real: list[DiscriminatorOutput], generated: list[DiscriminatorOutput]) -> Tensor:
    """Least-squares GAN loss of the discriminators: targets are 1 for real and 0 for generated."""
    losses = [(1 - scores).square().mean() for scores, _ in real]
    losses += [scores.square().mean() for scores, _ in generated]
    return 2 * torch.stack(losses).mean()


def compute_adversarial_loss(generated: list[DiscriminatorOutput]) -> Tensor:
    """Least-squares GAN loss of the generator: how far it is from fooling the discriminators."""
    return torch.stack([(1 - scores).square().mean() for scores, _ in generated]).mean()


def compute_feature_matching_loss(real: list[DiscriminatorOutput], generated: list[DiscriminatorOutput]) -> Tensor:
    """Feature matching: mean distance of the discriminators' feature maps, relative to their size."""
    distances = [
        (ours.detach() - theirs).abs().mean() / ours.detach().abs().mean().clamp_min(1e-3)
        for (_, real_features), (_, generated_features) in zip(real, generated, strict=True)
        for ours, theirs in zip(real_features, generated_features, strict=True)
    ]
    return torch.stack(distances).mean()
