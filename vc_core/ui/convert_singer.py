"""The tab “Convert singer”: a song or a text in, and a voice of the library sings or says it."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from vc_core.conversion import AUTOMATIC_KEYS, ConversionOptions, prepare_converter
from vc_core.conversion.base import HIGHEST_BREATH_DB, HIGHEST_FORMANT_SHIFT, HIGHEST_KEY_SHIFT, AutomaticKey
from vc_core.conversion.so_vits_options import Precision, SoVitsOptions, tuned
from vc_core.curves import draw_melodies
from vc_core.errors import UserError
from vc_core.pitch import METHODS, prepare_pitch_method
from vc_core.progress import Progress, part_of
from vc_core.reading import open_audio
from vc_core.recipes.singing import Part, Performance, convert_singer, speak_as
from vc_core.report_card import MEASURES
from vc_core.speaking import FASTEST, GUESS, LANGUAGES, LONGEST_TEXT, SLOWEST, USUAL_SPEED, Line
from vc_core.ui.compare import Takes, compare_control, compared
from vc_core.ui.controls import (
    PRIVATE,
    Buttons,
    format_choice,
    picture,
    player,
    run_on_device,
    sound_input,
    start_and_stop,
    translated_choice,
)
from vc_core.ui.events import Happening, in_steps, on_device, relay, sentences, stoppable
from vc_core.ui.handover import Handover
from vc_core.ui.live_voice import live_section
from vc_core.ui.so_vits_settings import so_vits_settings
from vc_core.ui.visitors import library_of, results_folder
from vc_core.ui.voice_picker import voice_picker
from vc_core.ui.words import said_to, word
from vc_core.writing import FORMATS

PANEL = "convert_singer"
USUAL = ConversionOptions()


@dataclass(frozen=True, eq=False)
class Performed:
    performance: Performance
    picture: Path


def convert(
    song: str | None,
    voice: str | None,
    key_shift_semitones: float,
    automatic_key: AutomaticKey,
    formant_shift_semitones: float,
    breath_db: float,
    seed: float,
    format_name: str,
    pitch_method: str,
    singer: str,
    noise_scale: float,
    predicted_pitch: bool,
    cluster_ratio: float,
    retrieval_ratio: float,
    precision: Precision,
    so_vits: str,
    request: gr.Request,
    progress: gr.Progress = gr.Progress(),
) -> Iterator[Any]:
    """Let a voice sing a recording: the result, a picture of both melodies, a report card, and notes."""
    with sentences(), stoppable(request, PANEL) as stopped:
        if song is None:
            raise UserError("Choose a recording first.")
        own = SoVitsOptions(
            speaker=singer or "", predicted_pitch=predicted_pitch, noise_scale=noise_scale,
            cluster_ratio=cluster_ratio, retrieval_ratio=retrieval_ratio, precision=precision,
        )  # fmt: skip
        shifts = (key_shift_semitones, automatic_key, formant_shift_semitones, breath_db)
        options = ConversionOptions(*shifts, _whole(seed), pitch_method, tuned(so_vits.split(), own))
        part = _part(voice, options, format_name, request)
        open_audio(song)
        target = results_folder() / f"{Path(song).stem} - {part.voice.folder.name}{part.suffix}"

        def work(report: Progress) -> Performance:
            return convert_singer(open_audio(song), target, part, progress=report)

        yield from relay(_prepared(part), lambda _: gr.skip(), bar=progress, stopped=stopped)
        yield from relay(_performed(work), _shown_for(request, song), bar=progress, stopped=stopped)


def speak(
    text: str,
    voice: str | None,
    language: str,
    words_per_minute: float,
    key_shift_semitones: float,
    formant_shift_semitones: float,
    breath_db: float,
    seed: float,
    format_name: str,
    request: gr.Request,
    progress: gr.Progress = gr.Progress(),
) -> Iterator[Any]:
    """Say a text in a voice: the result, a picture of its melody, a report card, and notes."""
    with sentences(), stoppable(request, PANEL) as stopped:
        line = Line(text, language, words_per_minute)
        options = ConversionOptions(key_shift_semitones, "semitones", formant_shift_semitones, breath_db, _whole(seed))
        part = _part(voice, options, format_name, request)
        target = results_folder() / f"spoken - {part.voice.folder.name}{part.suffix}"

        def work(report: Progress) -> Performance:
            return speak_as(line, target, part, progress=report)

        yield from relay(_prepared(part), lambda _: gr.skip(), bar=progress, stopped=stopped)
        yield from relay(_performed(work), _shown_for(request), bar=progress, stopped=stopped)


def _part(voice: str | None, options: ConversionOptions, format_name: str, request: gr.Request) -> Part:
    """What can't be done is refused at once, not after the wait for the device."""
    if not voice:
        raise UserError("Choose a voice first.")
    if format_name not in FORMATS:
        raise UserError(f"There is no format “{format_name}”. There are: {', '.join(FORMATS)}.")
    return Part(library_of(request).find(voice), options, format_name)


def _whole(seed: float | None) -> int:
    if seed is None or seed != int(seed) or seed < 0:
        raise UserError("The seed is a whole number from 0 on.")
    return int(seed)


def _prepared(part: Part) -> Generator[Happening[None], None, None]:
    """Downloads come first: a turn on the device is not spent on waiting for them."""

    def prepare(progress: Progress) -> None:
        prepare_pitch_method(part.options.pitch_method, progress=part_of(progress, 0.0, 0.3))
        prepare_converter(part.voice, progress=part_of(progress, 0.3, 1.0))

    return in_steps(prepare)


def _performed(work: Callable[[Progress], Performance]) -> Generator[Happening[Performed], None, None]:
    def perform(progress: Progress) -> Performed:
        done = work(progress)
        picture = done.converted.path.with_name("melodies.png")
        draw_melodies(done.converted.heard.pitch, done.pitch, picture, home_hz=done.home_hz)
        return Performed(done, picture)

    return on_device(perform)


def _shown_for(request: gr.Request, song: str | None = None) -> Callable[[Performed], list[Any]]:
    def shown(performed: Performed) -> list[Any]:
        converted = performed.performance.converted
        shift = f"{converted.shift_semitones:+.3g}"
        notes = [said_to(request, "melodies_legend"), said_to(request, "shifted_by").format(shift), *converted.notes]
        card = asdict(performed.performance.card)
        takes = Takes({"compare_before": song, "compare_after": str(converted.path)})
        return [str(converted.path), str(performed.picture), card, "\n\n".join(notes), takes]

    return shown


def _table(card: dict[str, float | None] | None, request: gr.Request) -> str:
    """The report card for people, in their language."""
    if not card:
        return ""
    rows = []
    for name, measure in MEASURES.items():
        mark = "✓" if measure.is_good(card[name]) else ""
        label = escape(said_to(request, f"report_{name}"))
        rows.append(
            f"<tr><td>{label}</td><td>{measure.text(card[name])}</td><td>{measure.good}</td><td>{mark}</td></tr>"
        )
    head = f"<th>{said_to(request, 'report_card')}</th><th></th><th>{said_to(request, 'good_is')}</th><th></th>"
    return f"<table class='report'><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


@dataclass(frozen=True)
class Results:
    sound: gr.Audio
    melodies: gr.Image
    card: gr.JSON
    notes: gr.Markdown
    table: gr.HTML
    takes: gr.State
    compare: gr.HTML

    @property
    def outputs(self) -> list[Component]:
        return [self.sound, self.melodies, self.card, self.notes, self.takes]


def convert_singer_panel(handover: Handover) -> None:
    gr.Markdown(word("convert_singer_about"), elem_classes="about")
    with gr.Row(equal_height=False):
        with gr.Column():
            song = sound_input(
                "singing",
                "a_voice",
                example=("example_sung", "sung_line.flac"),
                another=("example_line", "spoken_line.flac"),
            )
            voice = voice_picker(handover, "singer")
            handover.way_to("voices", "bring_so_vits")
            limit = HIGHEST_KEY_SHIFT
            key = gr.Slider(-limit, limit, value=USUAL.key_shift_semitones, step=1, label=word("key_shift"))
            automatic = translated_choice(
                "automatic_key", list(AUTOMATIC_KEYS), "key", value=USUAL.automatic_key, elem_id="automatic-key"
            )
            buttons = start_and_stop(PANEL, "convert")
            text, language, speed, say = _speaking()
            live_section(voice)
            colour, format_name, for_songs = _advanced(voice)
        with gr.Column():
            results = _results(handover)
    handover.accept(PANEL, song)
    buttons = replace(buttons, starts=(*buttons.starts, say))
    _wire(buttons, [song, voice, key, automatic, *colour, format_name, *for_songs], convert, results, "convert")
    _wire(buttons, [text, voice, language, speed, key, *colour, format_name], speak, results, "speak")


def _speaking() -> tuple[gr.Textbox, gr.Dropdown, gr.Slider, gr.Button]:
    with gr.Accordion(word("speak_about"), open=False, elem_id="speaking"):
        text = gr.Textbox(
            label=word("text"), placeholder=word("text_example"), lines=3, max_length=LONGEST_TEXT, elem_id="text"
        )
        language = _languages()
        speed = gr.Slider(SLOWEST, FASTEST, value=USUAL_SPEED, step=5, label=word("speed"))
        return text, language, speed, gr.Button(word("speak"), elem_id="speak")


def _languages() -> gr.Dropdown:
    """Each in its own words, but for the first."""

    def choices(request: gr.Request | None) -> list[tuple[str, str]]:
        return [(said_to(request, "language_guess"), GUESS), *((name, code) for code, name in LANGUAGES.items())]

    def translated(request: gr.Request) -> Any:
        return gr.update(choices=choices(request))

    language = gr.Dropdown(choices(None), value=GUESS, label=word("language"), elem_id="language")
    gr.on(None, translated, None, language, **PRIVATE)
    return language


def _advanced(voice: gr.Dropdown) -> tuple[Sequence[Component], gr.Dropdown, Sequence[Component]]:
    """What colours a voice, the format, and what concerns songs alone."""
    with gr.Accordion(word("advanced"), open=False):
        limit = HIGHEST_FORMANT_SHIFT
        formant = gr.Slider(-limit, limit, value=USUAL.formant_shift_semitones, step=0.5, label=word("formant"))
        limit = HIGHEST_BREATH_DB
        breath = gr.Slider(-limit, limit, value=USUAL.breath_db, step=1, label=word("breath"))
        seed = gr.Number(USUAL.seed, label=word("seed"), precision=0)
        methods = [(choice.label, name) for name, choice in METHODS.items() if choice.is_installed()]
        pitch_method = gr.Dropdown(methods, value=USUAL.pitch_method, label=word("pitch_method"))
        format_name = format_choice()
        so_vits = so_vits_settings(voice)
    return [formant, breath, seed], format_name, [pitch_method, *so_vits]


def _results(handover: Handover) -> Results:
    notes = gr.Markdown(word("converted_empty"), elem_classes="hint", elem_id="convert-notes")
    sound = player("converted", "converted")
    compare = compare_control("convert-compare")
    handover.offer(PANEL, sound)
    melodies = picture("melodies", "melodies")
    table = gr.HTML(padding=False, elem_id="report-card")
    card = gr.JSON(label=word("report_card"), visible=False)
    return Results(sound, melodies, card, notes, table, gr.State(), compare)


def _wire(
    buttons: Buttons, inputs: Sequence[Component], handler: Callable[..., Any], results: Results, api_name: str
) -> None:
    start = next(button for button in buttons.starts if button.elem_id == api_name)
    done = run_on_device(buttons, start, handler, inputs, results.outputs, api_name=api_name)
    done.success(lambda: gr.update(visible=True), None, results.melodies, **PRIVATE)
    done.success(_table, results.card, results.table, **PRIVATE)
    done.success(compared, results.takes, results.compare, **PRIVATE)
