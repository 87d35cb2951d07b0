"""The original Spleeter package, in a worker process with an older Python and TensorFlow.

`separator.py` gives the same stems in a fraction of the time and memory.
"""

import json
import os
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from vc_core.audio import Audio, Samples
from vc_core.errors import Message, UserError
from vc_core.separation.base import Separator, Stems
from vc_core.separation.spleeter.layouts import MODELS
from vc_core.separation.spleeter.separator import SAMPLE_RATE, SEGMENT_SAMPLES
from vc_core.signal.windows import Windows

WORKER = Path(__file__).with_name("worker.py")
OWN_SEGMENTS = 4
"""Segments per window, context aside; it takes about 2 GB of memory."""


def get_original_environment() -> Path:
    """Folder of its Python environment; VOICE_STUDIO_SPLEETER_ENV overrides it."""
    default = Path(__file__).parents[3] / ".spleeter-env"
    return Path(os.environ.get("VOICE_STUDIO_SPLEETER_ENV") or default).expanduser()


def check_original() -> None:
    """Raise a `UserError` if its environment is missing."""
    if not _get_python().is_file():
        raise UserError("The original Spleeter is not installed. Run `make spleeter-env` in the project's folder.")


def load_original(model_folder: Path, stems: int, treble: bool = False, *, device: str = "cpu") -> "OriginalSpleeter":
    """Checkpoints are `2stems` and so on in `model_folder`; `treble` extends separation up to 16 kHz."""
    check_original()
    model = model_folder.absolute() / MODELS[stems].name
    # Isolated (-I), so that no module beside the script shadows the package.
    command = [str(_get_python()), "-I", str(WORKER), model.name + ("-16kHz" if treble else ""), str(model)]
    environment = os.environ | {"MODEL_PATH": str(model.parent), "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment |= list_visible_devices(device)
    return OriginalSpleeter(MODELS[stems].stem_names, partial(Worker, command, environment))


def list_visible_devices(device: str) -> dict[str, str]:
    """CUDA_VISIBLE_DEVICES for a program that takes the first device it sees."""
    kind, _, index = device.partition(":")
    if kind != "cuda":
        return {"CUDA_VISIBLE_DEVICES": "-1"}
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    if not index:
        return {}
    return {"CUDA_VISIBLE_DEVICES": visible.split(",")[int(index)] if visible else index}


def _get_python() -> Path:
    return get_original_environment() / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


class OriginalSpleeter(Separator):
    sample_rate = SAMPLE_RATE
    requires_stereo = True
    # Whole segments of context too, so that segment borders are those of the whole song.
    windows = Windows(
        seconds=OWN_SEGMENTS * SEGMENT_SAMPLES / SAMPLE_RATE,
        context_seconds=SEGMENT_SAMPLES / SAMPLE_RATE,
        fade_seconds=0.1,
    )

    def __init__(self, stem_names: tuple[str, ...], start: "Callable[[], Worker]") -> None:
        self.stem_names = stem_names
        self._start = start
        self._worker = start()
        self._lock = threading.Lock()

    def split(self, window: Audio) -> Stems:
        return {name: window.with_samples(samples) for name, samples in self.separate_at_once(window.samples).items()}

    def separate_at_once(self, samples: Samples) -> dict[str, Samples]:
        """Stems of samples (2, frames) in one call, as the original does it: 20 MB of memory per second."""
        with self._lock:
            if not self._worker.is_alive():
                self._worker = self._start()
            stems = self._worker.separate(samples)
        return {name: stems[name] for name in self.stem_names}

    def close(self) -> None:
        """End the process; the next song starts it again."""
        self._worker.close()


class Worker:
    """The worker process; it ends with this object."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - a pipe would have to be drained
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr, env=environment
        )
        self.close = weakref.finalize(self, _end, self._process, self._stderr)
        self._exchange(b"")

    def is_alive(self) -> bool:
        return self.close.alive and self._process.poll() is None

    def separate(self, samples: Samples) -> dict[str, Samples]:
        header = json.dumps({"frames": samples.shape[1]}).encode() + b"\n"
        names, sounds = self._exchange(header + samples.T.astype("<f4").tobytes())
        stems = np.frombuffer(sounds, "<f4").reshape(len(names), -1, 2)
        return {name: np.ascontiguousarray(stem.T) for name, stem in zip(names, stems, strict=True)}

    def _exchange(self, request: bytes) -> tuple[list[str], bytes]:
        """Stem names and samples of the answer; interrupted, it would leave part of it, so the process is ended."""
        try:
            header, sounds = self._ask(request)
        except (BrokenPipeError, EOFError) as error:
            raise self._explain_end() from error
        except BaseException:
            self.close()
            raise
        if "error" in header:
            raise UserError("{message}", message=str(header["error"]))
        return header.get("stems", []), sounds

    def _ask(self, request: bytes) -> tuple[dict[str, Any], bytes]:
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            raise ValueError("the process was started without pipes")
        requests.write(request)
        requests.flush()
        line = answers.readline()
        if not line:
            raise EOFError
        header: dict[str, Any] = json.loads(line)
        size = header.get("frames", 0) * len(header.get("stems", [])) * 8
        sounds = answers.read(size)
        if len(sounds) < size:
            raise EOFError
        return header, sounds

    def _explain_end(self) -> UserError:
        """The reason why the process ended, from its stderr."""
        killed = self._process.wait() < 0  # then stderr does not state the reason
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").split("\n")
        self.close()
        last_line = "" if killed else next((line.strip(" .") for line in reversed(lines) if line.strip(" .")), "")
        return UserError(
            "The original Spleeter has ended unexpectedly: {reason}. Try again, or choose another engine.",
            reason=last_line[:300] or Message("it may have run out of memory"),
        )


def _end(process: "subprocess.Popen[bytes]", stderr: IO[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, stderr):
        if pipe is not None:
            with suppress(BrokenPipeError):  # unsent rest of a request
                pipe.close()
