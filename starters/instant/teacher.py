"""Training data of the content encoder: speech at 16 kHz with what Whisper's encoder makes of it.

    python -m starters.instant.teacher CORPUS SHARDS [PREFIX]

Each shard holds SHARD_ITEMS items of the corpus. The teacher hears the clean speech; augmentation comes later.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
import torch
from torch import Tensor

from starters.instant.whisper import FRAMES_PER_SECOND, WhisperEncoder, compute_whisper_log_mel, load_whisper_encoder
from starters.speech.index import read_rows

SAMPLE_RATE = 16_000
SHARD_ITEMS = 200
SECONDS = 30.0
"""Whisper hears this much at once; several items fill it."""
PAUSE_SECONDS, LEVEL = 0.4, 0.09
_FRAME = SAMPLE_RATE // FRAMES_PER_SECOND


@dataclass(frozen=True)
class Heard:
    samples: npt.NDArray[np.int16]
    """16 kHz, a whole number of the teacher's frames."""
    features: npt.NDArray[np.float16]
    """Shape (T, 384), one for each 20 ms."""
    phonemes: str
    speaker: int


def read_speech(path: Path) -> npt.NDArray[np.float32]:
    samples, sample_rate = soundfile.read(path, dtype="float32")
    speech = soxr.resample(samples, sample_rate, SAMPLE_RATE).astype(np.float32)
    speech = speech[: len(speech) // _FRAME * _FRAME]
    return np.asarray(speech * LEVEL / max(float(np.sqrt(np.mean(speech**2))), 1e-4), np.float32)


def pack(speeches: Sequence[npt.NDArray[np.float32]]) -> Iterator[list[int]]:
    """Numbers of neighbouring speeches that fit into SECONDS together."""
    together: list[int] = []
    seconds = PAUSE_SECONDS
    for at, speech in enumerate(speeches):
        longer = len(speech) / SAMPLE_RATE + PAUSE_SECONDS
        if together and seconds + longer > SECONDS:
            yield together
            together, seconds = [], PAUSE_SECONDS
        together.append(at)
        seconds += longer
    yield together


def teach(encoder: WhisperEncoder, speeches: Sequence[npt.NDArray[np.float32]]) -> Iterator[Tensor]:
    """The teacher's features of each speech."""
    pause = round(PAUSE_SECONDS * FRAMES_PER_SECOND)
    for together in pack(speeches):
        sound = np.zeros(round(SECONDS * SAMPLE_RATE), np.float32)
        starts, at = [], pause
        for number in together:
            starts.append(at)
            room = sound[at * _FRAME : at * _FRAME + len(speeches[number])]
            room += speeches[number][: len(room)]
            at += len(speeches[number]) // _FRAME + pause
        with torch.inference_mode():
            features = encoder(compute_whisper_log_mel(torch.from_numpy(sound)[None]))[0]
        for number, start in zip(together, starts, strict=True):
            yield features[start : start + len(speeches[number]) // _FRAME]


def make_shard(rows: Sequence[dict[str, object]], corpus: Path, encoder: WhisperEncoder) -> list[Heard]:
    speeches = [read_speech(corpus / str(row["file"])) for row in rows]
    made = []
    for row, speech, features in zip(rows, speeches, teach(encoder, speeches), strict=True):
        speech = speech[: len(features) * _FRAME]
        samples = np.clip(np.round(speech * 32767), -32768, 32767).astype(np.int16)
        made.append(Heard(samples, features.half().numpy(), str(row["phonemes"]), int(str(row["speaker"]))))
    return made


def write_shard(heard: Sequence[Heard], path: Path) -> None:
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.savez(
            file,
            samples=np.concatenate([one.samples for one in heard]),
            features=np.concatenate([one.features for one in heard]),
            frames=np.array([len(one.features) for one in heard]),
            phonemes=np.array([one.phonemes for one in heard]),
            speakers=np.array([one.speaker for one in heard]),
        )
    unfinished.rename(path)


def read_shard(path: Path) -> list[Heard]:
    stored = np.load(path)
    samples, features = stored["samples"], stored["features"]
    phonemes, speakers = stored["phonemes"], stored["speakers"]
    ends = np.cumsum(stored["frames"])
    return [
        Heard(samples[a * _FRAME : b * _FRAME], features[a:b], str(phonemes[at]), int(speakers[at]))
        for at, (a, b) in enumerate(zip([0, *ends[:-1]], ends, strict=True))
    ]


def main(corpus: Path, shards: Path, prefix: str = "") -> None:
    torch.set_num_threads(1)
    shards.mkdir(parents=True, exist_ok=True)
    usable = (row for row in read_rows(corpus) if row["seconds"] < SECONDS - 2 * PAUSE_SECONDS)
    rows = sorted(usable, key=lambda row: row["number"])
    encoder = load_whisper_encoder()
    for first in range(0, len(rows) - SHARD_ITEMS + 1, SHARD_ITEMS):
        path = shards / f"{prefix}{first // SHARD_ITEMS:04}.npz"
        if not path.exists():
            write_shard(make_shard(rows[first : first + SHARD_ITEMS], corpus, encoder), path)
            print(path.name, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
