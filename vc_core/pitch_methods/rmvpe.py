"""Pitch by RMVPE, which hears a singer through music; its weights come from the Hub."""

from vc_core.audio import Audio
from vc_core.hub import Checkpoint, fetch
from vc_core.pitch_methods.base import Method, Pitch, PitchSearch
from vc_core.pitch_methods.bins import CREPE_BINS, Moments, at_moments_of, read_bins
from vc_core.progress import Progress
from vc_core.weights import fill, load_tensors

CHECKPOINT = Checkpoint("lj1995/VoiceConversionWebUI", "rmvpe.pt", "6b3b855d20267d8652eeb3af1fface82b9576d67")
"""The one that voice conversion uses everywhere; its repo is under the MIT licence."""
MEGABYTES = 181
THRESHOLD = 0.03


class Rmvpe:
    def __init__(self, checkpoint: Checkpoint, device: str) -> None:
        from vc_core.models import rmvpe
        from vc_core.unfilled import unfilled

        path = fetch(checkpoint)
        with unfilled():
            network = rmvpe.Rmvpe()
        network.to_empty(device="cpu")
        fill(network, load_tensors(path), source=path.name)
        self._network = network.eval().to(device)
        self._device = device

    def __call__(self, audio: Audio, search: PitchSearch) -> Pitch:
        import torch

        from vc_core.models.rmvpe import HOP, RATE, log_mel

        with torch.inference_mode():
            mels = log_mel(torch.from_numpy(audio.resampled(RATE).samples).to(self._device))
            activations = self._network(mels)[0].float().cpu().numpy()
        hertz, confidence = read_bins(activations, CREPE_BINS, search, THRESHOLD)
        return at_moments_of(search, audio, hertz, confidence, Moments(HOP / RATE))


def rmvpe_download_megabytes() -> int:
    from huggingface_hub import try_to_load_from_cache

    cached = try_to_load_from_cache(CHECKPOINT.repo, CHECKPOINT.file, revision=CHECKPOINT.revision)
    return 0 if isinstance(cached, str) else MEGABYTES


def prepare_rmvpe(progress: Progress) -> None:
    fetch(CHECKPOINT, progress=progress)


def load_rmvpe(device: str) -> Method:
    return Rmvpe(CHECKPOINT, device)
