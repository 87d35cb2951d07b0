"""Find the pitch of a voice: several methods, one shape of answer, and small repairs of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyworld
from scipy.ndimage import median_filter

from vc_core.audio import Audio, clock
from vc_core.errors import UserError
from vc_core.progress import Progress, silent

Track = npt.NDArray[np.float32]
"""Shape (frames,): one value for each moment."""

PIECE_SECONDS, CONTEXT_SECONDS = 60.0, 0.5
"""Long recordings are heard in pieces, so that memory doesn't grow with them."""
SHORTEST_SECONDS = 0.2
"""WORLD reads past the end of shorter sound."""
DIO_RATE = 16_000
CONFIDENCE_RATE, CONFIDENCE_SECONDS = 8_000, 0.02


@dataclass(frozen=True, eq=False)
class Pitch:
    """Frame i is centred at `i * hop_seconds`."""

    hertz: Track
    """0 where nothing is voiced."""
    confidence: Track
    """From 0 to 1."""
    hop_seconds: float

    def __post_init__(self) -> None:
        if self.hertz.ndim != 1 or self.hertz.shape != self.confidence.shape or self.hop_seconds <= 0:
            raise ValueError(
                f"{self.hertz.shape} pitches and {self.confidence.shape} confidences every {self.hop_seconds} s"
            )

    @property
    def frames(self) -> int:
        return len(self.hertz)

    @property
    def voiced(self) -> npt.NDArray[np.bool_]:
        return self.hertz > 0


@dataclass(frozen=True)
class PitchSearch:
    hop_seconds: float = 0.005
    lowest_hz: float = 50.0
    highest_hz: float = 1100.0

    def __post_init__(self) -> None:
        if not (self.hop_seconds > 0 and 20 <= self.lowest_hz < self.highest_hz):
            raise ValueError(f"nothing can be found so: {self}")

    def frames(self, audio: Audio) -> int:
        """As many as WORLD makes."""
        return int(audio.seconds / self.hop_seconds + 1e-9) + 1


Method = Callable[[Audio, PitchSearch], Pitch]
"""Hears mono; gives at least `search.frames(audio)` frames."""


def _dio(audio: Audio, search: PitchSearch) -> Pitch:
    # Higher rates cost twice the time and find the same.
    audio = audio.resampled(min(audio.sample_rate, DIO_RATE))
    wave = audio.samples[0].astype(np.float64)
    rate, hop = audio.sample_rate, search.hop_seconds * 1000
    coarse, times = pyworld.dio(wave, rate, search.lowest_hz, search.highest_hz, frame_period=hop)
    return _with_confidence(audio, pyworld.stonemask(wave, coarse, times, rate), search)


def _harvest(audio: Audio, search: PitchSearch) -> Pitch:
    wave = audio.samples[0].astype(np.float64)
    hop = search.hop_seconds * 1000
    # Not refined by stonemask: harvest has done that itself, and better.
    hertz, _ = pyworld.harvest(wave, audio.sample_rate, search.lowest_hz, search.highest_hz, frame_period=hop)
    return _with_confidence(audio, hertz, search)


METHODS: dict[str, Method] = {"dio": _dio, "harvest": _harvest}
"""Another method is one function, and one entry here. Dio is fast, harvest misses less and takes ten times as long."""


def find_pitch(
    audio: Audio,
    method: str = "dio",
    *,
    hop_seconds: float = 0.005,
    lowest_hz: float = 50.0,
    highest_hz: float = 1100.0,
    progress: Progress = silent,
) -> Pitch:
    """The pitch of a recording, its channels heard together."""
    if method not in METHODS:
        raise UserError(f"There is no way to find pitch called “{method}”. There are: {', '.join(METHODS)}.")
    search = PitchSearch(hop_seconds, lowest_hz, highest_hz)
    frames = search.frames(audio)
    piece, context = round(PIECE_SECONDS / hop_seconds), round(CONTEXT_SECONDS / hop_seconds)
    hertz, confidence = np.zeros(frames, np.float32), np.zeros(frames, np.float32)
    for first in range(0, frames, piece):
        progress(first / frames, clock(first * hop_seconds))
        last, before = min(first + piece, frames), min(first, context)
        found = _found_between(audio, method, search, first - before, last + context)
        hertz[first:last] = found.hertz[before : before + last - first]
        confidence[first:last] = found.confidence[before : before + last - first]
    return Pitch(hertz, confidence, hop_seconds)


def _found_between(audio: Audio, method: str, search: PitchSearch, first: int, last: int) -> Pitch:
    """The pitch from one frame to another, or to the end of the recording."""
    rate = audio.sample_rate
    heard = audio.between(round(first * search.hop_seconds * rate), round(last * search.hop_seconds * rate)).mono()
    missing = max(0, round((SHORTEST_SECONDS + search.hop_seconds) * rate) - heard.frames)
    padded = heard.with_samples(np.pad(heard.samples, ((0, 0), (0, missing))))
    return METHODS[method](padded, search)


def _with_confidence(audio: Audio, hertz: npt.NDArray[np.float64], search: PitchSearch) -> Pitch:
    """How much each moment is like the moment a period later: WORLD itself doesn't say how sure it is."""
    hertz = np.where(np.isfinite(hertz) & (hertz >= search.lowest_hz) & (hertz <= search.highest_hz), hertz, 0.0)
    # Finer than a sample is not needed here, and treble would only blur the likeness.
    wave = audio.resampled(CONFIDENCE_RATE).samples[0].astype(np.float64)
    voiced = np.flatnonzero(hertz)
    span = round(CONFIDENCE_SECONDS * CONFIDENCE_RATE)
    period = CONFIDENCE_RATE / hertz[voiced]
    starts = voiced * search.hop_seconds * CONFIDENCE_RATE - (span + period) / 2
    at = starts[:, None] + np.arange(span)
    times = np.arange(len(wave))
    here, later = np.interp(at, times, wave), np.interp(at + period[:, None], times, wave)
    energy = np.sqrt((here**2).sum(axis=1) * (later**2).sum(axis=1))
    confidence = np.zeros(len(hertz), np.float32)
    confidence[voiced] = np.clip((here * later).sum(axis=1) / (energy + 1e-9), 0.0, 1.0)
    return Pitch(hertz.astype(np.float32), confidence, search.hop_seconds)


def without_octave_errors(pitch: Pitch, *, around_seconds: float = 0.4) -> Pitch:
    """Short stretches an octave off their surroundings, moved back; a sung octave lasts longer than that."""
    voiced = np.flatnonzero(pitch.hertz)
    if not len(voiced):
        return pitch
    octaves = np.log2(pitch.hertz[voiced])
    usual = median_filter(octaves, size=_odd(around_seconds / pitch.hop_seconds), mode="nearest")
    # Intonation goes far, but rarely that near an octave within a syllable.
    off = np.round(octaves - usual)
    surely = np.abs(octaves - usual - off) < 0.25
    hertz = pitch.hertz.copy()
    hertz[voiced] = 2 ** (octaves - np.where(surely, off, 0.0))
    return replace(pitch, hertz=hertz)


def smoothed(pitch: Pitch, *, over_seconds: float = 0.025) -> Pitch:
    """The median over neighbours that are voiced too; what is unvoiced stays so."""
    hertz = pitch.hertz.copy()
    size = _odd(over_seconds / pitch.hop_seconds)
    for first, last in voiced_stretches(pitch):
        hertz[first:last] = median_filter(hertz[first:last], size=size, mode="nearest")
    return replace(pitch, hertz=hertz)


def voiced_stretches(pitch: Pitch) -> list[tuple[int, int]]:
    """Frames from first to before last in which the voice doesn't break off."""
    edges = np.flatnonzero(np.diff(pitch.voiced.astype(np.int8), prepend=0, append=0))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def pitch_range(pitch: Pitch) -> tuple[float, float]:
    """From the lowest to the highest pitch that is used, in hertz, without the few that are found wrongly."""
    heard = pitch.hertz[pitch.voiced]
    if not len(heard):
        raise UserError("No voice can be heard in this recording. Pick one in which somebody speaks or sings.")
    low, high = np.percentile(heard, (5, 95))
    return float(low), float(high)


def _odd(frames: float) -> int:
    return max(1, round(frames)) | 1
