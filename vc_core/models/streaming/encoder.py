"""Streaming content encoder: the same weights, with convolution states and key/value caches from block to block.

The output equals that of `ContentEncoder.encode` with the same look-ahead, for any division into blocks.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from vc_core.models.content_encoder import ContentEncoder
from vc_core.models.local_attention import LocalAttentionBlock


class StreamingConvolution:
    """A `Conv1d` whose input arrives in blocks, as frames of channels; `left` zeros stand before the first frame."""

    def __init__(self, convolution: nn.Conv1d, left: int) -> None:
        self._kernel, self._stride = convolution.kernel_size[0], convolution.stride[0]
        self._dilation = convolution.dilation[0]
        # For one or two frames, a product with the flat weights takes a third of the time of `conv1d`.
        self._weight, self._bias = convolution.weight.permute(0, 2, 1).flatten(1).contiguous(), convolution.bias
        self._inputs = torch.zeros(left, convolution.in_channels)

    def feed(self, x: Tensor) -> Tensor:
        """(n, channels) to the output frames that are complete, (m, channels)."""
        self._inputs = torch.cat([self._inputs, x])
        span = self._dilation * (self._kernel - 1) + 1
        frames = max(0, (len(self._inputs) - span) // self._stride + 1)
        reach = max(0, (frames - 1) * self._stride + 1)
        starts = range(0, span, self._dilation)
        taps = torch.cat([self._inputs[at : at + reach : self._stride] for at in starts], 1)
        self._inputs = self._inputs[frames * self._stride :]
        return functional.linear(taps, self._weight, self._bias)


class StreamingAttentionBlock:
    """A `LocalAttentionBlock` with the keys and values of the last frames."""

    def __init__(self, block: LocalAttentionBlock, look_ahead: int) -> None:
        self._block, self._look_ahead = block, look_ahead
        self._keys, self._values = torch.zeros(2, 1, block.heads, 0, block.out.in_features // block.heads)
        self._queries, self._waiting = self._keys, torch.zeros(1, 0, block.out.in_features)
        self._bias_shape, self._last_bias = (0, 0, 0), torch.zeros(0)

    def feed(self, x: Tensor) -> Tensor:
        """(1, n, width) to the frames whose future is known, (1, m, width)."""
        block, (query, key, value) = self._block, self._block.project(x)
        self._keys, self._values = torch.cat([self._keys, key], 2), torch.cat([self._values, value], 2)
        self._queries, self._waiting = torch.cat([self._queries, query], 2), torch.cat([self._waiting, x], 1)
        ready = max(0, self._waiting.shape[1] - self._look_ahead)
        if not ready:
            return self._waiting[:, :0]
        bias = self._bias(ready)
        attended = functional.scaled_dot_product_attention(
            self._queries[:, :, :ready], self._keys, self._values, attn_mask=bias
        )
        made = block.combine(self._waiting[:, :ready], attended)
        self._waiting, self._queries = self._waiting[:, ready:], self._queries[:, :, ready:]
        kept = block.past + self._waiting.shape[1]
        self._keys, self._values = self._keys[:, :, -kept:], self._values[:, :, -kept:]
        return made

    def _bias(self, ready: int) -> Tensor:
        """(heads, ready, keys); MASKED outside of the neighbourhood."""
        shape = (self._keys.shape[2], self._waiting.shape[1], ready)
        if shape != self._bias_shape:  # in a stream of equal blocks it soon stays the same
            self._bias_shape, self._last_bias = shape, self._compute_bias(*shape)
        return self._last_bias

    def _compute_bias(self, keys: int, waiting: int, ready: int) -> Tensor:
        first = keys - waiting  # the first query's frame among the keys
        distance = torch.arange(keys)[None] - torch.arange(first, first + ready)[:, None]
        return self._block.get_bias(distance, self._look_ahead)


class StreamingEncoder:
    """Log mel at 100 frames per second to content units at 50, as soon as they are known."""

    def __init__(self, encoder: ContentEncoder, look_ahead: tuple[int, ...]) -> None:
        self._encoder = encoder
        self._first, self._second = StreamingConvolution(encoder.first, 1), StreamingConvolution(encoder.second, 1)
        self._blocks = [
            StreamingAttentionBlock(block, frames)  # type: ignore[arg-type]
            for block, frames in zip(encoder.blocks, look_ahead, strict=True)
        ]

    def feed(self, mels: Tensor) -> Tensor:
        """(n, MELS) to (m, CONTENT_UNITS)."""
        encoder = self._encoder
        x = functional.gelu(self._second.feed(functional.gelu(self._first.feed(mels))))
        x = (x + encoder.offset)[None]
        for block in self._blocks:
            if not x.shape[1]:
                break
            x = block.feed(x)
        return torch.tanh(encoder.last(encoder.norm(x)))[0]
