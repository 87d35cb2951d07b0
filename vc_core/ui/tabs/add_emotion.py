"""The tab “Add emotion”: give a recorded voice an emotion with an intensity."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from vc_core.batch.tasks import EmotionFile
from vc_core.emotion import DEFAULT_STYLER, GUESS, OWN_MODELS, STYLERS, list_emotions, own_models
from vc_core.errors import Message, UserError
from vc_core.files.reading import read_audio
from vc_core.files.results import shorten
from vc_core.options import read_options
from vc_core.progress import Progress
from vc_core.recipes.emotion import CHOICES, EMOTION_LIMITS, SOURCES, EmotionOptions, EmotionTask, StyledVoice
from vc_core.ui.drawing.curves import draw_curves
from vc_core.ui.many_files.panel import FilesTask, build_many_files
from vc_core.ui.server.endpoints import Values
from vc_core.ui.server.sessions import STATE_SECONDS, create_results_folder, get_session_home
from vc_core.ui.server.tasks import return_result, start_run
from vc_core.ui.settings.form import make_form
from vc_core.ui.settings.presets import build_presets
from vc_core.ui.widgets.compare import Comparison, make_compare_control, update_compare_control
from vc_core.ui.widgets.controls import (
    PRIVATE,
    make_buttons,
    make_player,
    make_sound_input,
    make_translated_choice,
    wire_button,
)
from vc_core.ui.widgets.option_controls import make_controls
from vc_core.ui.widgets.tab_links import TabLinks
from vc_core.ui.words import translate, translate_notes, word

PANEL = "add_emotion"
INTENSITIES = (0.0, 0.25, 0.5, 0.75, 1.0)


def emotion(values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
    """Give a voice an emotion with an intensity from 0 to 1.5: the result, a picture of what changed, and notes."""
    with start_run(PANEL, request, progress) as run:
        task = _read_task(values, request)
        yield from run.perform(task, _draw_curves, _show_for(task, request))


def emotion_steps(values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
    """Give a voice an emotion at 0, 25, 50, 75 and 100 %, to choose from."""
    with start_run(PANEL, request, progress) as run:
        task = _read_task(values, request, INTENSITIES)
        yield from run.perform(task, return_result, lambda styled: [str(one.path) for one in styled])


def _read_task(values: Values, request: gr.Request, intensities: tuple[float, ...] = ()) -> EmotionTask:
    if values["voice"] is None:
        raise UserError("Choose a recording first.")
    options = read_options(EmotionOptions, values)
    voice, models = Path(values["voice"]), _get_models_folder(request)
    prefix = f"{shorten(voice.stem)} - "
    return EmotionTask(voice, create_results_folder(), options, intensities, models, prefix)


def _read_file_work(values: Values, request: gr.Request) -> EmotionFile:
    return EmotionFile(read_options(EmotionOptions, values), _get_models_folder(request))


def _draw_curves(task: EmotionTask, styled: list[StyledVoice], progress: Progress) -> tuple[StyledVoice, Path]:
    (made,) = styled
    progress(0.0, Message("Drawing pitch and loudness"))
    before, after = read_audio(task.voice, EMOTION_LIMITS), read_audio(made.path, EMOTION_LIMITS)
    return made, draw_curves(before, after, task.folder / "curves.png")


def _show_for(task: EmotionTask, request: gr.Request) -> Callable[[tuple[StyledVoice, Path]], list[Any]]:
    def show(drawn: tuple[StyledVoice, Path]) -> list[Any]:
        made, picture = drawn
        notes = [translate(request, "curves_legend"), *translate_notes(request, made.notes)]
        if task.options.source == GUESS:
            notes.insert(0, translate(request, "emotion_found").format(translate(request, f"emotion_{made.source}")))
        sounds = {"compare_before": str(task.voice), "compare_after": str(made.path)}
        comparison = Comparison(sounds, stretched=task.options.changes_tempo)
        return [str(made.path), str(picture), "\n\n".join(notes), comparison]

    return show


def _get_models_folder(request: gr.Request) -> Path:
    """Folder of the session's own trained models."""
    return get_session_home(request) / OWN_MODELS


def _list_methods(request: gr.Request | None) -> dict[str, str]:
    """Labels of the engines, then of the session's own trained models."""
    own = {name: name for name in own_models(_get_models_folder(request))} if request else {}
    return {name: translate(request, f"engine_{name}") for name in STYLERS} | own


def _make_method_choice(tab_links: TabLinks, emotions: list[Component]) -> gr.Dropdown:
    """Each session has its own choices, so Gradio can't validate API calls against them; `emotions` follow it."""
    labels = [(label, name) for name, label in _list_methods(None).items()]
    method = gr.Dropdown(
        labels, value=DEFAULT_STYLER, label=word("engine"), allow_custom_value=True, elem_id="emotion-way"
    )
    notice = gr.Markdown(word(f"notice_{DEFAULT_STYLER}"), elem_classes="hint")

    def refresh(chosen: str, request: gr.Request) -> tuple[Any, str]:
        choices = _list_methods(request)
        labels = [(label, name) for name, label in choices.items()]
        if chosen in choices:  # not set: another may have been chosen meanwhile
            return gr.update(choices=labels), describe(chosen, request)
        return gr.update(choices=labels, value=DEFAULT_STYLER), describe(DEFAULT_STYLER, request)

    def describe(chosen: str, request: gr.Request) -> str:
        return translate(request, f"notice_{chosen}") if chosen in STYLERS else translate(request, "notice_own")

    tab_links.refresh_on_select(refresh, [method], [method, notice])
    method.change(describe, method, notice, **PRIVATE)
    method.change(_fit_to_method, [method, *emotions], emotions, **PRIVATE)
    return method


def _fit_to_method(method: str, target: str, source: str, request: gr.Request) -> list[Any]:
    """Offer only the emotions that the engine or model knows."""
    known = list_emotions(method, _get_models_folder(request))
    offered = [
        [name for name in CHOICES if name in known],
        [name for name in SOURCES if name == GUESS or name in known],
    ]
    return [
        gr.update(
            choices=[(translate(request, f"emotion_{name}"), name) for name in names],
            value=chosen if chosen in names else names[0],
        )
        for names, chosen in zip(offered, (target, source), strict=True)
        if names
    ] or [gr.skip(), gr.skip()]


def _show_results(comparison: Comparison | None, request: gr.Request) -> list[Any]:
    return [gr.update(visible=True), update_compare_control(comparison, request)]


def _make_step_players() -> list[gr.Audio]:
    percents = [round(100 * at) for at in INTENSITIES]
    return [make_player(f"step-{percent}", f"step_{percent}", visible="hidden") for percent in percents]


def build_add_emotion_panel(tab_links: TabLinks) -> None:
    gr.Markdown(word("add_emotion_about"), elem_classes="about")
    with gr.Row(equal_height=False):
        with gr.Column():
            voice = make_sound_input(
                "emotion-voice", "a_voice", example=("example_line", "spoken_line.flac"), limits="limits_voice"
            )
            target = make_translated_choice("emotion_wanted", CHOICES, "emotion", elem_id="emotion_wanted")
            intensity = make_controls(EmotionOptions, ["intensity"])
            buttons = make_buttons(PANEL, "emotion", more=["emotion_steps"])
            with gr.Accordion(word("advanced"), open=False):
                source = {"elem_id": "emotion_source"}
                settings = make_controls(
                    EmotionOptions, ["source", "changes_tempo", "is_singing"], given={"source": source}
                )
                settings["method"] = _make_method_choice(tab_links, [target, settings["source"]])
                format_name = make_controls(EmotionOptions, ["format_name"])
            controls = {"emotion": target} | intensity | settings | format_name
            build_many_files(FilesTask(PANEL, "many_emotion", controls, _read_file_work))
            form = make_form(PANEL, controls)
            tab_links.add_form(build_presets(form))
        with gr.Column(elem_id=f"{PANEL}-results", elem_classes="results"):
            notes = gr.Markdown(word("emotion_empty"), elem_classes="hint", elem_id="emotion-notes")
            result = make_player("emotion-result", "emotion_result")
            compare, comparison = make_compare_control("emotion-compare"), gr.State(time_to_live=STATE_SECONDS)
            tab_links.add_send_buttons(PANEL, result)
            curves = gr.Image(
                label=word("curves"), type="filepath", interactive=False, visible="hidden", buttons=["fullscreen"]
            )
            players = _make_step_players()
    tab_links.add_receiver(PANEL, voice)
    start, start_all = buttons.starts
    inputs = {"voice": voice, "emotion": target}
    done = wire_button(
        buttons, start, emotion, inputs | intensity | settings | format_name, [result, curves, notes, comparison]
    )
    done.success(_show_results, comparison, [curves, compare], **PRIVATE)
    done = wire_button(buttons, start_all, emotion_steps, inputs | settings, players)
    done.success(lambda: [gr.update(visible=True) for _ in INTENSITIES], None, players, **PRIVATE)
