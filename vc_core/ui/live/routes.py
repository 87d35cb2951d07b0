"""Routes of live singing, beside Gradio's: the socket, and the page's own scripts."""

from pathlib import Path
from typing import Any

from starlette.responses import Response
from starlette.routing import Mount, WebSocketRoute
from starlette.staticfiles import StaticFiles

from vc_core.ui.live.frames import MAX_FRAME_BYTES
from vc_core.ui.live.socket import serve_live

MAX_MESSAGE_BYTES = 2 * MAX_FRAME_BYTES
"""Beyond it uvicorn closes the socket, before the message is in memory."""


class _Scripts(StaticFiles):
    """Browsers ask each time whether a script has changed, and don't load it again if not."""

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        response = super().file_response(*arguments, **options)
        response.headers["Cache-Control"] = "no-cache"
        return response


ROUTES = [
    WebSocketRoute("/live/socket", serve_live),
    Mount("/live", _Scripts(directory=Path(__file__).parent / "static")),
]
