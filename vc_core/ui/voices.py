"""The tab “Voices”: the library, bringing voices in and out, and asking a file where it came from."""

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from vc_core.errors import UserError
from vc_core.hub import parse_checkpoint
from vc_core.progress import Progress
from vc_core.provenance import Origin, read_origin
from vc_core.reading import open_audio
from vc_core.ui.controls import PRIVATE, voice_choice
from vc_core.ui.events import in_steps, relay, sentences
from vc_core.ui.handover import Handover
from vc_core.ui.so_vits_voice import so_vits_import_form
from vc_core.ui.visitors import library_of, results_folder
from vc_core.ui.words import said_to, word
from vc_core.voice_sharing import export_zip, import_from_hub, import_zip, publish
from vc_core.voices import Voice, verify


def list_voices(request: gr.Request) -> list[dict[str, Any]]:
    """The voices that can be used: name, engine, sample rate, pitch range, licence, consent and origin."""
    shown = ("name", "engine", "sample_rate", "pitch_range_hz", "licence", "consent", "origin")
    return [{key: getattr(voice.card, key) for key in shown} for voice in library_of(request).list()]


def add_voice(
    archive: str | None, repo: str, name: str, request: gr.Request, progress: gr.Progress = gr.Progress()
) -> Iterator[Any]:
    """Add a voice to the library, from a zip file or from a repo on the Hub; tells what was added."""
    with sentences():
        library = library_of(request)
        if (archive is None) == (not repo.strip()):
            raise UserError("Choose either a zip file or a voice on the Hub.")

        def work(report: Progress) -> Voice:
            if archive is not None:
                return import_zip(library, Path(archive), name=name)
            return import_from_hub(library, parse_checkpoint(repo), name=name, progress=report)

        yield from relay(in_steps(work), lambda voice: f"“{voice.name}” has been added.", bar=progress)


def check_voice(name: str | None, request: gr.Request) -> str:
    """Compare each file of a voice with the hash that its card holds; tells what was found."""
    with sentences():
        voice = library_of(request).find(_chosen(name))
        if faults := verify(voice):
            raise UserError(f"“{voice.name}” should not be used: {' Also: '.join(faults)}")
        return f"“{voice.name}” is sound: each of its {len(voice.card.files)} files is the one that was made."


def export_voice(name: str | None, request: gr.Request) -> str:
    """Pack a voice into a zip file that can be added elsewhere."""
    with sentences():
        voice = library_of(request).find(_chosen(name))
        return str(export_zip(voice, results_folder() / f"{voice.folder.name}.zip"))


def delete_voice(name: str | None, request: gr.Request) -> str:
    """Delete a voice from the library for good."""
    with sentences():
        library_of(request).delete(_chosen(name))
        return f"“{name}” has been deleted."


def publish_voice(
    name: str | None,
    repo: str,
    token: str,
    private: bool,
    request: gr.Request,
    progress: gr.Progress = gr.Progress(),
) -> Iterator[Any]:
    """Put a voice on the Hub under your account, with a card that says whose voice it is."""
    with sentences():
        voice = library_of(request).find(_chosen(name))
        target = parse_checkpoint(repo).repo

        def work(report: Progress) -> str:
            return publish(voice, target, token=token.strip(), private=private, progress=report)

        yield from relay(in_steps(work), lambda address: f"Published: {address}", bar=progress)


def check_origin(sound: str | None) -> str:
    """Tell whether a sound file says that it was generated here, by which voice, when and how."""
    with sentences():
        if sound is None:
            raise UserError("Choose a sound file first.")
        open_audio(sound)
        return described(read_origin(Path(sound)))


def described(origin: Origin) -> str:
    made = origin.provenance
    if made is None:
        return "This file has no mark of Voice Studio. It may have been made elsewhere, or the mark was removed."
    settings = ", ".join(f"{key} {value}" for key, value in made.settings.items())
    parts = [f"**AI-generated** by {made.tool} {made.version}, {made.created}"]
    parts += [f"voice: {made.voice} ({made.engine})"] if made.voice else []
    parts += [f"settings: {settings}"] if settings else []
    return "; ".join(escape(part) for part in parts) + "."


def _chosen(name: str | None) -> str:
    if not name:
        raise UserError("Choose a voice first.")
    return name


def _cards(request: gr.Request) -> str:
    """The library as a grid; what a card says is foreign text, so it is escaped."""
    return f"<div class='voices'>{''.join(_card(voice, request) for voice in library_of(request).list())}</div>"


def _card(voice: Voice, request: gr.Request) -> str:
    card = voice.card
    lines = [said_to(request, f"consent_{card.consent}"), f"{said_to(request, 'origin')}: {escape(card.origin)}"]
    lines.append(f"{said_to(request, 'licence')}: {escape(card.licence)}")
    if card.pitch_range_hz:
        low, high = card.pitch_range_hz
        lines.append(f"{said_to(request, 'pitch_range')}: {low:.0f}–{high:.0f} Hz")
    lines.append(f"{escape(card.engine)}, {card.sample_rate / 1000:g} kHz")
    if not voice.can_be_deleted:
        lines.append(said_to(request, "comes_with_app"))
    return f"<article><h3>{escape(voice.name)}</h3>{''.join(f'<p>{line}</p>' for line in lines)}</article>"


def voices_panel(handover: Handover) -> None:
    gr.Markdown(word("voices_about"), elem_classes="about")
    cards = gr.HTML(elem_id="voice-cards", padding=False)
    with gr.Row(equal_height=False):
        with gr.Column():
            picker = voice_choice()
            with gr.Row():
                check = gr.Button(word("check_files"), size="sm")
                export = gr.Button(word("export_voice"), size="sm")
                delete = gr.Button(
                    word("delete_voice"), size="sm", variant="stop", visible=False, elem_id="delete-voice"
                )
            with gr.Row(visible=False) as confirmation:
                sure = gr.Button(word("delete_sure"), size="sm", variant="stop", elem_id="delete-sure")
                keep = gr.Button(word("keep_it"), size="sm")
            exported = gr.File(label=word("exported"), visible=False, interactive=False)
            said = gr.Markdown(elem_id="voice-said")
            added = _adding(said)
            taken_in = so_vits_import_form(handover)
        with gr.Column():
            _checking_origin()
            with gr.Accordion(word("publish_voice"), open=False):
                _publishing(picker, said)

    shown = [cards, picker, delete]
    handover.keep_fresh(_refreshed, [picker], shown)
    picker.change(_can_be_deleted, picker, delete, **PRIVATE)
    added.success(_refreshed, picker, shown, **PRIVATE)
    taken_in.success(_refreshed, picker, shown, **PRIVATE)
    check.click(check_voice, picker, said, api_name="check_voice")
    export.click(export_voice, picker, exported, api_name="export_voice").success(
        lambda: gr.update(visible=True), None, exported, **PRIVATE
    )
    delete.click(lambda: gr.update(visible=True), None, confirmation, **PRIVATE)
    gr.on([sure.click, keep.click], lambda: gr.update(visible=False), None, confirmation, **PRIVATE)
    sure.click(delete_voice, picker, said, api_name="delete_voice").success(_refreshed, picker, shown, **PRIVATE)
    gr.api(list_voices, api_name="voices")  # type: ignore[attr-defined]


def _refreshed(chosen: str | None, request: gr.Request) -> tuple[Any, ...]:
    names = [voice.name for voice in library_of(request).list()]
    chosen = chosen if chosen in names else names[0]
    return _cards(request), gr.update(choices=names, value=chosen), _can_be_deleted(chosen, request)


def _can_be_deleted(name: str | None, request: gr.Request) -> Any:
    """The button is there only for one's own voices."""
    return gr.update(visible=any(voice.name == name and voice.can_be_deleted for voice in library_of(request).list()))


def _adding(said: gr.Markdown) -> gr.events.Dependency:
    with gr.Accordion(word("add_voice"), open=False):
        archive = gr.File(label=word("add_by_file"), file_types=[".zip"], type="filepath", elem_id="voice-zip")
        repo = gr.Textbox(label=word("add_by_repo"), info=word("add_by_repo_info"), elem_id="voice-repo")
        name = gr.Textbox(label=word("add_name"), info=word("add_name_info"))
        add = gr.Button(word("add"), variant="primary", elem_id="voice-add")
    return add.click(add_voice, [archive, repo, name], said, api_name="add_voice")


def _publishing(picker: gr.Dropdown, said: gr.Markdown) -> None:
    repo = gr.Textbox(label=word("publish_repo"), info=word("publish_repo_info"))
    token = gr.Textbox(label=word("token"), info=word("token_info"), type="password")
    private = gr.Checkbox(True, label=word("private"))
    button = gr.Button(word("publish"), variant="primary")
    button.click(publish_voice, [picker, repo, token, private], said, api_name="publish_voice")


def _checking_origin() -> None:
    gr.Markdown(word("check_origin"), elem_classes="heading")
    gr.Markdown(word("check_origin_about"), elem_classes="hint")
    # A plain file: the audio component would hand on a copy without its tags, once it is trimmed or from a video.
    sound = gr.File(label=word("sound_file"), type="filepath", height=140, elem_id="origin-file")
    check = gr.Button(word("check"), elem_id="origin-check")
    found = gr.Markdown(elem_id="origin-found")
    check.click(check_origin, sound, found, api_name="check_origin")
