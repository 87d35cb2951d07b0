"""A voice's decoder between the start and the trained one.

After M. Wortsman et al., “Robust fine-tuning of zero-shot models”, CVPR 2022: the mean of both keeps more of what the
start had learned of others, at a small loss of what was trained.
"""

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor

from vc_core.models.ddsp import CURVE_POINTS_HZ, Decoder
from vc_core.voices.prepared_recording import LOW_SAMPLE_RATE, PASSBAND, PreparedRecording

START_HIGHEST_HZ = PASSBAND * LOW_SAMPLE_RATE / 2
"""What a start has learned to."""
RIDGE = 1e-3
"""Of the features' mean power, since few recordings leave some directions open."""


def interpolate(
    start: Decoder, trained: Decoder, start_share: float, recordings: Sequence[PreparedRecording]
) -> Decoder:
    decoder = interpolate_weights(start, trained, start_share)
    if start_share and max(one.bandwidth_hz for one in recordings) > START_HIGHEST_HZ:
        fit_treble(decoder, trained, recordings)
    return decoder


def interpolate_weights(start: Decoder, trained: Decoder, start_share: float) -> Decoder:
    decoder = deepcopy(trained)
    with torch.no_grad():
        for weights, first in zip(decoder.parameters(), start.parameters(), strict=True):
            weights.lerp_(first, start_share)
    return decoder


def fit_treble(decoder: Decoder, trained: Decoder, recordings: Sequence[PreparedRecording]) -> None:
    """Let the last layer give what the trained one gives above the start's bandwidth, where the start knows nothing."""
    features, trained_features = (
        torch.cat([_compute_last_features(one, recording) for recording in recordings]) for one in (decoder, trained)
    )
    treble = torch.from_numpy(CURVE_POINTS_HZ).gt(START_HIGHEST_HZ).repeat(2)
    with torch.no_grad():
        curves = (trained_features @ trained.last.weight[:, :, 0].T + trained.last_bias)[:, treble]
        with_bias = torch.cat([features, torch.ones(len(features), 1)], 1).double()
        squares = with_bias.T @ with_bias
        squares.diagonal().add_(RIDGE * squares.diagonal().mean())
        fitted = torch.linalg.solve(squares, with_bias.T @ curves.double()).float()
        decoder.last.weight[treble, :, 0] = fitted[:-1].T
        decoder.last_bias[treble] = fitted[-1]


def _compute_last_features(decoder: Decoder, recording: PreparedRecording) -> Tensor:
    """What enters the decoder's last layer, (frames, width)."""
    entered: list[Tensor] = []
    hook = decoder.last.register_forward_pre_hook(lambda _, inputs: entered.append(inputs[0][0].T))
    with torch.no_grad(), hook:
        decoder(recording.units[:1], recording.hertz[None], recording.energy[:1])
    return entered[0]
