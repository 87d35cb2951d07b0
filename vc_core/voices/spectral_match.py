"""Equalise a decoder: the average spectrum of what it makes of recordings becomes that of the recordings.

The base decoder gives a new speaker's timbre only roughly. A constant correction of its filters, found without any
training, brings it much nearer, and leaves the rest of the decoder alone.
"""

from collections.abc import Sequence
from itertools import accumulate

import torch
from torch import Tensor
from torch.nn import functional

from vc_core.models.content_encoder import FRAMES_PER_SECOND
from vc_core.models.ddsp import CURVE_POINTS_HZ, Decoder, compute_bin_weights
from vc_core.voices.prepared_recording import PreparedRecording, resynthesise

ROUNDS = 2
"""The filters' curves are smoother than the spectrum that they make, so that one correction isn't exact."""
LONGEST_SECONDS = 120.0
"""Of the recordings, so that many of them take no longer."""
LARGEST_LOG_GAIN = 1.4
"""Of one round, 12 dB."""
FFT_SIZE = 1024
LOUD_SHARE = 0.05
"""Of the power of a mean frame: quieter frames say more of the room than of the voice."""
LEAST_POWER = 1e-6
"""In a band, of the level-normalised sound."""
SMOOTHING = (1.0, 3.0, 4.0, 3.0, 1.0)
"""Weights of neighbouring points of a curve."""


def match_spectrum(decoder: Decoder, recordings: Sequence[PreparedRecording]) -> None:
    """Change the decoder's last bias, alike for pulses and noise."""
    starts = accumulate((one.frames / FRAMES_PER_SECOND for one in recordings), initial=0.0)
    heard = [one for one, start in zip(recordings, starts, strict=False) if start < LONGEST_SECONDS]
    inaudible = torch.from_numpy(CURVE_POINTS_HZ) > min(one.bandwidth_hz for one in heard)
    wanted = torch.cat([measure_bands(one.sound, one.sample_rate) for one in heard]).mean(0)
    for _ in range(ROUNDS):
        made = torch.cat([measure_bands(resynthesise(decoder, one), one.sample_rate) for one in heard]).mean(0)
        correction = smooth(wanted - made).clamp(-LARGEST_LOG_GAIN, LARGEST_LOG_GAIN).masked_fill(inaudible, 0.0)
        decoder.last_bias.data += correction.repeat(2)


def measure_bands(sound: Tensor, sample_rate: int) -> Tensor:
    """Log amplitude of the loud frames around each point of a curve, shape (frames, CURVE_POINTS)."""
    padded = functional.pad(sound, (0, max(0, FFT_SIZE - len(sound))))
    window = torch.hann_window(FFT_SIZE)
    frames = padded.unfold(0, FFT_SIZE, FFT_SIZE // 3) * window
    weights = compute_bin_weights(sample_rate, FFT_SIZE)
    power = torch.fft.rfft(frames).abs().square() @ (weights / weights.sum(1, keepdim=True).clamp_min(1e-9)).T
    power = power / window.square().sum()
    total = power.sum(1)
    return 0.5 * torch.log(power[total >= LOUD_SHARE * total.mean()] + LEAST_POWER)


def smooth(curve: Tensor) -> Tensor:
    weights = torch.tensor(SMOOTHING)
    padded = functional.pad(curve[None, None], (len(SMOOTHING) // 2,) * 2, mode="replicate")
    return functional.conv1d(padded, (weights / weights.sum())[None, None])[0, 0]
