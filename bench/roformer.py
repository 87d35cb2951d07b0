"""RoFormers against bs-roformer-infer and melband-roformer-infer on the CPU: seconds and peak memory of the same song.

    python bench/roformer.py [16] [BLOCKS]   # needs `make roformer-env`; 16 seconds of song

With a number of blocks, the networks have only so many, for a quick run.

Both get the same networks of a published size with random weights, their windows and their overlap. Ours is measured in
float32, and in bfloat16 where the processor has it, as it runs by default.
"""

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
from measure import ONE_THREAD, ROOT, cost_of, machine

sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from separation.roformer_maker import BS, MEL, Kind, write_model  # noqa: E402
from separation.roformer_oracle import ENVIRONMENT  # noqa: E402

from vc_core.device import has_fast_bfloat16  # noqa: E402
from vc_core.files.reading import read_audio  # noqa: E402

KINDS = {
    "Mel-Band, width 384, {blocks} blocks": replace(MEL, width=384, depth=6),
    "BS, width 256, {blocks} blocks": replace(BS, width=256, depth=12),
}
CHUNK_SAMPLES = {"mel": 352_800, "bs": 352_768}
LONG_MINUTES = (0.5, 2)

OURS = """
import sys, time
from pathlib import Path
from vc_core.files.reading import open_audio
from vc_core.separation import SeparatorOptions, load_separator
from vc_core.separation.roformer import install_local
separator = load_separator("roformer", "cpu", SeparatorOptions(model=install_local(sys.argv[1])))
started = time.process_time()
separator.separate_file(open_audio(sys.argv[2]), Path(sys.argv[3]), format_name="wav16")
print("took", time.process_time() - started)
"""

THEIRS = """
import sys, time
from pathlib import Path
import soundfile, torch
from ml_collections import ConfigDict
from separation.roformer_oracle import load_original
network, config = load_original(Path(sys.argv[1]))
for module in network.modules():
    if hasattr(module, "flash"):
        module.flash = sys.argv[4] == "flash"
song, rate = soundfile.read(sys.argv[2], dtype="float32")
package = __import__(type(network).__module__.split(".")[0])
config["inference"]["chunk_size"] = config["audio"]["chunk_size"]
started = time.process_time()
with torch.inference_mode():
    stems, _ = package.utils.demix_track(ConfigDict(config), network, torch.from_numpy(song.T.copy()), "cpu", 1.0)
for name, stem in stems.items():
    soundfile.write(f"{sys.argv[3]}/{name}.wav", stem.T, rate)
print("\\ntook", time.process_time() - started)
"""


def took(code: str, *arguments: object, **variables: str) -> tuple[float, float]:
    """CPU seconds of the separation, and the peak memory of its process in MB."""
    cost = cost_of(code, *map(str, arguments), **ONE_THREAD, **variables)
    line = next(line for line in cost.output.splitlines() if line.startswith("took"))
    return float(line.split()[1]), cost.peak_megabytes


def write_song(path: Path, seconds: float) -> Path:
    song = read_audio(ROOT / "examples" / "song.flac")
    frames = round(seconds * song.sample_rate)
    soundfile.write(path, np.tile(song.samples, -(-frames // song.frames))[:, :frames].T, song.sample_rate)
    return path


def write_real_size(folder: Path, kind: Kind) -> Path:
    chunk = CHUNK_SAMPLES[kind.family]
    return write_model(folder, replace(kind, heads=8, head_width=64, expansion=4, chunk=chunk), kind.family)


def compare(name: str, kind: Kind, song: Path, folder: Path) -> None:
    model = write_real_size(folder, kind)
    paths = os.pathsep.join([str(ENVIRONMENT), str(ROOT), str(ROOT / "tests")])
    theirs = {way: took(THEIRS, model, song, folder, way, PYTHONPATH=paths) for way in ("math", "flash")}
    ours = {"float32": took(OURS, model, song, folder, VOICE_STUDIO_BFLOAT16="0")}
    if has_fast_bfloat16("cpu"):
        ours["bfloat16"] = took(OURS, model, song, folder, VOICE_STUDIO_BFLOAT16="1")
    best = min(seconds for seconds, _ in theirs.values())
    least = min(megabytes for _, megabytes in theirs.values())
    for precision, (seconds, megabytes) in ours.items():
        print(f"| {name}, {precision} | {seconds:.1f} s | {best:.1f} s | {best / seconds:.2f} |")
        peaks = f"{megabytes:.0f} MB | {least:.0f} MB | {least / megabytes:.2f}"
        print(f"| {name}, {precision}, peak | {peaks} |", flush=True)


def measure_long_songs(folder: Path) -> None:
    """Memory doesn't depend on the length: a small network, so that it takes minutes and not hours."""
    model = write_model(folder, replace(MEL, width=64, chunk=CHUNK_SAMPLES["mel"]), "small")
    for minutes in LONG_MINUTES:
        song = write_song(folder / "long.wav", 60 * minutes)
        seconds, megabytes = took(OURS, model, song, folder, VOICE_STUDIO_BFLOAT16="0")
        print(f"| small network, {minutes:g} min | {seconds:.0f} s, {megabytes:.0f} MB | | |", flush=True)


def main() -> None:
    print(machine(), end="\n\n")
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 16.0
    print(f"| {seconds:g} s of song, one thread | Voice Studio | independent package | ratio |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["VOICE_STUDIO_HOME"], os.environ["PYTHONPATH"] = str(folder / "home"), str(ROOT)
        song = write_song(folder / "song.wav", seconds)
        for title, kind in KINDS.items():
            fewer = replace(kind, depth=int(sys.argv[2])) if len(sys.argv) > 2 else kind
            compare(title.format(blocks=fewer.depth), fewer, song, folder)
        measure_long_songs(folder)


if __name__ == "__main__":
    main()
