"""Which clips are not of the same voice as the others, and which are copies of others."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

STRANGE_DB = 7.0
"""Seconds of one speaker's sentences are rarely so far apart, two speakers mostly farther."""
COPY = 0.85
LEAST_MOMENTS = 40
"""Shorter sketches are alike by chance."""


def strangers(prints: Sequence[Sequence[Sequence[float]]]) -> list[int]:
    """Clips in which some seconds are far from what is in the middle of all; `prints` are those of each clip."""
    owners = np.array([at for at, own in enumerate(prints) for _ in own])
    if len(set(owners.tolist())) < 2:
        return []
    points = np.array([one for own in prints for one in own])
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    middle = int(np.argmin(np.median(distances, axis=1)))
    return sorted(set(owners[distances[middle] > STRANGE_DB].tolist()))


def copies(sketches: Sequence[npt.NDArray[np.float64]]) -> list[tuple[int, int]]:
    """Pairs of clips, the later one second, of which one is heard in the other as it is, at any place."""
    usable = [at for at, sketch in enumerate(sketches) if sketch.shape[1] >= LEAST_MOMENTS]
    if len(usable) < 2:
        return []
    size = 2 * max(sketches[at].shape[1] for at in usable)
    spectra = np.stack([np.fft.rfft(sketches[at], size, axis=1) for at in usable])
    energies = np.array([np.sum(sketches[at] ** 2) for at in usable])
    found = []
    for second in range(1, len(usable)):
        products = (spectra[:second] * spectra[second].conj()).sum(axis=1)
        matches = np.fft.irfft(products, size, axis=1).max(axis=1)
        alike = matches / np.minimum(energies[:second], energies[second])
        for first in np.flatnonzero(alike > COPY):
            found.append((usable[int(first)], usable[second]))
    return found
