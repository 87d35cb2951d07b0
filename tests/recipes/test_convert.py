"""The conversion task: the mark of its file states the voice and all settings."""

from pathlib import Path

import pytest

from vc_core.conversion import ConversionOptions
from vc_core.conversion.so_vits.options import SoVitsOptions
from vc_core.files.provenance import read_origin
from vc_core.files.writing import write_audio
from vc_core.recipes.convert import ConversionTask
from vc_core.voices.library import Voice, VoiceCard


@pytest.fixture
def voice():
    return Voice(VoiceCard("Ann", "so-vits", 44_100, "MIT", "synthetic", "tones", files={}), Path("ann"))


def test_the_mark_of_a_file_has_the_settings_of_the_voices_engine(voice, tmp_path, tone):
    own = SoVitsOptions(noise_scale=0.7, diffusion_depth=50, blend=(("Ann", 0.7), ("Ben", 0.3)))
    task = ConversionTask(Path("song.wav"), tmp_path / "sung.mp3", voice, ConversionOptions(seed=3, own=own))
    write_audio(task.target, tone(), format_name="mp3", provenance=task.provenance)
    stated = read_origin(task.target).provenance
    assert (stated.voice, stated.engine) == ("Ann", "so-vits")
    chosen = {"seed": 3, "noise_scale": 0.7, "diffusion_depth": 50, "blend": "Ann:0.7,Ben:0.3"}
    assert chosen.items() <= stated.settings.items()
    assert stated.settings["cluster_ratio"] == SoVitsOptions().cluster_ratio


def test_without_a_choice_the_defaults_of_the_engine_are_stated(voice):
    settings = ConversionTask(Path("song.wav"), Path("sung.flac"), voice).provenance.settings
    assert settings["noise_scale"] == SoVitsOptions().noise_scale
    assert settings["pitch_method"] == ConversionOptions().pitch_method
