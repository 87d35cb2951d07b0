"""Natural voices for the vocals: recordings of many speakers that `starters/speech` makes, as files with an index."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from starters.separator.effects import Generator, Sound, apply_held_out_reverb, apply_reverb
from starters.separator.voices import Speak
from starters.speech.held_out import HARVARD_SENTENCES, KOKORO_VOICES
from starters.speech.index import read_rows
from starters.speech.kokoro import Blend, Kokoro, fetch_models
from starters.speech.speakers import english_of

FEWEST_RECORDINGS = 3
HELD_OUT_SENTENCES = 12


@dataclass(frozen=True)
class Recordings:
    """Files of speech by speaker."""

    speakers: tuple[tuple[Path, ...], ...]
    reverb: Callable[..., Sound] = apply_reverb

    def choose_speaker(self, generator: Generator) -> Speak:
        files = self.speakers[generator.integers(len(self.speakers))]

        def speak(generator: Generator) -> tuple[Sound, int]:
            return soundfile.read(files[generator.integers(len(files))])

        return speak


def find_recordings(corpus: Path) -> Recordings:
    """The speakers of a corpus by `starters.speech.corpus`, none of them held out."""
    files = defaultdict(list)
    for row in read_rows(corpus):
        files[row["speaker"]].append(corpus / row["file"])
    return Recordings(tuple(tuple(sorted(own)) for own in files.values() if len(own) >= FEWEST_RECORDINGS))


def make_held_out_recordings(folder: Path, models: Path) -> Recordings:
    """The held-out voices with the held-out sentences, spoken by Kokoro on the first call."""
    for voice in KOKORO_VOICES:
        (folder / voice).mkdir(parents=True, exist_ok=True)
        for number, sentence in enumerate(HARVARD_SENTENCES[:HELD_OUT_SENTENCES]):
            path = folder / voice / f"{number}.flac"
            if not path.exists():
                _record(path, sentence, voice, models)
    speakers = tuple(tuple(sorted((folder / voice).glob("*.flac"))) for voice in KOKORO_VOICES)
    return Recordings(speakers, apply_held_out_reverb)


def _record(path: Path, sentence: str, voice: str, models: Path) -> None:
    fetch_models(models)
    audio = Kokoro(models).say(sentence, Blend(voice), language=english_of(voice))
    soundfile.write(path, np.clip(audio.samples[0], -1, 1), audio.sample_rate)
