"""Models come from the Hub, a link or a file; page, API, shell, cover and training use them alike."""

import hashlib
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from conftest import ROOT
from hub_server import Repo
from separation.roformer_maker import BS, BS_MANY, MEL, write_model
from voice_maker import add_voice

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.files.links import LinkRules
from vc_core.files.reading import read_audio
from vc_core.separation import (
    SEPARATORS,
    SeparatorOptions,
    choose_separator,
    forget_separator,
    load_separator,
    prepare_separator,
)
from vc_core.separation.roformer import KNOWN_MODELS, find_installed, install_local, list_installed, list_models
from vc_core.separation.roformer.known import KnownModel
from vc_core.separation.roformer.library import name_model
from vc_core.separation.roformer.offers import PURPOSES, describe_offer, guess_purpose

KARAOKE = replace(MEL, instruments=("karaoke", "other"), target="karaoke")


@pytest.fixture(autouse=True)
def _home(monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    forget_separator()


@pytest.fixture
def noise() -> Audio:
    return Audio((0.1 * np.random.default_rng(0).standard_normal((2, 100_000))).astype(np.float32), 44_100)


def publish(hub, folder, kind=MEL, repo="someone/tiny", name="tiny") -> None:
    write_model(folder, kind, name)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    hub.repos[repo] = Repo(files | {"README.md": b"# A model"})


def publish_as_known(hub, folder, monkeypatch, kind=MEL) -> None:
    """As the usual model of the list."""
    publish(hub, folder, kind)
    known = replace(
        KNOWN_MODELS["kim-vocals"],
        repo="someone/tiny",
        file="tiny.ckpt",
        sha256=hashlib.sha256(hub.repos["someone/tiny"].files["tiny.ckpt"]).hexdigest(),
        config="tiny.yaml",
    )
    monkeypatch.setitem(KNOWN_MODELS, "kim-vocals", known)


def test_a_repo_is_installed_once_and_works_offline(hub, tmp_path, noise):
    publish(hub, tmp_path / "model")
    options = SeparatorOptions(model="someone/tiny")
    prepare_separator("roformer", options)
    assert [model.name for model in list_installed()] == ["someone-tiny"]
    assert list_installed()[0].origin.startswith("someone/tiny@")
    hub.down = True
    prepare_separator("roformer", options)
    stems = load_separator("roformer", "cpu", options).separate(noise)
    assert list(stems) == ["vocals", "accompaniment"]
    assert np.allclose(sum(stem.samples for stem in stems.values()), noise.samples, atol=1e-6)


def test_of_a_repo_with_several_models_one_is_named(hub, tmp_path):
    publish(hub, tmp_path / "model")
    publish(hub, tmp_path / "model", BS, name="other")
    with pytest.raises(UserError, match="someone/tiny has several models. Name one as someone/tiny:other.ckpt"):
        prepare_separator("roformer", SeparatorOptions(model="someone/tiny"))
    prepare_separator("roformer", SeparatorOptions(model="someone/tiny:other.ckpt"))
    assert find_installed("someone/tiny:other.ckpt").config.stft.hop_samples == 512


def test_the_usual_model_needs_no_name(hub, tmp_path, monkeypatch, noise):
    publish_as_known(hub, tmp_path / "model", monkeypatch)
    assert SEPARATORS["roformer"].download_megabytes(SeparatorOptions()) == 913
    prepare_separator("roformer", SeparatorOptions())
    assert SEPARATORS["roformer"].download_megabytes(SeparatorOptions()) == 0
    assert list(load_separator("roformer", "cpu").separate(noise)) == ["vocals", "accompaniment"]


def test_a_known_model_with_another_hash_is_refused(hub, tmp_path, monkeypatch):
    publish_as_known(hub, tmp_path / "model", monkeypatch)
    monkeypatch.setitem(KNOWN_MODELS, "kim-vocals", replace(KNOWN_MODELS["kim-vocals"], sha256="0" * 64))
    with pytest.raises(UserError, match="its hash differs"):
        prepare_separator("roformer", SeparatorOptions())
    assert list_installed() == ()


def test_a_link_leads_to_a_model_and_to_the_config_beside_it(hub, tmp_path, monkeypatch):
    publish(hub, tmp_path / "model")
    rules = LinkRules(
        may_connect=lambda address, port: True, resolve=lambda host, port: ["127.0.0.1"], content_types=".*"
    )
    monkeypatch.setattr("vc_core.separation.roformer.installing.LINK_RULES", rules)
    link = f"http://files.test:{hub.server_port}/someone/tiny/resolve/main/tiny.ckpt"
    for text in (link, f"{link} {link.replace('.ckpt', '.yaml')}"):
        prepare_separator("roformer", SeparatorOptions(model=text))
        assert find_installed(text).origin == link


def test_a_link_into_a_private_network_is_refused(hub):
    with pytest.raises(UserError, match="private network"):
        prepare_separator("roformer", SeparatorOptions(model=f"http://localhost:{hub.server_port}/a.ckpt"))


def test_a_page_never_opens_files_of_the_server(tmp_path):
    model = write_model(tmp_path / "model")
    for text in (str(model), "tiny"):
        with pytest.raises(UserError):
            prepare_separator("roformer", SeparatorOptions(model=text))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UserError, match="There is no model “magic”. There are: kim-vocals"):
        prepare_separator("roformer", SeparatorOptions(model="magic"))


def test_an_engine_with_one_model_has_none_to_choose():
    with pytest.raises(UserError, match="“Spleeter” has no models to choose from"):
        choose_separator("spleeter", SeparatorOptions(model="tiny"))


def test_a_changed_file_is_installed_again(tmp_path):
    model = write_model(tmp_path, MEL)
    name = install_local(str(model))
    written = find_installed(name).path.stat().st_mtime_ns
    install_local(str(model))
    assert find_installed(name).path.stat().st_mtime_ns == written
    write_model(tmp_path, replace(MEL, seed=5))
    install_local(str(model))
    assert find_installed(name).path.stat().st_mtime_ns > written


@pytest.mark.parametrize("nested", ["", "state_dict", "model"])
def test_weights_in_half_precision_or_nested_give_the_same(tmp_path, noise, nested, monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_BFLOAT16", "0")
    outputs = []
    for at, half in enumerate((False, True)):
        model = write_model(tmp_path, replace(MEL, half=half), f"model{at}", nested=nested)
        options = SeparatorOptions(model=install_local(str(model)))
        outputs.append(load_separator("roformer", "cpu", options).separate(noise)["vocals"].samples)
    assert np.abs(outputs[0] - outputs[1]).max() < 0.01 * np.abs(outputs[0]).max()


def test_six_stems_can_be_four_or_two(tmp_path, noise):
    name = install_local(str(write_model(tmp_path, BS_MANY)))
    made = {}
    for count in (2, 4, 6):
        made[count] = load_separator("roformer", "cpu", SeparatorOptions(count, model=name)).separate(noise)
        assert len(made[count]) == count
        assert np.allclose(sum(stem.samples for stem in made[count].values()), noise.samples, atol=1e-5)
    assert list(made[2]) == ["vocals", "accompaniment"]
    assert list(made[4]) == ["vocals", "drums", "bass", "other"]
    assert list(made[6]) == ["vocals", "drums", "bass", "guitar", "piano", "other"]
    assert np.allclose(made[2]["vocals"].samples, made[6]["vocals"].samples, atol=1e-3)
    with pytest.raises(UserError, match="separates into 2 or 4 or 6 parts, not into 5"):
        choose_separator("roformer", SeparatorOptions(5, model=name))


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("song_channels", [1, 2])
@pytest.mark.parametrize("sample_rate", [44_100, 32_000])
def test_any_sample_rate_and_channels_give_stems_as_long_as_the_song(tmp_path, channels, song_channels, sample_rate):
    name = install_local(str(write_model(tmp_path, replace(MEL, channels=channels))))
    separator = load_separator("roformer", "cpu", SeparatorOptions(model=name))
    for frames in (100, 30_000, 70_001):
        samples = np.random.default_rng(0).standard_normal((song_channels, frames)).astype(np.float32)
        stems = separator.separate(Audio(samples * 0.1, sample_rate))
        assert {stem.samples.shape for stem in stems.values()} == {(song_channels, frames)}
        assert all(np.isfinite(stem.samples).all() for stem in stems.values())


def test_windows_at_once_equal_windows_one_by_one(tmp_path, noise, monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_BFLOAT16", "0")
    name = install_local(str(write_model(tmp_path, BS_MANY)))
    separator = load_separator("roformer", "cpu", SeparatorOptions(6, model=name))
    windows = [noise.slice(start, start + 44_100) for start in (0, 20_000, 50_000)]
    for one, many in zip(map(separator.split, windows), separator.split_batch(windows), strict=True):
        for stem in one:
            assert np.allclose(one[stem].samples, many[stem].samples, atol=1e-5)


def test_bfloat16_changes_little(tmp_path, noise, monkeypatch):
    name = install_local(str(write_model(tmp_path, MEL)))
    outputs = []
    for forced in ("0", "1"):
        monkeypatch.setenv("VOICE_STUDIO_BFLOAT16", forced)
        forget_separator()
        outputs.append(
            load_separator("roformer", "cpu", SeparatorOptions(model=name)).separate(noise)["vocals"].samples
        )
    error = np.linalg.norm(outputs[0] - outputs[1]) / np.linalg.norm(outputs[0])
    assert 0 < error < 0.05


def test_silence_stays_silent(tmp_path):
    name = install_local(str(write_model(tmp_path, MEL)))
    stems = load_separator("roformer", "cpu", SeparatorOptions(model=name)).separate(
        Audio(np.zeros((2, 60_000), np.float32), 44_100)
    )
    assert not any(stem.samples.any() for stem in stems.values())


OFFERS = [
    (("vocals", "other"), "vocals", "kim", "vocals", ("vocals", "accompaniment"), ("vocals",)),
    (("Vocals", "Instrumental"), "", "deux", "vocals", ("vocals", "accompaniment"), ("vocals", "accompaniment")),
    (("Vocals", "Instrumental"), "Instrumental", "inst", "vocals", ("vocals", "accompaniment"), ("accompaniment",)),
    (("karaoke", "other"), "karaoke", "x", "lead", ("lead", "backing"), ("lead",)),
    (("Vocals", "Instrumental"), "", "karaoke_becruily", "lead", ("lead", "backing"), ("lead", "backing")),
    (("noreverb", "reverb"), "noreverb", "x", "dereverb", ("dry", "reverb"), ("dry",)),
    (("dry", "other"), "dry", "denoise_mel", "denoise", ("clean", "noise"), ("clean",)),
    (("bass", "drums", "other", "vocals"), "", "x", "stems", ("vocals", "drums", "bass", "other"), None),
    (("speech", "music", "sfx"), "", "x", "stems", ("speech", "music", "sfx"), None),
]


@pytest.mark.parametrize(("instruments", "target", "name", "purpose", "stems", "estimated"), OFFERS)
def test_what_a_model_offers_follows_from_its_config(instruments, target, name, purpose, stems, estimated):
    assert guess_purpose(instruments, name) == purpose
    offer = describe_offer(instruments, target, purpose)
    assert offer.stem_names == stems
    assert offer.estimated == (estimated or tuple(one.lower() for one in instruments))


def test_known_models_state_what_a_user_must_know():
    for name, model in KNOWN_MODELS.items():
        assert isinstance(model, KnownModel)
        assert name == name_model(name) == model.name
        assert model.purpose in PURPOSES
        assert len(model.sha256) == 64
        assert "licence: " in str(model.describe())
        assert str(model.megabytes) in str(model.describe())
    assert list_models("lead") == ("karaoke-gabox", "karaoke-becruily")


def test_installed_models_come_first(tmp_path):
    install_local(str(write_model(tmp_path, KARAOKE, "my-karaoke")))
    assert list_models("lead") == ("my-karaoke", "karaoke-gabox", "karaoke-becruily")
    assert list_models()[0] == "my-karaoke"


def run_shell(*command: object) -> list[str]:
    """The names of the files that it makes."""
    from typer.testing import CliRunner

    from vc_core.cli import app

    done = CliRunner().invoke(app, [str(word) for word in command])
    assert done.exit_code == 0, done.output
    return [Path(line).name for line in done.stdout.split() if line.endswith(".flac")]


@pytest.fixture
def song_file(tmp_path, song):
    excerpt = song.slice(0, 2 * song.sample_rate)
    soundfile.write(tmp_path / "song.wav", excerpt.samples.T, excerpt.sample_rate)
    return tmp_path / "song.wav"


def test_the_shell_takes_a_file_and_a_repo(hub, tmp_path, song_file):
    command = ("separate", song_file, "--engine", "roformer", "--model")
    model = write_model(tmp_path / "model")
    assert run_shell(*command, model, "-o", tmp_path / "out") == ["vocals.flac", "accompaniment.flac"]
    publish(hub, tmp_path / "published", BS_MANY)
    names = run_shell(*command, "someone/tiny", "--stems", 4, "-o", tmp_path / "hub")
    assert names == ["vocals.flac", "drums.flac", "bass.flac", "other.flac"]


def test_a_batch_uses_the_usual_model(tmp_path, monkeypatch, song_file):
    from vc_core.batch.journal import Item
    from vc_core.batch.tasks import SeparateFile
    from vc_core.recipes.separate import SeparationOptions

    install_local(str(write_model(tmp_path / "model")))
    monkeypatch.setenv("VOICE_STUDIO_ROFORMER", "tiny")
    made = SeparateFile(SeparationOptions(engine="roformer"))(Item(song_file, tmp_path / "batch"))
    assert [path.name for path in made] == ["vocals.flac", "accompaniment.flac"]


def test_a_cover_uses_it_without_knowing_it(tmp_path, monkeypatch, song_file):
    from vc_core.cover.options import CoverOptions
    from vc_core.cover.separating import make_separation_key, separate_music
    from vc_core.cover.stage_cache import StageCache
    from vc_core.cover.stages import start_stages
    from vc_core.files.reading import open_audio
    from vc_core.progress import silent
    from vc_core.recipes.clean_up import VocalExtraction
    from vc_core.recipes.training import extract_vocals
    from vc_core.voices.library import VoiceLibrary

    install_local(str(write_model(tmp_path / "model")))
    monkeypatch.setenv("VOICE_STUDIO_ROFORMER", "tiny")
    options = CoverOptions(separator="roformer", backing="together")
    voice, opened = add_voice(VoiceLibrary(tmp_path / "voices")), open_audio(song_file)
    with start_stages(opened, voice, options, StageCache(tmp_path / "stages"), silent) as stages:
        separated = separate_music(opened, "roformer", stages)
        assert separated.vocals.frames == opened.frames
    extracted = extract_vocals([song_file], tmp_path / "training", VocalExtraction("roformer"))
    assert extracted.sources[0].name == "song.flac"
    monkeypatch.setenv("VOICE_STUDIO_ROFORMER", "another")
    assert make_separation_key(opened, "roformer") != separated.key


def test_the_api_has_the_model_as_a_parameter(hub, client, tmp_path, song_file):
    from gradio_client import handle_file

    publish(hub, tmp_path / "model", BS_MANY)
    info = client.view_api(return_format="dict")["named_endpoints"]["/separate"]
    assert "model" in {one["parameter_name"] for one in info["parameters"]}
    made = client.predict(
        song=handle_file(song_file), engine="roformer", stems=6, model="someone/tiny", api_name="/separate"
    )
    vocals, accompaniment, *_, archive, _, _ = made
    assert accompaniment is None
    assert read_audio(vocals).frames == 2 * 44_100
    with zipfile.ZipFile(archive) as packed:
        names = {name.rpartition(" - ")[2] for name in packed.namelist()}
    assert names == {f"{name}.flac" for name in ("vocals", "drums", "bass", "guitar", "piano", "other")}


def test_the_page_shows_what_a_model_is_and_offers_its_stems(tmp_path):
    from vc_core.ui.tabs.separate_vocals import _fit_to_engine, _fit_to_model

    install_local(str(write_model(tmp_path, BS_MANY, "six")))
    stems, treble, model = _fit_to_engine("roformer")
    assert model["visible"] is True
    assert model["choices"][:2] == ["", "six"]
    assert stems["choices"] == [2]
    assert treble["visible"] == "hidden"
    stems, info = _fit_to_model("roformer", "karaoke-becruily", SimpleNamespace(headers={"accept-language": "ko"}))
    assert "1719MB" in info["info"]
    assert "라이선스: 비상업적" in info["info"]
    stems, _ = _fit_to_model("roformer", "six", SimpleNamespace(headers={}))
    assert stems["choices"] == [2, 4, 6]
    assert _fit_to_engine("repet")[2]["visible"] == "hidden"


def test_a_shared_page_installs_no_model_of_a_stranger(monkeypatch):
    from vc_core.recipes.separate import SeparationOptions
    from vc_core.ui.tabs.separate_vocals import _check_model

    monkeypatch.setenv("VOICE_STUDIO_SHARED", "1")
    _check_model(SeparationOptions(engine="roformer", model="kim-vocals"))
    with pytest.raises(UserError, match="On a shared page"):
        _check_model(SeparationOptions(engine="roformer", model="someone/large"))


def test_the_docs_list_every_known_model():
    rows = re.findall(r"(?m)^\| `([\w-]+)`.*?\| (\d+) \|", (ROOT / "docs" / "roformer.md").read_text())
    assert rows == [(model.name, str(model.megabytes)) for model in KNOWN_MODELS.values()]
