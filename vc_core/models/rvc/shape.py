"""Sizes of an RVC network."""

from dataclasses import dataclass

from vc_core.models.nsf_hifigan import GeneratorShape


@dataclass(frozen=True)
class RvcShape:
    """Sizes of the network."""

    content_width: int
    """256 for v1, 768 for v2."""
    width: int
    inner_width: int
    filter_width: int
    heads: int
    layers: int
    kernel: int
    reach: int
    """Attention knows relative positions up to so many frames."""
    couplings: int
    flow_layers: int
    flow_kernel: int
    speakers: int
    speaker_width: int
    generator: GeneratorShape

    @property
    def has_pitch(self) -> bool:
        return self.generator.harmonics > 0
