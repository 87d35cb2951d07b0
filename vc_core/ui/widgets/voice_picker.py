"""Dropdown to choose a voice: the session's own voices and the starter voices, with a description."""

from typing import Any

import gradio as gr
import numpy as np

from vc_core.conversion import CONVERTERS, STARTER_VOICES
from vc_core.cover.key_advisor import format_note, hz_to_notes
from vc_core.ui.server.sessions import get_library
from vc_core.ui.widgets.controls import PRIVATE
from vc_core.ui.widgets.escaping import escape_markdown
from vc_core.ui.widgets.tab_links import TabLinks
from vc_core.ui.widgets.voice_shelf import make_voice_shelf
from vc_core.ui.words import translate, word
from vc_core.voices.library import Voice, VoiceLibrary

FIRST_VOICE = "Clara"


def make_voice_picker(
    tab_links: TabLinks, elem_id: str, label: str = "singer", song: gr.Audio | None = None
) -> gr.Dropdown:
    """The value is the voice's name; a description is shown below, and with a song a shelf of voices to hear.

    Each session has its own choices, so Gradio can't validate API calls against them.
    """
    shipped = VoiceLibrary(STARTER_VOICES).list()
    picker = gr.Dropdown(
        [(_format_label(voice, None), voice.name) for voice in shipped],
        value=FIRST_VOICE,
        label=word(label),
        allow_custom_value=True,
        elem_id=elem_id,
    )
    description = gr.Markdown(elem_classes="hint")
    tab_links.refresh_on_select(refresh_picker, [picker], [picker, description])
    if song is None:
        picker.change(describe_voice, picker, description, **PRIVATE)
    else:
        picker.change(_show_voice, picker, [description, make_voice_shelf(picker, song)], **PRIVATE)
    return picker


def _show_voice(name: str | None, request: gr.Request) -> tuple[str, Any]:
    return describe_voice(name, request), gr.update(chosen=name)


def refresh_picker(chosen: str | None, request: gr.Request) -> tuple[Any, str]:
    voices = get_library(request).list()
    choices = [(_format_label(voice, request), voice.name) for voice in sorted(voices, key=_is_starter)]
    if chosen in [voice.name for voice in voices]:  # not set: another may have been chosen meanwhile
        return gr.update(choices=choices), describe_voice(chosen, request)
    return gr.update(choices=choices, value=FIRST_VOICE), describe_voice(FIRST_VOICE, request)


def _is_starter(voice: Voice) -> bool:
    return not voice.can_be_deleted


def _format_label(voice: Voice, request: gr.Request | None) -> str:
    engine = voice.card.engine
    return f"{voice.name} · {translate(request, f'engine_{engine}') if engine in CONVERTERS else engine}"


def describe_voice(name: str | None, request: gr.Request) -> str:
    voice = next((voice for voice in get_library(request).list() if voice.name == name), None)
    if voice is None:
        return ""
    consent = translate(request, f"consent_{voice.card.consent}")
    if voice.is_temporary:
        consent = f"{translate(request, 'temporary_voice')} {consent}"
    if voice.card.engine in CONVERTERS and (megabytes := CONVERTERS[voice.card.engine].download_megabytes(voice)):
        consent = f"{consent}. {translate(request, 'voice_download').format(megabytes)}".removesuffix(".")
    if voice.card.pitch_range_hz is None:
        return escape_markdown(f"{consent}.")
    low, high = voice.card.pitch_range_hz
    names = [format_note(note) for note in hz_to_notes(np.array([low, high]))]
    bandwidth_khz = f"{voice.card.sample_rate / 2000:g}"
    pitch_range = translate(request, "singer_about").format(*names, round(low), round(high), bandwidth_khz)
    return escape_markdown(f"{consent}. {pitch_range}")
