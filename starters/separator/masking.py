"""From sound to what the network sees, and from what it claims back to sound: Spleeter's front end."""

import torch
from torch import Tensor
from torch.nn import functional

from vc_core.models.unet import StemNets

FRAME, HOP = 4_096, 1_024
BINS = 1_024
"""What lies above goes to the accompaniment."""
MOMENTS = 512
STEMS = ("vocals", "accompaniment")
WINDOW = torch.hann_window(FRAME)


def spectrum_of(sound: Tensor) -> Tensor:
    """From (…, frames) to (…, moments, all bins), without centring."""
    flat = sound.reshape(-1, sound.shape[-1])
    spectrum = torch.stft(flat, FRAME, HOP, window=WINDOW, center=False, return_complex=True).mT
    return spectrum.reshape(*sound.shape[:-1], *spectrum.shape[1:])


def sound_of(spectrum: Tensor) -> Tensor:
    frames = torch.fft.irfft(spectrum) * WINDOW * (2 / 3)
    hops = frames.unflatten(-1, (-1, HOP))
    moments, overlap = hops.shape[-3:-1]
    sound = torch.zeros(*hops.shape[:-3], moments + overlap - 1, HOP)
    for part in range(overlap):
        sound[..., part : part + moments, :] += hops[..., part, :]
    return sound.flatten(-2)


@torch.no_grad()
def vocals_of(net: StemNets, song: Tensor) -> Tensor:
    """The vocals of a stereo song of shape (2, frames)."""
    frames = song.shape[-1]
    moments = -(-(frames + FRAME) // HOP)
    segments = -(-moments // MOMENTS)
    behind = (segments * MOMENTS - 1) * HOP - frames
    spectrum = spectrum_of(functional.pad(song, (FRAME, behind)))
    inputs = spectrum[..., :BINS].abs().unflatten(1, (segments, MOMENTS)).transpose(0, 1)
    power = torch.cat([net(segment[None]) for segment in inputs], dim=1) ** 2
    shares = (power[0] + 1e-10 / len(power)) / (power.sum(0) + 1e-10)
    masked = spectrum * functional.pad(shares.transpose(0, 1).flatten(1, 2), (0, spectrum.shape[-1] - BINS))
    return sound_of(masked)[:, FRAME : FRAME + frames]
