"""Engine and voice in one picker: the visitor's own voices, and those that come with the app."""

from html import escape
from typing import Any

import gradio as gr
import numpy as np

from vc_core.conversion import CONVERTERS, STARTER_VOICES
from vc_core.key_advisor import note_name, notes_of
from vc_core.ui.controls import PRIVATE
from vc_core.ui.handover import Handover
from vc_core.ui.visitors import library_of
from vc_core.ui.words import said_to, word
from vc_core.voices import Voice, VoiceLibrary

FIRST_VOICE = "Clara"


def voice_picker(handover: Handover, elem_id: str, label: str = "singer") -> gr.Dropdown:
    """Its value is the voice's name, and below it stands what is to be known of it.

    The choices are each visitor's own, so Gradio can't check a program's call against them.
    """
    shipped = VoiceLibrary(STARTER_VOICES).list()
    picker = gr.Dropdown(
        [(_label(voice, None), voice.name) for voice in shipped],
        value=FIRST_VOICE,
        label=word(label),
        allow_custom_value=True,
        elem_id=elem_id,
    )
    about = gr.Markdown(elem_classes="hint")
    handover.keep_fresh(_refreshed, [picker], [picker, about])
    picker.change(_about, picker, about, **PRIVATE)
    return picker


def _refreshed(chosen: str | None, request: gr.Request) -> tuple[Any, str]:
    voices = library_of(request).list()
    if chosen not in [voice.name for voice in voices]:
        chosen = FIRST_VOICE
    choices = [(_label(voice, request), voice.name) for voice in sorted(voices, key=lambda one: not one.can_be_deleted)]
    return gr.update(choices=choices, value=chosen), _about(chosen, request)


def _label(voice: Voice, request: gr.Request | None) -> str:
    engine = voice.card.engine
    return f"{voice.name} · {said_to(request, f'engine_{engine}') if engine in CONVERTERS else engine}"


def _about(name: str | None, request: gr.Request) -> str:
    voice = next((voice for voice in library_of(request).list() if voice.name == name), None)
    if voice is None:
        return ""
    consent = said_to(request, f"consent_{voice.card.consent}")
    if voice.card.pitch_range_hz is None:
        return escape(f"{consent}.")
    low, high = voice.card.pitch_range_hz
    names = [note_name(note) for note in notes_of(np.array([low, high]))]
    treble = f"{voice.card.sample_rate / 2000:g}"
    reach = said_to(request, "singer_about").format(*names, round(low), round(high), treble)
    return escape(f"{consent}. {reach}")
