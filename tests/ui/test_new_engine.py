"""A new engine needs one file, one line and its words to appear on page, shell and API."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

TOY = '''"""Separation by halves, to show how an engine is added."""

from vc_core.audio import Audio
from vc_core.separation.base import SeparationEngine, Separator, Stems
from vc_core.signal.windows import Windows


class Halves(Separator):
    stem_names = ("vocals", "accompaniment")
    windows = Windows(seconds=1.0)

    def split(self, window: Audio) -> Stems:
        half = window.with_samples(window.samples / 2)
        return {"vocals": half, "accompaniment": half}


ENGINE = SeparationEngine("halves", "Halves", load=lambda options, device: Halves(), notice="A toy.")
'''
PROBE = """
import json, sys
from vc_core.ui.suite import build_suite

info = build_suite().get_api_info()["named_endpoints"]
separate = {p["parameter_name"]: p["type"] for p in info["/separate"]["parameters"]}
cover = {p["parameter_name"]: p["type"] for p in info["/cover"]["parameters"]}
print(json.dumps([separate["engine"]["enum"], cover["engine"]["enum"]]))
"""


def add_after(path, line: str, added: str) -> None:
    text = path.read_text()
    assert line in text
    path.write_text(text.replace(line, f"{line}\n{added}", 1))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "vc_core", folder / "vc_core", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "vc_core" / "separation" / "halves.py").write_text(TOY)
    registry = folder / "vc_core" / "separation" / "__init__.py"
    add_after(registry, "    repet.ENGINE,", "    halves.ENGINE,")
    registry.write_text(registry.read_text().replace("import demucs, ", "import demucs, halves, "))
    for language in ("en", "ko"):
        words = folder / "vc_core" / "ui" / "words" / f"{language}.py"
        add_after(words, "WORDS: dict[str, str] = {", '    "engine_halves": "Halves", "notice_halves": "A toy.",')
    return folder


def run(project, *command: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(project)}
    done = subprocess.run(
        [sys.executable, *command], cwd=project, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_new_engine_is_on_the_page_and_in_the_api(project):
    for choices in json.loads(run(project, "-c", PROBE).splitlines()[-1]):
        assert "halves" in choices


def test_a_new_engine_is_in_the_shell_and_separates(project, tmp_path):
    song = ROOT / "examples" / "sung_line.flac"
    command = ("-m", "vc_core.cli", "separate", str(song), "--engine", "halves", "-o", str(tmp_path))
    paths = run(project, *command).split()
    assert [path.rsplit("/", 1)[1] for path in paths] == ["vocals.flac", "accompaniment.flac"]
