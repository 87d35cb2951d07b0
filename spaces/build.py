"""Put a Space together, complete by itself: `python spaces/build.py NAME` fills dist/NAME.

A Space's repository holds one app, but all of them need vc_core, so it is copied in.
"""

import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SPACES = ("separate_vocals", "convert_singer", "add_emotion", "train_voice", "suite")
ZEROGPU_TORCH = "2.11.0"
"""The newest torch that ZeroGPU offers; the suite's own pin is for other machines."""


def build(name: str, target: Path) -> Path:
    if name not in SPACES:
        raise SystemExit(f"There is no Space “{name}”. There are: {', '.join(SPACES)}.")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    source = ROOT if name == "suite" else ROOT / "spaces" / name
    for file in ("app.py", "README.md"):
        shutil.copy(source / file, target / file)
    requirements = (source / "requirements.txt").read_text("utf-8")
    (target / "requirements.txt").write_text(
        re.sub(r"(?m)^torch==\S+", f"torch=={ZEROGPU_TORCH}", requirements), "utf-8"
    )
    shutil.copy(ROOT / "LICENSE", target / "LICENSE")
    shutil.copytree(ROOT / "vc_core", target / "vc_core", ignore=shutil.ignore_patterns("__pycache__"))
    (target / "examples").mkdir()
    for recording in sorted((ROOT / "examples").glob("*.flac")):
        shutil.copy(recording, target / "examples")
    return target


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(f"Name one Space: {', '.join(SPACES)}.")
    print(build(sys.argv[1], ROOT / "dist" / sys.argv[1]))
