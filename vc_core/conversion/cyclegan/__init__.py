"""The CycleGAN conversion engine: maps spectral envelopes from one speaker to another."""

from vc_core.conversion.base import ConversionEngine, Converter
from vc_core.voices.library import Voice


def _load(voice: Voice, device: str) -> Converter:
    # Imported late: torch is slow to import. The engine runs faster than real time on the CPU.
    from vc_core.conversion.cyclegan.converter import load_cyclegan

    return load_cyclegan(voice)


ENGINE = ConversionEngine("cyclegan", "CycleGAN", load=_load)
