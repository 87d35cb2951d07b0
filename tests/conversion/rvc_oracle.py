"""An independent RVC (infer-rvc-python and faiss, from `make rvc-env`) in a process of its own, given our noise and F0.

Run as a program there; imported, it asks that program.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".rvc-env"
IS_INSTALLED = (ENVIRONMENT / "infer_rvc_python").is_dir()


@dataclass(frozen=True)
class Question:
    """A window of a song: 16 kHz samples or content features, and what else our synthesis draws and computes."""

    hertz: np.ndarray
    prior_noise: np.ndarray
    source_noise: np.ndarray
    samples: np.ndarray
    features: np.ndarray
    """Instead of those that the program computes from the samples, unless it is empty."""
    first_phase: float = 0.0
    index_rate: float = 0.0
    protect: float = 0.5
    speaker: int = 0


def ask(folder: Path, model: Path, questions: list[Question], index: Path | None = None) -> list[np.ndarray]:
    """The waveform that it makes of each window."""
    for at, question in enumerate(questions):
        np.savez(folder / f"{at}.npz", **vars(question))
    run("answer", folder, model, index or "")
    return [np.load(folder / f"{at}.npy") for at in range(len(questions))]


def run(*arguments: object) -> str:
    environment = os.environ | {"PYTHONPATH": f"{ENVIRONMENT}{os.pathsep}{ROOT}", "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-W", "ignore", __file__, *map(str, arguments)]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def load_original(model: Path):
    """Its network and its pipeline, on the CPU."""
    from types import ModuleType

    from vc_core.checkpoints.torchaudio_guard import ensure_torchaudio

    ensure_torchaudio()
    sys.modules.setdefault("ffmpeg", ModuleType("ffmpeg"))  # it only decodes files by it
    from infer_rvc_python.main import Config, load_trained_model

    config = Config(only_cpu=True)
    _, _, network, pipeline, checkpoint, version = load_trained_model(str(model), config)
    return network, pipeline, checkpoint, version


def load_content_encoder():
    """Its HuBERT, with the weights that stand where ours are found."""
    import torch
    from infer_rvc_python.main import FairseqHubertWrapper, HubertModelWithFinalProj
    from transformers import HubertConfig

    from vc_core.voices.content_vec import get_content_vec_path

    wrapper = FairseqHubertWrapper.__new__(FairseqHubertWrapper)
    torch.nn.Module.__init__(wrapper)
    wrapper.model = HubertModelWithFinalProj(HubertConfig())
    missing = wrapper.model.load_state_dict(rename_weight_norm(torch.load(get_content_vec_path())), strict=False)
    assert not missing.missing_keys, missing
    return wrapper.eval()


def rename_weight_norm(tensors):
    names = {"weight_g": "parametrizations.weight.original0", "weight_v": "parametrizations.weight.original1"}
    return {
        f"{head}.{names.get(last, last)}".lstrip("."): tensors[name]
        for name in tensors
        for head, _, last in [name.rpartition(".")]
    }


class GivenFeatures:
    """In place of HuBERT."""

    def __init__(self, features):
        self.features = features

    def extract_features(self, **_):
        return (self.features,)

    def final_proj(self, features):
        return features


def answer(folder: Path, model: Path, index_file: str) -> None:
    import faiss
    import torch

    network, pipeline, _, version = load_original(model)
    index = vectors = None
    if index_file:
        index = faiss.read_index(index_file)
        vectors = index.reconstruct_n(0, index.ntotal)
    encoder = None
    for path in sorted(folder.glob("[0-9]*.npz")):
        given = np.load(path)
        pitch = hertz = None
        if hasattr(network.dec, "m_source"):
            pitch, hertz = quantise(pipeline, given["hertz"])
        if given["features"].size:
            hubert = GivenFeatures(torch.from_numpy(given["features"])[None])
        else:
            hubert = encoder = encoder or load_content_encoder()
        torch.randn_like = draw_from([given["prior_noise"][None], given["source_noise"].reshape(1, -1, 1)])
        torch.sin = start_phase_at(float(given["first_phase"]))
        speaker = torch.tensor([int(given["speaker"])])
        rates = float(given["index_rate"]), version, float(given["protect"])
        made = pipeline.vc(hubert, network, speaker, given["samples"], pitch, hertz, [0, 0, 0], index, vectors, *rates)
        np.save(path.with_suffix(".npy"), made)


def quantise(pipeline, hertz):
    """Our F0 in its own bins, by the way that it has for files of F0."""
    import torch

    pipeline.x_pad = 0
    hops = len(hertz)
    given = np.stack([np.arange(hops) / 100, hertz], axis=1)
    bins, _ = pipeline.get_f0("", np.zeros(hops * 160 + 1600), hops, 0, "pm", 3, given)
    # Of its F0 only the bins: it divides and multiplies times by 100, and then interpolates.
    return torch.tensor(bins[:hops])[None].long(), torch.from_numpy(hertz)[None]


def draw_from(noises):
    import torch

    ours = iter(noises)
    originally = torch.zeros_like

    def draw(like):
        noise = next(ours, None)
        return originally(like) if noise is None else torch.from_numpy(np.ascontiguousarray(noise)).to(like)

    return draw


def start_phase_at(cycles: float, sine=None):
    """Its phase begins at 0 in every window; ours goes on where the song has come to."""
    import torch

    sine = torch.sin if not hasattr(torch.sin, "original") else torch.sin.original

    def shifted(phase):
        return sine(phase + 2 * np.pi * cycles)

    shifted.original = sine
    return shifted


def write_faiss_index(vectors: Path, target: Path, lists: int, probes: int) -> None:
    """As RVC's training writes it."""
    import faiss

    features = np.load(vectors)
    index = faiss.index_factory(features.shape[1], f"IVF{lists},Flat")
    faiss.extract_index_ivf(index).nprobe = probes
    index.train(features)
    index.add(features)
    faiss.write_index(index, str(target))


def search(index_file: str, queries: Path, target: Path) -> None:
    """What RVC's pipeline makes of frames, in its own words: squares of one over the score."""
    import faiss

    index = faiss.read_index(index_file)
    vectors = index.reconstruct_n(0, index.ntotal)
    score, found = index.search(np.load(queries), k=8)
    weight = np.square(1 / score)
    weight /= weight.sum(axis=1, keepdims=True)
    np.save(target, np.sum(vectors[found] * weight[..., None], axis=1))


def list_tensors(model: Path, target: Path) -> None:
    """Names and shapes of its own network for that file's config."""
    network, *_ = load_original(model)
    shapes = {name: np.array(value.shape) for name, value in network.state_dict().items()}
    np.savez(target, **shapes)


def list_weights(model: Path, target: Path) -> None:
    """The weights of its own network, after it has loaded that file."""
    network, *_ = load_original(model)
    np.savez(target, **{name: value.float().numpy() for name, value in network.state_dict().items()})


if __name__ == "__main__":
    name, *given = sys.argv[1:]
    match name:
        case "answer":
            answer(Path(given[0]), Path(given[1]), given[2])
        case "index":
            write_faiss_index(Path(given[0]), Path(given[1]), int(given[2]), int(given[3]))
        case "search":
            search(given[0], Path(given[1]), Path(given[2]))
        case "weights":
            list_weights(Path(given[0]), Path(given[1]))
        case "tensors":
            list_tensors(Path(given[0]), Path(given[1]))
