"""Every text exists in all languages with the same figures and is used; every error message has a translation."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
from conftest import client_of
from gradio_client.exceptions import AppError

from vc_core.conversion import AUTOMATIC_KEYS, CONVERTERS
from vc_core.conversion.precision import PRECISIONS
from vc_core.conversion.report_card import MEASURES
from vc_core.cover.key_advisor import KEY_MODES
from vc_core.cover.options import BACKING_MODES
from vc_core.emotion import EMOTIONS, GUESS, STYLERS
from vc_core.errors import Message, UserError, fill_template
from vc_core.recipes.clean_up import CLEAN_UPS
from vc_core.separation import SEPARATORS, VOCAL_STEPS
from vc_core.training import TRAINING_METHODS
from vc_core.training.recordings.findings import ENGLISH_TEXTS
from vc_core.training.run.advice import Verdict
from vc_core.training.run.spec import State
from vc_core.ui.suite import PANELS, build_suite, launch
from vc_core.ui.tabs.add_emotion import INTENSITIES
from vc_core.ui.tabs.live_voice import LOOK_AHEADS
from vc_core.ui.words import (
    DEFAULT_LANGUAGE,
    LANGUAGES,
    TRANSLATIONS,
    Language,
    language_of,
    translate,
    translate_message,
    translate_text,
    translate_to,
    word,
)
from vc_core.voices.library import CONSENTS

PACKAGE = Path(__file__).parents[2] / "vc_core"
UI = PACKAGE / "ui"


ENGLISH = LANGUAGES[DEFAULT_LANGUAGE].words
OTHERS = [(name, language) for name, language in LANGUAGES.items() if name != DEFAULT_LANGUAGE]


def placeholders_of(template: str) -> list[str]:
    return sorted(re.findall(r"{[^}]*}", template))


def message_calls() -> Iterator[tuple[Path, ast.Call]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("UserError", "Message", "Waiting"):
                yield path, node


MESSAGE_CALLS = [(path, call) for path, call in message_calls() if path != PACKAGE / "errors.py"]
TEMPLATES = {call.args[0].value for _, call in MESSAGE_CALLS if isinstance(call.args[0], ast.Constant)}


@pytest.mark.parametrize(("name", "language"), OTHERS)
def test_a_language_has_every_word_and_no_other(name, language):
    assert set(language.words) == set(ENGLISH)


@pytest.mark.parametrize("key", ENGLISH)
def test_a_word_has_the_same_placeholders_in_both_languages(key):
    english, korean = ENGLISH[key], LANGUAGES["ko"].words[key]
    assert english.isprintable()
    assert re.search("[가-힣]", korean), f"{key} is not Korean"
    assert not re.search("[가-힣]", english)
    # What is a number or a file type in one language is in the other as well.
    assert re.findall(r"\d+", english) == re.findall(r"\d+", korean)
    assert placeholders_of(english) == placeholders_of(korean)


@pytest.mark.parametrize("kind", ENGLISH_TEXTS)
def test_a_finding_has_the_same_figures_in_both_languages(kind):
    for key in (f"finding_{kind}", f"remedy_{kind}"):
        english, korean = (sorted(re.findall(r"{\w+", language.words[key])) for language in LANGUAGES.values())
        assert english == korean


@pytest.mark.parametrize(
    ("path", "call"), MESSAGE_CALLS, ids=[f"{path.relative_to(PACKAGE)}:{call.lineno}" for path, call in MESSAGE_CALLS]
)
def test_a_message_has_a_constant_template_that_is_filled_by_its_values(path, call):
    template = call.args[0]
    assert isinstance(template, ast.Constant), "a template that is computed has no translation"
    assert len(call.args) == 1
    if call.keywords:  # without values, a template is not filled
        assert {field[1] for field in Formatter().parse(template.value) if field[1]} == {k.arg for k in call.keywords}


@pytest.mark.parametrize(("name", "language"), OTHERS)
def test_every_message_has_a_translation_with_the_same_placeholders(name, language):
    assert not TEMPLATES - set(language.errors), f"without {name}"
    assert not set(language.errors) - TEMPLATES, "of messages that are gone"
    for english, translated in language.errors.items():
        assert placeholders_of(english) == placeholders_of(translated)
        assert english == translated or re.search("[가-힣]", translated)


def test_a_message_is_translated_with_the_messages_in_it():
    cause = UserError("There is no file “{file}”.", file="a.wav")
    outer = Message("“{title}” was left out: {error}", title="Song", error=cause)
    assert str(outer) == "“Song” was left out: There is no file “a.wav”."
    assert translate_message("ko", outer) == "“Song”을(를) 제외했습니다. “a.wav” 파일이 없습니다."
    assert translate_message("en", outer) == str(outer)


@pytest.mark.parametrize(("path", "call"), MESSAGE_CALLS[::10])
def test_a_message_that_was_stored_as_text_is_translated(path, call):
    template = call.args[0].value
    values = {field[1]: 7 if "g" in (field[2] or "") else "x" for field in Formatter().parse(template) if field[1]}
    if not all(re.fullmatch(r"{\w+(:g)?}", one) for one in placeholders_of(template)):
        return
    filled = fill_template(LANGUAGES["ko"].errors[template], values)
    assert translate_text("ko", fill_template(template, values)) == filled


def test_text_that_is_no_message_stays_as_it_is():
    assert translate_text("ko", "Step 3 of 7") == "Step 3 of 7"
    assert translate_text("ko", "{braces} and 100 %") == "{braces} and 100 %"


def test_a_language_without_error_messages_shows_them_in_english(monkeypatch):
    monkeypatch.setitem(LANGUAGES, "xx", Language(ENGLISH))
    assert translate_message("xx", Message("There is no file “{file}”.", file="a")) == "There is no file “a”."


def test_every_word_that_is_asked_for_exists_and_every_other_is_gone():
    source = "\n".join(path.read_text() for path in UI.rglob("*.py") if path.parent.name != "words")
    asked = set(re.findall(r"[\"']([a-z_]+)[\"']", source))
    core = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py") if UI not in path.parents)
    labels = re.findall(r'\bword="([a-z_]+)"', core)  # of options, with their explanations
    asked |= {*labels, *(f"{label}_info" for label in labels)}
    asked |= {f"{word}_{name}" for word in ("engine", "notice") for name in (*SEPARATORS, *STYLERS)}
    asked |= {f"engine_{name}" for name in CONVERTERS} | {f"key_{name}" for name in AUTOMATIC_KEYS}
    asked |= {f"report_{name}" for name in MEASURES}
    asked |= {f"emotion_{name}" for name in (*EMOTIONS, GUESS)} | {f"step_{round(100 * step)}" for step in INTENSITIES}
    asked |= {f"precision_{name}" for name in PRECISIONS}
    asked |= {f"cover_key_{name}" for name in KEY_MODES} | {f"backing_{name}" for name in BACKING_MODES}
    asked |= {f"{word}_{name}" for word in ("method", "method_notice") for name in TRAINING_METHODS}
    asked |= {f"state_{name}" for name in get_args(State)} | {f"advice_{name}" for name in get_args(Verdict)}
    asked |= {f"{word}_{kind}" for word in ("finding", "remedy") for kind in ENGLISH_TEXTS}
    asked |= {f"tab_{name}" for name in PANELS} | {f"consent_{name}" for name in CONSENTS}
    asked |= {f"send_{name}" for name in PANELS}
    asked |= {f"then_{step}" for step in VOCAL_STEPS} | {f"clean_up_{name}" for name in CLEAN_UPS}
    asked |= {f"look_ahead_{name}" for name in LOOK_AHEADS}
    assert set(ENGLISH) <= asked, f"unused: {set(ENGLISH) - asked}"
    assert {f"engine_{name}" for name in (*SEPARATORS, *STYLERS, *CONVERTERS)} <= set(ENGLISH)
    for needed in (*(f"tab_{name}" for name in PANELS), *(f"consent_{name}" for name in CONSENTS)):
        assert needed in ENGLISH


def test_a_word_that_does_not_exist_is_caught():
    with pytest.raises(KeyError):
        word("nonsense")


def test_the_page_gets_all_translations():
    assert set(TRANSLATIONS.translations) == set(LANGUAGES) == {"en", "ko"}


class _Request:
    def __init__(self, language):
        self.headers = {"accept-language": language}


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("ko", "ko"),
        ("KO;q=1", "ko"),
        ("en-US,ko;q=0.5", "en"),
        ("de", "en"),
        ("", "en"),
    ],
)
def test_words_of_the_server_follow_the_browser(accepted, expected):
    assert language_of(_Request(accepted)) == expected
    assert translate(_Request(accepted), "stop") == translate_to(expected, "stop")


def test_without_a_browser_words_are_english():
    assert translate(None, "stop") == "Stop"


@pytest.fixture(scope="module")
def voices_page():
    """The address of a suite that has one tab."""
    suite = build_suite(["voices"])
    yield launch(suite)
    suite.close()


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("ko-KR,ko;q=0.9", "“Nobody” 목소리가 없습니다. 있는 목소리"),
        ("en", "There is no voice called “Nobody”"),
        (None, "There is no voice called “Nobody”"),
    ],
    ids=["korean page", "english page", "program"],
)
def test_errors_are_shown_in_the_language_of_the_page(voices_page, tmp_path, accepted, expected):
    client = client_of(voices_page, tmp_path, headers={"accept-language": accepted} if accepted else None)
    with pytest.raises(AppError, match=expected):
        client.predict(name="Nobody", api_name="/check_voice")
