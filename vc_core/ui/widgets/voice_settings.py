"""Settings of so-vits and RVC voices: shown when such a voice is selected, limited to what it has files for."""

from collections.abc import Iterable
from typing import Any

import gradio as gr
from gradio.components import Component

from vc_core.conversion.rvc.files import ENGINE_NAME as RVC
from vc_core.conversion.rvc.files import INDEX_FILE
from vc_core.conversion.rvc.options import RvcOptions
from vc_core.conversion.so_vits.importing import list_speakers
from vc_core.conversion.so_vits.options import SoVitsOptions
from vc_core.errors import UserError
from vc_core.ui.server.sessions import get_library
from vc_core.ui.widgets.controls import PRIVATE
from vc_core.ui.widgets.option_controls import make_controls
from vc_core.ui.words import word
from vc_core.voices.library import Voice
from vc_core.voices.so_vits_files import CLUSTERS_FILE, CONFIG_FILE, FEATURES_FILE
from vc_core.voices.so_vits_files import ENGINE_NAME as SO_VITS

RATIOS = ("cluster_ratio", "retrieval_ratio")
COMPONENT_ARGUMENTS = {
    "cluster_ratio": {"visible": "hidden", "elem_id": "so-vits-clusters", "info": word("so_vits_likeness_info")},
    "retrieval_ratio": {"visible": "hidden", "elem_id": "so-vits-moments", "info": word("so_vits_likeness_info")},
}


def make_voice_settings(voice: gr.Dropdown) -> dict[str, Component]:
    """Of both kinds of voices, and all other settings as text."""
    settings, fitted = _make_so_vits_settings()
    rvc_settings, rvc_fitted = _make_rvc_settings()
    settings |= rvc_settings
    with gr.Column(visible=False) as group:
        settings["so_vits"] = gr.Textbox("", label=word("so_vits"), info=word("so_vits_info"), elem_id="so-vits")
    voice.change(_fit_to_voice, voice, [*fitted, *rvc_fitted, group, settings["so_vits"]], **PRIVATE)
    return settings


def _make_rvc_settings() -> tuple[dict[str, Component], list[Any]]:
    """And what follows the voice."""
    arguments = {"retrieval_ratio": {"elem_id": "rvc-retrieval"}, "speaker": {"elem_id": "rvc-speaker"}}
    with gr.Column(visible=False, elem_id="rvc-settings") as group:
        gr.Markdown(word("rvc_settings"), elem_classes="heading")
        shown = ["speaker", "retrieval_ratio", "protection", "loudness_ratio", "noise_scale", "precision"]
        settings = make_controls(RvcOptions, shown, given=arguments)
    return settings, [group, *(settings[name] for name in ("rvc_speaker", "rvc_retrieval", "rvc_protection"))]


def _make_so_vits_settings() -> tuple[dict[str, Component], list[Any]]:
    """Singer, noise scale, pitch prediction, both ratios, precision; and what follows the voice."""
    with gr.Column(visible=False, elem_id="so-vits-settings") as group:
        gr.Markdown(word("so_vits_settings"), elem_classes="heading")
        settings: dict[str, Component] = {"singer": make_open_choice("so_vits_singer", "so-vits-singer")}
        settings |= make_controls(
            SoVitsOptions, ["noise_scale", "predicted_pitch", *RATIOS, "precision"], given=COMPONENT_ARGUMENTS
        )
    return settings, [group, *(settings[name] for name in ("singer", *RATIOS))]


def make_open_choice(label: str, elem_id: str) -> gr.Dropdown:
    """A dropdown whose choices are set later. API clients may send any value; the handler validates it."""
    choice = gr.Dropdown([], value="", label=word(label), allow_custom_value=True, elem_id=elem_id)
    choice.api_info = lambda: {"type": "string"}  # type: ignore[method-assign]
    return choice


def quote_singers(singers: Iterable[str]) -> list[tuple[str, str]]:
    """Dropdown choices in quotes: Gradio would translate a bare name that is also a word key."""
    return [(f"“{name}”", name) for name in singers]


def _fit_to_voice(name: str | None, request: gr.Request) -> list[Any]:
    """Show the settings that the voice supports, and reset them: they don't carry over to another voice."""
    voice = next((one for one in get_library(request).list() if one.name == name), None)
    so_vits, rvc = (voice if voice and voice.card.engine == engine else None for engine in (SO_VITS, RVC))
    text = [gr.update(visible=bool(so_vits or rvc)), ""]
    return [*_fit_so_vits_settings(so_vits), *_fit_rvc_settings(rvc), *text]


def _fit_so_vits_settings(voice: Voice | None) -> list[Any]:
    if voice is None:
        return [gr.update(visible=False), gr.update(value=""), *(gr.update(value=0) for _ in range(2))]
    ratios = (
        gr.update(value=0, visible=True if file in voice.card.files else "hidden")
        for file in (CLUSTERS_FILE, FEATURES_FILE)
    )
    return [gr.update(visible=True), _update_singers(voice), *ratios]


def _fit_rvc_settings(voice: Voice | None) -> list[Any]:
    has_index: Any = True if voice is not None and INDEX_FILE in voice.card.files else "hidden"
    speakers = 1 if voice is None else voice.card.settings.get("speakers", 1)
    return [
        gr.update(visible=voice is not None),
        gr.update(value=0, visible=True if speakers > 1 else "hidden"),
        gr.update(value=RvcOptions.retrieval_ratio, visible=has_index),
        gr.update(value=RvcOptions.protection, visible=has_index),
    ]


def _update_singers(voice: Voice) -> Any:
    try:
        singers = list_speakers(voice.folder / CONFIG_FILE)
    except UserError:  # shown when the conversion starts
        singers = ()
    return gr.update(
        choices=quote_singers(singers),
        visible=True if len(singers) > 1 else "hidden",
        value=voice.card.settings.get("speaker", ""),
    )
