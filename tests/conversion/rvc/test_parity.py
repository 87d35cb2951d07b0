"""With the same noise and F0, RVC voices sound as an independent RVC makes them sound.

Its answers to small questions are stored in `tests/data/rvc`; the slow tests ask the real one (`make rvc-env`).
"""

import shutil

import numpy as np
import pytest
import torch
from conftest import ROOT
from conversion.rvc_maker import KINDS, Kind, features_of, write_export
from conversion.rvc_oracle import IS_INSTALLED, Question, ask, run
from conversion.so_vits_maker import write_content_vec
from measures import snr_db

from vc_core.audio import Audio
from vc_core.conversion import ConversionOptions
from vc_core.conversion.analysis import analyse_song
from vc_core.conversion.harmonic_source import draw_noise, slice_contour
from vc_core.conversion.rvc.checkpoint import read_checkpoint
from vc_core.conversion.rvc.converter import RvcConverter
from vc_core.conversion.rvc.index_file import read_index
from vc_core.conversion.rvc.network import RvcVoice, build_network
from vc_core.conversion.rvc.options import RvcOptions
from vc_core.conversion.rvc.retrieval import load_retrieval, save_retrieval
from vc_core.conversion.rvc.synthesis import PRIOR, SOURCE, filter_content_input
from vc_core.signal.windows import process_in_windows
from vc_core.voices.library import Voice, VoiceCard

DATA = ROOT / "tests" / "data" / "rvc"
STORED_FRAMES = 8
asks_the_original = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not IS_INSTALLED, reason="there is no independent RVC here: make rvc-env"),
]


def load_voice(folder, kind: Kind, index=None, **options) -> RvcConverter:
    checkpoint = read_checkpoint(write_export(folder / "model.pth", kind, **options))
    network = build_network(checkpoint.model, checkpoint.folded, "model.pth")
    if index is not None:
        save_retrieval(folder, read_index(index))
    retrieval = load_retrieval(folder, checkpoint.model.shape.content_width, "cpu")
    card = VoiceCard("x", "rvc", checkpoint.model.sample_rate, "MIT", "own", "made", files={})
    return RvcConverter(Voice(card, folder), RvcVoice(network, checkpoint.model, retrieval))


def make_song(rate: int, seconds: float) -> Audio:
    """A gliding voice with breaths between, over noise."""
    times = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * (180 * times + 4 * times**2)
    wave = sum(np.sin(count * phase) / count for count in range(1, 9)) * (np.sin(2 * np.pi * 1.1 * times) > -0.6)
    noise = np.random.default_rng(0).standard_normal(len(times))
    return Audio((0.1 * wave + 0.003 * noise).astype(np.float32)[None], rate)


def as_the_original(**options) -> RvcOptions:
    """The original has no gate, and its loudness is compared elsewhere."""
    return RvcOptions(silence_db=-120, loudness_ratio=0, **options)


def question_of(singing, window: Audio, start: int, features=None) -> Question:
    hop = singing._hop
    first, hops = start // hop, window.frames // hop
    contour = slice_contour(singing._contour, first, hops)
    options = singing._options
    noise = draw_noise(0, PRIOR, first, first + hops, singing._voice.model.shape.inner_width).T
    samples = filter_content_input(window)
    return Question(
        hertz=contour.hertz,
        prior_noise=noise * (options.noise_scale / 0.66666),
        source_noise=draw_noise(0, SOURCE, first, first + hops, hop),
        samples=samples,
        features=np.zeros(0) if features is None else features,
        first_phase=float(contour.cycles[0, 0]),
        index_rate=options.retrieval_ratio if singing._voice.index is not None else 0.0,
        protect=1 - options.protection if options.protection else 0.5,
        speaker=options.speaker,
    )


def begin(converter: RvcConverter, song: Audio, options: RvcOptions):
    return converter.begin_song(analyse_song(song), ConversionOptions(automatic_key="off", own=options))


# Stored answers


def stored_case(folder, kind: Kind, monkeypatch):
    """A short window with given features, an index that faiss wrote, and all that shapes it."""
    index = DATA / f"{kind.version}.index"
    converter = load_voice(folder, kind, index if index.is_file() else None)
    width = converter.loaded.model.shape.content_width
    features = features_of(STORED_FRAMES, width, seed=5)
    given = lambda *_, **__: lambda samples: torch.from_numpy(features).T[None]  # noqa: E731
    monkeypatch.setattr("vc_core.conversion.rvc.synthesis.load_for_width", given)
    song = make_song(converter.sample_rate, 0.02 * STORED_FRAMES)
    protection = 0.67 if kind.has_pitch else 0.0
    singing = begin(converter, song, as_the_original(protection=protection, speaker=2))
    contour = singing._contour
    contour.hertz[:] = np.where(np.arange(len(contour.hertz)) % 7 < 5, np.linspace(150, 1200, len(contour.hertz)), 0)
    contour.cycles[1:] = np.cumsum(contour.hertz[:-1].astype(np.float64) / 100)[:, None] % 1
    return singing, song, features, index


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_sound_equals_the_stored_answer_of_the_original(tmp_path, monkeypatch, kind):
    singing, song, _, _ = stored_case(tmp_path, kind, monkeypatch)
    theirs = np.load(DATA / f"{kind}.npy").astype(np.float32)
    assert np.std(theirs) > 1e-2
    assert snr_db(theirs, singing(song, 0).samples[0]) > 80


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_retrieval_equals_the_stored_answer_of_the_original(tmp_path, version):
    width = 256 if version == "v1" else 768
    save_retrieval(tmp_path, read_index(DATA / f"{version}.index"))
    ours = load_retrieval(tmp_path, width, "cpu").retrieve(torch.from_numpy(features_of(9, width, seed=6)))
    theirs = np.load(DATA / f"{version} retrieved.npy").astype(np.float32)
    assert snr_db(theirs, ours.numpy()) > 100


# The original itself


def store(folder, monkeypatch) -> None:
    """Write `tests/data/rvc` anew."""
    DATA.mkdir(exist_ok=True)
    for version, width in (("v1", 256), ("v2", 768)):
        np.save(folder / "vectors.npy", features_of(48, width, seed=4))
        run("index", folder / "vectors.npy", DATA / f"{version}.index", 4, 2)
        np.save(folder / "queries.npy", features_of(9, width, seed=6))
        run("search", DATA / f"{version}.index", folder / "queries.npy", DATA / f"{version} retrieved.npy")
    for kind in KINDS:
        own = folder / str(kind)
        own.mkdir()
        np.save(DATA / f"{kind}.npy", answer_of(own, kind, monkeypatch))


def answer_of(folder, kind: Kind, monkeypatch) -> np.ndarray:
    singing, song, features, index = stored_case(folder, kind, monkeypatch)
    (theirs,) = ask(folder, folder / "model.pth", [question_of(singing, song, 0, features)], index)
    return theirs


class TestOriginal:
    pytestmark = asks_the_original

    @pytest.mark.parametrize("kind", KINDS, ids=str)
    def test_the_stored_answers_are_the_original_s(self, tmp_path, monkeypatch, kind):
        stored = np.load(DATA / f"{kind}.npy").astype(np.float32)
        assert snr_db(answer_of(tmp_path, kind, monkeypatch), stored) > 90

    @pytest.mark.parametrize("kind", KINDS, ids=str)
    def test_the_checkpoints_of_the_tests_have_the_original_s_tensors(self, tmp_path, kind):
        model = write_export(tmp_path / "model.pth", kind)
        run("tensors", model, tmp_path / "shapes.npz")
        theirs = {name: tuple(shape) for name, shape in np.load(tmp_path / "shapes.npz").items()}
        ours = {name: tuple(value.shape) for name, value in torch.load(model)["weight"].items()}
        assert ours == theirs

    @pytest.mark.parametrize("kind", [Kind("v1", "40k"), Kind("v2", "48k"), Kind("v2", "32k", False)], ids=str)
    def test_a_song_sounds_the_same_from_samples_to_samples(self, tmp_path, kind):
        write_content_vec()
        width = 256 if kind.version == "v1" else 768
        np.save(tmp_path / "vectors.npy", features_of(400, width))
        run("index", tmp_path / "vectors.npy", tmp_path / "added.index", 8, 1)
        converter = load_voice(tmp_path, kind, tmp_path / "added.index")
        song = make_song(converter.sample_rate, 2.0)
        singing = begin(converter, song, as_the_original(protection=0.67 if kind.has_pitch else 0.0))
        question = question_of(singing, song, 0)
        (theirs,) = ask(tmp_path, tmp_path / "model.pth", [question], tmp_path / "added.index")
        assert snr_db(theirs, singing(song, 0).samples[0]) > 80

    def test_a_network_of_the_real_size_sounds_the_same(self, tmp_path):
        write_content_vec()
        converter = load_voice(tmp_path, Kind("v2", "40k"), is_tiny=False)
        song = make_song(converter.sample_rate, 2.0)
        singing = begin(converter, song, as_the_original())
        (theirs,) = ask(tmp_path, tmp_path / "model.pth", [question_of(singing, song, 0)])
        assert np.std(theirs) > 1e-3
        assert snr_db(theirs, singing(song, 0).samples[0]) > 80

    def test_a_song_of_several_windows_sounds_the_same(self, tmp_path, monkeypatch):
        write_content_vec()
        monkeypatch.setattr("vc_core.conversion.rvc.converter.WINDOW_SECONDS", 2.0)
        monkeypatch.setattr("vc_core.conversion.rvc.converter.CONTEXT_SECONDS", 0.5)
        monkeypatch.setattr("vc_core.conversion.chunked_decoding.CHUNK_SECONDS", 0.4)
        converter = load_voice(tmp_path, Kind("v2", "40k"))
        song = make_song(converter.sample_rate, 5.0)
        singing, windows = begin(converter, song, as_the_original()), converter.windows
        placed: list[tuple[Audio, int]] = []

        def collect(window: Audio) -> Audio:
            own, context = (round(s * song.sample_rate) for s in (windows.seconds, windows.context_seconds))
            placed.append((window, max(0, len(placed) * own - context)))
            return window

        process_in_windows(song, collect, windows)
        questions = [question_of(singing, *one) for one in placed]
        theirs = iter(ask(tmp_path, tmp_path / "model.pth", questions))
        ours = (singing(*one) for one in placed)
        made = process_in_windows(song, lambda _: next(ours), windows).samples[0]
        wanted = process_in_windows(song, lambda one: one.with_samples(next(theirs)[None]), windows).samples[0]
        for border in (2.0, 4.0):
            around = slice(*(round((border + side) * song.sample_rate) for side in (-0.1, 0.1)))
            assert snr_db(wanted[around], made[around]) > 60
        assert snr_db(wanted, made) > 80


if __name__ == "__main__":  # PYTHONPATH=.:tests .venv/bin/python tests/conversion/rvc/test_parity.py
    import tempfile
    from pathlib import Path

    shutil.rmtree(DATA, ignore_errors=True)
    with tempfile.TemporaryDirectory() as temporary, pytest.MonkeyPatch.context() as patch:
        store(Path(temporary), patch)
