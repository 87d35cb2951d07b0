"""RMVPE network: F0 of the singing voice in a full mix, as the likelihood of each pitch bin from a log mel.

After H. Wei et al., “RMVPE: a robust model for vocal pitch estimation in polyphonic music”, Interspeech 2023: a
deep U-Net of residual blocks, then a bidirectional GRU. Names and shapes of the layers are those of the published
checkpoint.
"""

from functools import cache
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

SAMPLE_RATE, HOP_SAMPLES, WINDOW_SAMPLES = 16_000, 160, 1024
MELS, PITCH_BINS = 128, 360
LOWEST_HZ, HIGHEST_HZ = 30.0, 8_000.0
FLOOR = 1e-5
WIDTH, DEPTH, BLOCKS = 16, 5, 4
FRAMES_DIVIDE_BY = 2**DEPTH
"""The U-Net halves time and frequency `DEPTH` times, so both must be divisible by this."""


@cache
def compute_mel_filters() -> Tensor:
    """Mel filterbank of shape (MELS, FFT bins)."""
    from librosa.filters import mel

    return torch.from_numpy(
        mel(sr=SAMPLE_RATE, n_fft=WINDOW_SAMPLES, n_mels=MELS, fmin=LOWEST_HZ, fmax=HIGHEST_HZ, htk=True)
    )


def compute_log_mel(samples: Tensor) -> Tensor:
    """(B, samples) at SAMPLE_RATE to (B, frames, MELS); frame k is centred on sample k · HOP_SAMPLES."""
    window = torch.hann_window(WINDOW_SAMPLES, device=samples.device)
    spectrum = torch.stft(
        samples, WINDOW_SAMPLES, HOP_SAMPLES, window=window, center=True, pad_mode="reflect", return_complex=True
    )
    return (compute_mel_filters().to(samples.device) @ spectrum.abs()).clamp_min(FLOOR).log().transpose(1, 2)


class ResidualBlock(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in (before, after):
            layers += [nn.Conv2d(width, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        self.conv = nn.Sequential(*layers)
        self.shortcut = nn.Conv2d(before, after, 1) if before != after else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.conv(x) + self.shortcut(x)
        return output


def _build_residual_blocks(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(*(ResidualBlock(before if at == 0 else after, after) for at in range(BLOCKS)))


class ResidualStack(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv = _build_residual_blocks(before, after)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)  # type: ignore[no-any-return]


class Encoder(nn.Module):
    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(1)
        self.layers = nn.ModuleList(ResidualStack(*pair) for pair in pairwise([1, *widths]))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Skip connections of each level before pooling, and last the pooled output of the deepest one."""
        skips, x = [], self.bn(x)
        for level in self.layers:
            skips.append(level(x))
            x = functional.avg_pool2d(skips[-1], 2)
        return [*skips, x]


class Bottleneck(nn.Module):
    def __init__(self, before: int, after: int, levels: int = 4) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(ResidualStack(before if at == 0 else after, after) for at in range(levels)))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)  # type: ignore[no-any-return]


class UpBlock(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        upsample = nn.ConvTranspose2d(before, after, 3, stride=2, padding=1, output_padding=1, bias=False)
        self.conv1 = nn.Sequential(upsample, nn.BatchNorm2d(after), nn.ReLU())
        self.conv2 = _build_residual_blocks(2 * after, after)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        return self.conv2(torch.cat([self.conv1(x), skip], dim=1))  # type: ignore[no-any-return]


class Decoder(nn.Module):
    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(UpBlock(*pair) for pair in pairwise(widths))

    def forward(self, x: Tensor, encoded: list[Tensor]) -> Tensor:
        for level, skip in zip(self.layers, reversed(encoded), strict=True):
            x = level(x, skip)
        return x


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        widths = [WIDTH << level for level in range(DEPTH)]
        deepest = WIDTH << DEPTH
        self.encoder = Encoder(widths)
        self.intermediate = Bottleneck(widths[-1], deepest)
        self.decoder = Decoder([deepest, *reversed(widths)])

    def forward(self, x: Tensor) -> Tensor:
        *encoded, deepest = self.encoder(x)
        return self.decoder(self.intermediate(deepest), encoded)  # type: ignore[no-any-return]


class BidirectionalGru(nn.Module):
    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.gru = nn.GRU(width, hidden, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.gru(x)[0]  # type: ignore[no-any-return]


class Rmvpe(nn.Module):
    """(B, frames, MELS), at least FRAMES_DIVIDE_BY - 1 frames, to pitch likelihoods (B, frames, PITCH_BINS)."""

    def __init__(self) -> None:
        super().__init__()
        self.unet = UNet()
        self.cnn = nn.Conv2d(WIDTH, 3, 3, padding=1)
        self.fc = nn.Sequential(BidirectionalGru(3 * MELS, 256), nn.Linear(512, PITCH_BINS))

    def forward(self, mels: Tensor) -> Tensor:
        frames = mels.shape[1]
        padded = functional.pad(mels.transpose(1, 2), (0, -frames % FRAMES_DIVIDE_BY), mode="reflect").transpose(1, 2)
        maps = self.cnn(self.unet(padded[:, None]))
        # Concatenate the bands of all channels in each frame.
        features = maps.transpose(1, 2).flatten(2)[:, : padded.shape[1]]
        return torch.sigmoid(self.fc(features))[:, :frames]
