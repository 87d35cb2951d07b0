"""Signing in with Hugging Face: a Space's own page, an identity provider on this machine, and a voice on the Hub."""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from conftest import ROOT
from gradio_client import Client
from gradio_client.exceptions import AppError

from vc_core.ui.sign_in import REQUIRED, can_sign_in
from vc_core.ui.suite import build_suite

APP = (
    "from vc_core.ui.suite import build_suite, launch; print(launch(s := build_suite(['voices'])), flush=True); input()"
)


SPACE = {"SYSTEM": "spaces", "SPACE_ID": "ann/studio", **dict.fromkeys(REQUIRED, "x")}


class Provider(ThreadingHTTPServer):
    """OpenID Connect as far as the Hub offers it: discovery, a token for a code, and whose it is."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url, self.token = f"http://127.0.0.1:{self.server_port}", "hf_test"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        url = self.server.url
        if urlsplit(self.path).path == "/userinfo":
            return self._send({"sub": "1", "name": "Ann", "preferred_username": "ann", "profile": "", "picture": ""})
        places = ("authorization_endpoint", "authorize"), ("token_endpoint", "token"), ("userinfo_endpoint", "userinfo")
        return self._send({"issuer": url, **{name: f"{url}/{path}" for name, path in places}})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        account = {"sub": "1", "name": "Ann", "preferred_username": "ann", "profile": "", "picture": ""}
        self._send(
            {"access_token": self.server.token, "token_type": "bearer", "scope": "profile contribute-repos",
             "expires_in": 3600, "userinfo": account}
        )  # fmt: skip

    def _send(self, answer: dict[str, object]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def space(hub, tmp_path):
    """Address of the app as it runs in a Space that allows signing in."""
    provider = Provider()
    environment = SPACE | {
        "OPENID_PROVIDER_URL": provider.url, "OAUTH_SCOPES": "profile contribute-repos", "HF_ENDPOINT": hub.url,
        "VOICE_STUDIO_HOME": str(tmp_path), "VOICE_STUDIO_SHARED": "0", "HF_HOME": str(tmp_path / "hf"),
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-c", APP], cwd=ROOT, env=os.environ | environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    yield next(line.strip() for line in process.stdout if line.startswith("http"))
    process.kill()
    provider.shutdown()


def sign_in(space: str) -> str:
    """The cookie of a visitor who went to the provider and back. It is for HTTPS, so no client keeps it here."""
    asked = httpx.get(space + "login/huggingface", params={"_target_url": "/?tab=voices"})
    where = urlsplit(asked.headers["location"])
    query = parse_qs(where.query)
    assert where.path == "/authorize"
    assert query["scope"] == ["profile contribute-repos"]
    answer = httpx.get(
        query["redirect_uri"][0] + f"&code=abc&state={query['state'][0]}", headers={"Cookie": read_cookie(asked)}
    )
    assert answer.headers["location"] == "/?tab=voices"
    return read_cookie(answer)


def read_cookie(answer: httpx.Response) -> str:
    given = answer.headers["set-cookie"]
    assert {"httponly", "secure"} <= {part.strip() for part in given.lower().split(";")}
    return given.split(";")[0]


def publish(space: str, repo: str, **settings: object) -> str:
    client = Client(space, verbose=False, download_files=False, **settings)
    return client.predict("Clara", repo, "", True, api_name="/publish_voice")


def test_only_a_visitor_who_signed_in_publishes_without_a_token(space, hub):
    cookie = sign_in(space)
    assert "Published" in publish(space, "ann/clara", headers={"Cookie": cookie})
    assert "decoder.safetensors" in hub.repos["ann/clara"].files
    for headers in ({}, {"Cookie": cookie[:-3] + "abc"}):  # a stranger, and a forged signature
        with pytest.raises(AppError, match="token"):
            publish(space, "ann/other", headers=headers)
    assert "ann/other" not in hub.repos


def test_no_other_place_offers_it(monkeypatch):
    for name, value in SPACE.items():
        monkeypatch.setenv(name, value)
    assert can_sign_in()
    monkeypatch.delenv("OAUTH_CLIENT_ID")
    assert not can_sign_in()
    assert not build_suite(["voices"]).expects_oauth
