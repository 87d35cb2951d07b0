"""How alike two sounds are, in decibels; written from the definitions, and used by tests and benches."""

import numpy as np


def snr_db(wanted: np.ndarray, heard: np.ndarray) -> float:
    """How far the difference lies below what was wanted."""
    wanted, heard = wanted.astype(np.float64), heard.astype(np.float64)
    return float(10 * np.log10(np.sum(wanted**2) / (np.sum((wanted - heard) ** 2) + 1e-30)))


def si_sdr_db(wanted: np.ndarray, heard: np.ndarray) -> float:
    """The same after the best gain: J. Le Roux et al., “SDR – half-baked or well done?”, ICASSP 2019."""
    wanted, heard = wanted.astype(np.float64).ravel(), heard.astype(np.float64).ravel()
    return snr_db(wanted * (wanted @ heard) / (wanted @ wanted), heard)
