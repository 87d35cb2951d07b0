"""RelGAN and CycleGAN from a shell: folders by emotion or by speaker become runs that start, stop, go on and arrive."""

import re
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from training.emotional_speech import HERTZ, write_emotions, write_two_speakers
from typer.testing import CliRunner

from vc_core.audio import Audio
from vc_core.cli import app
from vc_core.conversion import ConversionOptions, load_converter
from vc_core.emotion import StyleOptions, load_styler
from vc_core.home import studio_home
from vc_core.pitch import find_pitch
from vc_core.reading import read_audio
from vc_core.training import TRAINING_METHODS
from vc_core.training.beginning import Wanted, begin_run
from vc_core.training.job import Run, list_runs
from vc_core.training.spec import Pace
from vc_core.training.worker import work
from vc_core.voices import VoiceLibrary, verify, voices_home

pytestmark = pytest.mark.slow

TINY = ("--steps", 4, "--width", 1 / 32, "--batch", 2, "--frames", 64, "--eval-interval", 2, "--log-interval", 1)


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    return studio_home()


def vc_train(*words: object) -> str:
    result = CliRunner().invoke(app, ["train", *map(str, words), "--consent", "synthetic"])
    assert result.exit_code == 0, result.output
    return re.sub(r"\s+", " ", result.output)


def broken_run(name: str, method: str, folder: Path) -> Run:
    """Stopped after each step."""
    settings = {"steps": 4, "width": 1 / 32, "batch": 2, "frames": 64}
    wanted = Wanted(name, method, "synthetic", settings=settings, pace=Pace(log_interval=1, eval_interval=2))
    run = begin_run(studio_home() / "training", studio_home() / TRAINING_METHODS[method].library, wanted, [folder]).run
    stops = 0
    while work(run, seconds=0.0).state == "stopped":
        stops += 1
    assert stops >= 3
    return run


def test_folders_by_emotion_become_a_model_that_gives_them(home, tmp_path):
    folder = write_emotions(tmp_path / "speech")
    assert "“Moods” is in the library" in vc_train("relgan", folder, "--name", "Moods", *TINY)
    model = VoiceLibrary(home / "emotions").find("Moods")
    assert verify(model) == []
    sound = read_audio(ROOT / "examples" / "spoken_line.flac")
    styler = load_styler("Moods")
    assert styler.emotions == tuple(sorted(HERTZ))
    happy = styler.style(sound, "happy", 1.0, StyleOptions(changes_tempo=False))
    assert happy.frames == sound.frames
    assert median_hertz(happy) > 1.2 * median_hertz(sound)
    (whole,) = list_runs(home / "training")
    broken = broken_run("Broken", "relgan", folder)
    assert broken.losses() == whole.losses()
    assert broken.scores() == whole.scores()


def test_folders_by_speaker_become_a_voice_that_sings(home, tmp_path):
    folder = write_two_speakers(tmp_path / "speech")
    assert "“Bob” is in the library" in vc_train("cyclegan", folder, "--name", "Bob", *TINY)
    voice = VoiceLibrary(voices_home()).find("Bob")
    assert verify(voice) == []
    assert voice.card.settings["source"] == "ann"
    other = VoiceLibrary(voices_home()).find("ann")
    assert verify(other) == []
    assert other.card.settings["source"] == "bob"
    assert other.card.pitch_range_hz[0] > voice.card.pitch_range_hz[0]
    sound = read_audio(ROOT / "examples" / "spoken_line.flac")
    assert load_converter(voice).convert(sound, ConversionOptions()).frames == sound.frames
    (whole,) = list_runs(home / "training")
    broken = broken_run("Broken", "cyclegan", folder)
    assert broken.losses() == whole.losses()
    assert broken.scores() == whole.scores()


def median_hertz(sound: Audio) -> float:
    pitch = find_pitch(sound)
    return float(np.median(pitch.hertz[pitch.voiced]))
