"""A Hub on this machine: repos in memory, the routes that the Hub's client uses, and faults on demand."""

import base64
import hashlib
import json
import re
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

LFS_SUFFIXES = (".safetensors", ".pth", ".pt", ".index", ".zip")


@dataclass
class Repo:
    files: dict[str, bytes] = field(default_factory=dict)
    gated: bool = False
    private: bool = False
    xet_store: str = ""
    """Address of the store that has its large files; hf_xet asks it."""

    @property
    def commit(self) -> str:
        digest = hashlib.sha1()
        for name, content in sorted(self.files.items()):
            digest.update(name.encode() + b"\0" + hashlib.sha1(content).digest())
        return digest.hexdigest()


@dataclass
class Fault:
    """What goes wrong with answers whose path contains `where`, the next `times` times."""

    where: str
    kind: str
    """`fin` or `rst` cut the body, `hang_up` answers nothing, `status` answers with `status`."""
    after_bytes: int = 0
    status: int = 503
    times: int = 1


class HubServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repos: dict[str, Repo] = {}
        self.faults: list[Fault] = []
        self.log: list[str] = []
        self.uploads: dict[str, bytes] = {}
        self.token = "hf_test"
        self.down = False
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def other_origin(self) -> str:
        """Large files come from another host, as on the real Hub."""
        return f"http://localhost:{self.server_port}"

    def reset(self) -> None:
        self.repos, self.faults, self.log, self.uploads, self.down = {}, [], [], {}, False

    def fault_for(self, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.where in path and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.server.log.append(f"{self.command} {path}")
        self._fault = None if self.command == "HEAD" and "resolve" not in path else self.server.fault_for(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.down or (self._fault and self._fault.kind == "hang_up"):
            self._hang_up()
        elif self._fault and self._fault.kind == "status":
            self._send(self._fault.status, b"{}")
        else:
            self._route(path, body)

    def _route(self, path: str, body: bytes) -> None:
        routes = (
            (r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", self._info),
            (r"(?:/datasets)?/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", self._resolve),
            (r"/lfs/([^/]+/[^/]+)/(.+)", self._large_file),
            (r"/api/repos/create", self._create),
            (r"/api/validate-yaml", lambda body: self._json({"errors": [], "warnings": []})),
            (r"/api/models/([^/]+/[^/]+)/preupload/.+", self._preupload),
            (r"/([^/]+/[^/]+)\.git/info/lfs/objects/batch", self._lfs_batch),
            (r"/upload/(\w+)", self._upload),
            (r"/xet-token/([^/]+/[^/]+)", self._xet_token),
            (r"/api/models/([^/]+/[^/]+)/commit/.+", self._commit),
        )
        for pattern, answer in routes:
            if match := re.fullmatch(pattern, path):
                answer(*match.groups(), body)
                return
        self._send(404, b"{}")

    # Reading

    def _found(self, name: str, revision: str | None) -> Repo | None:
        repo = self.server.repos.get(name)
        allowed = self.headers.get("Authorization") == f"Bearer {self.server.token}"
        if repo is None or (repo.private and not allowed):
            self._error(401, "RepoNotFound")
        elif repo.gated and not allowed:
            self._error(403, "GatedRepo")
        elif revision not in (None, "main", repo.commit):
            self._error(404, "RevisionNotFound")
        else:
            return repo
        return None

    def _info(self, name: str, revision: str | None, body: bytes) -> None:
        if repo := self._found(name, revision):
            siblings = [{"rfilename": file} for file in sorted(repo.files)]
            self._json({"_id": "0", "id": name, "modelId": name, "sha": repo.commit, "siblings": siblings})

    def _resolve(self, name: str, revision: str, file: str, body: bytes) -> None:
        if (repo := self._found(name, revision)) is None:
            return
        if file not in repo.files:
            self._error(404, "EntryNotFound", {"X-Repo-Commit": repo.commit})
            return
        content = repo.files[file]
        headers = {"X-Repo-Commit": repo.commit}
        if file.endswith(LFS_SUFFIXES):
            headers |= {"X-Linked-Etag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Linked-Size": str(len(content))}
            headers["Location"] = f"{self.server.other_origin}/lfs/{name}/{file}"
            if repo.xet_store:
                route = f"{self.server.url}/xet-token/{name}"
                headers |= {"X-Xet-Hash": hashlib.sha256(content).hexdigest(), "X-Xet-Refresh-Route": route}
            self._send(302, b"", headers)
        else:
            self._send(200, content, headers | {"ETag": f'"{hashlib.sha1(content).hexdigest()}"'})

    def _xet_token(self, name: str, body: bytes) -> None:
        store = self.server.repos[name].xet_store
        until = str(int(time.time()) + 3600)
        self._send(200, b"{}", {"X-Xet-Cas-Url": store, "X-Xet-Access-Token": "token", "X-Xet-Token-Expiration": until})

    def _large_file(self, name: str, file: str, body: bytes) -> None:
        content = self.server.repos[name].files[file]
        headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "Accept-Ranges": "bytes"}
        if match := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
            start = int(match[1])
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self._send(206, content[start:], headers)
        else:
            self._send(200, content, headers)

    # Writing

    def _may_write(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {self.server.token}":
            return True
        self._error(401, "")
        return False

    def _create(self, body: bytes) -> None:
        if self._may_write():
            wanted = json.loads(body)
            name = f"{wanted['organization'] or 'me'}/{wanted['name']}"
            self.server.repos.setdefault(name, Repo(private=wanted.get("visibility") == "private"))
            self._json({"url": f"{self.server.url}/{name}", "id": name, "name": name})

    def _preupload(self, name: str, body: bytes) -> None:
        if self._may_write():
            files = json.loads(body)["files"]
            modes = [(file["path"], "lfs" if file["path"].endswith(LFS_SUFFIXES) else "regular") for file in files]
            self._json({"files": [{"path": path, "uploadMode": mode, "shouldIgnore": False} for path, mode in modes]})

    def _lfs_batch(self, name: str, body: bytes) -> None:
        objects = []
        for wanted in json.loads(body)["objects"]:
            href = f"{self.server.other_origin}/upload/{wanted['oid']}"
            objects.append(wanted | {"actions": {"upload": {"href": href, "header": {}}}})
        self._json({"transfer": "basic", "objects": objects})

    def _upload(self, oid: str, body: bytes) -> None:
        self.server.uploads[oid] = body
        self._send(200, b"")

    def _commit(self, name: str, body: bytes) -> None:
        if not self._may_write():
            return
        repo = self.server.repos[name]
        for line in body.decode().splitlines():
            entry = json.loads(line)
            match entry["key"]:
                case "file":
                    repo.files[entry["value"]["path"]] = base64.b64decode(entry["value"]["content"])
                case "lfsFile":
                    repo.files[entry["value"]["path"]] = self.server.uploads[entry["value"]["oid"]]
        self._json({"success": True, "commitOid": repo.commit, "commitUrl": f"{self.server.url}/{name}/commit/x"})

    # Answers

    def _json(self, content: object) -> None:
        self._send(200, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _error(self, status: int, code: str, headers: dict[str, str] | None = None) -> None:
        self._send(status, b'{"error": "refused"}', (headers or {}) | {"X-Error-Code": code, "X-Error-Message": code})

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if self._fault and self._fault.kind in ("fin", "rst"):
            self.wfile.write(body[: self._fault.after_bytes])
            self.wfile.flush()
            self._hang_up(reset=self._fault.kind == "rst")
        else:
            self.wfile.write(body)

    def _hang_up(self, *, reset: bool = False) -> None:
        if reset:  # a linger of zero sends RST instead of FIN
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        self.close_connection = True
