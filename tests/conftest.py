"""What all tests share. The Hub is a server on this machine, and must be named before its client is imported."""

import os
import socket
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

from hub_server import HubServer

# Pytest knows this file by another name; a test that imports it must not start a second Hub.
sys.modules.setdefault("conftest", sys.modules[__name__])

_HUB = HubServer()
_PRIVATE_HOME = tempfile.TemporaryDirectory(prefix="voice-studio-tests-")
os.environ |= {
    "HF_ENDPOINT": _HUB.url,
    "HF_HOME": f"{_PRIVATE_HOME.name}/hf",
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_TEMP_DIR": f"{_PRIVATE_HOME.name}/gradio",
    "VOICE_STUDIO_HOME": f"{_PRIVATE_HOME.name}/home",
    "CI": "1",
    # The networks of the tests are small: threads would mostly wait for one another, on a busy machine tenfold.
    "OMP_NUM_THREADS": "1",
}
for name in ("HF_TOKEN", "SPACE_ID", "VOICE_STUDIO_SHARED", "VOICE_STUDIO_DEVICE"):
    os.environ.pop(name, None)

import numpy as np  # noqa: E402
import pytest  # noqa: E402

from vc_core.audio import Audio  # noqa: E402
from vc_core.files.reading import read_audio  # noqa: E402

ROOT = Path(__file__).parents[1]
CHROMIUM = next((path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()), None)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """An empty Hub, and a cache that has seen nothing."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    monkeypatch.setattr("vc_core.checkpoints.hub.FIRST_PAUSE_SECONDS", 0.01)
    # The Hub's client waits a second before it goes on with a broken download.
    monkeypatch.setattr("huggingface_hub.file_download.time", SimpleNamespace(sleep=lambda _: None))
    _HUB.reset()
    return _HUB


@pytest.fixture(scope="module")
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def song() -> Audio:
    return read_audio(ROOT / "examples" / "song.flac")


@pytest.fixture(scope="session")
def song_vocals() -> Audio:
    """The true vocals of the example; the song is their exact sum with the accompaniment."""
    return read_audio(ROOT / "tests" / "data" / "song_vocals.flac")


@pytest.fixture
def tone():
    """A function that makes a tone: `tone(440, seconds=1)`."""

    def make(hertz=440.0, *, seconds=1.0, sample_rate=44_100, channels=1, level=0.5) -> Audio:
        times = np.arange(round(seconds * sample_rate)) / sample_rate
        wave = (level * np.sin(2 * np.pi * hertz * times)).astype(np.float32)
        return Audio(np.tile(wave, (channels, 1)), sample_rate)

    return make


@pytest.fixture(scope="session")
def studio():
    """The address of the whole app, launched once."""
    from vc_core.ui.suite import build_suite, launch

    suite = build_suite()
    yield launch(suite)
    suite.close()


@pytest.fixture(scope="module")
def chromium():
    """Ended with the module: while Playwright is there, the main thread has an event loop that runs."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


def client_of(address: str, downloads: Path, headers: dict[str, str] | None = None):
    """A program that calls the app, with patience: a busy machine answers late."""
    from gradio_client import Client

    return Client(
        address,
        headers=headers,
        verbose=False,
        download_files=str(downloads),
        analytics_enabled=False,
        httpx_kwargs={"timeout": 60},
        ssl_verify=False,  # or each call reads all certificates
    )


@pytest.fixture
def client(studio, tmp_path):
    return client_of(studio, tmp_path / "downloads")


@pytest.fixture
def own_library():
    """The library of own voices, empty before and after."""
    from vc_core.voices.library import VoiceLibrary, get_voices_folder

    library = VoiceLibrary(get_voices_folder())

    def empty() -> None:
        for voice in library.list():
            library.delete(voice.name)

    empty()
    yield library
    empty()


@pytest.fixture
def line(tmp_path) -> Path:
    """A second of singing."""
    from vc_core.files.reading import read_audio
    from vc_core.files.writing import write_audio

    sung = read_audio(ROOT / "examples" / "sung_line.flac")
    write_audio(tmp_path / "line.flac", sung.slice(sung.sample_rate, 2 * sung.sample_rate))
    return tmp_path / "line.flac"


FIRST = (
    "test_readme",
    "training/so_vits/test_run",
    "browser/",
    "separation/test_spleeter_original",
    "ui/",
)
"""Files whose tests take longest: started last, one of them would run alone at the end."""


def pytest_collection_modifyitems(items):
    def rank(item) -> int:
        path = item.path.relative_to(ROOT / "tests").as_posix()
        return next((at for at, start in enumerate(FIRST) if path.startswith(start)), len(FIRST))

    items.sort(key=rank)


def pytest_terminal_summary(terminalreporter):
    if CHROMIUM is None:
        terminalreporter.write_line(
            "The browser tests were skipped: there is no Chromium here (Debian: apt-get install chromium).", yellow=True
        )
