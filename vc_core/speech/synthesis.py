"""Text-to-speech in many languages as the source of a voice conversion, with language detection by script."""

import unicodedata
from dataclasses import dataclass

import numpy as np

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.progress import Progress, silent
from vc_core.speech.espeak import speak

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
"""espeak-ng's language codes and native names. Not Japanese: espeak-ng spells out its characters."""
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
MAX_TEXT_LENGTH = 5_000
"""In characters: about five minutes of speech."""
MIN_WORDS_PER_MINUTE, MAX_WORDS_PER_MINUTE, DEFAULT_WORDS_PER_MINUTE = 80, 300, 150
SLOWEST_LETTERS_PER_SECOND = 4.0
"""Of the slowest scripts, at the default speed: a syllable or a word for each character."""
SPEAKER = "f5"
"""espeak-ng's voice variant; pitch and timbre come from the conversion."""
MIN_PEAK = 1e-3


@dataclass(frozen=True)
class SpeechRequest:
    """A text with its language and speaking rate, validated."""

    text: str
    language: str = GUESS
    words_per_minute: float = DEFAULT_WORDS_PER_MINUTE

    def __post_init__(self) -> None:
        if not self.words:
            raise UserError("Write a text first.")
        if len(self.words) > MAX_TEXT_LENGTH:
            raise UserError(
                "This text has {letters:,} letters; up to {most:,} can be said at once. Split it.",
                letters=len(self.words),
                most=MAX_TEXT_LENGTH,
            )
        if self.language not in (GUESS, *LANGUAGES):
            known = ", ".join((GUESS, *LANGUAGES))
            raise UserError("There is no language “{name}” here. There are: {known}.", name=self.language, known=known)
        if not MIN_WORDS_PER_MINUTE <= self.words_per_minute <= MAX_WORDS_PER_MINUTE:
            raise UserError(
                "The speed goes from {slowest} to {fastest} words per minute.",
                slowest=MIN_WORDS_PER_MINUTE,
                fastest=MAX_WORDS_PER_MINUTE,
            )

    @property
    def expected_seconds(self) -> float:
        """At most: in no language are the letters spoken more slowly."""
        return len(self.words) / SLOWEST_LETTERS_PER_SECOND * DEFAULT_WORDS_PER_MINUTE / self.words_per_minute

    @property
    def words(self) -> str:
        """The text without control characters, such as the NUL that would end it for espeak-ng."""
        return "".join(
            " " if unicodedata.category(character).startswith("C") else character for character in self.text
        ).strip()


def synthesise_speech(request: SpeechRequest, *, progress: Progress = silent) -> Audio:
    language = guess_language(request.words) if request.language == GUESS else request.language
    speed = round(request.words_per_minute)
    audio = speak(request.words, voice=f"{language}+{SPEAKER}", words_per_minute=speed, progress=progress).audio
    if np.abs(audio.samples).max(initial=0.0) < MIN_PEAK:
        raise UserError("There is nothing to say in this text. Write some words.")
    return audio


def guess_language(text: str) -> str:
    """The language of the script that most letters are in; Latin script counts as English."""
    scripts = [unicodedata.name(letter, "").split(" ")[0] for letter in text if letter.isalpha()]
    known = [script for script in scripts if script in LANGUAGE_OF_SCRIPT]
    return LANGUAGE_OF_SCRIPT[max(LANGUAGE_OF_SCRIPT, key=known.count)] if known else "en-us"
