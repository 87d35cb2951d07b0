"""Gradio controls from an options dataclass: label, range, default and choices are those of its fields."""

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from vc_core.files.writing import FORMATS
from vc_core.options import Option, api_name, default_of, options_of
from vc_core.ui.widgets.controls import make_translated_choice
from vc_core.ui.words import has_word, word


def make_controls(
    kind: type[Any], names: Sequence[str] = (), *, given: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Component]:
    """Make one control for each field, or for those in `names`; keys are the API's parameter names.

    `given` has extra arguments of components, such as `elem_id` and `visible`, by field name.
    """
    options = options_of(kind)
    return {
        api_name(name, options[name]): _make_control(options[name], default_of(kind, name), (given or {}).get(name, {}))
        for name in (names or options)
    }


def _make_control(option: Option, default: Any, given: Mapping[str, Any]) -> Component:
    label = option.word
    common = {"label": word(label)} | dict(given)
    info = {"info": word(f"{label}_info")} if has_word(f"{label}_info") else {}
    if option.choices is FORMATS:
        return gr.Dropdown([(format.label, name) for name, format in FORMATS.items()], value=default, **common)
    if option.choices:
        return make_translated_choice(label, list(option.choices), option.choice_words, value=default, **given)
    if isinstance(default, bool):
        return gr.Checkbox(default, **common | info)
    if option.lowest is not None and option.highest is not None:
        return gr.Slider(option.lowest, option.highest, value=default, step=option.step, **common | info)
    if isinstance(default, int):
        return gr.Number(default, precision=0, **common | info)
    return gr.Textbox(default, **common | info)
