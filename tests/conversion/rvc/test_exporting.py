"""A voice that was imported is exported again as RVC's file, and any retrieval table as RVC's index."""

import shutil

import numpy as np
import pytest
import torch
from conftest import ROOT
from conversion.rvc.test_converter import V2_INDEX, make_voice
from conversion.rvc_maker import KINDS, Kind, export_of, features_of, training_of
from conversion.rvc_oracle import IS_INSTALLED, run
from conversion.so_vits_maker import make_so_vits_voice, write_content_vec
from safetensors.torch import save_file
from typer.testing import CliRunner

from vc_core.cli import app
from vc_core.conversion.rvc.exporting import export_checkpoint, export_index
from vc_core.conversion.rvc.features import encode_content
from vc_core.conversion.rvc.files import RvcFiles
from vc_core.conversion.rvc.importing import import_rvc
from vc_core.conversion.rvc.index_file import read_index
from vc_core.errors import UserError
from vc_core.files.reading import read_audio
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.library import VoiceLibrary
from vc_core.voices.so_vits_files import FEATURES_FILE


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_an_export_equals_what_was_imported(tmp_path, kind):
    export_checkpoint(make_voice(tmp_path, kind, index=None), tmp_path / "again.pth")
    again, first = torch.load(tmp_path / "again.pth"), export_of(kind)
    assert again.keys() == first.keys()
    for key in ("config", "info", "sr", "f0", "version"):
        assert again[key] == first[key]
    assert again["weight"].keys() == first["weight"].keys()
    assert all(torch.equal(again["weight"][name], first["weight"][name]) for name in first["weight"])


def test_a_training_checkpoint_becomes_an_export(tmp_path):
    torch.save(training_of(Kind("v2", "48k")), tmp_path / "G_9.pth")
    library = VoiceLibrary(tmp_path / "voices")
    voice = import_rvc(library, RvcFiles(tmp_path / "G_9.pth"), VoiceFacts("A", "own", "MIT"))
    export_checkpoint(voice, tmp_path / "a.pth")
    again = import_rvc(library, RvcFiles(tmp_path / "a.pth"), VoiceFacts("B", "own", "MIT"))
    assert again.card.settings["made with"] == "RVC v2, 48 kHz"


def test_an_index_is_exported_as_it_was(tmp_path):
    export_index(make_voice(tmp_path), tmp_path / "again.index")
    again, first = read_index(tmp_path / "again.index"), read_index(V2_INDEX)
    for name in ("vectors", "centroids", "sizes", "probes"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))


def test_the_features_of_a_so_vits_voice_become_an_index(tmp_path):
    voice = make_so_vits_voice(tmp_path)
    with pytest.raises(UserError, match="no content features"):
        export_index(voice, tmp_path / "a.index")
    features = torch.from_numpy(features_of(200, 768)).float()
    save_file({"singer": features}, voice.folder / FEATURES_FILE)
    export_index(voice, tmp_path / "a.index")
    written = read_index(tmp_path / "a.index").vectors
    assert {row.tobytes() for row in written} == {row.tobytes() for row in features.numpy()}
    with pytest.raises(UserError, match="no RVC voice"):
        export_checkpoint(voice, tmp_path / "a.pth")


def test_an_instant_voice_s_recordings_become_an_index(tmp_path, monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path))
    write_content_vec()
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    shutil.copy(ROOT / "examples" / "sung_line.flac", recordings / "line.flac")
    (recordings / "notes.txt").write_text("no sound")
    words = ["voices", "export", "Clara", "--recordings", str(recordings)]
    done = CliRunner().invoke(app, [*words, str(tmp_path / "clara.index")])
    assert done.exit_code == 0, done.output
    index = read_index(tmp_path / "clara.index")
    song = read_audio(recordings / "line.flac")
    assert 0.3 < len(index.vectors) / (50 * song.frames / song.sample_rate) <= 1  # without its rests
    features = encode_content(song.to_mono(), 768).half().float().numpy()
    assert {row.tobytes() for row in index.vectors[::20]} <= {row.tobytes() for row in features}
    refused = CliRunner().invoke(app, [*words, str(tmp_path / "clara.pth")])
    assert "Only an .index is made from recordings" in refused.output
    (recordings / "line.flac").unlink()
    refused = CliRunner().invoke(app, [*words, str(tmp_path / "other.index")])
    assert "There is no sound file" in refused.output


def test_the_shell_exports_by_the_file_s_ending(tmp_path, monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path))
    make_voice(tmp_path)
    for name in ("a.pth", "a.index", "a.zip"):
        done = CliRunner().invoke(app, ["voices", "export", "Tester", str(tmp_path / name)])
        assert done.exit_code == 0, done.output
    assert torch.load(tmp_path / "a.pth")["version"] == "v2"
    assert (tmp_path / "a.index").read_bytes()[:4] == b"IwFl"
    assert (tmp_path / "a.zip").read_bytes()[:2] == b"PK"


@pytest.mark.slow
@pytest.mark.skipif(not IS_INSTALLED, reason="there is no independent RVC here: make rvc-env")
def test_the_original_loads_what_is_exported(tmp_path):
    kind = Kind("v2", "40k")
    export_checkpoint(make_voice(tmp_path, kind, index=None), tmp_path / "again.pth")
    run("weights", tmp_path / "again.pth", tmp_path / "weights.npz")
    theirs, first = np.load(tmp_path / "weights.npz"), export_of(kind)["weight"]
    assert set(theirs) == set(first)
    assert all(np.array_equal(theirs[name], first[name].float().numpy()) for name in first)
