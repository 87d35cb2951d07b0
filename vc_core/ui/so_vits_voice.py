"""Bringing a so-vits-svc model in: look at what a repo or an upload holds, say whose voice it is, take it in."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import Dependency

from vc_core.conversion.so_vits_import import VoiceFacts, check_facts, speakers_of
from vc_core.conversion.so_vits_import import import_so_vits as take_in
from vc_core.conversion.so_vits_repo import SoVitsRepo, fetch_config, fetch_files, look_over, look_over_uploads
from vc_core.errors import UserError
from vc_core.hub import parse_checkpoint
from vc_core.progress import Progress, part_of
from vc_core.ui.controls import PRIVATE, run_on_device, start_and_stop
from vc_core.ui.events import in_steps, relay, sentences, stoppable
from vc_core.ui.handover import Handover
from vc_core.ui.so_vits_settings import in_quotes, open_choice
from vc_core.ui.visitors import library_of
from vc_core.ui.words import said_to, word
from vc_core.voices import CONSENTS, LONGEST_NAME, Voice

PANEL = "so_vits_voice"


def so_vits_offer(repo: str, files: list[str] | None = None) -> dict[str, list[str]]:
    """What a repo on the Hub or an upload holds: checkpoints, the newest first, singers, clusters and diffusions."""
    with sentences():
        offered = _offered(repo, files)
        singers = speakers_of(fetch_config(offered))
        return {
            "checkpoints": [*offered.generators],
            "singers": [*singers],
            "clusters": [*offered.clusters],
            "diffusions": [*offered.diffusions],
        }


def import_so_vits(
    repo: str,
    name: str,
    consent: str,
    licence: str,
    checkpoint: str,
    singer: str,
    clusters: str,
    files: list[str] | None = None,
    diffusion: str = "",
    request: gr.Request | None = None,
    progress: gr.Progress = gr.Progress(),
) -> Iterator[Any]:
    """Take a so-vits-svc model in as a voice, from a repo on the Hub or an upload; tells what was added."""
    with sentences(), stoppable(request, PANEL) as stopped:
        library = library_of(request)
        facts = VoiceFacts(name, consent or "", licence, speaker=singer or "")

        def work(report: Progress) -> Voice:
            offered = _offered(repo, files)
            check_facts(library, facts, fetch_config(offered, checkpoint))
            wanted = {"clusters": clusters or "", "diffusion": diffusion or ""}
            found = fetch_files(offered, checkpoint, **wanted, progress=part_of(report, 0.0, 0.8))
            return take_in(library, found, facts, progress=part_of(report, 0.8, 1.0))

        added = said_to(request, "taken_in")
        yield from relay(in_steps(work), lambda voice: added.format(voice.name), bar=progress, stopped=stopped)


def _offered(repo: str, files: list[str] | None) -> SoVitsRepo:
    if bool(repo.strip()) == bool(files):
        raise UserError("Choose either a model on the Hub, or upload its G_….pth and config.json.")
    return look_over_uploads([Path(file) for file in files]) if files else look_over(parse_checkpoint(repo))


@dataclass(frozen=True)
class _Choices:
    checkpoint: gr.Dropdown
    singer: gr.Dropdown
    clusters: gr.Dropdown
    diffusion: gr.Dropdown
    name: gr.Textbox


def so_vits_import_form(handover: Handover) -> Dependency:
    """Gives the event, for what shall follow it."""
    with gr.Accordion(word("bring_so_vits"), open=False, elem_id="so-vits-import") as door:
        gr.Markdown(word("bring_so_vits_about"), elem_classes="hint")
        repo = gr.Textbox(
            "", label=word("so_vits_repo"), info=word("so_vits_repo_info"), max_lines=1, elem_id="so-vits-repo",
            placeholder="Entreprenerdly/drake-so-vits-svc",
        )  # fmt: skip
        files = gr.File(
            label=word("so_vits_files"), file_count="multiple", file_types=[".pth", ".pt", ".safetensors", ".json"],
            type="filepath", height=140, elem_id="so-vits-files",
        )  # fmt: skip
        look = gr.Button(word("look_over"), elem_id="so-vits-look")
        offer = gr.JSON(visible=False)
        with gr.Column(visible=False) as details:
            chosen = _choices()
            consent = _consent()
            licence = gr.Textbox(
                "", label=word("licence"), info=word("licence_info"), max_lines=1, elem_id="so-vits-licence"
            )
            buttons = start_and_stop(PANEL, "take_in")
            said = gr.Markdown(word("take_in_empty"), elem_classes="hint", elem_id="so-vits-said")
    handover.door("voices", door)
    looked = gr.on(
        [look.click, repo.submit], so_vits_offer, [repo, files], offer, api_name="so_vits_offer", show_progress_on=repo
    )
    # One after the other: Gradio forgets whether to show what it makes in that moment.
    shown = looked.success(lambda: gr.update(visible=True), None, details, **PRIVATE)
    filled = [chosen.checkpoint, chosen.singer, chosen.clusters, chosen.diffusion, chosen.name]
    shown.success(_filled, [offer, repo], filled, **PRIVATE)
    chosen.checkpoint.input(
        _singers_of, [repo, files, chosen.checkpoint], chosen.singer, api_visibility="private", show_progress="hidden"
    )
    inputs = [repo, chosen.name, consent, licence, chosen.checkpoint, chosen.singer, chosen.clusters, files]
    inputs.append(chosen.diffusion)
    return run_on_device(buttons, buttons.starts[0], import_so_vits, inputs, [said], api_name="import_so_vits")


def _choices() -> _Choices:
    checkpoint = open_choice("so_vits_checkpoint", "so-vits-checkpoint")
    singer = open_choice("so_vits_singer", "so-vits-own-singer")
    clusters = open_choice("so_vits_kmeans", "so-vits-kmeans")
    diffusion = open_choice("so_vits_diffusion", "so-vits-diffusion")
    name = gr.Textbox(label=word("voice_name"), max_lines=1, max_length=LONGEST_NAME, elem_id="so-vits-name")
    return _Choices(checkpoint, singer, clusters, diffusion, name)


def _consent() -> gr.Radio:
    """Nothing is chosen beforehand: somebody has to say it."""

    def choices(request: gr.Request | None) -> list[tuple[str, str]]:
        return [(said_to(request, f"consent_{name}"), name) for name in CONSENTS]

    def translated(request: gr.Request) -> Any:
        return gr.update(choices=choices(request))

    consent = gr.Radio(choices(None), label=word("whose_voice"), elem_id="so-vits-consent")
    gr.on(None, translated, None, consent, **PRIVATE)
    return consent


def _filled(offer: dict[str, list[str]], repo: str, request: gr.Request) -> list[Any]:
    """The choices with what is usual, each shown only if there is one to make."""
    checkpoints, clusters, diffusions = offer["checkpoints"], offer["clusters"], offer["diffusions"]
    own_name = parse_checkpoint(repo).repo.rpartition("/")[2] if repo.strip() else offer["singers"][0]
    without = (said_to(request, "without"), "")
    return [
        gr.update(choices=checkpoints, value=checkpoints[0], visible=True if len(checkpoints) > 1 else "hidden"),
        _singer_choice(offer["singers"]),
        gr.update(choices=[without, *clusters], value="", visible=True if clusters else "hidden"),
        gr.update(choices=[without, *diffusions], value="", visible=True if diffusions else "hidden"),
        own_name[:LONGEST_NAME],
    ]


def _singers_of(repo: str, files: list[str] | None, checkpoint: str) -> Any:
    """Another checkpoint of a repo may have another config, and so other singers."""
    with sentences():
        return _singer_choice([*speakers_of(fetch_config(_offered(repo, files), checkpoint))])


def _singer_choice(singers: list[str]) -> Any:
    is_choice = len(singers) > 1
    value = None if is_choice else singers[0]
    return gr.update(choices=in_quotes(singers), value=value, visible=True if is_choice else "hidden")
