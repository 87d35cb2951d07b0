"""The mix of stems as one file: for the mixer of a page, and for programs."""

from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.data_classes import FileData

from vc_core.errors import UserError
from vc_core.files.results import shorten
from vc_core.files.writing import DEFAULT_FORMAT, find_format
from vc_core.recipes.mix_stems import MixTask, pair_levels
from vc_core.recipes.task import perform
from vc_core.ui.server.events import explain, show_errors
from vc_core.ui.server.sessions import create_results_folder
from vc_core.ui.widgets.compare import Comparison
from vc_core.ui.words import language_of, translate, translate_message, translate_notes

MAX_MIXES = 4
"""At once; the device is not used."""


def mix_stems(
    stems: list[FileData], levels_db: list[float], request: gr.Request, format_name: str = DEFAULT_FORMAT
) -> FileData:
    """Mix stems of one song to one file, each at its level in dB; without levels, as they are."""
    with show_errors(request):
        paths = [_read_upload(stem) for stem in _as_list(stems)]
        title, format_name = paths[0].stem if paths else "", str(format_name)
        task = MixTask(pair_levels(paths, _as_list(levels_db)), _name_mix(title, format_name), format_name)
        perform(task)
        return FileData(path=str(task.target), orig_name=task.target.name)


def _as_list(value: Any) -> list[Any]:
    """Programs may send anything."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _read_upload(stem: Any) -> Path:
    """Gradio has checked that what is marked as a file was uploaded, and nothing else."""
    try:
        return Path(FileData.model_validate(stem, context={"validate_meta": True}).path)
    except ValueError as error:
        raise UserError(
            "This is not a sound file. Use WAV, FLAC, MP3, OGG, M4A or WebM, or a video in MP4 or MKV."
        ) from error


def wire_mixer(
    compare: gr.HTML, source: Component, format_name: Component, find: Callable[[Any], Comparison | None]
) -> None:
    """Export the mix of a comparison, which `find` makes of the value of `source`."""

    def export(value: Any, format_name: str, asked: gr.EventData, request: gr.Request) -> Any:
        try:
            mixed = _export(find(value), format_name, getattr(asked, "levels", None), request)
        except Exception as error:  # noqa: BLE001 - the boundary to the page
            mixed = {"error": translate_message(language_of(request), explain(error))}
        return gr.update(mixed=mixed | {"answer": token_hex(4)})  # the page hears of a value that is another

    compare.export_mix(
        export,
        [source, format_name],
        compare,
        concurrency_limit=MAX_MIXES,
        show_progress="hidden",
        show_progress_on=[],
        api_visibility="private",
    )


def _export(made: Comparison | None, format_name: str, levels: Any, request: gr.Request) -> dict[str, Any]:
    stems = {name: Path(path) for name, path in made.sounds.items() if path and name in made.stems} if made else {}
    known = {name: level for name, level in levels.items() if name in stems} if isinstance(levels, dict) else {}
    title = Path(next(iter(made.sounds.values())) or "").stem if made else ""
    leveled = {translate(request, name): (stems[name], level) for name, level in known.items()}
    task = MixTask(leveled, _name_mix(title, format_name), format_name)
    mixdown = perform(task)
    file = FileData(path=str(task.target), orig_name=task.target.name).model_dump()
    return {"file": file, "note": " ".join(translate_notes(request, mixdown.notes))}


def _name_mix(title: str, format_name: str) -> Path:
    return create_results_folder() / f"{shorten(title)} - mix{find_format(format_name).suffix}"
