"""The instant conversion engine: a shared content encoder, and a small DDSP decoder for each voice."""

from vc_core.conversion.base import ConversionEngine, Converter
from vc_core.voices.library import Voice


def _load(voice: Voice, device: str) -> Converter:
    # Imported late: torch is slow to import. The engine runs faster than real time on the CPU.
    from vc_core.conversion.instant.converter import load_instant

    return load_instant(voice)


ENGINE = ConversionEngine("instant", "Instant", load=_load)
