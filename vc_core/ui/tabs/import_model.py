"""Import form for models of other programs: inspect a repo or an upload, choose files and consent, import."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import Dependency

from vc_core.checkpoints.hub import is_other_link, parse_checkpoint
from vc_core.conversion.importing import ModelChoice, find_doubts, inspect_model, open_source
from vc_core.conversion.importing import import_model as import_chosen
from vc_core.conversion.rvc.files import NO_INDEX
from vc_core.errors import UserError
from vc_core.files.model_source import ModelSource, open_local_source
from vc_core.progress import Progress, silent, subprogress
from vc_core.ui.server.endpoints import Values
from vc_core.ui.server.events import run_in_thread, show_errors
from vc_core.ui.server.sessions import get_library
from vc_core.ui.server.tasks import start_run
from vc_core.ui.widgets.controls import PRIVATE, make_buttons, make_consent_choice, wire_button
from vc_core.ui.widgets.escaping import escape_markdown
from vc_core.ui.widgets.tab_links import TabLinks
from vc_core.ui.widgets.voice_settings import make_open_choice, quote_singers
from vc_core.ui.words import translate, translate_notes, word
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.library import LONGEST_NAME, Voice

PANEL = "import_model"


def model_contents(repo: str, files: list[str] | None = None, request: gr.Request | None = None) -> dict[str, Any]:
    """List what a repo on the Hub or an upload contains.

    Its kind (`so-vits` or `rvc`), checkpoints (the usual one first), singers, clusters, diffusions, indexes, and the
    first checkpoint's own index.
    """
    with show_errors(request), _open_source(repo, files) as source:
        contents = vars(inspect_model(source))
        return {name: [*value] if isinstance(value, tuple) else value for name, value in contents.items()}


def import_model(values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
    """Import a model of RVC or so-vits-svc as a voice, from a repo on the Hub or an upload; returns a message."""
    with start_run(PANEL, request, progress) as run:
        library = get_library(request)
        facts = VoiceFacts(values["name"], values["consent"] or "", values["licence"], speaker=values["singer"] or "")
        choice = ModelChoice(**{name: values[name] or "" for name in ("checkpoint", "clusters", "diffusion", "index")})

        def work(report: Progress) -> Voice:
            with _open_source(values["repo"], values["files"], subprogress(report, 0.0, 0.4)) as source:
                return import_chosen(library, source, choice, facts, progress=subprogress(report, 0.4, 1.0))

        def describe(voice: Voice) -> str:
            added = translate(request, "taken_in").format(escape_markdown(voice.name))
            return "\n\n".join([added, *translate_notes(request, find_doubts(library, voice))])

        yield from run.stream(run_in_thread(work), describe)


def _open_source(
    repo: str, files: list[str] | None, progress: Progress = silent
) -> AbstractContextManager[ModelSource]:
    if bool(repo.strip()) == bool(files):
        raise UserError("Choose either a model on the Hub, or upload its files.")
    if files:
        return open_local_source([Path(file) for file in files])
    return open_source(repo, progress=progress)


@dataclass(frozen=True)
class _Choices:
    checkpoint: gr.Dropdown
    singer: gr.Dropdown
    clusters: gr.Dropdown
    diffusion: gr.Dropdown
    index: gr.Dropdown
    name: gr.Textbox


def build_import_form(tab_links: TabLinks) -> Dependency:
    """Build the form; returns the import event, so that others can be chained to it."""
    with gr.Accordion(word("import_model"), open=False, elem_id="model-import") as accordion:
        gr.Markdown(word("import_model_about"), elem_classes="hint")
        repo = gr.Textbox(
            "", label=word("model_repo"), info=word("model_repo_info"), max_lines=1, elem_id="model-repo",
            placeholder="Entreprenerdly/drake-so-vits-svc",
        )  # fmt: skip
        files = gr.File(
            label=word("model_files"), file_count="multiple", type="filepath",
            file_types=[".zip", ".pth", ".index", ".pt", ".safetensors", ".json", ".npy"], height=140,
            elem_id="model-files",
        )  # fmt: skip
        inspect = gr.Button(word("look_over"), elem_id="model-look")
        contents = gr.JSON(visible=False)
        with gr.Column(visible=False) as details:
            chosen = _make_choices()
            consent = make_consent_choice("model-consent")
            licence = gr.Textbox(
                "", label=word("licence"), info=word("licence_info"), max_lines=1, elem_id="model-licence"
            )
            buttons = make_buttons(PANEL, "take_in")
            message = gr.Markdown(word("take_in_empty"), elem_classes="hint", elem_id="model-said")
    tab_links.add_target("voices", accordion)
    events = [inspect.click, repo.submit]
    inspected = gr.on(events, model_contents, [repo, files], contents, api_name="model_contents", show_progress_on=repo)
    # In two events: Gradio drops visibility updates of components inside a column that it shows in the same event.
    shown = inspected.success(lambda: gr.update(visible=True), None, details, **PRIVATE)
    shown.success(_fill_details, [contents, repo], list(vars(chosen).values()), **PRIVATE)
    model = [repo, files, chosen.checkpoint]
    outputs = [chosen.singer, chosen.index]
    chosen.checkpoint.input(_fit_to_checkpoint, model, outputs, api_visibility="private", show_progress="hidden")
    inputs = {
        "repo": repo, "name": chosen.name, "consent": consent, "licence": licence, "checkpoint": chosen.checkpoint,
        "singer": chosen.singer, "clusters": chosen.clusters, "files": files, "diffusion": chosen.diffusion,
        "index": chosen.index,
    }  # fmt: skip
    return wire_button(buttons, buttons.starts[0], import_model, inputs, [message], optional=["files"])


def _make_choices() -> _Choices:
    checkpoint = make_open_choice("model_checkpoint", "model-checkpoint")
    singer = make_open_choice("so_vits_singer", "model-own-singer")
    clusters = make_open_choice("model_clusters", "model-clusters")
    diffusion = make_open_choice("model_diffusion", "model-diffusion")
    index = make_open_choice("model_index", "model-index")
    name = gr.Textbox(label=word("voice_name"), max_lines=1, max_length=LONGEST_NAME, elem_id="model-name")
    return _Choices(checkpoint, singer, clusters, diffusion, index, name)


def _fill_details(contents: dict[str, Any], repo: str, request: gr.Request) -> list[Any]:
    """Choices and defaults of the form; a dropdown is shown only if there is something to choose."""
    checkpoints, clusters, diffusions = contents["checkpoints"], contents["clusters"], contents["diffusions"]
    without = (translate(request, "without"), "")
    return [
        gr.update(choices=checkpoints, value=checkpoints[0], visible=True if len(checkpoints) > 1 else "hidden"),
        _make_singer_update(contents["singers"]),
        gr.update(choices=[without, *clusters], value="", visible=True if clusters else "hidden"),
        gr.update(choices=[without, *diffusions], value="", visible=True if diffusions else "hidden"),
        _make_index_update(contents, request),
        _propose_name(contents, repo),
    ]


def _propose_name(contents: dict[str, Any], repo: str) -> str:
    if repo.strip() and not is_other_link(repo):
        name = parse_checkpoint(repo).repo.rpartition("/")[2]
    else:
        name = contents["singers"][0] if contents["singers"] else Path(contents["checkpoints"][0]).stem
    return name[:LONGEST_NAME]


def _fit_to_checkpoint(repo: str, files: list[str] | None, checkpoint: str, request: gr.Request) -> list[Any]:
    """Each checkpoint of a repo may have its own config, and so other singers, or its own index."""
    with show_errors(request), _open_source(repo, files) as source:
        contents = vars(inspect_model(source, checkpoint))
        return [_make_singer_update(contents["singers"]), _make_index_update(contents, request)]


def _make_index_update(contents: dict[str, Any], request: gr.Request) -> Any:
    indexes = contents["indexes"]
    choices = [(translate(request, "without"), NO_INDEX), *((file, file) for file in indexes)]
    value = contents["own_index"] or (None if indexes else "")
    return gr.update(choices=choices, value=value, visible=True if indexes else "hidden")


def _make_singer_update(singers: Sequence[str]) -> Any:
    is_choice = len(singers) > 1
    value = None if is_choice else "".join(singers)
    return gr.update(choices=quote_singers(singers), value=value, visible=True if is_choice else "hidden")
