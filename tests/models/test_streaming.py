"""The streaming networks give what the whole-song forms give, for any division into blocks."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from vc_core.models import ddsp
from vc_core.models.content_encoder import CONTENT_UNITS, MELS
from vc_core.models.streaming.decoder import StreamingDecoder, StreamingRenderer
from vc_core.models.streaming.encoder import StreamingEncoder
from vc_core.voices.instant_weights import load_content_encoder, load_decoder

FRAMES = 240


def divide(total: int, seed: int) -> list[slice]:
    """Consecutive slices of 0 to 9 frames."""
    generator, at, found = np.random.default_rng(seed), 0, []
    while at < total:
        step = int(generator.integers(0, 10))
        found.append(slice(at, at + step))
        at += step
    return found


def random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("look_ahead", [(0, 0, 0), (1, 0, 0), (1, 1, 0), (16, 16, 16)])
def test_the_streaming_encoder_equals_the_encoder_with_that_look_ahead(look_ahead):
    encoder, mels = load_content_encoder(), 0.5 * random(FRAMES, MELS)
    with torch.inference_mode():
        whole = encoder.encode(mels[None], look_ahead)[0]
        streaming = StreamingEncoder(encoder, look_ahead)
        made = torch.cat([streaming.feed(mels[part]) for part in divide(FRAMES, 0)])
    assert len(made) == len(whole) - 1 - sum(look_ahead)
    torch.testing.assert_close(made, whole[: len(made)], atol=1e-4, rtol=0)


def compute_causal_curves(decoder: ddsp.Decoder, units, hertz, energy) -> torch.Tensor:
    """By whole convolutions with padding on the left alone."""
    voiced = (hertz > 0).float()
    prosody = torch.stack([voiced, torch.log2(hertz.clamp_min(1) / 200) * voiced, energy / 4, energy.exp().sqrt()])
    x = torch.cat([units.T, prosody])[None]
    weight = decoder.first.weight
    folded = torch.stack([weight[:, :, 0], weight[:, :, 1] + weight[:, :, 2]], 2)
    x = functional.conv1d(functional.pad(x, (1, 0)), folded, decoder.first.bias)
    for block in decoder.blocks:
        scale, shift = block.code(decoder.code)[None, :, None].chunk(2, dim=1)
        normal = functional.layer_norm(x.transpose(1, 2), x.shape[1:2]).transpose(1, 2)
        dilation = block.wide.dilation[0]
        padded = functional.pad(normal * (1 + scale) + shift, (2 * dilation, 0))
        wide = functional.conv1d(padded, block.wide.weight, block.wide.bias, dilation=dilation)
        x = x + block.narrow(functional.gelu(wide))
    curves = decoder.last(functional.gelu(x)).reshape(2, ddsp.CURVE_POINTS, -1).transpose(1, 2)
    return curves.clamp(ddsp.LOWEST_LOG_GAIN, ddsp.HIGHEST_LOG_GAIN)


def test_the_streaming_decoder_equals_causal_convolutions():
    decoder, units, energy = load_decoder().eval(), random(FRAMES, CONTENT_UNITS).tanh(), random(FRAMES)
    hertz = torch.where(random(FRAMES) > 0, 200 + 50 * random(FRAMES), torch.zeros(FRAMES)).clamp_min(0)
    with torch.inference_mode():
        whole, streaming = compute_causal_curves(decoder, units, hertz, energy), StreamingDecoder(decoder)
        parts = [streaming.feed(units[part], hertz[part], energy[part]) for part in divide(FRAMES, 1)]
    torch.testing.assert_close(torch.cat(parts, 1), whole, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("sample_rate", [24_000, 44_100])
def test_the_streaming_renderer_equals_render(sample_rate):
    hop = ddsp.compute_hop(sample_rate)
    sources, curves = random(2, FRAMES * hop), random(2, FRAMES, ddsp.CURVE_POINTS) - 2
    whole = ddsp.render(curves[None], sources[None], sample_rate, 1.1)[0]
    streaming = StreamingRenderer(sample_rate, sample_rate)
    parts = [
        streaming.feed(curves[:, part], sources[:, part.start * hop : part.stop * hop], 1.1)
        for part in divide(FRAMES, 2)
    ]
    made = np.concatenate(parts)
    assert len(made) == (FRAMES - 1) * hop
    np.testing.assert_allclose(made, whole[: len(made)], atol=1e-4 * float(whole.abs().max()))
