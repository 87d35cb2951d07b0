"""Samples of voices for pages and programs: made once by the voice's engine, and cached."""

from pathlib import Path
from threading import Event

import gradio as gr
from gradio.data_classes import FileData

from vc_core.errors import UserError
from vc_core.recipes.voice_sample import open_sample
from vc_core.ui.server.events import show_errors
from vc_core.ui.server.sessions import create_results_folder, get_library, get_sample_cache
from vc_core.ui.server.tasks import PageRun, return_result


def voice_sample(voice: str, request: gr.Request) -> FileData:
    """Five seconds of a sung line in this voice, to hear it before a conversion: a sound file."""
    with show_errors(request):
        return FileData(path=str(make_sample(voice, request)))


def make_sample(name: str, request: gr.Request) -> Path:
    """The file in a folder of its own, from the cache or new; raises `UserError`."""
    if not name:
        raise UserError("Choose a voice first.")
    voice = get_library(request).find(name)
    folder = create_results_folder() / "sample"
    with open_sample(voice, get_sample_cache(voice, request), folder) as (task, is_cached):
        if not is_cached:
            for _ in PageRun(request, gr.Progress(), Event()).perform(task, return_result, lambda _: gr.skip()):
                pass
    return task.target
