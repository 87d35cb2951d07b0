"""The networks that are trained, so-vits-svc-fork's own, and what each step asks of them."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from vc_core.quiet_import import quiet_import
from vc_core.torchaudio_guard import ensure_torchaudio
from vc_core.training.so_vits_batches import Batch
from vc_core.training.so_vits_config import HOP, SPECTRUM
from vc_core.training.so_vits_spectra import mels_of, spectrum_of

ensure_torchaudio()
with quiet_import("so_vits_svc_fork"):
    from so_vits_svc_fork.modules.descriminators import MultiPeriodDiscriminator
    from so_vits_svc_fork.modules.losses import feature_loss, generator_loss, kl_loss
    from so_vits_svc_fork.modules.synthesizers import SynthesizerTrn

UNUSED = ("n_layers_q", "use_spectral_norm", "pretrained")
NOISE_SCALE = 0.35


@dataclass(frozen=True)
class Losses:
    generator: Tensor
    judges: Tensor
    terms: dict[str, Tensor]


def build_generator(config: dict[str, Any]) -> nn.Module:
    model = {name: value for name, value in config["model"].items() if name not in UNUSED}
    generator: nn.Module = SynthesizerTrn(SPECTRUM // 2 + 1, config["train"]["segment_size"] // HOP, **model)
    return generator


def build_judges(count: int) -> nn.Module:
    judges = MultiPeriodDiscriminator()
    judges.discriminators = judges.discriminators[:count]
    assembled: nn.Module = judges
    return assembled


def losses_of(generator: nn.Module, judges: nn.Module, batch: Batch, mel_weight: float, kl_weight: float) -> Losses:
    """Of both sides at once: what the judges hear for their own loss is what the generator hears of them.

    Take the gradients of each loss for its own network alone.
    """
    made, _, starts, mask, latent, predicted, _, pitch = generator(
        batch.content,
        batch.hertz,
        batch.voiced,
        batch.spectrum,
        g=batch.speakers,
        c_lengths=batch.lengths,
        spec_lengths=batch.lengths,
    )
    first, hops = starts.tolist(), int(generator.segment_size)  # type: ignore[arg-type]
    sound = _segments(batch.sound, [one * HOP for one in first], hops * HOP)[..., : made.shape[-1]]
    real, imitated, real_seen, imitated_seen = judges(sound, made)
    with torch.autocast(made.device.type, enabled=False):
        made_mels = mels_of(spectrum_of(made[:, 0].float()))
        mels = _segments(batch.mels, first, hops)[..., : made_mels.shape[-1]]
        _, latent_p, mean_p, spread_p, _, spread_q = latent
        terms = {
            "mel": functional.l1_loss(made_mels, mels) * mel_weight,
            "kl": kl_loss(latent_p, spread_q, mean_p, spread_p, mask) * kl_weight,
            "features": feature_loss(real_seen, imitated_seen),
            "deceiving": generator_loss(imitated)[0],
            "pitch": functional.mse_loss(predicted.float(), pitch.float()),
        }
        pairs = zip(real, imitated, strict=True)
        judged = torch.stack([(1 - r.float()).square().mean() + i.float().square().mean() for r, i in pairs]).sum()
    return Losses(torch.stack(list(terms.values())).sum(), judged, terms | {"judges": judged})


def _segments(values: Tensor, starts: list[int], length: int) -> Tensor:
    """Of each in the batch a part; zeros follow where it ends before."""
    parts = [value[..., start : start + length] for value, start in zip(values, starts, strict=True)]
    return torch.stack([functional.pad(part, (0, length - part.shape[-1])) for part in parts])


@torch.no_grad()
def sing(generator: nn.Module, content: Tensor, hertz: Tensor, voiced: Tensor, speaker: int) -> Tensor:
    """From (width, hops) and twice (hops) to (frames), with the same noise each time."""
    device = next(generator.parameters()).device
    was_training = generator.training
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(0)
        given = (value[None].to(device) for value in (content, hertz, voiced))
        who = torch.tensor([[speaker]], device=device)
        made: Tensor = generator.eval().infer(*given, g=who, noice_scale=NOISE_SCALE)  # type: ignore[operator]
    generator.train(was_training)
    return made[0, 0].float().cpu()
