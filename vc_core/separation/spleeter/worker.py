"""Worker process of the original Spleeter: audio comes in through stdin, stems go out through stdout.

`original.py` starts this file as a script, with the Python of another environment; nothing imports it, and it imports
nothing of this package. A request is a line of JSON, `{"frames": n}`, followed by n samples for
each of two channels, in turn. The answer is `{"stems": [names], "frames": n}` followed by the stems, or
`{"error": message}`. The first answer comes without a request: it reports whether Spleeter could be loaded.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any, BinaryIO

CHECKPOINT_FILES = ("checkpoint", "model.index", "model.data-00000-of-00001")


class Refusal(Exception):  # noqa: N818 - it is the answer
    """The message says why a request failed."""


def serve(configuration: str, model: Path, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until the input ends. `configuration` is one of Spleeter's own, such as `2stems-16kHz`."""
    try:
        separator = load(configuration, model)
    except Refusal as refusal:
        answer(answers, {"error": str(refusal)})
        return
    answer(answers, {})
    while header := requests.readline():
        sound = requests.read(json.loads(header)["frames"] * 8)
        try:
            stems = separate(separator, model, sound)
        except Refusal as refusal:
            answer(answers, {"error": str(refusal)})
            continue
        frames = len(next(iter(stems.values())))
        answer(answers, {"stems": list(stems), "frames": frames}, *(stem.tobytes() for stem in stems.values()))


def answer(answers: BinaryIO, header: dict[str, Any], *stems: bytes) -> None:
    answers.write(json.dumps(header).encode() + b"\n")
    for stem in stems:
        answers.write(stem)
    answers.flush()


def load(configuration: str, model: Path) -> Any:
    check(model)  # before TensorFlow is imported: that takes seconds
    try:
        from spleeter.separator import Separator  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise Refusal(f"The environment of the original Spleeter is not complete: {error}.") from error
    # Its pool of processes is for writing files, and this process writes none.
    return Separator(f"spleeter:{configuration}", multiprocess=False)


def check(model: Path) -> None:
    """Without its files Spleeter would silently use random weights."""
    for name in CHECKPOINT_FILES:
        if not (model / name).is_file():
            raise Refusal(f"The model “{model.name}” is not complete: its file “{name}” is missing.")
    if 'model_checkpoint_path: "model"' not in (model / "checkpoint").read_text(errors="replace"):
        raise Refusal(f"The model “{model.name}” is damaged: its file “checkpoint” names other weights.")


def separate(separator: Any, model: Path, sound: bytes) -> dict[str, Any]:
    """Stems of shape (frames, 2) by name."""
    import numpy as np

    check(model)  # each time, since Spleeter reads the weights each time
    try:
        return dict(separator.separate(np.frombuffer(sound, np.float32).reshape(-1, 2)))
    except Exception as error:  # any error must be reported to the parent process
        first_line = (str(error).strip() or "no reason given").splitlines()[0]
        raise Refusal(f"The original Spleeter failed: {type(error).__name__}, {first_line[:300]}") from error


def claim_output() -> BinaryIO:
    """Reserve stdout for answers: what TensorFlow and Spleeter print goes to stderr."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]), sys.stdin.buffer, claim_output())
