"""Speed, memory and parity on a GPU, in less than eight minutes; for a machine with CUDA and without a network.

The weights are random, of the published sizes, so this says nothing about quality. Peers run on the same device where
they are installed. Each part has a time limit, and one that fails costs only its own lines.

`python bench/gpu.py`; `python bench/gpu.py --tiny` runs every part on the CPU with small networks, to check the script.
Never run on a GPU.
"""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "bench")]
TINY = "--tiny" in sys.argv
DEVICE = "cpu" if TINY else "cuda"
SECONDS = 12.0 if TINY else 60.0
TOTAL_SECONDS, PART_SECONDS = 440.0, 75.0
HOME = tempfile.TemporaryDirectory(prefix="voice-studio-gpu-")
FOLDER = Path(HOME.name)
os.environ |= {"VOICE_STUDIO_DEVICE": DEVICE, "VOICE_STUDIO_HOME": HOME.name, "HF_HUB_OFFLINE": "1"}

import torch  # noqa: E402
from conversion.rvc_maker import write_export  # noqa: E402
from conversion.so_vits_maker import make_so_vits_voice, write_content_vec  # noqa: E402
from gpu_peers import time_fork_conversion, time_fork_training, time_original_spleeter  # noqa: E402
from so_vits_training import tone_features  # noqa: E402

from vc_core.audio import Audio  # noqa: E402
from vc_core.conversion import ConversionOptions, load_converter  # noqa: E402
from vc_core.conversion.rvc.files import RvcFiles  # noqa: E402
from vc_core.conversion.rvc.importing import import_rvc  # noqa: E402
from vc_core.conversion.so_vits.options import SoVitsOptions  # noqa: E402
from vc_core.cover.options import CoverOptions  # noqa: E402
from vc_core.cover.stage_cache import StageCache  # noqa: E402
from vc_core.device import choose_device  # noqa: E402
from vc_core.files.reading import open_audio, read_audio  # noqa: E402
from vc_core.files.writing import write_audio  # noqa: E402
from vc_core.models import unet  # noqa: E402
from vc_core.models.gan import cyclegan  # noqa: E402
from vc_core.recipes.cover import cover_song  # noqa: E402
from vc_core.separation import SeparatorOptions, load_separator  # noqa: E402
from vc_core.separation.base import Separator  # noqa: E402
from vc_core.separation.spleeter.separator import Spleeter  # noqa: E402
from vc_core.signal.pitch import estimate_pitch  # noqa: E402
from vc_core.training.adversarial import AdversarialOptimiser, least_squares_loss  # noqa: E402
from vc_core.training.so_vits.config import build_config  # noqa: E402
from vc_core.training.so_vits.settings import SoVitsSettings  # noqa: E402
from vc_core.training.so_vits.split import split_held_out  # noqa: E402
from vc_core.training.so_vits.trainer import SoVitsTrainer  # noqa: E402
from vc_core.voices.facts import VoiceFacts  # noqa: E402
from vc_core.voices.library import Voice, VoiceLibrary  # noqa: E402

STARTED = time.monotonic()
CLIPS, STEPS = (4, 2) if TINY else (32, 15)
SETTINGS = SoVitsSettings(
    start="scratch", batch_size=2 if TINY else 16, width=0.06 if TINY else 1.0, judges=1 if TINY else 6, keep_ckpts=0
)


def is_cuda() -> bool:
    return DEVICE.startswith("cuda")


def synchronise() -> None:
    if is_cuda():
        torch.cuda.synchronize()


def report(name: str, value: str, *more: str) -> None:
    print(f"| {' | '.join([name, value, *more, '', ''][:4])} |", flush=True)


@contextmanager
def limit(name: str) -> Iterator[None]:
    """Report what fails or takes too long as a line of the table, and go on."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"more than {PART_SECONDS:g} s")

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, max(1.0, min(PART_SECONDS, TOTAL_SECONDS - time.monotonic() + STARTED)))
    try:
        yield
    except Exception as error:  # noqa: BLE001 - reported as a line of the table
        report(name, f"failed: {type(error).__name__}: {' '.join(str(error).split())[:200]}")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        if is_cuda():
            torch.cuda.empty_cache()


def measure(name: str, run: Callable[[], object], sound_seconds: float) -> None:
    """The second run is timed: the first one also loads kernels."""
    run()
    if is_cuda():
        torch.cuda.reset_peak_memory_stats()
    synchronise()
    started = time.perf_counter()
    run()
    synchronise()
    seconds = time.perf_counter() - started
    peak = f"{torch.cuda.max_memory_allocated() / 1e9:.2f} GB" if is_cuda() else ""
    report(name, f"{seconds:.2f} s", f"{sound_seconds / seconds:.1f} × real time", peak)


@contextmanager
def batches_of_one() -> Iterator[None]:
    os.environ["VOICE_STUDIO_BATCH"] = "1"
    try:
        yield
    finally:
        del os.environ["VOICE_STUDIO_BATCH"]


def repeat_to(audio: Audio, seconds: float) -> Audio:
    frames = round(seconds * audio.sample_rate)
    return audio.with_samples(np.tile(audio.samples, -(-frames // audio.frames))[:, :frames])


def snr_db(reference: Audio, other: Audio) -> float:
    error = np.square(reference.samples - other.samples, dtype=np.float64).sum()
    return float(10 * np.log10(np.square(reference.samples, dtype=np.float64).sum() / max(error, 1e-30)))


def read_song() -> Audio:
    return repeat_to(read_audio(ROOT / "examples" / "song.flac"), SECONDS)


def read_line() -> Audio:
    return repeat_to(read_audio(ROOT / "examples" / "sung_line.flac").to_mono(), SECONDS).resample(44_100)


@cache
def make_so_vits() -> Voice:
    write_content_vec()
    return make_so_vits_voice(FOLDER / "so-vits", is_tiny=TINY)


@cache
def make_rvc() -> Voice:
    write_content_vec()
    files = RvcFiles(write_export(FOLDER / "rvc.pth", is_tiny=TINY))
    return import_rvc(VoiceLibrary(FOLDER / "rvc"), files, VoiceFacts("Tester", "synthetic", "CC0-1.0"))


def choose_options(precision: str = "exact") -> ConversionOptions:
    return ConversionOptions(automatic_key="off", own=SoVitsOptions(precision=precision))


def make_demucs(device: str) -> Separator:
    from demucs.htdemucs import HTDemucs
    from separation.tiny_demucs import SOURCES, make_network

    from vc_core.separation.demucs.separator import Demucs

    torch.manual_seed(0)
    network = make_network() if TINY else HTDemucs(sources=SOURCES, t_layers=5, bottom_channels=512, segment=39 / 5)
    return Demucs([(network, tuple(SOURCES))], 4, device)


def make_spleeter(device: str) -> Separator:
    torch.manual_seed(0)
    filters = (4, 8, 8, 8, 8, 8) if TINY else unet.FILTERS
    return Spleeter(unet.StemNets(("vocals", "accompaniment"), filters), device)


def measure_separation() -> None:
    song = read_song()
    starter = load_separator("starter", DEVICE, SeparatorOptions())
    measure("separation, starter", lambda: starter.separate(song), song.seconds)
    with batches_of_one():
        measure("separation, starter, windows one by one", lambda: starter.separate(song), song.seconds)
    spleeter = make_spleeter(DEVICE)
    measure("separation, Spleeter, 2 stems", lambda: spleeter.separate(song), song.seconds)


def measure_demucs() -> None:
    song, demucs = read_song(), make_demucs(DEVICE)
    measure("separation, Demucs, 4 stems", lambda: demucs.separate(song), song.seconds)
    with batches_of_one():
        measure("separation, Demucs, windows one by one", lambda: demucs.separate(song), song.seconds)


def measure_so_vits() -> None:
    line, converter = read_line(), load_converter(make_so_vits(), DEVICE)
    for precision in ("exact", "fast"):
        options = choose_options(precision)
        measure(f"so-vits, {precision}", lambda options=options: converter.convert(line, options), line.seconds)
    with batches_of_one():
        measure("so-vits, windows one by one", lambda: converter.convert(line, choose_options()), line.seconds)


def measure_rvc() -> None:
    line, converter = read_line(), load_converter(make_rvc(), DEVICE)
    options = ConversionOptions(automatic_key="off")
    measure("RVC, exact", lambda: converter.convert(line, options), line.seconds)


def measure_pitch() -> None:
    line = read_line()
    for method in ("fcpe", "crepe-tiny" if TINY else "crepe"):
        measure(f"pitch, {method}", lambda method=method: estimate_pitch(line, method), line.seconds)


def measure_cover() -> None:
    voice, path = make_so_vits(), FOLDER / "song.wav"
    write_audio(path, read_song(), format_name="wav32")
    targets = iter(FOLDER / f"cover{at}" for at in range(9))

    def make() -> None:  # nothing is kept from the run before
        target = next(targets)
        cover_song(open_audio(path), voice, target, CoverOptions(), cache=StageCache(target / "stages"))

    measure("cover, so-vits", make, SECONDS)


def measure_parity() -> None:
    """The same on the CPU and on the device, without TF32; 60 dB are far below what can be heard."""
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    # 24 s, so that the device gets a batch.
    song, line, voice = read_song().slice(0, 24 * 44_100), read_line().slice(0, 24 * 44_100), make_so_vits()
    try:
        for name, run in {
            "starter": lambda device: load_separator("starter", device, SeparatorOptions()).separate(song)["vocals"],
            "so-vits": lambda device: load_converter(voice, device).convert(line, choose_options()),
        }.items():
            report(f"parity with the CPU, {name}", f"{snr_db(run('cpu'), run(DEVICE)):.1f} dB")
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


def write_clips() -> list[Path]:
    """Features of nine seconds each, as both programs cache them."""
    (folder := FOLDER / "clips").mkdir(exist_ok=True)
    for at in range(CLIPS):
        torch.save(tone_features(at, frames=60 if TINY else 775), folder / f"{at}.wav.data.pt")
    return sorted(folder.glob("*.data.pt"))


def time_training(precision: str) -> float:
    """Steps per second."""
    settings = SoVitsSettings(**vars(SETTINGS) | {"precision": precision})
    config = build_config(settings, ["singer"])
    features = split_held_out({"singer": write_clips()}, FOLDER)
    with closing(SoVitsTrainer(features, settings, config, DEVICE)) as trainer:
        return time_steps(trainer.step)


def time_steps(step: Callable[[], object]) -> float:
    """Steps per second, after one to warm up."""
    step()
    synchronise()
    started = time.perf_counter()
    for _ in range(STEPS):
        step()
    synchronise()
    return STEPS / (time.perf_counter() - started)


def measure_training() -> None:
    for precision in ("full",) if TINY else ("full", "bf16"):
        report(f"so-vits training, {precision}", f"{time_training(precision):.2f} steps/s")


def measure_gan() -> None:
    """A discriminator of CycleGAN in the precision that its training has on this device."""
    network = cyclegan.Discriminator(width=1 / 32 if TINY else 1.0).to(DEVICE)
    optimiser, envelopes = AdversarialOptimiser([network], 1e-4, 100), torch.randn(8, 36, 128, device=DEVICE)

    def step() -> None:
        with optimiser.autocast():
            loss = least_squares_loss(network(envelopes), 1.0)
        optimiser.step(loss, 0)

    report("GAN training, a discriminator", f"{time_steps(step):.1f} steps/s")


def measure_fork() -> None:
    seconds = time_fork_conversion(FOLDER / "so-vits" / "checkpoint", read_line(), DEVICE)
    report("so-vits-svc-fork, conversion", f"{seconds:.2f} s", f"{SECONDS / seconds:.1f} × real time")


def measure_fork_training() -> None:
    for precision in ("full",) if TINY else ("full", "bf16"):
        config = build_config(SoVitsSettings(**vars(SETTINGS) | {"precision": precision}), ["singer"])
        rate = time_fork_training(config, write_clips(), FOLDER / "fork", DEVICE, STEPS)
        report(f"so-vits-svc-fork, training, {precision}", f"{rate:.2f} steps/s")


def measure_spleeter() -> None:
    seconds = time_original_spleeter(FOLDER, round(SECONDS))
    report("original Spleeter, 2 stems", f"{seconds:.2f} s", f"{SECONDS / seconds:.1f} × real time")


PARTS = {
    "separation": measure_separation,
    "so-vits": measure_so_vits,
    "so-vits-svc-fork, conversion": measure_fork,
    "so-vits training": measure_training,
    "so-vits-svc-fork, training": measure_fork_training,
    "parity": measure_parity,
    "cover": measure_cover,
    "Demucs": measure_demucs,
    "RVC": measure_rvc,
    "pitch": measure_pitch,
    "GAN training": measure_gan,
    "original Spleeter": measure_spleeter,
}


def main() -> None:
    choose_device()  # switches TF32 on
    name = torch.cuda.get_device_name() if is_cuda() else "CPU, small networks: only to check this script"
    print(f"{name}, torch {torch.__version__}\n\n| {SECONDS:g} s | time | | peak memory |\n|---|---|---|---|")
    for part, run in PARTS.items():
        if time.monotonic() - STARTED > TOTAL_SECONDS - 5:
            report(part, "left out: no time left")
            continue
        with limit(part):
            run()
    print(f"\nAll of it took {time.monotonic() - STARTED:.0f} s.", flush=True)


if __name__ == "__main__":
    main()
