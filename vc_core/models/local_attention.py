"""Self-attention over a bounded neighbourhood with a learned bias for each distance (after P. Shaw et al., 2018).

The result for a frame doesn't depend on where the audio begins, so windows of a song agree.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

BLOCK_FRAMES = 64
MASKED = -1e4
"""Weight 0 after the softmax; with infinity, frames of padding that see nothing would become NaN."""


class LocalAttentionBlock(nn.Module):
    """A pre-norm transformer block; each frame attends to `past` frames before it and `future` after it."""

    def __init__(self, width: int, heads: int, past: int, future: int) -> None:
        super().__init__()
        self.heads, self.past, self.future = heads, past, future
        self.attention_norm, self.mlp_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.bias = nn.Parameter(torch.zeros(heads, past + 1 + future))

    def forward(self, x: Tensor, look_ahead: int | None = None) -> Tensor:
        """(batch, T, width) to the same shape; `look_ahead` may lower the number of frames after each."""
        query, key, value = self.project(x)
        return self.combine(x, self._attend(query, key, value, self.future if look_ahead is None else look_ahead))

    def project(self, x: Tensor) -> Tensor:
        """(batch, T, width) to queries, keys and values, (3, batch, heads, T, size)."""
        batch, frames, width = x.shape
        parts = self.query_key_value(self.attention_norm(x)).view(batch, frames, 3, self.heads, width // self.heads)
        return parts.permute(2, 0, 3, 1, 4)  # type: ignore[no-any-return]

    def combine(self, x: Tensor, attended: Tensor) -> Tensor:
        """The block's output from its input and what it attended to, (batch, heads, T, size)."""
        x = x + self.out(attended.transpose(1, 2).reshape(x.shape))
        added: Tensor = self.narrow(functional.gelu(self.wide(self.mlp_norm(x))))
        return x + added

    def get_bias(self, distance: Tensor, future: int) -> Tensor:
        """(heads, *distance.shape); MASKED outside of the neighbourhood."""
        bias = self.bias[:, (distance + self.past).clamp(0, self.past + self.future)]
        return torch.where((distance >= -self.past) & (distance <= future), bias, MASKED)

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, future: int) -> Tensor:
        """All of (batch, heads, T, size). Blocks of frames share their keys, so the cost is linear in T."""
        batch, heads, frames, size = query.shape
        blocks = -(-frames // BLOCK_FRAMES)
        missing = blocks * BLOCK_FRAMES - frames

        def split(x: Tensor, before: int, after: int) -> Tensor:
            padded = functional.pad(x, (0, 0, before, missing + after))
            windows = padded.unfold(2, before + BLOCK_FRAMES + after, BLOCK_FRAMES)
            return windows.permute(0, 2, 1, 4, 3).flatten(0, 1)

        keys, values = (split(x, self.past, self.future) for x in (key, value))
        bias = self._bias(frames, blocks, future).to(query.dtype).repeat(batch, 1, 1, 1)
        attended = functional.scaled_dot_product_attention(split(query, 0, 0), keys, values, attn_mask=bias)
        whole = attended.view(batch, blocks, heads, BLOCK_FRAMES, size).transpose(1, 2)
        return whole.reshape(batch, heads, -1, size)[:, :, :frames]

    def _bias(self, frames: int, blocks: int, future: int) -> Tensor:
        """(blocks, heads, query, key); MASKED outside of the neighbourhood and of the audio."""
        at = torch.arange(-self.past, BLOCK_FRAMES + self.future, device=self.bias.device)
        distance = at[None] - torch.arange(BLOCK_FRAMES, device=self.bias.device)[:, None]
        place = at + BLOCK_FRAMES * torch.arange(blocks, device=self.bias.device)[:, None]
        is_inside = ((place >= 0) & (place < frames))[:, None, None]
        return torch.where(is_inside, self.get_bias(distance, future), MASKED)
