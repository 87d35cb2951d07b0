"""Independent RoFormers (bs-roformer-infer and melband-roformer-infer, from `make roformer-env`) in their own process.

Run as a program there; imported, it asks that program.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".roformer-env"
IS_INSTALLED = (ENVIRONMENT / "mel_band_roformer").is_dir()
UNKNOWN_TO_IT = ("mlp_expansion_factor", "linear_transformer_depth", "skip_connection")
"""Settings with one value there."""


def ask(checkpoint: Path, windows: list[np.ndarray], folder: Path) -> list[np.ndarray]:
    """The stems that it makes of each window of shape (channels, frames): (stems, channels, frames)."""
    np.savez(folder / "windows.npz", *windows)
    environment = os.environ | {"PYTHONPATH": f"{ENVIRONMENT}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-W", "ignore", __file__, str(checkpoint), str(folder)]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answers = np.load(folder / "answers.npz")
    return [answers[name] for name in answers.files]


def load_original(checkpoint: Path):
    """Its network with all weights of the checkpoint, on the CPU."""
    import torch
    import yaml

    config = yaml.load(checkpoint.with_suffix(".yaml").read_text(), yaml.FullLoader)
    settings = {name: value for name, value in config["model"].items() if name not in UNKNOWN_TO_IT}
    if "num_bands" in settings:
        from mel_band_roformer import MelBandRoformer

        settings.pop("zero_dc")
        network = MelBandRoformer(**settings, match_input_audio_length=True)
    else:
        from bs_roformer import BSRoformer

        network = BSRoformer(**settings)
    network.load_state_dict(torch.load(checkpoint, weights_only=True))
    return network.eval(), config


def answer(checkpoint: Path, folder: Path) -> None:
    import torch

    network, _ = load_original(checkpoint)
    windows = np.load(folder / "windows.npz")
    answers = []
    with torch.inference_mode():
        for name in windows.files:
            window = torch.from_numpy(windows[name])
            made = network(window[None])[0]
            answers.append(made.reshape(network.num_stems, len(window), -1).numpy())
    np.savez(folder / "answers.npz", *answers)


if __name__ == "__main__":
    answer(Path(sys.argv[1]), Path(sys.argv[2]))
