"""Each named endpoint with values that no program should send: an answer within ten seconds, a sentence, no traceback.

The endpoints and their parameters are those that the app describes, so a new one is probed without a line here.
"""

import json
import logging
import os
import time
from typing import Any

import httpx
import numpy as np
import pytest
from conftest import ROOT

from vc_core.files.writing import write_audio
from vc_core.ui.server.events import UNEXPECTED

LONGEST_SECONDS = 10.0
SAMPLE = 40
"""Calls of the default run."""
PROBE_SECONDS = float(os.environ.get("PROBE_SECONDS", "90"))
"""Of the slow run; all calls take half an hour of a core."""
VALUES: dict[str, Any] = {
    "null": None, "list": ["a", 1, None], "dict": {"a": {"b": []}}, "NaN": float("nan"), "huge": 1e308,
    "infinite": float("inf"), "negative": -1, "true": True, "long": "노x" * 100_000, "empty": "",
    "surrogate": "a\udc80",
}  # fmt: skip
LONG_WORK = ("/cover", "/train_", "/many_", "/slice", "/doctor", "/voice_from_recording")
"""A sound is not given to these: what they accept goes on for long, or stays."""


class Caller:
    """Calls endpoints over HTTP as the API's documentation says."""

    def __init__(self, address: str) -> None:
        self.http = httpx.Client(base_url=f"{address}gradio_api/", timeout=60)
        self.endpoints = self.http.get("info").json()["named_endpoints"]

    def upload(self, name: str, content: bytes) -> dict[str, Any]:
        (path,) = self.http.post("upload", files={"files": (name, content)}).json()
        return {"path": path, "orig_name": name, "meta": {"_type": "gradio.FileData"}}

    def call(self, endpoint: str, parameters: dict[str, Any]) -> str:
        """What a refusal says; empty where it was accepted."""
        content, kind = json.dumps(parameters), {"Content-Type": "application/json"}
        answer = self.http.post(f"call/v2{endpoint}", content=content, headers=kind)
        if answer.status_code != 200:
            return str(answer.json()["detail"])
        with self.http.stream("GET", f"call{endpoint}/{answer.json()['event_id']}") as events:
            event = ""
            for line in events.iter_lines():
                if line.startswith("event: "):
                    event = line.removeprefix("event: ")
                if line.startswith("data: ") and event == "error":
                    data = json.loads(line.removeprefix("data: "))
                    return str(data.get("error") if isinstance(data, dict) else data)
        return ""

    def get_base(self, endpoint: str, sound: dict[str, Any]) -> dict[str, Any]:
        """Parameters without a default: files where they lead to no long work, otherwise nothing."""
        base = {}
        for parameter in self.endpoints[endpoint]["parameters"]:
            if not parameter["parameter_has_default"]:
                is_file = parameter["component"] in ("Audio", "File")
                is_short = not endpoint.startswith(LONG_WORK)
                empty = None if is_file else ""
                base[parameter["parameter_name"]] = sound if parameter["component"] == "Audio" and is_short else empty
        return base


@pytest.fixture
def caller(studio, hub):
    return Caller(studio)


@pytest.fixture
def no_traceback(caplog, capfd):
    """Neither the log nor Gradio's own prints may hold one."""
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.WARNING, "httpx")
    yield
    written = caplog.text + "".join(capfd.readouterr())
    assert "Traceback" not in written, written[-3000:]


def list_probes(caller: Caller, tone, tmp_path) -> list[tuple[str, str, str, dict[str, Any]]]:
    write_audio(tmp_path / "tone.wav", tone(220, seconds=0.5), format_name="wav16")
    sound = caller.upload("tone.wav", (tmp_path / "tone.wav").read_bytes())
    files = {
        "wrong file": caller.upload("text.wav", b"no sound at all"),
        "foreign file": {"path": str(ROOT / "README.md"), "meta": {"_type": "gradio.FileData"}},
        "missing file": {"path": sound["path"] + "x", "meta": {"_type": "gradio.FileData"}},
    }
    probes = []
    for endpoint, described in caller.endpoints.items():
        base = caller.get_base(endpoint, sound)
        for name in (parameter["parameter_name"] for parameter in described["parameters"]):
            probes += [(endpoint, name, kind, base | {name: value}) for kind, value in (VALUES | files).items()]
    return probes


def find_fault(caller: Caller, endpoint: str, parameters: dict[str, Any]) -> str:
    began = time.monotonic()
    try:
        said = caller.call(endpoint, parameters)
    except httpx.TimeoutException:
        return "no answer"
    if said and time.monotonic() - began > LONGEST_SECONDS:  # what is accepted may have work to do
        return f"{time.monotonic() - began:.0f} seconds"
    wrong = str(UNEXPECTED) in said or "Error(" in said or said == "None" or str(ROOT) in said
    return f"said {said[:200]!r}" if said and (wrong or said.rstrip()[-1] not in ".!?)”") else ""


def probe(caller: Caller, probes) -> None:
    faults = []
    for endpoint, name, kind, parameters in probes:
        if fault := find_fault(caller, endpoint, parameters):
            faults.append(f"{endpoint} {name}={kind}: {fault}")
            print(faults[-1], flush=True)
    assert not faults, "\n".join(faults)


def shuffle(probes, seed: int):
    return [probes[at] for at in np.random.default_rng(seed).permutation(len(probes))]


@pytest.mark.timeout(600)
def test_a_sample_of_wrong_values_is_answered_by_sentences(caller, no_traceback, tone, tmp_path):
    probe(caller, shuffle(list_probes(caller, tone, tmp_path), 19)[:SAMPLE])


@pytest.mark.slow
@pytest.mark.timeout(PROBE_SECONDS + 600)
def test_wrong_values_are_answered_by_sentences_for_some_minutes(caller, no_traceback, tone, tmp_path):
    probes, end = shuffle(list_probes(caller, tone, tmp_path), int(time.time())), time.monotonic() + PROBE_SECONDS
    tried = 0
    while tried < len(probes) and time.monotonic() < end:
        probe(caller, probes[tried : tried + 20])
        tried += 20
    print(f"{min(tried, len(probes))} of {len(probes)} calls made")
