"""Mutated audio files: small seeds of every format, with bytes, numbers and lengths changed in their headers."""

from pathlib import Path

import numpy as np
import soundfile
from media import encode

from vc_core.audio import Audio

RATE = 16_000
EXTREMES = (0, 1, 2, 3, 0x7F, 0x80, 0xFF, 0xFFFE, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
HEADER_BYTES = 128
"""Most mutations fall here, where sizes and formats stand."""


def make_seeds(folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    times = np.arange(RATE // 4) / RATE
    samples = (0.2 * np.sin(2 * np.pi * 220 * times)).astype(np.float32)
    stereo = Audio(np.stack([samples, -samples]), RATE)
    for name, options in {
        "pcm16.wav": {}, "pcm24.wav": {"subtype": "PCM_24"}, "float.wav": {"subtype": "FLOAT"},
        "extensible.wav": {"format": "WAVEX"}, "rf64.wav": {"format": "RF64"}, "adpcm.wav": {"subtype": "IMA_ADPCM"},
        "plain.aiff": {}, "plain.flac": {}, "vorbis.ogg": {}, "plain.mp3": {}, "mono.au.wav": {"subtype": "ULAW"},
    }.items():  # fmt: skip
        soundfile.write(folder / name, stereo.samples.T, RATE, **options)
    for name in ("aac.m4a", "aac.aac", "opus.webm", "ac3.mkv", "opus.opus"):
        rate = 48_000 if "opus" in name or "ac3" in name else RATE
        encode(folder / name, Audio(np.repeat(stereo.samples, rate // RATE, axis=1), rate))
    return sorted(folder.iterdir())


def mutate(content: bytes, generator: np.random.Generator) -> bytes:
    """One to four random changes."""
    changed = bytearray(content)
    for _ in range(int(generator.integers(1, 5))):
        reach = len(changed) if generator.random() < 0.3 else min(HEADER_BYTES, len(changed))
        if reach < 8:
            break
        at = int(generator.integers(0, reach - 4))
        kind = generator.integers(6)
        if kind == 0:
            changed[at] = int(generator.integers(256))
        elif kind in (1, 2):
            size = int(generator.choice([1, 2, 4]))
            value = int(generator.choice(EXTREMES)) & (256**size - 1)
            changed[at : at + size] = value.to_bytes(size, "little" if generator.random() < 0.5 else "big")
        elif kind == 3:
            del changed[at : at + int(generator.integers(1, 64))]
        elif kind == 4:
            other = int(generator.integers(0, len(changed)))
            changed[at:at] = changed[other : other + int(generator.integers(1, 64))]
        else:
            del changed[int(generator.integers(at, len(changed))) :]
    return bytes(changed)
