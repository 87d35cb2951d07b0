"""Shallow diffusion leads where its network points, and its files are checked like all others."""

import json
import os
from dataclasses import replace

import librosa
import numpy as np
import pytest
import torch
from conversion.so_vits_maker import (
    HOP,
    RATE,
    inspect_so_vits_repo,
    write_checkpoint,
    write_content_vec,
    write_diffusion,
)
from hub_server import Repo
from measures import snr_db
from typer.testing import CliRunner

from vc_core.audio import Audio
from vc_core.checkpoints.hub import parse_checkpoint
from vc_core.cli import app
from vc_core.conversion import ConversionOptions
from vc_core.conversion.so_vits.config import read_config
from vc_core.conversion.so_vits.converter import load_so_vits
from vc_core.conversion.so_vits.diffusion import load_diffusion
from vc_core.conversion.so_vits.importing import import_so_vits
from vc_core.conversion.so_vits.options import SoVitsOptions
from vc_core.conversion.so_vits.repo import SoVitsFiles, fetch_files
from vc_core.errors import UserError
from vc_core.models.mel_diffusion import sample_dpm_solver
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.library import VoiceLibrary, find_faults

FACTS = VoiceFacts("Tester", "synthetic", "CC0-1.0", speaker="singer")
LENGTHS = torch.log(torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000).double(), 0)) / 2


@pytest.fixture
def files(tmp_path):
    generator = write_checkpoint(tmp_path / "mine", "upstream 4.1")
    diffusion = write_diffusion(tmp_path / "diffusion")
    return SoVitsFiles(generator, generator.with_name("config.json"), diffusion=diffusion)


@pytest.fixture
def library(tmp_path):
    return VoiceLibrary(tmp_path / "voices")


def sung(seconds=0.5) -> Audio:
    times = np.arange(round(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * 200 * count * times) / count for count in range(1, 9))
    return Audio((0.1 * wave).astype(np.float32)[None], RATE)


@pytest.mark.parametrize(("depth", "steps"), [(1000, 100), (1000, 20), (100, 10), (100, 3), (1, 1)])
def test_a_denoiser_that_knows_the_answer_leads_to_it(depth, steps):
    """With the true noise of any place, every order of steps gives the clean value that is meant."""
    wanted = torch.randn(1, 4, 50, generator=torch.Generator().manual_seed(0))
    rough = torch.randn(1, 4, 50, generator=torch.Generator().manual_seed(1))
    lengths = LENGTHS[:depth]

    def denoise(noisy, step):
        length = np.interp(step, np.arange(len(lengths)), lengths.numpy())
        return (noisy - np.exp(length) * wanted) / np.sqrt(-np.expm1(2 * length))

    noise = torch.randn(1, 4, 50, generator=torch.Generator().manual_seed(2))
    drawn = sample_dpm_solver(denoise, rough, noise, lengths, steps)
    if depth > 1:
        assert snr_db(wanted.numpy(), drawn.float().numpy()) > 25
    else:  # hardly any noise was added, so hardly anything is drawn anew
        assert snr_db(rough.numpy(), drawn.float().numpy()) > 30


def test_more_sampling_steps_approach_the_exact_solution():
    """For normally distributed values the flow's end is known: they keep their place in the distribution."""
    spread, middle = 0.3, 0.7

    def denoise(noisy, step):
        length = np.interp(step, np.arange(1000), LENGTHS.numpy())
        alpha, sigma = np.exp(length), np.sqrt(-np.expm1(2 * length))
        return sigma * (noisy - alpha * middle) / (alpha**2 * spread**2 + sigma**2)

    noise = torch.linspace(-2, 2, 9)[None, None]
    begun = np.exp(LENGTHS[-1].item())
    place = (noise - begun * middle) / np.sqrt(begun**2 * spread**2 + 1 - begun**2)
    exact = (middle + spread * place).numpy()
    errors = [
        np.abs(sample_dpm_solver(denoise, torch.zeros(1, 1, 9), noise, LENGTHS, steps).numpy() - exact).max()
        for steps in (10, 40, 160)
    ]
    assert errors[0] > 1.5 * errors[1] > 3 * errors[2]
    assert errors[2] < 0.02


def test_the_diffusion_is_stored_with_the_voice_and_its_log_mel_equals_librosas(files, library):
    voice = import_so_vits(library, files, FACTS)
    assert find_faults(voice) == []
    diffusion = load_diffusion(voice.folder, read_config(files.config), 768, "cpu")
    assert diffusion.settings.deepest == 200
    sound = sung().samples[:, : 30 * HOP]
    around = np.pad(sound[0], 768, mode="reflect")
    bands = librosa.feature.melspectrogram(
        y=around, sr=RATE, n_fft=2048, hop_length=HOP, power=1, center=False, n_mels=16, fmin=40, fmax=16_000
    )
    content_width = diffusion.compute_log_mel(torch.from_numpy(sound)).numpy()[0]
    np.testing.assert_allclose(content_width, np.log(np.maximum(bands, 1e-5)), atol=1e-3)


@pytest.mark.slow
def test_a_voice_uses_its_diffusion(files, library):
    write_content_vec()
    converter, song, sounds = load_so_vits(import_so_vits(library, files, FACTS)), sung(0.4), []
    for depth in (0, 100, 100):
        so_vits = SoVitsOptions(diffusion_depth=depth, diffusion_speedup=50, loudness_ratio=0)
        sounds.append(converter.convert(song, ConversionOptions(automatic_key="off", own=so_vits)).samples)
        assert sounds[-1].shape == song.samples.shape
        assert np.isfinite(sounds[-1]).all()
        assert sounds[-1].any()
    assert snr_db(sounds[0], sounds[1]) < 20
    np.testing.assert_array_equal(sounds[1], sounds[2])


def test_diffusion_depth_without_diffusion_is_refused(files, library):
    write_content_vec()
    converter = load_so_vits(import_so_vits(library, replace(files, diffusion=None), FACTS))
    with pytest.raises(UserError, match="has no diffusion"):
        converter.convert(sung(), ConversionOptions(own=SoVitsOptions(diffusion_depth=100)))


class Payload:
    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return os.mkdir, (self.mark,)


@pytest.mark.parametrize("which", [0, 2])
def test_malicious_models_are_refused_and_never_run(files, library, tmp_path, which):
    torch.save({"model": Payload(tmp_path / "ran"), "generator": Payload(tmp_path / "ran")}, files.diffusion[which])
    with pytest.raises(UserError, match="holds code"):
        import_so_vits(library, files, FACTS)
    assert not (tmp_path / "ran").exists()
    assert library.list() == []


def test_a_malicious_yaml_is_refused_and_never_run(files, library, tmp_path):
    files.diffusion[1].write_text(f"model: !!python/object/apply:os.mkdir ['{tmp_path}/ran']")
    with pytest.raises(UserError, match="not a config that can be read"):
        import_so_vits(library, files, FACTS)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sampling_rate": 22_050}, "another sample rate"),
        ({"n_fft": 10**9}, "a size is none"),
        ({"n_fft": "2048"}, "a size is none"),
        ({"upsample_rates": [8, 8, 2, 2, 4]}, "misshapen|its hop"),
        ({"upsample_rates": [8, 8]}, "vocoder"),
        ({"fmin": 30_000}, "frequencies"),
        ({"resblock_dilation_sizes": 5}, "make no sense"),
    ],
)
def test_a_config_that_doesn_t_fit_is_refused(files, library, changes, sentence):
    config = json.loads(files.diffusion[3].read_text()) | changes
    files.diffusion[3].write_text(json.dumps(config))
    with pytest.raises(UserError, match=sentence):
        import_so_vits(library, files, FACTS)


def test_a_diffusion_with_another_content_width_is_refused(files, library, tmp_path):
    other = replace(files, diffusion=write_diffusion(tmp_path / "other", content_width=256))
    with pytest.raises(UserError, match="hears 256 numbers where the voice hears 768"):
        import_so_vits(library, other, FACTS)
    swapped = replace(files, diffusion=(files.generator, *files.diffusion[1:]))
    with pytest.raises(UserError, match="no diffusion model"):
        import_so_vits(library, swapped, FACTS)


# From the Hub

MODEL = "logs/44k/diffusion/model_5000.pt"
VOCODER = "pretrain/nsf_hifigan"


@pytest.fixture
def repo(hub, files):
    """As 4.1 lays its folders out."""
    model, settings, vocoder, sizes = (path.read_bytes() for path in files.diffusion)
    hub.repos["me/deep"] = Repo(
        {
            "logs/44k/G_100.pth": files.generator.read_bytes(),
            "configs/config.json": files.config.read_bytes(),
            MODEL: model,
            MODEL.replace("5000", "800"): model,
            "configs/diffusion.yaml": settings,
            f"{VOCODER}/model": vocoder,
            f"{VOCODER}/config.json": sizes,
        }
    )
    return hub.repos["me/deep"]


def test_a_repo_s_diffusion_is_offered_with_all_that_it_needs(repo):
    offered = inspect_so_vits_repo(parse_checkpoint("me/deep"))
    assert offered.configs == ("configs/config.json",)
    assert list(offered.diffusions) == [MODEL, MODEL.replace("5000", "800")]
    assert offered.diffusions[MODEL] == (
        MODEL,
        "configs/diffusion.yaml",
        f"{VOCODER}/model",
        f"{VOCODER}/config.json",
    )


@pytest.mark.parametrize("missing", ["configs/diffusion.yaml", f"{VOCODER}/model", f"{VOCODER}/config.json"])
def test_an_incomplete_diffusion_is_not_offered(repo, missing):
    del repo.files[missing]
    assert inspect_so_vits_repo(parse_checkpoint("me/deep")).diffusions == {}


def test_a_chosen_diffusion_is_imported(repo, library, hub):
    offered = inspect_so_vits_repo(parse_checkpoint("me/deep"))
    plain = import_so_vits(library, fetch_files(offered), FACTS)
    assert "diffusion.safetensors" not in plain.card.files
    assert not [line for line in hub.log if "model_" in line]
    deep = import_so_vits(library, fetch_files(offered, diffusion=MODEL), replace(FACTS, name="Deep"))
    assert find_faults(deep) == []
    assert load_diffusion(deep.folder, read_config(deep.folder / "config.json"), 768, "cpu").settings.deepest == 200
    with pytest.raises(UserError, match="no file “model_1.pt” to choose"):
        fetch_files(offered, diffusion="model_1.pt")


@pytest.mark.parametrize("source", ["me/deep", "files"])
def test_the_shell_imports_a_diffusion(repo, files, tmp_path, monkeypatch, source):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    folder = files.generator.parent
    for name in repo.files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(repo.files[name])
    where = str(files.generator) if source == "files" else source
    words = ["voices", "import", where, "--consent", "synthetic", "--licence", "MIT", "--speaker", "singer"]
    plain = CliRunner().invoke(app, [*words, "--name", "Plain"])
    assert f"To import it: --diffusion {MODEL}" in plain.output.replace("\n", "")
    wrong = CliRunner().invoke(app, [*words, "--name", "Wrong", "--diffusion", "model_1.pt"])
    assert wrong.exit_code == 1
    assert "“model_1.pt”" in wrong.output
    done = CliRunner().invoke(app, [*words, "--name", "Deep", "--diffusion", MODEL])
    assert done.exit_code == 0, done.output
    added = VoiceLibrary(tmp_path / "home" / "voices").find("Deep")
    assert {"diffusion.safetensors", "vocoder.safetensors", "diffusion.json"} <= added.card.files.keys()
