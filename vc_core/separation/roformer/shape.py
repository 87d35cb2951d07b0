"""Infer the shape of a RoFormer from its tensors; what its config states is only compared with that."""

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from vc_core.errors import UserError
from vc_core.models.roformer.mel_bands import make_mel_bands
from vc_core.models.roformer.shape import Bands, RoformerShape
from vc_core.separation.roformer.config import RoformerConfig

if TYPE_CHECKING:
    from torch import Tensor

    Tensors = Mapping[str, Tensor]

MOST_LAYERS, LARGEST_WIDTH = 256, 65_536


def infer_shape(tensors: "Tensors", config: RoformerConfig, source: str, config_name: str) -> RoformerShape:
    """The shape of a network with these weights, by our names; raises `UserError` if the config contradicts it."""
    try:
        shape = _infer(tensors, config)
    except (KeyError, IndexError, ValueError, ZeroDivisionError) as error:
        raise UserError(
            "“{source}” is not a RoFormer that is known here ({reason:.80}).", source=source, reason=str(error)
        ) from error
    if len(config.estimated) != shape.stems:
        raise UserError(
            "“{config}” names {stated} stems ({names}), and “{source}” has {found}: they don't belong together.",
            config=config_name,
            stated=len(config.estimated),
            names=", ".join(config.estimated),
            source=source,
            found=shape.stems,
        )
    for name, found in _list_facts(shape).items():
        if name in config.stated and config.stated[name] not in found:
            raise UserError(
                "“{config}” and “{source}” don't belong together: {name} is {stated} in one, and {found} in the other.",
                config=config_name,
                source=source,
                name=name,
                stated=f"{config.stated[name]!s:.30}",
                found=f"{found[0]!s:.30}",
            )
    return shape


def _infer(tensors: "Tensors", config: RoformerConfig) -> RoformerShape:
    normalises_each = "norm.gamma" not in tensors
    bands = _count(tensors, r"bands\.(\d+)\.norm\.gamma")
    heads = _size(tensors, "blocks.0.time.attentions.0.gates.weight", 0)
    widths = [_size(tensors, f"bands.{band}.norm.gamma", 0) for band in range(bands)]
    linear_layers = _count(tensors, r"blocks\.0\.linear\.attentions\.(\d+)\.norm\.gamma", lowest=0)
    channels, found_bands = _find_bands(widths, config, is_mel=normalises_each)
    return RoformerShape(
        bands=found_bands,
        channels=channels,
        width=_size(tensors, "bands.0.linear.weight", 0),
        blocks=_count(tensors, r"blocks\.(\d+)\.time\.attentions\.0\.norm\.gamma"),
        heads=heads,
        head_width=_size(tensors, "blocks.0.time.attentions.0.out.weight", 1) // heads,
        feed_forward_width=_size(tensors, "blocks.0.time.feed_forwards.0.wide.weight", 0),
        linear_layers=linear_layers,
        time_layers=_count(tensors, r"blocks\.0\.time\.attentions\.(\d+)\.norm\.gamma"),
        frequency_layers=_count(tensors, r"blocks\.0\.frequency\.attentions\.(\d+)\.norm\.gamma"),
        normalises_each=normalises_each,
        stems=_count(tensors, r"masks\.(\d+)\.0\.0\.weight"),
        mask_width=_size(tensors, "masks.0.0.2.weight", 1),
        mask_layers=_count(tensors, r"masks\.0\.0\.(\d+)\.weight", step=2),
    )


def _find_bands(widths: Sequence[int], config: RoformerConfig, *, is_mel: bool) -> tuple[int, Bands]:
    """Channels, and the bins of each band: the config's transform must lead to the widths of the weights."""
    bins = config.stft.fft_size // 2 + 1
    for channels in (2, 1):
        if is_mel:
            bands = make_mel_bands(len(widths), config.sample_rate, config.stft.fft_size)
        else:
            bands = tuple(pairwise([0, *accumulate(width // (2 * channels) for width in widths)]))
        if [2 * channels * (stop - start) for start, stop in bands] == list(widths) and bands[-1][1] == bins:
            return channels, bands
    raise ValueError(f"its bands are not those of stft_n_fft {config.stft.fft_size}")


def _list_facts(shape: RoformerShape) -> dict[str, tuple[Any, ...]]:
    """What the weights show, by its name in configs; programs count the layers of masks differently."""
    return {
        "stereo": (shape.channels == 2,),
        "dim": (shape.width,),
        "depth": (shape.blocks,),
        "num_stems": (shape.stems,),
        "num_bands": (len(shape.bands),),
        "freqs_per_bands": (tuple(stop - start for start, stop in shape.bands),),
        "heads": (shape.heads,),
        "dim_head": (shape.head_width,),
        "linear_transformer_depth": (shape.linear_layers,),
        "time_transformer_depth": (shape.time_layers,),
        "freq_transformer_depth": (shape.frequency_layers,),
        "mask_estimator_depth": (shape.mask_layers, shape.mask_layers - 1),
        "mlp_expansion_factor": (shape.mask_width // shape.width,),
    }


def _size(tensors: "Tensors", name: str, axis: int) -> int:
    if name not in tensors:
        raise ValueError(f"it lacks {name}")
    found = int(tensors[name].shape[axis])
    if not 1 <= found <= LARGEST_WIDTH:
        raise ValueError(f"{name} of {found}")
    return found


def _count(tensors: "Tensors", pattern: str, *, step: int = 1, lowest: int = 1) -> int:
    found = {int(match[1][:6]) for name in tensors if (match := re.fullmatch(pattern, name))}
    if not lowest <= len(found) <= MOST_LAYERS or found != set(range(0, step * len(found), step)):
        raise ValueError(f"it lacks {pattern}".replace("\\", "").replace("(d+)", "0"))
    return len(found)
