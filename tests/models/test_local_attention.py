"""Attention in blocks equals attention over everything with a mask."""

import pytest
import torch
from torch.nn import functional

from vc_core.models.local_attention import LocalAttentionBlock


@pytest.fixture(scope="module")
def block():
    torch.manual_seed(0)
    made = LocalAttentionBlock(24, heads=3, past=32, future=16)
    torch.nn.init.normal_(made.bias)
    return made


@pytest.mark.parametrize("frames", [1, 5, 63, 64, 65, 300])
@pytest.mark.parametrize("look_ahead", [None, 0, 1])
def test_blocks_equal_dense_attention_with_a_mask(block, frames, look_ahead):
    x = torch.randn(2, frames, 24)
    future = block.future if look_ahead is None else look_ahead
    query, key, value = block.query_key_value(block.attention_norm(x)).unflatten(2, (3, 3, -1)).permute(2, 0, 3, 1, 4)
    distance = torch.arange(frames)[None] - torch.arange(frames)[:, None]
    bias = block.bias[:, (distance + 32).clamp(0, 48)]
    bias = bias.masked_fill((distance < -32) | (distance > future), -torch.inf)
    dense = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
    torch.testing.assert_close(block._attend(query, key, value, future), dense, atol=1e-5, rtol=1e-4)


def test_gradients_are_finite(block):
    block(torch.randn(1, 10, 24)).square().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in block.parameters())
