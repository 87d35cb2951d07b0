"""The README's commands do what it says they do, from a fresh clone with an empty home."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from conftest import ROOT
from typer.testing import CliRunner

from vc_core.cli import app

README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_python_example_runs(monkeypatch, capsys):
    (example,) = blocks("python")
    monkeypatch.chdir(ROOT)
    exec(compile(example, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("24.05")


@pytest.mark.slow
def test_the_shell_examples_run(tmp_path, monkeypatch):
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith(".venv/bin/vc")]
    assert len(lines) >= 3
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    for line in dict.fromkeys(lines):
        result = CliRunner().invoke(app, shlex.split(line)[1:])
        assert result.exit_code == 0, result.output
    assert (tmp_path / "separated" / "song" / "vocals.flac").is_file()


@pytest.mark.parametrize("file", re.findall(r"\]\(((?!http)[^)]+)\)", README))
def test_every_link_leads_somewhere(file):
    assert (ROOT / file).exists()


def test_every_make_target_that_is_named_exists():
    targets = set(re.findall(r"(?m)^([\w-]+):", (ROOT / "Makefile").read_text()))
    for document in ("README.md", "CONTRIBUTING.md", "docs/api.md"):
        named = set(re.findall(r"`make ([\w-]+)", (ROOT / document).read_text()))
        assert named <= targets


def test_every_variable_that_is_named_is_read():
    source = "\n".join(path.read_text() for path in (ROOT / "vc_core").rglob("*.py"))
    for name in re.findall(r"VOICE_STUDIO_\w+", README):
        assert name in source


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_make_run_serves_the_app_from_a_fresh_clone(tmp_path, free_port):
    """And a second time it installs nothing."""
    clone = tmp_path / "clone"
    shutil.copytree(ROOT, clone, ignore=shutil.ignore_patterns(".*", "__pycache__", "dist", "*.egg-info"))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "GRADIO_SERVER_PORT": str(free_port),
        "GRADIO_TEMP_DIR": str(tmp_path / "gradio"),
        "PYTHON": sys.executable if sys.prefix == sys.base_prefix else f"{sys.base_prefix}/bin/python3",
        "CI": "1",
        # What is tested is not the download.
        "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip")),
        "PIP_COMPILE": "0",
    }
    (tmp_path / "home").mkdir()
    for attempt in ("first", "second"):
        log = (tmp_path / f"{attempt}.log").open("w")
        server = subprocess.Popen(
            ["make", "run"], cwd=clone, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            address = f"http://127.0.0.1:{free_port}"
            while True:
                try:
                    assert httpx.get(f"{address}/healthz").json() == {"status": "ok"}
                    break
                except httpx.HTTPError:
                    assert server.poll() is None, (tmp_path / f"{attempt}.log").read_text()
                    time.sleep(0.5)
            assert "Voice Studio" in httpx.get(address).text
        finally:
            os.killpg(server.pid, 15)
            server.wait()
    assert "pip" in (tmp_path / "first.log").read_text()
    assert "pip" not in (tmp_path / "second.log").read_text()
