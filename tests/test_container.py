"""The container's image, without a daemon: its Dockerfile is sound, and what it copies runs and ends as process 1."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from conftest import ROOT, client_of
from gradio_client import handle_file
from waiting import wait_for

from vc_core.training.run.job import find_run

pytestmark = pytest.mark.timeout(900)

LINE = ROOT / "examples" / "spoken_line.flac"
LONGEST_SECONDS = 600.0
SERVED = """
import sys, tiny_training
from vc_core.training.run import job
job.WORKER = (sys.executable, tiny_training.__file__)
tiny_training.register()
from vc_core.ui.suite import build_suite, serve
serve(build_suite(["train_voice"]))
"""


def read_instructions() -> list[tuple[str, str]]:
    text = re.sub(r"(?m)^#.*\n", "", (ROOT / "Dockerfile").read_text()).replace("\\\n", " ")
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in text.splitlines() if line.strip()]


INSTRUCTIONS = read_instructions()


def find(name: str) -> list[str]:
    return [arguments for instruction, arguments in INSTRUCTIONS if instruction == name]


COPIED = [words.split() for words in find("COPY") if not words.startswith("--from")]
"""Sources, and a target in the image's working directory."""


def test_the_instructions_keep_to_good_practice():
    assert {name for name, _ in INSTRUCTIONS} <= {
        "FROM", "RUN", "WORKDIR", "COPY", "ARG", "USER", "ENV", "VOLUME", "EXPOSE", "HEALTHCHECK", "CMD",
    }  # fmt: skip
    assert all(re.match(r"\S+:[\d.]+\S*( AS \w+)?$", image) for image in find("FROM")), "an image without a version"
    assert find("USER") == ["studio"]
    for run in find("RUN"):
        assert "apt-get" not in run or ("--no-install-recommends" in run and "rm -rf /var/lib/apt/lists" in run)
    (command,) = find("CMD")
    assert isinstance(json.loads(command), list), "through a shell, signals would not reach the server"
    used = "\n".join(arguments for _, arguments in INSTRUCTIONS)
    for argument in find("ARG"):
        assert re.search(rf"\${{?{argument.partition('=')[0]}\b", used), f"{argument} is not used"


def test_the_build_argument_chooses_the_cuda_of_torch():
    arguments = dict(one.split("=", 1) for one in find("ARG"))
    assert arguments["CUDA"] == "cpu"
    assert arguments["TORCH_INDEX"].replace("${CUDA}", "cu130") == "https://download.pytorch.org/whl/cu130"
    assert any('--index-url "$TORCH_INDEX"' in run for run in find("RUN"))


def test_every_copied_file_exists_and_gets_into_the_build():
    included = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    sources = {source for *several, _ in COPIED for source in several}
    assert sources <= included
    assert all((ROOT / source).exists() for source in sources)


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """What the build copies, in a clean folder."""
    folder = tmp_path_factory.mktemp("image")
    for *sources, target in COPIED:
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, folder)
    return folder


def test_the_commands_of_the_build_are_valid_and_name_one_torch(image):
    for run in find("RUN"):
        subprocess.run(["sh", "-n"], input=run, text=True, check=True)
    (chosen,) = re.findall(r'"\$\((grep [^)]+)\)"', " ".join(find("RUN")))
    found = subprocess.run(chosen, shell=True, cwd=image, capture_output=True, text=True, check=True).stdout
    assert re.fullmatch(r"torch==\d+\.\d+\.\d+\n", found)


@pytest.mark.slow
def test_the_package_installs_from_what_is_copied(image, tmp_path):
    command = next(run for run in find("RUN") if "--editable" in run).split()
    assert command[0].endswith("/pip")
    words = [sys.executable, "-m", "pip", *command[1:], "--no-index", "--quiet", "--prefix", str(tmp_path)]
    subprocess.run(words, cwd=image, check=True)
    assert (tmp_path / "bin" / "vc").is_file()


def start_as_process_1(command: list[str], folder: Path, environment: dict[str, str]) -> tuple[subprocess.Popen, int]:
    """Where the system permits it in a namespace of its own, as in a container; and the process to signal."""
    own = ["unshare", "--pid", "--fork", "--kill-child"]
    can_unshare = shutil.which("unshare") and subprocess.run([*own, "true"], capture_output=True).returncode == 0
    process = subprocess.Popen([*(own if can_unshare else []), *command], cwd=folder, env=os.environ | environment)
    while can_unshare and not (children := Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()):
        time.sleep(0.05)
    return process, int(children) if can_unshare else process.pid


def is_up(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=2).is_success
    except httpx.HTTPError:
        return False


def terminate(process: subprocess.Popen, pid: int) -> float:
    started = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    process.wait(30)
    return time.monotonic() - started


@pytest.mark.slow
def test_the_image_serves_reports_its_health_and_ends_on_sigterm(image, tmp_path, free_port):
    (environment,) = (dict(one.split("=", 1) for one in words.split()) for words in find("ENV"))
    environment = {name: value.replace("/data", str(tmp_path)) for name, value in environment.items() if name != "PATH"}
    environment |= {"GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(free_port)}
    _, *command = json.loads(find("CMD")[0])
    process, pid = start_as_process_1([sys.executable, *command], image, environment)
    try:
        wait_for(lambda: is_up(free_port) or process.poll() is not None, LONGEST_SECONDS)
        _, *check = json.loads(find("HEALTHCHECK")[0].partition("CMD ")[2].strip())
        check = [word.replace("7860", str(free_port)) for word in check]
        assert subprocess.run([sys.executable, *check]).returncode == 0
        assert terminate(process, pid) < 5
        assert subprocess.run([sys.executable, *check], capture_output=True).returncode != 0
    finally:
        process.kill()


@pytest.mark.slow
def test_a_server_that_is_still_starting_ends_on_sigterm_too(image, tmp_path):
    process, pid = start_as_process_1([sys.executable, "app.py"], image, {"VOICE_STUDIO_HOME": str(tmp_path)})
    wait_for(lambda: catches_sigterm(pid), LONGEST_SECONDS)  # amid its imports
    assert terminate(process, pid) < 5


def catches_sigterm(pid: int) -> bool:
    caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
    return bool(int(caught[1], 16) & 1 << (signal.SIGTERM - 1))


@pytest.mark.slow
def test_a_training_saves_its_step_when_the_server_is_terminated(tmp_path, free_port):
    environment = {"PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}", "VOICE_STUDIO_HOME": str(tmp_path / "home")}
    environment |= {"GRADIO_SERVER_PORT": str(free_port)}
    process, pid = start_as_process_1([sys.executable, "-c", SERVED], ROOT, environment)
    try:
        wait_for(lambda: is_up(free_port), LONGEST_SECONDS)
        client = client_of(f"http://127.0.0.1:{free_port}", tmp_path / "downloads")
        run = client.predict(
            files=[handle_file(LINE), handle_file(LINE)], name="Ann", consent="synthetic", method="tiny",
            settings="steps = 10000\npause_seconds = 0.05", api_name="/train_start",
        )  # fmt: skip
        wait_for(lambda: client.predict(run=run, api_name="/train_status")["step"] > 2, LONGEST_SECONDS)
        assert terminate(process, pid) < 5
        kept = find_run(tmp_path / "home" / "training", run)
        wait_for(lambda: not kept.is_alive(), 5)
        assert kept.read_status().state == "stopped"
        assert kept.read_status().step > 2
        assert (kept.folder / "checkpoints" / "last.pt").is_file()
    finally:
        process.kill()
