"""A checkpoint of RMVPE in the published format that hears synthetic tones, made in seconds.

The published network is an hour of a GPU away, and its weights are not ours to give. Here its convolutions pass
the log-mel bands on as they are, and its last layers, which then see one moment each, learn harmonic tones.
"""

import numpy as np
import torch
from torch.nn import functional

from vc_core.models import rmvpe

RATE, HOP = rmvpe.SAMPLE_RATE, rmvpe.HOP_SAMPLES
CENTRES = 1997.3794084376191 + 20 * np.arange(rmvpe.PITCH_BINS)
HIDDEN = 256
"""In each direction."""


def make_checkpoint(seed: int = 0) -> dict[str, torch.Tensor]:
    """All 741 tensors, in half precision as they are published."""
    tensors = _passing_through()
    first, second = _learnt(seed)
    recurrent = "fc.0.gru.{}_{}_l0{}"
    for direction, own in (("", slice(None, HIDDEN)), ("_reverse", slice(HIDDEN, None))):
        # The gates: reset, update, new. With the update gate shut, what comes out is the new value alone.
        for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            tensors[recurrent.format(*kind.split("_"), direction)].zero_()
        tensors[recurrent.format("bias", "ih", direction)][HIDDEN : 2 * HIDDEN] = -30
        tensors[recurrent.format("weight", "ih", direction)][2 * HIDDEN :, : rmvpe.MELS] = first.weight.data[own]
        tensors[recurrent.format("bias", "ih", direction)][2 * HIDDEN :] = first.bias.data[own]
    tensors["fc.1.weight"], tensors["fc.1.bias"] = second.weight.data, second.bias.data
    return {name: value.half() if value.is_floating_point() else value for name, value in tensors.items()}


def _passing_through() -> dict[str, torch.Tensor]:
    with torch.device("meta"):
        shapes = rmvpe.Rmvpe().state_dict()
    # Norms that give nothing leave only the shortcuts, and these carry one channel past all that is below it.
    tensors = {name: torch.zeros(value.shape, dtype=value.dtype) for name, value in shapes.items()}
    for name, value in tensors.items():
        if name.endswith("running_var"):
            value.fill_(1)
    tensors["unet.encoder.bn.weight"].fill_(1)
    tensors["unet.encoder.layers.0.conv.0.shortcut.weight"][0, 0] = 1
    tensors["unet.decoder.layers.4.conv2.0.shortcut.weight"][0, rmvpe.WIDTH] = 1
    tensors["cnn.weight"][0, 0, 1, 1] = 1
    return tensors


def _learnt(seed: int) -> tuple[torch.nn.Linear, torch.nn.Linear]:
    """Two layers that know the pitch of a moment, or that there is none."""
    mels, hertz = _examples(np.random.default_rng(seed))
    torch.manual_seed(seed)
    first, second = torch.nn.Linear(rmvpe.MELS, 2 * HIDDEN), torch.nn.Linear(2 * HIDDEN, rmvpe.PITCH_BINS)
    torch.nn.init.constant_(second.bias, -3)
    octaves = 1200 * np.log2(np.maximum(hertz, 1) / 10)[:, None] - CENTRES
    wanted = torch.from_numpy((np.exp(-(octaves**2) / 1250) * (hertz > 0)[:, None]).astype(np.float32))
    middle, width = -5.0, 3.0
    seen = (mels - middle) / width
    optimizer = torch.optim.Adam([*first.parameters(), *second.parameters()], 4e-3)
    steps = 350
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 4e-3 * (1 - step / steps) + 1e-5
        chosen = torch.randint(0, len(seen), (256,))
        loss = functional.binary_cross_entropy_with_logits(second(torch.tanh(first(seen[chosen]))), wanted[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        first.bias -= first.weight.sum(dim=1) * middle / width
        first.weight /= width
    return first, second


def _examples(generator: np.random.Generator) -> tuple[torch.Tensor, np.ndarray]:
    """Log-mel bands of moments in gliding tones of many timbres and levels, some in noise, and of noise alone."""
    clips, moments = 240, 32
    times = np.arange(moments * HOP) / RATE
    partials = np.arange(1, 16)
    mels, hertz = [], []
    for clip in range(clips):
        glide = generator.uniform(np.log2(90), np.log2(800)) + generator.uniform(-1, 1) * times
        phase = 2 * np.pi * np.cumsum(2**glide) / RATE
        heights = generator.uniform(0.4, 0.9) ** (partials - 1) * np.exp(generator.normal(0, 0.4, len(partials)))
        heights = heights[:, None] * (partials[:, None] * 2**glide < RATE / 2)
        tone = (heights * np.sin(partials[:, None] * phase + generator.uniform(0, 6, (len(partials), 1)))).sum(axis=0)
        is_noise = clip % 6 == 0
        hiss = 10 ** generator.uniform(-6, -0.7 if is_noise else -2.5) * generator.standard_normal(len(times))
        wave = hiss + (0 if is_noise else generator.uniform(0.02, 0.5) * tone / np.abs(tone).max())
        inside = slice(4, moments - 3)
        mels.append(rmvpe.compute_log_mel(torch.from_numpy(wave.astype(np.float32))[None])[0, inside])
        hertz.append(2 ** glide[::HOP][inside] * (not is_noise))
    silence = torch.full((200, rmvpe.MELS), float(np.log(rmvpe.FLOOR)))
    return torch.cat([*mels, silence]), np.concatenate([*hertz, np.zeros(len(silence))])
