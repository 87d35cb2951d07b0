"""What can be set for so-vits voices alone: there when such a voice is chosen, and only what it has files for."""

from collections.abc import Iterable
from typing import Any

import gradio as gr
from gradio.components import Component

from vc_core.conversion.so_vits_import import CLUSTERS_FILE, CONFIG_FILE, ENGINE, speakers_of
from vc_core.conversion.so_vits_memory import MOMENTS_FILE
from vc_core.conversion.so_vits_options import PRECISIONS, SoVitsOptions
from vc_core.errors import UserError
from vc_core.ui.controls import PRIVATE, translated_choice
from vc_core.ui.visitors import library_of
from vc_core.ui.words import word
from vc_core.voices import Voice

USUAL = SoVitsOptions()


def so_vits_settings(voice: gr.Dropdown) -> list[Component]:
    """Singer, noise scale, predicted pitch, both ratios, precision, and whatever else as words."""
    with gr.Column(visible="hidden", elem_id="so-vits-settings") as group:
        gr.Markdown(word("so_vits_settings"), elem_classes="heading")
        singer = open_choice("so_vits_singer", "so-vits-singer")
        noise = gr.Slider(0, 2, value=USUAL.noise_scale, step=0.05, label=word("so_vits_noise"))
        predicted = gr.Checkbox(USUAL.predicted_pitch, label=word("so_vits_pitch"), info=word("so_vits_pitch_info"))
        clusters, moments = (
            gr.Slider(
                0,
                1,
                value=0,
                step=0.05,
                label=word(label),
                info=word("so_vits_likeness_info"),
                visible="hidden",
                elem_id=elem_id,
            )
            for label, elem_id in (("so_vits_clusters", "so-vits-clusters"), ("so_vits_moments", "so-vits-moments"))
        )
        precision = translated_choice("so_vits_precision", list(PRECISIONS), "precision")
        more = gr.Textbox("", label=word("so_vits"), info=word("so_vits_info"), elem_id="so-vits")
    voice.change(_fitted, voice, [group, singer, clusters, moments, more], **PRIVATE)
    return [singer, noise, predicted, clusters, moments, precision, more]


def open_choice(label: str, elem_id: str) -> gr.Dropdown:
    """A choice of what is known later; programs may name anything, and the handler refuses what doesn't exist."""
    choice = gr.Dropdown([], value="", label=word(label), allow_custom_value=True, elem_id=elem_id)
    choice.api_info = lambda: {"type": "string"}  # type: ignore[method-assign]
    return choice


def in_quotes(singers: Iterable[str]) -> list[tuple[str, str]]:
    """As choices; Gradio would translate a bare name that is also one of the page's words."""
    return [(f"“{name}”", name) for name in singers]


def _fitted(name: str | None, request: gr.Request) -> list[Any]:
    """What one voice was asked for is not asked of the next."""
    voice = next((one for one in library_of(request).list() if one.name == name and one.card.engine == ENGINE), None)
    if voice is None:
        return [gr.update(visible="hidden"), gr.update(value=""), *(gr.update(value=0) for _ in range(2)), ""]
    ratios = (
        gr.update(value=0, visible=True if file in voice.card.files else "hidden")
        for file in (CLUSTERS_FILE, MOMENTS_FILE)
    )
    return [gr.update(visible=True), _singers(voice), *ratios, ""]


def _singers(voice: Voice) -> Any:
    try:
        singers = speakers_of(voice.folder / CONFIG_FILE)
    except UserError:  # which is told as soon as it shall sing
        singers = ()
    return gr.update(
        choices=in_quotes(singers),
        visible=True if len(singers) > 1 else "hidden",
        value=voice.card.settings.get("speaker", ""),
    )
