"""Transformers of the RoFormers: pre-norm attention with rotary embedding and gated heads, and linear attention.

Weights may be bfloat16 or half precision; the residual stream and the norms are float32.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

ROTARY_BASE = 10_000.0
LINEAR_SCALE = 8.0


class RmsNorm(nn.Module):
    """To the norm sqrt(width), times a learned gain."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        # Not functional.rms_norm: its epsilon is added, which changes quiet bands.
        normed: Tensor = functional.normalize(x, dim=-1) * (self.gamma * len(self.gamma) ** 0.5)
        return normed


def make_rotation(positions: int, head_width: int, device: torch.device) -> Tensor:
    """Complex factors of the rotary position embedding (J. Su et al., 2021), shape (positions, head_width / 2)."""
    frequencies = ROTARY_BASE ** (-torch.arange(0, head_width, 2, device=device) / head_width)
    angles = torch.outer(torch.arange(positions, device=device), frequencies)
    return torch.polar(torch.ones_like(angles), angles)


def rotate(x: Tensor, rotation: Tensor) -> Tensor:
    """Rotate neighbouring pairs of (batch, positions, …, head_width) by their position."""
    pairs = torch.view_as_complex(x.float().reshape(*x.shape[:-1], -1, 2))
    factors = rotation.view(len(rotation), *[1] * (x.ndim - 3), -1)
    return torch.view_as_real(pairs * factors).flatten(-2).to(x.dtype)


class Attention(nn.Module):
    """Softmax attention over all positions; each head has a gate."""

    def __init__(self, width: int, heads: int, head_width: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = RmsNorm(width)
        self.query_key_value = nn.Linear(width, 3 * heads * head_width, bias=False)
        self.gates = nn.Linear(width, heads)
        self.out = nn.Linear(heads * head_width, width, bias=False)

    def forward(self, x: Tensor, rotation: Tensor) -> Tensor:
        """(batch, positions, width) to the same shape."""
        normed = self.norm(x).to(self.out.weight.dtype)
        parts = self.query_key_value(normed).view(*x.shape[:2], 3, self.heads, -1)
        query, key = rotate(parts[:, :, :2], rotation).transpose(1, 3).unbind(2)
        attended = functional.scaled_dot_product_attention(query, key, parts[:, :, 2].transpose(1, 2))
        gated = attended.transpose(1, 2) * self.gates(normed).sigmoid()[..., None]
        out: Tensor = self.out(gated.flatten(-2))
        return out


class LinearAttention(nn.Module):
    """Attention between channels instead of positions (XCiT, A. El-Nouby et al., 2021), whose cost is linear."""

    def __init__(self, width: int, heads: int, head_width: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = RmsNorm(width)
        self.temperature = nn.Parameter(torch.zeros(heads, 1, 1))
        self.query_key_value = nn.Linear(width, 3 * heads * head_width, bias=False)
        self.out = nn.Linear(heads * head_width, width, bias=False)

    def forward(self, x: Tensor, rotation: Tensor) -> Tensor:
        """(batch, positions, width) to the same shape; it has no use for positions."""
        normed = self.norm(x).to(self.out.weight.dtype)
        parts = self.query_key_value(normed).view(*x.shape[:2], 3, self.heads, -1)
        query, key, value = parts.float().permute(2, 0, 3, 4, 1)  # each (batch, heads, head_width, positions)
        query, key = functional.normalize(query, dim=-1), functional.normalize(key, dim=-1)
        similarity = (query * self.temperature.exp()) @ key.transpose(-1, -2) * LINEAR_SCALE
        attended = similarity.softmax(dim=-1) @ value
        out: Tensor = self.out(attended.permute(0, 3, 1, 2).flatten(-2).to(self.out.weight.dtype))
        return out


class FeedForward(nn.Module):
    def __init__(self, width: int, inner_width: int) -> None:
        super().__init__()
        self.norm = RmsNorm(width)
        self.wide, self.narrow = nn.Linear(width, inner_width), nn.Linear(inner_width, width)

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = self.narrow(functional.gelu(self.wide(self.norm(x).to(self.wide.weight.dtype))))
        return added


class Transformer(nn.Module):
    def __init__(self, attentions: Sequence[nn.Module], width: int, inner_width: int, *, has_norm: bool) -> None:
        super().__init__()
        self.attentions = nn.ModuleList(attentions)
        self.feed_forwards = nn.ModuleList(FeedForward(width, inner_width) for _ in attentions)
        self.norm = RmsNorm(width) if has_norm else nn.Identity()

    def forward(self, x: Tensor, rotation: Tensor) -> Tensor:
        """(batch, positions, width) to the same shape."""
        for attention, feed_forward in zip(self.attentions, self.feed_forwards, strict=True):
            x = x + attention(x, rotation)
            x = x + feed_forward(x)
        normed: Tensor = self.norm(x)
        return normed
