"""Presets of a tab: save its settings under a name, choose them again, export and import them as a file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from vc_core.errors import Message, UserError
from vc_core.recipes.presets import MAX_NAME_LENGTH, Preset, PresetFolder, find_preset
from vc_core.ui.server.events import show_errors
from vc_core.ui.server.sessions import create_results_folder, get_session_home, is_shared
from vc_core.ui.settings.form import SettingsForm
from vc_core.ui.widgets.controls import PRIVATE
from vc_core.ui.widgets.escaping import escape_toast
from vc_core.ui.widgets.page_load import set_on_load
from vc_core.ui.words import language_of, translate_message, word
from vc_core.voices.library import make_folder_name


def get_presets(request: gr.Request | None) -> PresetFolder:
    """Those of this user; on a shared page they end with the session."""
    return PresetFolder(get_session_home(request) / "presets")


def build_presets(form: SettingsForm) -> SettingsForm:
    """An accordion with the presets of the form's tab; returns the form."""
    panel = form.panel
    with gr.Accordion(word("presets"), open=False, elem_id=f"{panel}-presets"):
        gr.Markdown(word("presets_about_shared" if is_shared() else "presets_about"), elem_classes="hint")
        choice = gr.Dropdown([], label=word("preset"), elem_id=f"{panel}-preset")
        choice.preprocess = _read_name  # type: ignore[method-assign]  # each session has its own
        with gr.Row(visible=False) as actions:
            export = gr.DownloadButton(
                word("preset_export"),  # type: ignore[arg-type]
                size="sm",
                elem_id=f"{panel}-preset-export",
            )
            delete = gr.Button(word("preset_delete"), size="sm", elem_id=f"{panel}-preset-delete")
        with gr.Row(visible=False) as confirmation:
            confirm = gr.Button(word("trash_sure"), size="sm", variant="stop", elem_id=f"{panel}-preset-delete-sure")
            cancel = gr.Button(word("keep_it"), size="sm")
        with gr.Row(equal_height=True, elem_classes="named"):
            name = gr.Textbox(
                label=word("preset_name"),
                max_length=MAX_NAME_LENGTH,
                max_lines=1,
                scale=3,
                elem_id=f"{panel}-preset-name",
            )
            save = gr.Button(word("preset_save"), size="sm", scale=1, min_width=90, elem_id=f"{panel}-preset-save")
        opened = gr.UploadButton(
            word("preset_import"),  # type: ignore[arg-type]
            size="sm", file_types=[".json"], type="filepath", elem_id=f"{panel}-preset-import",
        )  # fmt: skip
    shown = [choice, export, actions]
    set_on_load(lambda request: _show(form, None, request), *shown)
    choice.input(_choose_for(form), choice, [form.wanted, *shown], **PRIVATE)
    gr.on([save.click, name.submit], _save_for(form), [name, *form.controls.values()], shown, **PRIVATE)
    opened.upload(_import_for(form), opened, [form.wanted, *shown], **PRIVATE)
    delete.click(lambda: gr.update(visible=True), None, confirmation, **PRIVATE)
    gr.on([confirm.click, cancel.click], lambda: gr.update(visible=False), None, confirmation, **PRIVATE)
    confirm.click(_delete_for(form), choice, shown, **PRIVATE)
    return form


def _read_name(payload: Any) -> str | None:
    return payload if isinstance(payload, str) else None


def _show(form: SettingsForm, chosen: str | None, request: gr.Request) -> list[Any]:
    """The choices, the file of the chosen preset, and what can be done with it."""
    presets = {preset.name: preset for preset in get_presets(request).list(form.panel)}
    chosen = chosen if chosen in presets else None
    # In quotes: Gradio would translate a name that is also a word's key.
    choice = gr.update(choices=[(f"“{name}”", name) for name in presets], value=chosen)
    if chosen is None:
        return [choice, gr.skip(), gr.update(visible=False)]
    path = create_results_folder() / f"{make_folder_name(chosen)}.json"
    path.write_text(presets[chosen].to_json(), "utf-8")
    return [choice, str(path), gr.update(visible=True)]


def _choose_for(form: SettingsForm) -> Callable[..., list[Any]]:
    def choose(name: str | None, request: gr.Request) -> list[Any]:
        if name is None:
            return [gr.skip(), *_show(form, None, request)]
        with show_errors(request):
            preset = get_presets(request).find(form.panel, name)
            return [apply(form, preset.settings, request), *_show(form, name, request)]

    return choose


def _save_for(form: SettingsForm) -> Callable[..., list[Any]]:
    def save(request: gr.Request, name: str, *values: Any) -> list[Any]:
        with show_errors(request):
            if not name.strip():
                raise UserError("Give the preset a name first.")
            preset = Preset(name.strip(), form.panel, form.describe_values(values))
            get_presets(request).save(preset)
            return _show(form, preset.name, request)

    return save


def _import_for(form: SettingsForm) -> Callable[..., list[Any]]:
    def import_preset(path: str, request: gr.Request) -> list[Any]:
        with show_errors(request):
            preset = find_preset(form.panel, str(Path(path)), get_presets(request))
            get_presets(request).save(preset)
            return [apply(form, preset.settings, request), *_show(form, preset.name, request)]

    return import_preset


def _delete_for(form: SettingsForm) -> Callable[..., list[Any]]:
    def delete(name: str | None, request: gr.Request) -> list[Any]:
        with show_errors(request):
            get_presets(request).delete(form.panel, name or "")
            return _show(form, None, request)

    return delete


def apply(form: SettingsForm, settings: Any, request: gr.Request) -> Any:
    """An update for `form.wanted`; what can't be set is named in a message."""
    wanted = form.make_update(settings, request)
    missing = [
        str(value) for name, value in settings.items() if name in form.controls and name not in wanted["settings"]
    ]
    if missing:
        message = Message("This is not there any more, the rest was set: {missing}.", missing=", ".join(missing))
        gr.Info(escape_toast(translate_message(language_of(request), message)))
    return wanted
