"""The section “Takes” below the tabs: the results of this session, to hear, compare, keep, rename and delete."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import gradio as gr

from vc_core.files.results import number_names
from vc_core.ui.server.events import show_errors
from vc_core.ui.server.sessions import is_shared
from vc_core.ui.settings.form import SettingsForm
from vc_core.ui.settings.presets import apply
from vc_core.ui.takes.store import MAX_TITLE_LENGTH, Take, get_takes
from vc_core.ui.widgets.compare import Comparison, make_compare_control, update_compare_control
from vc_core.ui.widgets.controls import PRIVATE, make_player
from vc_core.ui.widgets.delete_button import make_delete_button
from vc_core.ui.widgets.job_bar import JobBar
from vc_core.ui.words import has_word, translate, word

MAX_CHOSEN = 2
NAMING_SETTINGS = (("voice", ""), ("emotion", "emotion_"), ("engine", "engine_"))
"""What a take is named by, the first that it has, and what its words begin with."""


def takes(request: gr.Request) -> list[dict[str, Any]]:
    """The takes of this session, the newest first: id, tab, title, settings, names of sounds, time, whether kept."""
    shown = ("id", "panel", "title", "settings", "created", "is_kept")
    return [
        {key: getattr(take, key) for key in shown} | {"sounds": [*take.sounds]}
        for take in get_takes(request).list_takes()
    ]


def take_delete(take: str, request: gr.Request) -> str:
    """Delete a take of this session; returns its title."""
    with show_errors(request):
        title = get_takes(request).find(take).title
        get_takes(request).delete(take)
        return title


@dataclass(frozen=True)
class _Section:
    choice: gr.CheckboxGroup
    player: gr.Audio
    compare: gr.HTML
    files: gr.File
    actions: gr.Column
    title: gr.Textbox
    keep: gr.Button
    undo: gr.Button
    minutes_east: gr.Number
    """The browser's time zone."""

    @property
    def listing(self) -> list[Any]:
        return [self.choice, self.undo]

    @property
    def details(self) -> list[Any]:
        return [self.player, self.compare, self.files, self.actions, self.title, self.keep]


def build_takes_section(suite: gr.Blocks, tabs: gr.Tabs, forms: Mapping[str, SettingsForm]) -> None:
    minutes_east = gr.Number(0, visible="hidden", label=word("takes"))
    # Shown by the theme's CSS: Gradio shows what is hidden inside whenever it is told to show a group again.
    with gr.Accordion(word("takes"), open=True, elem_id="takes"):
        gr.Markdown(word("takes_about_shared" if is_shared() else "takes_about"), elem_classes="hint")
        choice = gr.CheckboxGroup([], label=word("takes_choose"), elem_id="take-list")
        choice.preprocess = _read_chosen  # type: ignore[method-assign,assignment]  # each session has its own
        compare = make_compare_control("take-compare")
        player = make_player("take-player", "take_sound", visible="hidden")
        files = gr.File(
            label=word("take_files"), file_count="multiple", interactive=False, visible="hidden", elem_id="take-files"
        )
        with gr.Column(visible=False) as actions:
            with gr.Row():
                put_back = gr.Button(word("take_put_back"), size="sm", elem_id="take-put-back")
                keep = gr.Button(word("take_keep"), size="sm", elem_id="take-keep")
                deletion = make_delete_button("take_delete", "take-delete")
            with gr.Row(equal_height=True, elem_classes="named"):
                title = gr.Textbox(
                    label=word("take_title"), max_length=MAX_TITLE_LENGTH, max_lines=1, scale=3, elem_id="take-title"
                )
                rename = gr.Button(word("take_rename"), size="sm", scale=1, min_width=90, elem_id="take-rename")
        # Below that column, which is hidden when no take is chosen, as after a deletion.
        deletion.undo.unrender()  # type: ignore[no-untyped-call]
        deletion.undo.render()  # type: ignore[no-untyped-call]
    section = _Section(choice, player, compare, files, actions, title, keep, deletion.undo, minutes_east)
    _wire_list(suite, section)
    everything, known = [*section.listing, *section.details], [choice, minutes_east]
    gr.on([rename.click, title.submit], _change_for(_rename), [*known, title], everything, **PRIVATE)
    keep.click(_change_for(_keep), [*known, title], everything, **PRIVATE)
    deletion.confirm.click(_change_for(_delete), [*known, title], everything, **PRIVATE)
    deletion.undo.click(_change_for(_undo), [*known, title], everything, **PRIVATE)
    put_back.click(_put_back_for(forms), choice, [tabs, *(form.wanted for form in forms.values())], **PRIVATE)
    gr.api(takes, api_name="takes")  # type: ignore[attr-defined]
    gr.api(take_delete, api_name="take_delete")  # type: ignore[attr-defined]


def _wire_list(suite: gr.Blocks, section: _Section) -> None:
    """Shown on page load, and after each job, whichever tab has it."""
    known = [section.choice, section.minutes_east]
    suite.load(
        _open,
        known,
        [*section.listing, section.minutes_east],
        js="(chosen) => [chosen, -new Date().getTimezoneOffset()]",
        **PRIVATE,
    )
    section.choice.input(_choose, known, [section.choice, *section.details], **PRIVATE)
    ends = [bar.job_end for bar in suite.blocks.values() if isinstance(bar, JobBar)]
    gr.on(ends, _refresh, known, section.listing, **PRIVATE)


def _read_chosen(payload: Any) -> list[str]:
    return [one for one in payload if isinstance(one, str)][-MAX_CHOSEN:] if isinstance(payload, list) else []


def _open(chosen: list[str], minutes_east: float, request: gr.Request) -> list[Any]:
    return [*_refresh(chosen, minutes_east, request), minutes_east]


def _refresh(chosen: list[str], minutes_east: float, request: gr.Request) -> list[Any]:
    store = get_takes(request)
    labels = {take.id: _describe(take, minutes_east, request) for take in store.list_takes()}
    choices = [(label, take_id) for take_id, label in labels.items()]
    return [
        gr.update(choices=choices, value=[one for one in chosen if one in labels]),
        gr.update(visible=store.can_undo()),
    ]


def _describe(take: Take, minutes_east: float, request: gr.Request) -> str:
    parts = [translate(request, f"tab_{take.panel}"), _name_maker(take, request), _format_time(take, minutes_east)]
    parts += [translate(request, "take_is_preview")] if take.start_seconds else []
    parts += [translate(request, "take_is_kept")] if take.is_kept else []
    return " · ".join(filter(None, (f"“{take.title}”", *parts)))


def _format_time(take: Take, minutes_east: float) -> str:
    """In the browser's time zone."""
    zone = timezone(timedelta(minutes=max(-840, min(minutes_east or 0, 840))))
    made, today = datetime.fromtimestamp(take.created, zone), datetime.now(zone).date()
    return f"{made:%H:%M}" if made.date() == today else f"{made:%Y-%m-%d %H:%M}"


def _name_maker(take: Take, request: gr.Request) -> str:
    for setting, prefix in NAMING_SETTINGS:
        if value := take.settings.get(setting):
            key = f"{prefix}{value}"
            return translate(request, key) if prefix and has_word(key) else str(value)
    return ""


def _choose(chosen: list[str], minutes_east: float, request: gr.Request) -> list[Any]:
    return [gr.update(value=chosen), *_show(chosen, minutes_east, request)]


def _show(chosen: Sequence[str], minutes_east: float, request: gr.Request) -> list[Any]:
    """One take with all its sounds, or two to compare."""
    store = get_takes(request)
    known = {take.id: take for take in store.list_takes()}
    found = [known[one] for one in chosen if one in known]
    served = [store.serve(take) for take in found]
    paths = [path for sounds in served for path in sounds.values()]
    only = found[0] if len(found) == 1 else None
    comparison = _compare(found, served, minutes_east, request)
    return [
        gr.update(value=paths[0] if only else None, visible=True if len(paths) == 1 else "hidden"),
        update_compare_control(comparison, request),
        gr.update(value=paths, visible=True if len(paths) > 1 else "hidden"),
        gr.update(visible=only is not None),
        gr.update(value=only.title if only else ""),
        gr.update(visible=only is not None and not only.is_kept),
    ]


def _compare(
    found: Sequence[Take], served: Sequence[Mapping[str, str]], minutes_east: float, request: gr.Request
) -> Comparison:
    """Takes of one source are in step at its seconds: a preview starts later than the whole song."""
    is_one_source = len({take.source for take in found}) == 1
    latest = max((take.start_seconds for take in found), default=0.0)
    sounds, starts = {}, []
    for take, paths in zip(found, served, strict=True):
        for key, path in paths.items():
            label = translate(request, key) if has_word(key) else key
            if len(found) > 1:
                parts = (take.title, _name_maker(take, request), _format_time(take, minutes_east))
                label = " · ".join(filter(None, (*parts, label if len(paths) > 1 else "")))
            sounds[next(free for free in number_names(label) if free not in sounds)] = path
            starts.append(latest - take.start_seconds if is_one_source else 0.0)
    changes_tempo = any(take.settings.get("changes_tempo") for take in found)
    return Comparison(sounds, 0.0, is_one_source and changes_tempo, tuple(starts), is_named=True)


def _change_for(change: Callable[[gr.Request, str, str], None]) -> Callable[..., list[Any]]:
    def run(chosen: list[str], minutes_east: float, title: str, request: gr.Request) -> list[Any]:
        with show_errors(request):
            change(request, chosen[0] if chosen else "", title or "")
            known = [take.id for take in get_takes(request).list_takes()]
            chosen = [one for one in chosen if one in known]
            return [*_refresh(chosen, minutes_east, request), *_show(chosen, minutes_east, request)]

    return run


def _rename(request: gr.Request, take: str, title: str) -> None:
    get_takes(request).rename(take, title)


def _keep(request: gr.Request, take: str, title: str) -> None:
    get_takes(request).keep(take)


def _delete(request: gr.Request, take: str, title: str) -> None:
    get_takes(request).delete(take)


def _undo(request: gr.Request, take: str, title: str) -> None:
    get_takes(request).undo()


def _put_back_for(forms: Mapping[str, SettingsForm]) -> Callable[..., list[Any]]:
    def put_back(chosen: list[str], request: gr.Request) -> list[Any]:
        with show_errors(request):
            take = get_takes(request).find(chosen[0] if chosen else "")
            updates = [
                apply(form, take.settings, request) if panel == take.panel else gr.skip()
                for panel, form in forms.items()
            ]
            return [gr.Tabs(selected=take.panel), *updates]

    return put_back
