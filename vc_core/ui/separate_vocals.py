"""The tab “Separate vocals”: a song in, its vocals and accompaniment out."""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from vc_core.device import choose_device
from vc_core.errors import UserError
from vc_core.progress import Progress
from vc_core.reading import open_audio
from vc_core.separation import DEFAULT_SEPARATOR, SEPARATORS, SavedStem, load_separator
from vc_core.ui.controls import engine_choice, format_choice, player, run_on_device, sound_input, start_and_stop
from vc_core.ui.events import GPU, Happening, on_device, relay, sentences, stoppable
from vc_core.ui.handover import Handover
from vc_core.ui.visitors import results_folder
from vc_core.ui.words import word
from vc_core.writing import FORMATS

PANEL = "separate_vocals"

SavedStems = dict[str, SavedStem]


def separate(
    song: str | None, engine: str, format_name: str, request: gr.Request, progress: gr.Progress = gr.Progress()
) -> Iterator[Any]:
    """Separate a song into vocals and accompaniment: two files, and what one should know of them."""
    with sentences(), stoppable(request, PANEL) as stopped:
        if song is None:
            raise UserError("Choose a song first.")
        if engine not in SEPARATORS or format_name not in FORMATS:
            raise UserError(f"There is no method “{engine}” or no format “{format_name}”.")
        open_audio(song)  # a bad file is refused at once, not after the wait for the device
        run = _separate_on_gpu if SEPARATORS[engine].uses_gpu else _separate
        happenings = run(song, engine, format_name, str(results_folder()))
        yield from relay(happenings, _shown_for(engine), bar=progress, stopped=stopped)


def _separate(song: str, engine: str, format_name: str, folder: str) -> Generator[Happening[SavedStems], None, None]:
    def work(progress: Progress) -> SavedStems:
        separator = load_separator(engine, choose_device())
        return separator.separate_file(open_audio(song), Path(folder), format_name=format_name, progress=progress)

    yield from on_device(work)


def _lease_seconds(song: str, *_: Any, **__: Any) -> int:
    """What to ask of ZeroGPU: loading, and a twentieth of the song's length."""
    file = open_audio(song)
    seconds = file.frames / file.sample_rate if file.frames else 300
    return round(min(20 + seconds / 20, 120))


_separate_on_gpu = GPU(duration=_lease_seconds)(_separate)


def _shown_for(engine: str) -> Callable[[SavedStems], tuple[str, str, str]]:
    def shown(stems: SavedStems) -> tuple[str, str, str]:
        notes = [SEPARATORS[engine].notice]
        for stem in stems.values():
            notes += [note for note in stem.notes if note not in notes]
        return str(stems["vocals"].path), str(stems["accompaniment"].path), "\n\n".join(filter(None, notes))

    return shown


def separate_vocals_panel(handover: Handover) -> None:
    gr.Markdown(word("separate_about"), elem_classes="about")
    with gr.Row(equal_height=False):
        with gr.Column():
            song = sound_input("song", "song", example=("example_song", "song.flac"))
            engine = engine_choice(list(SEPARATORS), DEFAULT_SEPARATOR)
            buttons = start_and_stop("separate", "separate")
            with gr.Accordion(word("advanced"), open=False):
                format_name = format_choice()
        with gr.Column():
            vocals = player("vocals", "vocals")
            handover.offer(PANEL, vocals)
            accompaniment = player("accompaniment", "accompaniment")
            notes = gr.Markdown(word("stems_empty"), elem_classes="hint", elem_id="separate-notes")
    handover.accept(PANEL, song)
    outputs = [vocals, accompaniment, notes]
    run_on_device(PANEL, buttons, separate, [song, engine, format_name], outputs, api_name="separate")
