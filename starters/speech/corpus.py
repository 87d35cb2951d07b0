"""A corpus of natural speech (FLAC at 24 kHz with text and phonemes), synthesised by Kokoro from many speakers.

    python -m starters.speech.corpus FOLDER --hours 1

Each item follows from its number alone, so anybody can make any item, in any order; what is there stays. It needs
Debian's espeak-ng, `onnxruntime` and npm (requirements-judges.txt). Held-out voices and sentences never occur.

An hour is about 820 items and 85 MB, and takes about 15 minutes of one core (0.25 core seconds for a second).
"""

import argparse
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile

from starters.separator.effects import Generator, log_uniform
from starters.speech.english import choose_english
from starters.speech.held_out import HARVARD_SENTENCES
from starters.speech.index import append_row, read_done
from starters.speech.kokoro import Kokoro, fetch_models
from starters.speech.languages import LANGUAGES, choose_foreign, invented_words
from starters.speech.phonemes import phonemes_of
from starters.speech.speakers import Speaker, choose_speaker
from vc_core.audio import Audio

SEED = 31
SPEEDS = (0.8, 1.3)
ENGLISH_SHARE, NATIVE_SHARE, INVENTED_SHARE = 0.55, 0.2, 0.05
"""Of a speaker's items; NATIVE_SHARE is English too for those who are at home in it."""
PAUSE_SECONDS = 10.0


@dataclass(frozen=True)
class Item:
    """What one file of the corpus says, and who says it."""

    number: int
    text: str
    language: str
    """espeak-ng's name of it."""
    speaker: Speaker
    speed: float

    @property
    def file_name(self) -> str:
        return f"{self.number:06}.flac"


def plan_item(number: int) -> Item:
    generator = np.random.default_rng([SEED, number])
    speaker = choose_speaker(generator)
    text, language = choose_text(speaker, generator)
    while text in HARVARD_SENTENCES:
        text, language = choose_text(speaker, generator)
    return Item(number, text, language, speaker, round(log_uniform(generator, *SPEEDS), 3))


def choose_text(speaker: Speaker, generator: Generator) -> tuple[str, str]:
    """A text and its language."""
    kind = generator.random()
    if kind < INVENTED_SHARE:
        return invented_words(generator)
    kind -= INVENTED_SHARE
    language = speaker.native_language if kind < NATIVE_SHARE else speaker.english
    if kind > NATIVE_SHARE + ENGLISH_SHARE:
        language = tuple(LANGUAGES)[generator.integers(len(LANGUAGES))]
    return choose_foreign(language, generator) if language in LANGUAGES else choose_english(generator), language


def make_item(item: Item, folder: Path, kokoro: Kokoro) -> float:
    """Write the item's file and then its line of the index; the length in seconds is returned."""
    phonemes = phonemes_of(item.text, item.language, kokoro.symbols)
    audio = kokoro.speak(phonemes, item.speaker.blend, speed=item.speed)
    write_flac(folder / item.file_name, audio)
    row = {
        "number": item.number, "file": item.file_name, "seconds": round(audio.seconds, 3), "language": item.language,
        "text": item.text, "phonemes": phonemes, "speaker": item.speaker.number, **asdict(item.speaker.blend),
        "speed": item.speed, "seed": SEED,
    }  # fmt: skip
    append_row(folder, row)
    return audio.seconds


def write_flac(path: Path, audio: Audio) -> None:
    # A file that has its name is whole, however the process ended.
    unfinished = path.with_suffix(".part")
    soundfile.write(unfinished, np.clip(audio.samples[0], -1, 1), audio.sample_rate, format="FLAC", subtype="PCM_16")
    unfinished.rename(path)


def fill_corpus(folder: Path, hours: float, kokoro: Kokoro, pause_file: Path | None = None) -> None:
    """Make the missing items from number 0 on, until there are so many hours; wait while `pause_file` exists."""
    folder.mkdir(parents=True, exist_ok=True)
    done = read_done(folder)
    seconds, number = 0.0, 0
    while seconds < 3600 * hours:
        if number not in done:
            while pause_file is not None and pause_file.exists():
                time.sleep(PAUSE_SECONDS)
            began = time.process_time()
            done[number] = make_item(plan_item(number), folder, kokoro)
            cost = (time.process_time() - began) / done[number]
            print(
                f"item {number}, {(seconds + done[number]) / 3600:.3f} hours, {cost:.2f} core seconds for one",
                flush=True,
            )
        seconds += done[number]
        number += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--models", type=Path, help="Kokoro's folder; it is filled if it is empty")
    parser.add_argument("--pause-file", type=Path, help="nothing is made while this file exists")
    asked = parser.parse_args()
    models = asked.models or asked.folder.parent / "models"
    fetch_models(models)
    fill_corpus(asked.folder, asked.hours, Kokoro(models), asked.pause_file)


if __name__ == "__main__":
    main()
