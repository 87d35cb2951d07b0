"""Detect music in a recording that should be one voice: the share of energy outside the harmonics of its pitch (F0).

One voice has nearly all of its energy at multiples of one F0. With instruments, or several voices, much of it is
elsewhere.
"""

from collections.abc import Iterable

import numpy as np

from vc_core.audio import Audio, join_blocks, resample_blocks
from vc_core.signal.pitch import estimate_pitch

SAMPLE_RATE = 16_000
FFT_SAMPLES, HOP_SECONDS = 1024, 0.016
LOWEST_HZ, HIGHEST_HZ = 60.0, 3_500.0
"""Consonants have most of their energy above."""
NEIGHBOUR_BINS = 2.0
"""Width of a harmonic on each side, in bins of the spectrum: the main lobe of the window."""
GLIDE_SHARE = 0.03
"""A harmonic is also as wide as F0 moves within a frame, as a share of its frequency."""
MAX_VOICE_SHARE = 0.22
"""Of the energy of one voice outside its harmonics: noise, reverb, consonants."""
SHORTEST_SECONDS = 1.0


def contains_music(blocks: Iterable[Audio]) -> bool:
    """Whether a recording of some seconds has more in it than one voice."""
    audio = join_blocks(list(resample_blocks((block.to_mono() for block in blocks), SAMPLE_RATE)))
    if audio.seconds < SHORTEST_SECONDS or not audio.samples.any():
        return False
    return measure_inharmonic_share(audio) > MAX_VOICE_SHARE


def measure_inharmonic_share(audio: Audio) -> float:
    """The share of energy outside the harmonics of F0, from 0 to 1; mono audio of `SAMPLE_RATE`."""
    import librosa

    hop = round(HOP_SECONDS * SAMPLE_RATE)
    power = np.abs(librosa.stft(audio.samples[0], n_fft=FFT_SAMPLES, hop_length=hop)) ** 2
    hertz = estimate_pitch(audio, hop_seconds=HOP_SECONDS).hertz[: power.shape[1]]
    power = power[:, : len(hertz)]
    bins_hz = np.arange(len(power)) * SAMPLE_RATE / FFT_SAMPLES
    f0 = np.maximum(hertz, 1.0)[None]
    harmonic = np.maximum(np.round(bins_hz[:, None] / f0), 1.0) * f0
    width_hz = np.maximum(NEIGHBOUR_BINS * SAMPLE_RATE / FFT_SAMPLES, GLIDE_SHARE * bins_hz[:, None])
    is_harmonic = (np.abs(bins_hz[:, None] - harmonic) <= width_hz) & (hertz > 0)[None]
    in_band = ((bins_hz >= LOWEST_HZ) & (bins_hz <= HIGHEST_HZ))[:, None]
    total = float((power * in_band).sum())
    return float((power * (in_band & ~is_harmonic)).sum() / total) if total > 0 else 0.0
