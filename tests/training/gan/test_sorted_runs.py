"""RelGAN and CycleGAN from the shell: runs from folders by emotion or by speaker train, resume and publish voices."""

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
from vc_core.files.reading import read_audio
from vc_core.home import get_studio_home
from vc_core.signal.pitch import estimate_pitch
from vc_core.training import TRAINING_METHODS
from vc_core.training.run.job import Run, list_runs
from vc_core.training.run.spec import Schedule
from vc_core.training.run.start import RunRequest, create_run
from vc_core.training.run.worker import train_run
from vc_core.voices.library import VoiceLibrary, find_faults, get_voices_folder

pytestmark = pytest.mark.slow

TINY = ("--steps", 4, "--width", 1 / 32, "--batch", 2, "--frames", 64, "--eval-interval", 2, "--log-interval", 1)


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    return get_studio_home()


def vc_train(*words: object) -> str:
    result = CliRunner().invoke(app, ["train", *map(str, words), "--consent", "synthetic"])
    assert result.exit_code == 0, result.output
    return re.sub(r"\s+", " ", result.output)


def broken_run(name: str, method: str, folder: Path) -> Run:
    """Stopped after each step."""
    settings = {"steps": 4, "width": 1 / 32, "batch": 2, "frames": 64}
    request = RunRequest(name, method, "synthetic", settings=settings, pace=Schedule(log_interval=1, eval_interval=2))
    run = create_run(
        get_studio_home() / "training", get_studio_home() / TRAINING_METHODS[method].library, request, [folder]
    ).run
    stops = 0
    while train_run(run, seconds=0.0).state == "stopped":
        stops += 1
    assert stops >= 3
    return run


def test_folders_by_emotion_become_a_model_that_changes_the_emotion(home, tmp_path):
    folder = write_emotions(tmp_path / "speech")
    assert "“Moods” is in the library" in vc_train("relgan", folder, "--name", "Moods", *TINY)
    model = VoiceLibrary(home / "emotions").find("Moods")
    assert find_faults(model) == []
    sound = read_audio(ROOT / "examples" / "spoken_line.flac")
    styler = load_styler("Moods")
    assert styler.emotions == tuple(sorted(HERTZ))
    happy = styler.style(sound, "happy", 1.0, StyleOptions(changes_tempo=False))
    assert happy.frames == sound.frames
    assert median_hertz(happy) > 1.2 * median_hertz(sound)
    (whole,) = list_runs(home / "training")
    broken = broken_run("Broken", "relgan", folder)
    assert broken.read_losses() == whole.read_losses()
    assert broken.read_scores() == whole.read_scores()


def test_folders_by_speaker_become_two_voices_that_convert(home, tmp_path):
    folder = write_two_speakers(tmp_path / "speech")
    assert "“Bob” is in the library" in vc_train("cyclegan", folder, "--name", "Bob", *TINY)
    voice = VoiceLibrary(get_voices_folder()).find("Bob")
    assert find_faults(voice) == []
    assert voice.card.settings["source"] == "ann"
    other = VoiceLibrary(get_voices_folder()).find("ann")
    assert find_faults(other) == []
    assert other.card.settings["source"] == "bob"
    assert other.card.pitch_range_hz[0] > voice.card.pitch_range_hz[0]
    sound = read_audio(ROOT / "examples" / "spoken_line.flac")
    assert load_converter(voice).convert(sound, ConversionOptions()).frames == sound.frames
    (whole,) = list_runs(home / "training")
    broken = broken_run("Broken", "cyclegan", folder)
    assert broken.read_losses() == whole.read_losses()
    assert broken.read_scores() == whole.read_scores()


def median_hertz(sound: Audio) -> float:
    pitch = estimate_pitch(sound)
    return float(np.median(pitch.hertz[pitch.voiced]))
