"""The tab “Add emotion”: a voice in, the same voice happier or sadder out, as much as one likes."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from vc_core.curves import draw_curves
from vc_core.device import choose_device
from vc_core.emotion import (
    DEFAULT_STYLER,
    EMOTIONS,
    GUESS,
    HIGHEST_INTENSITY,
    NEUTRAL,
    OWN_MODELS,
    STYLERS,
    StyleOptions,
    load_styler,
    own_models,
)
from vc_core.errors import UserError
from vc_core.progress import Progress, part_of
from vc_core.provenance import Provenance
from vc_core.reading import Limits, open_audio, read_audio
from vc_core.ui.compare import Takes, compare_control, compared
from vc_core.ui.controls import (
    PRIVATE,
    format_choice,
    player,
    run_on_device,
    sound_input,
    start_and_stop,
    translated_choice,
)
from vc_core.ui.events import Happening, on_device, relay, sentences, stoppable
from vc_core.ui.handover import Handover
from vc_core.ui.visitors import home_of, results_folder
from vc_core.ui.words import said_to, word
from vc_core.writing import DEFAULT_FORMAT, FORMATS, write_audio

PANEL = "add_emotion"
LIMITS = Limits(hours=0.5)
"""The features of the whole recording are kept."""
STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Wish:
    """What is to be done, as plain values."""

    voice: str
    method: str
    emotion: str
    options: StyleOptions
    own: Path
    """Where this visitor's models are."""
    format_name: str = DEFAULT_FORMAT


@dataclass(frozen=True)
class Styled:
    path: Path
    notes: tuple[str, ...]


def emotion(
    voice: str | None,
    emotion: str,
    intensity: float,
    source: str,
    changes_tempo: bool,
    is_singing: bool,
    method: str,
    format_name: str,
    request: gr.Request,
    progress: gr.Progress = gr.Progress(),
) -> Iterator[Any]:
    """Give a voice an emotion with an intensity from 0 to 1.5: the result, a picture of what changed, and notes."""
    with sentences(), stoppable(request, PANEL) as stopped:
        wish = _wish(voice, method, emotion, StyleOptions(source, changes_tempo, is_singing), request)
        if format_name not in FORMATS:
            raise UserError(f"There is no format “{format_name}”. There are: {', '.join(FORMATS)}.")
        run = _style(replace(wish, format_name=format_name), [intensity], pictured=True)
        yield from relay(run, _shown_for(wish, request), bar=progress, stopped=stopped)


def emotion_steps(
    voice: str | None,
    emotion: str,
    source: str,
    changes_tempo: bool,
    is_singing: bool,
    method: str,
    request: gr.Request,
    progress: gr.Progress = gr.Progress(),
) -> Iterator[Any]:
    """The same voice at 0, 25, 50, 75 and 100 % of an emotion, to choose from."""
    with sentences(), stoppable(request, PANEL) as stopped:
        wish = _wish(voice, method, emotion, StyleOptions(source, changes_tempo, is_singing), request)
        run = _style(wish, STEPS, pictured=False)
        yield from relay(run, lambda made: [str(one.path) for one in made[0]], bar=progress, stopped=stopped)


def _wish(voice: str | None, method: str, emotion: str, options: StyleOptions, request: gr.Request) -> Wish:
    """What can't be done is refused at once, not after the wait for the device."""
    if voice is None:
        raise UserError("Choose a voice first.")
    if method not in (methods := _methods(request)):
        raise UserError(f"There is no method “{method}”. There are: {', '.join(methods)}.")
    for name in (emotion, options.source):
        if name not in EMOTIONS and (name, name) != (options.source, GUESS):
            raise UserError(f"There is no emotion called “{name}” here. There are: {', '.join(EMOTIONS)}.")
    open_audio(voice, LIMITS)
    return Wish(voice, method, emotion, options, _own(request))


def _own(request: gr.Request | None) -> Path:
    return home_of(request) / OWN_MODELS


def _methods(request: gr.Request | None) -> dict[str, str]:
    """Their labels: those that come with the app, then what this visitor has trained."""
    own = {name: name for name in own_models(_own(request))} if request else {}
    return {name: said_to(request, f"engine_{name}") for name in STYLERS} | own


def _style(
    wish: Wish, intensities: Sequence[float], *, pictured: bool
) -> Generator[Happening[tuple[list[Styled], Path | None]], None, None]:
    folder = results_folder()

    def work(progress: Progress) -> tuple[list[Styled], Path | None]:
        audio = read_audio(wish.voice, LIMITS)
        styler = load_styler(wish.method, choose_device(), own=wish.own)
        made, after = [], audio
        for at, intensity in enumerate(intensities):
            part = part_of(progress, at / len(intensities), (at + 1) / len(intensities))
            after = styler.style(audio, wish.emotion, intensity, wish.options, progress=part)
            path = folder / f"{wish.emotion}-{round(100 * intensity)}{FORMATS[wish.format_name].suffix}"
            origin = _provenance(wish, intensity) if intensity else None  # untouched sound is nobody's making
            made.append(Styled(path, tuple(write_audio(path, after, format_name=wish.format_name, provenance=origin))))
        return made, draw_curves(audio, after, folder / "curves.png") if pictured else None

    return on_device(work)


def _provenance(wish: Wish, intensity: float) -> Provenance:
    settings: dict[str, str | float | bool | None] = {
        "emotion": wish.emotion,
        "intensity": intensity,
        "source": wish.options.source,
    }
    return Provenance("emotion", "", wish.method, settings)


def _shown_for(wish: Wish, request: gr.Request) -> Callable[[tuple[list[Styled], Path | None]], list[Any]]:
    def shown(made: tuple[list[Styled], Path | None]) -> list[Any]:
        (styled,), picture = made
        notes = [said_to(request, "curves_legend"), *styled.notes]
        sounds = {"compare_before": wish.voice, "compare_after": str(styled.path)}
        takes = Takes(sounds, stretched=wish.options.changes_tempo)
        return [str(styled.path), str(picture), "\n\n".join(notes), takes]

    return shown


def _method_choice(handover: Handover) -> gr.Dropdown:
    """The choices are each visitor's own, so Gradio can't check a program's call against them."""
    labels = [(label, name) for name, label in _methods(None).items()]
    method = gr.Dropdown(
        labels, value=DEFAULT_STYLER, label=word("engine"), allow_custom_value=True, elem_id="emotion-way"
    )
    notice = gr.Markdown(word(f"notice_{DEFAULT_STYLER}"), elem_classes="hint")

    def refreshed(chosen: str, request: gr.Request) -> tuple[Any, str]:
        choices = _methods(request)
        chosen = chosen if chosen in choices else DEFAULT_STYLER
        return gr.update(choices=[(label, name) for name, label in choices.items()], value=chosen), told(
            chosen, request
        )

    def told(chosen: str, request: gr.Request) -> str:
        return said_to(request, f"notice_{chosen}") if chosen in STYLERS else said_to(request, "notice_own")

    handover.keep_fresh(refreshed, [method], [method, notice])
    method.change(told, method, notice, **PRIVATE)
    return method


def add_emotion_panel(handover: Handover) -> None:
    gr.Markdown(word("add_emotion_about"), elem_classes="about")
    with gr.Row(equal_height=False):
        with gr.Column():
            voice = sound_input(
                "emotion-voice", "a_voice", example=("example_line", "spoken_line.flac"), limits="limits_voice"
            )
            emotions = [name for name in EMOTIONS if name != NEUTRAL]
            wanted = translated_choice("emotion_wanted", emotions, "emotion", elem_id="emotion_wanted")
            intensity = gr.Slider(0, HIGHEST_INTENSITY, value=1.0, step=0.05, label=word("intensity"))
            buttons = start_and_stop(PANEL, "emotion", more=["emotion_steps"])
            with gr.Accordion(word("advanced"), open=False):
                sources = [NEUTRAL, GUESS, *EMOTIONS[1:]]
                source = translated_choice("emotion_source", sources, "emotion", elem_id="emotion_source")
                changes_tempo = gr.Checkbox(True, label=word("changes_tempo"))
                is_singing = gr.Checkbox(label=word("is_singing"), info=word("is_singing_info"))
                method = _method_choice(handover)
                format_name = format_choice()
        with gr.Column():
            notes = gr.Markdown(word("emotion_empty"), elem_classes="hint", elem_id="emotion-notes")
            result = player("emotion-result", "emotion_result")
            compare, takes = compare_control("emotion-compare"), gr.State()
            handover.offer(PANEL, result)
            curves = gr.Image(
                label=word("curves"), type="filepath", interactive=False, visible="hidden", buttons=["fullscreen"]
            )
            steps = [player(f"step-{round(100 * at)}", f"step_{round(100 * at)}", visible="hidden") for at in STEPS]
    handover.accept(PANEL, voice)
    settings = [source, changes_tempo, is_singing, method]
    one, five = buttons.starts
    inputs = [voice, wanted, intensity, *settings, format_name]
    done = run_on_device(buttons, one, emotion, inputs, [result, curves, notes, takes], api_name="emotion")
    done.success(lambda: gr.update(visible=True), None, curves, **PRIVATE)
    done.success(compared, takes, compare, **PRIVATE)
    done = run_on_device(buttons, five, emotion_steps, [voice, wanted, *settings], steps, api_name="emotion_steps")
    done.success(lambda: [gr.update(visible=True) for _ in STEPS], None, steps, **PRIVATE)
