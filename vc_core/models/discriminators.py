"""Judges that tell a voice from its imitation: over several periods (HiFi-GAN) and several spectra (UnivNet).

Far narrower than in those papers, so that a CPU can train against them.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

PERIODS = (2, 3, 5, 7)
SPECTRA = (512, 1024, 2048)
SLOPE = 0.1
Verdict = tuple[Tensor, list[Tensor]]
"""1 where it sounds real and 0 where not, and what was seen on the way there."""


class _Judge(nn.Module):
    """Convolutions over a picture of the sound."""

    def __init__(self, channels: tuple[int, ...], kernel: tuple[int, int], stride: tuple[int, int]) -> None:
        super().__init__()
        padding = (kernel[0] // 2, kernel[1] // 2)
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(before, after, kernel, stride, padding)) for before, after in pairwise(channels)
        )
        across = min(kernel[1], 3)
        self.last = weight_norm(nn.Conv2d(channels[-1], 1, (3, across), padding=(1, across // 2)))

    def judge(self, picture: Tensor) -> Verdict:
        seen = []
        for layer in self.layers:
            picture = functional.leaky_relu(layer(picture), SLOPE)
            seen.append(picture)
        verdict: Tensor = self.last(picture)
        return verdict, seen


class PeriodJudge(_Judge):
    """Sees the sound in rows of so many frames, each column by itself."""

    def __init__(self, period: int, width: int) -> None:
        super().__init__((1, width, 2 * width, 4 * width, 4 * width), (5, 1), (3, 1))
        self._period = period

    def forward(self, sound: Tensor) -> Verdict:
        rows = functional.pad(sound, (0, -sound.shape[1] % self._period))
        return self.judge(rows.reshape(len(sound), 1, -1, self._period))


class SpectrumJudge(_Judge):
    """Sees the logarithm of a spectrum, finely or coarsely."""

    window: Tensor

    def __init__(self, size: int, width: int) -> None:
        super().__init__((1, width, 2 * width, 2 * width), (3, 5), (1, 3))
        self._size = size
        self.register_buffer("window", torch.hann_window(size), persistent=False)

    def forward(self, sound: Tensor) -> Verdict:
        hop = self._size // 4
        spectrum = torch.stft(sound, self._size, hop, window=self.window, center=False, return_complex=True)
        power = torch.view_as_real(spectrum).square().sum(-1) / self._size
        return self.judge(torch.log(power + 1e-5).transpose(1, 2)[:, None] / 4)


class Discriminators(nn.Module):
    """(batch, frames) gives the verdict of each."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.judges = nn.ModuleList(
            [*(PeriodJudge(period, width) for period in PERIODS), *(SpectrumJudge(size, width) for size in SPECTRA)]
        )

    def forward(self, sound: Tensor) -> list[Verdict]:
        return [judge(sound) for judge in self.judges]


def judging_loss(real: list[Verdict], imitated: list[Verdict]) -> Tensor:
    """Least squares: 1 for what is real, 0 for what is not."""
    losses = [(1 - verdict).square().mean() for verdict, _ in real] + [v.square().mean() for v, _ in imitated]
    return 2 * torch.stack(losses).mean()


def deceiving_loss(imitated: list[Verdict]) -> Tensor:
    return torch.stack([(1 - verdict).square().mean() for verdict, _ in imitated]).mean()


def feature_distance(real: list[Verdict], imitated: list[Verdict]) -> Tensor:
    """How differently the judges see both; beside how much there is to see."""
    distances = [
        (mine.detach() - other).abs().mean() / mine.detach().abs().mean().clamp_min(1e-3)
        for (_, mines), (_, others) in zip(real, imitated, strict=True)
        for mine, other in zip(mines, others, strict=True)
    ]
    return torch.stack(distances).mean()
