"""RMVPE pitch (F0) estimation of vocals in polyphonic music; weights from the Hugging Face Hub."""

from vc_core.audio import Audio
from vc_core.checkpoints.hub import Checkpoint, fetch, is_cached
from vc_core.checkpoints.weights import load_tensors, load_weights
from vc_core.progress import Progress
from vc_core.signal.pitch_methods.base import Pitch, PitchEngine, PitchEstimator, PitchSettings
from vc_core.signal.pitch_methods.bins import CREPE_BINS, FrameGrid, decode_bins, resample_pitch

CHECKPOINT = Checkpoint("lj1995/VoiceConversionWebUI", "rmvpe.pt", "6b3b855d20267d8652eeb3af1fface82b9576d67")
"""The checkpoint in general use for voice conversion; its repo is under the MIT licence."""
CHECKPOINT_MEGABYTES = 181
THRESHOLD = 0.03


class Rmvpe:
    def __init__(self, checkpoint: Checkpoint, device: str) -> None:
        from vc_core.checkpoints.meta_device import build_on_meta_device
        from vc_core.models import rmvpe

        path = fetch(checkpoint)
        with build_on_meta_device():
            network = rmvpe.Rmvpe()
        network.to_empty(device="cpu")
        load_weights(network, load_tensors(path), source=path.name)
        self._network = network.eval().to(device)
        self._device = device

    def __call__(self, audio: Audio, settings: PitchSettings) -> Pitch:
        import torch

        from vc_core.models.rmvpe import HOP_SAMPLES, SAMPLE_RATE, compute_log_mel

        with torch.inference_mode():
            mels = compute_log_mel(torch.from_numpy(audio.resample(SAMPLE_RATE).samples).to(self._device))
            activations = self._network(mels)[0].float().cpu().numpy()
        hertz, confidence = decode_bins(activations, CREPE_BINS, settings, THRESHOLD)
        return resample_pitch(settings, audio, hertz, confidence, FrameGrid(HOP_SAMPLES / SAMPLE_RATE))


def get_rmvpe_download_megabytes() -> int:
    """0 if the checkpoint is cached."""
    return 0 if is_cached(CHECKPOINT) else CHECKPOINT_MEGABYTES


def prepare_rmvpe(progress: Progress) -> None:
    fetch(CHECKPOINT, progress=progress)


def load_rmvpe(device: str) -> PitchEstimator:
    return Rmvpe(CHECKPOINT, device)


ENGINE = PitchEngine(
    "rmvpe",
    "RMVPE",
    load=lambda options, device: load_rmvpe(device),
    notice="Made for singing with music around it; most voices of others were trained with it.",
    download_megabytes=lambda options: get_rmvpe_download_megabytes(),
    prepare=lambda options, progress: prepare_rmvpe(progress),
    gpu_speed=60.0,
    is_network=True,
    window_seconds=10.0,
    cpu_seconds_per_second=0.3,
)
