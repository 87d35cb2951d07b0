"""Untrusted text stays text in Markdown and in toasts: no pictures, links or tags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from voice_maker import add_voice

from vc_core.errors import UserError
from vc_core.files.provenance import Origin, Provenance
from vc_core.ui.server.events import show_errors
from vc_core.ui.tabs.voices import _render_card, describe_origin
from vc_core.ui.widgets.escaping import escape_markdown, escape_toast
from vc_core.ui.words import translate_notes
from vc_core.voices.library import VoiceLibrary

HOSTILE = (
    "![x](http://127.0.0.1:1/x.png)",
    '<img src="http://127.0.0.1:1/x.png">',
    "[free voices](http://127.0.0.1:1)",
    "<http://127.0.0.1:1>",
    "![x][y]",
    "# *a* _b_ ~~c~~ `d` \\",
)


def find_elements(markdown: str) -> set[str]:
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    return {inner.type for token in tokens for inner in (token.children or [token]) if inner.type != "text"}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_has_no_elements(text):
    escaped = escape_markdown(f"“{text}”")
    assert find_elements(escaped) <= {"paragraph_open", "paragraph_close", "text_special"}
    assert MarkdownIt("commonmark").renderInline(escaped).count("<") == 0
    assert "<" not in escape_toast(text)


@given(st.text(max_size=200))
def test_no_text_opens_a_tag_or_a_link(text):
    escaped = escape_markdown(text)
    assert not set(escaped) & set("<>[]*`|@\\\n\r")
    assert "://" not in escaped
    assert "www." not in escaped.lower()


@pytest.mark.parametrize("text", ["my_song.flac", "나리 (Alto)", "R+B, 3.5 dB!", "Peaks were lowered by up to 2.0 dB."])
def test_usual_text_stays_as_it_is(text):
    assert escape_markdown(text) == escape_toast(text) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_what_comes_from_files_and_cards_is_escaped(text, tmp_path):
    provenance = Provenance("convert", text, text, {text: text}, tool=text, version=text, created=text)
    allowed = {"paragraph_open", "paragraph_close", "strong_open", "strong_close", "text_special"}
    assert find_elements(describe_origin(Origin(provenance))) <= allowed
    (note,) = translate_notes(None, [f"“{text}” was left out."])
    assert find_elements(note) <= allowed
    voice = add_voice(VoiceLibrary(tmp_path), text, origin=text, licence=text, engine=text)
    assert text not in _render_card(voice, None) or "<" not in text
    assert "<img" not in _render_card(voice, None)


def test_a_name_in_an_error_opens_no_tag():
    with pytest.raises(Exception, match="&lt;img src=x>"), show_errors(None):
        raise UserError("There is no voice called “{name}”. There are: {known}.", name="<img src=x>", known="none")
