"""Speed and memory of so-vits voices compared with so-vits-svc-fork, in turns, with a checkpoint of the full size.

The weights are random, so this says nothing about quality. Times are CPU seconds of one thread, which depend least on
other load; a cold process is timed from its start, including imports.

`python bench/convert.py` runs all; `python bench/convert.py 10 cold` only the 10 seconds and the commands.
"""

import os
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
from measure import ONE_THREAD, ROOT, cost_of, machine

sys.path.insert(0, str(ROOT / "tests"))
from conversion.so_vits_maker import make_so_vits_voice, write_content_vec

from vc_core.files.reading import read_audio

RATE = 44_100
TURNS = 3
"""Of each command, and of the shortest song."""
SONGS = {"10": "10 s", "60r": "60 s with rests", "60": "60 s without rests"}

OURS = """
import sys, time
from pathlib import Path
from vc_core.conversion import ConversionOptions, load_converter
from vc_core.conversion.so_vits.options import SoVitsOptions
from vc_core.files.reading import read_audio
from vc_core.voices.library import Voice, read_card
folder, song, precision = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
options = ConversionOptions(automatic_key="off", own=SoVitsOptions(precision=precision))
converter = load_converter(Voice(read_card(folder), folder))
audio = read_audio(song)
if len(sys.argv) > 4:
    converter.convert(audio.slice(0, audio.sample_rate), options)
started = time.process_time()
converter.convert(audio, options)
print("took", time.process_time() - started, time.process_time())
"""

THEIRS = """
import os, sys, time, logging
from vc_core.checkpoints.torchaudio_guard import ensure_torchaudio
ensure_torchaudio()
from so_vits_svc_fork.inference.core import Svc
logging.disable(logging.INFO)
import librosa
checkpoint, song = sys.argv[1:3]
svc = Svc(net_g_path=checkpoint + "/G_100.pth", config_path=checkpoint + "/config.json", device="cpu")
audio, _ = librosa.load(song, sr=44100)
def convert(samples):
    # As its command does it, but for the melody: predicting it, its default, is not for singing.
    return svc.infer_silence(samples, speaker="singer", db_thresh=-20)
if len(sys.argv) > 3:
    convert(audio[:44100])
started = time.process_time()
convert(audio)
print("took", time.process_time() - started, time.process_time())
"""

VC = """
import sys, time
from vc_core.cli import app
app(sys.argv[1:], standalone_mode=False)
print("took", 0, time.process_time())
"""

SVC = """
import sys, time
from vc_core.checkpoints.torchaudio_guard import ensure_torchaudio
ensure_torchaudio()
from so_vits_svc_fork.__main__ import cli
cli.main(sys.argv[1:], standalone_mode=False)
print("took", 0, time.process_time())
"""


def songs(folder: Path) -> dict[str, Path]:
    line = read_audio(ROOT / "examples" / "sung_line.flac").resample(RATE).samples[0]
    whole = np.tile(line[line.nonzero()[0][0] :], 15)
    # The example's own rests are filled, so that only the second song has any.
    held = whole + 0.02 * np.sin(2 * np.pi * 220 * np.arange(len(whole)) / RATE).astype(np.float32)
    rests = whole[: 60 * RATE].copy()
    for start in range(4 * RATE, 60 * RATE, 5 * RATE):
        rests[start : start + RATE // 2] = 0
    paths = {}
    for name, samples in (("10", held[: 10 * RATE]), ("60r", rests), ("60", held[: 60 * RATE])):
        paths[name] = folder / f"{name}.wav"
        soundfile.write(paths[name], samples, RATE)
    return paths


def took(code: str, *arguments: str, **variables: str) -> tuple[float, float, float]:
    """CPU seconds of the conversion and of the whole process, and its peak memory in MB."""
    cost = cost_of(code, *arguments, **variables)
    lines = [line.split() for line in cost.output.splitlines() if line.startswith("took")]
    return float(lines[0][1]), float(lines[0][2]), cost.peak_megabytes


def compare(name: str, song: Path, voice: Path, checkpoint: Path) -> None:
    ways = [partial(took, THEIRS, str(checkpoint), str(song), "warm", **ONE_THREAD)]
    ways += [partial(took, OURS, str(voice), str(song), kind, "warm", **ONE_THREAD) for kind in ("exact", "fast")]
    turns = [[way() for way in ways] for _ in range(TURNS if name == "10" else 1)]
    costs = np.median(turns, axis=0)  # for each way the seconds, those of the whole process, and the peak
    (theirs, _, their_peak), (exact, _, exact_peak), (fast, _, fast_peak) = costs
    label = SONGS[name]
    print(f"| {label}, warm, exact | {exact:.1f} s | {theirs:.1f} s | {theirs / exact:.2f} |")
    print(f"| {label}, warm, fast | {fast:.1f} s | {theirs:.1f} s | {theirs / fast:.2f} |")
    print(
        f"| {label}, peak memory, exact | {exact_peak:.0f} MB | {their_peak:.0f} MB | {their_peak / exact_peak:.2f} |"
    )
    print(
        f"| {label}, peak memory, fast | {fast_peak:.0f} MB | {their_peak:.0f} MB | {their_peak / fast_peak:.2f} |",
        flush=True,
    )


def compare_cold(song: Path, checkpoint: Path) -> None:
    """The two commands, turn by turn, from their start to their end."""
    target = str(song.with_name("sung.wav"))
    made = ["infer", str(song), "-o", target, "-m", f"{checkpoint}/G_100.pth", "-c", f"{checkpoint}/config.json"]
    theirs = partial(took, SVC, *made, "-s", "singer", "-na", "-fm", "dio", **ONE_THREAD, HF_HUB_OFFLINE="1")
    ours = [
        partial(took, VC, "convert", str(song), "--voice", "Tester", "-o", str(song.parent), *more, **ONE_THREAD)
        for more in ((), ("--so-vits", "precision=fast"))
    ]
    costs = np.array([[one()[1] for one in (theirs, *ours)] for _ in range(TURNS)])
    for at, precision in ((1, "exact"), (2, "fast")):
        ratio, (peer, own) = np.median(costs[:, 0] / costs[:, at]), np.median(costs[:, (0, at)], axis=0)
        print(f"| 10 s, cold command, {precision} | {own:.1f} s | {peer:.1f} s | {ratio:.2f} |", flush=True)


def write_content_encoder(folder: Path) -> None:
    """ContentVec for the original, which takes a folder of that name in the working directory for the repo."""
    import torch
    from so_vits_svc_fork.utils import HubertModelWithFinalProj
    from transformers import HubertConfig

    network = HubertModelWithFinalProj(HubertConfig())
    network.load_state_dict(torch.load(write_content_vec()), strict=False)
    network.save_pretrained(folder / "lengyue233" / "content-vec-best")


def main() -> None:
    print(machine(), end="\n\n")
    wanted = sys.argv[1:] or [*SONGS, "cold"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["VOICE_STUDIO_HOME"] = str(folder)
        os.environ["PYTHONPATH"] = str(ROOT)
        from vc_core.checkpoints.torchaudio_guard import ensure_torchaudio

        ensure_torchaudio()
        voice = make_so_vits_voice(folder, "fork 4.0v1", is_tiny=False).folder
        write_content_encoder(folder)
        os.chdir(folder)
        paths = songs(folder)
        print("| so-vits | Voice Studio | so-vits-svc-fork | ratio |\n|---|---|---|---|")
        for song in (name for name in wanted if name in SONGS):
            compare(song, paths[song], voice, folder / "checkpoint")
        if "cold" in wanted:
            compare_cold(paths["10"], folder / "checkpoint")


if __name__ == "__main__":
    main()
