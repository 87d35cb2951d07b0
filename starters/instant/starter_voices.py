"""The starter voices and their recordings: natural synthetic speech of Kokoro's voices, by number like the corpus.

python -m starters.instant.starter_voices FOLDER [MINUTES]
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from starters.speech.corpus import write_flac
from starters.speech.english import choose_english
from starters.speech.held_out import HARVARD_SENTENCES, require_allowed
from starters.speech.index import append_row, read_done
from starters.speech.kokoro import Blend, Kokoro, fetch_models
from starters.speech.languages import LANGUAGES, choose_foreign
from starters.speech.speakers import english_of

MINUTES = 5.0
ENGLISH_SHARE = 0.7
"""Of the sentences of a voice that is at home in another language."""
SEED = 37


@dataclass(frozen=True)
class StarterVoice:
    name: str
    kokoro: str
    """Kokoro's name of the voice."""
    language: str
    """espeak-ng's name of the language, beside English."""
    about: str

    @property
    def folder_name(self) -> str:
        return self.name.lower()

    @property
    def origin(self) -> str:
        return (
            f"A synthetic speaker ({self.about}): speech of Kokoro-82M's voice {self.kokoro}, which its makers "
            "published under Apache-2.0."
        )


STARTER_VOICES = (
    StarterVoice("Clara", "af_heart", "", "woman, US English, warm"),
    StarterVoice("Annie", "bf_emma", "", "woman, British English, calm"),
    StarterVoice("Nora", "af_bella", "ko", "woman, US English and Korean, lively"),
    StarterVoice("Sofia", "ef_dora", "es", "woman, Spanish and English, bright"),
    StarterVoice("Hana", "jf_tebukuro", "ja", "young woman, Japanese and English, light"),
    StarterVoice("Max", "am_michael", "", "man, US English, clear"),
    StarterVoice("Angus", "bm_george", "", "older man, British English, deep"),
    StarterVoice("Leo", "am_fenrir", "", "man, US English, rough"),
    StarterVoice("Diego", "em_alex", "es", "man, Spanish and English, firm"),
    StarterVoice("Jin", "zm_yunxi", "ko", "young man, English and Korean, soft"),
)


def choose_text(voice: StarterVoice, generator: np.random.Generator) -> tuple[str, str]:
    """A text and its language."""
    if voice.language in LANGUAGES and generator.random() > ENGLISH_SHARE:
        return choose_foreign(voice.language, generator), voice.language
    text = choose_english(generator)
    while text in HARVARD_SENTENCES:
        text = choose_english(generator)
    return text, english_of(voice.kokoro)


def record(voice: StarterVoice, folder: Path, minutes: float, kokoro: Kokoro) -> None:
    """Make the voice's missing recordings, as FLAC files and an index."""
    require_allowed(voice.kokoro)
    folder.mkdir(parents=True, exist_ok=True)
    done = read_done(folder)
    seconds, number = 0.0, 0
    while seconds < 60 * minutes:
        if number not in done:
            generator = np.random.default_rng([SEED, number, *voice.name.encode()])
            text, language = choose_text(voice, generator)
            audio = kokoro.say(text, Blend(voice.kokoro), language=language, speed=float(generator.uniform(0.85, 1.15)))
            file_name = f"{number:04}.flac"
            write_flac(folder / file_name, audio)
            row = {"number": number, "file": file_name, "seconds": audio.seconds, "language": language, "text": text}
            append_row(folder, row)
            done[number] = audio.seconds
        seconds += done[number]
        number += 1


def main(folder: Path, minutes: float = MINUTES) -> None:
    models = folder.parent / "models"
    fetch_models(models)
    kokoro = Kokoro(models)
    for voice in STARTER_VOICES:
        record(voice, folder / voice.folder_name, minutes, kokoro)
        print(voice.name, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(float, sys.argv[2:]))
