"""Streaming form of the DDSP decoder and its filters: the same weights, causal, with states from block to block."""

from collections.abc import Iterable
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from vc_core.models import ddsp
from vc_core.models.streaming.encoder import StreamingConvolution

Signal = npt.NDArray[np.float32]
ROLL_OFF = 0.05
"""Below the highest frequency of the training, as a share of it."""


class StreamingDecoder:
    """Curves of each frame from its features and those before.

    The first convolution's weights for the next frame are applied to the present one, which costs no words and saves
    10 ms.
    """

    def __init__(self, decoder: ddsp.Decoder) -> None:
        self._decoder = decoder
        self._first = StreamingConvolution(_fold_future(decoder.first), 1)
        self._blocks: list[tuple[StreamingConvolution, Tensor, Tensor, nn.Conv1d]] = []
        for block in cast(Iterable[ddsp.ResidualBlock], decoder.blocks):
            scale, shift = block.code(decoder.code).chunk(2)
            wide = StreamingConvolution(block.wide, 2 * block.wide.dilation[0])
            self._blocks.append((wide, 1 + scale, shift, block.narrow))

    def feed(self, units: Tensor, hertz: Tensor, energy: Tensor) -> Tensor:
        """(n, CONTENT_UNITS), (n,) and (n,), as for `Decoder.forward`, to (2, n, CURVE_POINTS)."""
        x = self._first.feed(torch.cat([units, ddsp.compute_prosody(hertz, energy)], 1))
        for wide, scale, shift, narrow in self._blocks:
            normal = functional.layer_norm(x, x.shape[1:])
            x = x + _apply_pointwise(narrow, functional.gelu(wide.feed(normal * scale + shift)))
        curves = _apply_pointwise(self._decoder.last, functional.gelu(x))
        curves = curves.reshape(-1, 2, ddsp.CURVE_POINTS).transpose(0, 1)
        return curves.clamp(ddsp.LOWEST_LOG_GAIN, ddsp.HIGHEST_LOG_GAIN)


def _apply_pointwise(convolution: nn.Conv1d, x: Tensor) -> Tensor:
    """A convolution of kernel 1, for frames of channels."""
    return functional.linear(x, convolution.weight[:, :, 0], convolution.bias)


def _fold_future(convolution: nn.Conv1d) -> nn.Conv1d:
    """A convolution of kernel 3 to one of kernel 2, which takes the next frame to be as the present one."""
    folded = nn.Conv1d(convolution.in_channels, convolution.out_channels, 2)
    weight = convolution.weight
    folded.weight = nn.Parameter(torch.stack([weight[:, :, 0], weight[:, :, 1] + weight[:, :, 2]], 2), False)
    folded.bias = convolution.bias
    return folded


class StreamingRenderer:
    """As `ddsp.render`: pulses and noise through their curves by overlap-add, frame by frame.

    At another sample rate than the decoder was trained at, the sound stays the same, and nothing is above it.
    """

    def __init__(self, sample_rate: int, trained_rate: int) -> None:
        self._sample_rate, self._hop = sample_rate, ddsp.compute_hop(sample_rate)
        self._size = 2 ** (4 * self._hop - 1).bit_length()
        self._window = torch.hann_window(2 * self._hop)
        self._gains = _compute_band_gains(sample_rate, trained_rate, self._size)
        self._sources = torch.zeros(2, self._hop)  # from one hop before the next frame's centre on
        self._tail: Signal = np.zeros(self._size - self._hop, np.float32)  # sums that lack the next frames
        self._is_first = True

    def feed(self, curves: Tensor, sources: Tensor, formant_ratio: float = 1.0) -> Signal:
        """(2, n, CURVE_POINTS) and the next n hops of sources, (2, n · hop), to the samples up to the last frame.

        The sources end one hop behind the last frame's centre. The first frame of the stream completes no samples.
        """
        frames, hop, rate, size = curves.shape[1], self._hop, self._sample_rate, self._size
        if not frames:
            return np.zeros(0, np.float32)
        sources = torch.cat([self._sources, sources], 1)
        self._sources = sources[:, -hop:]
        magnitude = self._gains * torch.exp(curves @ ddsp.compute_bin_weights(rate, size, formant_ratio))
        response = torch.polar(magnitude, curves @ ddsp.compute_phase_weights(rate, size, formant_ratio))
        spectra = torch.fft.rfft(sources.unfold(1, 2 * hop, hop) * self._window, size)
        filtered = torch.fft.irfft((spectra * response).sum(0), size).numpy()
        sums = np.concatenate([self._tail, np.zeros(frames * hop, np.float32)])
        for frame, samples in enumerate(filtered):
            sums[frame * hop : frame * hop + size] += samples
        done, self._tail = sums[: frames * hop], sums[frames * hop :]
        if self._is_first:  # before the centre of the first frame there is no audio
            self._is_first, done = False, done[hop:]
        return done


def _compute_band_gains(sample_rate: int, trained_rate: int, fft_size: int) -> Tensor:
    """For each bin: the sources have their power spread over the whole band, and curves end at the trained one."""
    if sample_rate == trained_rate:
        return torch.ones(fft_size // 2 + 1)
    share = torch.arange(fft_size // 2 + 1) * (sample_rate / fft_size) / (trained_rate / 2)
    fade = ((1 - share) / ROLL_OFF).clamp(0, 1)
    gains: Tensor = (sample_rate / trained_rate) ** 0.5 * torch.sin(fade * torch.pi / 2) ** 2
    return gains
