"""The tab “Separate vocals”: a song in, its parts out."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from vc_core.device import choose_device
from vc_core.errors import UserError
from vc_core.pictures import draw_spectrogram
from vc_core.progress import Progress, part_of
from vc_core.reading import AudioFile, open_audio
from vc_core.separation import (
    DEFAULT_SEPARATOR,
    SEPARATORS,
    SavedStem,
    SeparatorOptions,
    choose,
    load_separator,
    prepare_separator,
)
from vc_core.ui.compare import Takes, compare_control, compared
from vc_core.ui.controls import (
    PRIVATE,
    engine_choice,
    format_choice,
    packed,
    player,
    run_on_device,
    sound_input,
    start_and_stop,
)
from vc_core.ui.events import GPU, Happening, in_steps, on_device, relay, sentences, stoppable
from vc_core.ui.handover import Handover
from vc_core.ui.visitors import results_folder
from vc_core.ui.words import said_to, word
from vc_core.writing import DEFAULT_FORMAT, FORMATS

PANEL = "separate_vocals"
STEMS = ("vocals", "accompaniment", "drums", "bass", "piano", "other")
"""All that any engine gives, in the order of the players."""
STEM_COUNTS = sorted({count for choice in SEPARATORS.values() for count in choice.stem_counts})
PREVIEW_SECONDS = 15.0


@dataclass(frozen=True)
class Wish:
    """What is to be done, as plain values: ZeroGPU's worker is another process."""

    song: str
    engine: str
    stems: int
    treble: bool
    sum_to_song: bool
    format_name: str
    preview_from: float | None
    folder: str

    @property
    def options(self) -> SeparatorOptions:
        return SeparatorOptions(self.stems, self.treble)

    def opened(self) -> AudioFile:
        song = open_audio(self.song)
        return song if self.preview_from is None else song.excerpt(self.preview_from, PREVIEW_SECONDS)


@dataclass(frozen=True)
class Separated:
    stems: dict[str, SavedStem]
    archive: Path
    pictures: dict[str, Path]


def separate(
    song: str | None,
    engine: str,
    stems: float,
    treble: bool,
    sum_to_song: bool,
    format_name: str,
    request: gr.Request,
    progress: gr.Progress = gr.Progress(),
) -> Iterator[Any]:
    """Separate a song into 2, 4 or 5 parts: a file for each, all in a zip, pictures of them, and notes."""
    with sentences(), stoppable(request, PANEL) as stopped:
        wish = _wish(song, engine, int(stems), treble, sum_to_song, format_name)
        yield from _fulfilled(wish, request, progress, stopped)


def preview(
    song: str | None,
    engine: str,
    stems: float,
    treble: bool,
    sum_to_song: bool,
    preview_from: float,
    request: gr.Request,
    progress: gr.Progress = gr.Progress(),
) -> Iterator[Any]:
    """The same for 15 seconds of the song, from a given second on."""
    with sentences(), stoppable(request, PANEL) as stopped:
        wish = _wish(song, engine, int(stems), treble, sum_to_song, DEFAULT_FORMAT, preview_from)
        yield from _fulfilled(wish, request, progress, stopped)


def _wish(
    song: str | None,
    engine: str,
    stems: int,
    treble: bool,
    sum_to_song: bool,
    format_name: str,
    preview_from: float | None = None,
) -> Wish:
    """What can't be done is refused at once, not after the wait for the device."""
    if song is None:
        raise UserError("Choose a song first.")
    if format_name not in FORMATS:
        raise UserError(f"There is no format “{format_name}”. There are: {', '.join(FORMATS)}.")
    choose(engine, SeparatorOptions(stems, treble))
    open_audio(song)
    return Wish(song, engine, stems, treble, sum_to_song, format_name, preview_from, str(results_folder()))


def _fulfilled(wish: Wish, request: gr.Request, progress: gr.Progress, stopped: Any) -> Iterator[Any]:
    def prepare(report: Progress) -> None:
        prepare_separator(wish.engine, wish.options, progress=report)

    # Downloads come first: a turn on the device is not spent on waiting for them.
    yield from relay(in_steps(prepare), lambda _: gr.skip(), bar=progress, stopped=stopped)
    run = _separate_on_gpu if SEPARATORS[wish.engine].gpu_speed else _separate
    yield from relay(run(wish), _shown_for(wish, request), bar=progress, stopped=stopped)


def _separate(wish: Wish) -> Generator[Happening[Separated], None, None]:
    def work(progress: Progress) -> Separated:
        separator = load_separator(wish.engine, choose_device(), wish.options)
        folder = Path(wish.folder)
        stems = separator.separate_file(
            wish.opened(),
            folder,
            format_name=wish.format_name,
            sums_to_song=wish.sum_to_song,
            progress=part_of(progress, 0.0, 0.95),
        )
        progress(0.95, "Packing")
        title = Path(wish.song).stem
        archive = packed(folder / "stems.zip", {f"{title} - {stem.path.name}": stem.path for stem in stems.values()})
        return Separated(stems, archive, _pictures(wish, folder, stems))

    yield from on_device(work)


def _pictures(wish: Wish, folder: Path, stems: dict[str, SavedStem]) -> dict[str, Path]:
    files = {"song": wish.opened()} | {name: open_audio(stem.path) for name, stem in stems.items()}
    return {name: draw_spectrogram(file, folder / f"{name}.png") for name, file in files.items()}


def _lease_seconds(wish: Wish) -> int:
    """What to ask of ZeroGPU: loading, and a share of the song's length."""
    file = wish.opened()
    seconds = file.frames / file.sample_rate if file.frames else 300
    return round(min(20 + seconds / SEPARATORS[wish.engine].gpu_speed, 120))


_separate_on_gpu = GPU(duration=_lease_seconds)(_separate)


def _shown_for(wish: Wish, request: gr.Request) -> Callable[[Separated], tuple[Any, ...]]:
    def shown(separated: Separated) -> tuple[Any, ...]:
        notes = [said_to(request, f"notice_{wish.engine}")]
        for stem in separated.stems.values():
            notes += [note for note in stem.notes if note not in notes]
        paths = [str(separated.stems[name].path) if name in separated.stems else None for name in STEMS]
        pictures = [(str(path), said_to(request, name)) for name, path in separated.pictures.items()]
        takes = Takes({"song": wish.song, **dict(zip(STEMS, paths, strict=True))}, wish.preview_from or 0.0)
        return *paths, str(separated.archive), pictures, "\n\n".join(notes), takes

    return shown


def separate_vocals_panel(handover: Handover) -> None:
    gr.Markdown(word("separate_vocals_about"), elem_classes="about")
    with gr.Row(equal_height=False):
        with gr.Column():
            song = sound_input("song", "song", example=("example_song", "song.flac"))
            stems = gr.Radio(STEM_COUNTS, value=2, label=word("stems"), elem_id="stems", visible="hidden", render=False)
            engine = engine_choice(list(SEPARATORS), DEFAULT_SEPARATOR, _needs, settings=[stems])
            stems.render()  # type: ignore[no-untyped-call]
            buttons = start_and_stop(PANEL, "separate", more=["preview"])
            start, treble, sum_to_song, format_name = _advanced()
        with gr.Column():
            notes = gr.Markdown(word("stems_empty"), elem_classes="hint", elem_id="separate-notes")
            players = [player(name, name, visible=True if name in STEMS[:2] else "hidden") for name in STEMS]
            compare, takes = compare_control("separate-compare"), gr.State()
            handover.offer(PANEL, players[0])
            archive = gr.File(label=word("all_stems"), interactive=False, visible="hidden", elem_id="all-stems")
            pictures = gr.Gallery(
                label=word("pictures"),
                columns=1,
                height="auto",
                interactive=False,
                visible="hidden",
                elem_id="pictures",
            )
    handover.accept(PANEL, song)
    engine.change(_stems_of, engine, [stems, treble], **PRIVATE)
    song.change(_length_of, song, start, **PRIVATE)
    outputs = [*players, archive, pictures, notes, takes]
    settings = [song, engine, stems, treble, sum_to_song]
    whole, short = buttons.starts
    results = [*players, archive, pictures]
    for done in (
        run_on_device(buttons, whole, separate, [*settings, format_name], outputs, api_name="separate"),
        run_on_device(buttons, short, preview, [*settings, start], outputs, api_name="preview"),
    ):
        done.success(_revealed, results, results, **PRIVATE)
        done.success(compared, takes, compare, **PRIVATE)


def _advanced() -> tuple[gr.Slider, gr.Checkbox, gr.Checkbox, gr.Dropdown]:
    with gr.Accordion(word("advanced"), open=False):
        start = gr.Slider(0, 600, value=0, step=1, label=word("preview_from"), elem_id="preview-from")
        treble = gr.Checkbox(
            label=word("treble"),
            info=word("treble_info"),
            visible=True if SEPARATORS[DEFAULT_SEPARATOR].has_treble else "hidden",
        )
        sum_to_song = gr.Checkbox(True, label=word("sum_to_song"), info=word("sum_to_song_info"))
        format_name = format_choice()
    return start, treble, sum_to_song, format_name


def _needs(request: gr.Request, engine: str, stems: int | None) -> str:
    """What must happen before an engine works, so that nobody is surprised."""
    choice = SEPARATORS[engine]
    if not choice.is_installed():
        return said_to(request, "needs_install")
    known = stems if stems in choice.stem_counts else choice.stem_counts[0]
    megabytes = choice.download_megabytes(SeparatorOptions(known))
    return said_to(request, "needs_download").format(megabytes) if megabytes else ""


def _stems_of(engine: str) -> tuple[Any, Any]:
    choice = SEPARATORS[engine]
    several = len(choice.stem_counts) > 1
    stems = gr.update(choices=list(choice.stem_counts), value=2, visible=True if several else "hidden")
    return stems, gr.update(visible=True if choice.has_treble else "hidden", value=False)


def _length_of(song: str | None) -> Any:
    """The preview starts a third into the song, where there mostly is singing."""
    try:
        file = open_audio(song) if song else None
    except UserError:  # told when it is to be separated
        file = None
    if file is None or not file.frames:
        return gr.update(maximum=600, value=0)
    seconds = file.frames / file.sample_rate
    return gr.update(maximum=max(1, int(seconds - PREVIEW_SECONDS)), value=int(seconds / 3))


def _revealed(*results: Any) -> list[Any]:
    return [gr.update(visible=True if result else "hidden") for result in results]
