"""Demucs gives the original's stems from the original's files, and a bad file runs nothing and says so."""

import os
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.separation import SEPARATORS, SeparatorOptions, load_separator, prepare_separator
from vc_core.separation.demucs import separator as demucs
from vc_core.separation.demucs.separator import (
    NETWORKS,
    SAMPLE_RATE,
    estimate_demucs_download_megabytes,
    load_demucs,
    prepare_demucs,
)

WINDOW = 4 * SAMPLE_RATE // 5
"""Frames of the small networks' window."""


@pytest.fixture(scope="module")
def tiny():
    """The maker of small networks."""
    pytest.importorskip("demucs", reason="the extra `demucs` is not installed")
    from separation import tiny_demucs

    return tiny_demucs


@pytest.fixture(scope="module")
def network(tiny):
    return tiny.make_network()


@pytest.fixture(scope="module")
def folder(tiny, network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("demucs")
    tiny.save_package(folder, "955717e8", tiny.make_package(network))
    (folder / "htdemucs.yaml").write_text(tiny.HTDEMUCS_YAML)
    return folder


@pytest.fixture(scope="module")
def fine_tuned(tiny, tmp_path_factory):
    """A folder with four networks, each for one stem."""
    folder = tmp_path_factory.mktemp("demucs_ft")
    for seed, file in enumerate(NETWORKS["htdemucs_ft"]):
        tiny.save_package(folder, file.partition("-")[0], tiny.make_package(tiny.make_network(seed)))
    (folder / "htdemucs_ft.yaml").write_text(tiny.HTDEMUCS_FT_YAML)
    return folder


@pytest.fixture(scope="module")
def engine(folder):
    return load_demucs("htdemucs", 4, "cpu", folder)


@pytest.fixture(scope="module")
def music(song):
    """Two seconds of the example without their offset, which the original takes from the song."""
    samples = song.samples[:, 5 * SAMPLE_RATE : 7 * SAMPLE_RATE]
    return song.with_samples(samples - samples.mean())


def of_original(name: str, folder, song: Audio) -> dict[str, np.ndarray]:
    """What the package makes of a song by itself, with its own loading, levels and windows."""
    import torch
    from demucs.api import Separator

    separator = Separator(name, repo=folder, device="cpu", shifts=0, overlap=0.25)
    _, stems = separator.separate_tensor(torch.from_numpy(song.samples.copy()))
    return {name: stem.numpy() for name, stem in stems.items()}


def after_silence(song: Audio, engine) -> Audio:
    """The song from where our first window starts to hear: the original then has the same windows."""
    silence = round(engine.windows.context_seconds * SAMPLE_RATE)
    return song.with_samples(np.pad(song.samples, ((0, 0), (silence, 0))))


def unshared(engine, frames: int) -> np.ndarray:
    """Which frames are of one window alone, among whole windows."""
    own, context = (round(s * SAMPLE_RATE) for s in (engine.windows.seconds, engine.windows.context_seconds))
    at = np.arange(frames)
    return (at % own >= context) & (at % own < own - context) & (at // own * own + own + context <= frames)


def snr_db(estimate: np.ndarray, reference: np.ndarray) -> float:
    difference = (estimate - reference).astype(np.float64)
    return float(10 * np.log10((reference.astype(np.float64) ** 2).sum() / max((difference**2).sum(), 1e-30)))


def test_one_window_equals_the_network_output(engine, network, folder, song):
    import torch
    from demucs.states import load_model

    original = load_model(next(folder.glob("*.th"))).eval()
    for frames in (WINDOW, WINDOW - 1, 20_000, 1):
        piece = song.slice(100_000, 100_000 + frames)
        level = np.pad(piece.samples, ((0, 0), (0, WINDOW - frames))).std()
        with torch.no_grad():
            reference = original(torch.from_numpy(piece.samples / level)[None])[0].numpy() * level
        stems = engine.split(piece)
        for source, stem in zip(network.sources, reference, strict=True):
            assert snr_db(stems[source].samples, stem) > 100


@pytest.mark.parametrize("gain_db", [0, -60])
def test_a_song_has_the_stems_of_the_original(engine, folder, music, gain_db):
    """Where one window sounds alone; while two fade into one another, the original's fade has another shape.

    Soft songs too, although the original sets the level of the song, and we that of each window.
    """
    music = music.with_samples((music.samples * 10 ** (gain_db / 20)).astype(np.float32))
    stems = engine.separate(music, sums_to_song=False)
    original = of_original("htdemucs", folder, after_silence(music, engine))
    alone = unshared(engine, music.frames)
    for name, stem in stems.items():
        reference = original[name][:, -music.frames :]
        assert snr_db(stem.samples[:, alone], reference[:, alone]) > 100


def test_the_bag_takes_each_stem_from_its_own_network(fine_tuned, music):
    engine = load_demucs("htdemucs_ft", 4, "cpu", fine_tuned)
    stems = engine.separate(music, sums_to_song=False)
    original = of_original("htdemucs_ft", fine_tuned, after_silence(music, engine))
    alone = unshared(engine, music.frames)
    for name, stem in stems.items():
        assert snr_db(stem.samples[:, alone], original[name][:, -music.frames :][:, alone]) > 100


def test_two_stems_are_the_vocals_and_the_sum_of_the_rest(engine, folder, music):
    piece = music.slice(0, WINDOW)
    two, four = load_demucs("htdemucs", 2, "cpu", folder).split(piece), engine.split(piece)
    assert list(two) == ["vocals", "accompaniment"]
    np.testing.assert_array_equal(two["vocals"].samples, four["vocals"].samples)
    rest = sum(four[name].samples for name in ("drums", "bass", "other"))
    np.testing.assert_allclose(two["accompaniment"].samples, rest, atol=1e-6)


def test_for_two_stems_the_bag_needs_only_the_network_of_the_vocals(fine_tuned, music, tmp_path):
    (only,) = fine_tuned.glob("04573f0d-*.th")
    (tmp_path / only.name).write_bytes(only.read_bytes())
    assert estimate_demucs_download_megabytes("htdemucs_ft", 2, tmp_path) == 0
    piece = music.slice(0, WINDOW)
    two = load_demucs("htdemucs_ft", 2, "cpu", tmp_path).split(piece)
    four = load_demucs("htdemucs_ft", 4, "cpu", fine_tuned).split(piece)
    np.testing.assert_array_equal(two["vocals"].samples, four["vocals"].samples)
    np.testing.assert_allclose(two["vocals"].samples + two["accompaniment"].samples, piece.samples, atol=1e-6)


@pytest.mark.parametrize("frames", [1, 100, 26_460, 26_461, 35_280, 100_003])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_length_comes_out_to_the_sample(engine, song, frames, channels):
    stems = engine.separate(Audio(song.samples[:channels, :frames], SAMPLE_RATE), sums_to_song=False)
    assert list(stems) == ["vocals", "drums", "bass", "other"]
    assert {stem.samples.shape for stem in stems.values()} == {(channels, frames)}
    assert all(np.isfinite(stem.samples).all() for stem in stems.values())


def test_silence_stays_silence(engine):
    stems = engine.separate(Audio(np.zeros((2, 3 * SAMPLE_RATE), np.float32), SAMPLE_RATE))
    assert not any(stem.samples.any() for stem in stems.values())


def test_windows_of_a_held_tone_join_without_a_click(engine, tone):
    held = tone(220, seconds=3, channels=2)
    border, half_fade = (
        round(engine.windows.seconds * SAMPLE_RATE),
        round(engine.windows.fade_seconds * SAMPLE_RATE / 2),
    )
    for stem in engine.separate(held, sums_to_song=False).values():
        steps = np.abs(np.diff(stem.samples, n=2, axis=1)).max(axis=0)
        for at in range(border, held.frames - SAMPLE_RATE, border):
            for edge in (at - half_fade, at, at + half_fade):  # where the cross-fade starts, and where it ends
                around = steps[edge - 2_000 : edge + 2_000]
                assert steps[edge - 20 : edge + 20].max() <= 1.2 * np.percentile(around, 99)


def test_safetensors_from_the_hub_give_the_same(tiny, network, engine, music, tmp_path):
    tiny.save_safetensors(tmp_path / "955717e8.safetensors", network)
    piece = music.slice(0, WINDOW)
    stems = load_demucs("htdemucs", 4, "cpu", tmp_path).split(piece)
    for name, stem in engine.split(piece).items():
        np.testing.assert_array_equal(stems[name].samples, stem.samples)


class Payload:
    """Runs a command when it is unpickled."""

    def __init__(self, target: object) -> None:
        self.target = target

    def __reduce__(self):
        return os.system, (f"touch {self.target}",)


@pytest.mark.parametrize("place", ["klass", "metrics", "kwargs"])
def test_code_in_a_file_is_refused_and_not_run(tiny, network, tmp_path, place):
    target = tmp_path / "it-ran"
    tiny.save_package(tmp_path, "955717e8", tiny.make_package(network) | {place: Payload(target)})
    with pytest.raises(UserError, match="holds code"):
        load_demucs("htdemucs", 4, "cpu", tmp_path)
    assert not target.exists()


class LongFraction:
    """Would be a number of a milliard digits."""

    def __reduce__(self):
        from fractions import Fraction

        return Fraction, ("1e999999999",)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"klass": dict}, "holds code|not a network"),
        ({"klass": None}, "not a network"),
        ({"state": None}, "not a network"),
        ({"state": {"__quantized": True}}, "lacks weights"),
        ({"args": None}, "can't be built"),
        ({"kwargs": {}}, "can't be built"),
        ({"kwargs": {"sources": ["vocals", "guitar"]}}, "stems are not"),
        ({"kwargs": {"segment": LongFraction()}}, "not a whole checkpoint"),
    ],
)
def test_a_file_of_another_kind_is_refused(tiny, network, tmp_path, changes, sentence):
    tiny.save_package(tmp_path, "955717e8", tiny.make_package(network) | changes)
    with pytest.raises(UserError, match=sentence):
        load_demucs("htdemucs", 4, "cpu", tmp_path)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"segment": 10**9}, "seconds long"),
        ({"segment": float("nan")}, "seconds long"),
        ({"samplerate": 48_000}, "samplerate can't be 48000"),
        ({"t_sparse_self_attn": True}, "t_sparse_self_attn"),
        ({"channels": 10**6}, "channels can't be"),
        ({"channels": 40_000}, "too large"),
        ({"t_heads": 7}, "can't be built"),
        ({"t_layers": 2}, "lacks weights"),
        ({"channels": 16}, "misshapen"),
    ],
)
def test_a_network_with_invalid_arguments_is_refused(tiny, network, tmp_path, changes, sentence):
    package = tiny.make_package(network)
    package["kwargs"] = package["kwargs"] | changes
    tiny.save_package(tmp_path, "955717e8", package)
    with pytest.raises(UserError, match=sentence):
        load_demucs("htdemucs", 4, "cpu", tmp_path)


@pytest.mark.parametrize(
    "about", [{"klass": "os.system"}, {"kwargs": "{"}, {"kwargs": '{"segment": {"_type": "fraction"}}'}]
)
def test_safetensors_with_invalid_metadata_are_refused(tiny, network, tmp_path, about):
    tiny.save_safetensors(tmp_path / "955717e8.safetensors", network, **about)
    with pytest.raises(UserError, match="not a network|does not say"):
        load_demucs("htdemucs", 4, "cpu", tmp_path)


def test_a_file_whose_hash_differs_from_its_name_is_refused(folder, tmp_path):
    (whole,) = folder.glob("*.th")
    for content in (whole.read_bytes()[:-1000], b"", whole.read_bytes() + b"x"):
        (tmp_path / whole.name).write_bytes(content)
        with pytest.raises(UserError, match="is damaged"):
            load_demucs("htdemucs", 4, "cpu", tmp_path)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Where the weights are published: a folder, served on this machine."""
    published = tmp_path / "published"
    published.mkdir()

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(published)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(demucs, "ROOT_URL", f"http://127.0.0.1:{server.server_port}")
    yield published
    server.shutdown()
    server.server_close()


def test_weights_are_downloaded_once(tiny, network, server, tmp_path, monkeypatch):
    path = tiny.save_package(server, "955717e8", tiny.make_package(network))
    monkeypatch.setitem(NETWORKS, "htdemucs", {path.stem: tuple(tiny.SOURCES)})
    home, reported = tmp_path / "home", []
    assert estimate_demucs_download_megabytes("htdemucs", 4, home) == 84
    prepare_demucs("htdemucs", 4, home, progress=lambda fraction, message: reported.append(fraction))
    assert reported[-1] == 1.0
    path.unlink()
    assert estimate_demucs_download_megabytes("htdemucs", 4, home) == 0
    assert load_demucs("htdemucs", 4, "cpu", home).stem_names == ("vocals", "drums", "bass", "other")


def test_a_download_with_a_wrong_hash_is_deleted(tiny, server, tmp_path):
    (server / "955717e8-8726e21a.th").write_bytes(b"something else")
    with pytest.raises(UserError, match="its hash differs"):
        load_demucs("htdemucs", 4, "cpu", tmp_path / "home")
    assert list((tmp_path / "home").iterdir()) == []


def test_without_a_connection_the_message_names_the_files_and_the_folder(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(demucs, "ROOT_URL", "http://127.0.0.1:9")
    with pytest.raises(UserError) as caught:
        load_demucs("htdemucs_ft", 4, "cpu", tmp_path)
    for reported in (*NETWORKS["htdemucs_ft"], "can't be reached", "http://127.0.0.1:9", str(tmp_path)):
        assert reported in str(caught.value)


def test_the_published_files_are_those_the_package_names(tiny):
    import yaml
    from demucs.pretrained import REMOTE_ROOT

    names = (REMOTE_ROOT / "files.txt").read_text().split()
    for name, networks in NETWORKS.items():
        bag = yaml.safe_load((REMOTE_ROOT / f"{name}.yaml").read_text())
        assert bag["models"] == [file.partition("-")[0] for file in networks]
        assert all(f"{file}.th" in names for file in networks)
        for weights, sources in zip(bag.get("weights", [[1.0] * 4]), networks.values(), strict=True):
            assert sources == tuple(source for source, weight in zip(tiny.SOURCES, weights, strict=True) if weight)


def test_without_the_extra_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "demucs", None)
    assert not SEPARATORS["demucs"].is_installed()
    for ask in (prepare_separator, partial(load_separator, device="cpu")):
        with pytest.raises(UserError, match="pip install 'vc-core"):
            ask("demucs", options=SeparatorOptions(4))
