"""The advice of “Separate vocals”: how long the chosen method takes for the song, and which one is best here."""

from typing import Any

import gradio as gr

from vc_core.audio import format_clock
from vc_core.errors import UserError
from vc_core.files.reading import open_audio
from vc_core.recipes.separate import SeparationOptions
from vc_core.recipes.separation_choice import expect_duration, recommend
from vc_core.ui.widgets.controls import PRIVATE
from vc_core.ui.words import translate, word


def build_separation_advice(song: gr.Audio, engine: gr.Dropdown, stems: gr.Radio) -> None:
    """A line that follows song and method, and a button that chooses the best method; hidden until there is a song."""
    advice = gr.Markdown(visible="hidden", elem_classes="hint", elem_id="separate-advice")
    use_best = gr.Button(word("use_best"), size="sm", visible="hidden", elem_id="separate-use-best")
    use_best.click(_choose_best, [song, engine], engine, **PRIVATE)
    changes = [song.change, engine.change, stems.change]
    gr.on(changes, _advise, [song, engine, stems], [advice, use_best], **PRIVATE)


def _advise(song: str | None, engine: str, stems: int | None, request: gr.Request) -> tuple[Any, Any]:
    seconds = _measure_song(song)
    if seconds is None:
        return gr.update(visible="hidden"), gr.update(visible="hidden")
    chosen, best = expect_duration(SeparationOptions(engine=engine, stems=stems or 2), seconds), recommend(seconds)
    kind = "separation_time" if chosen.is_measured else "separation_time_guess"
    text = translate(request, kind).format(format_clock(chosen.seconds))
    is_best = best.engine == engine
    if not is_best:
        label = translate(request, f"engine_{best.engine}")
        text += " " + translate(request, "best_here").format(label, format_clock(best.duration.seconds))
    return gr.update(value=text, visible=True), gr.update(visible="hidden" if is_best else True)


def _choose_best(song: str | None, engine: str) -> str:
    seconds = _measure_song(song)
    return engine if seconds is None else recommend(seconds).engine


def _measure_song(song: str | None) -> float | None:
    try:
        return open_audio(song).expected_seconds if song else None
    except UserError:  # shown when the task is started
        return None
