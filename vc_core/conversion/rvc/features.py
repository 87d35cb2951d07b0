"""Content features of recordings, as RVC computes them, and how well an index fits those of a song."""

import torch
from torch import Tensor
from torch.nn import functional

from vc_core.audio import Audio, join_blocks
from vc_core.conversion.analysis import FRAMES_PER_SECOND, SongAnalysis
from vc_core.conversion.rvc.retrieval import RetrievalIndex
from vc_core.conversion.rvc.synthesis import filter_content_input
from vc_core.files.reading import AudioFile
from vc_core.models import content_vec
from vc_core.progress import Progress, silent
from vc_core.voices.content_vec import load_for_width

FIT_SECONDS = 3.0
"""The length of the excerpt of a song that is compared with the index."""
LEAST_FIT = 0.2
BLOCK_SECONDS = 20.0
SILENCE_DB = -42.0
"""Relative to the loudest frame of a block."""


def encode_content(
    audio: Audio, width: int, device: torch.device = torch.device("cpu"), dtype: torch.dtype = torch.float32
) -> Tensor:
    """Content features of mono audio, Tensor of shape (frames, width): of v1 256 wide, of v2 768."""
    encoder = load_for_width(width, device, dtype)
    samples = torch.from_numpy(filter_content_input(audio)).to(device, dtype)
    with torch.inference_mode():
        features: Tensor = encoder(samples[None])[0].T.float()
    return features


def encode_recording(recording: AudioFile, width: int, *, progress: Progress = silent) -> Tensor:
    """Content features of all but silence, Tensor of shape (frames, width), in half precision."""
    features, seconds = [], 0.0
    for block in recording.blocks(BLOCK_SECONDS):
        mono = block.to_mono().resample(content_vec.SAMPLE_RATE)
        content = encode_content(mono, width)
        samples = torch.from_numpy(mono.samples[0])
        hops = functional.pad(samples, (0, len(content) * content_vec.HOP_SAMPLES - len(samples)))
        power = hops.reshape(len(content), -1).square().mean(dim=1)
        features.append(content[power > power.max() * 10 ** (SILENCE_DB / 10)].half())
        seconds += block.frames / block.sample_rate
        progress(min(1.0, seconds / recording.expected_seconds), recording.path.name)
    return torch.cat(features) if features else torch.zeros(0, width).half()


def measure_index_fit(index: RetrievalIndex, content: Tensor) -> float:
    """How much nearer features (frames, width) are to the index than the same numbers in another order are.

    1 for features that are in the index, about 0 if it was made by another encoder, or is broken. Features of another
    singer can't be told in this way.
    """
    order = torch.randperm(content.shape[1], generator=torch.Generator().manual_seed(0))
    shuffled = content[:, order.to(content.device)]
    missed, by_chance = ((index.retrieve(given) - given).square().sum() for given in (content, shuffled))
    return float(1 - missed / by_chance.clamp_min(1e-9))


def read_loud_excerpt(song: AudioFile, analysis: SongAnalysis) -> Audio:
    """The loudest seconds of a song, mono."""
    frames = round(FIT_SECONDS * FRAMES_PER_SECOND)
    sums = torch.from_numpy(analysis.power).double().cumsum(0)
    start = int((sums[frames:] - sums[:-frames]).argmax()) if len(sums) > frames else 0
    return join_blocks(song.excerpt(start / FRAMES_PER_SECOND, FIT_SECONDS).blocks()).to_mono()
