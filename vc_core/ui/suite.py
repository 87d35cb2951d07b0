"""The suite: its tabs, how it looks, and how it is served."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from vc_core.reading import Limits
from vc_core.ui.add_emotion import add_emotion_panel
from vc_core.ui.controls import PRIVATE
from vc_core.ui.convert_singer import convert_singer_panel
from vc_core.ui.cover import cover_panel
from vc_core.ui.handover import Handover
from vc_core.ui.separate_vocals import separate_vocals_panel
from vc_core.ui.theme import CSS, SCRIPT, theme
from vc_core.ui.train_voice import train_voice_panel
from vc_core.ui.visitors import EXPIRY_HOURS, forget
from vc_core.ui.voices import voices_panel
from vc_core.ui.words import TRANSLATIONS, word

PANELS: dict[str, Callable[[Handover], None]] = {
    "separate_vocals": separate_vocals_panel,
    "cover": cover_panel,
    "convert_singer": convert_singer_panel,
    "add_emotion": add_emotion_panel,
    "train_voice": train_voice_panel,
    "voices": voices_panel,
}
"""The tabs in their order: one line and one file each. A tab's words are `tab_<name>` and `send_<name>`."""

MAX_WAITING = 50
"""How many may queue; ZeroGPU's own default would turn away the third visitor."""


def build_suite(panels: Sequence[str] = tuple(PANELS)) -> gr.Blocks:
    handover = Handover()
    hourly = 3600
    suite = gr.Blocks(title="Voice Studio", analytics_enabled=False, delete_cache=(hourly, int(EXPIRY_HOURS * hourly)))
    with suite:
        with gr.Row(elem_id="masthead"):
            gr.HTML("<h1>Voice Studio</h1>", padding=False)
            gr.Markdown(word("tagline"))
        with gr.Tabs() as tabs:
            for name in panels:
                with gr.Tab(word(f"tab_{name}"), id=name):
                    PANELS[name](handover)
        handover.connect(suite, tabs)
        suite.load(_asked_tab, None, tabs, **PRIVATE)
        suite.unload(forget)
    # Off Spaces, Gradio leaves a door open that passes the queue by; here every job takes its turn.
    suite.queue(max_size=MAX_WAITING, api_open=False)
    return suite


def _asked_tab(request: gr.Request) -> Any:
    """The tab that a link names."""
    name = request.query_params.get("tab")
    return gr.Tabs(selected=name) if name in PANELS else gr.skip()


def launch(suite: gr.Blocks) -> str:
    """Start serving, with a health route for whoever watches over the server; gives the address."""
    _, address, _ = suite.launch(
        prevent_thread_lock=True,
        theme=theme(),
        css=CSS,
        js=SCRIPT,
        i18n=TRANSLATIONS,
        inbrowser=_has_a_screen(),
        max_file_size=f"{Limits().gigabytes:g}gb",
        # Gradio would keep each visitor's sounds in the browser, and render on the server, where a quota is lost.
        run_history=False,
        ssr_mode=False,
        show_error=False,
        footer_links=["api", "settings"],
        app_kwargs={"routes": [Route("/healthz", _health)]},
    )
    return str(address)


def _health(_: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


def serve(suite: gr.Blocks) -> None:
    """Serve until interrupted."""
    launch(suite)
    suite.block_thread()


def _has_a_screen() -> bool:
    if "SPACE_ID" in os.environ or "CI" in os.environ:
        return False
    return sys.platform in ("darwin", "win32") or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
