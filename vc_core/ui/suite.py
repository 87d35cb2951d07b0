"""The suite: its tabs, theme and Gradio server."""

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from vc_core.files.reading import Limits
from vc_core.startup import reduce_garbage_collection
from vc_core.ui.live.routes import MAX_MESSAGE_BYTES, ROUTES
from vc_core.ui.many_files.panel import build_job_endpoints
from vc_core.ui.page_script import make_script
from vc_core.ui.server.cheap_updates import cache_schemas
from vc_core.ui.server.headers import SecurityHeaders
from vc_core.ui.server.logs import configure_logs
from vc_core.ui.server.sessions import EXPIRY_HOURS, delete_session_files
from vc_core.ui.server.shutdown import end_on_sigterm
from vc_core.ui.settings.form import connect_forms
from vc_core.ui.sign_in import BlocksWithSignIn
from vc_core.ui.start.panel import ROUTES as START_ROUTES
from vc_core.ui.start.panel import build_start_panel
from vc_core.ui.tabs.add_emotion import build_add_emotion_panel
from vc_core.ui.tabs.convert_singer import build_convert_singer_panel
from vc_core.ui.tabs.cover import build_cover_panel
from vc_core.ui.tabs.separate_vocals import build_separate_vocals_panel
from vc_core.ui.tabs.train_voice import build_train_voice_panel
from vc_core.ui.tabs.voices import build_voices_panel
from vc_core.ui.takes.section import build_takes_section
from vc_core.ui.theme import CSS, make_theme
from vc_core.ui.widgets.page_load import connect_page_load, set_on_load
from vc_core.ui.widgets.tab_links import TabLinks
from vc_core.ui.words import TRANSLATIONS, word

PANELS: dict[str, Callable[[TabLinks], None]] = {
    "start": build_start_panel,
    "separate_vocals": build_separate_vocals_panel,
    "cover": build_cover_panel,
    "convert_singer": build_convert_singer_panel,
    "add_emotion": build_add_emotion_panel,
    "train_voice": build_train_voice_panel,
    "voices": build_voices_panel,
}
"""The tabs in order; a new tab is one line here. Its words are `tab_<name>` and `send_<name>`."""

HOUR_SECONDS = 3600
MAX_SESSIONS = 200
"""Sessions whose state Gradio keeps, the latest used: each takes nearly 1 MB, and its default is 10,000."""
MAX_WAITING = 50
"""Length of Gradio's queue; ZeroGPU's own default would reject the third session."""


def build_suite(panels: Sequence[str] = tuple(PANELS)) -> gr.Blocks:
    reduce_garbage_collection()
    cache_schemas()
    tab_links = TabLinks()
    expiry = (HOUR_SECONDS, int(EXPIRY_HOURS * HOUR_SECONDS))
    suite = BlocksWithSignIn(title="Voice Studio", analytics_enabled=False, delete_cache=expiry)
    with suite:
        with gr.Row(elem_id="masthead"):
            gr.HTML("<h1>Voice Studio</h1>", padding=False)
            gr.Markdown(word("tagline"))
        with gr.Tabs() as tabs:
            for name in panels:
                with gr.Tab(word(f"tab_{name}"), id=name):
                    PANELS[name](tab_links)
        tab_links.connect(tabs)
        build_job_endpoints()
        build_takes_section(suite, tabs, tab_links.forms)
        connect_forms(suite, list(tab_links.forms.values()))
        set_on_load(partial(_select_tab, panels), tabs)
        connect_page_load(suite)
        suite.unload(delete_session_files)
    # Outside Spaces, Gradio by default serves API routes that bypass the queue.
    suite.queue(max_size=MAX_WAITING, api_open=False)
    return suite


def _select_tab(panels: Sequence[str], request: gr.Request) -> Any:
    """Select the tab that the URL names."""
    name = request.query_params.get("tab")
    return gr.Tabs(selected=name) if name in panels else gr.skip()


def launch(suite: gr.Blocks) -> str:
    """Start the server with a health route for monitoring; returns the URL."""
    _, address, _ = suite.launch(
        prevent_thread_lock=True,
        theme=make_theme(),
        css=CSS,
        js=make_script(),
        i18n=TRANSLATIONS,
        inbrowser=_has_display(),
        max_file_size=f"{Limits().gigabytes:g}gb",
        # Gradio would store each session's audio in the browser; and rendering on the server loses the ZeroGPU quota.
        run_history=False,
        ssr_mode=False,
        show_error=False,
        _frontend=False,  # or Gradio ends a server whose page doesn't answer within 3 seconds, as on a busy machine
        mcp_server=False,  # its clients would share one session (docs/api.md)
        state_session_capacity=MAX_SESSIONS,
        footer_links=["api", "settings"],
        # By default Gradio shows anybody how often each endpoint was called.
        enable_monitoring=os.environ.get("VOICE_STUDIO_MONITORING", "0") != "0",
        app_kwargs={
            "routes": [Route("/healthz", _health), *ROUTES, *START_ROUTES],
            "middleware": [Middleware(SecurityHeaders)],
            "docs_url": None,
            "redoc_url": None,
            "openapi_url": None,
        },
    )
    # Gradio has no argument for these; they are read for each new socket.
    suite.server.config.ws_max_size, suite.server.config.ws_per_message_deflate = MAX_MESSAGE_BYTES, False
    return str(address)


def _health(_: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


def serve(suite: gr.Blocks) -> None:
    """Serve until interrupted or terminated."""
    configure_logs()
    launch(suite)
    end_on_sigterm()
    suite.block_thread()


def _has_display() -> bool:
    if "SPACE_ID" in os.environ or "CI" in os.environ:
        return False
    return sys.platform in ("darwin", "win32") or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
