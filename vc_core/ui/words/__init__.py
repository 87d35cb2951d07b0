"""Texts of the page and error messages by language, chosen by the browser's Accept-Language.

Another language is one file like `ko.py` and one line in `LANGUAGES`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache

import gradio as gr
from gradio.i18n import I18nData

from vc_core.errors import Message, fill_template
from vc_core.ui.widgets.escaping import escape_markdown
from vc_core.ui.words.en import WORDS as ENGLISH_WORDS
from vc_core.ui.words.ko import ERRORS as KOREAN_ERRORS
from vc_core.ui.words.ko import WORDS as KOREAN_WORDS

DEFAULT_LANGUAGE = "en"


@dataclass(frozen=True)
class Language:
    words: Mapping[str, str]
    """The same keys in every language."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """English template of a message -> its template in this language; without one the message stays English."""


LANGUAGES = {
    "en": Language(ENGLISH_WORDS),
    "ko": Language(KOREAN_WORDS, KOREAN_ERRORS),
}
TRANSLATIONS = gr.I18n(**{name: dict(language.words) for name, language in LANGUAGES.items()})


def word(key: str) -> I18nData:
    """A text that the browser translates; a key without one is a bug."""
    if not has_word(key):
        raise KeyError(f"no word for {key!r}")
    return TRANSLATIONS(key)


def has_word(key: str) -> bool:
    return key in LANGUAGES[DEFAULT_LANGUAGE].words


def language_of(request: gr.Request | None) -> str:
    """The browser's first language, as the page itself chooses it; English without a browser or for any other."""
    accepted = request.headers.get("accept-language", "") if request else ""
    language = re.split("[,;-]", accepted)[0].strip().lower()
    return language if language in LANGUAGES else DEFAULT_LANGUAGE


def translate(request: gr.Request | None, key: str) -> str:
    """The text of a key, for what is put together on the server."""
    return translate_to(language_of(request), key)


def translate_all(request: gr.Request | None, keys: Iterable[str]) -> dict[str, str]:
    """The texts of several keys, by key: for scripts of the page."""
    return {key: translate(request, key) for key in keys}


def translate_to(language: str, key: str) -> str:
    return LANGUAGES[language].words[key]


def translate_message(language: str, message: Message) -> str:
    template = LANGUAGES[language].errors.get(message.template)
    if template is None:
        return translate_text(language, str(message))
    values = {
        name: translate_message(language, value) if isinstance(value, Message) else value
        for name, value in message.values.items()
    }
    return fill_template(template, values)


def translate_notes(request: gr.Request | None, notes: Iterable[str]) -> list[str]:
    """Notes of the core about a result, such as that peaks were lowered, as Markdown."""
    return [escape_markdown(translate_text(language_of(request), note)) for note in notes]


@lru_cache(maxsize=1000)
def translate_text(language: str, text: str) -> str:
    """Translate a message that was stored as English text, by finding its template; other text stays as it is."""
    errors = LANGUAGES[language].errors
    if text in errors:
        return errors[text]
    found = [(template, match) for template in errors if (match := _pattern(template).fullmatch(text))]
    if not found:
        return text
    template, match = max(found, key=lambda pair: len(_PLACEHOLDER.sub("", pair[0])))  # the most specific one
    values = {name: translate_text(language, value) for name, value in match.groupdict().items()}
    return fill_template(_PLACEHOLDER.sub(r"{\1}", errors[template]), values)


_PLACEHOLDER = re.compile(r"{(\w+)[^}]*}")


@cache
def _pattern(template: str) -> re.Pattern[str]:
    pattern, names = "", set()
    for at, part in enumerate(_PLACEHOLDER.split(template)):
        if at % 2 == 0:
            pattern += re.escape(part)
        elif part in names:
            pattern += f"(?P={part})"
        else:
            pattern += f"(?P<{part}>.+?)"
            names.add(part)
    # A template that is all placeholder would fit any text.
    return re.compile(pattern if _PLACEHOLDER.sub("", template).strip() else r"(?!)", re.DOTALL)
