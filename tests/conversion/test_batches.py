"""A batch of windows sounds like the same windows one by one; forced here, since a CPU gains nothing from it."""

import numpy as np
import pytest
from conversion.rvc_maker import Kind, features_of, write_export
from conversion.so_vits_maker import (
    add_clusters,
    make_clusters,
    make_so_vits_voice,
    write_checkpoint,
    write_content_vec,
)
from measures import snr_db

from vc_core.audio import Audio
from vc_core.conversion import ConversionOptions, load_converter
from vc_core.conversion.rvc.files import RvcFiles
from vc_core.conversion.rvc.importing import import_rvc
from vc_core.conversion.rvc.index_file import FeatureIndex
from vc_core.conversion.rvc.options import RvcOptions
from vc_core.conversion.rvc.retrieval import save_retrieval
from vc_core.conversion.so_vits.importing import import_so_vits
from vc_core.conversion.so_vits.options import SoVitsOptions
from vc_core.conversion.so_vits.repo import SoVitsFiles
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.library import VoiceLibrary

RATE = 44_100


@pytest.fixture(autouse=True)
def short_windows(monkeypatch):
    write_content_vec()
    for engine in ("so_vits", "rvc"):
        monkeypatch.setattr(f"vc_core.conversion.{engine}.converter.WINDOW_SECONDS", 0.6)
        monkeypatch.setattr(f"vc_core.conversion.{engine}.converter.CONTEXT_SECONDS", 0.2)
    monkeypatch.setattr("vc_core.conversion.chunked_decoding.CHUNK_SECONDS", 0.3)


@pytest.fixture(scope="module")
def song() -> Audio:
    """Four seconds of a gliding voice, with a rest longer than a window."""
    times = np.arange(4 * RATE) / RATE
    phase = 2 * np.pi * (180 * times + 4 * times**2)
    wave = sum(np.sin(count * phase) / count for count in range(1, 9))
    noise = np.random.default_rng(0).standard_normal(len(times))
    made = 0.1 * wave + 0.003 * noise
    made[round(1.2 * RATE) : round(2.5 * RATE)] = 0.0
    return Audio(made.astype(np.float32)[None], RATE)


def check_batches(monkeypatch, voice, song, options):
    converter, calls = load_converter(voice), []
    alone = converter.convert(song, options)
    begin_song = converter.begin_song

    def begin(*given):
        process = begin_song(*given)
        process_batch = process.process_batch
        process.process_batch = lambda *batch: calls.append(len(batch[0])) or process_batch(*batch)
        return process

    monkeypatch.setenv("VOICE_STUDIO_BATCH", "3")
    monkeypatch.setattr(converter, "begin_song", begin)
    together = converter.convert(song, options)
    assert max(calls) == 3
    assert np.std(alone.samples) > 1e-3
    assert snr_db(alone.samples, together.samples) > 90


SO_VITS = {
    "plain": ("fork 4.0v1", {}, SoVitsOptions()),
    "predicted pitch": ("fork 4.0v1", {}, SoVitsOptions(predicted_pitch=True)),
    "other formants": ("fork 4.0v1", {"formant_shift_semitones": 3.0}, SoVitsOptions()),
    "iSTFT decoder": ("fork quickvc", {}, SoVitsOptions()),
    "loudness": ("upstream 4.1, loudness", {}, SoVitsOptions()),
}


@pytest.mark.parametrize("name", SO_VITS)
def test_so_vits(tmp_path, monkeypatch, song, name):
    generation, shared, own = SO_VITS[name]
    voice = make_so_vits_voice(tmp_path, generation)
    check_batches(monkeypatch, voice, song, ConversionOptions(automatic_key="off", own=own, **shared))


def test_so_vits_with_clusters(tmp_path, monkeypatch, song):
    generator = write_checkpoint(tmp_path / "checkpoint", "fork 4.0v1")
    files = SoVitsFiles(generator, generator.with_name("config.json"))
    files = add_clusters(files, tmp_path / "kmeans.pt", make_clusters())
    voice = import_so_vits(
        VoiceLibrary(tmp_path / "voices"), files, VoiceFacts("T", "synthetic", "CC0-1.0", speaker="singer")
    )
    check_batches(
        monkeypatch, voice, song, ConversionOptions(automatic_key="off", own=SoVitsOptions(cluster_ratio=0.5))
    )


@pytest.mark.parametrize(("kind", "formants"), [(Kind("v1", "32k", False), 0.0), (Kind("v2", "48k"), -2.0)], ids=str)
def test_rvc(tmp_path, monkeypatch, song, kind, formants):
    library, facts = VoiceLibrary(tmp_path / "voices"), VoiceFacts("T", "synthetic", "CC0-1.0")
    voice = import_rvc(library, RvcFiles(write_export(tmp_path / "model.pth", kind)), facts)
    vectors = features_of(200, 256 if kind.version == "v1" else 768)
    save_retrieval(voice.folder, FeatureIndex(vectors, vectors[:1].copy(), np.array([200]), 1))
    options = ConversionOptions(automatic_key="off", formant_shift_semitones=formants, own=RvcOptions())
    check_batches(monkeypatch, voice, song, options)
