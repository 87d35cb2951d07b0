"""HuBERT's network as ContentVec has it: 16 kHz sound in, what is said and not by whom out, 50 times a second.

W.-N. Hsu et al., “HuBERT”, IEEE/ACM TASLP 2021; K. Qian et al., “ContentVec”, ICML 2022. Written anew, with the
names of the published checkpoint: the package that usually runs it takes longer to import than a song to convert.
"""

from torch import Tensor, nn
from torch.nn import functional

RATE = 16_000
HOP = 320
SHORTEST_FRAMES = 400
"""What one moment hears."""
WIDTH, CHANNELS, HEADS, INNER = 768, 512, 12, 3072
CONVOLUTIONS = ((10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2))
"""Kernel and stride of each."""
NEAR, GROUPS = 128, 16
PROJECTED = 256


class Convolution(nn.Module):
    def __init__(self, channels: int, kernel: int, stride: int, *, is_first: bool) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, CHANNELS, kernel, stride, bias=False)
        self.layer_norm = nn.GroupNorm(CHANNELS, CHANNELS) if is_first else None

    def forward(self, sound: Tensor) -> Tensor:
        heard = self.conv(sound)
        return functional.gelu(heard if self.layer_norm is None else self.layer_norm(heard))


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.q_proj, self.k_proj = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.v_proj, self.out_proj = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, moments: Tensor) -> Tensor:
        def heads(projected: Tensor) -> Tensor:
            return projected.view(*projected.shape[:2], HEADS, -1).transpose(1, 2)

        asked, known, told = (heads(layer(moments)) for layer in (self.q_proj, self.k_proj, self.v_proj))
        attended = functional.scaled_dot_product_attention(asked, known, told)
        projected: Tensor = self.out_proj(attended.transpose(1, 2).flatten(2))
        return projected


class FeedForward(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.intermediate_dense, self.output_dense = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)

    def forward(self, moments: Tensor) -> Tensor:
        put: Tensor = self.output_dense(functional.gelu(self.intermediate_dense(moments)))
        return put


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention, self.feed_forward = Attention(), FeedForward()
        self.layer_norm, self.final_layer_norm = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)

    def forward(self, moments: Tensor) -> Tensor:
        moments = self.layer_norm(moments + self.attention(moments))
        put: Tensor = self.final_layer_norm(moments + self.feed_forward(moments))
        return put


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


class Near(nn.Module):
    """Tells each moment what is around it, and so where it is."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(WIDTH, WIDTH, NEAR, padding=NEAR // 2, groups=GROUPS)

    def forward(self, moments: Tensor) -> Tensor:
        # An even kernel makes one moment too many.
        return functional.gelu(self.conv(moments.transpose(1, 2))[..., :-1]).transpose(1, 2)


class Encoder(nn.Module):
    def __init__(self, layers: int) -> None:
        super().__init__()
        self.pos_conv_embed, self.layer_norm = Near(), nn.LayerNorm(WIDTH)
        self.layers = nn.Sequential(*(Layer() for _ in range(layers)))

    def forward(self, moments: Tensor) -> Tensor:
        put: Tensor = self.layers(self.layer_norm(moments + self.pos_conv_embed(moments)))
        return put


class ContentVec(nn.Module):
    """With all 12 layers, what newer voices hear; with 9 and the projection, older ones."""

    def __init__(self, layers: int = 12, *, is_projected: bool = False) -> None:
        super().__init__()
        self.feature_extractor, self.feature_projection = Extractor(), Projection()
        self.encoder = Encoder(layers)
        self.final_proj = nn.Linear(WIDTH, PROJECTED) if is_projected else None

    def forward(self, sound: Tensor) -> Tensor:
        """From (batch, frames) to (batch, width, moments)."""
        heard = self.feature_extractor.conv_layers(sound[:, None]).transpose(1, 2)
        moments = self.encoder(self.feature_projection.projection(self.feature_projection.layer_norm(heard)))
        put: Tensor = moments if self.final_proj is None else self.final_proj(moments)
        return put.transpose(1, 2)
