"""The tab “Separate vocals”: separate a song into stems."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from vc_core.batch.tasks import SeparateFile
from vc_core.errors import Message, UserError
from vc_core.files.reading import open_audio
from vc_core.files.results import shorten
from vc_core.options import read_options
from vc_core.progress import Progress
from vc_core.recipes.separate import STEM_COUNTS, SeparationOptions, SeparationTask
from vc_core.separation import DEFAULT_SEPARATOR, SEPARATORS, SavedStem, SeparatorOptions
from vc_core.ui.drawing.spectrogram import draw_spectrogram
from vc_core.ui.many_files.panel import FilesTask, build_many_files
from vc_core.ui.mixing.export import MAX_MIXES, mix_stems, wire_mixer
from vc_core.ui.server.endpoints import Values
from vc_core.ui.server.sessions import STATE_SECONDS, create_results_folder, is_shared
from vc_core.ui.server.tasks import start_run
from vc_core.ui.settings.form import make_form
from vc_core.ui.settings.presets import build_presets
from vc_core.ui.widgets.compare import Comparison, make_compare_control, update_compare_control
from vc_core.ui.widgets.controls import (
    PRIVATE,
    make_buttons,
    make_engine_choice,
    make_player,
    make_preview_slider,
    make_sound_input,
    name_after,
    wire_button,
    write_zip,
)
from vc_core.ui.widgets.option_controls import make_controls
from vc_core.ui.widgets.separation_advice import build_separation_advice
from vc_core.ui.widgets.tab_links import TabLinks
from vc_core.ui.words import has_word, language_of, translate, translate_message, translate_notes, word

PANEL = "separate_vocals"
STEMS = ("vocals", "accompaniment", "drums", "bass", "piano", "other")
"""The stems that the API returns, in the order of the players; programs find any other in the zip."""
OTHER_STEMS = ("guitar", "lead", "backing", "dry", "reverb", "clean", "noise")
"""Those of some models, which have players too."""


@dataclass(frozen=True)
class PackedStems:
    stems: dict[str, SavedStem]
    archive: Path
    pictures: dict[str, Path]


def separate(values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
    """Separate a song into 2 to 6 stems: a file for each, all in a zip, spectrograms, and notes."""
    yield from _separate(values, request, progress)


def preview(values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
    """Separate 15 seconds of the song, from a given second on."""
    yield from _separate(values, request, progress)


def _separate(values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
    with start_run(PANEL, request, progress) as run:
        if values["song"] is None:
            raise UserError("Choose a song first.")
        options, start = read_options(SeparationOptions, values), values.get("preview_from")
        _check_model(options)
        task = SeparationTask(Path(values["song"]), create_results_folder(), options, start)
        yield from run.perform(task, _pack, _show_for(task, request))


def _read_file_work(values: Values, request: gr.Request) -> SeparateFile:
    options = read_options(SeparationOptions, values)
    _check_model(options)
    return SeparateFile(options)


def _check_model(options: SeparationOptions) -> None:
    """On a shared page, strangers can't fill the disk with models of their own."""
    if is_shared() and options.model and options.model not in SEPARATORS[options.engine].list_models():
        raise UserError("On a shared page, only the models that are listed can be chosen.")


def _pack(task: SeparationTask, stems: dict[str, SavedStem], progress: Progress) -> PackedStems:
    title = task.song.stem
    progress(0.0, Message("Packing the stems"))
    stems = {name: replace(stem, path=name_after(stem.path, title)) for name, stem in stems.items()}
    archive = write_zip(
        task.folder / f"{shorten(title)} - stems.zip", {stem.path.name: stem.path for stem in stems.values()}
    )
    files = {"song": task.open_song()} | {name: open_audio(stem.path) for name, stem in stems.items()}
    pictures = {}
    for at, (name, file) in enumerate(files.items()):
        progress((1 + at) / (1 + len(files)), Message("Drawing the spectrograms"))
        pictures[name] = draw_spectrogram(file, task.folder / f"{name}.png")
    return PackedStems(stems, archive, pictures)


def _show_for(task: SeparationTask, request: gr.Request) -> Callable[[PackedStems], tuple[Any, ...]]:
    def show(made: PackedStems) -> tuple[Any, ...]:
        notes = [translate(request, f"notice_{task.options.engine}")]
        for stem in made.stems.values():
            notes += [note for note in translate_notes(request, stem.notes) if note not in notes]
        paths = [str(made.stems[name].path) if name in made.stems else None for name in STEMS]
        pictures = [
            (str(path), translate(request, name) if has_word(name) else name) for name, path in made.pictures.items()
        ]
        others = {name: str(made.stems[name].path) for name in OTHER_STEMS if name in made.stems}
        sounds = {"song": str(task.song), **dict(zip(STEMS, paths, strict=True)), **others}
        stems = tuple(name for name, path in sounds.items() if path and name != "song")
        comparison = Comparison(sounds, task.preview_from or 0.0, stems=stems)
        return *paths, str(made.archive), pictures, "\n\n".join(notes), comparison

    return show


def build_separate_vocals_panel(tab_links: TabLinks) -> None:
    gr.Markdown(word("separate_vocals_about"), elem_classes="about")
    with gr.Row(equal_height=False):
        with gr.Column():
            song = make_sound_input("song", "song", example=("example_song", "song.flac"))
            stems = gr.Radio(STEM_COUNTS, value=2, label=word("stems"), elem_id="stems", visible="hidden", render=False)
            engine = make_engine_choice(list(SEPARATORS), DEFAULT_SEPARATOR, _describe_needs, settings=[stems])
            stems.render()  # type: ignore[no-untyped-call]
            build_separation_advice(song, engine, stems)
            then = make_controls(SeparationOptions, ["then"])
            buttons = make_buttons(PANEL, "separate", more=["preview"])
            settings, start, format_name = _build_advanced(song)
            controls = {"engine": engine, "stems": stems, **settings, **then, "format_name": format_name}
            build_many_files(FilesTask(PANEL, "many_separate", controls, _read_file_work))
            tab_links.add_form(build_presets(make_form(PANEL, controls)))
        with gr.Column(elem_id=f"{PANEL}-results", elem_classes="results"):
            notes = gr.Markdown(word("stems_empty"), elem_classes="hint", elem_id="separate-notes")
            players = []
            for name in STEMS:
                players.append(make_player(name, name, visible=True if name in STEMS[:2] else "hidden"))
                if name in STEMS[:2]:
                    tab_links.add_send_buttons(PANEL, players[-1])
            others = [make_player(name, name, visible="hidden") for name in OTHER_STEMS]
            compare, comparison = _make_comparison(format_name)
            archive = gr.File(label=word("all_stems"), interactive=False, visible="hidden", elem_id="all-stems")
            pictures = _make_gallery()
    tab_links.add_receiver(PANEL, song)
    model = settings["model"]
    engine.change(_fit_to_engine, engine, [stems, settings["treble"], model], **PRIVATE)
    gr.on([model.input, model.select], _fit_to_model, [engine, model], [stems, model], **PRIVATE)  # type: ignore[attr-defined]
    inputs = {"song": song, "engine": engine, "stems": stems, **settings, **then}
    outputs = [*players, archive, pictures, notes, comparison]
    (whole, short), results = buttons.starts, [*players, archive, pictures]
    for done in (
        wire_button(buttons, whole, separate, inputs | {"format_name": format_name}, outputs),
        wire_button(buttons, short, preview, inputs | {"preview_from": start}, outputs),
    ):
        done.success(_show_results, [*results, comparison], [*results, *others, compare], **PRIVATE)


def _make_comparison(format_name: Component) -> tuple[gr.HTML, gr.State]:
    """The players of song and stems with their mixer, and what they play."""
    compare, comparison = make_compare_control("separate-compare", has_mixer=True), gr.State(time_to_live=STATE_SECONDS)
    wire_mixer(compare, comparison, format_name, lambda made: made)
    gr.api(mix_stems, api_name="mix_stems", concurrency_limit=MAX_MIXES)  # type: ignore[attr-defined]
    return compare, comparison


def _make_gallery() -> gr.Gallery:
    return gr.Gallery(
        label=word("pictures"), columns=1, height="auto", interactive=False, visible="hidden", elem_id="pictures"
    )


def _build_advanced(song: gr.Audio) -> tuple[dict[str, Component], gr.Slider, Component]:
    with gr.Accordion(word("advanced"), open=False):
        start = make_preview_slider("preview-from", song)
        has_treble = SEPARATORS[DEFAULT_SEPARATOR].has_treble
        settings = make_controls(
            SeparationOptions,
            ["treble", "sum_to_song"],
            given={"treble": {"visible": True if has_treble else "hidden"}},
        )
        settings["model"] = gr.Dropdown(
            [], value="", label=word("separator_model"), info=word("separator_model_info"), allow_custom_value=True,
            visible="hidden", elem_id="separator-model",
        )  # fmt: skip
        format_name = make_controls(SeparationOptions, ["format_name"])["format_name"]
    return settings, start, format_name


def _describe_needs(request: gr.Request, engine: str, stems: int | None) -> str:
    """What must be installed or downloaded before the engine can run."""
    chosen = SEPARATORS[engine]
    if not chosen.is_installed():
        return translate(request, "needs_install")
    known = stems if stems in chosen.stem_counts else chosen.stem_counts[0]
    megabytes = chosen.download_megabytes(SeparatorOptions(known))
    return translate(request, "needs_download").format(megabytes) if megabytes else ""


def _fit_to_engine(engine: str) -> tuple[Any, Any, Any]:
    """Show only the controls that apply to the engine."""
    chosen = SEPARATORS[engine]
    models = chosen.list_models()
    treble = gr.update(visible=True if chosen.has_treble else "hidden", value=False)
    model = gr.update(choices=["", *models], value="", visible=True if models else "hidden")
    return _fit_stems(engine, ""), treble, model


def _fit_to_model(engine: str, model: str | None, request: gr.Request) -> tuple[Any, Any]:
    """The numbers of stems that the model has, and what it is."""
    described = SEPARATORS[engine].describe_model(model or "")
    info = translate_message(language_of(request), described) if described else word("separator_model_info")
    return _fit_stems(engine, model or ""), gr.update(info=info)


def _fit_stems(engine: str, model: str) -> Any:
    counts = list(SEPARATORS[engine].get_stem_counts(model))
    value = 2 if 2 in counts else counts[0]
    return gr.update(choices=counts, value=value, visible=True if len(counts) > 1 else "hidden")


def _show_results(request: gr.Request, *made: Any) -> list[Any]:
    *results, comparison = made
    return [*_reveal(*results), *_show_others(comparison), update_compare_control(comparison, request)]


def _show_others(made: Comparison | None) -> list[Any]:
    paths = [made.sounds.get(name) if made else None for name in OTHER_STEMS]
    return [gr.update(value=path, visible=True if path else "hidden") for path in paths]


def _reveal(*results: Any) -> list[Any]:
    return [gr.update(visible=True if result else "hidden") for result in results]
