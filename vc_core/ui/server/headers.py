"""What every answer has: security headers, as far as Gradio's pages work with them. And routes that nobody needs."""

import os
import re
from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HUB_FRAMES = "https://huggingface.co https://*.hf.space"
"""A Space is shown in a frame of the Hub's pages."""


CLOSED = re.compile(r"/gradio_api/(deep_link|dev/|process_recording|proxy=|undo-vibe-|vibe-)")
"""Gradio's routes that write files, run FFmpeg or fetch addresses without a limit of ours; no page here uses them."""


def make_headers() -> Mapping[str, str]:
    is_space = "SPACE_ID" in os.environ
    policy = {
        "default-src": "'self'",
        # Gradio's page starts by inline scripts, and makes functions of the text in `js=`.
        "script-src": "'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:",
        "worker-src": "'self' blob:",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "media-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": f"'self' ws: wss: data: blob: {HUB_FRAMES if is_space else ''}",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": f"'self' {HUB_FRAMES if is_space else ''}",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}".strip() for name, value in policy.items()),
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }


class SecurityHeaders:
    """Middleware that sends these with every HTTP answer, and answers closed routes. Streams pass as they come."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.headers = app, make_headers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        app = PlainTextResponse("Not found", 404) if CLOSED.search(scope["path"]) else self.app
        await app(scope, receive, send_with_headers)
