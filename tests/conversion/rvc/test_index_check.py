"""An index of another voice is noticed by what can be known: its name, its copy in the library, its features."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch
from conversion.rvc.test_converter import V2_INDEX, sung
from conversion.rvc_maker import Kind, features_of, write_export
from conversion.so_vits_maker import write_content_vec

from vc_core.conversion import ConversionOptions, load_converter
from vc_core.conversion.rvc.exporting import build_index
from vc_core.conversion.rvc.features import LEAST_FIT, encode_content, measure_index_fit
from vc_core.conversion.rvc.files import RvcFiles
from vc_core.conversion.rvc.importing import import_rvc
from vc_core.conversion.rvc.index_check import find_index_doubts
from vc_core.conversion.rvc.index_file import write_index
from vc_core.conversion.rvc.options import RvcOptions
from vc_core.conversion.rvc.retrieval import load_retrieval, save_retrieval
from vc_core.files.reading import open_audio
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.library import VoiceLibrary


@pytest.fixture
def library(tmp_path):
    return VoiceLibrary(tmp_path / "voices")


def take_in(library, folder, model: str, index: str, *, seed: int = 0):
    (folder / "in").mkdir(exist_ok=True)
    own = folder / "in" / index
    own.write_bytes(V2_INDEX.read_bytes())
    files = RvcFiles(write_export(folder / "in" / model, Kind("v2", "40k"), seed=seed), own)
    return import_rvc(library, files, VoiceFacts(f"{model} {seed}", "own", "MIT"))


@pytest.mark.parametrize(
    ("model", "index", "is_doubted"),
    [
        ("Ann_e200.pth", "added_IVF4_Flat_nprobe_1_Ann_v2.index", False),
        ("Ann Live.pth", "ann.index", False),
        ("Al.pth", "added_IVF4_Flat_nprobe_1_al_v2.index", False),
        ("아이유.pth", "added_IVF4_Flat_nprobe_1_아이유_v2.index", False),
        ("Ann.pth", "added_IVF4_Flat_nprobe_1.index", False),
        ("G_2333333.pth", "added_IVF4_Flat_nprobe_1_Ann_v2.index", False),
        ("Ann.pth", "added_IVF4_Flat_nprobe_1_Ben_v2.index", True),
    ],
)
def test_an_index_that_is_named_after_another_voice_is_doubted(library, tmp_path, model, index, is_doubted):
    doubts = find_index_doubts(take_in(library, tmp_path, model, index), library.list())
    assert bool(doubts) == is_doubted
    assert all("named differently from" in str(doubt) and index in str(doubt) for doubt in doubts)


def test_an_index_that_another_voice_of_the_library_has_is_doubted(library, tmp_path):
    first, again, other = (
        take_in(library, tmp_path, model, f"{model[:-4]}.index", seed=seed)
        for model, seed in (("Ann.pth", 0), ("Ann2.pth", 0), ("Ben.pth", 1))
    )
    assert find_index_doubts(again, [first, again]) == []  # the same voice twice
    (doubt,) = find_index_doubts(other, [first, other])
    assert str(doubt) == "Its index is also that of “Ann.pth 0”. Make sure that both are one singer."
    assert find_index_doubts(replace(other, card=replace(other.card, engine="so-vits")), [first]) == []


def speech_like(seconds: float, seed: int):
    """Syllables of changing spectra, in the same voice."""
    rng = np.random.default_rng(seed)
    song = sung(seconds, 16_000)
    syllables = np.repeat(rng.uniform(0.05, 1.0, (10 * round(seconds), 1)), 1600, axis=0)[: song.frames, 0]
    noise = rng.standard_normal(song.frames)
    return song.with_samples((song.samples * syllables + 0.02 * (syllables < 0.4) * noise).astype(np.float32))


@pytest.fixture(scope="module")
def content():
    write_content_vec()
    return encode_content(speech_like(4.0, seed=1), 768)


def fit(folder, features, content) -> float:
    save_retrieval(folder, build_index(features))
    return measure_index_fit(load_retrieval(folder, 768, "cpu"), content)


def test_features_of_the_same_encoder_fit_and_others_don_t(tmp_path, content):
    foreign = torch.from_numpy(features_of(400, 768)).float()
    assert fit(tmp_path, content, content) == pytest.approx(1, abs=1e-3)
    assert fit(tmp_path, encode_content(speech_like(4.0, seed=2), 768), content) > 2 * LEAST_FIT
    assert abs(fit(tmp_path, foreign, content)) < LEAST_FIT / 2
    assert fit(tmp_path, content.flip(1), content) < LEAST_FIT  # right in everything but their order


def test_a_conversion_says_that_the_index_does_not_fit(library, tmp_path, content):
    song = speech_like(1.0, seed=3)
    soundfile.write(tmp_path / "song.wav", song.samples.T, song.sample_rate)
    model = write_export(tmp_path / "model.pth", Kind("v2", "40k"))
    for name, features in (("Own", content), ("Foreign", torch.from_numpy(features_of(400, 768)).float())):
        write_index(tmp_path / f"{name}.index", build_index(features))
        voice = import_rvc(library, RvcFiles(model, tmp_path / f"{name}.index"), VoiceFacts(name, "own", "MIT"))
        for ratio in (0.0, 0.5):
            options = ConversionOptions(own=RvcOptions(retrieval_ratio=ratio))
            target = tmp_path / f"{name}.flac"
            notes = load_converter(voice).convert_file(open_audio(tmp_path / "song.wav"), target, options).notes
            is_said = any("The index of “Foreign” does not fit" in note for note in notes)
            assert is_said == (name == "Foreign" and ratio > 0), notes
