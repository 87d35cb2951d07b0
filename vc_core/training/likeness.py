"""Which clips are not of the same voice as the others, and which are copies of others."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

Numbers = npt.NDArray[np.float64]

STRANGE = 1.33
"""How much farther than usual the moments of a stranger are from any of the others'. Chosen on 220 sets of synthetic
recordings: 96 % of the strangers are beyond it, and 1 % of the sets without one."""
LEAST_PRINTS = 4
"""With fewer there is no usual."""
OWNER_SHARE = 0.75
"""So many, those nearest to the middle, are taken for the owner's, so that two strangers don't vouch for each other."""
MOST_COMPARED = 120
COPY = 0.85
LEAST_MOMENTS = 40
"""Shorter sketches are alike by chance."""


def strangers(prints: Sequence[Sequence[Numbers]]) -> list[int]:
    """Clips in which some seconds sound unlike anything in the others; `prints` are those of each clip.

    Each moment is held against the nearest of the others', so that it hardly matters what is said: a vowel finds its
    like wherever the same person speaks.
    """
    owners = np.array([at for at, own in enumerate(prints) for _ in own])
    if len(set(owners.tolist())) < 2 or len(owners) < LEAST_PRINTS:
        return []
    everything = [one for own in prints for one in own]
    means = np.array([one.mean(axis=0) for one in everything])
    off = np.linalg.norm(means - np.median(means, axis=0), axis=1)
    likely = np.flatnonzero(off <= np.quantile(off, OWNER_SHARE))
    compared = likely[np.unique(np.linspace(0, len(likely) - 1, MOST_COMPARED).astype(int))]
    found = np.zeros(len(everything))
    for at, one in enumerate(everything):
        others = [everything[other] for other in compared if owners[other] != owners[at]]
        if others:
            found[at] = np.median(cdist(one, np.concatenate(others)).min(axis=1))
    return sorted(set(owners[found > STRANGE * np.median(found)].tolist()))


def copies(sketches: Sequence[Numbers]) -> list[tuple[int, int]]:
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
