"""What the server answers besides its pages: headers, routes, monitoring; and what it writes to its log."""

import io
import logging
import re

import gradio as gr
import httpx
import pytest
from gradio.utils import get_upload_folder

from vc_core.errors import UserError
from vc_core.ui.server.events import show_errors
from vc_core.ui.server.headers import CLOSED, make_headers
from vc_core.ui.server.logs import PrivateFormatter
from vc_core.ui.suite import build_suite, launch

OWN_ROUTES = {"/healthz", "/live/socket", "/live", "/example"}
GRADIO_PAGES = {
    "/", "/assets/{path:path}", "/config", "/favicon.ico", "/login", "/logout", "/manifest.json", "/pwa_icon",
    "/pwa_icon/{size}", "/robots.txt", "/static/{path:path}", "/svelte/{path:path}", "/theme.css",
}  # fmt: skip
GRADIO_API = {
    "app_id", "call/v2/{api_name}", "call/v2/{api_name}/{event_id}", "call/{api_name}", "call/{api_name}/{event_id}",
    "cancel", "component_server", "custom_component/{id}/{environment}/{type}/{file_name}", "file/{path:path}",
    "file={path_or_url:path}", "heartbeat/{session_hash}", "info", "login_check", "openapi.json", "queue/data",
    "queue/join", "queue/status", "reset", "startup-events", "theme.css", "token", "upload", "upload_progress", "user",
    "stream/{event_id}", "stream/{event_id}/close", "stream/{session_hash}/{run}/{component_id}/playlist-file",
    "stream/{session_hash}/{run}/{component_id}/playlist.m3u8",
    "stream/{session_hash}/{run}/{component_id}/{segment_id}.{ext}",
}  # fmt: skip
REFUSING = {
    "/monitoring", "/monitoring/summary", "/monitoring/{key}",  # unless VOICE_STUDIO_MONITORING is set
    "/gradio_api/runs", "/gradio_api/api/{api_name}", "/gradio_api/run/{api_name}",  # off in `launch` and `queue`
}  # fmt: skip


def list_paths(routes, prefix: str = "") -> set[str]:
    found = set()
    for route in routes:
        if (router := getattr(route, "original_router", None)) is not None:
            found |= list_paths(router.routes)
        else:
            found.add(route.path.rstrip("/") or "/")
    return found


@pytest.fixture(scope="module")
def own_server():
    suite = build_suite(["convert_singer"])
    yield launch(suite), suite
    suite.close()


def test_every_route_is_known(own_server):
    """A new one, of Gradio's or ours, is looked at before it is added here, or to `CLOSED`."""
    paths = {path for path in list_paths(own_server[1].app.routes) if not CLOSED.search(path)}
    assert paths == OWN_ROUTES | GRADIO_PAGES | {f"/gradio_api/{path}" for path in GRADIO_API} | REFUSING


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "monitoring"), ("GET", "monitoring/summary"), ("GET", "monitoring/x"), ("GET", "gradio_api/vibe-code"),
        ("POST", "gradio_api/vibe-code"), ("POST", "gradio_api/undo-vibe-edit"), ("GET", "gradio_api/dev/reload"),
        ("GET", "gradio_api/proxy=https://x.hf.space/"), ("POST", "gradio_api/process_recording"),
        ("GET", "gradio_api/deep_link?session_hash=x"), ("GET", "docs"), ("GET", "redoc"), ("GET", "openapi.json"),
        ("GET", "gradio_api/runs"), ("POST", "gradio_api/run/convert"), ("POST", "gradio_api/api/convert"),
    ],
)  # fmt: skip
def test_what_nobody_needs_is_closed(own_server, method, path):
    json = {"data": []} if method == "POST" else None
    assert httpx.request(method, own_server[0] + path, json=json).status_code in (403, 404)


@pytest.mark.parametrize("path", ["", "healthz", "config", "gradio_api/info", "live/panel.js", "missing", "theme.css"])
def test_every_answer_has_the_headers(own_server, path):
    headers = httpx.get(own_server[0] + path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
    assert "object-src 'none'" in headers["Content-Security-Policy"]
    assert "x-frame-options" not in headers  # it can't name the Hub


def test_a_space_may_be_shown_on_the_hub_and_nowhere_else(monkeypatch):
    def frames() -> str:
        return re.search("frame-ancestors ([^;]*)", make_headers()["Content-Security-Policy"])[1]

    assert frames() == "'self'"
    monkeypatch.setenv("SPACE_ID", "ann/studio")
    assert frames() == "'self' https://huggingface.co https://*.hf.space"


def test_a_machine_that_is_too_busy_to_answer_at_once_still_serves(monkeypatch):
    """Gradio asks its own page for an answer within three seconds, and would end the server without one."""
    monkeypatch.setattr("gradio.networking.url_ok", lambda url: False)
    suite = build_suite(["voices"])
    try:
        assert httpx.get(launch(suite) + "healthz", timeout=60).is_success
    finally:
        suite.close()


@pytest.fixture
def written():
    """What the log gets, formatted as the server does."""
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(PrivateFormatter("%(levelname)s %(message)s"))
    log = logging.getLogger("vc_core.ui.server.events")
    log.addHandler(handler)
    level = log.level
    log.setLevel(logging.INFO)
    yield handler.stream.getvalue
    log.removeHandler(handler)
    log.setLevel(level)


def test_a_refused_input_is_one_line_without_names(written):
    with pytest.raises(gr.Error), show_errors(None):
        raise UserError("“{name}” can't be read.", name="My secret song.wav")
    assert written() == "INFO refused: “{name}” can't be read.\n"


def test_a_fault_is_a_traceback_without_tokens_and_names_of_uploads(written):
    upload = f"{get_upload_folder()}/0123/My secret song (live).wav"
    with pytest.raises(gr.Error), show_errors(None):
        raise ValueError(f"hf_AbCdEf0123456789 Bearer abc.def {upload}")
    text = written()
    assert "Traceback" in text
    assert "ValueError" in text
    for secret in ("AbCdEf", "abc.def", "secret", "live"):
        assert secret not in text
