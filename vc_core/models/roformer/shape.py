"""The sizes of a RoFormer network: everything that decides the shapes of its weights."""

from dataclasses import dataclass

Bands = tuple[tuple[int, int], ...]
"""The first STFT bin of each band, and the one after its last."""


@dataclass(frozen=True)
class RoformerShape:
    bands: Bands
    channels: int
    """1 or 2: stereo bins are interleaved in a band."""
    width: int
    blocks: int
    heads: int
    head_width: int
    feed_forward_width: int
    linear_layers: int
    """Layers of linear attention, in each block; usually none."""
    time_layers: int
    frequency_layers: int
    normalises_each: bool
    """RMS norm after each transformer, as in Mel-Band RoFormer; otherwise once after all, as in BS-RoFormer."""
    stems: int
    mask_width: int
    mask_layers: int
    """Linear layers of each mask estimator."""

    @property
    def bins(self) -> int:
        return max(stop for _, stop in self.bands)

    def band_width(self, band: int) -> int:
        """Real numbers per frame of one band."""
        start, stop = self.bands[band]
        return 2 * self.channels * (stop - start)


@dataclass(frozen=True)
class Stft:
    """Settings of the transform, which the weights do not show."""

    fft_size: int = 2048
    window_samples: int = 2048
    hop_samples: int = 512
    normalised: bool = False
    zero_dc: bool = True
    """Without the lowest bin in the output."""
