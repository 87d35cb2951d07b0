"""ContentVec (HuBERT): speaker-independent content features from 16 kHz audio, 50 frames per second.

W.-N. Hsu et al., “HuBERT”, IEEE/ACM TASLP 2021; K. Qian et al., “ContentVec”, ICML 2022. Rewritten with
the tensor names of the published checkpoint: the usual package takes longer to import than a song takes to convert.
"""

from torch import Tensor, nn
from torch.nn import functional

SAMPLE_RATE = 16_000
HOP_SAMPLES = 320
RECEPTIVE_FIELD_SAMPLES = 400
"""Receptive field of the convolutions, so the shortest input of one frame."""
WIDTH, CHANNELS, HEADS, FEED_FORWARD_WIDTH = 768, 512, 12, 3072
CONVOLUTIONS = ((10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2))
"""Kernel and stride of each."""
POSITION_KERNEL, POSITION_GROUPS = 128, 16
PROJECTED_WIDTH = 256


class Convolution(nn.Module):
    def __init__(self, channels: int, kernel: int, stride: int, *, is_first: bool) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, CHANNELS, kernel, stride, bias=False)
        self.layer_norm = nn.GroupNorm(CHANNELS, CHANNELS) if is_first else None

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return functional.gelu(x if self.layer_norm is None else self.layer_norm(x))


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.q_proj, self.k_proj = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.v_proj, self.out_proj = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, frames: Tensor) -> Tensor:
        def split_heads(projected: Tensor) -> Tensor:
            return projected.view(*projected.shape[:2], HEADS, -1).transpose(1, 2)

        queries, keys, values = (split_heads(layer(frames)) for layer in (self.q_proj, self.k_proj, self.v_proj))
        attended = functional.scaled_dot_product_attention(queries, keys, values)
        projected: Tensor = self.out_proj(attended.transpose(1, 2).flatten(2))
        return projected


class FeedForward(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.intermediate_dense = nn.Linear(WIDTH, FEED_FORWARD_WIDTH)
        self.output_dense = nn.Linear(FEED_FORWARD_WIDTH, WIDTH)

    def forward(self, frames: Tensor) -> Tensor:
        output: Tensor = self.output_dense(functional.gelu(self.intermediate_dense(frames)))
        return output


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention, self.feed_forward = Attention(), FeedForward()
        self.layer_norm, self.final_layer_norm = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)

    def forward(self, frames: Tensor) -> Tensor:
        frames = self.layer_norm(frames + self.attention(frames))
        output: Tensor = self.final_layer_norm(frames + self.feed_forward(frames))
        return output


class Extractor(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        channels = [1] + [CHANNELS] * (len(CONVOLUTIONS) - 1)
        self.conv_layers = nn.Sequential(
            *(
                Convolution(before, kernel, stride, is_first=at == 0)
                for at, (before, (kernel, stride)) in enumerate(zip(channels, CONVOLUTIONS, strict=True))
            )
        )


class Projection(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer_norm, self.projection = nn.LayerNorm(CHANNELS), nn.Linear(CHANNELS, WIDTH)


class PositionalConvolution(nn.Module):
    """Convolutional position embedding: (B, frames, WIDTH) to the same shape."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(WIDTH, WIDTH, POSITION_KERNEL, padding=POSITION_KERNEL // 2, groups=POSITION_GROUPS)

    def forward(self, frames: Tensor) -> Tensor:
        # An even kernel yields one frame too many.
        return functional.gelu(self.conv(frames.transpose(1, 2))[..., :-1]).transpose(1, 2)


class Encoder(nn.Module):
    def __init__(self, layers: int) -> None:
        super().__init__()
        self.pos_conv_embed, self.layer_norm = PositionalConvolution(), nn.LayerNorm(WIDTH)
        self.layers = nn.Sequential(*(Layer() for _ in range(layers)))

    def forward(self, frames: Tensor) -> Tensor:
        output: Tensor = self.layers(self.layer_norm(frames + self.pos_conv_embed(frames)))
        return output


class ContentVec(nn.Module):
    """12 layers for newer voices (vec768l12); 9 layers and the projection for older ones (vec256l9)."""

    def __init__(self, layers: int = 12, *, is_projected: bool = False) -> None:
        super().__init__()
        self.feature_extractor, self.feature_projection = Extractor(), Projection()
        self.encoder = Encoder(layers)
        self.final_proj = nn.Linear(WIDTH, PROJECTED_WIDTH) if is_projected else None

    def forward(self, samples: Tensor) -> Tensor:
        """(B, samples) to (B, width, frames)."""
        features = self.feature_extractor.conv_layers(samples[:, None]).transpose(1, 2)
        frames = self.encoder(self.feature_projection.projection(self.feature_projection.layer_norm(features)))
        output: Tensor = frames if self.final_proj is None else self.final_proj(frames)
        return output.transpose(1, 2)
