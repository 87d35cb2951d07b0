"""A text becomes speech that any voice can take over: espeak-ng says it, in one of many languages."""

import unicodedata
from dataclasses import dataclass

import numpy as np

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.espeak import speak
from vc_core.progress import Progress, silent

LANGUAGES: dict[str, str] = {
    "en-us": "English (US)",
    "en": "English (UK)",
    "ko": "한국어",
    "cmn": "中文",
    "es": "Español",
    "pt-br": "Português (Brasil)",
    "fr": "Français",
    "de": "Deutsch",
    "it": "Italiano",
    "nl": "Nederlands",
    "sv": "Svenska",
    "fi": "Suomi",
    "pl": "Polski",
    "cs": "Čeština",
    "ru": "Русский",
    "uk": "Українська",
    "el": "Ελληνικά",
    "tr": "Türkçe",
    "ar": "العربية",
    "hi": "हिन्दी",
    "id": "Bahasa Indonesia",
    "vi": "Tiếng Việt",
}
"""By espeak-ng's names, each in its own words. Japanese is not here: espeak-ng spells its characters out."""
GUESS = "guess"
LANGUAGE_OF_SCRIPT = {
    "HANGUL": "ko",
    "CJK": "cmn",
    "CYRILLIC": "ru",
    "GREEK": "el",
    "ARABIC": "ar",
    "DEVANAGARI": "hi",
    "LATIN": "en-us",
}
LONGEST_TEXT = 5_000
"""In letters: about five minutes."""
SLOWEST, FASTEST, USUAL_SPEED = 80, 300, 150
"""In words per minute."""
SPEAKER = "f5"
"""Of espeak-ng's variants; the voice that takes over gives the pitch and the colour."""
NOTHING_HEARD = 1e-3


@dataclass(frozen=True)
class Line:
    """What is to be said, and how."""

    text: str
    language: str = GUESS
    words_per_minute: float = USUAL_SPEED

    def __post_init__(self) -> None:
        if not self.words:
            raise UserError("Write a text first.")
        if len(self.words) > LONGEST_TEXT:
            most = f"up to {LONGEST_TEXT:,} can be said at once"
            raise UserError(f"This text has {len(self.words):,} letters; {most}. Split it.")
        if self.language not in (GUESS, *LANGUAGES):
            known = ", ".join((GUESS, *LANGUAGES))
            raise UserError(f"There is no language “{self.language}” here. There are: {known}.")
        if not SLOWEST <= self.words_per_minute <= FASTEST:
            raise UserError(f"The speed goes from {SLOWEST} to {FASTEST} words per minute.")

    @property
    def words(self) -> str:
        """Without what nobody can say, such as the zero that would end the text for espeak-ng."""
        return "".join(" " if unicodedata.category(one).startswith("C") else one for one in self.text).strip()


def say(line: Line, *, progress: Progress = silent) -> Audio:
    language = language_of(line.words) if line.language == GUESS else line.language
    speed = round(line.words_per_minute)
    audio = speak(line.words, voice=f"{language}+{SPEAKER}", words_per_minute=speed, progress=progress).audio
    if np.abs(audio.samples).max(initial=0.0) < NOTHING_HEARD:
        raise UserError("There is nothing to say in this text. Write some words.")
    return audio


def language_of(text: str) -> str:
    """By the script that most letters are in; what is written in Latin letters counts as English."""
    scripts = [unicodedata.name(letter, "").split(" ")[0] for letter in text if letter.isalpha()]
    known = [script for script in scripts if script in LANGUAGE_OF_SCRIPT]
    return LANGUAGE_OF_SCRIPT[max(LANGUAGE_OF_SCRIPT, key=known.count)] if known else "en-us"
