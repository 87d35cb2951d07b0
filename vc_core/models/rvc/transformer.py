"""Transformer of the RVC prior encoder, with relative positions after P. Shaw et al., NAACL 2018."""

from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional

from vc_core.models.rvc.shape import RvcShape


class ChannelNorm(nn.Module):
    """Layer norm over the channels of (B, C, frames)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x.transpose(1, 2), self.gamma.shape, self.gamma, self.beta).transpose(1, 2)


class RelativeAttention(nn.Module):
    """Self-attention with learned relative positions, which all heads share."""

    def __init__(self, channels: int, heads: int, reach: int) -> None:
        super().__init__()
        self.conv_q, self.conv_k = nn.Conv1d(channels, channels, 1), nn.Conv1d(channels, channels, 1)
        self.conv_v, self.conv_o = nn.Conv1d(channels, channels, 1), nn.Conv1d(channels, channels, 1)
        self.emb_rel_k = nn.Parameter(torch.zeros(1, 2 * reach + 1, channels // heads))
        self.emb_rel_v = nn.Parameter(torch.zeros(1, 2 * reach + 1, channels // heads))
        self._heads, self._reach = heads, reach

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, frames) to the same shape."""
        queries, keys, values = (
            layer(x).unflatten(1, (self._heads, -1)).transpose(2, 3)
            for layer in (self.conv_q, self.conv_k, self.conv_v)
        )
        queries = queries / sqrt(queries.shape[3])
        # With columns before the first and after the last frame, every row has all of its diagonals.
        padded = functional.pad(queries @ keys.transpose(2, 3), (self._reach, self._reach))
        self._diagonals(padded).add_(queries @ self.emb_rel_k[0].T)
        inside = slice(self._reach, self._reach + x.shape[2])
        shares = functional.pad(padded[..., inside].softmax(dim=3), (self._reach, self._reach))
        attended = shares[..., inside] @ values + self._diagonals(shares) @ self.emb_rel_v[0]
        output: Tensor = self.conv_o(attended.transpose(2, 3).flatten(1, 2))
        return output

    def _diagonals(self, padded: Tensor) -> Tensor:
        """The band around the diagonal as a view of shape (B, heads, frames, 2 · reach + 1)."""
        size = (*padded.shape[:3], 2 * self._reach + 1)
        first, second, row, column = padded.stride()
        return padded.as_strided(size, (first, second, row + column, column))


class FeedForward(nn.Module):
    def __init__(self, channels: int, inner: int, kernel: int) -> None:
        super().__init__()
        self.conv_1, self.conv_2 = nn.Conv1d(channels, inner, kernel), nn.Conv1d(inner, channels, kernel)
        self._padding = ((kernel - 1) // 2, kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        inner = torch.relu(self.conv_1(functional.pad(x, self._padding)))
        output: Tensor = self.conv_2(functional.pad(inner, self._padding))
        return output


class Transformer(nn.Module):
    def __init__(self, shape: RvcShape) -> None:
        super().__init__()
        width, count = shape.width, range(shape.layers)
        self.attn_layers = nn.ModuleList(RelativeAttention(width, shape.heads, shape.reach) for _ in count)
        self.ffn_layers = nn.ModuleList(FeedForward(width, shape.filter_width, shape.kernel) for _ in count)
        self.norm_layers_1 = nn.ModuleList(ChannelNorm(width) for _ in count)
        self.norm_layers_2 = nn.ModuleList(ChannelNorm(width) for _ in count)

    def forward(self, x: Tensor) -> Tensor:
        layers = zip(self.attn_layers, self.norm_layers_1, self.ffn_layers, self.norm_layers_2, strict=True)
        for attention, norm, feed_forward, last_norm in layers:
            x = norm(x + attention(x))
            x = last_norm(x + feed_forward(x))
        return x
