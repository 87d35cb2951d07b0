"""Our RoFormers equal independent ones, window by window; songs in windows have no seams."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import ROOT
from separation.roformer_maker import BS, BS_MANY, MEL, MEL_MANY, Kind, make_tensors, write_model
from separation.roformer_oracle import IS_INSTALLED, ask

from vc_core.audio import Audio
from vc_core.models.roformer.mel_bands import make_mel_bands
from vc_core.models.roformer.network import Roformer
from vc_core.separation.roformer.checkpoint import read_checkpoint
from vc_core.separation.roformer.config import read_config
from vc_core.separation.roformer.offers import describe_offer
from vc_core.separation.roformer.separator import RoformerSeparator
from vc_core.separation.roformer.shape import infer_shape
from vc_core.separation.roformer.weights import build_network

REFERENCES = ROOT / "tests" / "data" / "roformer" / "references.npz"
"""What the independent packages made of these windows; a slow test makes it again."""
KINDS = {"mel": MEL, "mel-4-stems": MEL_MANY, "bs": BS, "bs-6-stems": BS_MANY}
KINDS = {name: replace(kind, expansion=4) for name, kind in KINDS.items()}
CASES = [(name, channels, frames) for name in KINDS for channels in (1, 2) for frames in (4_000, 8_820)]
EVERY = 4
"""Of the references every fourth sample is stored."""


def make_window(channels: int, frames: int) -> np.ndarray:
    draw = np.random.default_rng(channels * frames)
    return (0.1 * draw.standard_normal((channels, frames))).astype(np.float32)


def build(folder, kind: Kind) -> tuple[Roformer, object]:
    checkpoint = write_model(folder, kind)
    config, tensors = read_config(checkpoint.with_suffix(".yaml")), read_checkpoint(checkpoint)
    shape = infer_shape(tensors, config, checkpoint.name, "tiny.yaml")
    return build_network(shape, config, tensors, checkpoint.name).eval(), config


def run(network: Roformer, window: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return network(torch.from_numpy(window)[None], range(network.shape.stems))[0].numpy()


def snr_db(reference: np.ndarray, found: np.ndarray) -> float:
    return float(10 * np.log10((reference.astype(float) ** 2).sum() / ((reference - found) ** 2).sum()))


@pytest.fixture
def exact(monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_BFLOAT16", "0")


@pytest.mark.parametrize(("name", "channels", "frames"), CASES)
def test_a_window_equals_the_independent_packages(tmp_path, name, channels, frames):
    reference = np.load(REFERENCES)[f"{name}/{channels}/{frames}"]
    network, _ = build(tmp_path, replace(KINDS[name], channels=channels))
    found = run(network, make_window(channels, frames))
    assert found.shape[:2] == reference.shape[:2]
    # BS drops the end that fills no hop; the other keeps it.
    assert snr_db(reference, found[..., ::EVERY][..., : reference.shape[-1]]) > 90


@pytest.mark.slow
@pytest.mark.skipif(not IS_INSTALLED, reason="run `make roformer-env` for the comparison")
def test_the_references_are_those_of_the_independent_package(tmp_path):
    stored = np.load(REFERENCES)
    for name, channels, frames in CASES:
        checkpoint = write_model(tmp_path, replace(KINDS[name], channels=channels))
        (answer,) = ask(checkpoint, [make_window(channels, frames)], tmp_path)
        assert snr_db(stored[f"{name}/{channels}/{frames}"], answer[..., ::EVERY]) > 110


def test_skip_connections_add_the_outputs_of_all_earlier_blocks(tmp_path):
    """Written out, block by block, since no independent package of the environment has them."""
    network, _ = build(tmp_path, replace(BS, depth=3, skips=True))
    features = torch.randn(1, 9, 62, 16, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        outputs = []
        x = features.clone()
        for block in network.blocks:
            x = x + sum(outputs)
            for axis, transformer in (1, block.time), (2, block.frequency):
                rows = x.movedim(axis, -2)
                done = transformer(rows.flatten(0, -3), rotation(rows.shape[-2]))
                x = done.view(rows.shape).movedim(-2, axis)
            outputs.append(x)
        expected = network.norm(x)
        assert torch.allclose(network._transform(features.clone()), expected, atol=1e-4)


def rotation(positions: int) -> torch.Tensor:
    angles = np.outer(np.arange(positions), 10_000.0 ** (-np.arange(0, 8, 2) / 8))
    return torch.from_numpy(np.exp(1j * angles).astype(np.complex64))


def test_linear_attention_is_attention_between_channels(tmp_path):
    kind = replace(MEL, linear_layers=1, depth=1)
    network, _ = build(tmp_path, kind)
    tensors = {name: value.numpy().astype(float) for name, value in make_tensors(kind).items()}
    x = np.random.default_rng(0).standard_normal((30, 16))
    normed = x / np.linalg.norm(x, axis=1, keepdims=True) * 4 * tensors["layers.0.0.layers.0.0.norm.gamma"]
    query, key, value = (
        (normed @ tensors["layers.0.0.layers.0.0.to_qkv.0.weight"].T).reshape(30, 3, 2, 8).transpose(1, 2, 3, 0)
    )
    query, key = (part / np.linalg.norm(part, axis=-1, keepdims=True) for part in (query, key))
    scores = np.exp(8 * np.exp(tensors["layers.0.0.layers.0.0.temperature"]) * (query @ key.transpose(0, 2, 1)))
    attended = scores / scores.sum(axis=-1, keepdims=True) @ value
    expected = attended.transpose(2, 0, 1).reshape(30, 16) @ tensors["layers.0.0.layers.0.0.to_out.1.weight"].T
    with torch.inference_mode():
        found = network.blocks[0].linear.attentions[0](torch.from_numpy(x)[None].float(), rotation(30))
    assert np.allclose(found[0].numpy(), expected, atol=1e-4)


@pytest.mark.parametrize(("bands", "fft_size"), [(60, 2048), (64, 2048), (60, 4096), (128, 4096)])
def test_mel_bands_are_those_of_librosa(bands, fft_size):
    import librosa

    bank = librosa.filters.mel(sr=44_100, n_fft=fft_size, n_mels=bands) > 0
    bank[0, 0] = bank[-1, -1] = True
    found = np.zeros_like(bank)
    for band, (start, stop) in enumerate(make_mel_bands(bands, 44_100, fft_size)):
        found[band, start:stop] = True
    assert np.array_equal(found, bank)


def load_separator(folder, kind: Kind, stems: tuple[str, ...]) -> RoformerSeparator:
    network, config = build(folder, kind)
    purpose = "stems" if len(kind.instruments) > 2 else "vocals"
    offer = describe_offer(config.instruments, config.target, purpose)
    return RoformerSeparator.load(network, config, offer, stems, "cpu")


@pytest.mark.parametrize("overlap", [1, 2, 4])
def test_a_song_has_no_seams(tmp_path, exact, song, overlap):
    """The same song, with windows that begin elsewhere: where they meet changes nothing."""
    kind = replace(MEL, overlap=overlap, chunk=4 * 44_100, depth=1)
    separator = load_separator(tmp_path, kind, ("vocals", "accompaniment"))
    excerpt = song.slice(0, 8 * 44_100)
    whole = separator.separate(excerpt)["vocals"].samples
    steps = np.abs(np.diff(whole, axis=1))
    hop = round(separator.windows.seconds * 44_100)
    for border in range(hop, excerpt.frames - hop // 2, hop):
        around = steps[:, border - 4000 : border + 4000]
        at = steps[:, border - 3 : border + 3]
        # No step at a border is larger than those around it, to -60 dB of the stem's peak.
        assert at.max() <= around.max() + 1e-3 * np.abs(whole).max()


def test_windows_agree_where_they_overlap(tmp_path, exact):
    """A network that sees only one frame at once gives windows that agree, so their joints are exact."""
    kind = replace(BS, depth=1, chunk=44_100)
    checkpoint = write_model(tmp_path, kind)
    tensors = torch.load(checkpoint, weights_only=True)
    for name, value in tensors.items():
        if name.startswith("layers.") and ".0.layers.0.0.to_out" in name:
            value.zero_()  # no attention along time
    torch.save(tensors, checkpoint)
    config, own = read_config(checkpoint.with_suffix(".yaml")), read_checkpoint(checkpoint)
    network = build_network(infer_shape(own, config, "t", "y"), config, own, "t").eval()
    offer = describe_offer(config.instruments, config.target, "vocals")
    separator = RoformerSeparator.load(network, config, offer, ("vocals", "accompaniment"), "cpu")
    # The hop of the transform divides that of the windows, so both see the same frames.
    assert round(separator.windows.seconds * 44_100) == 22_050
    samples = make_window(2, 100 * 512 * 2)
    whole = run(network, samples)[0]
    config_aligned = replace(config, chunk_samples=64 * 512)
    aligned = RoformerSeparator.load(network, config_aligned, offer, ("vocals", "accompaniment"), "cpu")
    joined = aligned.separate(Audio(samples, 44_100))["vocals"].samples
    inner = slice(4096, -4096)  # the transform reflects the song's ends, and windows begin with silence
    error = np.abs(joined - whole)[:, inner].max() / np.abs(whole).max()
    assert 20 * np.log10(error) < -60
