"""A web server on this machine, for links to models."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from vc_core.files.links import LinkRules, is_public
from vc_core.files.model_links import MODEL_LINK_RULES
from vc_core.files.reading import Limits


class FileServer(ThreadingHTTPServer):
    """Answers each path with its content and content type, or with a redirect; `log` has the paths asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, tuple[bytes, str]] = {}
        self.redirects: dict[str, str] = {}
        self.log: list[str] = []

    def add(self, path: str, content: bytes, kind: str = "application/octet-stream") -> str:
        self.files[path.split("?")[0]] = content, kind
        return f"http://models.test:{self.server_port}{path}"

    def rules(self, gigabytes: float = 1.0) -> LinkRules:
        """The app's own rules, but that this server may be connected to, and that names are not looked up."""

        def may_connect(address, port):
            return (str(address), port) == ("127.0.0.1", self.server_port) or is_public(address, port)

        return replace(
            MODEL_LINK_RULES,
            may_connect=may_connect,
            resolve=lambda host, port: ["127.0.0.1"],
            limits=Limits(gigabytes=gigabytes),
        )


class _Handler(BaseHTTPRequestHandler):
    server: FileServer

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        self.server.log.append(path)
        if path in self.server.redirects:
            self.send_response(302)
            self.send_header("Location", self.server.redirects[path])
            self.end_headers()
            return
        content, kind = self.server.files.get(path, (b"", ""))
        self.send_response(200 if path in self.server.files else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serve_files() -> Iterator[FileServer]:
    with FileServer() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
