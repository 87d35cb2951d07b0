"""Every word is there in both languages, is used, and says the same."""

import re
from pathlib import Path
from typing import get_args

import pytest

from vc_core.conversion import AUTOMATIC_KEYS, CONVERTERS
from vc_core.conversion.so_vits_options import PRECISIONS
from vc_core.emotion import EMOTIONS, GUESS, STYLERS
from vc_core.key_advisor import KEY_WAYS
from vc_core.recipes import BACKING_WAYS
from vc_core.report_card import MEASURES
from vc_core.separation import SEPARATORS
from vc_core.training import TRAINING_METHODS
from vc_core.training.advice import Verdict
from vc_core.training.findings import IN_ENGLISH
from vc_core.training.spec import State
from vc_core.ui.add_emotion import STEPS
from vc_core.ui.suite import PANELS
from vc_core.ui.words import TRANSLATIONS, WORDS, said_to, word
from vc_core.voices import CONSENTS

UI = Path(__file__).parents[2] / "vc_core" / "ui"


@pytest.mark.parametrize("key", WORDS)
def test_a_word_is_in_both_languages(key):
    english, korean = WORDS[key]
    assert english.isprintable()
    assert re.search("[가-힣]", korean), f"{key} is not Korean"
    assert not re.search("[가-힣]", english)
    # What is a number or a file type in one language is in the other as well.
    assert re.findall(r"\d+", english) == re.findall(r"\d+", korean)


@pytest.mark.parametrize("kind", IN_ENGLISH)
def test_a_finding_has_the_same_figures_in_both_languages(kind):
    for key in (f"finding_{kind}", f"remedy_{kind}"):
        english, korean = (sorted(re.findall(r"{\w+", text)) for text in WORDS[key])
        assert english == korean


def test_every_word_that_is_asked_for_exists_and_every_other_is_gone():
    source = "\n".join(path.read_text() for path in UI.glob("*.py") if not path.name.endswith("words.py"))
    asked = set(re.findall(r"[\"']([a-z_]+)[\"']", source))
    asked |= {f"{word}_{name}" for word in ("engine", "notice") for name in (*SEPARATORS, *STYLERS)}
    asked |= {f"engine_{name}" for name in CONVERTERS} | {f"key_{name}" for name in AUTOMATIC_KEYS}
    asked |= {f"report_{name}" for name in MEASURES}
    asked |= {f"emotion_{name}" for name in (*EMOTIONS, GUESS)} | {f"step_{round(100 * step)}" for step in STEPS}
    asked |= {f"precision_{name}" for name in PRECISIONS}
    asked |= {f"cover_key_{name}" for name in KEY_WAYS} | {f"backing_{name}" for name in BACKING_WAYS}
    asked |= {f"{word}_{name}" for word in ("method", "method_notice") for name in TRAINING_METHODS}
    asked |= {f"state_{name}" for name in get_args(State)} | {f"advice_{name}" for name in get_args(Verdict)}
    asked |= {f"{word}_{kind}" for word in ("finding", "remedy") for kind in IN_ENGLISH}
    asked |= {f"tab_{name}" for name in PANELS} | {f"consent_{name}" for name in CONSENTS}
    asked |= {f"send_{name}" for name in PANELS}
    assert set(WORDS) <= asked, f"unused: {set(WORDS) - asked}"
    assert {f"engine_{name}" for name in (*SEPARATORS, *STYLERS, *CONVERTERS)} <= set(WORDS)
    for needed in (*(f"tab_{name}" for name in PANELS), *(f"consent_{name}" for name in CONSENTS)):
        assert needed in WORDS


def test_a_word_that_does_not_exist_is_caught():
    with pytest.raises(KeyError):
        word("nonsense")


def test_the_page_gets_all_translations():
    assert set(TRANSLATIONS.translations) == {"en", "ko"}


class _Request:
    def __init__(self, language):
        self.headers = {"accept-language": language}


@pytest.mark.parametrize(
    ("language", "expected"), [("ko-KR,ko;q=0.9,en;q=0.8", 1), ("ko", 1), ("en-US,ko;q=0.5", 0), ("de", 0), ("", 0)]
)
def test_words_of_the_server_follow_the_browser(language, expected):
    assert said_to(_Request(language), "stop") == WORDS["stop"][expected]


def test_without_a_browser_words_are_english():
    assert said_to(None, "stop") == "Stop"
