"""The tab “Convert singer”: convert a recording, or speak a text, with a voice of the library."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from vc_core.batch.tasks import ConvertFile
from vc_core.conversion import ConversionOptions, read_own_options
from vc_core.conversion.music import contains_music
from vc_core.conversion.report_card import MEASURES
from vc_core.errors import Message, UserError
from vc_core.files.reading import open_audio
from vc_core.options import read_options
from vc_core.progress import Progress
from vc_core.recipes.clean_up import CleanUpOptions
from vc_core.recipes.convert import ConversionTask, ConvertedVoice, name_result
from vc_core.recipes.speak import SpeechTask
from vc_core.recipes.task import Task
from vc_core.signal.pitch import METHODS, find_pitch_range
from vc_core.speech.synthesis import (
    DEFAULT_WORDS_PER_MINUTE,
    GUESS,
    LANGUAGES,
    MAX_TEXT_LENGTH,
    MAX_WORDS_PER_MINUTE,
    MIN_WORDS_PER_MINUTE,
    SpeechRequest,
)
from vc_core.ui.drawing.curves import draw_melodies
from vc_core.ui.many_files.panel import FilesTask, build_many_files
from vc_core.ui.server.endpoints import Handler, Values
from vc_core.ui.server.sessions import STATE_SECONDS, create_results_folder, get_library
from vc_core.ui.server.sung_ranges import get_sung_ranges
from vc_core.ui.server.tasks import start_run
from vc_core.ui.settings.form import make_form
from vc_core.ui.settings.presets import build_presets
from vc_core.ui.tabs.live_voice import build_live_section
from vc_core.ui.tabs.reference_voice import build_reference_section
from vc_core.ui.widgets.compare import Comparison, make_compare_control, update_compare_control
from vc_core.ui.widgets.controls import (
    PRIVATE,
    Buttons,
    make_buttons,
    make_format_choice,
    make_picture,
    make_player,
    make_sound_input,
    wire_button,
)
from vc_core.ui.widgets.option_controls import make_controls
from vc_core.ui.widgets.page_load import set_on_load
from vc_core.ui.widgets.tab_links import TabLinks
from vc_core.ui.widgets.voice_picker import make_voice_picker
from vc_core.ui.widgets.voice_settings import make_voice_settings
from vc_core.ui.words import translate, translate_notes, word
from vc_core.voices.library import Voice

PANEL = "convert_singer"
CHECKED_SECONDS = 8.0
"""Of a recording that is checked for music, from a third on."""
KEY_OPTIONS = ("key_shift_semitones", "automatic_key")
TIMBRE_OPTIONS = ("formant_shift_semitones", "breath_db", "seed")


def convert(values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
    """Convert a recording to a voice: the result, a picture of both melodies, a report card, and notes."""
    with start_run(PANEL, request, progress) as run:
        if values["song"] is None:
            raise UserError("Choose a recording first.")
        song, work = Path(values["song"]), _read_file_work(values, request)
        voice, options, format_name = work.voice, work.options, work.format_name
        target = create_results_folder() / name_result(song.stem, voice, format_name)
        task = ConversionTask(song, target, voice, options, format_name, clean_up=work.clean_up)
        yield from run.perform(task, _draw_melodies, _show_for(request, str(song)))


def speak(values: Values, request: gr.Request, progress: gr.Progress) -> Iterator[Any]:
    """Speak a text in a voice: the result, a picture of its melody, a report card, and notes."""
    with start_run(PANEL, request, progress) as run:
        text = SpeechRequest(values["text"] or "", values["language"], values["words_per_minute"])
        voice, format_name = _find_voice(values, request), values["format_name"]
        options = read_options(ConversionOptions, values, automatic_key="semitones")
        target = create_results_folder() / name_result("spoken", voice, format_name)
        task = SpeechTask(text, target, voice, options, format_name)
        yield from run.perform(task, _draw_melodies, _show_for(request))


def _read_file_work(values: Values, request: gr.Request) -> ConvertFile:
    voice = _find_voice(values, request)
    own = read_own_options(voice, (values["so_vits"] or "").split(), values)
    options, clean_up = read_options(ConversionOptions, values, own=own), read_options(CleanUpOptions, values).clean_up
    return ConvertFile(voice, options, values["format_name"], clean_up)


def _find_voice(values: Values, request: gr.Request) -> Voice:
    if not values["voice"]:
        raise UserError("Choose a voice first.")
    return get_library(request).find(values["voice"])


def _draw_melodies(task: Task[ConvertedVoice], made: ConvertedVoice, progress: Progress) -> tuple[ConvertedVoice, Path]:
    progress(0.0, Message("Drawing the melodies"))
    path = made.converted.path.with_name("melodies.png")
    return made, draw_melodies(made.converted.analysis.pitch, made.pitch, path, voice_range_hz=made.voice_range_hz)


def _show_for(request: gr.Request, song: str | None = None) -> Callable[[tuple[ConvertedVoice, Path]], list[Any]]:
    def show(drawn: tuple[ConvertedVoice, Path]) -> list[Any]:
        made, picture_path = drawn
        converted = made.converted
        if song:
            get_sung_ranges().remember(song, find_pitch_range(converted.analysis.pitch))
        notes = [
            translate(request, "melodies_legend"),
            translate(request, "shifted_by").format(f"{converted.shift_semitones:+.3g}"),
            *translate_notes(request, converted.notes),
        ]
        comparison = Comparison({"compare_before": song, "compare_after": str(converted.path)})
        return [str(converted.path), str(picture_path), asdict(made.card), "\n\n".join(notes), comparison]

    return show


def _render_table(card: dict[str, float | None] | None, request: gr.Request) -> str:
    """The report card as an HTML table in the session's language."""
    if not card:
        return ""
    rows = []
    for name, measure in MEASURES.items():
        mark = "✓" if measure.is_good(card[name]) else ""
        label = escape(translate(request, f"report_{name}"))
        rows.append(
            f"<tr><td>{label}</td><td>{measure.text(card[name])}</td><td>{measure.good}</td><td>{mark}</td></tr>"
        )
    head = f"<th>{translate(request, 'report_card')}</th><th></th><th>{translate(request, 'good_is')}</th><th></th>"
    return f"<table class='report'><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


@dataclass(frozen=True)
class Results:
    sound: gr.Audio
    melodies: gr.Image
    card: gr.JSON
    notes: gr.Markdown
    table: gr.HTML
    comparison: gr.State
    compare: gr.HTML

    @property
    def outputs(self) -> list[Component]:
        return [self.sound, self.melodies, self.card, self.notes, self.comparison]


def build_convert_singer_panel(tab_links: TabLinks) -> None:
    gr.Markdown(word("convert_singer_about"), elem_classes="about")
    with gr.Row(equal_height=False):
        with gr.Column():
            song = make_sound_input(
                "singing",
                "a_voice",
                example=("example_sung", "sung_line.flac"),
                another=("example_line", "spoken_line.flac"),
            )
            _build_music_warning(tab_links, song)
            voice = make_voice_picker(tab_links, "singer", song=song)
            build_reference_section(voice)
            tab_links.add_link("voices", "import_model")
            key = make_controls(ConversionOptions, KEY_OPTIONS, given={"automatic_key": {"elem_id": "automatic-key"}})
            buttons = make_buttons(PANEL, "convert")
            spoken, say = _build_speaking()
            build_live_section(voice)
            timbre, for_songs = _build_advanced(voice)
            controls = {"voice": voice} | key | timbre | for_songs
            build_many_files(FilesTask(PANEL, "many_convert", controls, _read_file_work))
            form = make_form(PANEL, controls, spoken)
            tab_links.add_form(build_presets(form))
        with gr.Column(elem_id=f"{PANEL}-results", elem_classes="results"):
            results = _build_results(tab_links)
    tab_links.add_receiver(PANEL, song)
    buttons = replace(buttons, starts=(*buttons.starts, say))
    _wire(buttons, {"song": song, "voice": voice} | key | timbre | for_songs, convert, results)
    text_inputs = {"text": spoken["text"], "voice": voice} | spoken
    _wire(buttons, text_inputs | {"key_shift_semitones": key["key_shift_semitones"]} | timbre, speak, results)


def _build_music_warning(tab_links: TabLinks, song: gr.Audio) -> None:
    """For whole songs: a voice is converted well only if it is alone."""
    warning = gr.Markdown(visible=False, elem_classes="hint", elem_id="music-warning")
    offer = tab_links.add_offer(PANEL, song, ["separate_vocals", "cover"])
    song.change(_warn_of_music, song, [warning, offer], **PRIVATE)


def _warn_of_music(path: str | None, request: gr.Request) -> list[Any]:
    has_music = False
    if path is not None:
        with suppress(UserError):  # shown when the conversion starts
            file = open_audio(path)
            has_music = contains_music(file.excerpt(file.expected_seconds / 3, CHECKED_SECONDS).blocks())
    text = f"⚠ {translate(request, 'music_found')}" if has_music else ""
    return [gr.update(value=text, visible=has_music), gr.update(visible=has_music)]


def _describe_pitch_method(name: str, request: gr.Request) -> str:
    megabytes = METHODS[name].download_megabytes(None) if name in METHODS else 0
    return translate(request, "needs_download").format(megabytes) if megabytes else ""


def _build_speaking() -> tuple[dict[str, Component], gr.Button]:
    with gr.Accordion(word("speak_about"), open=False, elem_id="speaking"):
        text = gr.Textbox(
            label=word("text"), placeholder=word("text_example"), lines=3, max_length=MAX_TEXT_LENGTH, elem_id="text"
        )
        language = _make_language_choice()
        slowest, fastest = MIN_WORDS_PER_MINUTE, MAX_WORDS_PER_MINUTE
        speed = gr.Slider(slowest, fastest, value=DEFAULT_WORDS_PER_MINUTE, step=5, label=word("speed"))
        controls: dict[str, Component] = {"text": text, "language": language, "words_per_minute": speed}
        return controls, gr.Button(word("speak"), elem_id="speak")


def _make_language_choice() -> gr.Dropdown:
    """Language names are in their own language; only “automatic” is translated."""

    def list_choices(request: gr.Request | None) -> list[tuple[str, str]]:
        return [(translate(request, "language_guess"), GUESS), *((name, code) for code, name in LANGUAGES.items())]

    def translate_choices(request: gr.Request) -> Any:
        return gr.update(choices=list_choices(request))

    language = gr.Dropdown(list_choices(None), value=GUESS, label=word("language"), elem_id="language")
    set_on_load(translate_choices, language)
    return language


def _build_advanced(voice: gr.Dropdown) -> tuple[dict[str, Component], dict[str, Component]]:
    """Controls of timbre and format, and those that apply only to recordings."""
    with gr.Accordion(word("advanced"), open=False):
        timbre = make_controls(ConversionOptions, TIMBRE_OPTIONS)
        methods = [(engine.label, name) for name, engine in METHODS.items() if engine.is_installed()]
        default = ConversionOptions().pitch_method
        pitch_method = gr.Dropdown(methods, value=default, label=word("pitch_method"), elem_id="pitch-method")
        needs = gr.Markdown(elem_classes="hint", elem_id="pitch-method-needs")
        pitch_method.change(_describe_pitch_method, pitch_method, needs, **PRIVATE)
        timbre["format_name"] = make_format_choice()
        return timbre, {"pitch_method": pitch_method} | make_voice_settings(voice) | make_controls(CleanUpOptions)


def _build_results(tab_links: TabLinks) -> Results:
    notes = gr.Markdown(word("converted_empty"), elem_classes="hint", elem_id="convert-notes")
    sound = make_player("converted", "converted")
    compare = make_compare_control("convert-compare")
    tab_links.add_send_buttons(PANEL, sound)
    melodies = make_picture("melodies", "melodies")
    table = gr.HTML(padding=False, elem_id="report-card")
    card = gr.JSON(label=word("report_card"), visible=False)
    return Results(sound, melodies, card, notes, table, gr.State(time_to_live=STATE_SECONDS), compare)


def _wire(buttons: Buttons, inputs: dict[str, Component], handler: Handler, results: Results) -> None:
    start = next(button for button in buttons.starts if button.elem_id == handler.__name__)
    done = wire_button(buttons, start, handler, inputs, results.outputs)
    shown = [results.melodies, results.table, results.compare]
    done.success(_show_results, [results.card, results.comparison], shown, **PRIVATE)


def _show_results(
    card: dict[str, float | None] | None, comparison: Comparison | None, request: gr.Request
) -> list[Any]:
    return [gr.update(visible=True), _render_table(card, request), update_compare_control(comparison, request)]
