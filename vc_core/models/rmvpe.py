"""RMVPE: from log-mel bands of a song, music and all, how likely each pitch of its singer is.

After H. Wei et al., “RMVPE: a robust model for vocal pitch estimation in polyphonic music”, Interspeech 2023: a
deep U-Net of residual blocks, then a recurrent layer that hears the song from both ends. Names and shapes of the
layers are those of the published checkpoint, so that it fits.
"""

from functools import cache
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

RATE, HOP, FRAME = 16_000, 160, 1024
MELS, BINS = 128, 360
LOWEST_HZ, HIGHEST_HZ = 30.0, 8_000.0
FLOOR = 1e-5
WIDTH, DEPTH, BLOCKS = 16, 5, 4
STEP = 2**DEPTH
"""The network halves moments and bands so many times that both must be divisible by this."""


@cache
def mel_bands() -> Tensor:
    """Weights of shape (MELS, bins of the spectrum)."""
    from librosa.filters import mel

    return torch.from_numpy(mel(sr=RATE, n_fft=FRAME, n_mels=MELS, fmin=LOWEST_HZ, fmax=HIGHEST_HZ, htk=True))


def log_mel(samples: Tensor) -> Tensor:
    """(batch, frames) at RATE gives (batch, moments, MELS); moment k lies at frame k · HOP."""
    window = torch.hann_window(FRAME, device=samples.device)
    spectrum = torch.stft(samples, FRAME, HOP, window=window, center=True, pad_mode="reflect", return_complex=True)
    return (mel_bands().to(samples.device) @ spectrum.abs()).clamp_min(FLOOR).log().transpose(1, 2)


class Residual(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in (before, after):
            layers += [nn.Conv2d(width, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        self.conv = nn.Sequential(*layers)
        self.shortcut = nn.Conv2d(before, after, 1) if before != after else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = self.conv(x) + self.shortcut(x)
        return changed


def _residuals(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(*(Residual(before if at == 0 else after, after) for at in range(BLOCKS)))


class Level(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv = _residuals(before, after)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)  # type: ignore[no-any-return]


class Encoder(nn.Module):
    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(1)
        self.layers = nn.ModuleList(Level(*pair) for pair in pairwise([1, *widths]))

    def forward(self, x: Tensor) -> list[Tensor]:
        """What each level gives before it is halved, and last of all what goes further down."""
        given, x = [], self.bn(x)
        for level in self.layers:
            given.append(level(x))
            x = functional.avg_pool2d(given[-1], 2)
        return [*given, x]


class Middle(nn.Module):
    def __init__(self, before: int, after: int, levels: int = 4) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(Level(before if at == 0 else after, after) for at in range(levels)))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)  # type: ignore[no-any-return]


class Rise(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        doubled = nn.ConvTranspose2d(before, after, 3, stride=2, padding=1, output_padding=1, bias=False)
        self.conv1 = nn.Sequential(doubled, nn.BatchNorm2d(after), nn.ReLU())
        self.conv2 = _residuals(2 * after, after)

    def forward(self, x: Tensor, beside: Tensor) -> Tensor:
        return self.conv2(torch.cat([self.conv1(x), beside], dim=1))  # type: ignore[no-any-return]


class Decoder(nn.Module):
    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Rise(*pair) for pair in pairwise(widths))

    def forward(self, x: Tensor, encoded: list[Tensor]) -> Tensor:
        for level, beside in zip(self.layers, reversed(encoded), strict=True):
            x = level(x, beside)
        return x


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        widths = [WIDTH << level for level in range(DEPTH)]
        deepest = WIDTH << DEPTH
        self.encoder = Encoder(widths)
        self.intermediate = Middle(widths[-1], deepest)
        self.decoder = Decoder([deepest, *reversed(widths)])

    def forward(self, x: Tensor) -> Tensor:
        *encoded, deepest = self.encoder(x)
        return self.decoder(self.intermediate(deepest), encoded)  # type: ignore[no-any-return]


class BothWays(nn.Module):
    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.gru = nn.GRU(width, hidden, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.gru(x)[0]  # type: ignore[no-any-return]


class Rmvpe(nn.Module):
    """(batch, moments, MELS), any number of moments from STEP - 1 up, gives (batch, moments, BINS), each 0 to 1."""

    def __init__(self) -> None:
        super().__init__()
        self.unet = UNet()
        self.cnn = nn.Conv2d(WIDTH, 3, 3, padding=1)
        self.fc = nn.Sequential(BothWays(3 * MELS, 256), nn.Linear(512, BINS))

    def forward(self, mels: Tensor) -> Tensor:
        moments = mels.shape[1]
        padded = functional.pad(mels.transpose(1, 2), (0, -moments % STEP), mode="reflect").transpose(1, 2)
        seen = self.cnn(self.unet(padded[:, None]))
        # The channels' bands one behind the other, at each moment.
        heard = seen.transpose(1, 2).flatten(2)[:, : padded.shape[1]]
        return torch.sigmoid(self.fc(heard))[:, :moments]
