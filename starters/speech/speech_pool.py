"""Recordings of many speakers in memory, with their pitch, which is found once and kept beside them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from starters.separator.effects import Generator
from starters.speech.index import read_rows
from vc_core.audio import Audio
from vc_core.models.content_encoder import FRAMES_PER_SECOND
from vc_core.signal.pitch import correct_octave_errors, estimate_pitch

SAMPLE_RATE = 24_000
SHORTEST_SECONDS = 1.0
PITCH_FILE = "pitch.npz"


@dataclass(frozen=True)
class Recording:
    samples: npt.NDArray[np.int16]
    """24 kHz."""
    hertz: npt.NDArray[np.float32]
    """One for each 10 ms; 0 where unvoiced."""
    speaker: str


class SpeechPool:
    def __init__(self, recordings: Sequence[Recording]) -> None:
        self.recordings = recordings

    @cached_property
    def by_speaker(self) -> dict[str, list[Recording]]:
        found: dict[str, list[Recording]] = defaultdict(list)
        for recording in self.recordings:
            found[recording.speaker].append(recording)
        return dict(found)

    def choose(self, generator: Generator) -> tuple[Recording, Recording]:
        """A recording of any speaker, and another one of the same, if there is one."""
        recording = self.recordings[int(generator.integers(len(self.recordings)))]
        same = self.by_speaker[recording.speaker]
        other = same[int(generator.integers(len(same)))]
        return recording, other


def read_pool(folder: Path, speaker: str = "") -> list[Recording]:
    """The recordings of a folder with an index; `speaker` names those whose index doesn't."""
    pitch = _read_pitch(folder)
    recordings, is_new = [], False
    for row in read_rows(folder):
        if row["seconds"] < SHORTEST_SECONDS:
            continue
        samples, _ = soundfile.read(folder / row["file"], dtype="int16")
        if row["file"] not in pitch:
            pitch[row["file"]], is_new = find_pitch(samples), True
        recordings.append(Recording(samples, pitch[row["file"]], speaker or f"corpus {row['speaker']}"))
    if is_new:
        np.savez(folder / PITCH_FILE, **pitch)
    return recordings


def _read_pitch(folder: Path) -> dict[str, npt.NDArray[np.float32]]:
    path = folder / PITCH_FILE
    return dict(np.load(path)) if path.exists() else {}


def find_pitch(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    audio = Audio(samples[None].astype(np.float32) / 32768, SAMPLE_RATE)
    return correct_octave_errors(estimate_pitch(audio, hop_seconds=1 / FRAMES_PER_SECOND)).hertz.astype(np.float32)
