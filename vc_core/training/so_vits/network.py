"""Generator and discriminator of so-vits-svc-fork, and their training losses."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from vc_core.checkpoints.quiet_import import quiet_import
from vc_core.checkpoints.torchaudio_guard import ensure_torchaudio
from vc_core.training.so_vits.batches import Batch
from vc_core.training.so_vits.config import FFT_SIZE, HOP_SAMPLES
from vc_core.training.so_vits.spectra import compute_log_mel, compute_spectrum

ensure_torchaudio()
with quiet_import("so_vits_svc_fork"):
    from so_vits_svc_fork.modules.descriminators import MultiPeriodDiscriminator
    from so_vits_svc_fork.modules.losses import feature_loss, generator_loss, kl_loss
    from so_vits_svc_fork.modules.synthesizers import SynthesizerTrn

UNUSED = ("n_layers_q", "use_spectral_norm", "pretrained")
NOISE_SCALE = 0.35


@dataclass(frozen=True)
class Losses:
    """Scalars."""

    generator: Tensor
    discriminator: Tensor
    terms: dict[str, Tensor]


def build_generator(config: dict[str, Any]) -> nn.Module:
    model = {name: value for name, value in config["model"].items() if name not in UNUSED}
    generator: nn.Module = SynthesizerTrn(FFT_SIZE // 2 + 1, config["train"]["segment_size"] // HOP_SAMPLES, **model)
    return generator


def build_discriminator(count: int) -> nn.Module:
    """Keep the first `count` of the multi-period discriminator's networks."""
    discriminator = MultiPeriodDiscriminator()
    discriminator.discriminators = discriminator.discriminators[:count]
    assembled: nn.Module = discriminator
    return assembled


def compute_losses(
    generator: nn.Module, discriminator: nn.Module, batch: Batch, mel_weight: float, kl_weight: float
) -> Losses:
    """Compute both losses with a single discriminator pass; backpropagate each only into its own network."""
    generated, _, starts, mask, latent, predicted, _, pitch = generator(
        batch.content,
        batch.hertz,
        batch.voiced,
        batch.spectrum,
        g=batch.speakers,
        c_lengths=batch.lengths,
        spec_lengths=batch.lengths,
    )
    first, frames = starts.tolist(), int(generator.segment_size)  # type: ignore[arg-type]
    first_samples, samples = [start * HOP_SAMPLES for start in first], frames * HOP_SAMPLES
    sound = _cut_segments(batch.sound, first_samples, samples)[..., : generated.shape[-1]]
    real_scores, generated_scores, real_features, generated_features = discriminator(sound, generated)
    with torch.autocast(generated.device.type, enabled=False):
        generated_mels = compute_log_mel(compute_spectrum(generated[:, 0].float()))
        mels = _cut_segments(batch.mels, first, frames)[..., : generated_mels.shape[-1]]
        _, latent_p, mean_p, spread_p, _, spread_q = latent
        terms = {
            "mel": functional.l1_loss(generated_mels, mels) * mel_weight,
            "kl": kl_loss(latent_p, spread_q, mean_p, spread_p, mask) * kl_weight,
            "features": feature_loss(real_features, generated_features),
            "deceiving": generator_loss(generated_scores)[0],
            "pitch": functional.mse_loss(predicted.float(), pitch.float()),
        }
        pairs = zip(real_scores, generated_scores, strict=True)
        losses = [(1 - real.float()).square().mean() + fake.float().square().mean() for real, fake in pairs]
        discriminator_loss = torch.stack(losses).sum()
    return Losses(torch.stack(list(terms.values())).sum(), discriminator_loss, terms | {"judges": discriminator_loss})


def _cut_segments(values: Tensor, starts: list[int], length: int) -> Tensor:
    """Cut a segment out of each item of a batch (B, …, T), zero-padded to the length."""
    segments = [value[..., start : start + length] for value, start in zip(values, starts, strict=True)]
    return torch.stack([functional.pad(segment, (0, length - segment.shape[-1])) for segment in segments])


@torch.no_grad()
def synthesise(generator: nn.Module, content: Tensor, hertz: Tensor, voiced: Tensor, speaker: int) -> Tensor:
    """Synthesise content (width, T), pitch (T,) and voicing (T,) to samples (T · hop,), with a fixed noise seed."""
    device = next(generator.parameters()).device
    was_training = generator.training
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(0)
        inputs = (value[None].to(device) for value in (content, hertz, voiced))
        speakers = torch.tensor([[speaker]], device=device)
        generated: Tensor = generator.eval().infer(*inputs, g=speakers, noice_scale=NOISE_SCALE)  # type: ignore[operator]
    generator.train(was_training)
    return generated[0, 0].float().cpu()
