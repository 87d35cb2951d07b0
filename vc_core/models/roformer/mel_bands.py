"""Which STFT bins each mel band covers: the triangular filters on Slaney's scale, of which only the extent matters."""

import numpy as np

from vc_core.models.roformer.shape import Bands

LINEAR_HZ_PER_MEL = 200 / 3
LOGARITHMIC_FROM_HZ = 1000.0
LOG_STEP = np.log(6.4) / 27


def make_mel_bands(bands: int, sample_rate: int, fft_size: int) -> Bands:
    """The bins with a positive weight, and the lowest and the highest bin in any case."""
    frequencies = np.fft.rfftfreq(fft_size, 1 / sample_rate)
    edges = _mel_to_hertz(np.linspace(0, _hertz_to_mel(sample_rate / 2), bands + 2))
    ranges = []
    for low, high in zip(edges, edges[2:], strict=False):
        (inside,) = np.nonzero((frequencies > low) & (frequencies < high))
        ranges.append((int(inside[0]), int(inside[-1]) + 1) if len(inside) else (0, 0))
    (_, first_stop), (last_start, _) = ranges[0], ranges[-1]
    ranges[0], ranges[-1] = (0, max(first_stop, 1)), (last_start or len(frequencies) - 1, len(frequencies))
    return tuple(ranges)


def _hertz_to_mel(hertz: float) -> float:
    if hertz < LOGARITHMIC_FROM_HZ:
        return hertz / LINEAR_HZ_PER_MEL
    return float(LOGARITHMIC_FROM_HZ / LINEAR_HZ_PER_MEL + np.log(hertz / LOGARITHMIC_FROM_HZ) / LOG_STEP)


def _mel_to_hertz(mels: np.ndarray) -> np.ndarray:
    knee = LOGARITHMIC_FROM_HZ / LINEAR_HZ_PER_MEL
    above = LOGARITHMIC_FROM_HZ * np.exp(LOG_STEP * (np.maximum(mels, knee) - knee))
    return np.where(mels < knee, mels * LINEAR_HZ_PER_MEL, above)
