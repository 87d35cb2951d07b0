"""So-vits checkpoints for tests: seeded weights in the genuine format of each generation, tiny or of the real size.

They are of the original's own modules, so their names and shapes are what its training writes.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from torch import nn

from vc_core.checkpoints.hub import Checkpoint
from vc_core.checkpoints.torchaudio_guard import ensure_torchaudio
from vc_core.conversion.so_vits.importing import import_so_vits
from vc_core.conversion.so_vits.repo import SoVitsFiles, SoVitsRepo, find_so_vits_files
from vc_core.files.model_source import open_hub_source
from vc_core.models.content_vec import ContentVec
from vc_core.models.mel_diffusion import DiffusionShape, MelDiffusion
from vc_core.voices.content_vec import get_content_vec_path
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.library import Voice, VoiceLibrary

HOP, RATE = 512, 44_100
TINY = {
    "inter_channels": 16,
    "hidden_channels": 16,
    "filter_channels": 32,
    "n_layers": 2,
    "upsample_initial_channel": 32,
    "gin_channels": 8,
    "n_speakers": 4,
}


@dataclass(frozen=True)
class Generation:
    """What the programs that write such files put into their configs."""

    content_width: int = 768
    decoder: str = "hifi-gan"
    rates: tuple[int, ...] = (8, 8, 2, 2, 2)
    kernels: tuple[int, ...] = (16, 16, 4, 4, 4)
    model: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    with_pitch_decoder: bool = True
    with_loudness: bool = False


GENERATIONS = {
    "fork 4.0v1": Generation(model={"type_": "hifi-gan"}, data={"contentvec_final_proj": False}),
    "fork 4.0v1-legacy": Generation(256),
    "fork quickvc": Generation(
        decoder="ms-istft",
        rates=(8, 4),
        kernels=(32, 16),
        model={"type_": "ms-istft", "gen_istft_n_fft": 16, "gen_istft_hop_size": 4, "subbands": 4},
        data={"contentvec_final_proj": False},
    ),
    "upstream 4.0": Generation(256, model={"use_spectral_norm": False}),
    "upstream 4.1": Generation(model={"speech_encoder": "vec768l12", "vocoder_name": "nsf-hifigan"}),
    "upstream 4.1, 256": Generation(256, model={"speech_encoder": "vec256l9", "vocoder_name": "nsf-hifigan"}),
    "upstream 4.1, loudness": Generation(
        model={"speech_encoder": "vec768l12", "vol_embedding": True}, with_loudness=True
    ),
    "upstream 4.1, no pitch decoder": Generation(
        model={"speech_encoder": "vec768l12", "use_automatic_f0_prediction": False}, with_pitch_decoder=False
    ),
}


def config_of(generation: Generation, *, is_tiny: bool = True, speakers=("singer", "other")) -> dict[str, Any]:
    sizes = TINY if is_tiny else {}
    model = {
        "inter_channels": 192,
        "hidden_channels": 192,
        "filter_channels": 768,
        "n_heads": 2,
        "n_layers": 6,
        "kernel_size": 3,
        "p_dropout": 0.1,
        "resblock": "1",
        "resblock_kernel_sizes": [3, 7, 11],
        "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5], [1, 3, 5]],
        "upsample_rates": list(generation.rates),
        "upsample_initial_channel": 512,
        "upsample_kernel_sizes": list(generation.kernels),
        "n_layers_q": 3,
        "gin_channels": 256,
        "ssl_dim": generation.content_width,
        "n_speakers": 200,
    }
    data = {"sampling_rate": RATE, "hop_length": HOP, "filter_length": 2048, "win_length": 2048, "n_mel_channels": 80}
    return {
        "train": {"segment_size": 10_240, "learning_rate": 1e-4},
        "data": data | generation.data,
        "model": model | sizes | generation.model,
        "spk": {name: number for number, name in enumerate(speakers)},
    }


NOT_KNOWN = ("speech_encoder", "vocoder_name", "vol_embedding", "use_automatic_f0_prediction", "use_spectral_norm")


def original_network(config: dict[str, Any]) -> nn.Module:
    """The original's own class; importing it takes seconds."""
    ensure_torchaudio()
    from so_vits_svc_fork.modules.synthesizers import SynthesizerTrn

    model = {name: value for name, value in config["model"].items() if name not in NOT_KNOWN}
    return SynthesizerTrn(1025, 20, **model).eval()


class OriginalParts(nn.Module):
    """The same parts under the same names, without what the class imports; the parity tests compare the two."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        from so_vits_svc_fork.modules.decoders.f0 import F0Decoder
        from so_vits_svc_fork.modules.decoders.hifigan import NSFHifiGANGenerator
        from so_vits_svc_fork.modules.decoders.mb_istft import Multistream_iSTFT_Generator
        from so_vits_svc_fork.modules.encoders import Encoder, TextEncoder
        from so_vits_svc_fork.modules.flows import ResidualCouplingBlock

        model = config["model"]
        inner, hidden, singers = model["inter_channels"], model["hidden_channels"], model["gin_channels"]
        filters, heads, layers, kernel = (model[k] for k in ("filter_channels", "n_heads", "n_layers", "kernel_size"))
        decoder = {name: value for name, value in model.items() if name.startswith(("resblock", "upsample", "gin_"))}
        self.emb_g = nn.Embedding(model["n_speakers"], singers)
        self.pre = nn.Conv1d(model["ssl_dim"], hidden, 5, padding=2)
        self.enc_p = TextEncoder(inner, hidden, kernel, layers, filter_channels=filters, n_heads=heads, p_dropout=0.1)
        if model.get("type_", "hifi-gan") == "hifi-gan":
            self.dec = NSFHifiGANGenerator(decoder | {"sampling_rate": RATE, "inter_channels": inner})
        else:
            sizes = {name: model[name] for name in ("gen_istft_n_fft", "gen_istft_hop_size", "subbands")}
            self.dec = Multistream_iSTFT_Generator(initial_channel=inner, **sizes, **decoder)
        self.enc_q = Encoder(1025, inner, hidden, 5, 1, 16, gin_channels=singers)
        self.flow = ResidualCouplingBlock(inner, hidden, 5, 1, 4, gin_channels=singers)
        self.f0_decoder = F0Decoder(1, hidden, filters, heads, layers, kernel, 0.1, spk_channels=singers)
        self.emb_uv = nn.Embedding(2, hidden)


def made_audible(network: nn.Module, seed: int = 0) -> nn.Module:
    """The same with seeded weights that let through what goes in; trained ones do, fresh ones hardly."""
    torch.manual_seed(seed)
    gain = 2.5 if network.pre.weight.shape[0] < 100 and hasattr(network.dec, "m_source") else 1.6
    for name, weight in network.named_parameters():
        if name.startswith("flow.") and ".post." in name:
            weight.data.normal_(0, 0.1)
        if name.startswith("dec.") and name.endswith("weight_g"):
            weight.data.mul_(gain)
        if name == "f0_decoder.proj.bias":
            weight.data.fill_(1.0)  # so that what it predicts is a pitch
        if name == "f0_decoder.proj.weight":
            weight.data.mul_(0.1)
    return network


def checkpoint_of(generation: Generation, config: dict[str, Any], step: int = 100) -> dict[str, Any]:
    """What training saves, with the state of its optimiser."""
    torch.manual_seed(1)
    tensors = made_audible(OriginalParts(config)).state_dict()
    if not generation.with_pitch_decoder:
        tensors = {name: value for name, value in tensors.items() if not name.startswith("f0_decoder.")}
    if generation.with_loudness:
        width = tensors["pre.bias"].shape[0]
        tensors |= {"emb_vol.weight": torch.randn(width, 1), "emb_vol.bias": torch.randn(width)}
    moments = {0: {"step": torch.tensor(1.0), "exp_avg": torch.zeros(8), "exp_avg_sq": torch.zeros(8)}}
    optimiser = {"state": moments, "param_groups": [{"lr": 1e-4, "betas": (0.8, 0.99), "params": [0]}]}
    return {"model": tensors, "iteration": step, "optimizer": optimiser, "learning_rate": 1e-4}


def write_checkpoint(folder: Path, name: str, *, is_tiny: bool = True, step: int = 100, **options: Any) -> Path:
    """`G_<step>.pth` and `config.json` as that generation writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    config = config_of(GENERATIONS[name], is_tiny=is_tiny, **options)
    (folder / "config.json").write_text(json.dumps(config))
    torch.save(checkpoint_of(GENERATIONS[name], config, step), folder / f"G_{step}.pth")
    return folder / f"G_{step}.pth"


def write_diffusion(folder: Path, content_width: int = 768, speakers: int = 2) -> tuple[Path, Path, Path, Path]:
    """A tiny `model_*.pt` with its yaml and a tiny NSF-HiFiGAN with its json, as 4.1 has them."""
    from so_vits_svc_fork.modules.decoders.hifigan import NSFHifiGANGenerator

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(2)
    shape = DiffusionShape(content_width, mels=16, channels=24, hidden=12, layers=3, speakers=speakers, has_shift=True)
    tensors = MelDiffusion(shape).state_dict()
    tensors["decoder.alphas_cumprod"] = torch.cumprod(1 - tensors["decoder.betas"], 0)
    torch.save({"global_step": 5000, "model": tensors, "optimizer": None}, folder / "model_5000.pt")
    settings = {"model": {"n_spk": speakers, "k_step_max": 200}, "data": {"encoder": f"vec{content_width}l12"}}
    (folder / "diffusion.yaml").write_text(yaml.safe_dump(settings))
    layers = {
        "upsample_rates": [8, 8, 2, 2, 2],
        "upsample_kernel_sizes": [16, 16, 4, 4, 4],
        "upsample_initial_channel": 32,
        "resblock": "1",
        "resblock_kernel_sizes": [3, 7, 11],
        "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5], [1, 3, 5]],
    }
    sizes = {"sampling_rate": RATE, "inter_channels": 16, "gin_channels": 1}
    network = NSFHifiGANGenerator(layers | sizes).state_dict()
    generator = {name: value for name, value in network.items() if not name.startswith("cond.")}
    torch.save({"generator": generator}, folder / "model")
    sound = {"sampling_rate": RATE, "num_mels": 16, "n_fft": 2048, "win_size": 2048, "hop_size": HOP}
    (folder / "config.json").write_text(json.dumps(layers | sound | {"fmin": 40, "fmax": 16_000}))
    return tuple(folder / name for name in ("model_5000.pt", "diffusion.yaml", "model", "config.json"))


def random_of(name: str, shape: torch.Size) -> torch.Tensor:
    """About what fresh layers have, in a fraction of the time."""
    if "layer_norm" in name:
        return torch.ones(shape) if name.endswith("weight") else torch.zeros(shape)
    width = shape[1:].numel() if len(shape) > 1 else 1000
    return torch.randn(shape) / width**0.5


def write_content_vec(seed: int = 0) -> Path:
    """ContentVec's file with random weights, where a person would put it by hand; its size is the real one."""
    path = get_content_vec_path()
    if not path.is_file():
        torch.manual_seed(seed)
        with torch.device("meta"):
            shapes = ContentVec(12, is_projected=True).state_dict()
        tensors = {name: random_of(name, value.shape) for name, value in shapes.items()}
        weight = tensors.pop("encoder.pos_conv_embed.conv.weight")
        length = weight.norm(dim=(0, 1), keepdim=True)
        head = "encoder.pos_conv_embed.conv"
        tensors |= {f"{head}.weight_g": length, f"{head}.weight_v": weight, "masked_spec_embed": torch.zeros(768)}
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(tensors, path)
    return path


def make_so_vits_voice(folder: Path, name: str = "fork 4.0v1", **options: Any) -> Voice:
    """A voice in a library in that folder, taken in from such a checkpoint."""
    generator = write_checkpoint(folder / "checkpoint", name, **options)
    facts = VoiceFacts("Tester", "synthetic", "CC0-1.0", speaker="singer")
    return import_so_vits(
        VoiceLibrary(folder / "voices"), SoVitsFiles(generator, generator.with_name("config.json")), facts
    )


def inspect_so_vits_repo(checkpoint: Checkpoint) -> SoVitsRepo:
    with open_hub_source(checkpoint) as source:
        return find_so_vits_files(source)


def change_config(files: SoVitsFiles, change) -> SoVitsFiles:
    config = json.loads(files.config.read_text())
    change(config)
    files.config.write_text(json.dumps(config))
    return files


def change_weights(files: SoVitsFiles, change) -> SoVitsFiles:
    checkpoint = torch.load(files.generator)
    change(checkpoint["model"])
    torch.save(checkpoint, files.generator)
    return files


def make_clusters(width=768, **singers):
    """As the original's training of clusters saves them."""
    rng = np.random.default_rng(0)
    names = singers or {"singer": 7}
    return {
        name: {
            "n_features_in_": width,
            "_n_threads": 2,
            "cluster_centers_": rng.standard_normal((n, width), np.float32),
        }
        for name, n in names.items()
    }


def add_clusters(files, path, content) -> SoVitsFiles:
    torch.save(content, path)
    return SoVitsFiles(files.generator, files.config, path)
