"""A server of the app as a process of its own, which a test can kill, and start again on the same home."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
from conftest import ROOT, client_of
from waiting import wait_for

LONGEST_START_SECONDS = 300.0
CODE = """
import sys, tiny_training
from vc_core.training.run import job
job.WORKER = (sys.executable, tiny_training.__file__)
tiny_training.register()
from vc_core.ui.server import sessions
sessions.SWEEP_SECONDS = 0.0
from vc_core.ui.suite import build_suite, serve
serve(build_suite())
"""
"""With the fast training method of the tests, and without a pause between two searches for expired results."""
TEMPORARY = ("gradio", "voice-studio-jobs", "voice-studio-stages", "voice-studio-takes", "voice-studio-visitors")
"""Folders of what expires."""
NEW_SECONDS = 3600.0


def make_environment(home: Path) -> dict[str, str]:
    """Of every program that works on this home."""
    return os.environ | {"PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}", "VOICE_STUDIO_HOME": str(home)}


class OwnServer:
    """With `home` shared or its own, and its results in `folder`; what it logs is in `log`."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home, self.folder, self.log = home, folder, folder / "log.txt"
        folder.mkdir(parents=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = make_environment(self.home) | {
            "GRADIO_SERVER_PORT": str(self.port),
            "GRADIO_TEMP_DIR": str(self.folder / "gradio"),
            "TMPDIR": str(self.folder),
        }
        with self.log.open("ab") as log:
            command = [sys.executable, "-c", CODE]
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def wait(self) -> None:
        """Until it answers."""
        wait_for(lambda: self._is_up() or self.process.poll() is not None, LONGEST_START_SECONDS)
        assert self.process.poll() is None, self.log.read_text()

    def _is_up(self) -> bool:
        try:
            return httpx.get(f"{self.address}/healthz", timeout=2).is_success
        except httpx.HTTPError:
            return False

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(30)

    def measure_memory(self) -> int:
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def age_files(self, seconds: float) -> list[Path]:
        """Make all that expires older; the files and folders."""
        old = [path for name in TEMPORARY for path in (self.folder / name).rglob("*")]
        for path in old:
            os.utime(path, (time.time() - seconds,) * 2)
        return old

    def is_aged(self, path: Path) -> bool:
        """Not used since."""
        return path.stat().st_mtime < time.time() - NEW_SECONDS

    def make_client(self):
        return client_of(self.address, self.folder / "downloads")

    def read_tracebacks(self) -> str:
        """The log, if there is a fault in it."""
        text = self.log.read_text("utf-8", "replace")
        return text if "Traceback" in text else ""
