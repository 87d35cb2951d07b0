"""The tab “Voices”: the library, import, export and publishing of voices, and the provenance of a file."""

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from vc_core.checkpoints.hub import parse_checkpoint
from vc_core.errors import Message, UserError
from vc_core.files.provenance import Origin, read_origin
from vc_core.files.reading import open_audio
from vc_core.progress import Progress
from vc_core.ui.server.events import run_in_thread, show_errors, stream_to_page
from vc_core.ui.server.sessions import create_results_folder, get_library
from vc_core.ui.server.voice_samples import voice_sample
from vc_core.ui.sign_in import build_sign_in_button, can_sign_in, find_account_token
from vc_core.ui.tabs.import_model import build_import_form
from vc_core.ui.widgets.controls import MAX_QUEUED, PRIVATE, make_voice_choice
from vc_core.ui.widgets.escaping import escape_markdown
from vc_core.ui.widgets.tab_links import TabLinks
from vc_core.ui.words import language_of, translate, translate_message, word
from vc_core.voices.library import Voice, find_faults, join_faults
from vc_core.voices.sharing import export_zip, import_from_hub, import_zip, publish


def list_voices(request: gr.Request) -> list[dict[str, Any]]:
    """The voices that can be used: name, engine, sample rate, pitch range, licence, consent and origin."""
    shown = ("name", "engine", "sample_rate", "pitch_range_hz", "licence", "consent", "origin")
    return [{key: getattr(voice.card, key) for key in shown} for voice in get_library(request).list()]


def add_voice(
    archive: str | None, repo: str, name: str, request: gr.Request, progress: gr.Progress = gr.Progress()
) -> Iterator[Any]:
    """Add a voice to the library, from a zip file or from a repo on the Hub; returns a message."""
    with show_errors(request):
        library = get_library(request)
        if (archive is None) == (not repo.strip()):
            raise UserError("Choose either a zip file or a voice on the Hub.")

        def work(report: Progress) -> Voice:
            if archive is not None:
                return import_zip(library, Path(archive), name=name)
            return import_from_hub(library, parse_checkpoint(repo), name=name, progress=report)

        yield from stream_to_page(
            run_in_thread(work),
            lambda voice: translate_message(
                language_of(request), Message("“{name}” has been added.", name=escape_markdown(voice.name))
            ),
            bar=progress,
        )


def check_voice(name: str | None, request: gr.Request) -> str:
    """Compare each file of a voice with the hash in its card; returns a message."""
    with show_errors(request):
        voice = get_library(request).find(_require_name(name))
        if faults := find_faults(voice):
            raise UserError("“{voice}” should not be used: {faults}", voice=voice.name, faults=join_faults(faults))
        count = len(voice.card.files)
        message = Message(
            "“{name}” is sound: each of its {count} files is the one that was made.",
            name=escape_markdown(voice.name),
            count=count,
        )
        return translate_message(language_of(request), message)


def export_voice(name: str | None, request: gr.Request) -> str:
    """Pack a voice into a zip file that can be added elsewhere."""
    with show_errors(request):
        voice = get_library(request).find(_require_name(name))
        return str(export_zip(voice, create_results_folder() / f"{voice.folder.name}.zip"))


def delete_voice(name: str | None, request: gr.Request) -> str:
    """Delete a voice from the library for good."""
    with show_errors(request):
        get_library(request).delete(chosen := _require_name(name))
        return translate_message(
            language_of(request), Message("“{name}” has been deleted.", name=escape_markdown(chosen))
        )


def publish_voice(
    name: str | None,
    repo: str,
    token: str,
    private: bool,
    request: gr.Request,
    progress: gr.Progress = gr.Progress(),
) -> Iterator[Any]:
    """Put a voice on the Hub under your account, with a card that says whose voice it is."""
    with show_errors(request):
        voice = get_library(request).find(_require_name(name))
        target = parse_checkpoint(repo).repo
        used = token.strip() or find_account_token(request)

        def work(report: Progress) -> str:
            return publish(voice, target, token=used, private=private, progress=report)

        yield from stream_to_page(
            run_in_thread(work),
            lambda address: translate_message(language_of(request), Message("Published: {address}", address=address)),
            bar=progress,
        )


def check_origin(sound: str | None, request: gr.Request | None = None) -> str:
    """Read the provenance mark of a sound file: whether it was generated, by which voice, when and how."""
    with show_errors(request):
        if sound is None:
            raise UserError("Choose a sound file first.")
        open_audio(sound)
        return describe_origin(read_origin(Path(sound)))


def describe_origin(origin: Origin) -> str:
    made = origin.provenance
    if made is None:
        return "This file has no mark of Voice Studio. It may have been made elsewhere, or the mark was removed."
    settings = ", ".join(f"{key} {value}" for key, value in made.settings.items())
    statements = [f"by {made.tool} {made.version}, {made.created}"]
    statements += [f"voice: {made.voice} ({made.engine})"] if made.voice else []
    statements += [f"settings: {settings}"] if settings else []
    return "**AI-generated** " + "; ".join(escape_markdown(statement) for statement in statements) + "."


def _require_name(name: str | None) -> str:
    if not name:
        raise UserError("Choose a voice first.")
    return name


def _render_cards(request: gr.Request) -> str:
    """The library as an HTML grid; card texts are untrusted, so they are escaped."""
    return f"<div class='voices'>{''.join(_render_card(voice, request) for voice in get_library(request).list())}</div>"


def _render_card(voice: Voice, request: gr.Request) -> str:
    card = voice.card
    lines = [translate(request, f"consent_{card.consent}"), f"{translate(request, 'origin')}: {escape(card.origin)}"]
    lines.append(f"{translate(request, 'licence')}: {escape(card.licence)}")
    if card.pitch_range_hz:
        low, high = card.pitch_range_hz
        lines.append(f"{translate(request, 'pitch_range')}: {low:.0f}–{high:.0f} Hz")
    lines.append(f"{escape(card.engine)}, {card.sample_rate / 1000:g} kHz")
    if not voice.can_be_deleted:
        lines.append(translate(request, "comes_with_app"))
    if voice.is_temporary:
        lines.append(translate(request, "temporary_voice"))
    return f"<article><h3>{escape(voice.name)}</h3>{''.join(f'<p>{line}</p>' for line in lines)}</article>"


def build_voices_panel(tab_links: TabLinks) -> None:
    gr.Markdown(word("voices_about"), elem_classes="about")
    cards = gr.HTML(elem_id="voice-cards", padding=False)
    with gr.Row(equal_height=False):
        with gr.Column():
            picker = make_voice_choice()
            with gr.Row():
                check = gr.Button(word("check_files"), size="sm")
                export = gr.Button(word("export_voice"), size="sm")
                delete = gr.Button(
                    word("delete_voice"), size="sm", variant="stop", visible=False, elem_id="delete-voice"
                )
            with gr.Row(visible=False) as confirmation:
                confirm = gr.Button(word("delete_sure"), size="sm", variant="stop", elem_id="delete-sure")
                cancel = gr.Button(word("keep_it"), size="sm")
            exported = gr.File(label=word("exported"), visible=False, interactive=False)
            message = gr.Markdown(elem_id="voice-said")
            added = _build_import_form(message)
            imported = build_import_form(tab_links)
        with gr.Column():
            _build_origin_check()
            with gr.Accordion(word("publish_voice"), open=False):
                _build_publish_form(picker, message)

    outputs = [cards, picker, delete]
    tab_links.refresh_on_select(_refresh_library, [picker], outputs)
    picker.change(_show_delete_button, picker, delete, **PRIVATE)
    added.success(_refresh_library, picker, outputs, **PRIVATE)
    imported.success(_refresh_library, picker, outputs, **PRIVATE)
    check.click(check_voice, picker, message, api_name="check_voice")
    export.click(export_voice, picker, exported, api_name="export_voice").success(
        lambda: gr.update(visible=True), None, exported, **PRIVATE
    )
    delete.click(lambda: gr.update(visible=True), None, confirmation, **PRIVATE)
    gr.on([confirm.click, cancel.click], lambda: gr.update(visible=False), None, confirmation, **PRIVATE)
    confirm.click(delete_voice, picker, message, api_name="delete_voice").success(
        _refresh_library, picker, outputs, **PRIVATE
    )
    gr.api(list_voices, api_name="voices")  # type: ignore[attr-defined]
    gr.api(voice_sample, api_name="voice_sample", concurrency_limit=MAX_QUEUED)  # type: ignore[attr-defined]


def _refresh_library(chosen: str | None, request: gr.Request) -> tuple[Any, ...]:
    names = [voice.name for voice in get_library(request).list()]
    chosen = chosen if chosen in names else names[0]
    return _render_cards(request), gr.update(choices=names, value=chosen), _show_delete_button(chosen, request)


def _show_delete_button(name: str | None, request: gr.Request) -> Any:
    """The button is shown only for the session's own voices."""
    return gr.update(visible=any(voice.name == name and voice.can_be_deleted for voice in get_library(request).list()))


def _build_import_form(message: gr.Markdown) -> gr.events.Dependency:
    with gr.Accordion(word("add_voice"), open=False):
        archive = gr.File(label=word("add_by_file"), file_types=[".zip"], type="filepath", elem_id="voice-zip")
        repo = gr.Textbox(label=word("add_by_repo"), info=word("add_by_repo_info"), elem_id="voice-repo")
        name = gr.Textbox(label=word("add_name"), info=word("add_name_info"))
        add = gr.Button(word("add"), variant="primary", elem_id="voice-add")
    return add.click(add_voice, [archive, repo, name], message, api_name="add_voice")


def _build_publish_form(picker: gr.Dropdown, message: gr.Markdown) -> None:
    repo = gr.Textbox(label=word("publish_repo"), info=word("publish_repo_info"))
    if can_sign_in():
        build_sign_in_button()
    token = gr.Textbox(label=word("token"), info=word("token_info"), type="password")
    private = gr.Checkbox(True, label=word("private"))
    button = gr.Button(word("publish"), variant="primary")
    button.click(publish_voice, [picker, repo, token, private], message, api_name="publish_voice")


def _build_origin_check() -> None:
    gr.Markdown(word("check_origin"), elem_classes="heading")
    gr.Markdown(word("check_origin_about"), elem_classes="hint")
    # A file component: the audio component drops tags when it trims, and when the source is a video.
    sound = gr.File(label=word("sound_file"), type="filepath", height=140, elem_id="origin-file")
    check = gr.Button(word("check"), elem_id="origin-check")
    found = gr.Markdown(elem_id="origin-found")
    check.click(check_origin, sound, found, api_name="check_origin")
