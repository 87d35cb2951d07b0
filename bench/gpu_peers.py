"""so-vits-svc-fork and the original Spleeter on the same device, for `bench/gpu.py`."""

import os
import subprocess
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch
from convert import write_content_encoder

from vc_core.audio import Audio
from vc_core.checkpoints.torchaudio_guard import ensure_torchaudio


def time_fork_conversion(checkpoint: Path, line: Audio, device: str) -> float:
    """Seconds of `svc infer`'s work, warm, without loading."""
    ensure_torchaudio()
    from so_vits_svc_fork.inference.core import Svc

    before = Path.cwd()
    write_content_encoder(checkpoint)
    os.chdir(checkpoint)  # where it finds its content encoder
    try:
        files = {"net_g_path": checkpoint / "G_100.pth", "config_path": checkpoint / "config.json"}
        svc = Svc(**files, device=device)
        for _ in range(2):
            started = time.perf_counter()
            svc.infer_silence(line.samples[0], speaker="singer", db_thresh=-20)
        return time.perf_counter() - started
    finally:
        os.chdir(before)


def time_fork_training(config: dict[str, Any], clips: list[Path], folder: Path, device: str, steps: int) -> float:
    """Steps per second of `svc train`'s own module and data loader, without its logs, validation and checkpoints."""
    ensure_torchaudio()
    import lightning.pytorch as lightning
    from so_vits_svc_fork import train, utils
    from so_vits_svc_fork.hparams import HParams

    utils.plot_spectrogram_to_numpy = utils.plot_data_to_numpy = lambda *_: None  # broken with today's NumPy
    folder.mkdir(exist_ok=True)
    names = "\n".join(str(path).removesuffix(".data.pt") for path in clips)
    for kind in ("training_files", "validation_files"):
        (folder / kind).write_text(names)
        config["data"][kind] = str(folder / kind)
    ends: list[float] = []

    class Timed(train.VitsLightning):
        def on_train_batch_end(self, *_: Any) -> None:
            if device.startswith("cuda"):
                torch.cuda.synchronize()
            ends.append(time.perf_counter())

        def on_train_end(self) -> None:
            """Without its checkpoints."""

    hparams = HParams(**config)
    hparams.model_dir = str(folder)
    trainer = lightning.Trainer(
        accelerator="gpu" if device.startswith("cuda") else "cpu",
        devices=1,
        precision="bf16-mixed" if config["train"]["bf16_run"] else "32-true",
        max_epochs=steps + 1,
        max_steps=2 * (steps + 1),  # two optimisers
        limit_val_batches=0,
        num_sanity_val_steps=0,
        **dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False),
    )
    trainer.fit(Timed(**hparams), datamodule=train.VCDataModule(hparams))
    return (len(ends) - 1) / (ends[-1] - ends[0])


def time_original_spleeter(folder: Path, seconds: int) -> float:
    """Seconds, warm; raises FileNotFoundError without `make spleeter-env`."""
    from separate import ORACLE, song_of, warm_original

    from vc_core.separation.spleeter.original import get_original_environment

    python = str(get_original_environment() / "bin" / "python")
    subprocess.run([python, str(ORACLE), "weights", str(folder), "2"], check=True, stderr=subprocess.DEVNULL)
    return median(warm_original(python, song_of(seconds, folder), folder))
