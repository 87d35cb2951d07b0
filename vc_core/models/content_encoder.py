"""Content encoder: speaker-independent phonetic features (content units) from audio, at 100 frames per second.

The level is normalised first, so that neither a crescendo nor the distance of the microphone changes the features.
"""

from functools import cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from vc_core.models.local_attention import LocalAttentionBlock

Curve = npt.NDArray[np.float64]
SAMPLE_RATE = 16_000
HOP_SAMPLES = 160
"""10 ms; frame k is centred on sample k · HOP_SAMPLES."""
FRAMES_PER_SECOND = SAMPLE_RATE // HOP_SAMPLES
WINDOW_SAMPLES, BINS, MELS = 400, 201, 80
LINEAR_HZ, LINEAR_STEP, LOG_STEP = 1000.0, 200 / 3, np.log(6.4) / 27
"""Of Slaney's mel scale, which Whisper uses: linear up to 1 kHz, logarithmic above."""
CONTENT_UNITS = 96
WIDTH, HEADS, LAYERS = 384, 6, 3
PAST, FUTURE = 32, 16
"""Frames of 20 ms to which a layer attends."""
LOOK_AHEAD = (FUTURE,) * LAYERS
LEVEL = 0.09
"""RMS level of speech as Whisper knows it."""
MEL_FLOOR = 10**-5.6
QUIETEST_LOG_MEL = (np.log10(MEL_FLOOR) + 4) / 4
ENERGY_FLOOR = 1e-5
QUIETEST = 1e-4
"""Power relative to the loud frames; quieter frames are not amplified any further."""


def compute_frame_power(samples: Tensor) -> Tensor:
    """Mean power around each frame: (batch, samples) to (batch, frames)."""
    padded = functional.pad(samples, (WINDOW_SAMPLES // 2, WINDOW_SAMPLES // 2))
    return functional.avg_pool1d(padded[:, None] ** 2, WINDOW_SAMPLES, HOP_SAMPLES)[:, 0]


def compute_slow_levels(power: Tensor, spread_seconds: float = 0.3) -> Tensor:
    """Smoothed RMS level around each frame, following it from phrase to phrase; never 0."""
    reach = round(3 * spread_seconds * FRAMES_PER_SECOND)
    distance = torch.arange(-reach, reach + 1) / (spread_seconds * FRAMES_PER_SECOND)
    kernel = torch.exp(-0.5 * distance**2)[None, None]
    spread = functional.conv1d(power[:, None], kernel, padding=reach)[:, 0]
    around = functional.conv1d(torch.ones_like(power)[:, None], kernel, padding=reach)[:, 0]
    # Weighted with itself, so that silence doesn't count however much of it there is.
    loud = (power**2).sum(1, keepdim=True) / power.sum(1, keepdim=True).clamp_min(1e-20)
    return torch.maximum(spread / around, QUIETEST * loud).clamp_min(1e-16).sqrt()


def interpolate_to_samples(levels: Tensor, samples: int, hop_samples: int = HOP_SAMPLES) -> Tensor:
    """Values per frame, interpolated linearly to samples: (batch, frames) to (batch, samples)."""
    # One more frame, since the last samples lie after the last frame.
    longer = torch.cat([levels, levels[:, -1:]], dim=1)[:, None]
    size = (longer.shape[2] - 1) * hop_samples + 1
    return functional.interpolate(longer, size=size, mode="linear", align_corners=True)[:, 0, :samples]


def normalise_level(samples: Tensor) -> Tensor:
    """The audio with an RMS level of about 1 throughout, except in silence."""
    return samples / interpolate_to_samples(compute_slow_levels(compute_frame_power(samples)), samples.shape[1])


def compute_log_energy(normalised: Tensor) -> Tensor:
    """Log power around each frame of level-normalised audio: (batch, samples) to (batch, frames)."""
    return torch.log(compute_frame_power(normalised) + ENERGY_FLOOR)


def _mel_to_hertz(mel: Curve) -> Curve:
    """Slaney's scale: linear up to 1 kHz, logarithmic above."""
    return np.where(mel < 15, mel * LINEAR_STEP, LINEAR_HZ * np.exp(LOG_STEP * (mel - 15)))


@cache
@torch.inference_mode(False)  # what a converter has cached must serve training, too
def compute_mel_filters(warp: float = 1.0) -> Tensor:
    """Shape (BINS, MELS), bands of equal area; `warp` moves a band from f to f · `warp`."""
    highest = 15 + np.log(SAMPLE_RATE / 2 / LINEAR_HZ) / LOG_STEP
    edges = _mel_to_hertz(np.linspace(0, highest, MELS + 2))
    hertz = np.linspace(0, SAMPLE_RATE / 2, BINS)[:, None] / warp
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (hertz - low) / (middle - low), (high - hertz) / (high - middle)
    weights = np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)
    return torch.from_numpy(weights.astype(np.float32))


def compute_power_spectrum(samples: Tensor, padding: str = "constant") -> Tensor:
    """(batch, samples) to (batch, frames, BINS); `padding` is what stands before the beginning and after the end."""
    window = torch.hann_window(WINDOW_SAMPLES)
    padded = functional.pad(samples[:, None], (WINDOW_SAMPLES // 2, WINDOW_SAMPLES // 2), padding)[:, 0]
    spectrum = torch.stft(padded, WINDOW_SAMPLES, HOP_SAMPLES, window=window, center=False, return_complex=True)
    return spectrum.abs().square().transpose(1, 2)


def compute_log_mel(spectrum: Tensor, warp: float = 1.0) -> Tensor:
    """(batch, frames, bins) of level-normalised audio to (batch, frames, MELS), scaled as Whisper expects."""
    power = spectrum @ compute_mel_filters(warp)
    return (torch.log10(LEVEL**2 * power + MEL_FLOOR) + 4) / 4


class ContentEncoder(nn.Module):
    """Log mel (batch, frames, MELS) to content units (batch, frames, CONTENT_UNITS), each within ±1.

    Inside, a frame lasts 20 ms. The first frame of the audio must be an even one, so that windows agree.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv1d(MELS, WIDTH, 3, padding=1), nn.Conv1d(WIDTH, WIDTH, 3, 2, padding=1)
        self.offset = nn.Parameter(torch.zeros(WIDTH))
        self.blocks = nn.ModuleList(LocalAttentionBlock(WIDTH, HEADS, PAST, FUTURE) for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)
        self.last = nn.Linear(WIDTH, CONTENT_UNITS)

    def encode(self, mels: Tensor, look_ahead: tuple[int, ...] = LOOK_AHEAD) -> Tensor:
        """Content units at 50 frames per second; `look_ahead` is the number of future frames for each layer."""
        x = functional.gelu(self.second(functional.gelu(self.first(mels.transpose(1, 2)))))
        x = x.transpose(1, 2) + self.offset
        for block, frames in zip(self.blocks, look_ahead, strict=True):
            x = block(x, frames)
        return torch.tanh(self.last(self.norm(x)))

    def forward(self, mels: Tensor, look_ahead: tuple[int, ...] = LOOK_AHEAD) -> Tensor:
        units = self.encode(mels, look_ahead)
        between = (units + torch.cat([units[:, 1:], units[:, -1:]], 1)) / 2
        return torch.stack([units, between], 2).flatten(1, 2)[:, : mels.shape[1]]
