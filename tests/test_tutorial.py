"""The tutorial from a shell: a model of the Hub to a mixed cover; a long recording to a trained voice, and its line."""

import re

import numpy as np
import pytest
from conftest import ROOT
from conversion.so_vits_maker import write_checkpoint, write_content_vec
from hub_server import Repo
from training.so_vits.test_joining import write_vocoder
from typer.testing import CliRunner

from vc_core.audio import Audio, join_blocks
from vc_core.cli import app
from vc_core.files.provenance import read_origin
from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.home import get_studio_home
from vc_core.speech.espeak import speak
from vc_core.training.run.job import list_runs
from vc_core.voices.diffusion_files import get_vocoder_folder
from vc_core.voices.library import VoiceLibrary, find_faults, get_voices_folder

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

REPO = "Entreprenerdly/drake-so-vits-svc"
SINGER = ("--consent", "synthetic", "--licence", "MIT")
SENTENCES = (
    "The river runs slowly under the old stone bridge, and nobody knows how far it goes.",
    "Seven hungry wolves were watching the moon rise above the quiet hills.",
    "Hold me now, and never let the evening end before the song is over.",
    "Bring the yellow boat along the shore while the water is still warm.",
)


@pytest.fixture
def vc(tmp_path, monkeypatch):
    """Run a command that must succeed; returns the lines that it prints."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "250")
    write_content_vec()

    def run(*words):
        result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output.splitlines()

    return run


def speak_for_long() -> Audio:
    """About a minute of sentences with pauses."""
    spoken = [speak(text, voice="en-us+m3").audio for text in SENTENCES * 3]
    pause = Audio(np.zeros((1, spoken[0].sample_rate // 2), np.float32), spoken[0].sample_rate)
    return join_blocks([block for line in spoken for block in (line, pause)])


def test_a_model_of_the_hub_sings_a_song_over_its_music(vc, hub, song, tmp_path):
    generator = write_checkpoint(tmp_path / "model", "upstream 4.0", step=106_000)
    names = {"G_106000.pth": generator.read_bytes(), "config.json": generator.with_name("config.json").read_bytes()}
    hub.repos[REPO] = Repo(names)
    excerpt = song.slice(0, 6 * song.sample_rate)
    write_audio(tmp_path / "song.flac", excerpt, format_name="flac16")

    vc("voices", "import", REPO, "--name", "Drake", "--speaker", "singer", *SINGER)
    vc("separate", "song.flac", "--engine", "starter")
    vc("convert", "separated/song/vocals.flac", "--voice", "Drake")
    converted = read_audio("converted/vocals - drake.flac")
    assert (converted.frames, converted.sample_rate) == (excerpt.frames, excerpt.sample_rate)
    vc("cover", "song.flac", "--voice", "Drake", "--format", "wav32")
    (folder,) = (path for path in (tmp_path / "covers").iterdir() if path.is_dir())
    tracks = {path.stem: read_audio(path) for path in folder.glob("*.wav")}
    cover = next(track for name, track in tracks.items() if name.startswith("cover"))
    assert cover.frames == excerpt.frames
    parts = tracks["vocals"].samples + tracks["accompaniment"].samples
    assert np.abs(cover.samples - parts).max() < 1e-3
    assert "Drake" in "".join(vc("verify", next(folder.glob("cover*.wav"))))


def test_a_long_recording_becomes_a_voice_with_all_that_belongs_to_one(vc, tmp_path):
    write_audio(tmp_path / "long.wav", speak_for_long())
    vc("slice", "long.wav", "-o", "slices")
    slices = [read_audio(path) for path in sorted((tmp_path / "slices").glob("*.flac"))]
    assert len(slices) >= 4
    assert all(10 <= one.seconds <= 15 for one in slices[:-1])
    assert any(re.match("go|care", line) for line in vc("doctor", "slices"))

    intervals = ("--log-interval", 1, "--eval-interval", 2)
    tiny = ("--start", "scratch", "--width", 0.06, "--judges", 1, "--keep-ckpts", 0)
    given = ("slices", "--consent", "synthetic", *intervals)
    vc("train", "so-vits", *given, "--name", "Ann", "--epochs", 2, "--batch-size", 2, *tiny)
    (run,) = list_runs(get_studio_home() / "training")
    steps = run.read_status().steps
    assert steps == 2 * -(-(len(slices) - 1) // 2)  # two epochs of all clips but the held-out one
    assert [line["step"] for line in run.read_losses()] == list(range(1, steps + 1))
    assert [step for step, _ in run.read_scores()] == sorted({*range(2, steps + 1, 2), steps})

    vc("train", "kmeans", *given, "--voice", "Ann", "--steps", 4, "--clusters", 20)
    vc("train", "retrieval", *given, "--voice", "Ann", "--frames", 500)
    write_vocoder(get_vocoder_folder())
    small = ("--layers", 1, "--channels", 8, "--batch-size", 2, "--excerpt-seconds", 0.3)
    vc("train", "diffusion", *given, "--voice", "Ann", "--steps", 3, *small)
    voice = VoiceLibrary(get_voices_folder()).find("Ann")
    assert find_faults(voice) == []
    assert {"clusters.safetensors", "moments.safetensors", "diffusion.safetensors", "vocoder.safetensors"} <= set(
        voice.card.files
    )

    line = ROOT / "examples" / "sung_line.flac"
    settings = {"cluster_ratio": 0.3, "retrieval_ratio": 0.3, "diffusion_depth": 20, "noise_scale": 0.2}
    words = [word for name, value in settings.items() for word in ("--setting", f"{name}={value}")]
    vc("convert", line, "--voice", "Ann", "--auto-key", "off", *words)
    vc("convert", line, "--voice", "Ann", "--auto-key", "off", "-o", "plain")
    drawn, plain = (read_audio(f"{folder}/sung_line - ann.flac") for folder in ("converted", "plain"))
    assert drawn.frames == plain.frames == read_audio(line).frames
    assert np.isfinite(drawn.samples).all()
    assert np.abs(drawn.samples).max() > 1e-3
    assert np.abs(drawn.samples - plain.samples).max() > 1e-2
    stated = read_origin(tmp_path / "converted" / "sung_line - ann.flac").provenance
    assert settings.items() <= stated.settings.items()
