"""RVC voices against infer-rvc-python on the CPU: seconds and peak memory of the same song, with Dio's F0 in both.

    python bench/rvc.py [10] [60]   # needs `make rvc-env`

Both get the same network of the real size with random weights, and the same ContentVec.
"""

import os
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
from measure import ONE_THREAD, cost_of, machine

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from conversion.rvc_maker import Kind, write_export  # noqa: E402
from conversion.rvc_oracle import ENVIRONMENT  # noqa: E402
from conversion.so_vits_maker import write_content_vec  # noqa: E402

from vc_core.conversion.rvc.files import RvcFiles  # noqa: E402
from vc_core.conversion.rvc.importing import import_rvc  # noqa: E402
from vc_core.files.reading import read_audio  # noqa: E402
from vc_core.voices.facts import VoiceFacts  # noqa: E402
from vc_core.voices.library import VoiceLibrary  # noqa: E402

RATE, TURNS = 16_000, 3

OURS = """
import sys, time
from pathlib import Path
from vc_core.conversion import ConversionOptions, load_converter
from vc_core.conversion.rvc.options import RvcOptions
from vc_core.files.reading import read_audio
from vc_core.voices.library import Voice, read_card
folder, song, precision = Path(sys.argv[1]), read_audio(Path(sys.argv[2])), sys.argv[3]
converter = load_converter(Voice(read_card(folder), folder))
options = ConversionOptions(automatic_key="off", own=RvcOptions(precision=precision, loudness_ratio=0))
converter.convert(song.slice(0, song.sample_rate), options)
started = time.process_time()
converter.convert(song, options)
print("took", time.process_time() - started)
"""

THEIRS = """
import sys, time
import numpy as np, pyworld, soundfile
from conversion.rvc_oracle import load_content_encoder, load_original
network, pipeline, checkpoint, version = load_original(sys.argv[1])
encoder = load_content_encoder()
audio = soundfile.read(sys.argv[2], dtype="float32")[0]
def get_f0(path, samples, hops, key, *_):
    # It has no Dio; its own F0 search takes the same time as ours or longer.
    hertz = pyworld.dio(samples.astype(float), 16000, f0_floor=50, f0_ceil=1100, frame_period=10)[0][:hops]
    mels = 1127 * np.log(1 + hertz / 700)
    low, high = 1127 * np.log(1 + 50 / 700), 1127 * np.log(1 + 1100 / 700)
    return np.rint(np.clip((mels - low) * 254 / (high - low) + 1, 1, 255)).astype(int), hertz
pipeline.get_f0 = get_f0
def convert(samples):
    return pipeline.pipeline(
        encoder, network, 0, samples, "", [0, 0, 0], 0, "dio", "", 0, 1, 3, checkpoint["config"][-1], 0, 1, version, 0.5
    )
convert(audio[:16000])
started = time.process_time()
convert(audio)
print("took", time.process_time() - started)
"""


def took(code: str, *arguments: str, **variables: str) -> tuple[float, float]:
    """CPU seconds of the conversion, and the peak memory of its process in MB."""
    cost = cost_of(code, *arguments, **variables)
    (line,) = (line.split() for line in cost.output.splitlines() if line.startswith("took"))
    return float(line[1]), cost.peak_megabytes


def write_song(path: Path, seconds: int) -> Path:
    line = read_audio(ROOT / "examples" / "sung_line.flac").resample(RATE).samples[0]
    whole = np.tile(line, -(-seconds * RATE // len(line)))[: seconds * RATE]
    soundfile.write(path, whole, RATE)
    return path


def compare(seconds: int, folder: Path, voice: Path) -> None:
    song = str(write_song(folder / f"{seconds}.wav", seconds))
    theirs_path = {"PYTHONPATH": os.pathsep.join([str(ENVIRONMENT), str(ROOT), str(ROOT / "tests")])}
    ways = [partial(took, THEIRS, str(folder / "model.pth"), song, **ONE_THREAD, **theirs_path)]
    ways += [partial(took, OURS, str(voice), song, kind, **ONE_THREAD) for kind in ("exact", "fast")]
    turns = [[way() for way in ways] for _ in range(TURNS if seconds <= 10 else 1)]
    (theirs, their_peak), (exact, exact_peak), (fast, fast_peak) = np.median(turns, axis=0)
    for name, seconds_taken, peak in (("exact", exact, exact_peak), ("fast", fast, fast_peak)):
        print(f"| {seconds} s, {name} | {seconds_taken:.1f} s | {theirs:.1f} s | {theirs / seconds_taken:.2f} |")
        print(
            f"| {seconds} s, peak, {name} | {peak:.0f} MB | {their_peak:.0f} MB | {their_peak / peak:.2f} |", flush=True
        )


def main() -> None:
    print(machine(), end="\n\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["VOICE_STUDIO_HOME"], os.environ["PYTHONPATH"] = str(folder), str(ROOT)
        write_content_vec()
        model = write_export(folder / "model.pth", Kind("v2", "40k"), is_tiny=False)
        facts = VoiceFacts("Tester", "synthetic", "CC0-1.0")
        voice = import_rvc(VoiceLibrary(folder / "voices"), RvcFiles(model), facts)
        print("| RVC v2, 40 kHz | Voice Studio | infer-rvc-python | ratio |\n|---|---|---|---|")
        for seconds in map(int, sys.argv[1:] or (10, 60)):
            compare(seconds, folder, voice.folder)


if __name__ == "__main__":
    main()
