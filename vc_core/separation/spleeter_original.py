"""The original Spleeter, Deezer's own package: it needs an older Python and TensorFlow, so it runs beside us.

What it does is explained in `spleeter.py`, which gives the same stems in a fraction of the time and memory.
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
from vc_core.errors import UserError
from vc_core.separation.base import Separator, Stems
from vc_core.separation.spleeter import RATE, SEGMENT_FRAMES
from vc_core.separation.spleeter_models import MODELS
from vc_core.slicing import Windows

WORKER = Path(__file__).with_name("spleeter_worker.py")
OWN_SEGMENTS = 4
"""How many segments of a window are kept; it takes about 2 GB of memory."""


def original_environment() -> Path:
    """The folder of its Python environment; VOICE_STUDIO_SPLEETER_ENV names another one."""
    beside_us = Path(__file__).parents[2] / ".spleeter-env"
    return Path(os.environ.get("VOICE_STUDIO_SPLEETER_ENV") or beside_us).expanduser()


def missing_original() -> str:
    """What keeps it from being used, in a sentence; empty if nothing."""
    if _python().is_file():
        return ""
    return "The original Spleeter is not installed. Run `make spleeter-env` in the project's folder."


def load_original(
    model_folder: Path, stems: int, treble: bool = False, *, uses_gpu: bool = False
) -> "OriginalSpleeter":
    """With the checkpoints in `model_folder`, where `2stems` and so on are; `treble` lets it hear up to 16 kHz."""
    if missing := missing_original():
        raise UserError(missing)
    model = model_folder.absolute() / MODELS[stems].name
    # Isolated, or Python would find our `spleeter.py` beside the script before it finds the package.
    command = [str(_python()), "-I", str(WORKER), model.name + ("-16kHz" if treble else ""), str(model)]
    environment = os.environ | {"MODEL_PATH": str(model.parent), "TF_CPP_MIN_LOG_LEVEL": "3"}
    if not uses_gpu:
        environment["CUDA_VISIBLE_DEVICES"] = "-1"
    return OriginalSpleeter(MODELS[stems].stem_names, partial(Worker, command, environment))


def _python() -> Path:
    return original_environment() / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


class OriginalSpleeter(Separator):
    sample_rate = RATE
    hears_stereo = True
    # Whole segments, also in front: so they lie where they lie in the whole song, and the stems are the same.
    windows = Windows(
        seconds=OWN_SEGMENTS * SEGMENT_FRAMES / RATE, context_seconds=SEGMENT_FRAMES / RATE, fade_seconds=0.1
    )

    def __init__(self, stem_names: tuple[str, ...], start: "Callable[[], Worker]") -> None:
        self.stem_names = stem_names
        self._start = start
        self._worker = start()
        self._one_at_a_time = threading.Lock()

    def split(self, piece: Audio) -> Stems:
        return {name: piece.with_samples(samples) for name, samples in self.separate_whole(piece.samples).items()}

    def separate_whole(self, samples: Samples) -> dict[str, Samples]:
        """Stems of samples (2, frames) at once, as the original does it: 20 MB of memory for each second."""
        with self._one_at_a_time:
            if not self._worker.is_alive():
                self._worker = self._start()
            stems = self._worker.separate(samples)
        return {name: stems[name] for name in self.stem_names}

    def close(self) -> None:
        """Free its memory; the next song starts it again."""
        self._worker.close()


class Worker:
    """The process, for as long as this object lives."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - a pipe would have to be emptied
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints, env=environment
        )
        self.close = weakref.finalize(self, _end, self._process, self._complaints)
        self._exchange(b"")

    def is_alive(self) -> bool:
        return self.close.alive and self._process.poll() is None

    def separate(self, samples: Samples) -> dict[str, Samples]:
        header = json.dumps({"frames": samples.shape[1]}).encode() + b"\n"
        names, sounds = self._exchange(header + samples.T.astype("<f4").tobytes())
        stems = np.frombuffer(sounds, "<f4").reshape(len(names), -1, 2)
        return {name: np.ascontiguousarray(stem.T) for name, stem in zip(names, stems, strict=True)}

    def _exchange(self, request: bytes) -> tuple[list[str], bytes]:
        """Names and samples of the answer. Whoever breaks this off leaves the rest of it, so the process ends."""
        try:
            header, sounds = self._ask(request)
        except (BrokenPipeError, EOFError) as error:
            raise UserError(self._farewell()) from error
        except BaseException:
            self.close()
            raise
        if "error" in header:
            raise UserError(str(header["error"]))
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

    def _farewell(self) -> str:
        """Why the process has ended, as far as it could tell."""
        killed = self._process.wait() < 0  # its last words are then about something else
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").split("\n")
        self.close()
        last_words = "" if killed else next((line.strip(" .") for line in reversed(lines) if line.strip(" .")), "")
        reason = last_words[:300] or "it may have run out of memory"
        return f"The original Spleeter has ended unexpectedly: {reason}. Try again, or choose another engine."


def _end(process: "subprocess.Popen[bytes]", complaints: IO[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, complaints):
        if pipe is not None:
            with suppress(BrokenPipeError):  # the rest of a request that nobody reads any more
                pipe.close()
