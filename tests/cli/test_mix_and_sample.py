"""`vc mix` and `vc voices sample`."""

from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from typer.testing import CliRunner

from vc_core.cli import app
from vc_core.files.provenance import read_origin
from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def vc(command: str):
    return CliRunner().invoke(app, command.split())


def test_stems_are_mixed_at_their_levels(tone):
    for name, hertz in (("a", 200), ("b", 300)):
        write_audio(Path(f"{name}.wav"), tone(hertz, level=0.2), format_name="wav32")
    assert vc("mix a.wav b.wav -l 0 -l -20 -o made.wav").exit_code == 0
    a, b = (read_audio(f"{name}.wav").samples for name in "ab")
    np.testing.assert_allclose(read_audio("made.wav").samples, a + 0.1 * b, atol=1e-4)
    again = vc("mix a.wav b.wav -o made.wav")
    assert again.exit_code == 1
    loud = vc("mix a.wav b.wav -l 0 -l 13 -o loud.wav")
    assert loud.exit_code == 1
    assert "The level of “b.wav” is a number from -40 to 12 dB." in loud.output
    assert "would replace “a.wav”" in vc("mix a.wav b.wav -o a.wav --force").output


def test_a_voice_sings_a_sample(folder):
    done = vc("voices sample Clara -o clara.ogg")
    assert done.exit_code == 0, done.output
    assert read_audio("clara.ogg").seconds == pytest.approx(
        read_audio(ROOT / "examples/sung_line.flac").seconds, abs=0.1
    )
    assert read_origin(folder / "clara.ogg").provenance.voice == "Clara"
    assert "There is no voice called “Nobody”" in vc("voices sample Nobody -o nobody.wav").output
